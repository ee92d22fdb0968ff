//! Files, or parts of them, that could not be read. The findings are made where files are read.

use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct UnreadableFile;

static META: Meta = Meta {
    id: "unreadable-file",
    title: "The file could not be read",
    severity: Severity::Medium,
    confidence: Confidence::High,
    personas: &[Persona::Builder],
    what: "A file that is no valid JSON, is cut off, is too large or too deeply nested, or an archive with entries that could not be unpacked; with line and column.",
    why: "What was not read was not audited: there may be anything in it. A platform cannot import such a file either.",
    remedy: "Export the scenario again, or repair the place that is named.\n\nBefore:\n    \"hook\": \"label\": \"applications\"\n\nAfter:\n    \"hook\": null, \"label\": \"applications\"",
    leaves_out: "Pictures, documents and other binary files: the coverage lists them as not read.",
    requirements: &["R114"],
};

impl Check for UnreadableFile {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, _: &mut Context<'_, '_>) {}
}
