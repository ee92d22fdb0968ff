//! Special categories of personal data that a step sends on: health, beliefs, origin, convictions and the like.

use super::{Check, Context, Draft, Meta, Persona, Sent, words};
use crate::finding::{Confidence, Severity};
use crate::model::Kind;
use crate::remedy;

/// See [`META`].
pub struct SpecialCategoryMapped;

static META: Meta = Meta {
    id: "special-category-mapped",
    title: "Especially protected data is passed on",
    severity: Severity::High,
    confidence: Confidence::Medium,
    personas: &[Persona::Privacy],
    what: "A step that sends data of the special categories of the GDPR (Articles 9 and 10): health, disability, religion, origin, sexual orientation, political opinion, union membership, biometric data, convictions.",
    why: "The law forbids their use unless a narrow exception applies, and a leak harms people most. In an automation they also stay in the log of each run.",
    remedy: "Take the field out of the scenario. If it must go on, only as a token, to the one system that needs it.\n\nBefore:\n    { \"disability\": {{1.disability}} } to a spreadsheet\n\nAfter, in vestibule.toml:\n    fields = { \"disability\" = \"disability\" }   # a token from the gateway on, opened for the HR system only",
    leaves_out: "What stands in free text, such as a letter or an e-mail; fields are judged by their names.",
    requirements: &["R12", "R14", "R9", "R80"],
};

impl Check for SpecialCategoryMapped {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index) else { continue };
            let special: Vec<Sent> = facts.sent.iter().filter(|sent| sent.category.special).copied().collect();
            let Some(first) = special.first() else { continue };
            let message = format!(
                "Passes on especially protected data: {}{} to {}.",
                words::categories(&special),
                words::from(cx, &special),
                words::destination(cx, index)
            );
            let through = matches!(step.kind, Kind::Request(_)).then(|| remedy::through(step, cx.settings)).flatten();
            let remedy = match through {
                Some(through) => format!(
                    "Remove the field unless the law allows this very use. If it must go on, let it be a token from the gateway on, and let only this call open it at `{}`:\n{}\n{}",
                    through.shown(),
                    through.section(remedy::Proof::None),
                    through.grant(cx.scenario, step, Some(|category| category.special))
                ),
                None => "Remove the field from this step unless the law allows this very use. If it must go on, give it to the gateway as a token and open it only for the system that needs it, by an HTTP step through the gateway.".to_owned(),
            };
            cx.report(Draft::new(&META, words::place(step, first.spot), message, remedy).step(step));
        }
    }
}
