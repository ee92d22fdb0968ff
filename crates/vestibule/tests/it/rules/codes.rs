//! Every code that an answer, a leaf or a counter can carry stands in the catalogue, and every entry of the catalogue is
//! carried by something.

use super::tree::Tree;
use super::{flagged, hold};
use vestibule_core::problem;

/// What stands before a code.
const CARRIERS: &[&str] = &[
    "Refused::new(\"",
    "Refused::at(\"",
    "Refused::known(\"",
    "Refused::Stranger(\"",
    "Refused::upstream(\"",
    "Denial::new(\"",
    "Denial::at(\"",
    "OpError::new(\"",
    "OpError::known(\"",
    "respond::problem(\"",
];

#[test]
fn every_code_is_in_the_catalogue() {
    let tree = Tree::real();
    let shipped = tree.files.iter().filter(|file| shipped(&file.path));
    let carried: Vec<(String, String)> = shipped.flat_map(|file| carried(&file.path, &file.text)).collect();
    let unknown: Vec<String> = carried
        .iter()
        .filter(|(_, code)| problem::find(code).is_none())
        .map(|(place, code)| format!("{place}: `{code}` is not in the catalogue"))
        .collect();
    hold("codes in the catalogue", carried.len(), &unknown);
}

#[test]
fn every_entry_is_carried_by_something() {
    let tree = Tree::real();
    let texts: Vec<&str> = tree
        .files
        .iter()
        .filter(|file| shipped(&file.path) && !file.path.contains("src/problem"))
        .map(|file| file.text.as_str())
        .collect();
    let silent: Vec<String> = problem::all()
        .filter(|entry| {
            let literal = format!("\"{}\"", entry.code);
            !texts.iter().any(|text| text.contains(&literal))
        })
        .map(|entry| format!("`{}` is in the catalogue, but nothing carries it", entry.code))
        .collect();
    hold("entries that something carries", problem::all().count(), &silent);
}

#[test]
fn an_unknown_code_is_flagged() {
    let text = "fn a() { Err(Refused::new(\"no.such_code\")) }\n#[cfg(test)]\nmod tests { Refused::new(\"in.a_test\") }";
    let found: Vec<String> = carried("x.rs", text).into_iter().map(|(_, code)| code).collect();
    flagged(&found, "no.such_code");
    assert_eq!(found.len(), 1);
    assert!(problem::find("no.such_code").is_none());
}

fn shipped(path: &str) -> bool {
    path.ends_with(".rs") && path.contains("/src/") && !path.ends_with("tests.rs") && !path.ends_with("testing.rs")
}

/// The literals behind the carriers in shipped code, with the file they stand in.
fn carried(path: &str, text: &str) -> Vec<(String, String)> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let behind = |carrier: &&str| -> Vec<(String, String)> {
        let ends = code.match_indices(*carrier).filter_map(|(at, found)| code.get(at + found.len()..)?.split('"').next());
        ends.map(|literal| (path.to_owned(), literal.to_owned())).collect()
    };
    CARRIERS.iter().flat_map(behind).collect()
}
