//! Rules about the source itself: what each crate may name, where the doors between stages stand, what every file has.
//!
//! They read manifests and sources as text and tokens. They do not resolve types or macros: a rule here holds against
//! mistakes and drift, not against somebody who sets out to hide a call from it; review does that. Every rule is shown
//! to fail on a small bad example, because a check that cannot fail holds nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod codes;
mod doors;
mod files;
mod graph;
mod names;
mod papers;
mod registry;
mod source;
mod tree;

/// Fails with every violation on its own line, so that one run shows all of them.
fn hold(rule: &str, checked: usize, violations: &[String]) {
    assert!(checked > 0, "{rule}: nothing was checked");
    assert!(violations.is_empty(), "{rule}: {} violations\n{}", violations.len(), violations.join("\n"));
    println!("rules: {rule}, {checked} checked");
}

/// Fails unless the bad example is flagged, by a violation that contains `expected`.
fn flagged(violations: &[String], expected: &str) {
    assert!(violations.iter().any(|violation| violation.contains(expected)), "not flagged: {expected}; got {violations:?}");
}
