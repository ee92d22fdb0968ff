//! How changes are told to people: no value of a credential, and no part of an address that may be one.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::address::split;
use super::{Change, Outside, Rewired};
use crate::remedy::Through;

const NEXT: &str = "
What to do next:
  1. Give the gateway the routes and grants that `vestibule scan --fix-plan vestibule.toml --gateway URL FILE` writes,
     with the keys that stood here.
  2. Import the file and pick the credential in every step listed above; without it they do not run.
  3. Try it with a test key (its calls go to `test_to` of the route), then ask the vendors for new keys: the old ones have stood in a file.
";

/// The old address: scheme and host as they stood, path as [`Through::shown`] shows it, names of parameters without values.
pub(super) fn address_before(before: &str, through: &Through) -> String {
    let shown = through.shown();
    let base = through.url.strip_suffix(through.path.as_str()).unwrap_or_default();
    let path = shown.strip_prefix(base).unwrap_or_default();
    let scheme =
        if before.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:")) { "http" } else { "https" };
    let host = through.origin.split_once("://").map_or("", |(_, host)| host);
    format!("{scheme}://{host}{path}{}", query(before))
}

/// The new address in the same manner; `url` is the address as it is written.
pub(super) fn address_after(url: &str, through: &Through) -> String {
    format!("{}{}", through.shown(), query(url))
}

fn query(url: &str) -> String {
    let parts = split(url, '?');
    let Some(query) = parts.get(1) else { return String::new() };
    let names = split(query, '&').into_iter().map(|parameter| match parameter.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    });
    format!("?{}", names.collect::<Vec<_>>().join("&"))
}

pub(super) fn difference(rewired: &Rewired) -> String {
    let mut out = String::new();
    changes(&mut out, &rewired.changes);
    outside(&mut out, &rewired.outside);
    if !rewired.changes.is_empty() {
        out.push_str(NEXT);
    }
    if out.is_empty() {
        out.push_str("Nothing to move: no step of this file calls an address, or all of them go through the gateway.\n");
    }
    out
}

// writing to a String cannot fail, here and below
fn changes(out: &mut String, changes: &[Change]) {
    let mut last = None;
    for change in changes {
        let step = (&change.scenario, &change.step);
        if last != Some(step) {
            let blank = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{blank}{}", heading(&change.scenario, &change.step, change.line));
            last = Some(step);
        }
        if !change.before.is_empty() {
            let _ = writeln!(out, "  - {}: {}", change.setting, change.before);
        }
        if !change.after.is_empty() {
            let _ = writeln!(out, "  + {}: {}", change.setting, change.after);
        }
    }
}

/// Grouped by the reason, in the order of the file.
fn outside(out: &mut String, outside: &[Outside]) {
    if outside.is_empty() {
        return;
    }
    let blank = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{blank}Outside the gate, or still to be done by hand:");
    let mut reasons: Vec<&str> = Vec::new();
    let mut told: HashMap<&str, Vec<&Outside>> = HashMap::new();
    for each in outside {
        let same = told.entry(&each.why).or_default();
        if same.is_empty() {
            reasons.push(&each.why);
        }
        same.push(each);
    }
    for why in reasons {
        let _ = writeln!(out, "  {why}");
        for each in told.get(why).into_iter().flatten() {
            let _ = writeln!(out, "    {} ({})", heading(&each.scenario, &each.step, each.line), each.module);
        }
    }
}

fn heading(scenario: &str, step: &str, line: u32) -> String {
    let scenario = if scenario.is_empty() { String::new() } else { format!("{scenario} › ") };
    format!("{scenario}{step}, line {line}")
}
