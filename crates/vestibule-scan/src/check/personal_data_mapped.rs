//! Personal fields that a step sends on: an edge of the data map.

use super::{Check, Context, Draft, Meta, Persona, Sent, words};
use crate::finding::{Confidence, Severity};
use crate::model::{Kind, Step};
use crate::remedy;
use crate::vendor::VendorKind;

/// Kinds of data with which somebody can act in a person's name, or that weigh on them.
const GRAVE: [&str; 7] = ["national_id", "tax_id", "passport", "drivers_license", "bank_account", "salary", "date_of_birth"];

/// See [`META`].
pub struct PersonalDataMapped;

static META: Meta = Meta {
    id: "personal-data-mapped",
    title: "Personal data is passed on",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "A step that sends fields about people to a vendor, a store or the caller: one finding for each step, with the kinds of data by their fideslang keys, where they come from and where they go.",
    why: "This is a line of your data map. The values pass the platform as they are and stay in the log of each run. Identity numbers, bank accounts, pay and dates of birth weigh more.",
    remedy: "Let the source post to the gateway, so that the scenario holds tokens, and let the step call the vendor through the gateway, which puts the values back only where a grant names the place.\n\nBefore:\n    POST https://harvest.greenhouse.io/v1/candidates   { \"email\": {{1.email}} }\n\nAfter:\n    POST https://gate.example.com/out/greenhouse/v1/candidates   { \"email\": {{1.email}} }   (a token)\n    [out.greenhouse]\n    to = \"https://harvest.greenhouse.io\"\n    [[out.greenhouse.grant]]\n    workflow = \"candidate-intake\"\n    call = \"POST /v1/candidates\"\n    reveal = { \"email\" = \"email\" }",
    leaves_out: "What a field holds is judged by its name: values under names that say nothing are not seen, and tokens of the gateway are not told from values, because a file shows neither. AI vendors are told as `personal-data-to-ai`, special categories as `special-category-mapped`. Steps that call through the gateway are left out.",
    requirements: &["R15", "R16", "R18", "R80", "R95", "R4"],
};

impl Check for PersonalDataMapped {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index).filter(|facts| !facts.sent.is_empty()) else { continue };
            if facts.vendor.is_some_and(|vendor| vendor.kind == VendorKind::Ai) {
                continue;
            }
            let ordinary: Vec<Sent> = facts.sent.iter().filter(|sent| !sent.category.special).copied().collect();
            let Some(first) = ordinary.first() else { continue };
            let grave = ordinary.iter().any(|sent| GRAVE.contains(&sent.category.alias));
            let verb = if matches!(step.kind, Kind::App { reads: Some(true) }) { "Looks up by" } else { "Passes on" };
            let message = format!(
                "{verb} {}{} to {}.",
                words::categories(&ordinary),
                words::from(cx, &ordinary),
                words::destination(cx, index)
            );
            let draft = Draft::new(&META, words::place(step, first.spot), message, remedy(cx, step)).step(step);
            cx.report(draft.severity(if grave { Severity::Medium } else { META.severity }));
        }
    }
}

fn remedy(cx: &Context<'_, '_>, step: &Step<'_>) -> String {
    match &step.kind {
        Kind::Reply => "Answer with what the caller needs to go on, such as an id or “received”, and leave the person's data out.".to_owned(),
        Kind::Request(_) => match remedy::through(step, cx.settings) {
            Some(through) => format!(
                "Send the same request, with tokens in place of the values, to `{}`. The source posts to the gateway, which hands the tokens on; for this call it puts the values back:\n{}\n{}",
                through.shown(),
                through.section(remedy::Proof::None),
                through.grant(cx.scenario, step, Some(|category| !category.special))
            ),
            None => "Write the host into the step, so that it can have a route through the gateway, and send tokens in place of the values.".to_owned(),
        },
        _ => "Pass only the fields that are needed there, and let the source post to the gateway, so that the fields hold tokens; see `personal-data-to-native-module` for what replaces the step.".to_owned(),
    }
}
