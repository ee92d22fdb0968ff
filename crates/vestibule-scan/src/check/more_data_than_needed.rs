//! Whole records that are passed on, and more kinds of data than such a destination needs.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::Reach;
use crate::vendor::VendorKind;

/// See [`META`].
pub struct MoreDataThanNeeded;

static META: Meta = Meta {
    id: "more-data-than-needed",
    title: "More is passed on than needed",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "A step that passes on everything a person sent, such as the whole body of a webhook or the whole record of an HR system; or a chat, mail or calendar step with many more kinds of personal data than such a step needs.",
    why: "With the whole record goes whatever the form or vendor adds to it later: a new question about health is passed on the day it is asked, and nobody decides it.",
    remedy: "Map the fields that the destination needs, one by one, or let the gateway pass on only what a rule names.\n\nBefore:\n    body: {{ JSON.stringify($json.body) }}\n\nAfter:\n    body: { \"job\": \"{{ $json.body.job_id }}\", \"email\": \"{{ $json.body.email }}\" }",
    leaves_out: "Whole answers of other steps, whose content the file does not show; systems of record (HR, CRM, stores), which may need many fields.",
    requirements: &["R95", "R96", "R86", "R80"],
};

impl Check for MoreDataThanNeeded {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index).filter(|facts| !facts.through_gateway) else { continue };
            if let Some((spot, source)) = facts.whole {
                let from = cx.scenario.steps.get(source).map(words::called).unwrap_or_default();
                let message =
                    format!("Passes on the whole record of {from} to {}, whatever is in it.", words::destination(cx, index));
                let remedy = "Map the fields that are needed there one by one. If the source posts to the gateway, `otherwise = \"drop\"` keeps everything back that no rule names, also what is added later.";
                let severity = if step.reach == Reach::Orphan { Severity::Low } else { META.severity };
                cx.report(Draft::new(&META, words::place(step, spot), message, remedy).step(step).severity(severity));
                continue;
            }
            let (Some(vendor), Some(first)) = (facts.vendor, facts.sent.first()) else { continue };
            let needs = match vendor.kind {
                VendorKind::Messaging => 4,
                VendorKind::Calendar => 4,
                VendorKind::Mail => 5,
                _ => continue,
            };
            let kinds = words::kinds(&facts.sent);
            if kinds > needs {
                let message = format!(
                    "Passes on {kinds} kinds of personal data to {}, {} that rarely needs more than {needs}.",
                    vendor.name,
                    vendor.kind.as_str()
                );
                let remedy = "Leave out what the reader does not need, and link to the record in the HR system instead: a link opens only for those who may see it.";
                cx.report(Draft::new(&META, words::place(step, first.spot), message, remedy).step(step).severity(Severity::Low));
            }
        }
    }
}
