//! The order in which people read: what to do first, then file by file, scenario by scenario, step by step.

use crate::check;
use crate::finding::{Confidence, Finding, Severity};
use std::collections::HashMap;

/// One thing to do, however many places it is to be done in.
pub(super) struct Todo<'r> {
    /// The id of the check.
    pub(super) check: &'static str,
    /// The worst of its findings.
    pub(super) severity: Severity,
    /// The surest of its worst findings.
    pub(super) confidence: Confidence,
    /// Its findings, worst first.
    pub(super) places: Vec<&'r Finding>,
}

/// What to do, most urgent first: by severity, then by how sure it is, then by how many places there are.
pub(super) fn todos(findings: &[Finding]) -> Vec<Todo<'_>> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut todos: Vec<Todo<'_>> = Vec::new();
    for finding in findings {
        let at = *index.entry(finding.check).or_insert(todos.len());
        if at == todos.len() {
            let Finding { check, severity, confidence, .. } = *finding;
            todos.push(Todo { check, severity, confidence, places: Vec::new() });
        }
        if let Some(todo) = todos.get_mut(at) {
            (todo.severity, todo.confidence) = (todo.severity, todo.confidence).max((finding.severity, finding.confidence));
            todo.places.push(finding);
        }
    }
    for todo in &mut todos {
        todo.places.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    }
    todos.sort_by(|a, b| {
        let key = |todo: &Todo<'_>| (todo.severity, todo.confidence, todo.places.len());
        key(b).cmp(&key(a)).then_with(|| a.check.cmp(b.check))
    });
    todos
}

/// The findings of one scenario of one file.
pub(super) struct Section<'r> {
    /// The file.
    pub(super) file: &'r str,
    /// The scenario; empty for a file that is none.
    pub(super) scenario: &'r str,
    /// Its steps in the order of the file, each with its findings, worst first. A step without a name stands for the whole scenario.
    pub(super) steps: Vec<(&'r str, Vec<&'r Finding>)>,
}

/// The findings in the order of the files, gathered by scenario and step.
pub(super) fn sections(findings: &[Finding]) -> Vec<Section<'_>> {
    let mut index: HashMap<(&str, &str), usize> = HashMap::new();
    let mut sections: Vec<Section<'_>> = Vec::new();
    // where each step's findings stand: a scenario of a hundred thousand steps is not searched for each of them
    let mut steps: HashMap<(usize, &str), usize> = HashMap::new();
    for finding in findings {
        let key = (finding.file.as_str(), finding.scenario.as_str());
        let at = *index.entry(key).or_insert(sections.len());
        if at == sections.len() {
            sections.push(Section { file: key.0, scenario: key.1, steps: Vec::new() });
        }
        let Some(section) = sections.get_mut(at) else { continue };
        let step = *steps.entry((at, finding.step.as_str())).or_insert(section.steps.len());
        if step == section.steps.len() {
            section.steps.push((&finding.step, Vec::new()));
        }
        if let Some((_, list)) = section.steps.get_mut(step) {
            list.push(finding);
        }
    }
    for (_, list) in sections.iter_mut().flat_map(|section| &mut section.steps) {
        list.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    }
    sections
}

/// Where a to-do is done, in a few words: the names of the first steps, and how many more there are.
pub(super) fn places(todo: &Todo<'_>, most: usize) -> String {
    let mut names: Vec<String> = Vec::new();
    for finding in &todo.places {
        let name = place(finding);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > most {
            break;
        }
    }
    let shown = names.len().min(most);
    let list = names.get(..shown).unwrap_or_default().join(", ");
    match todo.places.len() {
        1 => list,
        count if names.len() > shown => format!("{count} places: {list} and others"),
        count => format!("{count} places: {list}"),
    }
}

/// Where a finding is, by the names that people gave.
pub(super) fn place(finding: &Finding) -> String {
    match (finding.step.as_str(), finding.scenario.as_str()) {
        ("", "") => finding.file.clone(),
        ("", scenario) => format!("“{scenario}”"),
        (step, "") => format!("“{step}” in {}", finding.file),
        (step, scenario) => format!("“{step}” in “{scenario}”"),
    }
}

/// What to do about all of it, in a sentence: what the remedies say, or, where they differ, what the check says.
pub(super) fn action<'r>(todo: &Todo<'r>) -> &'r str {
    let mut sentences = todo.places.iter().map(|finding| first_sentence(&finding.remedy));
    let first = sentences.next().unwrap_or_default();
    match check::by_id(todo.check) {
        Some(check) if sentences.any(|sentence| sentence != first) => first_sentence(check.meta().remedy),
        _ => first,
    }
}

/// The first sentence of a remedy: what to do, before how.
fn first_sentence(text: &str) -> &str {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let end =
        line.match_indices(". ").find(|(at, _)| line.get(at + 2..).is_some_and(|rest| rest.starts_with(char::is_uppercase)));
    let sentence = end.map_or(line, |(at, _)| line.get(..=at).unwrap_or(line));
    sentence.trim_end_matches(':')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    #[test]
    fn the_worst_comes_first() {
        let report = samples::report(40);
        let todos = todos(&report.findings);
        assert!(todos.windows(2).all(|two| two[0].severity >= two[1].severity));
        assert_eq!(todos.iter().map(|todo| todo.places.len()).sum::<usize>(), 40);
        assert!(todos[0].places.windows(2).all(|two| two[0].severity >= two[1].severity));
        assert!(places(&todos[0], 2).contains("places: “"), "{}", places(&todos[0], 2));
    }

    #[test]
    fn sections_keep_every_finding_and_the_order_of_the_files() {
        let report = samples::report(40);
        let sections = sections(&report.findings);
        let all: usize = sections.iter().flat_map(|section| &section.steps).map(|(_, list)| list.len()).sum();
        assert_eq!(all, 40);
        let mut seen: Vec<_> = sections.iter().map(|section| (section.file, section.scenario)).collect();
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "each scenario has one section");
    }

    #[test]
    fn the_first_sentence_ends_where_the_next_begins() {
        assert_eq!(first_sentence("Move it. Then rotate."), "Move it.");
        assert_eq!(first_sentence("\n  Use e.g. a key:\nx"), "Use e.g. a key");
        assert_eq!(first_sentence(""), "");
    }
}
