//! What the auditor says: findings, how bad and how sure, and what it has read.

use serde::Serialize;

/// How much harm there is if the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; nothing to do by itself.
    Info,
    /// Weakens a protection that others stand behind.
    Low,
    /// Exposes data or access under some circumstance.
    Medium,
    /// Exposes personal data or access as it stands.
    High,
    /// Whoever holds the file, or the address, has access now.
    Critical,
}

/// How sure the check is that the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The name suggests it.
    Low,
    /// Name and value suggest it.
    Medium,
    /// The structure of the value or the setting itself says it.
    High,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The id of the check.
    pub check: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The file, as the caller named it; a file inside an archive as `archive.zip!inner.json`.
    pub file: String,
    /// JSON Pointer (RFC 6901) into the file; empty for the whole file and for files that are no JSON.
    pub pointer: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The scenario's own name; empty where it has none.
    pub scenario: String,
    /// The step's own name; empty for findings about a whole scenario or file.
    pub step: String,
    /// What is the matter, in a sentence that holds no value.
    pub message: String,
    /// What to do, with the exact replacement.
    pub remedy: String,
    /// The same for the same finding as long as scenario, step and setting keep their names; holds nothing of a value. 16 hex digits.
    pub fingerprint: String,
    /// The keyed mark of a secret value: equal values have equal marks within one baseline file or run. Never the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What was read of one file, so that "no finding" never means "not read".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The file, as in [`Finding::file`].
    pub file: String,
    /// `make`, `n8n`, `zapier`, `file` for other files that were read, or empty where nothing could be.
    pub platform: &'static str,
    /// Steps seen.
    pub steps: u32,
    /// Steps whose module the reader knows by its shape.
    pub understood: u32,
    /// Steps read only as names and values, because nobody has told the reader their shape.
    pub skipped: u32,
    /// Why the file, or the rest of it, could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
