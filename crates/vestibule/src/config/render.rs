//! Renders a report: for people as rustc does, as JSON lines' plain objects, and as SARIF 2.1.0 for code review tools.
//!
//! Only the blotted copy of the file is rendered, so a secret that stands in the file is not repeated.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Report, Severity};

impl Report {
    /// Text for people, with colours or without. Empty if there is nothing to say.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let texts: Vec<String> = self.findings.iter().map(|finding| self.one(&renderer, finding)).collect();
        texts.join("\n\n")
    }

    /// The findings as JSON: one object a finding, places from 1.
    pub fn json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            let (line, column) = self.position(finding.span.start);
            let (end_line, end_column) = self.position(finding.span.end);
            json!({
                "severity": finding.severity.as_str(),
                "code": finding.code,
                "message": finding.message,
                "fix": finding.help,
                "reason": finding.note,
                "file": self.file_name,
                "line": line, "column": column, "end_line": end_line, "end_column": end_column,
            })
        });
        json!({ "file": self.file_name, "accepted": !self.is_refused(), "findings": findings.collect::<Vec<_>>() })
    }

    /// The findings as a SARIF 2.1.0 log of one run.
    pub fn sarif(&self) -> Value {
        let mut codes: Vec<&str> = self.findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let rules: Vec<Value> = codes.into_iter().map(rule).collect();
        let results: Vec<Value> = self.findings.iter().map(|finding| self.result(finding)).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "vestibule check",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        })
    }

    fn one(&self, renderer: &Renderer, finding: &Diagnostic) -> String {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let main = AnnotationKind::Primary.span(self.within(finding.span.clone()));
        let main = if finding.label.is_empty() { main } else { main.label(finding.label.as_str()) };
        let mut snippet = Snippet::source(self.blotted.as_str()).path(self.file_name.as_str()).annotation(main);
        if let Some((span, why)) = &finding.related {
            snippet = snippet.annotation(AnnotationKind::Context.span(self.within(span.clone())).label(*why));
        }
        let mut group = level.primary_title(finding.message.as_str()).id(finding.code).element(snippet);
        if !finding.note.is_empty() {
            group = group.element(Level::NOTE.message(finding.note.as_str()));
        }
        group = group.element(Level::HELP.message(finding.help.as_str()));
        renderer.render(&[group])
    }

    /// A span that lies in the file, on character boundaries.
    fn within(&self, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let whole = self.blotted.get(span.clone()).is_some();
        if whole { span } else { 0..0 }
    }

    fn result(&self, finding: &Diagnostic) -> Value {
        let (line, column) = self.position(finding.span.start);
        let (end_line, end_column) = self.position(finding.span.end);
        json!({
            "ruleId": finding.code,
            "level": finding.severity.as_str(),
            "message": { "text": format!("{}; {}", finding.message, finding.help) },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": self.file_name },
                "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
            } }],
        })
    }
}

fn rule(code: &str) -> Value {
    let entry = vestibule_core::problem::find(code);
    json!({
        "id": code,
        "shortDescription": { "text": entry.map_or(code, |entry| entry.title) },
        "fullDescription": { "text": entry.map_or("", |entry| entry.detail) },
        "help": { "text": entry.map_or("", |entry| entry.fix) },
    })
}
