//! Requests without TLS inside one's own network.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::remedy::address::Scheme;

/// Steps that one message names.
const MOST: usize = 6;

/// See [`META`].
pub struct CleartextHttpPrivate;

static META: Meta = Meta {
    id: "cleartext-http-private",
    title: "Request without encryption in your own network",
    severity: Severity::Info,
    confidence: Confidence::High,
    personas: &[Persona::Security],
    what: "Requests over `http://` to private addresses, to names without a domain and to inner names; one finding for each scenario.",
    why: "Inside one machine this is usual. Across a network, everybody in that network can read along, and a guest or an infected laptop is in it too.",
    remedy: "Leave it where both programs run on one machine. Otherwise give the inner system a certificate, or reach it through the gateway with `ca` and `address`.\n\nBefore:\n    URL  http://ats.internal:8080/people\n\nAfter:\n    URL  https://gate.example.com/out/ats/people",
    leaves_out: "Whether both programs run on the same machine, which no file says.",
    requirements: &["R63", "R58"],
};

impl Check for CleartextHttpPrivate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let clear = |index: &usize| {
            let address = cx.facts.step(*index).and_then(|facts| facts.address);
            address.is_some_and(|address| address.scheme == Scheme::Http && address.is_private())
        };
        let found: Vec<_> = (0..cx.scenario.steps.len()).filter(clear).filter_map(|index| cx.scenario.steps.get(index)).collect();
        let Some((first, url)) = found.first().and_then(|step| Some((*step, step.url()?))) else { return };
        let names: Vec<String> = found.iter().map(|step| words::called(step)).collect();
        let message =
            format!("{} in your own network over http: {}.", words::count(found.len(), "request"), words::some(&names, MOST));
        let remedy = "Leave it as it is where both run on one machine. Otherwise give the inner system a certificate, or reach it through the gateway, which checks the certificate of your own authority (`ca`).";
        cx.report(Draft::new(&META, &url.place, message, remedy).step(first));
    }
}
