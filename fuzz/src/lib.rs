//! What the fuzz targets share: a scan of one file, and everything that looks at a scenario afterwards.
//!
//! A target fails on a panic, an overflow, too much time or too much memory. What is found is not judged here.

#![forbid(unsafe_code)]

use vestibule_scan::expression;
use vestibule_scan::model::Scenario;
use vestibule_scan::remedy::plan::Plan;
use vestibule_scan::remedy::rewire;
use vestibule_scan::source::Source;
use vestibule_scan::{Finding, Settings, Visit, across, scan};

/// Scans the input twice: as the file, and as the piece of a file of the platform, because most of what a fuzzer writes is no file
/// of any platform. `frame` holds `<input>` where the piece goes, as a JSON text and, where the input is one, as a JSON value.
pub fn both(platform: &str, input: &[u8], frame: &str) {
    run(platform, input);
    let text = String::from_utf8_lossy(input);
    let quoted: String = text.chars().flat_map(escaped).collect();
    let framed = frame.replace("<input>", &format!("\"{quoted}\""));
    // the frame makes sure that the reader is reached
    assert!(run(platform, framed.as_bytes()), "the frame is a file of the platform");
    run(platform, frame.replace("<input>", &text).as_bytes());
}

/// Whether the platform's reader made a scenario of it.
fn run(platform: &str, bytes: &[u8]) -> bool {
    let mark = |_: &str| "00000000".to_owned();
    let today = jiff::civil::date(2026, 11, 22);
    let settings = Settings { mark: &mark, today, gateway: "https://gate.example.com", zones: &[] };
    let mut watch = Watch { platform, reached: false, plan: Plan::new(&settings) };
    let scanned = scan("fuzz.json", bytes, &settings, &mut watch);
    assert!(!scanned.coverage.is_empty(), "every file has an entry in the coverage");
    let _ = across(&scanned.seen);
    let _ = watch.plan.toml();
    let _ = rewire::file("fuzz.json", bytes, &settings);
    watch.reached
}

/// A character as it stands in a JSON text.
fn escaped(c: char) -> Vec<char> {
    match c {
        '"' | '\\' => vec!['\\', c],
        c if (c as u32) < 0x20 => format!("\\u{:04x}", c as u32).chars().collect(),
        c => vec![c],
    }
}

struct Watch<'w, 's> {
    platform: &'w str,
    reached: bool,
    plan: Plan<'s>,
}

impl Visit for Watch<'_, '_> {
    fn scenario(&mut self, source: &Source<'_>, scenario: &Scenario<'_>, findings: &[Finding]) {
        self.reached |= scenario.platform.as_str() == self.platform;
        for spot in scenario.steps.iter().flat_map(|step| &step.spots) {
            let _ = expression::used(scenario.platform, &spot.value);
        }
        self.plan.scenario(source, scenario, findings);
    }
}
