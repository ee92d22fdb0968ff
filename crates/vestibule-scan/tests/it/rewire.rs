//! Rewiring over every fixture of Make and n8n, and over published blueprints: the reader reads what comes out, a second time changes
//! nothing, untouched files stay as they are, and what is told shows no value.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vestibule_core::document::{Limits, Loose};
use vestibule_scan::Settings;
use vestibule_scan::model::{Kind, Role, Scenario, make, n8n};
use vestibule_scan::remedy::rewire::{Rewired, file};
use vestibule_scan::source::Source;

const GATEWAY: &str = "https://gate.example.com";

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_json = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(is_json).collect();
    files.sort();
    files
}

fn rewired(bytes: &[u8]) -> Option<Rewired> {
    let mark = |_: &str| String::new();
    let today = jiff::civil::date(2026, 11, 22);
    file("file.json", bytes, &Settings { mark: &mark, today, gateway: GATEWAY, zones: &[] })
}

fn with_scenarios<T>(bytes: &[u8], take: impl FnOnce(&[Scenario<'_>]) -> T) -> T {
    let json = Loose::parse(bytes, &Limits { depth: 1_000, nodes: 1_000_000 }).unwrap();
    let source = Source::new("file.json", std::str::from_utf8(bytes).unwrap(), Some(json));
    take(&make::read(&source).or_else(|| n8n::read(&source)).unwrap())
}

/// What must be the same before and after, step by step.
fn shape(bytes: &[u8]) -> Vec<(String, String, String)> {
    with_scenarios(bytes, |scenarios| {
        let steps = scenarios.iter().flat_map(|scenario| &scenario.steps);
        let key = |module: &str| {
            if module.starts_with("http:ActionSendData") { "http:ActionSendData".to_owned() } else { module.to_owned() }
        };
        steps.map(|step| (step.id.to_string(), step.name.replace("APIKeyAuth", ""), key(&step.module))).collect()
    })
}

/// Values that may be keys: long and literal, in places where keys stand.
fn values(bytes: &[u8]) -> Vec<String> {
    with_scenarios(bytes, |scenarios| {
        let spots = scenarios.iter().flat_map(|scenario| &scenario.steps).flat_map(|step| &step.spots);
        let roles = [Role::Header, Role::Query, Role::Password, Role::Body, Role::Field];
        let keys =
            spots.filter(|spot| spot.is_text && roles.contains(&spot.role) && spot.value.len() >= 8 && !spot.value.contains(' '));
        keys.map(|spot| spot.value.to_string()).collect()
    })
}

fn check(path: &Path, bytes: &[u8]) -> usize {
    let name = path.display();
    let Some(first) = rewired(bytes) else { return 0 };
    assert_eq!(first.changes.is_empty(), first.text == bytes, "{name}: changes are told, and only changes");
    let again = rewired(&first.text).unwrap_or_else(|| panic!("{name}: not read again"));
    assert!(
        again.changes.is_empty() && again.text == first.text,
        "{name}: a second time changes something\n{}",
        again.difference()
    );
    assert_eq!(shape(bytes).len(), shape(&first.text).len(), "{name}");
    let moved = with_scenarios(&first.text, |scenarios| {
        let steps = scenarios.iter().flat_map(|scenario| &scenario.steps).filter(|step| matches!(step.kind, Kind::Request(_)));
        let moved: Vec<_> = steps.filter(|step| step.url().is_some_and(|url| url.value.starts_with(GATEWAY))).collect();
        for step in &moved {
            assert!(step.request().unwrap().verifies_tls.as_ref().is_none_or(|verifies| verifies.value), "{name}: {}", step.name);
            let is_authorization = |name: &str| name.eq_ignore_ascii_case("authorization");
            assert!(!step.spots_in(Role::Header).any(|header| is_authorization(&header.name)), "{name}: {}", step.name);
            assert_eq!(step.spots_in(Role::Password).count(), 0, "{name}: {}", step.name);
        }
        moved.len()
    });
    assert_eq!(moved, first.changes.iter().filter(|change| change.setting == "address").count(), "{name}");
    moved
}

fn no_value_is_told(path: &Path, bytes: &[u8]) {
    let Some(rewired) = rewired(bytes) else { return };
    let told = rewired.difference();
    for value in values(bytes) {
        assert!(!told.contains(&value), "{}: a value is told", path.display());
    }
}

#[test]
fn every_fixture_is_rewired_once_and_for_all() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let paths: Vec<PathBuf> = ["make", "n8n"].iter().flat_map(|platform| files(&fixtures.join(platform))).collect();
    assert!(paths.len() >= 40);
    let moved: usize = paths.iter().map(|path| check(path, &fs::read(path).unwrap())).sum();
    paths.iter().for_each(|path| no_value_is_told(path, &fs::read(path).unwrap()));
    assert!(moved >= 20, "{moved} steps were moved");
}

#[test]
fn published_blueprints_keep_their_steps() {
    let folder = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from)
        .join("scenarios/make");
    let paths = files(&folder);
    if paths.is_empty() {
        println!("rewire: not run: no vectors");
        return;
    }
    let moved: usize = paths.iter().map(|path| check(path, &fs::read(path).unwrap())).sum();
    assert_eq!(moved, 4, "requests with a literal address in this selection");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a file looks like, the result is JSON with the same steps, and rewriting it again changes nothing.
    #[test]
    fn mutated_files_are_rewired_once_and_for_all(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12), 0..5)) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let paths: Vec<PathBuf> = ["make", "n8n"].iter().flat_map(|platform| files(&fixtures.join(platform))).collect();
        let path = which.get(&paths);
        let Ok(mut tree) = serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()) else { return Ok(()) };
        for (place, change) in &changes {
            super::make::mutate(&mut tree, place, *change);
        }
        check(path, tree.to_string().as_bytes());
    }
}
