//! What the papers point to exists: linked files, and the tests that the threat model names for each promise.
//!
//! Whether the words are true is for readers; that a named test runs is for the other tests.

use super::tree::{File, Tree};
use super::{flagged, hold};

/// Folders of this repository at which a path in backticks begins.
const ROOTS: [&str; 5] = ["crates/", "tests/", "docs/", "benches/", "examples/"];

/// Promises of the threat model, P1 to P24.
const PROMISES: usize = 24;

#[test]
fn papers_point_to_what_exists() {
    let tree = Tree::real();
    let papers = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    let violations: Vec<String> = papers.clone().flat_map(|paper| dead_ends(&tree, paper)).collect();
    hold("papers", papers.count(), &violations);
}

#[test]
fn every_promise_names_its_test_or_is_not_claimed() {
    let tree = Tree::real();
    let text = tree.text("docs/threat-model.md").expect("a threat model");
    hold("promises", PROMISES, &unheld(text));
}

#[test]
fn a_dead_end_is_flagged() {
    let tree = Tree::of(&[
        ("docs/a.md", "[b](b.md) [c](../c.md#part) `crates/x.rs` `crates/gone.rs`: [web](https://example.com) `crates/*/y`"),
        ("docs/b.md", "[a](c.md)"),
        ("c.md", "[part](#part) `tests/`"),
        ("crates/x.rs", ""),
    ]);
    let of = |at: usize| dead_ends(&tree, &tree.files[at]);
    assert_eq!(of(0), ["docs/a.md: `crates/gone.rs` does not exist"]);
    flagged(&of(1), "c.md");
    flagged(&of(2), "`tests/` does not exist");
}

#[test]
fn a_promise_without_a_test_is_flagged() {
    let row = |number: usize| format!("| P{number} | it holds | `crates/a.rs` |\n");
    let all: String = (1..=PROMISES).map(row).collect();
    assert_eq!(unheld(&all), Vec::<String>::new());
    flagged(&unheld(&all.replace(&row(7), "")), "P7");
    flagged(&unheld(&all.replace(&row(8), "| P8 | it holds | by care |\n")), "P8");
    assert_eq!(unheld(&all.replace(&row(9), "| P9 | it holds | not yet claimed |\n")), Vec::<String>::new());
}

fn dead_ends(tree: &Tree, paper: &File) -> Vec<String> {
    let linked = paper.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let linked = linked.filter(|target| !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:"));
    let linked =
        linked.map(|target| target.split('#').next().unwrap_or_default()).map(|target| (resolve(&paper.path, target), target));
    let ticked = paper.text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2));
    let ticked = ticked.filter(|word| ROOTS.iter().any(|root| word.starts_with(root)));
    let ticked = ticked.filter(|word| !word.contains(['*', '<', '{', ' ', '…']));
    let ticked = ticked.map(|word| (word.to_owned(), word));
    let exists = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    };
    let dead = linked.chain(ticked).filter(|(path, _)| !exists(path));
    dead.map(|(_, target)| format!("{}: `{target}` does not exist", paper.path)).collect()
}

/// A link is relative to the folder of the paper it stands in.
fn resolve(paper: &str, target: &str) -> String {
    let mut parts: Vec<&str> = paper.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn unheld(text: &str) -> Vec<String> {
    let held = |number: &usize| {
        let start = format!("| P{number} |");
        text.lines().any(|line| line.starts_with(&start) && (line.contains("`crates/") || line.contains("not yet claimed")))
    };
    (1..=PROMISES).filter(|number| !held(number)).map(|number| format!("P{number}: no test named")).collect()
}
