//! Names that stand twice in one object. The findings are made where files are read.

use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct DuplicateMember;

static META: Meta = Meta {
    id: "duplicate-member",
    title: "A name hides another",
    severity: Severity::Low,
    confidence: Confidence::High,
    personas: &[Persona::Security],
    what: "A name that stands more than once in the same JSON object.",
    why: "Programs keep one of the values and drop the others, not all the same one. So a reviewer may see another value than the platform uses.",
    remedy: "Keep the value that is meant and remove the others.\n\nBefore:\n    { \"url\": \"https://a.example\", \"url\": \"https://b.example\" }\n\nAfter:\n    { \"url\": \"https://b.example\" }",
    leaves_out: "Nothing; every value was read, also the hidden ones. At most 50 places of a file are listed.",
    requirements: &["R114"],
};

impl Check for DuplicateMember {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, _: &mut Context<'_, '_>) {}
}
