//! What holds for every file: its size, its first line, what it may print, and what a test may not do.
//!
//! Formatting and lints are the compiler's; this holds only what they cannot say.

use super::source::Source;
use super::tree::{File, Tree};
use super::{flagged, hold};

/// A file longer than this holds more than one idea.
const LONGEST: usize = 600;

/// Endings of files that people write by hand.
const WRITTEN: [&str; 8] = [".rs", ".c", ".h", ".py", ".mjs", ".sql", ".sh", ".toml"];

/// Where code may write to the terminal.
const PRINTERS: &[(&str, &str)] = &[
    ("crates/vestibule/src/cli/", "commands answer there"),
    ("crates/vestibule/src/dev/", "the trial shows its three views"),
    ("crates/vestibule/src/bench/", "the benchmark prints its table"),
];

#[test]
fn files_are_short_and_say_what_they_are() {
    let tree = Tree::real();
    let written = tree.files.iter().filter(|file| is_written(file));
    let violations: Vec<String> = written.clone().filter_map(size_violation).collect();
    hold("files of at most 600 lines", written.count(), &violations);
    let rust = tree.files.iter().filter(|file| file.path.ends_with(".rs"));
    let violations: Vec<String> = rust.clone().filter_map(header_violation).collect();
    hold("files that begin with what they do", rust.count(), &violations);
}

#[test]
fn nothing_prints_or_waits_where_it_should_not() {
    let sources = Tree::real().sources();
    let checks = [print_violations, sleep_violations, ignore_violations, comment_violations];
    let violations: Vec<String> = checks.iter().flat_map(|check| sources.iter().flat_map(check)).collect();
    hold("prints, sleeps, ignored tests, unfinished work", sources.len(), &violations);
}

#[test]
fn a_file_that_breaks_a_rule_is_flagged() {
    let file = |text: String| File { path: "crates/x/src/x.rs".to_owned(), text };
    assert!(size_violation(&file("\n".repeat(601))).is_some());
    assert!(size_violation(&file("\n".repeat(600))).is_none());
    for text in ["use std::fmt;", "//!", "//!   \n//! late", "// no", ""] {
        assert!(header_violation(&file(text.to_owned())).is_some(), "{text}");
    }
    assert!(header_violation(&file("//! What it does.".to_owned())).is_none());
    let source = |text: &str| Source::read("crates/vestibule/src/x.rs", text);
    flagged(&print_violations(&source("fn a() { println!(\"\") }")), "println");
    flagged(&print_violations(&source("fn a() { std::io::stdout().write_all(b\"\") }")), "stdout");
    assert!(print_violations(&source("#[cfg(test)] mod t { fn a() { println!(\"\") } }")).is_empty());
    assert!(print_violations(&Source::read("crates/vestibule/src/cli/x.rs", "fn a() { println!() }")).is_empty());
    let marker = ["TO", "DO"].concat();
    flagged(&comment_violations(&source(&format!("// {marker}: later"))), "unfinished");
}

#[test]
fn a_test_that_waits_or_is_left_out_is_flagged() {
    let test = |text: &str| Source::read("crates/vestibule/tests/it/x.rs", text);
    flagged(&sleep_violations(&test("fn a() { std::thread::sleep(d) }")), "sleep");
    flagged(&sleep_violations(&test("async fn a() { sleep(d).await }")), "sleep");
    flagged(&sleep_violations(&test("use tokio::time::sleep as wait;")), "sleep");
    let inside = Source::read("crates/vestibule/src/x.rs", "#[cfg(test)] mod t { fn a() { tokio::time::sleep(d) } }");
    flagged(&sleep_violations(&inside), "sleep");
    let shipped = Source::read("crates/vestibule/src/x.rs", "async fn a() { tokio::time::sleep(d).await }");
    assert!(sleep_violations(&shipped).is_empty());
    flagged(&ignore_violations(&test("#[test]\n#[ignore]\nfn a() {}")), "ignore");
    flagged(&ignore_violations(&test("#[test]\n#[ignore = \"slow\"]\nfn a() {}")), "ignore");
    flagged(&ignore_violations(&test("#[cfg_attr(x, ignore)]\nfn a() {}")), "ignore");
}

fn is_written(file: &File) -> bool {
    WRITTEN.iter().any(|ending| file.path.ends_with(ending)) || matches!(file.path.as_str(), "test" | ".ci/run")
}

fn size_violation(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > LONGEST).then(|| format!("{}: {lines} lines", file.path))
}

fn header_violation(file: &File) -> Option<String> {
    let first = file.text.lines().next().and_then(|line| line.strip_prefix("//!"));
    let says = first.is_some_and(|says| !says.trim().is_empty());
    (!says).then(|| format!("{}: does not begin with `//!` and what it does", file.path))
}

fn print_violations(source: &Source) -> Vec<String> {
    if PRINTERS.iter().any(|(place, _)| source.path.starts_with(place)) {
        return Vec::new();
    }
    let prints = ["println !", "print !", "eprintln !", "eprint !", "dbg !", "stdout (", "stderr ("];
    shipped(source, &prints, |test| !test)
}

fn sleep_violations(source: &Source) -> Vec<String> {
    shipped(source, &["sleep", "sleep_until", "sleep_ms"], |test| test)
}

fn ignore_violations(source: &Source) -> Vec<String> {
    shipped(source, &["# [ ignore", ", ignore )", ", ignore ="], |_| true)
}

fn comment_violations(source: &Source) -> Vec<String> {
    let markers = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let unfinished = source.comments.iter().filter(|(_, text)| markers.iter().any(|marker| text.contains(marker)));
    unfinished.map(|(line, _)| format!("{}:{line}: a comment that says the work is unfinished", source.path)).collect()
}

fn shipped(source: &Source, patterns: &[&str], wanted: impl Fn(bool) -> bool) -> Vec<String> {
    let found = patterns.iter().flat_map(|pattern| source.find(pattern).into_iter().map(move |token| (pattern, token)));
    let found = found.filter(|(_, token)| wanted(token.test));
    found.map(|(pattern, token)| format!("{}:{}: `{pattern}`", source.path, token.line)).collect()
}
