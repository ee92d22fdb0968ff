//! Credentials over the labelled corpus: precision and recall, on the files the rules were tuned on and on those held out.
//!
//! A finding counts when its place is the labelled place or lies inside it; a finding at any other place of a labelled file is false.
//! The labels were written by hand, most of them before the rules; `corpus/README.md` says how.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use vestibule_scan::credential::{self, CredentialKind};
use vestibule_scan::source::recognise::{self, Read};

const PRECISION: f64 = 0.95;
const RECALL: f64 = 0.90;

#[derive(Deserialize)]
struct Label {
    file: String,
    pointer: String,
    /// Of files that are no JSON.
    line: Option<u32>,
    verdict: Verdict,
    why: String,
    part: Part,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Credential,
    SecretUrl,
    NearMiss,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Tuned,
    HeldOut,
}

struct Found {
    file: String,
    pointer: String,
    line: u32,
    kind: CredentialKind,
    label: String,
}

#[test]
fn precision_and_recall() {
    let labels = labels();
    let found = found(&labels);
    for part in [Part::Tuned, Part::HeldOut] {
        let labels: Vec<&Label> = labels.iter().filter(|label| label.part == part).collect();
        let files: BTreeSet<&str> = labels.iter().map(|label| label.file.as_str()).collect();
        let positive: Vec<&Label> = labels.iter().copied().filter(|label| label.verdict != Verdict::NearMiss).collect();
        let found: Vec<&Found> = found.iter().filter(|found| files.contains(found.file.as_str())).collect();
        let is_true = |found: &&Found| positive.iter().any(|label| is_at(found, label));
        let met = positive.iter().filter(|label| found.iter().any(|found| is_at(found, label))).count();
        let right = found.iter().filter(|found| is_true(found)).count();
        let (precision, recall) = (right as f64 / found.len() as f64, met as f64 / positive.len() as f64);
        println!(
            "{part:?}: {} labels, {} findings, {right} right, {met} of {} met, precision {precision:.3}, recall {recall:.3}",
            labels.len(),
            found.len(),
            positive.len()
        );
        for wrong in found.iter().filter(|found| !is_true(found)) {
            println!("  false: {}{} line {}: {}", wrong.file, wrong.pointer, wrong.line, wrong.label);
        }
        for missed in positive.iter().filter(|label| !found.iter().any(|found| is_at(found, label))) {
            println!("  missed: {}{}: {}", missed.file, missed.pointer, missed.why);
        }
        assert!(precision >= PRECISION && recall >= RECALL, "{part:?}: precision {precision:.3}, recall {recall:.3}");
    }
}

#[test]
fn kinds_are_told_apart() {
    let labels = labels();
    for found in found(&labels) {
        let Some(label) = labels.iter().find(|label| label.verdict != Verdict::NearMiss && is_at(&found, label)) else {
            continue;
        };
        let expected = if label.verdict == Verdict::SecretUrl { CredentialKind::SecretUrl } else { CredentialKind::Secret };
        assert_eq!(found.kind, expected, "{}{}", found.file, found.pointer);
    }
}

#[test]
fn labels_are_many_and_half_of_them_near_misses() {
    let labels = labels();
    let near = labels.iter().filter(|label| label.verdict == Verdict::NearMiss).count();
    let held = labels.iter().filter(|label| label.part == Part::HeldOut).count();
    assert!(
        labels.len() >= 400 && near * 2 >= labels.len() && held * 3 >= labels.len(),
        "{} labels, {near} near-misses, {held} held out",
        labels.len()
    );
    for label in labels.iter().filter(|label| label.line.is_none()) {
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(folder().join(&label.file)).unwrap()).unwrap();
        assert!(file.pointer(&label.pointer).is_some(), "{}{}", label.file, label.pointer);
    }
}

/// No value of a credential is in what may be shown of it.
#[test]
fn nothing_of_a_value_is_shown() {
    let mut seen = 0;
    each_credential(&labels(), |_, _, credential| {
        let secret = &credential.secret.0;
        let told =
            [&credential.shown, &credential.label, &credential.name, &format!("{credential:?}")].map(String::as_str).join(" ");
        // what stands between the back quotes is the vendor's beginning
        let start = credential.shown.strip_prefix('`').and_then(|rest| rest.find('…')).unwrap_or_default();
        let hidden = secret.get(start..).filter(|hidden| hidden.len() >= 6);
        assert!(hidden.is_none_or(|hidden| !told.contains(hidden)), "{}", credential.label);
        seen += 1;
    });
    assert!(seen > 100);
}

fn is_at(found: &Found, label: &Label) -> bool {
    let inside = || found.pointer.strip_prefix(&label.pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    found.file == label.file && label.line.map_or_else(inside, |line| found.line == line)
}

fn found(labels: &[Label]) -> Vec<Found> {
    let mut all = Vec::new();
    each_credential(labels, |file, (pointer, line), credential| {
        if credential.kind != CredentialKind::Placeholder {
            all.push(Found { file: file.to_owned(), pointer, line, kind: credential.kind, label: credential.label.clone() });
        }
    });
    all
}

fn each_credential(labels: &[Label], mut take: impl FnMut(&str, (String, u32), &credential::Credential)) {
    let files: BTreeSet<&str> = labels.iter().map(|label| label.file.as_str()).collect();
    for file in files {
        let bytes = std::fs::read(folder().join(file)).unwrap();
        recognise::read(file, &bytes, &mut |read| {
            let Read::Scenarios(source, scenarios) = read else {
                panic!("{file} was not read");
            };
            for credential in scenarios.iter().flat_map(credential::find) {
                let (pointer, line, _) = source.locate(&credential.place);
                take(file, (pointer, line), &credential);
            }
        });
    }
}

fn labels() -> Vec<Label> {
    serde_json::from_slice(&std::fs::read(folder().join("labels.json")).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}
