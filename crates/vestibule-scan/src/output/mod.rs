//! What a run has to say, and the four forms it is said in: [`text`], [`json`], [`sarif`] and [`html`].
//!
//! A form adds nothing and leaves nothing out: each of them ends with what was read and what was not. None of them is given a value of a
//! scanned file beyond the names that findings carry.

pub mod flow;
mod groups;
pub mod html;
pub mod json;
pub mod sarif;
pub mod text;

use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::check;
use crate::finding::{Confidence, Coverage, Finding, Severity};
use crate::suppress::Suppressed;
use flow::Flow;

/// Everything one run has to say.
#[derive(Debug, Default)]
pub struct Report {
    /// What is to be acted on, by file, line and column.
    pub findings: Vec<Finding>,
    /// What somebody has decided to accept for a time.
    pub suppressed: Vec<Suppressed>,
    /// What the baseline knows already.
    pub known: Vec<Finding>,
    /// Whether there was a baseline.
    pub compared: bool,
    /// Findings that the filters of the run leave out.
    pub hidden: usize,
    /// What was read, file by file.
    pub coverage: Vec<Coverage>,
    /// Files in scanned folders that are of no kind that is read.
    pub passed_over: usize,
    /// What else the reader of the report must know.
    pub notices: Vec<Notice>,
    /// What has changed since an audit that was kept, as the store tells it; null where none is.
    pub drift: serde_json::Value,
    /// The drawings, where the form shows any.
    pub flows: Vec<Flow>,
    /// The day of the run.
    pub date: Date,
}

/// Something about the run itself rather than about a scanned file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// A stable word, such as `suppression-expired`.
    pub kind: &'static str,
    /// A sentence.
    pub message: String,
}

/// The kind of a notice about something that was to be read and could not be.
pub const NOT_READ: &str = "not-read";

impl Notice {
    /// A notice of this kind.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// The numbers of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Findings to act on.
    pub findings: usize,
    /// Of these, by severity.
    pub critical: usize,
    /// See [`Totals::critical`].
    pub high: usize,
    /// See [`Totals::critical`].
    pub medium: usize,
    /// See [`Totals::critical`].
    pub low: usize,
    /// See [`Totals::critical`].
    pub info: usize,
    /// Accepted for a time.
    pub suppressed: usize,
    /// In the baseline.
    pub known: usize,
    /// Left out by filters.
    pub hidden: usize,
    /// Files that were opened.
    pub files: usize,
    /// Of these, files of which nothing could be read.
    pub files_not_read: usize,
    /// Of these, files of which a part could not be read.
    pub files_read_in_part: usize,
    /// Files of other kinds in scanned folders.
    pub files_passed_over: usize,
    /// Steps seen.
    pub steps: u64,
    /// Steps whose module the reader knows.
    pub understood: u64,
    /// Steps read by name only.
    pub by_name: u64,
}

impl Report {
    /// Its numbers.
    pub fn totals(&self) -> Totals {
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        // several entries may be about one file: what it held, and what more there was
        let mut files: HashMap<&str, (bool, bool)> = HashMap::new();
        for entry in &self.coverage {
            let (read, broken) = files.entry(&entry.file).or_default();
            *read |= !entry.platform.is_empty();
            *broken |= entry.error.is_some();
        }
        let not_read = files.values().filter(|(read, broken)| !read && *broken).count();
        let in_part = files.values().filter(|(read, broken)| *read && *broken).count();
        Totals {
            findings: self.findings.len(),
            critical: of(Severity::Critical),
            high: of(Severity::High),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            info: of(Severity::Info),
            suppressed: self.suppressed.len(),
            known: self.known.len(),
            hidden: self.hidden,
            files: files.len(),
            files_not_read: not_read,
            files_read_in_part: in_part,
            files_passed_over: self.passed_over,
            steps: self.coverage.iter().map(|file| u64::from(file.steps)).sum(),
            understood: self.coverage.iter().map(|file| u64::from(file.understood)).sum(),
            by_name: self.coverage.iter().map(|file| u64::from(file.skipped)).sum(),
        }
    }

    /// Whether everything could be read that had to be.
    pub fn is_complete(&self) -> bool {
        self.notices.iter().all(|notice| notice.kind != NOT_READ)
    }

    /// Whether a finding to act on is at least this bad.
    pub fn reaches(&self, severity: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity >= severity)
    }
}

impl Totals {
    /// What was read, in a line: "12 files, 140 steps: 131 understood, 9 read by name only, 1 file not read".
    pub fn coverage(&self) -> String {
        let mut line = format!("{}, {}: {} understood", count(self.files, "file"), count(self.steps, "step"), self.understood);
        line += &format!(", {} read by name only", self.by_name);
        match self.files_not_read {
            0 => line += ", every file read",
            some => line += &format!(", {} not read", count(some, "file")),
        }
        if self.files_read_in_part > 0 {
            line += &format!(", {} read in part", count(self.files_read_in_part, "file"));
        }
        if self.files_passed_over > 0 {
            line += &format!("; {} of other kinds passed over", count(self.files_passed_over, "file"));
        }
        line
    }

    /// How many there are of each severity, worst first, without those there are none of.
    pub fn by_severity(&self) -> Vec<(Severity, usize)> {
        let all = [
            (Severity::Critical, self.critical),
            (Severity::High, self.high),
            (Severity::Medium, self.medium),
            (Severity::Low, self.low),
            (Severity::Info, self.info),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// A number with its noun.
fn count(number: impl Into<Number>, noun: &str) -> String {
    match number.into().0 {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Either kind of number that is counted here.
struct Number(u64);

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self(number as u64)
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

/// The title of a check for people; its id where no check has it.
fn title(id: &'static str) -> &'static str {
    check::by_id(id).map_or(id, |check| check.meta().title)
}

/// Why a finding of this check matters; empty where no check has the id.
fn why(id: &str) -> &'static str {
    check::by_id(id).map_or("", |check| check.meta().why)
}

/// The word of a confidence.
fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// The word of a severity.
fn bad(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The name of a platform for people.
fn platform_name(platform: &str) -> &'static str {
    match platform {
        "make" => "Make",
        "n8n" => "n8n",
        "zapier" => "Zapier",
        "file" => "file",
        _ => "not read",
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_said_in_a_line() {
        let file = |platform, steps, skipped, error: Option<&str>| Coverage {
            file: "a.json".into(),
            platform,
            steps,
            understood: steps - skipped,
            skipped,
            error: error.map(str::to_owned),
        };
        let named = |name: &str, coverage: Coverage| Coverage { file: name.into(), ..coverage };
        let mut report = Report { coverage: vec![file("make", 1, 0, None)], ..Report::default() };
        assert_eq!(report.totals().coverage(), "1 file, 1 step: 1 understood, 0 read by name only, every file read");
        let (second, third) = (file("n8n", 139, 9, None), file("", 0, 0, Some("comma")));
        let more = Coverage { error: Some("deep".into()), ..Coverage::default() };
        report.coverage.extend([named("b", second), named("b", more), named("c", third)]);
        report.passed_over = 2;
        let line = "3 files, 140 steps: 131 understood, 9 read by name only, 1 file not read, 1 file read in part; 2 files of other \
             kinds passed over";
        assert_eq!(report.totals().coverage(), line);
    }

    #[test]
    fn the_numbers_are_those_of_the_findings() {
        let report = samples::report(9);
        let totals = report.totals();
        let sum: usize = totals.by_severity().iter().map(|(_, count)| count).sum();
        assert_eq!((totals.findings, sum), (9, 9));
        assert!(report.reaches(Severity::Medium));
        assert!(!Report::default().reaches(Severity::Info));
    }
}
