//! Zapier's exports: every fixture's graph beside it, and what readers must not lose or mix up.
//!
//! `VESTIBULE_BLESS=1` rewrites the graphs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use proptest::prelude::*;
use vestibule_scan::model::Platform;

use crate::files::{compare_graphs, fixture_folder, fixtures_in, read};

fn folder() -> PathBuf {
    fixture_folder("zapier")
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    fixtures_in("zapier").into_iter().filter(|(name, _)| name.ends_with(".json")).collect()
}

#[test]
fn every_fixture_gives_its_graph() {
    assert!(fixtures().len() >= 40);
    compare_graphs("zapier");
}

#[test]
fn every_fixture_is_zapiers_and_every_typed_value_is_read_once() {
    for (name, bytes) in fixtures() {
        let read = read(&name, &bytes);
        assert!(read.scenarios.iter().all(|scenario| scenario.platform == Platform::Zapier), "{name}");
        for scenario in &read.scenarios {
            let mut places: Vec<String> = scenario.spots().map(|spot| format!("{:?} {}", spot.place, spot.value)).collect();
            let count = places.len();
            places.sort();
            places.dedup();
            assert_eq!(places.len(), count, "{name}: a value twice");
        }
    }
}

#[test]
fn what_a_person_typed_is_never_lost() {
    // words of the fixtures that must end in a spot, wherever they stand
    let words = [
        ("webhook-post-headers-object", "q7Zt2mWc9LrX4vNb8KpD"),
        ("webhook-get-query-data", "tk9fQ2xV7mHb4Ws1ZnRc8Yd3"),
        ("webhook-get-query-data", "Lr5Xw8Bq2Nv7"),
        ("webhook-custom-request", "Tr0ub4dor-Kestrel"),
        ("webhook-custom-request", "b8Kd2PzQ6tXw"),
        ("webhook-put-headers-text", "9vKx3LqWm2"),
        ("webhook-poll", "Zx81QmTr55pL"),
        ("code-javascript", "wQ7rT2.LmN9xVbK4sJ8dF3hG6z"),
        ("eccentric-members", "Jx6Vt9Qa"),
        ("zap-without-steps", "key was Bq7Xw2"),
        ("sdk-workflow-hook", "zzInventedAddr"),
        ("single-zap", "ask her before changes"),
    ];
    for (name, word) in words {
        let bytes = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
        let read = read(name, &bytes);
        let found = read.scenarios.iter().flat_map(|scenario| scenario.spots()).any(|spot| spot.value.contains(word));
        assert!(found, "{name}: {word}");
    }
}

#[test]
fn a_fixture_cut_anywhere_is_told_and_never_a_panic() {
    let bytes = std::fs::read(folder().join("webhook-custom-request.json")).unwrap();
    let whole = bytes.trim_ascii_end().len();
    for end in 1..whole {
        let read = read("cut.json", &bytes[..end]);
        let told: Vec<&str> = read.findings.iter().map(|finding| finding.check).collect();
        assert!(told.contains(&"unreadable-file"), "{end}: {told:?}");
        assert!(read.coverage.iter().any(|coverage| coverage.error.is_some()), "{end}");
    }
}

#[test]
fn members_of_other_platforms_are_not_taken_for_zapiers() {
    for text in [
        r#"{"nodes":[{"type":"n8n-nodes-base.webhook","parameters":{}}],"connections":{}}"#,
        r#"{"flow":[{"id":1,"module":"gateway:CustomWebHook"}]}"#,
        r#"{"zaps":"none"}"#,
        r#"{"steps":[{"app":"x","action":"y","module":"http:ActionSendData"}]}"#,
        r#"{"trigger":{"type":"cron"}}"#,
        r#"{"nodes":{"1":null}}"#,
        "[]",
        "[1,2]",
    ] {
        let read = read("other.json", text.as_bytes());
        assert!(read.scenarios.iter().all(|scenario| scenario.platform != Platform::Zapier), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn damaged_exports_never_panic(pick in any::<prop::sample::Index>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..12)) {
        let fixtures = fixtures();
        let (_, mut bytes) = fixtures[pick.index(fixtures.len())].clone();
        for (at, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                // swaps a value for one of another kind
                _ => drop(bytes.splice(at..at, b"null,[{\"selected_api\":1}]".iter().copied())),
            }
        }
        let _ = read("damaged.json", &bytes);
    }
}
