//! The n8n reader over its fixtures: each graph as a text beside its file, and broken files that must not break the reader.
//!
//! `VESTIBULE_BLESS=1` writes the texts anew; whoever does it reads the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vestibule_core::document::{Limits, Loose};
use vestibule_scan::expression;
use vestibule_scan::model::{Kind, Platform, Role, Scenario, Step, n8n};
use vestibule_scan::source::{At, Place, Source};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/n8n");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    found.sort();
    found
}

fn graph(bytes: &[u8]) -> Option<String> {
    let json = Loose::parse(bytes, &Limits::default()).ok()?;
    let source = Source::new("fixture", std::str::from_utf8(bytes).unwrap(), Some(json));
    let scenarios = n8n::read(&source)?;
    let mut text = String::new();
    for scenario in &scenarios {
        write_scenario(&mut text, &source, scenario);
    }
    Some(text)
}

fn place(source: &Source<'_>, place: &Place) -> String {
    source.locate(place).0
}

fn write_scenario(text: &mut String, source: &Source<'_>, scenario: &Scenario<'_>) {
    let at = |value: Option<String>, name: &str| value.map(|value| format!(" {name}={value}")).unwrap_or_default();
    let flag = |flag: &Option<At<bool>>, name: &str| {
        at(flag.as_ref().map(|flag| format!("{}@{}", flag.value, place(source, &flag.place))), name)
    };
    let said = |said: &Option<At<std::borrow::Cow<'_, str>>>, name: &str| {
        at(said.as_ref().map(|said| format!("{:?}@{}", said.value, place(source, &said.place))), name)
    };
    writeln!(
        text,
        "workflow {:?}{}{}{}{}{}{}{}{}{}{} @{}",
        scenario.name,
        at(scenario.id.as_ref().map(|id| id.to_string()), "id"),
        flag(&scenario.active, "active"),
        at(scenario.instant.map(|instant| instant.to_string()), "instant"),
        said(&scenario.zone, "zone"),
        said(&scenario.owner, "owner"),
        said(&scenario.changed, "changed"),
        said(&scenario.last_run, "last_run"),
        flag(&scenario.logging.keeps_good, "keeps_good"),
        flag(&scenario.logging.keeps_failed, "keeps_failed"),
        if scenario.error_workflow { " error_workflow" } else { "" },
        place(source, &scenario.place)
    )
    .unwrap();
    for (index, step) in scenario.steps.iter().enumerate() {
        let next: Vec<String> = scenario.links.iter().filter(|link| link.0 == index).map(|link| link.1.to_string()).collect();
        write_step(text, source, index, step, &next.join(","));
    }
    for unread in &scenario.unread {
        writeln!(text, "  unread {} @{}", unread.value, place(source, &unread.place)).unwrap();
    }
}

fn write_step(text: &mut String, source: &Source<'_>, index: usize, step: &Step<'_>, next: &str) {
    let marks = [(step.disabled, " disabled"), (step.handles_errors, " handles_errors"), (!step.understood, " not-understood")];
    let marks: String = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
    let version = step.version.as_deref().unwrap_or("-");
    let name = if step.id == step.name { format!("{:?}", step.name) } else { format!("{:?} id {:?}", step.name, step.id) };
    let arrow = if next.is_empty() { String::new() } else { format!(" -> {next}") };
    let at = place(source, &step.place);
    writeln!(text, "  {index} {name} {} {version} {:?}{marks}{arrow} @{at}", step.module, step.reach).unwrap();
    match &step.kind {
        Kind::Entry(entry) => {
            let method = entry.method.as_deref().unwrap_or("-");
            writeln!(text, "    entry {:?} {:?} {method} @{}", entry.by, entry.protection, place(source, &entry.place)).unwrap();
        }
        Kind::Request(request) => {
            let flag = |flag: &Option<At<bool>>| {
                flag.as_ref().map_or("-".to_owned(), |flag| format!("{}@{}", flag.value, place(source, &flag.place)))
            };
            let method = request.method.as_deref().unwrap_or("-");
            let (tls, redirects) = (flag(&request.verifies_tls), flag(&request.follows_redirects));
            writeln!(text, "    request {method} {:?} tls {tls} redirects {redirects}", request.auth).unwrap();
        }
        other => writeln!(text, "    {other:?}").unwrap(),
    }
    for connection in &step.connections {
        let label = connection.label.as_deref().unwrap_or("-");
        let kind = connection.kind.as_deref().unwrap_or("-");
        writeln!(text, "    connection {kind} {} {label:?} @{}", connection.id, place(source, &connection.place)).unwrap();
    }
    for spot in &step.spots {
        let mark = match (spot.dynamic, spot.is_text) {
            (true, _) => "~",
            (false, true) => "",
            (false, false) => "#",
        };
        write!(text, "    {:?} {} {mark}{:?} @{}", spot.role, spot.name, spot.value, place(source, &spot.place)).unwrap();
        let used = match spot.role {
            Role::Code => expression::references(Platform::N8n, &spot.value),
            _ if spot.dynamic => expression::used(Platform::N8n, &spot.value),
            _ => Vec::new(),
        };
        for reference in used {
            write!(text, " <{}:{}>", reference.step.as_deref().unwrap_or("-"), reference.field.join(".")).unwrap();
        }
        text.push('\n');
    }
}

#[test]
fn every_fixture_becomes_its_graph() {
    let bless = std::env::var_os("VESTIBULE_BLESS").is_some();
    let files = fixtures();
    assert!(files.len() >= 60, "only {} fixtures", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let graph = graph(&std::fs::read(&file).unwrap()).unwrap_or_else(|| "no n8n workflow\n".to_owned());
        let beside = file.with_extension("graph");
        if bless {
            std::fs::write(&beside, &graph).unwrap();
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != graph {
            wrong.push(file.file_name().unwrap().to_owned());
        }
    }
    assert!(wrong.is_empty(), "other graphs than before: {wrong:?}");
}

#[test]
fn every_value_is_told_once() {
    for file in fixtures() {
        let bytes = std::fs::read(&file).unwrap();
        let json = Loose::parse(&bytes, &Limits::default()).unwrap();
        let source = Source::new("fixture", std::str::from_utf8(&bytes).unwrap(), Some(json));
        for scenario in n8n::read(&source).unwrap_or_default() {
            let mut places: Vec<usize> = Vec::new();
            for spot in scenario.steps.iter().flat_map(|step| &step.spots) {
                let Place::Node(node) = spot.place else { panic!("{file:?}") };
                places.push(node.index());
            }
            let all = places.len();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), all, "{file:?}");
        }
    }
}

#[test]
fn deep_and_wide_files_are_read() {
    let deep = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    let parameters = format!("{}\"x\":1{}", "{\"a\":".repeat(400) + "{", "}".repeat(401));
    let node = format!(
        r#"{{"name":"N","type":"n8n-nodes-base.set","typeVersion":3,"position":[0,0],"parameters":{parameters},"notes":{deep}}}"#
    );
    let workflow = format!(r#"{{"nodes":[{node}],"connections":{{}},"pinData":{{"N":{deep}}}}}"#);
    let json = Loose::parse(workflow.as_bytes(), &Limits { depth: 1_000, nodes: 100_000 }).unwrap();
    let source = Source::new("deep", &workflow, Some(json));
    let scenarios = n8n::read(&source).unwrap();
    assert_eq!(scenarios[0].steps[0].spots.len(), 3);

    let nodes: Vec<String> = (0..20_000)
        .map(|n| format!(r#"{{"name":"N{n}","type":"n8n-nodes-base.noOp","typeVersion":1,"position":[0,0],"parameters":{{}}}}"#))
        .collect();
    let links: Vec<String> = (0..19_999).map(|n| format!(r#""N{n}":{{"main":[[{{"node":"N{}"}}]]}}"#, n + 1)).collect();
    let wide = format!(r#"{{"nodes":[{}],"connections":{{{}}}}}"#, nodes.join(","), links.join(","));
    let json = Loose::parse(wide.as_bytes(), &Limits { depth: 100, nodes: 1_000_000 }).unwrap();
    let scenarios = n8n::read(&Source::new("wide", &wide, Some(json))).unwrap();
    assert_eq!((scenarios[0].steps.len(), scenarios[0].links.len()), (20_000, 19_999));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pieces of fixtures put in place of others: whatever is still JSON is read without a panic.
    #[test]
    fn mixed_up_fixtures_are_read(which in any::<prop::sample::Index>(), cuts in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u32>()), 1..6)) {
        let files = fixtures();
        let text = std::fs::read_to_string(which.get(&files)).unwrap();
        let mut bytes = text.into_bytes();
        for (from, to, what) in cuts {
            let json = Loose::parse(&bytes, &Limits::default()).unwrap();
            let tape = json.tape();
            let pick = |n: u32| tape.node(vestibule_core::document::NodeId::new(n % tape.len() as u32)).span();
            let ((start, end), source) = (pick(from), pick(to));
            let odd = ["null", "7", "\"={{ $json.a\"", "[]", "{}", "[{\"name\":\"x\",\"value\":{\"__rl\":true}}]", "true"];
            let piece = match what % 3 {
                0 => bytes[source.0..source.1].to_vec(),
                _ => odd[what as usize % odd.len()].as_bytes().to_vec(),
            };
            if piece.len() + bytes.len() < 200_000 {
                bytes.splice(start..end, piece);
            }
        }
        if let Some(text) = graph(&bytes) {
            prop_assert!(text.starts_with("workflow"));
        }
    }

    #[test]
    fn any_text_is_taken_apart(text in "[{}$'\"`\\\\/.()a-c \\[\\]é=\n]{0,60}") {
        let pieces = expression::pieces(Platform::N8n, &text);
        for (at, piece) in pieces {
            let (expression::Piece::Literal(inner) | expression::Piece::Expression(inner)) = piece;
            prop_assert_eq!(&text[at..at + inner.len()], inner);
        }
        for (at, literal) in expression::literals(Platform::N8n, &text) {
            prop_assert_eq!(&text[at..at + literal.len()], literal);
        }
        let _ = expression::references(Platform::N8n, &text);
    }
}
