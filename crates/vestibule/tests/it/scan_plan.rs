//! The configuration that `vestibule scan --fix-plan` proposes is one that `vestibule check` accepts, and it holds no credential.
//!
//! `VESTIBULE_BLESS=1` writes the expected file anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use vestibule::config;
use vestibule_core::clock::Timestamp;
use vestibule_scan::Settings;
use vestibule_scan::remedy::plan::Plan;

fn now() -> Timestamp {
    Timestamp(1_795_000_000_000)
}

fn plan(files: &[PathBuf]) -> String {
    let mark = |_: &str| "00000000".to_owned();
    let settings = Settings { mark: &mark, today: date(2026, 11, 22), gateway: "https://gate.example.com", zones: &[] };
    let mut plan = Plan::new(&settings);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        vestibule_scan::scan(&name, &std::fs::read(file).unwrap(), &settings, &mut plan);
    }
    assert_eq!(plan.open(), plan.toml().matches("# decide:").count());
    plan.toml()
}

fn accepted(text: &str, about: &str) -> config::Config {
    match config::load(text, about, now()) {
        Ok((config, _)) => config,
        Err(report) => panic!("{about}\n{}\n{text}", report.render(false)),
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scan_plan")
}

#[test]
fn a_scenario_becomes_routes_grants_and_questions() {
    let text = plan(&[here().join("candidates.json")]);
    let config = accepted(&text, "candidates");
    assert_eq!(config.inbound.len(), 1);
    assert_eq!(config.outbound.len(), 2);
    for secret in ["tr4-mandel", "zk41-ahorn", "c3ZjLWNhbmRpZGF0ZXM"] {
        assert!(!text.contains(secret));
    }
    let with_sandbox = text.replace("\n# test_", "\ntest_");
    assert!(with_sandbox != text && accepted(&with_sandbox, "with a sandbox").outbound.iter().all(|route| route.test.is_some()));
    let expected = here().join("candidates.toml");
    if std::env::var_os("VESTIBULE_BLESS").is_some() {
        std::fs::write(&expected, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&expected).unwrap());
}

#[test]
fn every_plan_is_accepted_and_holds_no_key() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vestibule-scan/tests/fixtures");
    let mut all = Vec::new();
    for platform in ["make", "n8n", "zapier"] {
        for entry in std::fs::read_dir(fixtures.join(platform)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "json") {
                accepted(&plan(std::slice::from_ref(&file)), &file.display().to_string());
                all.push(file);
            }
        }
    }
    assert!(all.len() > 100);
    all.sort();
    let text = plan(&all);
    accepted(&text, "all fixtures");
    // values of the fixtures' invented keys
    for secret in ["kq83-lampe", "zn41f0c9", "wolke-7741", "ru4-mole", "zitrone-88", "mond-stein", "regen-bogen"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// What a remedy says is to stand in `vestibule.toml`: its lines of configuration, without the indent of the text.
fn snippets(remedy: &str) -> Vec<String> {
    let begins = |line: &&str| line.starts_with(['[', '#']);
    let blocks = remedy.split_inclusive('\n').collect::<Vec<_>>();
    let blocks = blocks.chunk_by(|a, b| a.starts_with("    ") == b.starts_with("    "));
    let bare = |block: &[&str]| -> String {
        let lines = block.iter().filter_map(|line| line.strip_prefix("    "));
        lines.skip_while(|line| !begins(line)).collect()
    };
    blocks.map(bare).filter(|text| text.contains('[') && !text.is_empty()).collect()
}

#[test]
fn every_remedy_is_accepted_as_it_stands() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vestibule-scan");
    let folders = ["src/check/fixtures", "tests/fixtures/make", "tests/fixtures/n8n", "tests/fixtures/zapier"];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(crates.join(folder)).unwrap());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.push(here().join("candidates.json"));
    let mark = |_: &str| "00000000".to_owned();
    let settings = Settings { mark: &mark, today: date(2026, 11, 22), gateway: "https://gate.example.com", zones: &[] };
    let mut remedies: Vec<String> = vestibule_scan::check::ALL.iter().map(|check| check.meta().remedy.to_owned()).collect();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let scanned = vestibule_scan::scan(&name, &std::fs::read(file).unwrap(), &settings, &mut ());
        remedies.extend(scanned.findings.into_iter().map(|finding| finding.remedy));
    }
    remedies.sort();
    remedies.dedup();
    let base = Plan::new(&settings).toml();
    let mut tables = 0;
    for snippet in remedies.iter().flat_map(|remedy| snippets(remedy)) {
        let named = snippet.split("workflow = \"").skip(1).filter_map(|rest| rest.split('"').next());
        let workflows: BTreeSet<&str> = named.collect();
        let workflow = |name: &&str| {
            format!("[workflow.{name}]\nplatform = \"other\"\nowner = \"a@example.com\"\npurpose = \"to.be.named\"\n")
        };
        let text = format!("{base}\n{}\n{snippet}", workflows.iter().map(workflow).collect::<String>());
        let config = accepted(&text, "remedy");
        tables += config.inbound.len() + config.outbound.len();
    }
    assert!(tables > 50, "{tables}");
}

#[test]
fn a_remedy_says_what_the_plan_says() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vestibule-scan/src/check/fixtures");
    let mark = |_: &str| "00000000".to_owned();
    let settings = Settings { mark: &mark, today: date(2026, 11, 22), gateway: "https://gate.example.com", zones: &[] };
    let remedies = |file: PathBuf, check: &str| -> String {
        let scanned = vestibule_scan::scan("x.json", &std::fs::read(file).unwrap(), &settings, &mut ());
        scanned.findings.into_iter().filter(|finding| finding.check == check).map(|finding| finding.remedy).collect()
    };
    let mapped = remedies(here().join("candidates.json"), "personal-data-mapped");
    for places in ["reveal_query = { \"mail\" = \"email\" }", "reveal_path = { \"email\" = \"email\" }", "in_text = { \"note\""] {
        assert!(mapped.contains(places), "{places}: {mapped}");
    }
    let typed = remedies(crates.join("hardcoded-credential.bad.make.url.json"), "hardcoded-credential");
    assert!(typed.contains("# decide: the key stood in the address or the body") && !typed.contains("bearer = "), "{typed}");
}

#[test]
fn nothing_to_move_is_said() {
    let mark = |_: &str| String::new();
    let settings = Settings { mark: &mark, today: date(2026, 11, 22), gateway: "", zones: &[] };
    let plan = Plan::new(&settings);
    assert!(plan.is_empty());
    accepted(&plan.toml(), "nothing");
}
