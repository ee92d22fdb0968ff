//! Personal fields that a step sends to an AI vendor.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::Kind;
use crate::remedy;
use crate::vendor::VendorKind;

/// See [`META`].
pub struct PersonalDataToAi;

static META: Meta = Meta {
    id: "personal-data-to-ai",
    title: "Personal data goes to an AI vendor",
    severity: Severity::High,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy, Persona::Builder],
    what: "A step that sends fields about people to an AI vendor or an agent: as part of a prompt, a file or a field.",
    why: "AI vendors keep what they are sent, for days at least, and some learn from it. What is in a prompt can also come out again elsewhere in an answer. For decisions about applicants, further rules apply.",
    remedy: "Send tokens: a model can sort, summarise and compare without knowing who it is. Put the names back afterwards, through the gateway.\n\nBefore:\n    Summarise the application of {{1.name}}, {{1.email}}\n\nAfter:\n    Summarise the application of {{1.name}}   (a token)   via https://gate.example.com/out/openai/…, with no `reveal` in the grant",
    leaves_out: "What stands inside texts and files that are passed as a whole, such as a letter or a CV under a name that says nothing; and models on a server of your own are told like others.",
    requirements: &["R9", "R80", "R14", "R95"],
};

impl Check for PersonalDataToAi {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index) else { continue };
            let is_ai = facts.vendor.is_some_and(|vendor| vendor.kind == VendorKind::Ai);
            let (true, Some(first)) = (is_ai, facts.sent.first()) else { continue };
            let message = format!(
                "Sends {}{} to {}.",
                words::categories(&facts.sent),
                words::from(cx, &facts.sent),
                words::destination(cx, index)
            );
            let through = matches!(step.kind, Kind::Request(_)).then(|| remedy::through(step, cx.settings)).flatten();
            let remedy = match (through, facts.vendor.and_then(|vendor| vendor.host)) {
                (Some(through), _) => format!(
                    "Let the prompt hold tokens: the source posts to the gateway, and this step calls `{}`. The grant opens nothing:\n{}\n{}",
                    through.shown(),
                    through.section(remedy::Proof::Bearer),
                    through.grant(cx.scenario, step, None)
                ),
                (None, Some(host)) => format!(
                    "Let the prompt hold tokens: let the source post to the gateway. This module cannot be moved behind the gateway; {} can: call `{}/out/{}/…` in place of `https://{host}/…`, with a grant that opens nothing.",
                    remedy::http_step(cx.scenario.platform),
                    cx.settings.gateway.trim_end_matches('/'),
                    remedy::route_name(host)
                ),
                (None, None) => "Let the prompt hold tokens: let the source post to the gateway, and put the values back after the model has answered, in an HTTP step through the gateway.".to_owned(),
            };
            cx.report(Draft::new(&META, words::place(step, first.spot), message, remedy).step(step));
        }
    }
}
