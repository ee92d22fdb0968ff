//! Requests to public hosts without TLS.

use super::{Check, Context, Draft, Meta, Persona, words};
use crate::finding::{Confidence, Severity};
use crate::model::{Auth, Kind};
use crate::remedy;
use crate::remedy::address::{Host, Scheme};

/// See [`META`].
pub struct CleartextHttp;

static META: Meta = Meta {
    id: "cleartext-http",
    title: "Request without encryption",
    severity: Severity::Medium,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A request to a public host over `http://`. It weighs more when a credential or personal data travels in it.",
    why: "Everybody on the way can read the request and change the answer: networks, providers, whoever has taken over a router.",
    remedy: "Use `https://`. If the system has no TLS, put it behind the gateway, which speaks TLS to the platform.\n\nBefore:\n    URL  http://api.example.com/v1/people\n\nAfter:\n    URL  https://gate.example.com/out/example/v1/people",
    leaves_out: "Hosts that the scenario computes, hosts of one's own network (`cleartext-http-private`), example hosts, and addresses in texts and code.",
    requirements: &["R63", "R58", "R62", "R65"],
};

impl Check for CleartextHttp {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (index, step) in cx.scenario.steps.iter().enumerate() {
            let Some(facts) = cx.facts.step(index) else { continue };
            let (Some(url), Some(address)) = (step.url(), facts.address) else { continue };
            let Some(host) = address.known_host().filter(|_| address.scheme == Scheme::Http && !address.is_private()) else {
                continue;
            };
            if is_example(host) {
                continue;
            }
            let stored = matches!(&step.kind, Kind::Request(request) if matches!(request.auth, Auth::Stored | Auth::Inline));
            let with = match (facts.holds_credential || stored, facts.sent.is_empty()) {
                (true, true) => ", and a credential travels with it",
                (true, false) => ", and a credential and personal data travel with it",
                (false, false) => ", and personal data travels with it",
                (false, true) => "",
            };
            let severity = if with.is_empty() { META.severity } else { Severity::High };
            let below = if matches!(address.host, Host::Below(_)) { "a host below " } else { "" };
            let message = format!("The request goes to {below}`{host}` over http, readable for everybody on the way{with}.");
            let remedy = match remedy::through(step, cx.settings) {
                Some(through) => format!(
                    "Write `https://` in place of `http://`. Or call it through the gateway at `{}`, with\n{}",
                    through.shown(),
                    through.section(remedy::Proof::None)
                ),
                None => "Write `https://` in place of `http://`; ask the vendor for a certificate if it has none.".to_owned(),
            };
            let about = words::destination(cx, index);
            cx.report(Draft::new(&META, &url.place, message, remedy).step(step).about(&about).severity(severity));
        }
    }
}

/// Hosts of documentation, which nobody means to call.
pub(super) fn is_example(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let names =
        ["example.com", "example.org", "example.net", "your-domain.com", "yourdomain.com", "domain.com", "your-server.com"];
    names.iter().any(|name| host == *name || host.strip_suffix(name).is_some_and(|rest| rest == "www."))
        || host.starts_with("your-")
        || host.contains(['<', '{'])
}
