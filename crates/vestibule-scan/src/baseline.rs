//! Baselines: what was known on a day, so that only what is new counts.
//!
//! A baseline file is JSON that a person can review, one finding a line. It holds the salt of value marks, so that a changed secret in
//! the same place is new; it holds no value. Whoever has the file can test guesses against the marks: it belongs where the scenarios
//! are, not in public.

use std::collections::HashSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::finding::Finding;

/// Bytes of a salt.
pub const SALT: usize = 32;
/// The form of the file that is written and read.
const VERSION: u32 = 1;

/// What was known.
#[derive(Debug)]
pub struct Baseline {
    /// The salt of its value marks.
    pub salt: [u8; SALT],
    known: HashSet<(String, String)>,
}

/// Why a text is no baseline. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// No JSON, or not of this shape.
    #[error("{reason}")]
    Shape {
        /// What is wrong.
        reason: &'static str,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// Written by a later version.
    #[error("the baseline has form {0}; this program reads form {VERSION}")]
    Version(u32),
    /// The salt is not what it must be.
    #[error("`salt` is not 64 hex digits")]
    Salt,
}

#[derive(Serialize, Deserialize)]
struct File {
    vestibule_baseline: u32,
    salt: String,
    made: String,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    fingerprint: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
    check: String,
    // for whoever reviews the file; nothing is compared by them
    #[serde(default)]
    file: String,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    step: String,
}

/// What became of the findings.
#[derive(Debug, Default)]
pub struct Compared {
    /// Not in the baseline.
    pub new: Vec<Finding>,
    /// In the baseline.
    pub known: Vec<Finding>,
    /// How many entries of the baseline are found no more.
    pub gone: usize,
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            // the parser's own words may quote the file, and the file may be another than was meant
            let reason = match error.classify() {
                Category::Eof => "the file ends too early",
                Category::Data => "not a baseline: a member is missing or is of another type",
                Category::Syntax | Category::Io => "not valid JSON",
            };
            BaselineError::Shape { reason, line: error.line().max(1), column: error.column().max(1) }
        })?;
        if file.vestibule_baseline != VERSION {
            return Err(BaselineError::Version(file.vestibule_baseline));
        }
        let salt = salt_of(&file.salt).ok_or(BaselineError::Salt)?;
        let known = file.findings.into_iter().map(|entry| (entry.fingerprint, entry.value)).collect();
        Ok(Self { salt, known })
    }

    /// Parts what is new from what was known.
    pub fn compare(&self, findings: Vec<Finding>) -> Compared {
        let mut met = HashSet::new();
        let mut compared = Compared::default();
        for finding in findings {
            let key = (finding.fingerprint.clone(), finding.value.clone().unwrap_or_default());
            if self.known.contains(&key) {
                met.insert(key);
                compared.known.push(finding);
            } else {
                compared.new.push(finding);
            }
        }
        compared.gone = self.known.len() - met.len();
        compared
    }
}

/// The text of a baseline that knows these findings.
pub fn write(salt: &[u8; SALT], made: Date, findings: &[&Finding]) -> String {
    let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lines: Vec<String> = findings.iter().filter_map(|finding| serde_json::to_string(&Entry::of(finding)).ok()).collect();
    lines.sort_unstable();
    lines.dedup();
    let entries = if lines.is_empty() { String::new() } else { format!("\n    {}\n  ", lines.join(",\n    ")) };
    format!(
        "{{\n  \"vestibule_baseline\": {VERSION},\n  \"salt\": \"{salt}\",\n  \"made\": \"{made}\",\n  \"findings\": [{entries}]\n}}\n"
    )
}

/// The bytes of a salt written as 64 hex digits.
pub fn salt_of(text: &str) -> Option<[u8; SALT]> {
    if text.len() != 2 * SALT || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut salt = [0; SALT];
    for (byte, at) in salt.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(salt)
}

impl Entry {
    fn of(finding: &Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint.clone(),
            value: finding.value.clone().unwrap_or_default(),
            check: finding.check.to_owned(),
            file: finding.file.clone(),
            scenario: finding.scenario.clone(),
            step: finding.step.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    fn written(findings: &[Finding]) -> String {
        write(&[7; SALT], "2026-11-22".parse().unwrap(), &findings.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_was_written_is_known_and_the_rest_is_new() {
        let before = samples::report(20).findings;
        let baseline = Baseline::parse(&written(&before)).unwrap();
        assert_eq!(baseline.salt, [7; SALT]);
        let mut after = before.clone();
        after.remove(0);
        after[3].value = Some("ffffffff".into());
        let compared = baseline.compare(after.clone());
        assert_eq!((compared.known.len(), compared.gone), (18, 2));
        assert_eq!(compared.new, [after[3].clone()], "another secret in the same place is new");
    }

    #[test]
    fn an_empty_baseline_is_a_baseline() {
        let baseline = Baseline::parse(&written(&[])).unwrap();
        assert_eq!(baseline.compare(vec![samples::finding(0)]).new.len(), 1);
    }

    #[test]
    fn what_is_no_baseline_is_told_with_its_place() {
        let text = written(&[]);
        let shape = |text: &str| Baseline::parse(text).unwrap_err();
        assert!(matches!(shape("{\n  \"salt\": 1}"), BaselineError::Shape { line: 2, .. }));
        assert!(matches!(shape(""), BaselineError::Shape { line: 1, column: 1, .. }));
        assert_eq!(shape(&text.replace("\": 1", "\": 2")), BaselineError::Version(2));
        assert_eq!(shape(&text.replace("0707", "07é")), BaselineError::Salt);
        assert_eq!(shape(&text.replace("0707", "zz07")), BaselineError::Salt);
    }
}
