//! The report as one page that needs nothing else: no script, no font, no image from anywhere, and a policy that forbids all of them.
//!
//! It says first what to do first, then shows each scenario as a drawing with its findings on it, then what was read. Severity is a shape
//! and a word before it is a colour; the page prints, and it follows the reader's choice of dark or light. Everything that comes from a
//! scanned file is escaped by the template engine.

mod drawing;
mod prose;

use std::collections::HashMap;

use askama::Template;

use super::flow::Flow;
use super::groups::{self, Section, place, sections};
use super::text::asides;
use super::{Report, bad, count, platform_name, sure, title, why};
use crate::finding::{Coverage, Finding, Severity};
use drawing::Drawing;
use prose::Block;

/// Things that the summary names.
const FIRST: usize = 5;
/// Steps that each of them names.
const FIRST_PLACES: usize = 4;
/// Scenarios without a finding are drawn if there are at most so many in all.
const FEW_FLOWS: usize = 12;

/// The page.
///
/// # Errors
/// None in practice: writing to memory fails only where memory ends.
pub fn page(report: &Report) -> Result<String, askama::Error> {
    Page::of(report).render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    date: String,
    headline: String,
    chips: Vec<Chip>,
    legend: [Chip; 5],
    todos: Vec<Todo<'r>>,
    more: usize,
    parts: Vec<Part<'r>>,
    quiet: Vec<Quiet<'r>>,
    report: &'r Report,
    asides: Vec<String>,
    coverage_line: String,
    coverage: Vec<&'r Coverage>,
}

/// A severity with its shape, its word and a text.
struct Chip {
    word: &'static str,
    text: String,
}

/// One thing to do.
struct Todo<'r> {
    severity: &'static str,
    title: &'static str,
    count: usize,
    places: Vec<(String, String)>,
    others: usize,
    action: Vec<prose::Span<'r>>,
}

/// One scenario, or one other file, with its findings.
struct Part<'r> {
    id: usize,
    name: &'r str,
    file: &'r str,
    platform: &'static str,
    count: String,
    worst: &'static str,
    severity: Severity,
    drawings: Vec<Drawing>,
    steps: Vec<Step<'r>>,
}

/// One step with its findings.
struct Step<'r> {
    id: String,
    name: &'r str,
    cards: Vec<Card<'r>>,
}

/// One finding.
struct Card<'r> {
    finding: &'r Finding,
    severity: &'static str,
    confidence: &'static str,
    title: &'static str,
    what: Vec<prose::Span<'r>>,
    why: &'static str,
    remedy: Vec<Block<'r>>,
    /// The step that has the same remedy, where it stands before this one.
    same_as: Option<&'r str>,
}

/// A scenario without findings.
struct Quiet<'r> {
    name: &'r str,
    file: &'r str,
    platform: &'static str,
    drawing: Drawing,
}

impl<'r> Page<'r> {
    fn of(report: &'r Report) -> Self {
        let totals = report.totals();
        let mut flows: HashMap<(&str, &str), Vec<&Flow>> = HashMap::new();
        for flow in &report.flows {
            flows.entry((&flow.file, &flow.scenario)).or_default().push(flow);
        }
        let platforms: HashMap<&str, &'static str> =
            report.coverage.iter().map(|file| (file.file.as_str(), file.platform)).collect();
        let sections = sections(&report.findings);
        let part = |(id, section): (usize, &Section<'r>)| {
            let drawn = flows.get(&(section.file, section.scenario)).map(Vec::as_slice).unwrap_or_default();
            Part::of(id, section, platform_name(platforms.get(section.file).copied().unwrap_or_default()), drawn)
        };
        let parts: Vec<Part<'r>> = sections.iter().enumerate().map(part).collect();
        let anchors = anchors(&parts);
        let todos = groups::todos(&report.findings);
        let more = todos.len().saturating_sub(FIRST);
        let found: std::collections::HashSet<(&str, &str)> = sections.iter().map(|part| (part.file, part.scenario)).collect();
        let quiet =
            report.flows.iter().filter(|flow| report.flows.len() <= FEW_FLOWS && !found.contains(&(&flow.file, &flow.scenario)));
        let mut coverage: Vec<&Coverage> = report.coverage.iter().collect();
        // what was not read is what the reader must see
        coverage.sort_by_key(|file| file.error.is_none());
        Self {
            date: report.date.strftime("%-d %B %Y").to_string(),
            headline: headline(report),
            chips: totals.by_severity().into_iter().map(|(severity, number)| Chip::counted(severity, number)).collect(),
            legend: LEGEND.map(|(severity, text)| Chip { word: bad(severity), text: text.to_owned() }),
            todos: todos.iter().take(FIRST).map(|todo| Todo::of(todo, &anchors)).collect(),
            more,
            parts,
            quiet: quiet.map(Quiet::of).collect(),
            report,
            asides: asides(report, &totals),
            coverage_line: totals.coverage(),
            coverage,
        }
    }
}

impl<'r> Page<'r> {
    /// The parts, worst first.
    fn contents(&self) -> Vec<&Part<'r>> {
        let mut contents: Vec<&Part<'r>> = self.parts.iter().collect();
        contents.sort_by_key(|part| std::cmp::Reverse(part.severity));
        contents
    }
}

/// What the words mean, for somebody who sees them for the first time.
const LEGEND: [(Severity, &str); 5] = [
    (Severity::Critical, "whoever holds the file or the address has access now"),
    (Severity::High, "exposes personal data or access as it stands"),
    (Severity::Medium, "exposes data or access under some circumstance"),
    (Severity::Low, "weakens a protection that others stand behind"),
    (Severity::Info, "good to know"),
];

fn headline(report: &Report) -> String {
    let totals = report.totals();
    match (totals.findings, totals.files) {
        (0, files) if files > 0 && totals.files_not_read == files => "Nothing could be read".to_owned(),
        (0, _) if report.compared => "Nothing new was found".to_owned(),
        (0, _) => "Nothing was found".to_owned(),
        (1, _) => "1 thing needs attention".to_owned(),
        (findings, _) => format!("{findings} things need attention"),
    }
}

/// Where each finding stands on the page, by the address of the finding.
fn anchors(parts: &[Part<'_>]) -> HashMap<*const Finding, String> {
    let steps = parts.iter().flat_map(|part| &part.steps);
    steps.flat_map(|step| step.cards.iter().map(|card| (std::ptr::from_ref(card.finding), step.id.clone()))).collect()
}

impl Chip {
    fn counted(severity: Severity, number: usize) -> Self {
        Self { word: bad(severity), text: number.to_string() }
    }
}

impl<'r> Todo<'r> {
    fn of(todo: &groups::Todo<'r>, anchors: &HashMap<*const Finding, String>) -> Self {
        let mut places: Vec<(String, String)> = Vec::new();
        let mut told = 0;
        for finding in &todo.places {
            let name = place(finding);
            if places.iter().any(|(known, _)| *known == name) {
                told += 1;
            } else if places.len() < FIRST_PLACES {
                places.push((name, anchors.get(&std::ptr::from_ref(*finding)).cloned().unwrap_or_default()));
                told += 1;
            }
        }
        Self {
            severity: bad(todo.severity),
            title: title(todo.check),
            count: todo.places.len(),
            places,
            others: todo.places.len() - told,
            action: prose::spans(groups::action(todo)),
        }
    }
}

impl<'r> Part<'r> {
    fn of(id: usize, section: &Section<'r>, platform: &'static str, flows: &[&Flow]) -> Self {
        let all: Vec<&Finding> = section.steps.iter().flat_map(|(_, findings)| findings).copied().collect();
        let mut whys = std::collections::HashSet::new();
        let mut remedies: HashMap<&str, &str> = HashMap::new();
        let mut steps = Vec::with_capacity(section.steps.len());
        for (at, (name, findings)) in section.steps.iter().enumerate() {
            let mut cards = Vec::with_capacity(findings.len());
            for finding in findings {
                let same_as = remedies.get(finding.remedy.as_str()).copied();
                remedies.entry(&finding.remedy).or_insert(name);
                let why = if whys.insert(finding.check) { why(finding.check) } else { "" };
                cards.push(Card::of(finding, why, same_as));
            }
            steps.push(Step { id: format!("s{id}-{at}"), name, cards });
        }
        let anchor =
            |finding: &Finding| section.steps.iter().position(|(name, _)| *name == finding.step).map(|at| format!("s{id}-{at}"));
        let severity = all.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
        Self {
            id,
            name: section.scenario,
            file: section.file,
            platform,
            count: count(all.len(), "finding"),
            worst: bad(severity),
            severity,
            drawings: flows.iter().map(|flow| Drawing::of(flow, &all, &anchor)).collect(),
            steps,
        }
    }
}

impl<'r> Card<'r> {
    fn of(finding: &'r Finding, why: &'static str, same_as: Option<&'r str>) -> Self {
        Self {
            finding,
            severity: bad(finding.severity),
            confidence: sure(finding.confidence),
            title: title(finding.check),
            what: prose::spans(&finding.message),
            why,
            remedy: if same_as.is_some() { Vec::new() } else { prose::blocks(&finding.remedy) },
            same_as,
        }
    }
}

impl<'r> Quiet<'r> {
    fn of(flow: &'r Flow) -> Self {
        let drawing = Drawing::of(flow, &[], &|_| None);
        Self { name: &flow.scenario, file: &flow.file, platform: platform_name(flow.platform), drawing }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    #[test]
    fn the_page_needs_nothing_and_runs_nothing() {
        let page = page(&samples::report(200)).unwrap();
        assert!(page.starts_with("<!doctype html>"));
        assert!(page.contains(r#"http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"#));
        for outside in ["<script", "<link", "<img", "<iframe", "url(", "@import", "src=", "javascript:", " onload", " style="] {
            assert!(!page.contains(outside), "{outside}");
        }
        // the one address that is no place on this page is the name of a namespace, and none of it is fetched
        assert!(page.split("href=\"").skip(1).all(|target| target.starts_with('#')));
    }

    #[test]
    fn what_comes_from_files_is_escaped() {
        let page = page(&samples::report(30)).unwrap();
        assert!(!page.contains("candidate <b>") && !page.contains("<b>"), "a step's name");
        assert!(page.contains("Create candidate &#60;b&#62;"));
        assert!(page.contains("&#60;workflow key&#62;"));
    }

    #[test]
    fn every_finding_stands_on_the_page_and_every_link_leads_somewhere() {
        let page = page(&samples::report(200)).unwrap();
        assert_eq!(page.matches("<article").count(), 200);
        for target in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
        }
        assert!(page.contains("and 196 more") || page.contains("other place"), "the summary does not list every place");
    }

    /// Relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn colours_have_the_contrast_that_readers_need() {
        let sheet = include_str!("../../templates/report.css");
        let palettes: Vec<HashMap<&str, &str>> = sheet
            .split(":root {")
            .skip(1)
            .map(|rest| {
                rest.split('}')
                    .next()
                    .unwrap()
                    .split(';')
                    .filter_map(|pair| pair.trim().trim_start_matches("--").split_once(": "))
                    .collect()
            })
            .collect();
        assert_eq!(palettes.len(), 3, "light, dark and paper");
        for palette in palettes {
            let contrast = |a: &str, b: &str| {
                let (a, b) = (luminance(palette[a]), luminance(palette[b]));
                (a.max(b) + 0.05) / (a.min(b) + 0.05)
            };
            for ground in ["paper", "card", "box"] {
                assert!(["ink", "quiet", "link"].iter().all(|text| contrast(text, ground) >= 4.5), "{palette:?}");
            }
            for severity in ["critical", "high", "medium", "low", "info"] {
                assert!(
                    contrast(severity, &format!("{severity}-tint")) >= 4.5 && contrast(severity, "card") >= 3.0,
                    "{severity}"
                );
            }
            assert!(contrast("wire", "paper") >= 3.0, "lines of the drawing");
        }
    }

    #[test]
    fn nothing_found_is_a_page_too() {
        let mut report = samples::report(0);
        report.coverage.push(Coverage {
            file: "a.json".into(),
            platform: "make",
            steps: 2,
            understood: 2,
            ..Coverage::default()
        });
        let page = page(&report).unwrap();
        assert!(page.contains("Nothing was found"));
        assert!(page.contains("2 files, 2 steps: 2 understood"));
        assert!(!page.contains("Do this first"));
    }
}
