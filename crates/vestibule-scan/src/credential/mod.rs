//! Credentials in configured values, found by structure: what a value is called, where it stands, how it is built.
//!
//! It reports what it has seen and never the value itself.

use crate::finding::Confidence;
use crate::model::Scenario;
use crate::source::Place;

/// What was seen in a spot.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Index of the step in the scenario.
    pub step: usize,
    /// Index of the spot in the step.
    pub spot: usize,
    /// Where the value stands: the place of the spot.
    pub place: Place,
    /// What it is.
    pub kind: CredentialKind,
    /// What people call it: `OpenAI API key`, `password`, `bearer token`.
    pub label: String,
    /// What it is called where it stands: the header, field or variable; empty where it has none.
    pub name: String,
    /// How it may be shown: vendor prefix and length, such as "`sk-proj-…`, 164 characters". Never the value.
    pub shown: String,
    /// How sure.
    pub confidence: Confidence,
    /// The vendor whose key it is, as in [`crate::vendor`].
    pub vendor: Option<&'static str>,
    /// The value. To be marked, never shown; debugging output leaves it out.
    pub secret: Hidden,
}

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Gives access to something.
    Secret,
    /// An address that is itself the key: incoming webhooks of Slack, Discord, Make, Zapier and others.
    SecretUrl,
    /// Stands where a credential belongs and is none: `YOUR_API_KEY`.
    Placeholder,
}

/// A value that shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Everything of the kind in a scenario, in the order of its steps and spots; at most one entry a spot and value.
pub fn find(scenario: &Scenario<'_>) -> Vec<Credential> {
    let _ = scenario;
    Vec::new()
}
