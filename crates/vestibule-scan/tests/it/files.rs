//! Files of every other kind, files that are broken or hostile, and the graph of a scenario in words for snapshots.
//!
//! `VESTIBULE_BLESS=1` rewrites the graphs beside the fixtures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod archives;
mod hostile;
mod kinds;

use std::fmt::Write as _;
use std::path::PathBuf;

use vestibule_scan::model::{Kind, Platform, Role, Scenario};
use vestibule_scan::source::Source;
use vestibule_scan::source::recognise::{self, Read};
use vestibule_scan::{Coverage, Finding};

pub fn fixture_folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Every fixture of a folder with its name, but for the graphs.
pub fn fixtures_in(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(fixture_folder(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_none_or(|ending| ending != "graph")).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Every fixture of a folder gives the graph that stands beside it.
pub fn compare_graphs(folder: &str) {
    let mut wrong = Vec::new();
    for (name, bytes) in fixtures_in(folder) {
        let seen = graph(&name, &bytes);
        let stem = name.strip_suffix(".json").unwrap_or(&name);
        let path = fixture_folder(folder).join(format!("{stem}.graph"));
        if std::env::var_os("VESTIBULE_BLESS").is_some() {
            std::fs::write(&path, &seen).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(seen.as_str()) {
            wrong.push(format!("{name}:\n{seen}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was read of a file, without any check.
#[derive(Default)]
pub struct Result {
    pub scenarios: Vec<Copied>,
    pub findings: Vec<Finding>,
    pub coverage: Vec<Coverage>,
    pub parts: usize,
}

/// A scenario that outlives its file.
pub struct Copied {
    pub platform: Platform,
    pub steps: Vec<Vec<CopiedSpot>>,
    pub words: String,
    pub unread: Vec<String>,
}

pub struct CopiedSpot {
    pub role: Role,
    pub name: String,
    pub value: String,
    pub place: String,
    pub pointer: String,
    pub line: u32,
    pub column: u32,
}

impl Copied {
    pub fn spots(&self) -> impl Iterator<Item = &CopiedSpot> {
        self.steps.iter().flatten()
    }
}

pub fn read(path: &str, bytes: &[u8]) -> Result {
    let mut result = Result::default();
    recognise::read(path, bytes, &mut |read| match read {
        Read::Scenarios(source, scenarios) => {
            result.parts += 1;
            result.scenarios.extend(scenarios.iter().map(|scenario| copy(source, scenario)));
            result.coverage.push(Coverage { file: source.path.to_owned(), ..Coverage::default() });
        }
        Read::Part(source, scenario) => {
            result.parts += 1;
            result.scenarios.push(copy(source, &scenario));
        }
        Read::Unreadable { finding, coverage } => {
            result.findings.extend(finding);
            result.coverage.extend(coverage);
        }
    });
    result
}

fn copy(source: &Source<'_>, scenario: &Scenario<'_>) -> Copied {
    let spots = |step: &vestibule_scan::model::Step<'_>| {
        let one = |spot: &vestibule_scan::model::Spot<'_>| {
            let (pointer, line, column) = source.locate(&spot.place);
            CopiedSpot {
                role: spot.role,
                name: spot.name.to_string(),
                value: spot.value.to_string(),
                place: format!("{:?}", spot.place),
                pointer,
                line,
                column,
            }
        };
        step.spots.iter().map(one).collect()
    };
    Copied {
        platform: scenario.platform,
        steps: scenario.steps.iter().map(spots).collect(),
        words: words(source, scenario),
        unread: scenario.unread.iter().map(|unread| unread.value.clone()).collect(),
    }
}

/// A file's scenarios, findings and coverage in words, a line each.
pub fn graph(path: &str, bytes: &[u8]) -> String {
    let read = read(path, bytes);
    let mut words: String = read.scenarios.iter().map(|scenario| scenario.words.as_str()).collect();
    for finding in &read.findings {
        writeln!(
            words,
            "finding {} {:?} {}:{}:{} {} {}",
            finding.check, finding.severity, finding.file, finding.line, finding.column, finding.pointer, finding.message
        )
        .unwrap();
    }
    for coverage in read.coverage.iter().filter(|coverage| coverage.error.is_some()) {
        writeln!(words, "not read {}: {}", coverage.file, coverage.error.as_deref().unwrap()).unwrap();
    }
    words
}

fn words(source: &Source<'_>, scenario: &Scenario<'_>) -> String {
    let mut out = format!("{} {:?}", scenario.platform.as_str(), scenario.name);
    let facts = [
        ("id", scenario.id.as_ref().map(ToString::to_string)),
        ("active", scenario.active.as_ref().map(|active| active.value.to_string())),
        ("instant", scenario.instant.map(|instant| instant.to_string())),
        ("owner", scenario.owner.as_ref().map(|owner| owner.value.to_string())),
        ("changed", scenario.changed.as_ref().map(|changed| changed.value.to_string())),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            write!(out, " {name}={fact}").unwrap();
        }
    }
    out.push('\n');
    for (index, step) in scenario.steps.iter().enumerate() {
        let kind = match &step.kind {
            Kind::Entry(entry) => {
                format!("entry {:?} {:?} {}", entry.by, entry.protection, entry.method.as_deref().unwrap_or("-"))
            }
            Kind::Request(request) => format!("request {} {:?}", request.method.as_deref().unwrap_or("-"), request.auth),
            kind => format!("{kind:?}"),
        };
        let version = step.version.as_deref().unwrap_or("-");
        let odd = [(step.disabled, " disabled"), (!step.understood, " not understood"), (step.handles_errors, " handles errors")];
        let odd: String = odd.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let (pointer, ..) = source.locate(&step.place);
        writeln!(out, " {index} {} {:?} {} {version} [{:?}] {kind}{odd} @{pointer}", step.id, step.name, step.module, step.reach)
            .unwrap();
        for connection in &step.connections {
            let (pointer, ..) = source.locate(&connection.place);
            writeln!(
                out,
                "   connection {} {:?} {:?} @{pointer}",
                connection.id,
                connection.label.as_deref(),
                connection.kind.as_deref()
            )
            .unwrap();
        }
        for spot in &step.spots {
            let mark = if spot.dynamic { "~" } else { "" };
            let quoted = if spot.is_text { format!("{:?}", spot.value) } else { spot.value.to_string() };
            writeln!(out, "   {:?} {:?} = {mark}{quoted}", spot.role, spot.name).unwrap();
        }
    }
    if !scenario.links.is_empty() {
        writeln!(out, " {}", scenario.links.iter().map(|(from, to)| format!("{from}>{to}")).collect::<Vec<_>>().join(" "))
            .unwrap();
    }
    for unread in &scenario.unread {
        writeln!(out, " unread {}", unread.value).unwrap();
    }
    out
}
