//! Credentials in data that the editor kept from a run: pinned data, samples, static data.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::Platform;

/// See [`META`].
pub struct CredentialInPinnedData;

static META: Meta = Meta {
    id: "credential-in-pinned-data",
    title: "Credential in kept sample data",
    severity: Severity::High,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "A key, token, cookie or password in data that the editor keeps from an earlier run: pinned data and static data in n8n, samples in Make and Zapier.",
    why: "Nobody typed it and nobody sees it, but it travels with every export. Kept answers of login calls and captured headers are the usual places.",
    remedy: "Withdraw the credential, then remove the kept data.\n\nBefore:\n    \"pinData\": { \"Webhook\": [ { \"headers\": { \"authorization\": \"Bearer …\" } } ] }\n\nAfter:\n    \"pinData\": {}",
    leaves_out: "Kept data in which the credential has a name that says nothing and no recognisable form. Session ids of tools that made the sample, such as `postman-token`, open nothing and are not told.",
    requirements: &["R40", "R52", "R39"],
};

impl Check for CredentialInPinnedData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::Pinned) {
            let name = if credential.name.is_empty() { String::new() } else { format!(" `{}`", credential.name) };
            let message =
                format!("Data kept from an earlier run holds a credential{name}: {}, {}.", credential.label, credential.shown);
            let remove = match cx.scenario.platform {
                Platform::N8n => {
                    "In n8n, open the node, unpin its output and save; static data is cleared by a code node with `delete` on `$getWorkflowStaticData('global')`."
                }
                Platform::Make => "In Make, open the module, clear its sample data and save the scenario.",
                Platform::Zapier => "In Zapier, replace the sample of the step by one without the credential.",
                Platform::File => "Remove it from the file.",
            };
            let remedy = format!("Withdraw the credential where it was issued, then remove the kept data. {remove}");
            credentials::report(cx, &META, (credential, step, spot), META.severity, message, remedy);
        }
    }
}
