//! The report for people at a terminal: what to do first, then each finding with what, where, why and what to do, then what was read.
//!
//! Names come from files that strangers may have written, so control characters never reach the terminal.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::groups::{Section, action, places, sections, todos};
use super::{Report, Totals, bad, count, platform_name, sure, title, why};
use crate::finding::{Coverage, Finding, Severity};

/// Things that the summary names.
const FIRST: usize = 5;
/// Files that the end lists by name because something in them was not read.
const MOST_FILES: usize = 50;
/// Where the text of a labelled paragraph begins.
const INDENT: usize = 15;

/// How the text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Columns of a line; addresses and configuration are not broken.
    pub width: usize,
}

/// The whole text.
pub fn render(report: &Report, style: Style) -> String {
    let mut page = Page { out: String::new(), style };
    page.summary(report);
    let platforms: HashMap<&str, &str> = report.coverage.iter().map(|file| (file.file.as_str(), file.platform)).collect();
    for section in sections(&report.findings) {
        page.section(&section, platforms.get(section.file).copied().unwrap_or_default());
    }
    page.end(report);
    page.out
}

/// The text so far.
struct Page {
    out: String,
    style: Style,
}

impl Page {
    fn summary(&mut self, report: &Report) {
        let totals = report.totals();
        if report.findings.is_empty() {
            let nothing = if totals.files_not_read == totals.files { "Nothing could be read." } else { "No findings." };
            let line = self.painted(nothing, BOLD);
            self.line(&line);
            return;
        }
        let counts: Vec<String> = totals
            .by_severity()
            .into_iter()
            .map(|(severity, number)| self.painted(&format!("{number} {}", bad(severity)), paint_of(severity)))
            .collect();
        let head = self.painted(&count(totals.findings, "finding"), BOLD);
        self.line(&format!("{head}: {}", counts.join(", ")));
        self.line("");
        let head = self.painted("Do this first", BOLD);
        self.line(&head);
        let todos = todos(&report.findings);
        for (number, todo) in (1..).zip(todos.iter().take(FIRST)) {
            let word = self.painted(&format!("{:<8}", bad(todo.severity)), paint_of(todo.severity));
            let name = self.painted(title(todo.check), BOLD);
            self.line(&format!("  {number}. {word}  {name}"));
            self.paragraph(&plain(&places(todo, 3)), INDENT, INDENT);
            self.paragraph(&plain(action(todo)), INDENT, INDENT);
        }
        if todos.len() > FIRST {
            let more = count(todos.len() - FIRST, "more kind");
            self.line(&format!("     and {more} of finding below"));
        }
    }

    fn section(&mut self, section: &Section<'_>, platform: &str) {
        let file = plain(section.file);
        let head = if section.scenario.is_empty() {
            self.painted(&file, BOLD)
        } else {
            let name = self.painted(&format!("“{}”", plain(section.scenario)), BOLD);
            format!("{name}  {} · {file}", platform_name(platform))
        };
        self.line("");
        let rule = self.painted(&"─".repeat(self.style.width), FAINT);
        self.line(&rule);
        self.line(&head);
        let mut told = Told::default();
        for (step, findings) in &section.steps {
            self.line("");
            let name = match *step {
                "" => "the whole scenario".to_owned(),
                step => format!("Step “{}”", plain(step)),
            };
            if !section.scenario.is_empty() || !step.is_empty() {
                let name = self.painted(&name, UNDERLINE);
                self.line(&format!("  {name}"));
            }
            for finding in findings {
                self.finding(finding, &mut told);
            }
        }
    }

    fn finding<'r>(&mut self, finding: &'r Finding, told: &mut Told<'r>) {
        let word = self.painted(&format!("{:<8}", bad(finding.severity)), paint_of(finding.severity));
        let name = self.painted(title(finding.check), BOLD);
        let id = self.painted(&format!("[{}]", finding.check), FAINT);
        // word, title and id with what stands between and around them
        let fits = 16 + width_of(title(finding.check)) + finding.check.len() <= self.style.width;
        let gap = if fits { "  ".to_owned() } else { format!("\n{:12}", "") };
        self.line(&format!("  {word}  {name}{gap}{id}"));
        self.labelled("what", &plain(&finding.message));
        let (place, pointer) = (format!("{}:{}:{}", plain(&finding.file), finding.line, finding.column), plain(&finding.pointer));
        if pointer.is_empty() || INDENT + width_of(&place) + 2 + width_of(&pointer) > self.style.width {
            self.unbroken("where", &place);
            if !pointer.is_empty() {
                self.unbroken("", &pointer);
            }
        } else {
            self.unbroken("where", &format!("{place}  {pointer}"));
        }
        let why = why(finding.check);
        if !why.is_empty() && told.why.insert(finding.check) {
            self.labelled("why", why);
        }
        match told.remedies.get(finding.remedy.as_str()) {
            Some(before) => {
                let same = format!("the same as for {before} above");
                self.labelled("do", &same);
            }
            None => {
                let name =
                    if finding.step.is_empty() { "the scenario".to_owned() } else { format!("“{}”", plain(&finding.step)) };
                told.remedies.insert(&finding.remedy, name);
                self.labelled("do", &plain(&finding.remedy));
            }
        }
        let mark = finding.value.as_ref().map_or(String::new(), |mark| format!(", mark {mark}"));
        let facts = format!("confidence {}{mark}, fingerprint {}", sure(finding.confidence), finding.fingerprint);
        let facts = self.painted(&facts, FAINT);
        self.unbroken("", &facts);
    }

    fn end(&mut self, report: &Report) {
        let totals = report.totals();
        self.line("");
        let rule = self.painted(&"─".repeat(self.style.width), FAINT);
        self.line(&rule);
        for line in asides(report, &totals) {
            self.paragraph(&line, 0, 2);
        }
        for notice in &report.notices {
            self.paragraph(&format!("note: {}", plain(&notice.message)), 0, 6);
        }
        let broken: Vec<&Coverage> = report.coverage.iter().filter(|file| file.error.is_some()).collect();
        for file in broken.iter().take(MOST_FILES) {
            let what = if file.platform.is_empty() { "not read" } else { "read in part" };
            self.paragraph(&format!("{what}: {}: {}", plain(&file.file), plain(file.error.as_deref().unwrap_or_default())), 0, 2);
        }
        if broken.len() > MOST_FILES {
            self.line(&format!("and {} like these", count(broken.len() - MOST_FILES, "more file")));
        }
        self.paragraph(&totals.coverage(), 0, 2);
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let start = self.out.len();
        self.paragraph(text, INDENT, INDENT);
        self.label(start, label);
    }

    /// An address is copied, so it stays in one line.
    fn unbroken(&mut self, label: &str, text: &str) {
        let start = self.out.len();
        self.line(&format!("{}{text}", " ".repeat(INDENT)));
        self.label(start, label);
    }

    fn label(&mut self, start: usize, label: &str) {
        let word = format!("    {label:<width$}", width = INDENT - 4);
        if self.out.get(start..start + INDENT).is_some_and(|blank| blank.trim().is_empty()) {
            self.out.replace_range(start..start + INDENT, &word);
        }
    }

    /// Words wrapped at the width. Lines that begin with blanks are code or configuration and stay as they are.
    fn paragraph(&mut self, text: &str, first: usize, rest: usize) {
        let (mut indent, mut parted) = (first, false);
        for line in text.trim_start_matches('\n').lines().map(str::trim_end) {
            if line.is_empty() || line.trim_start().starts_with("```") {
                parted = true;
                continue;
            }
            if std::mem::take(&mut parted) {
                self.line("");
            }
            if line.starts_with(' ') {
                self.line(&format!("{}{line}", " ".repeat(indent)));
            } else {
                self.wrapped(line, indent, rest);
            }
            indent = rest;
        }
    }

    fn wrapped(&mut self, text: &str, first: usize, rest: usize) {
        let mut line = " ".repeat(first);
        let mut used = first;
        let mut fresh = true;
        for word in text.split_whitespace() {
            let wide = width_of(word);
            if !fresh && used + 1 + wide > self.style.width {
                self.line(&line);
                line = " ".repeat(rest);
                (used, fresh) = (rest, true);
            }
            if !fresh {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += wide;
            fresh = false;
        }
        self.line(&line);
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn painted(&self, text: &str, paint: &str) -> String {
        if self.style.colour { format!("\u{1b}[{paint}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// What has been said in a section already.
#[derive(Default)]
struct Told<'r> {
    why: HashSet<&'r str>,
    remedies: HashMap<&'r str, String>,
}

/// What is not among the findings, in sentences.
pub(super) fn asides(report: &Report, totals: &Totals) -> Vec<String> {
    let mut lines = Vec::new();
    if totals.suppressed > 0 {
        let first = report.suppressed.iter().map(|suppressed| suppressed.expires.as_str()).min().unwrap_or_default();
        lines.push(format!("{} suppressed, the first until {first}", count(totals.suppressed, "finding")));
    }
    if report.compared {
        lines.push(format!("{} in the baseline, not counted", count(totals.known, "finding")));
    }
    if totals.hidden > 0 {
        lines.push(format!("{} left out by the filters of this run", count(totals.hidden, "finding")));
    }
    lines
}

const BOLD: &str = "1";
const FAINT: &str = "2";
const UNDERLINE: &str = "4";

fn paint_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "36",
        Severity::Info => "2",
    }
}

/// Text without anything that a terminal would act upon; line ends stay.
pub fn plain(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\t', "    ").replace(acts, "\u{fffd}"))
}

/// Columns that a word takes.
fn width_of(word: &str) -> usize {
    word.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}') { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    const STYLE: Style = Style { colour: false, width: 80 };

    #[test]
    fn a_report_begins_with_what_to_do_and_ends_with_what_was_read() {
        let text = render(&samples::report(3), STYLE);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "3 findings: 1 critical, 2 high");
        assert_eq!(lines[2], "Do this first");
        assert!(lines[3].starts_with("  1. critical  "), "{text}");
        assert_eq!(lines[4], "               “New applicant” in “Candidate intake 0 & \"more\"”");
        assert!(text.contains("\n    where      exports/intake 0.json:10:15  /flow/0/mapper/headers/0/value\n"), "{text}");
        assert!(
            text.contains(
                "\n    what       header `Authorization` holds a literal key of 41 characters\n               (`sk_…`)\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("\n                 Header  Authorization: Bearer <workflow key>\n"),
            "configuration is not wrapped: {text}"
        );
        assert!(text.contains("    do         the same as for “New applicant” above\n"), "{text}");
        assert!(text.contains("\n1 finding suppressed, the first until 2027-01-31\n"), "{text}");
        assert!(text.contains("\nnot read: broken.json: line 12, column 3: a comma or `}` is missing\n"), "{text}");
        assert_eq!(
            lines[lines.len() - 2..],
            ["2 files, 6 steps: 5 understood, 1 read by name only, 1 file not read; 2 files of", "  other kinds passed over"]
        );
    }

    #[test]
    fn only_addresses_and_configuration_are_longer_than_the_page() {
        for width in [80, 100, 120, 160] {
            let mut report = samples::report(9);
            report.findings[0].check = "personal-data-to-native-module";
            report.findings[1].pointer = format!("/{}", "flow/0/".repeat(9));
            let text = render(&report, Style { width, ..STYLE });
            let kept = |line: &&str| !line.contains("://") && !line.starts_with(&" ".repeat(INDENT + 4));
            let long = text.lines().filter(kept).find(|line| line.chars().count() > width);
            assert_eq!(long, None, "{width}");
        }
    }

    #[test]
    fn nothing_found_is_said_with_what_was_read() {
        let text = render(&samples::report(0), STYLE);
        assert!(text.starts_with("Nothing could be read.\n"), "{text}");
        let report = Report {
            coverage: vec![Coverage { file: "a".into(), platform: "n8n", steps: 2, understood: 2, ..Coverage::default() }],
            ..Report::default()
        };
        let text = render(&report, STYLE);
        assert!(
            text.starts_with("No findings.\n")
                && text.ends_with("1 file, 2 steps: 2 understood, 0 read by name only, every file read\n"),
            "{text}"
        );
    }

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        let mut report = samples::report(1);
        report.findings[0].step = "a\u{1b}]0;x\u{7}\u{202e}b".into();
        report.findings[0].remedy = "one\ttwo\r\nthree\u{9b}".into();
        let text = render(&report, STYLE);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r', '\t']), "{text:?}");
        let coloured = render(&report, Style { colour: true, ..STYLE });
        assert!(coloured.contains("\u{1b}[1;31m") && !coloured.contains("\u{1b}]0"));
    }
}
