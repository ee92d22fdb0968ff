//! The Make reader over fixtures of every shape, over published blueprints, and over mutations of both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vestibule_core::document::{Limits, Loose};
use vestibule_scan::model::{Kind, Protection, Role, Scenario, Step, make};
use vestibule_scan::source::{Place, Source};

fn fixtures() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/make"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

fn read_with<T>(text: &[u8], take: impl FnOnce(&Source<'_>, Option<Vec<Scenario<'_>>>) -> T) -> Option<T> {
    let json = Loose::parse(text, &Limits { depth: 1_000, nodes: 1_000_000 }).ok()?;
    let source = Source::new("file.json", std::str::from_utf8(text).unwrap(), Some(json));
    let scenarios = make::read(&source);
    Some(take(&source, scenarios))
}

fn fixture<T>(name: &str, take: impl FnOnce(&Source<'_>, Vec<Scenario<'_>>) -> T) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/make").join(name).with_extension("json");
    read_with(&fs::read(path).unwrap(), |source, scenarios| take(source, scenarios.unwrap())).unwrap()
}

/// What the reader saw, in a form that a person can check against the file.
fn outline(source: &Source<'_>, scenarios: Option<&[Scenario<'_>]>) -> String {
    let mut out = String::new();
    let Some(scenarios) = scenarios else { return "not a file of Make\n".to_owned() };
    for scenario in scenarios {
        let logging = &scenario.logging;
        let _ = writeln!(
            out,
            "scenario {:?} at {:?} id {:?} active {:?} instant {:?} zone {:?} owner {:?} changed {:?} last run {:?} confidential {:?} keeps failed {:?}",
            scenario.name,
            source.locate(&scenario.place).0,
            scenario.id,
            scenario.active.as_ref().map(|at| at.value),
            scenario.instant,
            scenario.zone.as_ref().map(|at| &at.value),
            scenario.owner.as_ref().map(|at| &at.value),
            scenario.changed.as_ref().map(|at| &at.value),
            scenario.last_run.as_ref().map(|at| &at.value),
            logging.confidential.as_ref().map(|at| at.value),
            logging.keeps_failed.as_ref().map(|at| at.value),
        );
        scenario.steps.iter().enumerate().for_each(|(index, step)| outline_step(&mut out, source, index, step));
        let _ = writeln!(out, "  links {:?}", scenario.links);
        for unread in &scenario.unread {
            let _ = writeln!(out, "  unread {} at {}", unread.value, source.locate(&unread.place).0);
        }
    }
    out
}

fn outline_step(out: &mut String, source: &Source<'_>, index: usize, step: &Step<'_>) {
    let at = |place: &Place| source.locate(place).0;
    let mut marks = String::new();
    for (is, mark) in
        [(step.disabled, " disabled"), (step.handles_errors, " handles errors"), (!step.understood, " not understood")]
    {
        marks.push_str(if is { mark } else { "" });
    }
    let kind = match &step.kind {
        Kind::Entry(entry) => format!("entry by {:?}, {:?}, {}", entry.by, entry.protection, at(&entry.place)),
        Kind::Request(request) => format!(
            "request {:?}, auth {:?}, verifies {:?}, redirects {:?}",
            request.method,
            request.auth,
            request.verifies_tls.as_ref().map(|at| at.value),
            request.follows_redirects.as_ref().map(|at| at.value)
        ),
        other => format!("{other:?}"),
    };
    let _ = writeln!(
        out,
        "  step {index} {:?} {:?} {} v{} {:?}{marks} at {}",
        step.id,
        step.name,
        step.module,
        step.version.as_deref().unwrap_or("-"),
        step.reach,
        at(&step.place)
    );
    let _ = writeln!(out, "    {kind}");
    for connection in &step.connections {
        let _ = writeln!(
            out,
            "    connection {:?} {:?} {:?} at {}",
            connection.id,
            connection.label,
            connection.kind,
            at(&connection.place)
        );
    }
    for spot in &step.spots {
        let dynamic = if spot.dynamic { " dynamic" } else { "" };
        let bare = if spot.is_text { "" } else { " bare" };
        let _ = writeln!(out, "    {:?} {:?} = {:?}{dynamic}{bare} at {}", spot.role, spot.name, spot.value, at(&spot.place));
    }
}

#[test]
fn every_fixture_is_read_as_its_outline_says() {
    let bless = std::env::var_os("VESTIBULE_BLESS").is_some();
    let paths = fixtures();
    assert!(paths.len() >= 30, "{} fixtures", paths.len());
    for path in paths {
        let text = fs::read(&path).unwrap();
        let seen =
            read_with(&text, |source, scenarios| outline(source, scenarios.as_deref())).unwrap_or_else(|| "no JSON\n".to_owned());
        let expected = path.with_extension("outline");
        if bless {
            fs::write(&expected, &seen).unwrap();
        }
        assert_eq!(seen, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

#[test]
fn every_value_is_seen_once_and_every_link_leads_on() {
    for path in fixtures() {
        read_with(&fs::read(&path).unwrap(), |_, scenarios| {
            for scenario in scenarios.into_iter().flatten() {
                let places: Vec<&Place> = scenario.steps.iter().flat_map(|step| &step.spots).map(|spot| &spot.place).collect();
                for (at, place) in places.iter().enumerate() {
                    assert!(!places[at + 1..].contains(place), "{}: {place:?} twice", path.display());
                }
                for (from, to) in &scenario.links {
                    assert!(from < to && *to < scenario.steps.len(), "{}: {from} -> {to}", path.display());
                }
            }
        });
    }
}

#[test]
fn published_blueprints_are_read_whole() {
    let folder = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from)
        .join("scenarios/make");
    let paths = files(&folder);
    if paths.is_empty() {
        println!("make: not run: no vectors");
        return;
    }
    let (mut steps, mut understood, mut invalid) = (0, 0, Vec::new());
    for path in &paths {
        let text = fs::read(path).unwrap();
        let Ok(tree) = serde_json::from_slice::<serde_json::Value>(&text) else {
            assert!(read_with(&text, |_, _| ()).is_none(), "{}", path.display());
            invalid.push(path.file_name().unwrap().to_owned());
            continue;
        };
        read_with(&text, |_, scenarios| {
            let scenarios = scenarios.unwrap();
            assert_eq!(scenarios.len(), 1, "{}", path.display());
            let modules = scenarios[0].steps.iter().filter(|step| !step.module.is_empty());
            assert_eq!(modules.clone().count(), count_modules(&tree), "{}", path.display());
            assert_eq!(scenarios[0].name, tree["name"].as_str().unwrap(), "{}", path.display());
            assert!(scenarios[0].unread.is_empty(), "{}", path.display());
            steps += modules.clone().count();
            understood += modules.filter(|step| step.understood).count();
        })
        .unwrap();
    }
    assert_eq!(invalid, [""; 0], "every file of this selection is JSON");
    println!("make: {} files, {steps} steps, {understood} understood", paths.len());
    assert!(understood * 100 >= steps * 95, "{understood} of {steps}");
}

/// Objects that name a module, wherever they stand.
fn count_modules(tree: &serde_json::Value) -> usize {
    let own = usize::from(tree.get("module").is_some_and(serde_json::Value::is_string));
    let inner = match tree {
        serde_json::Value::Array(elements) => elements.iter().map(count_modules).sum(),
        serde_json::Value::Object(members) => members.values().map(count_modules).sum(),
        _ => 0,
    };
    own + inner
}

#[test]
fn a_webhook_is_open_or_guarded_only_where_an_account_says_so() {
    let protection =
        |name: &str| fixture(name, |_, scenarios| scenarios[0].steps.iter().find_map(Step::entry).map(|entry| entry.protection));
    assert_eq!(protection("webhook-plain"), Some(Protection::Unseen));
    assert_eq!(protection("account-guarded"), Some(Protection::Guarded));
    assert_eq!(protection("account-open"), Some(Protection::Open));
}

#[test]
fn a_literal_on_the_right_of_a_filter_is_called_as_the_field_on_the_left() {
    fixture("filters", |_, scenarios| {
        let spots: Vec<_> = scenarios[0].steps.iter().flat_map(|step| step.spots_in(Role::Condition)).collect();
        assert!(spots.iter().any(|spot| spot.name == "x-shared-key" && spot.value == "nW4rT8qLs2vYb6Zc"));
    });
}

#[test]
fn other_files_are_left_to_others() {
    for text in [
        r#"{"nodes":[{"type":"n8n-nodes-base.set","parameters":{}}],"connections":{}}"#,
        r#"{"flow":[{"id":"1","type":"tab","module":"plain"}]}"#,
        r#"{"modules":[{"module":"esnext","path":"a"}]}"#,
        r#"{"zaps":[{"id":1,"nodes":{}}]}"#,
        r#"[{"name":"x"}]"#,
        r#"{"flow":[]}"#,
        r#"{"data":[1,2,3]}"#,
        "[]",
        "null",
        "\"flow\"",
    ] {
        assert!(read_with(text.as_bytes(), |_, scenarios| scenarios.is_none()).unwrap(), "{text}");
    }
}

#[test]
fn depth_and_breadth_cost_no_stack() {
    let depth = 200;
    let mut text = r#"{"id":1,"module":"builtin:BasicRouter","mapper":null,"routes":[{"flow":["#.repeat(depth);
    text.push_str(r#"{"id":2,"module":"http:ActionSendData","mapper":{"url":"https://a.example.com"}}"#);
    text.push_str(&"]}]}".repeat(depth));
    let text = format!(r#"{{"flow":[{text}]}}"#);
    let seen = read_with(text.as_bytes(), |_, scenarios| scenarios.unwrap()[0].steps.len());
    assert_eq!(seen, Some(depth + 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any value in a fixture replaced by any other kind of value, and any member renamed: the reader answers, and every place it
    /// names is in the file.
    #[test]
    fn mutated_files_never_panic(which in 0_usize..1_000, changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12), 1..6)) {
        let paths = fixtures();
        let text = fs::read_to_string(&paths[which % paths.len()]).unwrap();
        let mut tree: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        for (place, change) in &changes {
            mutate(&mut tree, place, *change);
        }
        let text = tree.to_string();
        read_with(text.as_bytes(), |source, scenarios| {
            outline(source, scenarios.as_deref());
        });
    }

    /// Any bytes cut out of a fixture: JSON or not, the reader answers.
    #[test]
    fn cut_files_never_panic(which in 0_usize..1_000, from in any::<prop::sample::Index>(), length in 0_usize..40) {
        let paths = fixtures();
        let mut text = fs::read_to_string(&paths[which % paths.len()]).unwrap();
        let from = text.floor_char_boundary(from.index(text.len() + 1));
        let to = text.floor_char_boundary((from + length).min(text.len()));
        text.replace_range(from..to, "");
        read_with(text.as_bytes(), |source, scenarios| {
            outline(source, scenarios.as_deref());
        });
    }
}

pub(crate) fn mutate(tree: &mut serde_json::Value, place: &prop::sample::Index, change: usize) {
    let mut pointers = Vec::new();
    pointers_of(tree, String::new(), &mut pointers);
    let pointer = place.get(&pointers).clone();
    let other = serde_json::json!([
        null, true, 7, "", "{{1.email}}", "{{\"", [], {}, [[]], [null], {"flow": [{"module": "a:b"}]}, {"name": "n", "value": {"value": []}}
    ]);
    if let Some(value) = tree.pointer_mut(&pointer) {
        *value = other[change].clone();
    }
}

fn pointers_of(tree: &serde_json::Value, at: String, found: &mut Vec<String>) {
    match tree {
        serde_json::Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| pointers_of(element, format!("{at}/{index}"), found))
        }
        serde_json::Value::Object(members) => members.iter().for_each(|(name, member)| {
            pointers_of(member, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found)
        }),
        _ => {}
    }
    found.push(at);
}
