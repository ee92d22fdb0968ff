//! Files that mean harm, by size, depth or content: a clear result in bounded time, never a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use vestibule_scan::source::recognise::{self, Read};

use super::{fixtures_in, read};

/// Reads and counts only, so that the test holds nothing of the file.
fn count(path: &str, bytes: &[u8]) -> (usize, Vec<String>, Duration) {
    let start = Instant::now();
    let (mut spots, mut told) = (0, Vec::new());
    recognise::read(path, bytes, &mut |read| match read {
        Read::Scenarios(_, scenarios) => {
            spots += scenarios.iter().flat_map(|scenario| &scenario.steps).map(|step| step.spots.len()).sum::<usize>();
            told.extend(scenarios.iter().flat_map(|scenario| &scenario.unread).map(|unread| unread.value.clone()));
        }
        Read::Part(_, scenario) => spots += scenario.steps.iter().map(|step| step.spots.len()).sum::<usize>(),
        Read::Unreadable { finding, coverage } => {
            told.extend(finding.into_iter().map(|finding| format!("{} {}", finding.check, finding.message)));
            told.extend(coverage.and_then(|coverage| coverage.error));
        }
    });
    (spots, told, start.elapsed())
}

/// Generous, because tests run unoptimised beside each other; quadratic work takes minutes on these sizes.
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn deep_nesting_is_told() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"flow\":[", "]}"), ("{\"nodes\":{\"1\":", "}}")] {
        let text = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let (_, told, took) = count("deep.json", text.as_bytes());
        assert!(told.iter().any(|told| told.starts_with("unreadable-file") && told.contains("nested too deeply")), "{told:?}");
        assert!(took < PATIENCE, "{took:?}");
    }
    // as deep as is read
    let text = "[".repeat(1000) + "\"x\"" + &"]".repeat(1000);
    assert_eq!(count("deep.json", text.as_bytes()).0, 1);
}

#[test]
fn a_zap_of_a_million_steps_is_read() {
    let mut text = String::from("{\"metadata\":{\"version\":\"gdpr_v1\"},\"zaps\":[{\"id\":1,\"title\":\"Long\",\"nodes\":{");
    for step in 1..=1_000_000_u32 {
        let parent = if step == 1 { "null".to_owned() } else { (step - 1).to_string() };
        text.push_str(&format!("\"{step}\":{{\"id\":{step},\"parent_id\":{parent},\"selected_api\":\"SlackCLIAPI\",\"action\":\"x\",\"params\":{{}}}},"));
    }
    text.pop();
    text.push_str("}}]}");
    let start = Instant::now();
    let mut steps = 0;
    let mut links = 0;
    recognise::read("long.json", text.as_bytes(), &mut |read| {
        if let Read::Scenarios(_, scenarios) = read {
            steps += scenarios[0].steps.len();
            links += scenarios[0].links.len();
        }
    });
    println!("a million steps, {} MB: {:?}", text.len() >> 20, start.elapsed());
    assert_eq!((steps, links), (1_000_000, 999_999));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn more_values_than_are_read_are_told() {
    let mut text = String::from("[");
    text.push_str(&"1,".repeat(8_000_001));
    text.push_str("1]");
    let (_, told, took) = count("many.json", text.as_bytes());
    assert!(told.iter().any(|told| told.contains("too many values")), "{told:?}");
    assert!(took < PATIENCE, "{took:?}");
}

#[test]
fn a_hundred_megabytes_are_read_and_a_little_more_is_told() {
    let mut text = String::from("[");
    while text.len() < 100 << 20 {
        text.push_str(
            "{\"name\":\"Authorization\",\"value\":\"some text of a common length that stands in a file, again and again\"},",
        );
    }
    text.pop();
    text.push(']');
    let (spots, told, took) = count("large.json", text.as_bytes());
    println!("100 MB, {spots} values: {took:?}");
    assert!(spots > 1_500_000 && told.is_empty(), "{spots} {told:?}");
    assert!(took < PATIENCE, "{took:?}");
    text.push_str(&" ".repeat(30 << 20));
    let (spots, told, _) = count("large.json", text.as_bytes());
    assert_eq!(spots, 0);
    assert!(told[0].contains("larger than 128 MiB"), "{told:?}");
}

#[test]
fn places_in_a_large_file_are_found_without_reading_it_again() {
    let mut text = String::from("[\n");
    for index in 0..100_000 {
        text.push_str(&format!("{{\"url\":\"x{index}\",\"url\":\"é\"}},{}", if index % 3 == 0 { "\n" } else { "" }));
    }
    text.pop();
    text.push_str("1]");
    let start = Instant::now();
    let mut last = (String::new(), 0, 0);
    recognise::read("places.json", text.as_bytes(), &mut |read| {
        if let Read::Scenarios(source, scenarios) = read {
            for spot in scenarios.iter().flat_map(|scenario| &scenario.steps).flat_map(|step| &step.spots) {
                last = source.locate(&spot.place);
            }
        }
    });
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert!(last.1 > 1, "{last:?}");
}

#[test]
fn duplicate_names_are_told_up_to_a_limit() {
    let mut text = String::from("[");
    for _ in 0..100_000 {
        text.push_str("{\"a\":1,\"b\":2,\"a\":3},");
    }
    text.pop();
    text.push(']');
    let read = read("twice.json", text.as_bytes());
    let told: Vec<_> = read.findings.iter().filter(|finding| finding.check == "duplicate-member").collect();
    assert_eq!(told.len(), 50);
    assert_eq!((told[1].pointer.as_str(), told[1].line), ("/1/a", 1));
    assert!(told[49].message.contains("99950 more places"), "{}", told[49].message);
    assert!(told[48].fingerprint != told[49].fingerprint);
}

#[test]
fn a_guess_of_the_wrong_platform_loses_no_value() {
    let texts = [
        // a Make module inside what looks like n8n's
        r#"{"name":"x","nodes":[{"id":"1","module":"http:ActionSendData","mapper":{"url":"https://a.example.com","headers":[{"name":"X-Key","value":"q7Zt2mWc"}]}}],"connections":{}}"#,
        // n8n's node inside what looks like Zapier's
        r#"{"metadata":{"version":2},"zaps":[{"nodes":{"1":{"type":"n8n-nodes-base.httpRequest","parameters":{"url":"https://a.example.com","token":"q7Zt2mWc"}}}}]}"#,
        // Zapier's step inside what looks like Make's
        r#"{"name":"x","flow":[{"id":1,"selected_api":"WebHookCLIAPI@1.0.0","action":"post","params":{"headers":{"X-Key":"q7Zt2mWc"}}}],"metadata":{}}"#,
        // all of them
        r#"{"zaps":[],"flow":[],"nodes":[],"rest":{"key":"q7Zt2mWc"}}"#,
    ];
    for text in texts {
        let read = read("wrong.json", text.as_bytes());
        assert!(
            read.scenarios.iter().flat_map(|scenario| scenario.spots()).any(|spot| spot.value.contains("q7Zt2mWc")),
            "{text}"
        );
    }
}

#[test]
fn hostile_texts_are_read_in_time() {
    let quotes = "\"".repeat(2 << 20);
    let open = "\"a\n".repeat(500_000);
    let braces = "{{".repeat(1 << 20);
    let begin = "-----BEGIN ".repeat(200_000);
    let env_begin = "A=\"-----BEGIN\n".repeat(100_000);
    let from = "From a b\n\nFrom c d\n".repeat(100_000);
    let documents = "{}\n{}[\n]".repeat(100_000);
    let lines = "{\"a\":1}\n{\"a\n".repeat(100_000);
    for (name, text) in [
        ("a.csv", &quotes),
        ("b.csv", &open),
        ("c.json", &braces),
        ("d.txt", &begin),
        ("e.env", &env_begin),
        ("f.mbox", &from),
        ("g.json", &documents),
        ("h.jsonl", &lines),
    ] {
        let (_, _, took) = count(name, text.as_bytes());
        assert!(took < PATIENCE, "{name}: {took:?}");
    }
    let header = format!("From: a@example.org\nTo: b@example.org\nSubject: x\nDate: x\n{}\n", "X: y\n".repeat(100_000));
    let (_, _, took) = count("mail.eml", header.as_bytes());
    assert!(took < PATIENCE, "mail: {took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(pick in any::<prop::sample::Index>(), name in any::<prop::sample::Index>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..20)) {
        let fixtures = fixtures_in("files");
        let (_, mut bytes) = fixtures[pick.index(fixtures.len())].clone();
        let (name, _) = &fixtures[name.index(fixtures.len())];
        for (at, byte, insert) in edits {
            let at = at.index(bytes.len());
            if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        }
        let _ = read(name, &bytes);
    }

    #[test]
    fn any_bytes_are_read_or_told(bytes in prop::collection::vec(any::<u8>(), 1..200), name in "(a\\.json|b\\.csv|c\\.env|d\\.eml|e)") {
        let read = read(&name, &bytes);
        prop_assert!(!read.coverage.is_empty());
    }
}
