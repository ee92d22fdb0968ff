//! The report as a SARIF 2.1.0 log of one run, for code hosting and review tools.
//!
//! Results carry both kinds of place: file and region, and scenario and step. What is suppressed and what the baseline knows are results
//! too, marked as SARIF marks them, so that a tool that keeps alerts does not take them for fixed.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{NOT_READ, Report, Totals, bad, platform_name, sure, title};
use crate::check::{self, Meta};
use crate::finding::{Confidence, Coverage, Finding, Severity};

/// Writes the log.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, mut out: impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, &Log::of(report))?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    column_kind: &'static str,
    invocations: [Value; 1],
    results: Results<'r>,
    properties: Properties<'r>,
}

#[derive(Serialize)]
struct Properties<'r> {
    summary: Totals,
    coverage: &'r [Coverage],
}

/// The results, each made when it is written: a tree of all of them would be many times the report.
struct Results<'r> {
    report: &'r Report,
    rules: Rules,
}

impl<'r> Log<'r> {
    fn of(report: &'r Report) -> Self {
        let rules = Rules::of(report);
        let driver = json!({
            "name": "vestibule scan",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules.ids.iter().map(rule).collect::<Vec<_>>(),
        });
        let run = Run {
            tool: json!({ "driver": driver }),
            column_kind: "unicodeCodePoints",
            invocations: [json!({
                "executionSuccessful": report.is_complete(),
                "toolExecutionNotifications": notifications(report),
            })],
            results: Results { report, rules },
            properties: Properties { summary: report.totals(), coverage: &report.coverage },
        };
        Self { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
    }
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Report { findings, known, suppressed, compared, .. } = self.report;
        let new = findings.iter().map(|finding| result(finding, &self.rules, compared.then_some("new"), None));
        let known = known.iter().map(|finding| result(finding, &self.rules, Some("unchanged"), None));
        let suppressed = suppressed.iter().map(|suppressed| {
            let why = json!({
                "kind": "external",
                "status": "accepted",
                "justification": suppressed.reason,
                "properties": { "expires": suppressed.expires },
            });
            result(&suppressed.finding, &self.rules, None, Some(why))
        });
        serializer.collect_seq(new.chain(known).chain(suppressed))
    }
}

/// The ids of the checks that have findings, in order.
struct Rules {
    ids: Vec<&'static str>,
}

impl Rules {
    fn of(report: &Report) -> Self {
        let accepted = report.suppressed.iter().map(|suppressed| &suppressed.finding);
        let mut ids: Vec<&str> =
            report.findings.iter().chain(&report.known).chain(accepted).map(|finding| finding.check).collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }
}

fn rule(id: &&'static str) -> Value {
    let Some(check) = check::by_id(id) else {
        return json!({ "id": id, "shortDescription": { "text": id } });
    };
    let Meta { severity, confidence, personas, what, why, remedy, leaves_out, requirements, .. } = *check.meta();
    let mut tags: Vec<&str> = personas.iter().map(|persona| persona.as_str()).collect();
    if !tags.contains(&"security") {
        // code hosts rank a rule by its harm only if it has this tag
        tags.push("security");
    }
    tags.extend(requirements);
    let left_out = if leaves_out.is_empty() { String::new() } else { format!("\n\nNot reported: {leaves_out}") };
    json!({
        "id": id,
        "name": camel(id),
        "shortDescription": { "text": title(id) },
        "fullDescription": { "text": what },
        "help": {
            "text": format!("{why}\n\nWhat to do: {remedy}{left_out}"),
            "markdown": format!("{why}\n\n**What to do.** {}{left_out}", fenced(remedy)),
        },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "tags": tags, "precision": precision(confidence), "security-severity": harm(severity) },
    })
}

/// Lines that begin with blanks between fences, as Markdown wants code.
fn fenced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut inside = false;
    for line in text.lines() {
        let code = line.starts_with(' ');
        if code != inside && (code || !line.is_empty()) {
            out.push_str(if code { "\n```text\n" } else { "```\n" });
            inside = code;
        }
        out.push_str(if inside { line.strip_prefix("    ").unwrap_or(line) } else { line });
        out.push('\n');
    }
    out.push_str(if inside { "```" } else { "" });
    out
}

fn result(finding: &Finding, rules: &Rules, baseline: Option<&str>, suppression: Option<Value>) -> Value {
    let mut prints = Map::new();
    prints.insert("vestibuleFinding/v1".to_owned(), finding.fingerprint.clone().into());
    if let Some(mark) = &finding.value {
        prints.insert("vestibuleValue/v1".to_owned(), mark.clone().into());
    }
    let mut value = json!({
        "ruleId": finding.check,
        "level": level(finding.severity),
        "message": { "text": format!("{}\n\nWhat to do: {}", finding.message, finding.remedy) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&finding.file) },
                "region": { "startLine": finding.line.max(1), "startColumn": finding.column.max(1) },
            },
            "logicalLocations": logical(finding),
        }],
        "partialFingerprints": prints,
        "properties": { "severity": bad(finding.severity), "confidence": sure(finding.confidence), "pointer": finding.pointer },
    });
    let mut set = |name: &str, member: Value| {
        if let Some(members) = value.as_object_mut() {
            members.insert(name.to_owned(), member);
        }
    };
    if let Ok(index) = rules.ids.binary_search(&finding.check) {
        set("ruleIndex", index.into());
    }
    if let Some(state) = baseline {
        set("baselineState", state.into());
    }
    // an empty list says that somebody has looked and suppresses nothing, which is what it is for the others
    set("suppressions", suppression.into_iter().collect());
    value
}

/// Scenario and step by their own names, and the place in the file as a pointer.
fn logical(finding: &Finding) -> Value {
    let mut places = Vec::new();
    if !finding.scenario.is_empty() {
        places.push(json!({ "name": finding.scenario, "kind": "module" }));
    }
    if !finding.step.is_empty() {
        let full = format!("{}/{}", finding.scenario, finding.step);
        places.push(json!({ "name": finding.step, "fullyQualifiedName": full, "kind": "function" }));
    }
    if !finding.pointer.is_empty() {
        places.push(json!({ "fullyQualifiedName": finding.pointer, "kind": "value" }));
    }
    places.into()
}

fn notifications(report: &Report) -> Value {
    let unread = |file: &Coverage| {
        let error = file.error.as_deref()?;
        let what = if file.platform.is_empty() {
            "not read".to_owned()
        } else {
            format!("read in part as {}", platform_name(file.platform))
        };
        Some(json!({
            "level": "warning",
            "message": { "text": format!("{what}: {error}") },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&file.file) } } }],
        }))
    };
    let notices = report.notices.iter().map(|notice| {
        let level = if notice.kind == NOT_READ { "error" } else { "note" };
        json!({ "level": level, "message": { "text": notice.message } })
    });
    report.coverage.iter().filter_map(unread).chain(notices).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number by which code hosts sort: their words are the same as ours from 9, 7, 4 and 0.1.
fn harm(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "medium",
    }
}

/// `HardcodedCredential` of `hardcoded-credential`.
fn camel(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    id.split('-').map(word).collect()
}

/// A path as a relative reference, or a `file:` URI where it begins at the root.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'!'
            | b'@'
            | b'('
            | b')'
            | b'+'
            | b','
            | b'=' => {
                out.push(char::from(byte));
            }
            b'\\' => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::output::samples;

    fn log(report: &Report) -> Value {
        serde_json::to_value(Log::of(report)).unwrap()
    }

    #[test]
    fn results_have_both_kinds_of_place_and_stable_prints() {
        let log = log(&samples::report(8));
        assert_eq!((&log["version"], log["runs"].as_array().unwrap().len()), (&"2.1.0".into(), 1));
        let run = &log["runs"][0];
        let rules: Vec<&str> =
            run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 9, "eight to act on and one that is suppressed");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index], result["ruleId"].as_str().unwrap());
            let place = &result["locations"][0];
            assert!(place["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
            assert_eq!(place["logicalLocations"].as_array().unwrap().len(), 3);
            assert_eq!(result["partialFingerprints"]["vestibuleFinding/v1"].as_str().unwrap().len(), 16);
        }
        assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "exports/intake%200.json");
        assert_eq!((&results[0]["level"], &results[0]["suppressions"]), (&"error".into(), &json!([])));
        assert_eq!(results[8]["suppressions"][0]["justification"], "a sandbox key");
        let said = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn what_the_baseline_knows_is_unchanged_not_gone() {
        let mut report = samples::report(4);
        report.known = report.findings.split_off(1);
        report.compared = true;
        let log = log(&report);
        let states: Vec<&str> =
            log["runs"][0]["results"].as_array().unwrap().iter().filter_map(|result| result["baselineState"].as_str()).collect();
        assert_eq!(states, ["new", "unchanged", "unchanged", "unchanged"]);
    }

    #[test]
    fn code_is_fenced() {
        assert_eq!(
            fenced("Do.\n\nBefore:\n    a\n\nAfter:\n    b"),
            "Do.\n\nBefore:\n\n```text\na\n\n```\nAfter:\n\n```text\nb\n```"
        );
        assert_eq!(fenced("Do."), "Do.\n");
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/ü.zip!x.json"), "a%20b/%C3%BC.zip!x.json");
        assert_eq!(uri("/tmp/a"), "file:///tmp/a");
        assert_eq!(uri("C:a"), "C%3Aa", "no scheme is read into a name");
        assert_eq!(camel("tls-verification-off"), "TlsVerificationOff");
    }
}
