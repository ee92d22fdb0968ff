//! Files that look like scenarios, but like none that is known. The findings are made where files are read.

use super::{Check, Context, Meta, Persona};
use crate::finding::{Confidence, Severity};

/// See [`META`].
pub struct UnknownShape;

static META: Meta = Meta {
    id: "unknown-shape",
    title: "A scenario of unknown shape",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Builder],
    what: "A file that looks like a scenario and has none of the shapes of Make, n8n and Zapier; its values were read by name only.",
    why: "Checks that need to know the steps could not look: no finding does not mean that there is nothing to find.",
    remedy: "Scan the platform's own export.\n\nBefore:\n    a file put together by a tool or by hand\n\nAfter:\n    Make: … › Export blueprint; n8n: … › Download; Zapier: Settings › Data management › Export my data",
    leaves_out: "Other JSON files. Single modules that are not known are counted in the coverage, not told one by one.",
    requirements: &["R114"],
};

impl Check for UnknownShape {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, _: &mut Context<'_, '_>) {}
}
