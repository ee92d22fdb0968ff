//! Every check over its fixtures: the bad ones give exactly the expected places, the good ones nothing of their check, and no finding
//! tells a value. The pages in docs/reference/checks are made from the same findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vestibule_scan::check::{self, Meta};
use vestibule_scan::{Coverage, Finding, Settings, Severity, across, scan};

/// Parts of every secret and every invented person in the fixtures.
const PLANTED: [&str; 9] =
    ["zq9x", "quillfeather", "odile", "5550199", "de89 3704", "welcome2024", "sommer2024", "kt9vrz42", "eyjhbgcioijiuzi1niis"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/fixtures")
}

fn look(path: &str, bytes: &[u8]) -> (Vec<Finding>, Vec<Coverage>) {
    let mark = |_: &str| "00000000".to_owned();
    let today = jiff::civil::date(2026, 11, 22);
    let settings = Settings { mark: &mark, today, gateway: "https://gate.example.com", zones: &[] };
    let mut scanned = scan(path, bytes, &settings, &mut ());
    scanned.findings.extend(across(&scanned.seen));
    (scanned.findings, scanned.coverage)
}

fn fixture(name: &str) -> Vec<Finding> {
    look(name, &std::fs::read(fixtures().join(name)).unwrap()).0
}

/// File names with the pointers that their check must tell, as `expected.txt` writes them.
fn expected() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(fixtures().join("expected.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut cells = line.split(" | ").map(str::trim);
            let file = cells.next().unwrap().to_owned();
            (file, cells.map(|pointer| if pointer == "~" { String::new() } else { pointer.to_owned() }).collect())
        })
        .collect()
}

fn id(file: &str) -> &str {
    file.split('.').next().unwrap()
}

#[test]
fn every_fixture_gives_what_is_expected() {
    let expected = expected();
    let present: BTreeSet<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "expected.txt")
        .collect();
    assert_eq!(present, expected.keys().cloned().collect::<BTreeSet<_>>(), "expected.txt lists every fixture");
    let mut wrong = String::new();
    for (file, expected) in &expected {
        let found: Vec<Finding> = fixture(file).into_iter().filter(|finding| finding.check == id(file)).collect();
        let pointers: BTreeSet<String> = found.iter().map(|finding| finding.pointer.clone()).collect();
        if pointers != *expected || found.len() != expected.len() {
            writeln!(wrong, "{file}: expected {expected:?}, found {pointers:?} ({})", found.len()).unwrap();
        }
        assert_eq!(file.contains(".good."), expected.is_empty(), "{file}: only good fixtures expect nothing");
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    println!("checks: {} fixtures", expected.len());
}

#[test]
fn every_check_has_a_bad_and_a_good_fixture() {
    let files = expected();
    for check in check::ALL {
        let id = check.meta().id;
        for kind in ["bad", "good"] {
            assert!(files.keys().any(|file| file.starts_with(&format!("{id}.{kind}."))), "{id} has no {kind} fixture");
        }
    }
    for file in files.keys() {
        assert!(check::by_id(id(file)).is_some(), "{file} is of no check");
    }
}

#[test]
fn no_finding_tells_a_value() {
    let mut findings = 0;
    for file in expected().keys() {
        for finding in fixture(file) {
            findings += 1;
            let told = format!("{}\n{}", finding.message, finding.remedy).to_lowercase();
            for value in PLANTED {
                assert!(!told.contains(value), "{file}: `{}` tells {value}: {told}", finding.check);
            }
        }
    }
    assert!(findings > 200, "{findings}");
}

#[test]
fn each_place_has_one_finding_about_a_credential() {
    const CREDENTIALS: [&str; 4] = ["hardcoded-credential", "secret-url", "credential-in-pinned-data", "placeholder-left"];
    for file in expected().keys() {
        let mut seen = BTreeSet::new();
        for finding in fixture(file).into_iter().filter(|finding| CREDENTIALS.contains(&finding.check)) {
            assert!(seen.insert((finding.line, finding.column)), "{file}: {} is told twice", finding.pointer);
        }
    }
}

#[test]
fn what_makes_a_credential_worse_or_better_is_said() {
    for (case, severity, said) in [
        ("make", Severity::Critical, "is typed into the header"),
        ("make.url", Severity::Critical, "Addresses end up in logs"),
        ("make.weak", Severity::Critical, "easily guessed"),
        ("make.expired", Severity::Low, "has expired"),
    ] {
        let found = fixture(&format!("hardcoded-credential.bad.{case}.json"));
        let told = found.iter().find(|finding| finding.check == "hardcoded-credential").unwrap();
        assert!(told.severity == severity && told.message.contains(said), "{case}: {told:?}");
    }
}

#[test]
fn fingerprints_differ_within_a_file_and_stay() {
    for file in expected().keys() {
        let (first, second) = (fixture(file), fixture(file));
        let all: BTreeSet<&str> = first.iter().map(|finding| finding.fingerprint.as_str()).collect();
        assert_eq!(all.len(), first.len(), "{file}");
        assert_eq!(first, second, "{file}");
    }
}

#[test]
fn published_blueprints_are_read_as_a_person_reads_them() {
    let vectors = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from)
        .join("scenarios/make");
    let Ok(files) = std::fs::read_dir(&vectors) else {
        println!("checks: not run: no vectors");
        return;
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut number = 0;
    for file in files {
        let path = file.unwrap().path();
        let (findings, coverage) = look(&path.display().to_string(), &std::fs::read(&path).unwrap());
        assert!(coverage.iter().all(|coverage| coverage.error.is_none() && coverage.steps > 0), "{}", path.display());
        number += 1;
        for finding in findings {
            *counts.entry(finding.check).or_default() += 1;
        }
    }
    println!("checks: {number} published blueprints, {counts:?}");
    // looked through by hand: one typed password, one mailhook, one address over http, one mail address as a connection's name
    for (check, count) in
        [("hardcoded-credential", 1), ("mailhook-entry", 1), ("cleartext-http", 1), ("person-named-connection", 1)]
    {
        assert_eq!(counts.get(check), Some(&count), "{check}");
    }
    assert_eq!(counts.get("run-data-kept"), Some(&number), "every one of these files says that its data is not confidential");
}

#[test]
fn every_id_has_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/checks");
    let expected = expected();
    let mut index = String::from(
        "# Checks\n\nWhat `vestibule scan` looks for, the most urgent first, generated from the code. Severity says how much harm there is if the finding is true, confidence how sure it is; a finding can have another of either than the one listed. `vestibule scan --persona builder`, `security` or `privacy` shows what somebody in this role can do something about.\n\n| check | what it means | severity | confidence | for | platforms |\n|---|---|---|---|---|---|\n",
    );
    let mut ids = BTreeSet::new();
    for check in check::ALL {
        let meta = check.meta();
        assert!(ids.insert(meta.id), "{} stands twice", meta.id);
        let platforms = platforms(meta, &expected);
        writeln!(
            index,
            "| [`{id}`]({id}.md) | {} | {} | {} | {} | {} |",
            meta.title,
            word(&meta.severity),
            word(&meta.confidence),
            personas(meta),
            platforms.join(", "),
            id = meta.id,
        )
        .unwrap();
        same_as(&folder.join(format!("{}.md", meta.id)), &page(meta, &platforms, &expected));
    }
    same_as(&folder.join("README.md"), &index);
    let pages: BTreeSet<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let known: BTreeSet<String> = ids.iter().map(|id| format!("{id}.md")).chain(["README.md".to_owned()]).collect();
    assert_eq!(pages, known, "a page without a check");
}

fn page(meta: &Meta, platforms: &[&str], expected: &BTreeMap<String, BTreeSet<String>>) -> String {
    let of = |platform: &str| expected.keys().find(|file| file.starts_with(&format!("{}.bad.{platform}.", meta.id)));
    let bad = ["make", "n8n", "zapier", "file"].into_iter().find_map(of).unwrap();
    let example = fixture(bad).into_iter().find(|finding| finding.check == meta.id).unwrap();
    let step = if example.step.is_empty() { "the whole scenario".to_owned() } else { format!("step “{}”", example.step) };
    format!(
        "# {title}\n\n`{id}` · severity {severity} · confidence {confidence} · for {personas} · seen in {platforms} · answers {requirements}\n\n## What it looks for\n\n{what}\n\n## Why it matters\n\n{why}\n\n## What to do\n\n{remedy}\n\n## What it leaves out\n\n{leaves_out}\n\n## A finding\n\nOf its fixture `{bad}`, {step}:\n\n> {message}\n\n{example}\n",
        title = meta.title,
        id = meta.id,
        severity = word(&meta.severity),
        confidence = word(&meta.confidence),
        personas = personas(meta),
        platforms = platforms.join(", "),
        requirements = meta.requirements.join(", "),
        what = meta.what,
        why = meta.why,
        remedy = prose(meta.remedy),
        leaves_out = meta.leaves_out,
        message = example.message,
        example = prose(&example.remedy),
    )
}

/// Lines that begin with four blanks become code; every paragraph stands apart.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let code = line.starts_with("    ");
        if !(out.is_empty() || code && in_code) {
            out.push('\n');
        }
        in_code = code;
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn platforms(meta: &Meta, expected: &BTreeMap<String, BTreeSet<String>>) -> Vec<&'static str> {
    let has = |platform: &str| expected.keys().any(|file| file.starts_with(&format!("{}.bad.{platform}.", meta.id)));
    let named = [("make", "Make"), ("n8n", "n8n"), ("zapier", "Zapier"), ("file", "other files")];
    named.into_iter().filter(|(platform, _)| has(platform)).map(|(_, name)| name).collect()
}

fn personas(meta: &Meta) -> String {
    meta.personas.iter().map(|persona| persona.as_str()).collect::<Vec<_>>().join(", ")
}

fn word(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}

/// Compares with a committed file, or writes it where `VESTIBULE_BLESS` is set.
fn same_as(path: &Path, text: &str) {
    if std::env::var_os("VESTIBULE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is not what the code says; run the test with VESTIBULE_BLESS=1 and read the change",
        path.display()
    );
}
