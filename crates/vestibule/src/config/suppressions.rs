//! The suppression file of `vestibule scan`: a second file for people, read with the same care as the first.
//!
//! It is no part of the configuration; it is here because its faults are told as the configuration's are. What a suppression covers is
//! the business of `vestibule-scan`.

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};
use vestibule_core::clock::Timestamp;
use vestibule_core::problem::closest;
use vestibule_scan::suppress::Suppression;
use vestibule_scan::{baseline, check};

use super::diagnostic::{Diagnostic, Report};
use super::read::{Context, Fields, Node, Text};
use super::schema::{SUPPRESS, SUPPRESSIONS};
use super::{secret, syntax};

/// What a suppression file says.
#[derive(Debug, Default)]
pub struct Suppressions {
    /// The salt of its value marks, if it has one of its own.
    pub salt: Option<[u8; baseline::SALT]>,
    /// Its entries, in its order.
    pub entries: Vec<Suppression>,
}

/// Reads a suppression file. `file_name` is for display.
///
/// # Errors
/// Every fault at once, each with its place.
pub fn load(text: &str, file_name: &str) -> Result<Suppressions, Report> {
    let mut context = Context::new(Timestamp(0));
    let suppressions = read(&mut context, text);
    let mut report =
        Report { file_name: file_name.to_owned(), blotted: secret::blot(text, &context.secrets), findings: context.findings };
    report.sort();
    match suppressions {
        Some(suppressions) if !report.is_refused() => Ok(suppressions),
        _ => Err(report),
    }
}

fn read(context: &mut Context, text: &str) -> Option<Suppressions> {
    let (document, faults) = DeTable::parse_recoverable(text);
    if let Some(fault) = faults.first() {
        context.push(syntax(fault, text));
        context.secrets = secret::suspects(text);
        return None;
    }
    let root = Fields::of(context, document.get_ref(), 0..0, &SUPPRESSIONS);
    let salt = root.text(context, "salt").and_then(|salt| {
        let read = baseline::salt_of(salt.value);
        if read.is_none() {
            context.push(Diagnostic::error("scan.salt", salt.span, "`salt` is not 64 hex digits"));
        }
        read
    });
    let mut entries = Vec::new();
    if let Some(node) = root.node(context, "suppress") {
        match super::tables(node) {
            Some(tables) => {
                for table in tables {
                    entries.extend(entry(context, table, text));
                }
            }
            None => drop(context.wrong_type::<()>(node, "`suppress`", "tables that begin with [[suppress]]")),
        }
    }
    for (_, node) in document.get_ref() {
        if !matches!(node.get_ref(), DeValue::String(_)) {
            secret::scan(context, node);
        }
    }
    Some(Suppressions { salt, entries })
}

fn entry(context: &mut Context, node: Node<'_>, text: &str) -> Option<Suppression> {
    let fields = Fields::open(context, node, &SUPPRESS)?;
    let check = fields.need_text(context, "check").and_then(|check| known(context, &check));
    let [file, scenario, step] = ["file", "scenario", "step"].map(|key| fields.owned(context, key));
    let value = fields.text(context, "value").and_then(|value| mark(context, &value));
    let has_value = fields.key_span("value") != fields.span;
    let reason = fields.need_text(context, "reason").and_then(|reason| said(context, &reason));
    let expires = match fields.node(context, "expires") {
        Some(node) => date(context, node),
        None => fields.missing(context, "expires"),
    };
    if file.is_none() && scenario.is_none() && step.is_none() && !has_value {
        let message = "this would silence the check everywhere";
        context.push(
            Diagnostic::error("scan.suppression", fields.key_span("check"), message)
                .label("only a check is named")
                .help("add `file`, `scenario`, `step` or `value`"),
        );
        return None;
    }
    let line = text.get(..fields.key_span("check").start).map_or(1, |before| before.matches('\n').count() + 1);
    Some(Suppression { check: check?, file, scenario, step, value, reason: reason?, expires: expires?, line })
}

/// The id of a check that exists.
fn known(context: &mut Context, text: &Text<'_>) -> Option<String> {
    let ids = || check::ALL.iter().map(|check| check.meta().id);
    if ids().any(|id| id == text.value) {
        return Some(text.value.to_owned());
    }
    let help = match closest(text.value, ids()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write the id that the report shows in brackets".to_owned(),
    };
    context.push(Diagnostic::error("scan.suppression", text.span.clone(), "there is no check with this id").help(help));
    None
}

/// The mark of a value; never the value.
fn mark(context: &mut Context, text: &Text<'_>) -> Option<String> {
    if text.value.len() == 8 && text.value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(text.value.to_ascii_lowercase());
    }
    // whatever stands here may be the secret itself
    context.secrets.push(text.span.clone());
    context.push(
        Diagnostic::error("scan.suppression", text.span.clone(), "`value` is no mark")
            .help("copy the 8 hex digits that the report shows as the value mark, never the value"),
    );
    None
}

fn said(context: &mut Context, text: &Text<'_>) -> Option<String> {
    if text.value.trim().is_empty() {
        let help = "say who accepted it and why, for whoever reads this in a year";
        context.push(Diagnostic::error("scan.suppression", text.span.clone(), "`reason` is empty").help(help));
        return None;
    }
    Some(text.value.trim().to_owned())
}

fn date(context: &mut Context, node: Node<'_>) -> Option<Date> {
    const FORM: &str = "a date without quotes such as 2027-01-31";
    let DeValue::Datetime(moment) = node.get_ref() else {
        return context.wrong_type(node, "`expires`", FORM);
    };
    match (moment.date, moment.time) {
        (Some(_), None) => moment.to_string().parse().ok().or_else(|| context.wrong_type(node, "`expires`", FORM)),
        _ => context.wrong_type(node, "`expires`", FORM),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const GOOD: &str =
        "[[suppress]]\ncheck = \"cleartext-http\"\nstep = \"Fetch\"\nreason = \"a printer\"\nexpires = 2027-01-31\n";

    fn faults(text: &str) -> Vec<(&'static str, String)> {
        load(text, "s.toml").unwrap_err().findings().iter().map(|finding| (finding.code, finding.message.clone())).collect()
    }

    #[test]
    fn a_good_file_is_read() {
        let salt = "0a".repeat(32);
        let read = load(&format!("salt = \"{salt}\"\n{GOOD}"), "s.toml").unwrap();
        assert_eq!((read.salt, read.entries.len()), (Some([10; 32]), 1));
        let entry = &read.entries[0];
        assert_eq!((entry.check.as_str(), entry.step.as_deref(), entry.line), ("cleartext-http", Some("Fetch"), 3));
        assert_eq!((entry.expires.to_string().as_str(), entry.reason.as_str()), ("2027-01-31", "a printer"));
        assert!(load("", "s.toml").unwrap().entries.is_empty());
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let one = |from: &str, to: &str| faults(&GOOD.replace(from, to));
        assert_eq!(one("step = \"Fetch\"\n", "")[0].1, "this would silence the check everywhere");
        assert_eq!(one("cleartext-http", "cleartext-htp")[0], ("scan.suppression", "there is no check with this id".into()));
        assert_eq!(one("reason = \"a printer\"\n", "")[0].0, "config.missing_key");
        assert_eq!(one("a printer", " ")[0].1, "`reason` is empty");
        assert_eq!(one("expires = 2027-01-31\n", "")[0].0, "config.missing_key");
        assert_eq!(one("2027-01-31", "\"2027-01-31\"")[0].0, "config.wrong_type");
        assert_eq!(one("2027-01-31", "2027-01-31T10:00:00Z")[0].0, "config.wrong_type");
        assert_eq!(one("step", "stpe")[1].0, "config.unknown_key");
        assert_eq!(faults("suppress = 1")[0].0, "config.wrong_type");
        assert_eq!(faults("salt = \"xyz\"")[0].0, "scan.salt");
        assert_eq!(faults("[[suppress")[0].0, "config.syntax");
        assert_eq!(one("expires", "value = \"9f3a01c\"\nexpires").len(), 1);
    }

    #[test]
    fn a_secret_that_was_pasted_is_not_repeated() {
        let text = GOOD.replace("step = \"Fetch\"", "value = \"q7Rt-91-kwUzPa02\"");
        let report = load(&text, "s.toml").unwrap_err();
        let shown = report.render(false);
        assert!(shown.contains("`value` is no mark") && !shown.contains("q7Rt"), "{shown}");
    }
}
