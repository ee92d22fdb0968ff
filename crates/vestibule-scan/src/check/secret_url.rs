//! Addresses that are themselves the key: incoming webhooks of Slack, Discord, Make, Zapier and others.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::Platform;
use crate::vendor;

/// See [`META`].
pub struct SecretUrl;

static META: Meta = Meta {
    id: "secret-url",
    title: "Webhook address that is itself the key",
    severity: Severity::High,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "The address of an incoming webhook, such as those of Slack, Discord, Microsoft Teams, Make and Zapier, typed into a step or a file.",
    why: "Whoever knows such an address can post to the channel or start the scenario, in your name and with any content. It does not look like a key, so it is shared like a link.",
    remedy: "Make a new webhook and delete the old one. Keep the new address out of the scenario: the vendor's own module with a connection needs none, and for your own webhooks let the gateway deliver.\n\nBefore:\n    URL  https://hook.eu1.make.com/…\n\nAfter, in vestibule.toml:\n    [in.applications]\n    path = \"/applications\"\n    secret = \"env:APPLICATIONS_SECRET\"\n    deliver = { workflow = \"candidate-intake\", url = \"env:MAKE_HOOK\" }",
    leaves_out: "Addresses that the platform computes, and webhook addresses of systems that this program does not know.",
    requirements: &["R69", "R40", "R52", "R53"],
};

impl Check for SecretUrl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::SecretUrl) {
            let stands = credentials::stands(credential, spot);
            let message = format!(
                "{stands} holds an address that is itself a key ({}: {}): whoever knows it can use it.",
                credential.label, credential.shown
            );
            let remedy = remedy(cx.scenario.platform, credential.vendor);
            credentials::report(cx, &META, (credential, step, spot), META.severity, sentence(message), remedy);
        }
    }
}

fn remedy(platform: Platform, id: Option<&str>) -> String {
    let vendor = id.and_then(vendor::by_id);
    match (id, platform) {
        (Some("make" | "zapier" | "n8n-cloud"), _) => format!(
            "Make a new webhook, and let the gateway deliver to it instead of this step: then the address stands in the gateway's secrets only, and what is delivered is signed and holds tokens.\n{}\nDelete the old webhook.",
            crate::remedy::route_in("my-source", "my-scenario")
        ),
        (_, Platform::File) => "Make a new webhook at the vendor and delete the old one. Keep the new address in a secret manager or an environment variable, not in this file.".to_owned(),
        (_, platform) => {
            let name = vendor.map_or("the vendor", |vendor| vendor.name);
            format!(
                "Delete this webhook at {name} and post through {name}'s own module in {}, with a connection, instead of an address: a connection can be withdrawn and does not stand in exports.",
                super::words::platform(platform)
            )
        }
    }
}

fn sentence(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
