//! The tokens of a call: where they stand, whose they are, and which rows hold what they open.

use super::Caller;
use super::refuse::Refused;
use super::request::{self, IDEMPOTENCY_KEY, Media, Received};
use crate::app::audience;
use crate::app::recent::Unwrapped;
use crate::app::routes::GrantDetail;
use crate::app::row::Row;
use crate::app::worker::Worker;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use vestibule_core::audit;
use vestibule_core::clock::Timestamp;
use vestibule_core::document::{Document, Form, Limits};
use vestibule_core::id::{Pseudonym, SubjectNumber, SubjectRow};
use vestibule_core::outgoing::{Carried, Places, Reached, Site, Spot};
use vestibule_core::policy::addressee::Addressee;
use vestibule_core::policy::call::{CallPath, overrides_method};
use vestibule_core::policy::{Carrier, Use};
use vestibule_store::SubjectState;
use vestibule_vault::token::TokenRef;
use vestibule_vault::{Keyring, SubjectKey};

/// Tokens in one call; more would make it the work of several.
const MOST: usize = 4096;

/// A call taken apart, with every token in it.
pub struct Draft<'a> {
    pub(super) received: &'a Received,
    pub(super) segments: &'a [&'a str],
    pub(super) body: Body<'a>,
    pub(super) query: Option<Form>,
    pub(super) sites: Vec<Site>,
    places: &'a Places,
}

/// The body, parsed.
pub enum Body<'a> {
    /// There is none.
    Empty,
    /// A document.
    Json(Document<'a>),
    /// A form.
    Form(Form),
}

impl<'a> Draft<'a> {
    /// The headers that go on to the vendor.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        self.received.headers().iter().filter(|(name, _)| goes_on(name, self.places))
    }

    /// The places tokens stand at, for the log: each once.
    pub(super) fn field_names(&self) -> Vec<Cow<'_, str>> {
        audit::fields(self.sites.iter().map(|site| &*site.at))
    }
}

/// Whether a header goes on: always, or because the grant names it.
fn goes_on(name: &HeaderName, places: &Places) -> bool {
    request::is_passed(name) || places.headers().any(|place| place == name.as_str())
}

/// Finds every token of a call. One that stands where no grant could name it is an error here and now.
pub(super) fn find<'a>(
    received: &'a Received,
    path: &'a CallPath<'a>,
    detail: &'a GrantDetail,
    token_domain: &str,
) -> Result<Draft<'a>, Refused> {
    let mut sites = detail.places.find_path(path.segments(), token_domain)?;
    let query = match received.query() {
        None => None,
        Some(text) => {
            let form = Form::parse(text.as_bytes()).map_err(|error| Refused::at(error.code(), "the query"))?;
            one_method(form.pairs().map(|(name, _)| name), "the query")?;
            sites.extend(detail.places.find_query(&form, token_domain)?);
            Some(form)
        }
    };
    if let Some(name) = detail.places.headers().find(|name| received.headers().get_all(*name).iter().count() > 1) {
        return Err(Refused::at("request.duplicate_header", format!("the header {name}")));
    }
    // a token in a header that does not go on stands where no grant names it, like one anywhere else
    for (name, value) in received.headers().iter().filter(|(name, _)| *name != AUTHORIZATION) {
        let text = match value.to_str() {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if goes_on(name, &detail.places) => {
                return Err(Refused::at("request.header", format!("the header {name}")));
            }
            Err(_) => String::from_utf8_lossy(value.as_bytes()),
        };
        sites.extend(detail.places.find_header(name.as_str(), &text, token_domain)?);
    }
    let body = match received.media() {
        Media::Empty => Body::Empty,
        Media::Json => {
            let doc = Document::parse(received.body(), &Limits::default())
                .map_err(|error| Refused::at(error.code, format!("line {}, column {}", error.line, error.column)))?;
            if !detail.places.is_everywhere() {
                one_method(doc.children(doc.root()).filter_map(|child| doc.name(child)), "the body")?;
            }
            // nearly all calls carry tokens in the body alone
            let found = detail.places.find_json(&doc, token_domain)?;
            sites = if sites.is_empty() { found } else { sites.into_iter().chain(found).collect() };
            Body::Json(doc)
        }
        Media::Form => {
            let form = Form::parse(received.body()).map_err(|error| Refused::at(error.code(), "the body"))?;
            one_method(form.pairs().map(|(name, _)| name), "the body")?;
            sites.extend(detail.places.find_form(&form, token_domain)?);
            Body::Form(form)
        }
    };
    if sites.len() > MOST {
        return Err(Refused::new("token.too_many"));
    }
    if sites.iter().any(|site| matches!(&site.spot, Spot::Header(name) if IDEMPOTENCY_KEY == **name)) {
        return Err(Refused::at("grant.place", "the header idempotency-key"));
    }
    Ok(Draft { received, segments: path.segments(), body, query, sites, places: &detail.places })
}

/// Refuses parameters by which a call would name a second method.
fn one_method<N: AsRef<str>>(mut names: impl Iterator<Item = N>, part: &str) -> Result<(), Refused> {
    if names.any(|name| overrides_method(name.as_ref())) { Err(Refused::at("grant.method", part)) } else { Ok(()) }
}

/// The rows that hold what the tokens open; nothing is decrypted yet.
pub struct Opened {
    pub(super) uses: Vec<Use>,
    pub(super) tokens: Vec<TokenRef>,
    /// For each token, the position of its row.
    pub(super) rows_of: Vec<usize>,
    pub(super) rows: Vec<Rc<Row>>,
    /// The tokens that stand for addressees, by position.
    pub(super) addressed: Vec<usize>,
    /// The claim on its `Idempotency-Key`, if the call carries one and writes.
    pub(super) claim: Option<[u8; 16]>,
}

impl Opened {
    /// Every subject of the call, once.
    pub(super) fn subjects(&self) -> Vec<(SubjectRow, SubjectNumber)> {
        let mut out: Vec<(SubjectRow, SubjectNumber)> = Vec::new();
        for row in &self.rows {
            let entry = (row.subject.row, row.subject.number);
            if !out.contains(&entry) {
                out.push(entry);
            }
        }
        out
    }

    /// The subject the call is about; none where it is about nobody or about several.
    pub(super) fn subject(&self) -> Option<&Row> {
        let first = self.rows.first()?;
        self.rows.iter().all(|row| row.subject.row == first.subject.row).then_some(first)
    }
}

/// Looks every token up.
pub(super) fn open(worker: &Worker, caller: &Caller, draft: &Draft<'_>) -> Result<Opened, Refused> {
    let keyring = worker.app.keeper.keyring();
    let mut opened = Opened {
        uses: Vec::with_capacity(draft.sites.len()),
        tokens: Vec::with_capacity(draft.sites.len()),
        rows_of: Vec::with_capacity(draft.sites.len()),
        rows: Vec::new(),
        addressed: Vec::new(),
        claim: None,
    };
    for site in &draft.sites {
        let token = keyring.open_token(site.block.0).ok_or_else(|| Refused::at("token.foreign", &*site.at))?;
        let position = match opened.rows.iter().position(|row| row.covers(token.record)) {
            Some(position) => position,
            None => {
                let row = worker.record(token.record)?.ok_or_else(|| Refused::at("token.unknown", &*site.at))?;
                opened.rows.push(row);
                opened.rows.len() - 1
            }
        };
        opened.tokens.push(token);
        opened.rows_of.push(position);
    }
    let now = worker.app.clock.now();
    let audiences = opened.rows.iter().map(|row| audience_of(row, &keyring, now)).collect::<Result<Vec<_>, _>>()?;
    for ((site, token), position) in draft.sites.iter().zip(&opened.tokens).zip(&opened.rows_of) {
        let stored = opened.rows.get(*position).ok_or_else(|| Refused::at("token.unknown", &*site.at))?;
        let (Some(members), Some(packed)) = (audiences.get(*position).and_then(Option::as_ref), stored.packed()?) else {
            let erased = stored.subject.state == SubjectState::Erased;
            return Err(Refused::at(if erased { "token.erased" } else { "token.expired" }, &*site.at));
        };
        let slot = packed.slot(stored.first, token.record, token.slot).filter(|slot| slot.random == token.random);
        let slot = slot.ok_or_else(|| Refused::at("token.unknown", &*site.at))?;
        opened.uses.push(Use {
            place: site.place,
            at: Arc::clone(&site.at),
            carrier: site.carrier,
            record: token.record,
            slot: token.slot,
            category: slot.category,
            subject: stored.subject.number,
            mode: stored.subject.mode,
            in_audience: audience::admits(members, &caller.principal.workflow, token.record, token.slot),
        });
    }
    Ok(opened)
}

/// The audience of a row; none where the row is over.
fn audience_of(row: &Row, keyring: &Arc<Keyring>, now: Timestamp) -> Result<Option<Rc<[String]>>, Refused> {
    if row.is_over(now) {
        return Ok(None);
    }
    row.members(keyring).map(Some).ok_or(Refused::new("store.tampered"))
}

/// Whom a call would reach, for the decision; `open` are the segments of its path that the caller chooses.
pub(super) fn reached<'d>(
    draft: &'d Draft<'_>,
    detail: &GrantDetail,
    open: impl Iterator<Item = (usize, String)>,
) -> Vec<Reached<'d>> {
    let carried = match &draft.body {
        Body::Empty => Carried::Empty,
        Body::Json(doc) => Carried::Json(doc),
        Body::Form(form) => Carried::Form(form),
    };
    let mut reached = detail.addressed.find(carried, draft.query.as_ref(), open);
    let held =
        |name: &HeaderName| draft.sites.iter().any(|site| matches!(&site.spot, Spot::Header(held) if name == held.as_str()));
    let named = draft.headers().filter(|(name, _)| !request::is_passed(name) && !held(name));
    let texts = named.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    detail.addressed.find_headers(texts, &mut reached);
    reached
}

/// The addressees of a call as the decision sees them: tokens by their owner, everything else by its text. The tokens are
/// noted, because what they stand for must then be one addressee too.
pub(super) fn addressees<'r>(
    draft: &Draft<'_>,
    opened: &mut Opened,
    reached: &'r [Reached<'_>],
) -> Vec<(Option<usize>, String, Addressee<'r>)> {
    if reached.is_empty() {
        return Vec::new();
    }
    let mut sites: HashMap<(Part, usize), usize> = HashMap::new();
    for (index, site) in draft.sites.iter().enumerate() {
        if let Some(at) = position(&site.spot, site.carrier == Carrier::Query) {
            sites.insert(at, index);
        }
    }
    let mut out = Vec::with_capacity(reached.len());
    for one in reached {
        let at = one.spot.as_ref().and_then(|(spot, query)| position(spot, *query));
        let site = at.and_then(|at| sites.get(&at).copied());
        let is_whole = site.and_then(|site| draft.sites.get(site)).is_some_and(|site| !matches!(site.spot, Spot::Text(..)));
        let addressee = match site.and_then(|site| Some((site, opened.uses.get(site)?.subject))) {
            // at a place that is no addressee's, the grant itself says what may stand there
            Some(_) if one.condition.is_none() => continue,
            Some((site, owner)) if is_whole => {
                opened.addressed.push(site);
                Addressee::Token(owner)
            }
            // a text around a token is none that a condition could admit: what will stand there is not known yet
            Some(_) => Addressee::Literal(""),
            None => Addressee::Literal(&one.text),
        };
        out.push((one.condition, one.at.clone(), addressee));
    }
    out
}

/// A part of a call that is counted through by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Body,
    Query,
    Path,
}

/// The value, pair or segment in which a token stands.
fn position(spot: &Spot, query: bool) -> Option<(Part, usize)> {
    match spot {
        Spot::Value(node) | Spot::Text(node, ..) => Some((Part::Body, node.index())),
        Spot::Pair(index, _, _) => Some((if query { Part::Query } else { Part::Body }, *index)),
        Spot::Segment(index) => Some((Part::Path, *index)),
        Spot::Name(_) | Spot::Header(_) => None,
    }
}

/// The unwrapped keys of the call's subjects, with their names in the log.
pub struct Keys(Vec<(SubjectNumber, Rc<Unwrapped>)>);

impl Keys {
    /// The key of a subject.
    pub(super) fn of(&self, subject: SubjectNumber) -> Result<&SubjectKey, Refused> {
        let found = self.0.iter().find(|(number, _)| *number == subject);
        found.map(|(_, unwrapped)| &unwrapped.key).ok_or(Refused::new("token.erased"))
    }

    /// The names of the subjects in the log.
    pub(super) fn pseudonyms(&self) -> Vec<Pseudonym> {
        self.0.iter().map(|(_, unwrapped)| unwrapped.pseudonym).collect()
    }
}

/// Unwraps the keys of the call's subjects.
pub(super) fn unwrap(worker: &Worker, opened: &Opened) -> Result<Keys, Refused> {
    let keyring = worker.app.keeper.keyring();
    let mut keys: Vec<(SubjectNumber, Rc<Unwrapped>)> = Vec::new();
    for row in &opened.rows {
        let number = row.subject.number;
        if !keys.iter().any(|(known, _)| *known == number) {
            keys.push((number, row.key(&worker.recent, &keyring)?));
        }
    }
    Ok(Keys(keys))
}
