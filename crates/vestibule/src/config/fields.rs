//! Reads what happens inside a document: field rules, conditions, the subject, derived members.
//!
//! Paths are parsed and checked for ties with the core's own parser and matcher, so what `check` accepts will compile.

use std::ops::Range;

use toml::de::DeValue;
use vestibule_core::category::{self, Category, Shape};
use vestibule_core::document::{FieldPath, Matcher, MatcherError, Step};

use super::diagnostic::Diagnostic;
use super::model::{Condition, Derived, FieldRule, Function, Scalar, SubjectPaths, Treatment};
use super::read::{Context, Fields, Node, Text};
use super::schema;

/// Reads a path; the fault is marked at the very character.
pub(super) fn path(context: &mut Context, text: &Text<'_>) -> Option<FieldPath> {
    match FieldPath::parse(text.value) {
        Ok(path) => Some(path),
        Err(error) => {
            let place = character(text, usize::try_from(error.column).unwrap_or(1));
            context.push(
                Diagnostic::error("config.bad_field_path", place, "this path cannot be read")
                    .label("from here on")
                    .help("write a path like `a.b`, `list[*].c`, `list[key=value].c` or `a[\"odd name\"]`, in quotes"),
            );
            None
        }
    }
}

/// The place of one character of a text, from 1; of the whole text where TOML escapes shift it.
fn character(text: &Text<'_>, column: usize) -> Range<usize> {
    let written_plainly = text.span.len() == text.value.len() + 2;
    let before = text.value.char_indices().nth(column.saturating_sub(1));
    let (at, length) = before.map_or((text.value.len(), 1), |(at, c)| (at, c.len_utf8()));
    let start = text.span.start + 1 + at;
    if written_plainly { start..start + length } else { text.span.clone() }
}

/// Reports the first two paths of a list that tie.
pub(super) fn ties(context: &mut Context, paths: &[FieldPath], spans: &[Range<usize>]) {
    let error = match Matcher::compile(paths) {
        Ok(_) => return,
        Err(error) => error,
    };
    let last = spans.last().cloned().unwrap_or_default();
    context.push(match error {
        MatcherError::Tie { first, second } => {
            let place = |at: usize| spans.get(at).cloned().unwrap_or_default();
            Diagnostic::error("config.field_tie", place(second), "two rules fit one field equally well")
                .related(place(first), "the other rule")
        }
        MatcherError::TooMany => Diagnostic::error("config.too_many", last, "too many paths in one table"),
    });
}

/// Reads the category a text names.
pub(super) fn category(context: &mut Context, text: &Text<'_>, also: &[&str]) -> Option<&'static Category> {
    let found = category::find(text.value);
    if found.is_none() {
        let near = vestibule_core::problem::closest(text.value, also.iter().copied()).or_else(|| category::suggest(text.value));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "see docs/reference/categories.md; `any` is the category of data without a kind".to_owned(),
        };
        context.push(
            Diagnostic::error("config.unknown_category", text.span.clone(), "there is no category with this name").help(help),
        );
    }
    found
}

/// Reads `fields`.
pub(super) fn rules(context: &mut Context, route: &Fields<'_>) -> Vec<FieldRule> {
    let mut rules = Vec::new();
    let mut spans = Vec::new();
    for (key, node) in route.pairs(context, "fields") {
        let path = path(context, &key);
        let treatment = treatment(context, &key, node);
        if let (Some(path), Some(treatment)) = (path, treatment) {
            if treatment == Treatment::Keep {
                looks_personal(context, &path, &key);
            }
            rules.push(FieldRule { path, treatment });
            spans.push(key.span);
        }
    }
    let paths: Vec<FieldPath> = rules.iter().map(|rule| rule.path.clone()).collect();
    ties(context, &paths, &spans);
    rules
}

fn treatment(context: &mut Context, key: &Text<'_>, node: Node<'_>) -> Option<Treatment> {
    match node.get_ref() {
        DeValue::String(_) => {
            let text = context.text(node, "a rule")?;
            match text.value {
                "keep" => return Some(Treatment::Keep),
                "drop" => return Some(Treatment::Drop),
                "pass" => {
                    context.push(
                        Diagnostic::error("config.unknown_category", text.span, "nothing passes unread")
                            .help("write \"keep\" if this field is no personal data"),
                    );
                    return None;
                }
                _ => {}
            }
            let category = category(context, &text, &["keep", "drop"])?;
            Some(Treatment::Tokenize { category: category.code, stable: category.stable_by_default })
        }
        DeValue::Table(table) if !table.is_empty() && schema::FIELD.keys.iter().all(|known| !table.contains_key(known.name)) => {
            context.push(
                Diagnostic::error("config.bad_field_path", key.span.clone(), "a path with dots stands in quotes")
                    .help("write the whole path in quotes, for example \"candidate.email\" = \"email\"")
                    .note("without quotes TOML reads a dot as a table inside a table"),
            );
            None
        }
        DeValue::Table(_) => long_form(context, node),
        _ => context.wrong_type(
            node,
            "a rule",
            "`keep`, `drop`, a category, or a table such as { category = \"user_id\", stable = true }",
        ),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Treat {
    Tokenize,
    Drop,
    Keep,
}

fn long_form(context: &mut Context, node: Node<'_>) -> Option<Treatment> {
    let fields = Fields::open(context, node, &schema::FIELD)?;
    let treat = fields.text(context, "treat").map(|text| {
        // `keep` is understood, so that the answer can say why it is not accepted
        let words = [("tokenize", Treat::Tokenize), ("drop", Treat::Drop), ("keep", Treat::Keep)];
        context.word(&text, "`treat`", words.get(..if text.value == "keep" { 3 } else { 2 }).unwrap_or(&words))
    });
    let treat = match treat {
        Some(treat) => treat?,
        None => Treat::Tokenize,
    };
    let stable = fields.boolean(context, "stable");
    let category = match fields.text(context, "category") {
        Some(text) => category(context, &text, &[])?,
        None if treat == Treat::Drop => return Some(Treatment::Drop),
        None => return fields.missing(context, "category"),
    };
    if treat == Treat::Keep {
        let place = fields.key_span("treat");
        context.push(match category.special {
            true => special(place, "data of a special category would reach the platform in the clear"),
            false => Diagnostic::error("config.keep_category", place, "the category says personal, `keep` says not"),
        });
        return None;
    }
    if stable == Some(true) && !category.indexable {
        let message = format!("values of `{}` are too easily guessed for stable tokens", category.alias);
        context.push(Diagnostic::error("config.not_indexable", fields.key_span("stable"), message));
    }
    Some(match treat {
        Treat::Drop => Treatment::Drop,
        _ => Treatment::Tokenize { category: category.code, stable: stable.unwrap_or(category.stable_by_default) },
    })
}

/// A finding about data of GDPR Articles 9 and 10.
pub(super) fn special(place: Range<usize>, message: &str) -> Diagnostic {
    Diagnostic::error("config.special_category", place, message)
        .note("GDPR Articles 9 and 10: such data needs more protection than other personal data, never less")
}

/// Warns of a kept field whose last name is an unmistakable category.
fn looks_personal(context: &mut Context, path: &FieldPath, key: &Text<'_>) {
    const UNMISTAKABLE: &[&str] = &[
        "email",
        "phone",
        "first_name",
        "last_name",
        "date_of_birth",
        "salary",
        "bank_account",
        "tax_id",
        "national_id",
        "passport",
        "cover_letter",
        "ip_address",
    ];
    let last = path.steps().iter().rev().find_map(|step| match step {
        Step::Member(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let Some(category) = last.and_then(|name| category::by_alias(&name)) else {
        return;
    };
    if category.special {
        context.push(special(key.span.clone(), "a field with the name of a special category is kept in the clear"));
    } else if UNMISTAKABLE.contains(&category.alias) {
        let message = format!("this field is kept in the clear, and is called like the category `{}`", category.alias);
        context.push(
            Diagnostic::warning("config.keep_looks_personal", key.span.clone(), message)
                .help(format!("write \"{}\" instead of \"keep\"", category.alias)),
        );
    }
}

/// Reads `subject`; both paths need a rule.
pub(super) fn subject(context: &mut Context, route: &Fields<'_>, rules: &[FieldRule]) -> SubjectPaths {
    let Some(fields) = route.node(context, "subject").and_then(|node| Fields::open(context, node, &schema::SUBJECT)) else {
        return SubjectPaths::default();
    };
    let mut read = |key: &'static str| {
        let text = fields.text(context, key)?;
        let path = path(context, &text)?;
        let rule = rules.iter().find(|rule| rule.path == path);
        let fits = match rule.map(|rule| rule.treatment) {
            Some(Treatment::Tokenize { category, .. }) => {
                key == "id" || category::by_code(category).is_some_and(|category| category.shape == Shape::Email)
            }
            Some(Treatment::Keep) => key == "id",
            _ => false,
        };
        if !fits {
            let (message, help) = match rule {
                None => ("the subject's place has no rule in `fields`", "add this path to `fields`"),
                Some(_) if key == "email" => {
                    ("the subject's e-mail is not treated as one", "give this path the category `email` in `fields`")
                }
                Some(_) => {
                    ("the subject's identifier is dropped", "give this path the category `user_id` in `fields`, or keep it")
                }
            };
            context.push(Diagnostic::error("config.subject_path", text.span.clone(), message).help(help));
        }
        Some(path)
    };
    SubjectPaths { id: read("id"), email: read("email") }
}

/// Reads `when`.
pub(super) fn conditions(context: &mut Context, route: &Fields<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (key, node) in route.pairs(context, "when") {
        let any_of = match node.get_ref() {
            DeValue::Array(list) => list.iter().map(|item| scalar(context, item)).collect(),
            _ => scalar(context, node).map(|value| vec![value]),
        };
        if let (Some(path), Some(any_of)) = (path(context, &key), any_of) {
            conditions.push(Condition { path, any_of });
        }
    }
    conditions
}

fn scalar(context: &mut Context, node: Node<'_>) -> Option<Scalar> {
    match node.get_ref() {
        DeValue::String(text) => Some(Scalar::Text(text.as_ref().to_owned())),
        DeValue::Boolean(value) => Some(Scalar::Boolean(*value)),
        DeValue::Integer(_) => context.integer(node, "a condition", i64::MIN..=i64::MAX).map(Scalar::Integer),
        _ => context.wrong_type(node, "a condition", "a text, a whole number, true or false, or a list of these"),
    }
}

/// Reads `derive`.
pub(super) fn derived(context: &mut Context, route: &Fields<'_>, rules: &[FieldRule]) -> Vec<Derived> {
    const FUNCTIONS: &[(&str, Function)] = &[
        ("domain", Function::Domain),
        ("present", Function::Present),
        ("count", Function::Count),
        ("length", Function::Length),
        ("year", Function::Year),
    ];
    let mut derived = Vec::new();
    for (key, node) in route.pairs(context, "derive") {
        if !is_member_name(key.value) {
            let message = "this is no name for a derived member";
            let help = "use lower-case letters, digits and underscores, beginning with a letter";
            context.push(Diagnostic::error("config.bad_name", key.span.clone(), message).help(help));
        }
        let Some(text) = context.text(node, "a derived member") else {
            continue;
        };
        let call = text.value.strip_suffix(')').and_then(|call| call.split_once('('));
        let function = call.and_then(|(name, _)| FUNCTIONS.iter().find(|(known, _)| *known == name));
        let (Some((_, argument)), Some((_, function))) = (call, function) else {
            context.push(Diagnostic::error("config.bad_derive", text.span, "this is no known function of a path"));
            continue;
        };
        let Some(path) = path(context, &Text { value: argument, span: text.span.clone() }) else {
            continue;
        };
        let of_special = rules.iter().filter(|rule| covers(&rule.path, &path)).any(|rule| match rule.treatment {
            Treatment::Tokenize { category, .. } => category::by_code(category).is_some_and(|category| category.special),
            _ => false,
        });
        if of_special {
            context.push(special(text.span.clone(), "something would be told about data of a special category"));
        }
        derived.push(Derived { name: key.value.to_owned(), function: *function, path });
    }
    derived
}

/// Whether a rule for `outer` may also rule `inner`: steps into a list can mean the same element.
fn covers(outer: &FieldPath, inner: &FieldPath) -> bool {
    let may_meet = |pair: (&Step, &Step)| match pair {
        (Step::Member(_), _) | (_, Step::Member(_)) | (Step::Index(_), Step::Index(_)) => pair.0 == pair.1,
        (Step::Select { key, value }, Step::Select { key: other, value: wanted }) => key != other || value == wanted,
        _ => true,
    };
    inner.steps().len() >= outer.steps().len() && outer.steps().iter().zip(inner.steps()).all(may_meet)
}

fn is_member_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
