//! What somebody knew or accepted before this run: baseline and suppressions, and the one salt under which values get their marks.
//!
//! Without either file the salt is drawn for the run and forgotten, so that marks of two reports cannot be compared.

use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use vestibule_scan::Finding;
use vestibule_scan::baseline::{self, Baseline, BaselineError};
use vestibule_scan::output::{Notice, Report as Told};
use vestibule_scan::suppress::{self, Suppression};
use vestibule_vault::VaultError;
use vestibule_vault::mark::Marker;

use super::marks::Marks;
use crate::config::suppressions::{self, Suppressions};
use crate::config::{Diagnostic, Report};
use crate::files;

/// The largest of these files.
const MOST_BYTES: u64 = 64 << 20;

/// Which files say what is known.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// What counts no more.
    pub baseline: Option<PathBuf>,
    /// Where this run's findings are to be written; if it is there already, its salt stays.
    pub write_baseline: Option<PathBuf>,
    /// What is accepted.
    pub suppress: Option<PathBuf>,
}

/// Where marks come from that are not of these files: audits that are kept have a key of their own.
pub type Kept = Option<Marker>;

/// What is known.
pub struct Known {
    /// The salt of the files.
    salt: Option<[u8; baseline::SALT]>,
    baseline: Option<Baseline>,
    suppressions: Vec<Suppression>,
    suppressed_by: String,
}

/// Why it cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// A file cannot be read.
    #[error("`{0}`: {1}")]
    File(PathBuf, io::ErrorKind),
    /// A file is not what it has to be.
    #[error("a file named on the command line has faults")]
    Faults(Box<Report>),
    /// No salt could be drawn.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Known {
    /// Reads the files. Where marks are `kept` elsewhere, no file may have a salt.
    ///
    /// # Errors
    /// What is wrong with one of them, with its place.
    pub fn open(files: &Files, kept_marks: Kept) -> Result<(Known, Marks), KnownError> {
        let baseline = files.baseline.as_deref().map(baseline_at).transpose()?;
        let before = match &files.write_baseline {
            Some(path) if path.exists() && files.baseline.as_ref() != Some(path) => Some(baseline_at(path)?),
            _ => None,
        };
        let (suppressions, text) = match &files.suppress {
            Some(path) => suppressions_at(path)?,
            None => Default::default(),
        };
        let suppressed_by = files.suppress.as_deref().map(name).unwrap_or_default();
        let kept = baseline.as_ref().or(before.as_ref()).map(|baseline| baseline.salt);
        let fits = match &kept_marks {
            Some(_) if suppressions.salt.is_some() => {
                Err("audits that are saved have marks of their own, so this salt fits nothing")
            }
            Some(_) => Ok(()),
            None => one_salt(kept, &suppressions),
        };
        fits.map_err(|reason| KnownError::Faults(Box::new(Report::of(&suppressed_by, &text, salt_fault(&text, reason)))))?;
        let salt = kept.or(suppressions.salt);
        let marks = match kept_marks.or_else(|| salt.as_ref().map(Marker::new)) {
            Some(marker) => Marks::Ready(Box::new(marker)),
            None => Marks::drawn(),
        };
        Ok((Known { salt, baseline, suppressions: suppressions.entries, suppressed_by }, marks))
    }

    /// Ends the marking: gives the findings their marks, and keeps the salt if it was drawn.
    ///
    /// # Errors
    /// No salt could be drawn.
    pub fn settle(&mut self, marks: &Marks, findings: &mut [Finding]) -> Result<(), KnownError> {
        self.salt = marks.settle(findings)?.or(self.salt);
        Ok(())
    }

    /// Parts what is to be acted on from what is accepted and what was known.
    pub fn part(&self, findings: Vec<Finding>, today: Date, told: &mut Told) {
        let sorted = suppress::apply(findings, &self.suppressions, today, &self.suppressed_by);
        told.suppressed = sorted.suppressed;
        told.notices.extend(sorted.notices);
        told.findings = match &self.baseline {
            None => sorted.open,
            Some(baseline) => {
                let compared = baseline.compare(sorted.open);
                told.compared = true;
                told.known = compared.known;
                if compared.gone > 0 {
                    let gone = if compared.gone == 1 { "1 finding".to_owned() } else { format!("{} findings", compared.gone) };
                    let message = format!("{gone} of the baseline are found no more: write it again to forget them");
                    told.notices.push(Notice::new("baseline-gone", message));
                }
                compared.new
            }
        };
    }

    /// Writes what is open, new or not, as the baseline of later runs.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path, today: Date, told: &Told) -> io::Result<()> {
        let salt = match self.salt {
            Some(salt) => salt,
            // no finding has a mark, or the marks are those of audits that are kept, but a baseline has a salt
            None => vestibule_vault::mark::salt().map_err(io::Error::other)?,
        };
        let open: Vec<&Finding> = told.findings.iter().chain(&told.known).collect();
        files::write(path, baseline::write(&salt, today, &open).as_bytes())
    }
}

/// Marks of two salts never meet: a suppression by value would silently cover nothing.
fn one_salt(kept: Option<[u8; baseline::SALT]>, suppressions: &Suppressions) -> Result<(), &'static str> {
    let by_value = suppressions.entries.iter().any(|entry| entry.value.is_some());
    match (kept, suppressions.salt) {
        (Some(kept), Some(own)) if kept != own => Err("the suppression file has another salt than the baseline"),
        (None, None) if by_value => Err("value marks are suppressed, but there is no salt to make them with"),
        _ => Ok(()),
    }
}

fn salt_fault(text: &str, reason: &str) -> Diagnostic {
    let word = if text.contains("salt") { "salt" } else { "value" };
    let at = text.find(word).unwrap_or(0);
    Diagnostic::error("scan.salt", at..(at + word.len()).min(text.len()), reason)
}

fn baseline_at(path: &Path) -> Result<Baseline, KnownError> {
    let text = text_of(path)?;
    Baseline::parse(&text).map_err(|error| {
        // the file may be another than was meant, and hold anything
        let is_ours = text.contains("\"vestibule_baseline\"");
        let shown = if is_ours { text.as_str() } else { "" };
        let at = match &error {
            BaselineError::Shape { line, column, .. } => offset(shown, *line, *column),
            BaselineError::Version(_) => shown.find("\"vestibule_baseline\"").unwrap_or(0),
            BaselineError::Salt => shown.find("\"salt\"").unwrap_or(0),
        };
        let message = if is_ours { error.to_string() } else { "this is no baseline".to_owned() };
        let finding = Diagnostic::error("scan.baseline", at..(at + 1).min(shown.len()), message);
        KnownError::Faults(Box::new(Report::of(&name(path), shown, finding)))
    })
}

fn suppressions_at(path: &Path) -> Result<(Suppressions, String), KnownError> {
    let text = text_of(path)?;
    let read = suppressions::load(&text, &name(path)).map_err(|report| KnownError::Faults(Box::new(report)))?;
    Ok((read, text))
}

fn text_of(path: &Path) -> Result<String, KnownError> {
    let failed = |error: io::Error| KnownError::File(path.to_path_buf(), error.kind());
    if std::fs::metadata(path).map_err(failed)?.len() > MOST_BYTES {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (before + column.saturating_sub(1)).min(text.len().saturating_sub(1));
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn files(folder: &Path, baseline: Option<&str>, suppress: Option<&str>) -> Files {
        let write = |name: &str, text: Option<&str>| {
            text.map(|text| {
                std::fs::write(folder.join(name), text).unwrap();
                folder.join(name)
            })
        };
        Files { baseline: write("b.json", baseline), suppress: write("s.toml", suppress), write_baseline: None }
    }

    fn fault(files: &Files) -> String {
        match Known::open(files, None) {
            Err(KnownError::Faults(report)) => report.render(false),
            _ => panic!("no fault"),
        }
    }

    fn written(salt: u8) -> String {
        baseline::write(&[salt; baseline::SALT], jiff::civil::date(2026, 11, 22), &[])
    }

    #[test]
    fn the_salt_is_that_of_the_files_and_else_drawn_for_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = || {
            let (mut known, marks) = Known::open(&Files::default(), None).unwrap();
            marks.mark("x");
            known.settle(&marks, &mut []).unwrap();
            known.salt.unwrap()
        };
        assert_ne!(drawn(), drawn());
        let (_, kept) = Known::open(&files(folder.path(), Some(&written(7)), None), None).unwrap();
        assert_eq!(kept.mark("x"), Marker::new(&[7; 32]).mark("x"));
        let again = Files { write_baseline: Some(folder.path().join("b.json")), ..Files::default() };
        assert_eq!(Known::open(&again, None).unwrap().1.mark("x"), kept.mark("x"), "a baseline that is written again");
    }

    #[test]
    fn two_salts_and_none_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("salt = \"{}\"\n", "08".repeat(32));
        let shown = fault(&files(folder.path(), Some(&written(7)), Some(&own)));
        assert!(shown.contains("error[scan.salt]: the suppression file has another salt"), "{shown}");
        assert!(Known::open(&files(folder.path(), Some(&written(8)), Some(&own)), None).is_ok());
    }

    #[test]
    fn what_is_no_baseline_is_told_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let shown = fault(&files(folder.path(), Some("{\"flow\":[{\"key\":\"q7Rt91kwUz\"}]}"), None));
        assert!(shown.contains("this is no baseline") && !shown.contains("q7Rt"), "{shown}");
        let shown = fault(&files(folder.path(), Some(&written(7).replace("0707", "zz07")), None));
        assert!(shown.contains("`salt` is not 64 hex digits") && shown.contains("b.json:3:3"), "{shown}");
        let missing = Files { baseline: Some(folder.path().join("none.json")), ..Files::default() };
        assert!(matches!(Known::open(&missing, None), Err(KnownError::File(_, io::ErrorKind::NotFound))));
    }
}
