//! Putting real values where tokens stood, escaped for what carries them.

use super::{Site, Spot};
use crate::document::{Document, Edits, Form, Kind, NodeId};
use crate::policy::addressee::is_one_addressee;
use crate::token::Carrier;
use std::collections::BTreeMap;

/// How the bytes of a value are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Decoded text: of a string or a member name.
    Text,
    /// JSON text: a number, a boolean or a whole subtree.
    Json,
}

/// A real value.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// How to read it.
    pub shape: Shape,
    /// Its bytes: UTF-8.
    pub bytes: &'a [u8],
}

/// A value that its carrier cannot hold: a code of the catalogue and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at {at}")]
pub struct ComposeFault {
    /// The stable code.
    pub code: &'static str,
    /// Where, in words that hold no value.
    pub at: String,
}

/// The body with every site replaced by its value.
pub fn compose_json(doc: &Document<'_>, values: &[(&Site, Value<'_>)]) -> Result<Vec<u8>, ComposeFault> {
    // with quotes, and some room for what is escaped
    let room = values.iter().map(|(_, value)| value.bytes.len() + 4).sum();
    let mut edits = Edits::with_room(values.len(), room);
    let mut texts: BTreeMap<NodeId, Vec<(usize, usize, String)>> = BTreeMap::new();
    let mut said: BTreeMap<NodeId, bool> = BTreeMap::new();
    for (site, value) in values {
        match &site.spot {
            Spot::Value(node) => match value.shape {
                Shape::Text => edits.replace_with_text(*node, text(value, site)?),
                Shape::Json => edits.replace(*node, value.bytes.to_vec()),
            },
            Spot::Name(node) => edits.rename(*node, text(value, site)?),
            Spot::Text(node, start, end, carrier) => {
                let inner = scalar(value, site)?;
                if inner.chars().any(|c| c.is_control()) {
                    return Err(fault("value.control_in_text", site));
                }
                let parent = doc.node(*node).parent();
                let html = is_html(&doc.string(*node))
                    || is_called_html(doc, *node)
                    || *said.entry(parent).or_insert_with(|| says_html(doc, parent));
                texts.entry(*node).or_default().push((*start, *end, escape_for(inner, *carrier, html)));
            }
            _ => return Err(fault("grant.place", site)),
        }
    }
    for (node, mut parts) in texts {
        parts.sort_by_key(|(start, _, _)| *start);
        let original = doc.string(node);
        let mut out = String::with_capacity(original.len());
        let mut at = 0;
        for (start, end, inner) in parts {
            out.push_str(original.get(at..start).unwrap_or_default());
            out.push_str(&inner);
            at = end;
        }
        out.push_str(original.get(at..).unwrap_or_default());
        edits.replace_with_text(node, &out);
    }
    Ok(edits.apply(doc))
}

/// Whether a text is HTML: then a value put into it must not become markup.
fn is_html(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let next = text.as_bytes().get(at + 1);
        next.is_some_and(|byte| byte.is_ascii_alphabetic() || b"/!".contains(byte))
    })
}

/// Whether the place says that its text is HTML, with markup or not: `html`, `bodyHtml`, `html_part`.
fn is_called_html(doc: &Document<'_>, node: NodeId) -> bool {
    doc.name(node).is_some_and(|name| name.to_ascii_lowercase().contains("html"))
}

/// Whether a member of an object says that what stands beside it is HTML: `"contentType": "HTML"`, `"type": "text/html"`.
fn says_html(doc: &Document<'_>, parent: NodeId) -> bool {
    let says = |text: &str| {
        let kind = text.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("html") || kind.eq_ignore_ascii_case("text/html")
    };
    let kind = doc.node(parent).kind();
    kind == Kind::Object && doc.children(parent).any(|child| doc.node(child).kind() == Kind::String && says(&doc.string(child)))
}

/// A value in the escaping in which its token stood.
fn escape_for(value: &str, carrier: Carrier, html: bool) -> String {
    match carrier {
        Carrier::Plain if html => escape_html(value),
        Carrier::Plain => value.to_owned(),
        Carrier::Html => escape_html(value),
        Carrier::Percent => escape_percent(value),
        Carrier::HtmlPercent => escape_html(&escape_percent(value)),
    }
}

fn escape_html(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

fn escape_percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The form or query with every site replaced by its value.
pub fn compose_form(form: &Form, values: &[(&Site, Value<'_>)]) -> Result<Vec<u8>, ComposeFault> {
    let mut changed = Vec::with_capacity(values.len());
    for (site, value) in values {
        let Spot::Pair(index, _, _) = site.spot else { return Err(fault("grant.place", site)) };
        changed.push((index, query_value(value, site)?));
    }
    Ok(form.with_values(&changed).to_vec())
}

/// A value for a form or query pair, before percent-encoding.
pub fn query_value<'v>(value: &Value<'v>, site: &Site) -> Result<&'v str, ComposeFault> {
    let text = scalar(value, site)?;
    if text.contains('\0') {
        return Err(fault("value.control_in_place", site));
    }
    Ok(text)
}

/// A value as one percent-encoded segment of a path. A value that holds `/`, `\`, a control or nothing but dots could
/// lead elsewhere and is refused.
pub fn path_segment(value: &Value<'_>, site: &Site) -> Result<String, ComposeFault> {
    let text = scalar(value, site)?;
    let leads_away = text.is_empty()
        || text.contains(['/', '\\'])
        || text.contains("..")
        || text == "."
        || text.chars().any(|c| c.is_control());
    if leads_away {
        return Err(fault("value.unsafe_in_path", site));
    }
    Ok(escape_percent(text))
}

/// A value for a header: visible ASCII and spaces. CR, LF, NUL and everything else is refused.
pub fn header_value<'v>(value: &Value<'v>, site: &Site) -> Result<&'v str, ComposeFault> {
    let text = scalar(value, site)?;
    if text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) { Ok(text) } else { Err(fault("value.control_in_place", site)) }
}

/// Checks a value that stands for an addressee: one, on one line, and no list of several.
pub fn addressee(value: &Value<'_>, site: &Site) -> Result<(), ComposeFault> {
    if is_one_addressee(scalar(value, site)?) { Ok(()) } else { Err(fault("value.control_in_place", site)) }
}

fn text<'v>(value: &Value<'v>, site: &Site) -> Result<&'v str, ComposeFault> {
    std::str::from_utf8(value.bytes).map_err(|_| fault("value.not_text", site))
}

/// Text, a number or a boolean; an object or array fits no carrier but a JSON value.
fn scalar<'v>(value: &Value<'v>, site: &Site) -> Result<&'v str, ComposeFault> {
    let inner = text(value, site)?;
    match value.shape {
        Shape::Json if inner.starts_with(['{', '[']) => Err(fault("value.not_scalar", site)),
        _ => Ok(inner),
    }
}

fn fault(code: &'static str, site: &Site) -> ComposeFault {
    ComposeFault { code, at: site.at.to_string() }
}
