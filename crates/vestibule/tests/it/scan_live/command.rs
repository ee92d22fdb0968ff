//! `vestibule scan --account NAME [--save]` as a person runs it, with a configuration file and a report.

use super::make::Team;
use super::platform::{MAKE_TOKEN, NOW, Platform};
use crate::scan::{Ran, run};
use std::fmt::Write as _;
use std::path::Path;
use vestibule::ops;

const MAKE: &str = "platform = \"make\"\nzone = \"eu1.make.test\"\nteam = 215";

fn served() -> Platform {
    let platform = Platform::new();
    let team = Team::recorded();
    platform.peer.otherwise(move |seen| team.answer(seen));
    platform
}

fn audited(config: &Path, more: &[&str]) -> Ran {
    let config = config.to_str().unwrap();
    run(&[&["--account", "make", "--config", config], more].concat())
}

#[test]
fn an_account_is_scanned_without_a_gateway() {
    let platform = served();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("accounts.toml");
    std::fs::write(&config, platform.settings("make", MAKE)).unwrap();
    let ran = audited(&config, &["--format", "json", "--zone", "eu1.make.test"]);
    let json = ran.json();
    assert!(ran.code == 3 && !json["findings"].as_array().unwrap().is_empty(), "{} {}", ran.out, ran.err);
    let files: Vec<&str> = json["coverage"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    assert!(files.len() > 1 && files.iter().all(|file| file.starts_with("make/")), "{files:?}");
    assert!(json.get("drift").is_none() && !ran.out.contains(MAKE_TOKEN));
    let rewired = folder.path().join("out");
    audited(&config, &["--gateway", "https://gate.example.com", "--rewire", rewired.to_str().unwrap()]);
    assert!(rewired.join("CHANGES.txt").is_file());

    let unknown = run(&["--account", "other", "--config", config.to_str().unwrap()]);
    assert!(unknown.code != 0 && unknown.err.contains("`make`"), "it names those there are: {}", unknown.err);
    assert_eq!(audited(&folder.path().join("none.toml"), &[]).code, 2);
    platform.put_token("make", "an-older-token-Tq8Ls");
    let refused = audited(&config, &[]);
    assert!(refused.code == 1 && refused.err.contains("error[scan.token_refused]"), "{}", refused.err);
}

#[test]
fn what_is_kept_shows_what_has_changed() {
    let platform = served();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("gate");
    ops::init::init(&folder, NOW).unwrap();
    let config = folder.join("vestibule.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    write!(text, "\n{}", platform.settings("make", MAKE)).unwrap();
    std::fs::write(&config, text).unwrap();

    let first = audited(&config, &["--save", "--format", "json"]);
    let drift = &first.json()["drift"];
    assert!(drift["before"].is_null() && !drift["new"].as_array().unwrap().is_empty(), "{} {}", first.out, first.err);
    let second = audited(&config, &["--save", "--format", "json"]).json();
    let count = |list: &str| second["drift"][list].as_array().unwrap().len();
    assert_eq!((count("new"), count("gone"), count("open")), (0, 0, first.json()["findings"].as_array().unwrap().len()));
    let marks = |json: &serde_json::Value| -> Vec<String> {
        json["findings"].as_array().unwrap().iter().filter_map(|finding| finding["value"].as_str()).map(str::to_owned).collect()
    };
    assert!(!marks(&second).is_empty());
    assert_eq!(marks(&second), marks(&first.json()), "marks are those of the store");
    let text = audited(&config, &["--save"]).out;
    assert!(text.contains("0 new, 0 gone, ") && text.contains(" still open, the oldest since 20"), "{text}");

    let forgotten = audited(&config, &["--forget"]);
    assert!(forgotten.code == 0 && forgotten.out.contains("is erased"), "{} {}", forgotten.out, forgotten.err);
    let again = audited(&config, &["--forget"]);
    assert!(again.code == 1 && again.err.contains("scan.unknown_account"), "{}", again.err);
    let anew = audited(&config, &["--save", "--format", "json"]).json();
    assert!(anew["drift"]["before"].is_null(), "what was forgotten is not compared with");
}
