//! How a check reports: a draft with what the check knows, completed with place, names and fingerprint.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Facts, Meta};
use crate::credential::Credential;
use crate::finding::{Confidence, Finding, Severity};
use crate::model::{Scenario, Step};
use crate::run::{Seen, SeenConnection, Settings};
use crate::source::{Place, Source};

/// What a check is given.
pub struct Context<'s, 'd> {
    /// The file.
    pub source: &'s Source<'d>,
    /// The graph.
    pub scenario: &'s Scenario<'d>,
    /// Credentials, placeholders and secret addresses found in the scenario, by step and spot.
    pub credentials: &'s [Credential],
    /// What follows from graph and credentials, worked out once for all checks.
    pub facts: &'s Facts<'s>,
    /// What the caller wants.
    pub settings: &'s Settings<'s>,
    out: &'s mut Found,
}

/// What is found in one file: bounded, or a file made for it would fill the memory with what is wrong with it.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the checks.
    pub list: Vec<Finding>,
    /// How many there are besides.
    pub left_out: u32,
    /// How many each check has kept.
    kept: HashMap<&'static str, u32>,
}

impl Found {
    /// Findings of one check that are kept of one file.
    pub const MOST: u32 = 1_000;

    /// Whether the check has room for one more; counts it either way.
    fn has_room(&mut self, check: &'static str) -> bool {
        let kept = self.kept.entry(check).or_default();
        let room = *kept < Self::MOST;
        if room {
            *kept += 1
        } else {
            self.left_out += 1
        }
        room
    }
}

impl<'s, 'd> Context<'s, 'd> {
    /// A context that reports into `out`.
    pub fn new(
        source: &'s Source<'d>,
        scenario: &'s Scenario<'d>,
        credentials: &'s [Credential],
        facts: &'s Facts<'s>,
        settings: &'s Settings<'s>,
        out: &'s mut Found,
    ) -> Self {
        Self { source, scenario, credentials, facts, settings, out }
    }

    /// Reports a finding.
    pub fn report(&mut self, draft: Draft<'_, '_>) {
        if !self.out.has_room(draft.meta.id) {
            return;
        }
        let (pointer, line, column) = self.source.locate(draft.place);
        let step = draft.step.map(|step| step.shown().into_owned()).unwrap_or_default();
        let (id, name) = draft.step.map(|step| (step.id.as_ref(), step.name.as_ref())).unwrap_or_default();
        let identity = [draft.meta.id, self.source.path, &self.scenario.name, id, name, draft.about];
        let seen_before = |finding: &&Finding| finding.check == draft.meta.id && finding.step == step;
        let ordinal = self.out.list.iter().rev().take(64).filter(seen_before).count();
        let fingerprint = fingerprint(&identity, ordinal);
        self.out.list.push(Finding {
            check: draft.meta.id,
            severity: draft.severity,
            confidence: draft.confidence,
            file: self.source.path.to_owned(),
            pointer,
            line,
            column,
            scenario: self.scenario.name.to_string(),
            step,
            message: draft.message,
            remedy: draft.remedy,
            fingerprint,
            value: draft.value,
        });
    }
}

/// What a check knows of a finding.
pub struct Draft<'a, 'd> {
    meta: &'static Meta,
    place: &'a Place,
    step: Option<&'a Step<'d>>,
    about: &'a str,
    severity: Severity,
    confidence: Confidence,
    message: String,
    remedy: String,
    value: Option<String>,
}

impl<'a, 'd> Draft<'a, 'd> {
    /// A finding of this check at this place, with the severity and confidence the check mostly has.
    pub fn new(meta: &'static Meta, place: &'a Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            meta,
            place,
            step: None,
            about: "",
            severity: meta.severity,
            confidence: meta.confidence,
            message: message.into(),
            remedy: remedy.into(),
            value: None,
        }
    }

    /// In this step.
    pub fn step(self, step: &'a Step<'d>) -> Self {
        Self { step: Some(step), ..self }
    }

    /// About this setting of the step: the name of a header or field. Part of the fingerprint; no value.
    pub fn about(self, about: &'a str) -> Self {
        Self { about, ..self }
    }

    /// As bad as this.
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// As sure as this.
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// With the keyed mark of the secret value.
    pub fn value(self, mark: String) -> Self {
        Self { value: Some(mark), ..self }
    }
}

/// A finding about a connection that only shows when all scenarios are seen together.
pub fn across(meta: &'static Meta, seen: &Seen, connection: &SeenConnection, message: String, remedy: String) -> Finding {
    Finding {
        check: meta.id,
        severity: meta.severity,
        confidence: meta.confidence,
        file: seen.file.clone(),
        pointer: connection.pointer.clone(),
        line: connection.line,
        column: connection.column,
        scenario: seen.scenario.clone(),
        step: connection.step.clone(),
        message,
        remedy,
        fingerprint: fingerprint(&[meta.id, seen.platform, &connection.id], 0),
        value: None,
    }
}

/// FNV-1a over the parts, each with its length: an identity, no protection. Nothing of a value goes in.
pub(crate) fn fingerprint(parts: &[&str], ordinal: usize) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for part in parts {
        (part.len() as u32).to_le_bytes().into_iter().chain(part.bytes()).for_each(&mut eat);
    }
    (ordinal as u32).to_le_bytes().into_iter().for_each(&mut eat);
    let mut text = String::with_capacity(16);
    // writing to a String cannot fail
    let _ = write!(text, "{hash:016x}");
    text
}
