//! What comes in: which entries can be put behind the gateway, and which fields of their events the scenario uses.

use std::collections::{BTreeMap, BTreeSet};

use vestibule_core::document::{FieldPath, Matcher, Step as PathStep};

use crate::expression::{self, Reference};
use crate::model::{Entry, EntryBy, Kind, Platform, Role, Scenario, Step};
use crate::personal;
use crate::vendor;

/// Whether events can be sent to the gateway first: the sender posts them to an address.
pub(super) fn comes_in(entry: &Entry) -> bool {
    matches!(entry.by, EntryBy::Webhook | EntryBy::AppWebhook)
}

/// Why a step that carries personal data stays outside the gateway; `None` where it carries none, or can be moved.
pub(super) fn outside(scenario: &Scenario<'_>, index: usize, step: &Step<'_>) -> Option<String> {
    let by_step = || vendor::by_module(scenario.platform, &step.module).map_or("the vendor", |vendor| vendor.name);
    let reads_people = || fields(scenario, index).values().any(Option::is_some);
    match &step.kind {
        Kind::Entry(entry) => match entry.by {
            EntryBy::Form => Some("the form is the platform's own: use a form that posts to the gateway".to_owned()),
            EntryBy::Chat | EntryBy::Mcp => Some("its callers speak to the platform itself".to_owned()),
            EntryBy::Mail => Some("mail goes to the platform itself: let the sender post to the gateway".to_owned()),
            EntryBy::Polling if reads_people() => {
                Some(format!("it fetches people from {} in the clear: let {0} send webhooks to the gateway", by_step()))
            }
            _ => None,
        },
        Kind::App { reads: Some(true) } if reads_people() => Some(format!(
            "it fetches people from {} in the clear: call it through the gateway by HTTP, with `answer` rules",
            by_step()
        )),
        Kind::App { reads } if *reads != Some(true) && sends_people(scenario, step) => Some(format!(
            "it sends personal data to {} past the gateway: replace it with an HTTP step through the gateway",
            by_step()
        )),
        _ => None,
    }
}

/// The fields of an event that the scenario uses, by path, with the alias of their category; `None` where they are no personal data.
pub(super) fn fields(scenario: &Scenario<'_>, entry: usize) -> BTreeMap<String, Option<&'static str>> {
    let Some(id) = scenario.steps.get(entry).map(|step| &step.id) else {
        return BTreeMap::new();
    };
    let next: BTreeSet<usize> = scenario.links.iter().filter(|link| link.0 == entry).map(|link| link.1).collect();
    let mut found: Vec<(FieldPath, Option<&'static str>)> = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        for spot in &step.spots {
            let references = match spot.role {
                Role::Code => expression::references(scenario.platform, &spot.value),
                _ if spot.dynamic => expression::used(scenario.platform, &spot.value),
                _ => continue,
            };
            let of_entry = |reference: &Reference<'_>| match &reference.step {
                Some(step) => step == id,
                None => next.contains(&index),
            };
            found.extend(
                references
                    .iter()
                    .filter(|reference| of_entry(reference))
                    .filter_map(|reference| field(scenario.platform, reference)),
            );
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    let parents: Vec<FieldPath> = found.iter().map(|(path, _)| path.clone()).collect();
    let holds_others = |path: &FieldPath| {
        let depth = path.steps().len();
        parents.iter().any(|other| other.steps().len() > depth && other.steps().get(..depth) == Some(path.steps()))
    };
    // a group of which fields are named is no field itself
    found.retain(|(path, category)| category.is_some() || !holds_others(path));
    let mut taken = Vec::new();
    found.retain(|(path, _)| {
        taken.push(path.clone());
        let fits = Matcher::compile(&taken).is_ok();
        if !fits {
            taken.pop();
        }
        fits
    });
    found.into_iter().map(|(path, category)| (path.to_string(), category)).collect()
}

fn field(platform: Platform, reference: &Reference<'_>) -> Option<(FieldPath, Option<&'static str>)> {
    let mut names = reference.field.as_slice();
    if platform == Platform::N8n {
        // n8n puts the event below `body`, beside headers and query
        match names.split_first() {
            Some((first, rest)) if first == "body" => names = rest,
            Some((first, _)) if matches!(first.as_ref(), "headers" | "query" | "params" | "binary" | "webhookUrl") => {
                return None;
            }
            _ => {}
        }
    }
    if names.is_empty() || names.len() > 16 || names.iter().any(|name| name.is_empty()) {
        return None;
    }
    let path = FieldPath::from_steps(names.iter().map(|name| PathStep::Member(name.to_string())).collect());
    Some((path, personal::category_of(names).map(|category| category.alias)))
}

fn sends_people(scenario: &Scenario<'_>, step: &Step<'_>) -> bool {
    step.spots.iter().filter(|spot| spot.dynamic && spot.leaves()).any(|spot| {
        let used = expression::used(scenario.platform, &spot.value);
        used.iter().any(|reference| super::places::category_of(reference, &spot.name).is_some())
    })
}
