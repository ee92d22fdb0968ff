//! Words that several checks use in messages and remedies. No value of a file passes here, only names that people gave.

use std::collections::HashSet;

use super::Context;
use super::facts::Sent;
use crate::model::{Platform, Step};
use crate::source::Place;

/// Kinds of personal data that one message names.
const MOST: usize = 8;

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The first of them, and how many more there are.
pub fn some<S: AsRef<str>>(items: &[S], most: usize) -> String {
    match items.split_at_checked(most) {
        Some((first, rest)) if !rest.is_empty() => {
            let mut names: Vec<String> = first.iter().map(|item| item.as_ref().to_owned()).collect();
            names.push(format!("{} more", rest.len()));
            list(&names)
        }
        _ => list(items),
    }
}

/// `1 step`, `2 steps`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A step as people call it.
pub fn called(step: &Step<'_>) -> String {
    format!("“{}”", step.shown())
}

/// Each kind of personal data once, in plain words with its fideslang key.
pub fn categories(sent: &[Sent]) -> String {
    let mut seen: Vec<u16> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for category in sent.iter().map(|sent| sent.category) {
        if !seen.contains(&category.code) {
            seen.push(category.code);
            names.push(format!("{} ({})", category.about, category.key));
        }
    }
    some(&names, MOST)
}

/// How many kinds of personal data there are.
pub fn kinds(sent: &[Sent]) -> usize {
    let mut codes: Vec<u16> = sent.iter().map(|sent| sent.category.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.len()
}

/// From which steps the data comes: ` from “Webhook”`, or nothing where the file does not say.
pub fn from(cx: &Context<'_, '_>, sent: &[Sent]) -> String {
    let mut seen: HashSet<usize> = HashSet::new();
    let sources = sent.iter().filter_map(|sent| sent.source).filter(|source| seen.insert(*source));
    let names: Vec<String> = sources.filter_map(|source| cx.scenario.steps.get(source)).map(called).collect();
    if names.is_empty() { String::new() } else { format!(" from {}", some(&names, 3)) }
}

/// Where a step leads: the vendor's name, the host, or the module.
pub fn destination(cx: &Context<'_, '_>, index: usize) -> String {
    let facts = cx.facts.step(index);
    let host = facts.and_then(|facts| facts.address).and_then(|address| address.known_host());
    if let Some(vendor) = facts.and_then(|facts| facts.vendor) {
        return vendor.name.to_owned();
    }
    if let Some(host) = host {
        return format!("`{host}`");
    }
    let step = cx.scenario.steps.get(index);
    match step.map(|step| &step.kind) {
        Some(crate::model::Kind::Reply) => "whoever called the webhook".to_owned(),
        Some(crate::model::Kind::Request(_)) => "an address that the scenario computes".to_owned(),
        _ => step.map_or_else(String::new, |step| format!("`{}`", step.module)),
    }
}

/// The place of a step's value, or of the step.
pub fn place<'s>(step: &'s Step<'_>, spot: usize) -> &'s Place {
    step.spots.get(spot).map_or(&step.place, |spot| &spot.place)
}

/// What people call the platform.
pub fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Make => "Make",
        Platform::N8n => "n8n",
        Platform::Zapier => "Zapier",
        Platform::File => "the program",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_people_write_them() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(some(&["a", "b"], 2), "a and b");
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(2, "step"), "2 steps");
    }
}
