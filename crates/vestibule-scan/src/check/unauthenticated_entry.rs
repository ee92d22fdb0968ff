//! Ways into a scenario that ask for no credential: webhooks, forms, chats, MCP servers.

use memchr::memmem;

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::{Entry, EntryBy, Platform, Protection, Role, Scenario};

/// See [`META`].
pub struct UnauthenticatedEntry;

static META: Meta = Meta {
    id: "unauthenticated-entry",
    title: "Anybody who knows the address can start it",
    severity: Severity::High,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A webhook, form, chat or MCP server that starts the scenario without asking for a credential, a signature or a known sender. Chats and MCP servers weigh most, because a stranger speaks to an agent with tools; forms weigh least, because they are often meant for everybody.",
    why: "The address is all it takes, and addresses leak: in logs, in browsers, in the settings of the sender. A stranger can then send made-up candidates, instructions to an agent, or a flood that uses up your operations.",
    remedy: "Let the source post to the gateway, which checks its signature and drops repetitions, and ask for a key at the platform, which only the gateway has.\n\nBefore:\n    source -> https://n8n.example.com/webhook/applications\n\nAfter, in vestibule.toml:\n    [in.applications]\n    path = \"/applications\"\n    secret = \"env:APPLICATIONS_SECRET\"\n    deliver = { workflow = \"applications\", url = \"env:APPLICATIONS_HOOK\", header = { name = \"x-hook-key\", value = \"env:APPLICATIONS_HOOK_KEY\" } }",
    leaves_out: "Protection outside the file: a proxy or a firewall in front of the platform. Where a later step seems to check a signature or key by itself, the finding stays, with low confidence. Make's webhooks are told as `entry-protection-unknown`, unless a saved account says how they are set.",
    requirements: &["R69", "R72", "R76", "R3"],
};

impl Check for UnauthenticatedEntry {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let mut checks = None;
        for step in &cx.scenario.steps {
            let Some(entry) = step.entry().filter(|entry| entry.protection == Protection::Open) else { continue };
            let (what, severity) = match entry.by {
                EntryBy::Chat => {
                    ("The chat answers everybody who knows its address, and passes on what they write", Severity::High)
                }
                EntryBy::Mcp => ("The MCP server offers its tools to everybody who knows its address", Severity::High),
                EntryBy::Form => ("The form takes entries from everybody who knows its address, programs too", Severity::Low),
                EntryBy::Webhook | EntryBy::AppWebhook => {
                    ("The webhook takes requests from everybody who knows its address", webhook(cx))
                }
                _ => continue,
            };
            let by_itself = matches!(entry.by, EntryBy::Webhook) && *checks.get_or_insert_with(|| checks_itself(cx.scenario));
            let (severity, note) = match (step.disabled, by_itself) {
                (true, _) => (Severity::Low, " It is switched off at present."),
                (false, true) => (
                    severity,
                    " A later step seems to check a key or signature by itself; look whether it does so before anything else happens.",
                ),
                (false, false) => (severity, ""),
            };
            let confidence = if by_itself { Confidence::Low } else { META.confidence };
            let draft = Draft::new(&META, &entry.place, format!("{what}.{note}"), remedy(cx.scenario.platform, entry)).step(step);
            cx.report(draft.severity(severity).confidence(confidence));
        }
    }
}

/// Personal data behind an open webhook weighs more.
fn webhook(cx: &Context<'_, '_>) -> Severity {
    if cx.facts.personal { META.severity } else { Severity::Medium }
}

/// Code that computes a MAC, a step that does, or a condition on a header that proves the sender.
fn checks_itself(scenario: &Scenario<'_>) -> bool {
    const PROOFS: [&str; 8] = [
        "createHmac",
        "timingSafeEqual",
        "x-signature",
        "x-hub-signature",
        "headers.authorization",
        "headers[\"authorization\"]",
        "headers['authorization']",
        "headers[\"x-",
    ];
    scenario.steps.iter().any(|step| {
        step.module.ends_with(".crypto")
            || step.spots.iter().any(|spot| {
                let text = spot.value.as_bytes();
                matches!(spot.role, Role::Code | Role::Condition)
                    && PROOFS.iter().any(|proof| memmem::find(text, proof.as_bytes()).is_some())
            })
    })
}

fn remedy(platform: Platform, entry: &Entry) -> String {
    let gateway =
        "Then let the source post to the gateway (`[in.NAME]`), which checks who sends, drops repetitions and hands tokens on.";
    let here = match (platform, entry.by) {
        (Platform::N8n, EntryBy::Chat) => {
            "In n8n, open the chat trigger and set “Authentication” to n8n User Auth or Basic Auth, or switch “Make Chat Publicly Available” off."
        }
        (Platform::N8n, EntryBy::Mcp) => {
            "In n8n, open the MCP trigger and set “Authentication” to Bearer Auth or Header Auth; give each client a key of its own."
        }
        (Platform::N8n, EntryBy::Form) => {
            "If the form is not meant for everybody, open the form trigger in n8n and set “Authentication” to Basic Auth; otherwise check what it takes before anything else happens."
        }
        (Platform::N8n, _) => {
            "In n8n, open the webhook and set “Authentication” to Header Auth or JWT Auth, with a credential that only the sender has."
        }
        (Platform::Make, _) => {
            "In Make, open the webhook's settings and add an API key under “API Key authentication”, which callers send as `x-make-apikey`."
        }
        (Platform::Zapier, _) => {
            "Zapier's catch hooks ask for nothing: their address is their only key. Give it to the gateway alone, and let the first step be a filter on a field that the gateway sets."
        }
        (Platform::File, _) => "Ask for a credential.",
    };
    format!("{here} {gateway}")
}
