//! Webhooks whose protection the file cannot show.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{EntryBy, Platform, Protection, Role};

/// See [`META`].
pub struct EntryProtectionUnknown;

static META: Meta = Meta {
    id: "entry-protection-unknown",
    title: "The file does not show who may start it",
    severity: Severity::Low,
    confidence: Confidence::High,
    personas: &[Persona::Security],
    what: "A webhook of its own, such as Make's custom webhook, in a file that does not hold its settings.",
    why: "Make's blueprints do not say whether a webhook asks for an API key or limits addresses. Most do neither, so the absence of a finding would be no comfort.",
    remedy: "Look at the webhook's settings, or scan the account instead of the file: `vestibule scan --account make` asks Make for each hook.\n\nBefore:\n    Webhooks › your hook › Settings: no API key\n\nAfter:\n    Webhooks › your hook › Settings › API Key authentication: one key, which only the gateway has",
    leaves_out: "Webhooks that an app of the platform registers at its vendor: nobody can set a key for them.",
    requirements: &["R69", "R114", "R76"],
};

impl Check for EntryProtectionUnknown {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for step in &cx.scenario.steps {
            let unseen = |entry: &&crate::model::Entry| entry.protection == Protection::Unseen && entry.by == EntryBy::Webhook;
            let Some(entry) = step.entry().filter(unseen) else { continue };
            let platform = words::platform(cx.scenario.platform);
            let number = step.spots.iter().find(|spot| spot.name == "hook" && spot.role != Role::Label && is_number(&spot.value));
            let hook = number.map_or_else(|| "this hook".to_owned(), |spot| format!("hook {}", spot.value));
            let message = format!("The file does not say whether the webhook asks for a key: ask the {platform} API for {hook}.");
            let remedy = match cx.scenario.platform {
                Platform::Make => format!(
                    "In Make, open Webhooks, choose {hook} and look at its settings: add an API key under “API Key authentication”. Or run `vestibule scan --account make`, which asks for all hooks at once. Then let only the gateway have the key:\n    deliver = {{ workflow = \"{}\", url = \"env:MAKE_HOOK\", header = {{ name = \"x-make-apikey\", value = \"env:MAKE_HOOK_KEY\" }} }}",
                    crate::remedy::workflow_name(cx.scenario)
                ),
                _ => "Look at the settings of the webhook in the platform, or scan the account instead of the file.".to_owned(),
            };
            cx.report(Draft::new(&META, &entry.place, message, remedy).step(step));
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
