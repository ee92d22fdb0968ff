//! Made-up findings for the tests of the outputs.

use super::flow::{Flow, Stop, Tie};
use super::{Notice, Report};
use crate::finding::{Confidence, Coverage, Finding, Severity};
use crate::suppress::Suppressed;

const KINDS: [(&str, Severity, Confidence, &str); 6] = [
    (
        "hardcoded-credential",
        Severity::Critical,
        Confidence::High,
        "header `Authorization` holds a literal key of 41 characters (`sk_…`)",
    ),
    ("unauthenticated-entry", Severity::High, Confidence::High, "anybody who knows the address can start the scenario"),
    ("cleartext-http", Severity::High, Confidence::Medium, "the request goes to `ats.example.com` without encryption"),
    ("personal-data-to-ai", Severity::Medium, Confidence::Medium, "the body maps `candidate.email` and `candidate.phone`"),
    ("placeholder-credential", Severity::Info, Confidence::High, "header `X-Api-Key` still holds `YOUR_API_KEY`"),
    ("tls-verification-off", Severity::Medium, Confidence::High, "the certificate of `hr.example.org` is not checked"),
];
const STEPS: [&str; 5] = ["New applicant", "Which office?", "Create candidate <b>", "Tell the recruiter", "Ask the model"];

/// The `at`-th finding; each eighth stands in another scenario.
pub(crate) fn finding(at: usize) -> Finding {
    let (check, severity, confidence, message) = KINDS[at % KINDS.len()];
    let scenario = at / 8;
    Finding {
        check,
        severity,
        confidence,
        file: format!("exports/intake {scenario}.json"),
        pointer: format!("/flow/{}/mapper/headers/0/value", at % STEPS.len()),
        line: 10 + at as u32,
        column: 15,
        scenario: format!("Candidate intake {scenario} & \"more\""),
        step: STEPS[at % STEPS.len()].to_owned(),
        message: message.to_owned(),
        remedy: "Send the request through the gateway and take the key out of the step. In the step:\n\n  URL     https://gateway.example.com/out/ats/v1/candidates\n  Header  Authorization: Bearer <workflow key>\n\nThen revoke the key that stands in the file at the vendor.".to_owned(),
        fingerprint: format!("{:016x}", at + 1),
        value: (check == "hardcoded-credential").then(|| format!("{at:08x}")),
    }
}

/// A report of so many findings, with a drawing for each scenario and something of everything else.
pub(crate) fn report(count: usize) -> Report {
    let findings: Vec<Finding> = (0..count).map(finding).collect();
    let mut files: Vec<&Finding> = findings.iter().collect();
    files.dedup_by(|a, b| a.file == b.file);
    let mut coverage: Vec<Coverage> = files.iter().map(|finding| read(&finding.file)).collect();
    let broken = "line 12, column 3: a comma or `}` is missing".to_owned();
    coverage.push(Coverage { file: "broken.json".into(), error: Some(broken), ..Coverage::default() });
    let flows = files.iter().map(|finding| flow(finding)).collect();
    let accepted = Suppressed { finding: finding(900), reason: "a sandbox key".into(), expires: "2027-01-31".into() };
    Report {
        coverage,
        flows,
        findings,
        suppressed: vec![accepted],
        notices: vec![Notice::new("suppression-unused", "the suppression of `secret-url` at s.toml:9 covers nothing: remove it")],
        passed_over: 2,
        date: jiff::civil::date(2026, 11, 22),
        ..Report::default()
    }
}

fn read(file: &str) -> Coverage {
    Coverage { file: file.to_owned(), platform: "make", steps: 6, understood: 5, skipped: 1, error: None }
}

fn flow(finding: &Finding) -> Flow {
    let stop = |at: usize, lane, parent, tie| Stop {
        name: STEPS[at].to_owned(),
        module: "http:ActionSendData".to_owned(),
        says: Vec::new(),
        pointer: format!("/flow/{at}"),
        lane,
        parent,
        tie,
        joins: Vec::new(),
        left_out: 0,
    };
    let stops = vec![
        stop(0, 0, None, Tie::Next),
        stop(1, 0, Some(0), Tie::Next),
        stop(2, 1, Some(1), Tie::Branch),
        stop(3, 1, Some(2), Tie::Next),
        stop(4, 1, Some(1), Tie::Branch),
    ];
    Flow { file: finding.file.clone(), scenario: finding.scenario.clone(), platform: "make", pointer: String::new(), stops }
}
