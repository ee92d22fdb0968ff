//! Placeholders that stand where a credential belongs.

use super::credentials::{self, Verdict};
use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};

/// Names that one message lists.
const MOST: usize = 6;

/// See [`META`].
pub struct PlaceholderLeft;

static META: Meta = Meta {
    id: "placeholder-left",
    title: "Placeholder where a key belongs",
    severity: Severity::Info,
    confidence: Confidence::High,
    personas: &[Persona::Builder],
    what: "A text such as `YOUR_API_KEY` where a credential belongs; one finding for each step.",
    why: "The step does not work yet, and whoever completes it is invited to type a key into the scenario. That is how keys get into exports.",
    remedy: "Do not replace the placeholder by a key: call the vendor through the gateway, which adds it.\n\nBefore:\n    Authorization  Bearer YOUR_API_KEY\n\nAfter:\n    Authorization  Bearer <workflow key>, kept in the platform's credential store",
    leaves_out: "Placeholders in other fields, such as addresses and names.",
    requirements: &["R40", "R54"],
};

impl Check for PlaceholderLeft {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let all: Vec<_> = credentials::with(cx, Verdict::Placeholder).collect();
        for of_step in all.chunk_by(|(one, ..), (next, ..)| one.step == next.step) {
            let Some((first, step, _)) = of_step.first() else { continue };
            let mut names: Vec<String> =
                of_step.iter().map(|(credential, _, spot)| credentials::stands(credential, spot)).collect();
            names.dedup();
            let message = format!("A placeholder stands where a credential belongs: {}.", words::some(&names, MOST));
            let remedy = "Complete the step without typing a key: keep the key in the gateway or in the platform's credential store and choose it in the step.";
            cx.report(Draft::new(&META, &first.place, message, remedy).step(step).confidence(first.confidence));
        }
    }
}
