//! Typed passwords and keys that are guessed first, and keys of test accounts.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct WeakCredential;

static META: Meta = Meta {
    id: "weak-credential",
    title: "Weak password, short key or test key",
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    personas: &[Persona::Builder, Persona::Security],
    what: "A typed password or key of fewer than 8 characters, one that people choose first, such as a common word with a year, or a vendor's test key.",
    why: "It stands in the scenario for everybody to read, and it does not even have to be read: such values are tried first by whoever attacks the account. A test key in a scenario that runs means that real data goes to a test account.",
    remedy: "Change the password to a drawn one of at least 24 characters (or make a new key), and keep it in the gateway or in the platform's credential store instead of in the step. Replace a test key by a live one only in the gateway.\n\nBefore:\n    password  Summer2024!\n\nAfter, in vestibule.toml:\n    credential = { basic = \"env:ATS_KEY\" }",
    leaves_out: "Weak secrets that the platform stores: an export holds only their names. Long values are not tested for how they were drawn.",
    requirements: &["R48", "R45", "R40"],
};

impl Check for WeakCredential {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::Weak) {
            let stands = credentials::stands(credential, spot);
            let test = credentials::is_test_key(&credential.secret.0);
            let (severity, message) = if test {
                (
                    Severity::Low,
                    format!(
                        "A key of a test account ({}) is typed into {stands}: data that passes here goes to a test account.",
                        credential.shown
                    ),
                )
            } else {
                (
                    META.severity,
                    format!(
                        "A credential that is easily guessed ({}, {}) is typed into {stands}.",
                        credential.label, credential.shown
                    ),
                )
            };
            let remedy = if test {
                "Remove the test key from the step. Set a test destination in the gateway instead: test calls go to `test_to` with `test_credential`, live calls never do.".to_owned()
            } else {
                let strong = "Choose a drawn value of at least 24 characters in its place.";
                format!("{strong} {}", credentials::move_out(cx, credential, step, spot))
            };
            credentials::report(cx, &META, (credential, step, spot), severity, message, remedy);
        }
    }
}
