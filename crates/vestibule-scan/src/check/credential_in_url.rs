//! Credentials in the address of a request: as user and password before the host, in the path or in the query.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct CredentialInUrl;

static META: Meta = Meta {
    id: "credential-in-url",
    title: "Credential in a URL",
    severity: Severity::Critical,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A key, token or password that is part of a request's address: before the host, in the path or in the query.",
    why: "Addresses are written down where headers are not: in the platform's execution log, in the vendor's access log, in proxies. Everybody who reads one of these logs has the key.",
    remedy: "Withdraw the key and make a new one. Call the vendor through the gateway, which adds the key as a header.\n\nBefore:\n    https://api.example.com/v1/people?api_key=…\n\nAfter:\n    https://gate.example.com/out/example/v1/people",
    leaves_out: "Parameters that a step lists one by one are told as `hardcoded-credential`; addresses that are keys as a whole as `secret-url`. Keys that the platform computes into an address are not seen.",
    requirements: &["R40", "R52", "R54"],
};

impl Check for CredentialInUrl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::InUrl) {
            let stands = credentials::stands(credential, spot);
            let message = format!(
                "A credential ({}) stands in {stands} ({}); addresses end up in logs.",
                credential.label, credential.shown
            );
            let remedy = credentials::move_out(cx, credential, step, spot);
            credentials::report(cx, &META, (credential, step, spot), META.severity, message, remedy);
        }
    }
}
