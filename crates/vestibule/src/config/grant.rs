//! Reads `[[out.NAME.grant]]`: one workflow, one call, exact places.
//!
//! Whether a call is allowed is decided elsewhere; here grants that no decision could tell apart are refused.

use std::ops::Range;

use vestibule_core::category;
use vestibule_core::clock::Span;
use vestibule_core::document::FieldPath;
use vestibule_core::network::is_path;

use super::diagnostic::Diagnostic;
use super::model::{
    Addressee, AddresseeCondition, Answer, AnswerOtherwise, BodyPlace, Grant, JsonType, NamedPlace, PathPattern, Segment,
};
use super::read::{Context, Fields, Text, texts};
use super::{base, fields, schema, tables, url};

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn grants(context: &mut Context, table: &Fields<'_>, constants: &[(String, String)]) -> Vec<Grant> {
    let Some(node) = table.node(context, "grant") else {
        return Vec::new();
    };
    let Some(nodes) = tables(node) else {
        context.wrong_type::<()>(node, "`grant`", "[[out.NAME.grant]] with two brackets");
        return Vec::new();
    };
    let mut grants: Vec<(Grant, Range<usize>)> = Vec::new();
    for node in nodes {
        let Some(table) = Fields::open_named(context, node, &schema::GRANT, table.name) else {
            continue;
        };
        let Some(grant) = grant(context, &table, constants) else {
            continue;
        };
        let place = table.key_span("call");
        let tie = grants.iter().find(|(known, _)| {
            known.workflow == grant.workflow && known.method == grant.method && same_calls(&known.path, &grant.path)
        });
        if let Some((_, other)) = tie {
            context.push(
                Diagnostic::error("config.grant_tie", place.clone(), "another grant of this workflow fits the same calls")
                    .related(other.clone(), "the other grant"),
            );
        }
        grants.push((grant, place));
    }
    grants.into_iter().map(|(grant, _)| grant).collect()
}

/// Whether two patterns fit exactly the same paths. Any other two are told apart by their leftmost difference.
fn same_calls(a: &PathPattern, b: &PathPattern) -> bool {
    a.segments.len() == b.segments.len()
        && a.segments.iter().zip(&b.segments).all(|pair| match pair {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Any(_), Segment::Any(_)) => true,
            _ => false,
        })
}

fn grant(context: &mut Context, table: &Fields<'_>, constants: &[(String, String)]) -> Option<Grant> {
    let workflow = table.need_text(context, "workflow");
    let workflow = workflow.map(|text| context.reference(&text, "config.unknown_workflow", "workflow"));
    let call = table.need_text(context, "call").and_then(|text| call(context, &text));
    let reveal = body_places(context, table, "reveal");
    let in_text = body_places(context, table, "in_text");
    for (place, span) in &in_text {
        if place.categories.iter().any(|code| category::by_code(*code).is_some_and(|category| category.special)) {
            context.push(fields::special(span.clone(), "data of a special category would stand in the middle of a text"));
        }
    }
    let all: Vec<_> = reveal.iter().chain(&in_text).collect();
    let paths: Vec<FieldPath> = all.iter().map(|(place, _)| place.path.clone()).collect();
    let spans: Vec<_> = all.iter().map(|(_, span)| span.clone()).collect();
    fields::ties(context, &paths, &spans);
    let reveal_query = named_places(context, table, "reveal_query");
    let reveal_path = named_places(context, table, "reveal_path");
    let reveal_header = headers(context, table, constants);
    let conditions = conditions(context, table);
    for (place, span) in &in_text {
        if conditions.iter().any(|condition| place.path.steps().starts_with(condition.path.steps())) {
            context.push(
                Diagnostic::error("config.bad_condition", span.clone(), "`where` names this place, and an addressee is no text")
                    .help("reveal the addressee alone, with `reveal`"),
            );
        }
    }
    let purpose = table.owned(context, "purpose");
    let expires = table.expiry(context, "expires");
    let batch = table.boolean(context, "batch").unwrap_or(false);
    let answer = answer(context, table);
    let (method, path) = call?;
    for (place, span) in &reveal_path {
        let is_there = path.segments.iter().any(|segment| matches!(segment, Segment::Any(Some(name)) if *name == place.name));
        if !is_there {
            context.push(
                Diagnostic::error("config.bad_call", span.clone(), "`call` has no segment with this name")
                    .help("write the segment with its name in braces, for example \"GET /candidates/{id}\""),
            );
        }
    }
    let plain = |places: Vec<(NamedPlace, Range<usize>)>| places.into_iter().map(|(place, _)| place).collect();
    let body = |places: Vec<(BodyPlace, Range<usize>)>| places.into_iter().map(|(place, _)| place).collect();
    Some(Grant {
        workflow: workflow?,
        method,
        path,
        reveal: body(reveal),
        reveal_query: plain(reveal_query),
        reveal_path: plain(reveal_path),
        reveal_header: plain(reveal_header),
        in_text: body(in_text),
        conditions,
        purpose,
        expires,
        batch,
        answer,
    })
}

fn call(context: &mut Context, text: &Text<'_>) -> Option<(String, PathPattern)> {
    let (method, path) = text.value.split_once(' ').unwrap_or((text.value, ""));
    let fault = if !METHODS.contains(&method) {
        Some("a call begins with GET, POST, PUT, PATCH or DELETE")
    } else if !path.starts_with('/') {
        Some("after the method stands a path that begins with a slash")
    } else {
        None
    };
    let pattern = path.strip_prefix('/').and_then(|path| pattern(path.trim_end_matches('/')));
    let message = fault.or(pattern.is_none().then_some("this path is not readable"));
    if let Some(message) = message {
        context.push(
            Diagnostic::error("config.bad_call", text.span.clone(), message)
                .help("write it like \"POST /candidates/{id}/notes\""),
        );
        return None;
    }
    Some((method.to_owned(), pattern?))
}

fn pattern(path: &str) -> Option<PathPattern> {
    if path.is_empty() {
        return Some(PathPattern { segments: Vec::new() });
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        segments.push(match name {
            Some(name) => {
                let is_new = !segments.contains(&Segment::Any(Some(name.to_owned())));
                let usable = is_new && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                Segment::Any(usable.then(|| Some(name.to_owned()))?)
            }
            None if segment == "*" => Segment::Any(None),
            None if is_path(&format!("/{segment}")) && !segment.is_empty() && !segment.contains(['*', '%']) => {
                Segment::Literal(segment.to_owned())
            }
            None => return None,
        });
    }
    Some(PathPattern { segments })
}

fn body_places(context: &mut Context, table: &Fields<'_>, key: &'static str) -> Vec<(BodyPlace, Range<usize>)> {
    let mut places = Vec::new();
    for (name, node) in table.pairs(context, key) {
        let path = fields::path(context, &name);
        let categories = texts(context, node, "a place").map(|texts| categories(context, &texts));
        if let (Some(path), Some(categories)) = (path, categories) {
            places.push((BodyPlace { path, categories }, name.span));
        }
    }
    places
}

fn named_places(context: &mut Context, table: &Fields<'_>, key: &'static str) -> Vec<(NamedPlace, Range<usize>)> {
    let mut places = Vec::new();
    for (name, node) in table.pairs(context, key) {
        if let Some(texts) = texts(context, node, "a place") {
            let categories = categories(context, &texts);
            places.push((NamedPlace { name: name.value.to_owned(), categories }, name.span));
        }
    }
    places
}

fn headers(context: &mut Context, table: &Fields<'_>, constants: &[(String, String)]) -> Vec<(NamedPlace, Range<usize>)> {
    let mut places = named_places(context, table, "reveal_header");
    for (place, span) in &mut places {
        let Some(name) = url::sent_header(context, &Text { value: &place.name, span: span.clone() }) else { continue };
        if constants.iter().any(|(constant, _)| *constant == name) {
            let message = "`headers` of the destination gives this header a constant";
            context.push(Diagnostic::error("config.bad_header", span.clone(), message).help("keep it in one of the two places"));
        }
        place.name = name;
    }
    places
}

fn categories(context: &mut Context, texts: &[Text<'_>]) -> Vec<u16> {
    texts.iter().filter_map(|text| fields::category(context, text, &[])).map(|category| category.code).collect()
}

fn conditions(context: &mut Context, table: &Fields<'_>) -> Vec<AddresseeCondition> {
    let mut conditions = Vec::new();
    for (name, node) in table.pairs(context, "where") {
        let path = fields::path(context, &name);
        let Some(text) = context.text(node, "a condition") else {
            continue;
        };
        let any_of: Option<Vec<Addressee>> = text.value.split('|').map(|word| addressee(word.trim())).collect();
        if any_of.is_none() {
            context.push(Diagnostic::error("config.bad_condition", text.span.clone(), "this condition is not readable"));
        }
        if let (Some(path), Some(any_of)) = (path, any_of) {
            conditions.push(AddresseeCondition { path, any_of });
        }
    }
    conditions
}

fn addressee(word: &str) -> Option<Addressee> {
    if word == "same-subject" {
        return Some(Addressee::SameSubject);
    }
    let word = word.to_ascii_lowercase();
    match word.strip_prefix('@') {
        Some(domain) => (domain.contains('.') && url::is_host_name(domain)).then(|| Addressee::Domain(domain.to_owned())),
        None => base::is_address(&word).then_some(Addressee::Address(word)),
    }
}

fn answer(context: &mut Context, grant: &Fields<'_>) -> Answer {
    const TYPES: &[(&str, JsonType)] = &[
        ("integer", JsonType::Integer),
        ("number", JsonType::Number),
        ("string", JsonType::String),
        ("boolean", JsonType::Boolean),
    ];
    let nothing = Answer { keep: Vec::new(), otherwise: AnswerOtherwise::Drop };
    let Some(node) = grant.node(context, "answer") else {
        return nothing;
    };
    let Some(table) = Fields::open(context, node, &schema::ANSWER) else {
        return nothing;
    };
    let mut keep = Vec::new();
    let mut spans = Vec::new();
    for (name, node) in table.pairs(context, "keep") {
        let path = fields::path(context, &name);
        let kind = context.text(node, "a kept field").and_then(|text| context.word(&text, "a kept field", TYPES));
        if let (Some(path), Some(kind)) = (path, kind) {
            keep.push((path, kind));
            spans.push(name.span);
        }
    }
    let paths: Vec<FieldPath> = keep.iter().map(|(path, _)| path.clone()).collect();
    fields::ties(context, &paths, &spans);
    let tokenize = table.word(context, "otherwise", &[("drop", false), ("tokenize", true)]).unwrap_or(false);
    let days = table.integer(context, "retention_days", 1..=365);
    if !tokenize && table.node(context, "retention_days").is_some() {
        let message = "nothing of the answer is kept for days";
        context.push(
            Diagnostic::error("config.unknown_key", table.key_span("retention_days"), message)
                .label("nothing reads this")
                .help("set `otherwise = \"tokenize\"`, or remove `retention_days`"),
        );
    }
    let otherwise = match tokenize {
        true => AnswerOtherwise::Tokenize { retention: Span::days(days.unwrap_or(30)) },
        false => AnswerOtherwise::Drop,
    };
    Answer { keep, otherwise }
}
