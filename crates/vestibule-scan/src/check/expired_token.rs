//! Typed tokens whose own date says that they are over.

use super::credentials::{self, Verdict};
use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct ExpiredToken;

static META: Meta = Meta {
    id: "expired-token",
    title: "Expired token typed into a step",
    severity: Severity::Low,
    confidence: Confidence::High,
    personas: &[Persona::Builder],
    what: "A JSON Web Token in a step whose expiry lies before today.",
    why: "It opens nothing any more, but it shows how the step was built: the next token will be typed into the same place, and the claims inside name people and accounts.",
    remedy: "Delete the token, and let the gateway or a stored OAuth connection get a fresh one for each call.\n\nBefore:\n    Authorization  Bearer eyJ…\n\nAfter:\n    Authorization  Bearer <workflow key>",
    leaves_out: "Whether anybody still accepts it: nothing is asked or verified. Tokens without a date in them are told as `hardcoded-credential`.",
    requirements: &["R48", "R40", "R117"],
};

impl Check for ExpiredToken {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        for (credential, step, spot) in credentials::with(cx, Verdict::Expired) {
            let stands = credentials::stands(credential, spot);
            let message = format!("A token that has expired ({}) is still typed into {stands}.", credential.shown);
            let remedy = "Delete the token from the step. If the step is still needed, let it prove itself with a workflow key at the gateway, or with an OAuth connection that renews itself.";
            credentials::report(cx, &META, (credential, step, spot), META.severity, message, remedy.to_owned());
        }
    }
}
