//! What is wrong with a configuration, and where: one finding a place, all of them at once.
//!
//! A finding names paths, words and positions. The text of a literal secret is never part of it: the report holds the
//! file with such texts blotted out, and only that copy is ever rendered.

use std::ops::Range;

use vestibule_core::problem;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// It works, but somebody should look at it.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The stable code of the catalogue, `config.…`.
    pub code: &'static str,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// A word or two at the marked place; may be empty.
    pub label: String,
    /// What to write instead.
    pub help: String,
    /// Why it is so, or what it has to do with; may be empty.
    pub note: String,
    /// Another place that belongs to it, with a word on why.
    pub related: Option<(Range<usize>, &'static str)>,
}

impl Diagnostic {
    /// An error; its help is the fix of the catalogue until [`Diagnostic::help`] says something nearer.
    pub fn error(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: String::new(),
            help: problem::find(code).map_or(String::new(), |entry| lower_first(entry.fix)),
            note: String::new(),
            related: None,
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// With a word at the marked place.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// With this fix instead of the catalogue's.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = help.into();
        self
    }

    /// With a reason.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.note = note.into();
        self
    }

    /// With another place.
    pub fn related(mut self, span: Range<usize>, why: &'static str) -> Diagnostic {
        self.related = Some((span, why));
        self
    }
}

/// Everything found in one file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of the file, for display only.
    pub file_name: String,
    pub(super) blotted: String,
    pub(super) findings: Vec<Diagnostic>,
}

impl Report {
    /// A report of one finding in another file than the configuration; `text` is shown, so it holds no secret.
    pub fn of(file_name: &str, text: &str, finding: Diagnostic) -> Report {
        Report { file_name: file_name.to_owned(), blotted: text.to_owned(), findings: vec![finding] }
    }

    /// The findings: errors first, each kind in the order of the file.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// Whether there is an error.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Adds a finding of a later step, for example a secret that could not be resolved.
    pub fn push(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
        self.sort();
    }

    /// Line and column of a byte offset, from 1, columns in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.blotted.get(..offset).unwrap_or(&self.blotted);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        (line, before.get(line_start..).map_or(0, |text| text.chars().count()) + 1)
    }

    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|a, b| (a.severity, a.span.start, a.code).cmp(&(b.severity, b.span.start, b.code)));
    }
}

/// Help follows the word "help:", so it begins in lower case, as messages do.
fn lower_first(text: &str) -> String {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut letters = text.chars();
    match letters.next() {
        // a single capital is the beginning of a sentence; two are an abbreviation
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}
