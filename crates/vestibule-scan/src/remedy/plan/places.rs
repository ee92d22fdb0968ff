//! Where in a request personal data goes: the places that a grant must name.
//!
//! A body written as text is read as JSON or as a form with its expressions in place; any other body is left to a person.

use std::borrow::Cow;

use vestibule_core::category::{self, Category};
use vestibule_core::document::{FieldPath, Kind, Limits, Loose, Matcher, NodeId, Step as PathStep};

use super::super::Through;
use super::Segment;
use crate::expression::{self, Piece, Reference};
use crate::model::{Platform, Role, Scenario, Spot, Step};
use crate::personal;

/// A place that needs something.
pub(super) enum Place {
    /// A place of the body that is a token as a whole.
    Body(String, &'static str),
    /// A place of the body with tokens in the middle of a text.
    Text(String, &'static str),
    /// A parameter of the query.
    Query(String, &'static str),
    /// A header.
    Header(String, &'static str),
    /// A person must look.
    Unclear(String),
}

/// Stands for an expression in a text that is read as JSON; private use, so no text of a person has it.
const MARK: char = '\u{E000}';

/// Reports the places of a request.
pub(super) fn of(scenario: &Scenario<'_>, step: &Step<'_>, way: &Through, report: &mut dyn FnMut(Place)) {
    let platform = scenario.platform;
    let mut bodies: Vec<(FieldPath, &'static Category, bool)> = Vec::new();
    for spot in step.spots.iter().filter(|spot| spot.dynamic) {
        match spot.role {
            Role::Field => {
                let path = vec![PathStep::Member(spot.name.to_string())];
                let mut found = |category, whole| bodies.push((FieldPath::from_steps(path.clone()), category, whole));
                each(platform, &spot.value, &spot.name, &mut found);
            }
            Role::Body | Role::Headers => whole(platform, spot, &mut bodies, report),
            Role::Query if !spot.name.is_empty() => {
                each(platform, &spot.value, &spot.name, &mut |category, _| {
                    report(Place::Query(spot.name.to_string(), category.alias))
                });
            }
            Role::Query => report(Place::Unclear(
                "the query is written as one text; name its personal parameters in `reveal_query`".to_owned(),
            )),
            Role::Header if may_reveal(&spot.name) => {
                each(platform, &spot.value, &spot.name, &mut |category, _| {
                    report(Place::Header(spot.name.to_ascii_lowercase(), category.alias));
                });
            }
            _ => {}
        }
    }
    let (_, query) = split(platform, &way.path);
    for pair in query.split('&').filter(|pair| pair.contains(MARK)) {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let expressions = marked(platform, &way.path).1;
        for reference in used(platform, value, &expressions) {
            if let Some(category) = category_of(&reference, name).filter(|_| !name.is_empty() && !name.contains(MARK)) {
                report(Place::Query(name.to_owned(), category.alias));
            }
        }
    }
    told(bodies, report);
}

/// The path of the call: what varies is `*`, or has a name where a token may stand.
pub(super) fn path(scenario: &Scenario<'_>, way: &Through) -> Vec<Segment> {
    let platform = scenario.platform;
    let expressions = marked(platform, &way.path).1;
    let (path, _) = split(platform, &way.path);
    let mut names: Vec<String> = Vec::new();
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        if !segment.contains(MARK) {
            let alone = Through { path: format!("/{segment}"), ..way.clone() };
            let plain = segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:@!$&'()+,;=".contains(&b));
            return if plain && alone.call_path() != "/*" { Segment::Literal(segment.to_owned()) } else { Segment::Any };
        }
        let references = used(platform, segment, &expressions);
        let found = references.iter().find_map(|reference| Some((reference, category_of(reference, "")?)));
        let Some((reference, category)) = found.filter(|_| segment.starts_with(MARK)) else {
            return Segment::Any;
        };
        let name: String =
            reference.field.last().map(|name| name.chars()).into_iter().flatten().filter(char::is_ascii_alphanumeric).collect();
        let name = if name.is_empty() { "value".to_owned() } else { name };
        let name = super::unused(&name, |name| names.iter().any(|known| known == name)).replace('-', "_");
        names.push(name.clone());
        Segment::Reveal(name, category.alias)
    });
    segments.collect()
}

/// The category of a value: by the field it comes from, or by the name of the place it goes to.
pub(super) fn category_of(reference: &Reference<'_>, target: &str) -> Option<&'static Category> {
    personal::category_of(&reference.field).or_else(|| personal::category_of(&[target])).or_else(|| {
        // a bare `name` that goes to a `name`
        let (from, to) = (personal::read(&reference.field)?, personal::read(&[target])?);
        (from.category.code == to.category.code).then_some(from.category)
    })
}

/// Reports each category in a text, and whether the text is nothing but the one expression.
fn each(platform: Platform, text: &str, target: &str, report: &mut dyn FnMut(&'static Category, bool)) {
    let pieces = expression::pieces(platform, text);
    let literal = |piece: &Piece<'_>| matches!(piece, Piece::Literal(text) if !text.trim().is_empty());
    let whole = pieces.len() <= 3 && !pieces.iter().any(|(_, piece)| literal(piece));
    for reference in expression::used(platform, text) {
        if let Some(category) = category_of(&reference, target) {
            report(category, whole);
        }
    }
}

/// A body, or headers, written as one text.
fn whole(
    platform: Platform,
    spot: &Spot<'_>,
    bodies: &mut Vec<(FieldPath, &'static Category, bool)>,
    report: &mut dyn FnMut(Place),
) {
    let (text, expressions) = marked(platform, &spot.value);
    let unclear = |report: &mut dyn FnMut(Place)| {
        if expression::used(platform, &spot.value).iter().any(|reference| category_of(reference, "").is_some()) {
            report(Place::Unclear(
                "personal data stands in a body that is neither JSON nor a form; send JSON, and name the places in `reveal`"
                    .to_owned(),
            ));
        }
    };
    let Ok(json) = Loose::parse(text.as_bytes(), &Limits::default()) else {
        if spot.role == Role::Body && text.contains('=') && !text.trim_start().starts_with(['<', '{', '[']) {
            let (form, _) = marks(platform, &spot.value, false);
            let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            for (name, value) in pairs.filter(|(name, _)| !name.is_empty() && !name.contains(MARK)) {
                for category in used(platform, value, &expressions).iter().filter_map(|reference| category_of(reference, name)) {
                    bodies.push((FieldPath::from_steps(vec![PathStep::Member(name.to_owned())]), category, is_whole(value)));
                }
            }
            return;
        }
        return unclear(report);
    };
    let tape = json.tape();
    let mut open: Vec<(NodeId, Vec<PathStep>)> = vec![(tape.root(), Vec::new())];
    while let Some((node, path)) = open.pop() {
        match tape.node(node).kind() {
            Kind::Object => open.extend(tape.children(node).filter_map(|child| {
                let name = tape.name(child).filter(|name| !name.contains(MARK))?;
                Some((child, path.iter().cloned().chain([PathStep::Member(name.into_owned())]).collect()))
            })),
            Kind::Array => {
                open.extend(tape.children(node).map(|child| (child, path.iter().cloned().chain([PathStep::Any]).collect())))
            }
            Kind::String => {
                let value = tape.string(node);
                let target = path.iter().rev().find_map(|step| match step {
                    PathStep::Member(name) => Some(name.as_str()),
                    _ => None,
                });
                let target = target.unwrap_or_default();
                for category in used(platform, &value, &expressions).iter().filter_map(|reference| category_of(reference, target))
                {
                    if spot.role == Role::Headers {
                        if may_reveal(target) {
                            report(Place::Header(target.to_ascii_lowercase(), category.alias));
                        }
                    } else {
                        bodies.push((FieldPath::from_steps(path.clone()), category, is_whole(&value)));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Reports places of the body: none twice, none that would tie with another, none of a special category inside a text.
fn told(mut bodies: Vec<(FieldPath, &'static Category, bool)>, report: &mut dyn FnMut(Place)) {
    bodies.sort_by(|a, b| (&a.0, !a.2).cmp(&(&b.0, !b.2)));
    let mut taken: Vec<FieldPath> = Vec::new();
    for (path, category, whole) in bodies {
        let shown = path.to_string();
        if taken.last() != Some(&path) {
            taken.push(path);
            if Matcher::compile(&taken).is_err() {
                taken.pop();
                report(Place::Unclear(format!("{} could not be told apart from another place", shown.escape_default())));
                continue;
            }
        }
        let in_text = !whole && category::by_code(category.code).is_some();
        if in_text && category.special {
            report(Place::Unclear(
                "data of a special category stands in the middle of a text and is not restored there".to_owned(),
            ));
        } else if in_text {
            report(Place::Text(shown, category.alias));
        } else {
            report(Place::Body(shown, category.alias));
        }
    }
}

/// Path and query of an address, expressions marked, so that nothing in them divides it.
fn split(platform: Platform, path: &str) -> (String, String) {
    let (text, _) = marks(platform, path, false);
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    (path.to_owned(), query.split('#').next().unwrap_or_default().to_owned())
}

fn marked(platform: Platform, text: &str) -> (String, Vec<&str>) {
    marks(platform, text, true)
}

/// The text with a mark and a number for each expression; outside strings of JSON in quotes, so that it stays JSON.
fn marks(platform: Platform, text: &str, json: bool) -> (String, Vec<&str>) {
    let mut out = String::with_capacity(text.len());
    let mut expressions = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for (_, piece) in expression::pieces(platform, text) {
        match piece {
            Piece::Literal(literal) => {
                for c in literal.chars().filter(|c| *c != MARK) {
                    in_string ^= c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    out.push(c);
                }
            }
            Piece::Expression(inner) => {
                let quote = if json && !in_string { "\"" } else { "" };
                let mark = format!("{quote}{MARK}{}{MARK}{quote}", expressions.len());
                out.push_str(&mark);
                expressions.push(inner);
            }
        }
    }
    (out, expressions)
}

/// The references of the expressions whose marks stand in a text.
fn used<'t>(platform: Platform, text: &str, expressions: &[&'t str]) -> Vec<Reference<'t>> {
    let numbers = text.split(MARK).skip(1).step_by(2).filter_map(|number| number.parse::<usize>().ok());
    numbers.filter_map(|number| expressions.get(number)).flat_map(|inner| expression::references(platform, inner)).collect()
}

fn is_whole(text: &str) -> bool {
    text.starts_with(MARK) && text.ends_with(MARK) && text.matches(MARK).count() == 2
}

/// Headers that the gateway or the protocol sets are not filled from tokens.
fn may_reveal(name: &str) -> bool {
    let name: Cow<'_, str> = name.to_ascii_lowercase().into();
    let token = !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let taken = ["authorization", "host", "cookie", "connection", "idempotency-key", "expect", "te", "trailer", "upgrade"];
    token
        && !taken.contains(&name.as_ref())
        && !["content-", "vestibule-", "webhook-", "proxy-", "keep-", "transfer-"].iter().any(|start| name.starts_with(start))
}
