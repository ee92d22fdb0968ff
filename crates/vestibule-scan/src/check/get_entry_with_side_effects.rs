//! Webhooks that answer GET and change something.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{EntryBy, Kind, Step};

/// See [`META`].
pub struct GetEntryWithSideEffects;

static META: Meta = Meta {
    id: "get-entry-with-side-effects",
    title: "Opening a link changes something",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Builder, Persona::Security],
    what: "A webhook that takes GET requests and leads to a step that writes, sends or deletes.",
    why: "Links are opened by more than people: mail scanners, chat previews and browsers fetch them ahead. Each of them runs the scenario. And what is sent with GET stands in the address, so in logs and histories.",
    remedy: "Take POST only, and let a link lead to a page with a button that posts.\n\nBefore:\n    HTTP Method: GET\n\nAfter:\n    HTTP Method: POST",
    leaves_out: "Webhooks whose method the file does not say, and those behind which nothing is written.",
    requirements: &["R71", "R114"],
};

impl Check for GetEntryWithSideEffects {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let steps = &cx.scenario.steps;
        let by_get = |step: &Step<'_>| {
            let get = |entry: &crate::model::Entry| {
                entry.by == EntryBy::Webhook && matches!(entry.method.as_deref(), Some("GET" | "ANY"))
            };
            !step.disabled && step.entry().is_some_and(get)
        };
        if !steps.iter().any(by_get) {
            return;
        }
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
        for (from, to) in &cx.scenario.links {
            if let Some(list) = after.get_mut(*from) {
                list.push(*to);
            }
        }
        // each step is given to the first entry that reaches it, so that all entries together cost one walk
        let mut seen = vec![false; steps.len()];
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| by_get(step)) {
            let Some(entry) = step.entry() else { continue };
            let Some(effect) = first_effect(steps, &after, &mut seen, index) else { continue };
            let message = format!(
                "The webhook takes GET requests, and {} behind it changes something: whatever opens the link runs it.",
                words::called(effect)
            );
            let remedy = "Set the webhook's method to POST and let the caller post. If people have to click a link, let it lead to a page with a button.";
            let method = step.spots.iter().find(|spot| spot.name == "httpMethod");
            let place = method.map_or(&entry.place, |spot| &spot.place);
            cx.report(Draft::new(&META, place, message, remedy).step(step));
        }
    }
}

fn first_effect<'s, 'd>(steps: &'s [Step<'d>], after: &[Vec<usize>], seen: &mut [bool], from: usize) -> Option<&'s Step<'d>> {
    let mut open = vec![from];
    let mut effect = None;
    while let Some(at) = open.pop() {
        for next in after.get(at).into_iter().flatten() {
            let Some(seen) = seen.get_mut(*next).filter(|seen| !**seen) else { continue };
            *seen = true;
            if effect.is_none() {
                effect = steps.get(*next).filter(|step| changes(step));
            }
            open.push(*next);
        }
    }
    effect
}

fn changes(step: &Step<'_>) -> bool {
    match &step.kind {
        Kind::App { reads } => *reads == Some(false) && !step.disabled,
        Kind::Request(request) => {
            matches!(request.method.as_deref(), Some("POST" | "PUT" | "PATCH" | "DELETE")) && !step.disabled
        }
        _ => false,
    }
}
