//! Triggers that fetch people's data from a vendor at intervals.

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::EntryBy;
use crate::vendor::VendorKind;

/// See [`META`].
pub struct PollingPlainPersonalData;

static META: Meta = Meta {
    id: "polling-plain-personal-data",
    title: "Fetches people's data as it is",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "A trigger of the platform that asks an HR system, CRM, mailbox or form service for news at intervals.",
    why: "The platform's own trigger brings whole records into the platform, where they stay in the execution log. Nothing can replace the values by tokens on that way.",
    remedy: "Let the vendor send a webhook to the gateway, which hands tokens on to the scenario.\n\nBefore:\n    Greenhouse › Watch candidates, every 15 minutes\n\nAfter, in vestibule.toml:\n    [in.greenhouse-events]\n    path = \"/greenhouse-events\"\n    secret = \"env:GREENHOUSE_EVENTS_SECRET\"\n    deliver = { workflow = \"candidates\", url = \"env:GREENHOUSE_EVENTS_HOOK\" }",
    leaves_out: "Triggers of stores and spreadsheets, which may hold anything; triggers by webhook.",
    requirements: &["R7", "R80", "R66"],
};

impl Check for PollingPlainPersonalData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(entry) = step.entry().filter(|entry| entry.by == EntryBy::Polling && !step.disabled) else { continue };
            let Some(vendor) = cx.facts.step(index).and_then(|facts| facts.vendor) else { continue };
            let what = match vendor.kind {
                VendorKind::Hr => "people's records",
                VendorKind::Crm => "contacts",
                VendorKind::Mail => "whole e-mails",
                VendorKind::Forms => "what people entered",
                _ => continue,
            };
            let name = crate::remedy::workflow_name(cx.scenario);
            let message = format!(
                "The trigger fetches {what} from {} as they are; they stay in the platform's log of each run.",
                vendor.name
            );
            let remedy = format!(
                "If {} can send webhooks, let it post to the gateway and start the scenario from there, with tokens:\n{}\nOtherwise narrow the trigger to the fields and records that the scenario needs.",
                vendor.name,
                crate::remedy::route_in(&format!("{}-events", vendor.id), &name)
            );
            cx.report(Draft::new(&META, &entry.place, message, remedy).step(step));
        }
    }
}
