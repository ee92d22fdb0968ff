//! Credentials typed into steps: addresses, headers, queries, bodies, basic authentication, code, set values, notes.
//!
//! What makes one worse or better (it stands in an address, is guessed first, belongs to a test account, is over) is said with it:
//! a value is told once.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::{Platform, Reach, Role};

/// See [`META`].
pub struct HardcodedCredential;

static META: Meta = Meta {
    id: "hardcoded-credential",
    title: "Credential typed into a step",
    severity: Severity::Critical,
    confidence: Confidence::High,
    personas: &[Persona::Builder, Persona::Security],
    what: "An API key, token or password that somebody typed into an address, header, query, body, basic authentication, code, set value or note, or that stands in a plain file.",
    why: "Whoever sees the scenario has the key: everybody with access to the account, everybody who gets an export, and everybody who left with a copy. A key in a scenario cannot be changed in one place, so it is rarely changed at all.",
    remedy: "Withdraw the key and make a new one; changing the scenario alone does not help, because the old key is already in copies. Give the new key to the gateway only and call the vendor through it.\n\nBefore:\n    URL            https://api.openai.com/v1/chat/completions\n    Authorization  Bearer sk-…\n\nAfter:\n    URL            https://gate.example.com/out/openai/v1/chat/completions\n    Authorization  Bearer <workflow key>, kept in the platform's credential store",
    leaves_out: "Values computed by the platform, placeholders, public identifiers (account ids, publishable keys), and credentials that the platform stores: an export holds only their names. Nobody is asked whether a key still works.",
    requirements: &["R40", "R52", "R54", "R25", "R41", "R45", "R48", "R51", "R119"],
};

impl Check for HardcodedCredential {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::Hardcoded) {
            let stands = credentials::stands(credential, spot);
            let asleep = match (step.disabled, step.reach) {
                (true, _) => " The step is switched off, the key is not.",
                (_, Reach::Orphan) => " The step is not connected to anything, but the key is still there.",
                _ => "",
            };
            let typed = if cx.scenario.platform == Platform::File { "stands in the clear in" } else { "is typed into" };
            let value = credential.secret.0.as_str();
            let (severity, nature) = if credentials::has_expired(value, cx.settings.today) {
                (Severity::Low, " It has expired; the next one will be typed into the same place.")
            } else if credentials::is_test_key(value) {
                (Severity::Low, " It is the key of a test account: data that passes here goes there.")
            } else if credentials::is_guessable(value) {
                (META.severity, " It is easily guessed: choose a drawn value of at least 24 characters in its place.")
            } else {
                (META.severity, "")
            };
            let logged = if spot.role == Role::Url { " Addresses end up in logs." } else { "" };
            let message =
                format!("A credential ({}, {}) {typed} {stands}.{logged}{nature}{asleep}", credential.label, credential.shown);
            let remedy = credentials::move_out(cx, credential, step, spot);
            credentials::report(cx, &META, (credential, step, spot), severity, message, remedy);
        }
    }
}
