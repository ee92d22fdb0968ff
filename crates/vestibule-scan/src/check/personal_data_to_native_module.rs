//! Vendors' own modules that get personal data as it is: a way the gateway cannot protect.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{Kind, Step};
use crate::remedy;
use crate::vendor::{Vendor, VendorKind};

/// Modules that one finding names.
const MOST: usize = 8;

/// See [`META`].
pub struct PersonalDataToNativeModule;

static META: Meta = Meta {
    id: "personal-data-to-native-module",
    title: "Personal data bypasses the gateway in a vendor's module",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "Modules of vendors (HubSpot, Slack, Gmail, Google Sheets, …) that get personal data as it is; one finding for each scenario, with what replaces each module.",
    why: "A vendor's own module talks to the vendor directly. To let it work, the scenario must hold the real values, so the platform and its logs hold them too; the gateway can neither limit nor record what goes out.",
    remedy: "Replace the module by an HTTP step that calls the same interface through the gateway, and let the source post to the gateway. Modules that need no real values, such as a chat message “a new application has come in”, can stay and get tokens.\n\nBefore:\n    HubSpot › Create a contact (connection)\n\nAfter:\n    HTTP › Make a request: POST https://gate.example.com/out/hubspot/crm/v3/objects/contacts",
    leaves_out: "Modules that only read, stores of the platform itself, and AI vendors, which are told as `personal-data-to-ai`.",
    requirements: &["R80", "R66", "R4", "R95"],
};

impl Check for PersonalDataToNativeModule {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let mut found: Vec<(&Step<'_>, &'static Vendor, usize)> = Vec::new();
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index) else { continue };
            let (Some(vendor), Some(first)) = (facts.vendor, facts.sent.first()) else { continue };
            let sends = matches!(step.kind, Kind::App { reads } if reads != Some(true));
            let own = matches!(vendor.id, "make-datastore" | "zapier-tables" | "n8n-datatable");
            if sends && !own && vendor.kind != VendorKind::Ai {
                found.push((step, vendor, first.spot));
            }
        }
        let Some((step, _, spot)) = found.first() else { return };
        let names: Vec<String> =
            found.iter().map(|(step, vendor, _)| format!("{} ({})", words::called(step), vendor.name)).collect();
        let message = format!(
            "{} personal data as it is, past the gateway: {}.",
            if found.len() == 1 { "A vendor's module gets".to_owned() } else { format!("{} vendors' modules get", found.len()) },
            words::some(&names, MOST)
        );
        let remedy = remedy(cx, &found);
        cx.report(Draft::new(&META, words::place(step, *spot), message, remedy).step(step));
    }
}

fn remedy(cx: &Context<'_, '_>, found: &[(&Step<'_>, &'static Vendor, usize)]) -> String {
    let gateway = cx.settings.gateway.trim_end_matches('/');
    let name = remedy::workflow_name(cx.scenario);
    let mut text = format!(
        "Let the source post to the gateway, so that the scenario holds tokens:\n{}\nThen replace the modules that need the real values by {}:",
        remedy::route_in(&name, &name),
        remedy::http_step(cx.scenario.platform),
    );
    let mut told: Vec<&str> = Vec::new();
    for (_, vendor, _) in found.iter().take(MOST) {
        if told.contains(&vendor.id) {
            continue;
        }
        told.push(vendor.id);
        let line = match vendor.host {
            Some(host) => {
                format!("\n    {}: {gateway}/out/{}/… in place of https://{host}/…", vendor.name, remedy::route_name(host))
            }
            None => format!("\n    {}: cannot be moved; give it tokens, or nothing", vendor.name),
        };
        text.push_str(&line);
    }
    text
}
