//! Finding tokens in the parts of a call.

use super::{BodyPlace, Places, Site, SiteFault, Spot};
use crate::document::{Assignment, Document, Form, Kind, NodeId};
use crate::policy::Carrier;
use crate::token::{self, TokenFault, Whole};
use std::sync::Arc;

impl Places {
    /// The tokens of a JSON body: in values, in the middle of texts, and in member names.
    pub fn find_json(&self, doc: &Document<'_>, token_domain: &str) -> Result<Vec<Site>, SiteFault> {
        // most calls have a token at each place
        let mut sites = Vec::with_capacity(self.body.len());
        let assigned = self.matcher.assign(doc);
        for (id, node) in doc.nodes() {
            if let Some(name) = doc.name(id).filter(|name| token::may_hold(name)) {
                let make = |block| Site {
                    carrier: if self.everywhere.is_some() { Carrier::Body } else { Carrier::Name },
                    place: self.everywhere,
                    at: format!("the name of a member in {}", doc.path(node.parent())).into(),
                    block,
                    spot: Spot::Name(id),
                };
                match token::whole(&name, token_domain) {
                    Whole::Token { block, .. } => sites.push(make(block)),
                    Whole::Fault(fault) => return Err(self.fault(fault, doc, id)),
                    Whole::None if token::contains_token_shape(&name) => return Err(self.fault(TokenFault::Damaged, doc, id)),
                    Whole::None => {}
                }
            }
            if node.kind() == Kind::String {
                // a place is the value itself: what lies in a container that a place names stands somewhere else
                let is_topmost = id == doc.root() || assigned.get(node.parent().index()) != assigned.get(id.index());
                let place = match assigned.get(id.index()).filter(|_| is_topmost) {
                    Some(Assignment::Rule(rule)) => self.body.get(usize::from(*rule)),
                    _ => None,
                };
                self.find_text(doc, id, place, token_domain, &mut sites)?;
            }
        }
        Ok(sites)
    }

    fn find_text(
        &self,
        doc: &Document<'_>,
        id: NodeId,
        named: Option<&BodyPlace>,
        token_domain: &str,
        sites: &mut Vec<Site>,
    ) -> Result<(), SiteFault> {
        let text = doc.string(id);
        let whole = match token::plain(&text, token_domain) {
            Some(whole) => whole,
            None if !token::may_hold(&text) => return Ok(()),
            None => token::whole(&text, token_domain),
        };
        let (whole_place, text_place) = named.map_or((None, None), |named| (named.whole, named.text));
        let at = || named.map_or_else(|| Arc::from(self.show(doc, id)), |named| named.shown.of(doc, id));
        match whole {
            Whole::Token { block, .. } => {
                let in_text_only = whole_place.is_none() && self.everywhere.is_none() && text_place.is_some();
                let (carrier, place, spot) = if in_text_only {
                    (Carrier::Text, text_place, Spot::Text(id, 0, text.len(), token::Carrier::Plain))
                } else {
                    (Carrier::Body, whole_place.or(self.everywhere), Spot::Value(id))
                };
                sites.push(Site { carrier, place, at: at(), block, spot });
                return Ok(());
            }
            Whole::Fault(fault) => return Err(self.fault(fault, doc, id)),
            Whole::None => {}
        }
        for found in token::find(&text, token_domain) {
            let block = found.block.map_err(|fault| self.fault(fault, doc, id))?;
            let spot = Spot::Text(id, found.start, found.end, found.carrier);
            sites.push(Site { carrier: Carrier::Text, place: text_place, at: at(), block, spot });
        }
        Ok(())
    }

    /// The tokens of a form body; its pairs are named like members of a flat object.
    pub fn find_form(&self, form: &Form, token_domain: &str) -> Result<Vec<Site>, SiteFault> {
        let place = |name: &str| self.form.get(name).copied().or(self.everywhere);
        find_pairs(form, &place, Carrier::Body, "the form", token_domain)
    }

    /// The tokens of a query.
    pub fn find_query(&self, query: &Form, token_domain: &str) -> Result<Vec<Site>, SiteFault> {
        find_pairs(query, &|name| self.query.get(name).copied(), Carrier::Query, "the query", token_domain)
    }

    /// The tokens of the path below the route, segment by segment.
    pub fn find_path(&self, segments: &[&str], token_domain: &str) -> Result<Vec<Site>, SiteFault> {
        let mut sites = Vec::new();
        for (position, segment) in segments.iter().enumerate() {
            let at = || format!("segment {} of the path", position + 1);
            if let Some(block) = whole_or_none(segment, token_domain, &at)? {
                let place = self.path.get(&position).copied();
                sites.push(Site { carrier: Carrier::Path, place, at: at().into(), block, spot: Spot::Segment(position) });
            }
        }
        Ok(sites)
    }

    /// The token of one header, if it carries one.
    pub fn find_header(&self, name: &str, value: &str, token_domain: &str) -> Result<Option<Site>, SiteFault> {
        let at = || format!("the header {name}");
        let Some(block) = whole_or_none(value, token_domain, &at)? else { return Ok(None) };
        let place = self.header.get(name).copied();
        Ok(Some(Site { carrier: Carrier::Header, place, at: at().into(), block, spot: Spot::Header(name.to_owned()) }))
    }

    fn show(&self, doc: &Document<'_>, id: NodeId) -> String {
        doc.path(id)
    }

    fn fault(&self, fault: TokenFault, doc: &Document<'_>, id: NodeId) -> SiteFault {
        SiteFault { code: fault.code(), at: self.show(doc, id) }
    }
}

/// A value that is one token, or holds none. Tokens in the middle of it are an error: only bodies have such places.
fn whole_or_none(text: &str, token_domain: &str, at: &dyn Fn() -> String) -> Result<Option<crate::token::Block>, SiteFault> {
    match token::whole(text, token_domain) {
        Whole::Token { block, .. } => Ok(Some(block)),
        Whole::Fault(fault) => Err(SiteFault { code: fault.code(), at: at() }),
        Whole::None if token::contains_token_shape(text) => Err(SiteFault { code: "grant.place", at: at() }),
        Whole::None => Ok(None),
    }
}

fn find_pairs(
    form: &Form,
    place: &dyn Fn(&str) -> Option<usize>,
    carrier: Carrier,
    what: &str,
    token_domain: &str,
) -> Result<Vec<Site>, SiteFault> {
    let mut sites = Vec::new();
    for (index, (name, value)) in form.pairs().enumerate() {
        let at = || format!("pair {} of {what}", index + 1);
        if token::contains_token_shape(name) {
            return Err(SiteFault { code: "grant.place", at: at() });
        }
        if let Some(block) = whole_or_none(value, token_domain, &at)? {
            let spot = Spot::Pair(index, 0, value.len());
            sites.push(Site { carrier, place: place(name), at: at().into(), block, spot });
        }
    }
    Ok(sites)
}
