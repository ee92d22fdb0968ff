//! Requests with a credential or personal data that go straight to their vendor.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{Auth, Kind, Platform, Step};
use crate::remedy::{self, Through};

/// Requests that one finding names with their new address.
const MOST: usize = 5;

/// See [`META`].
pub struct BypassesGateway;

static META: Meta = Meta {
    id: "bypasses-gateway",
    title: "Requests that could go through the gateway",
    severity: Severity::Info,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "HTTP requests with a credential or personal data that call a vendor directly, with the address to use instead; one finding for each scenario.",
    why: "The gateway can neither limit nor record what goes past it, and the platform holds the credential.",
    remedy: "Move the requests behind the gateway, by hand or with `vestibule scan --rewire OUT --gateway https://gate.example.com FILE`.\n\nBefore:\n    https://api.hubapi.com/crm/v3/objects/contacts\n\nAfter:\n    https://gate.example.com/out/hubspot/crm/v3/objects/contacts",
    leaves_out: "Requests without a credential and without personal data, requests to your own network and to computed hosts, and those that go through the gateway already. Vendors' modules are told as `personal-data-to-native-module`.",
    requirements: &["R2", "R3", "R32", "R37"],
};

impl Check for BypassesGateway {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let mut found: Vec<(&Step<'_>, Through)> = Vec::new();
        let mut count = 0;
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let (Kind::Request(request), Some(facts)) = (&step.kind, cx.facts.step(index)) else { continue };
            let worth = facts.holds_credential || !facts.sent.is_empty() || matches!(request.auth, Auth::Stored | Auth::Inline);
            let public = facts.address.is_some_and(|address| !address.is_private());
            if !worth || !public || facts.through_gateway || facts.secret_address {
                continue;
            }
            if found.len() >= MOST {
                count += 1;
                continue;
            }
            if let Some(through) = remedy::through(step, cx.settings) {
                count += 1;
                found.push((step, through));
            }
        }
        let Some((step, url)) = found.first().and_then(|(step, _)| Some((*step, step.url()?))) else { return };
        let names: Vec<String> = found.iter().map(|(step, _)| words::called(step)).collect();
        let more = if count > found.len() { format!(" and {} more", count - found.len()) } else { String::new() };
        let message = format!(
            "{} past the gateway with a credential or personal data: {}{more}.",
            if count == 1 { "A request goes".to_owned() } else { format!("{count} requests go") },
            words::list(&names)
        );
        let mut text = moves(cx.scenario.platform, cx.settings.gateway);
        for (step, through) in &found {
            text.push_str(&format!("\n    {}: {}", words::called(step), through.shown()));
        }
        cx.report(Draft::new(&META, &url.place, message, text).step(step));
    }
}

/// How the steps are moved; Zaps cannot be rewired by file.
fn moves(platform: Platform, gateway: &str) -> String {
    match platform {
        Platform::Make | Platform::N8n => format!(
            "Move them behind the gateway with `vestibule scan --rewire OUT --gateway {gateway} FILE`, or put these addresses into the steps:"
        ),
        Platform::Zapier | Platform::File => "Put these addresses into the steps, with a workflow key:".to_owned(),
    }
}
