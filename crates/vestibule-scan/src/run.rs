//! The main path: one file in, scenarios, findings and coverage out.

use std::collections::HashSet;

use crate::check::{self, Context, Found};
use crate::credential;
use crate::finding::{Coverage, Finding};
use crate::model::{Platform, Scenario};
use crate::source::{Source, recognise};

/// What the caller wants and knows.
pub struct Settings<'s> {
    /// The keyed mark of a secret value, 8 hex digits. Equal values have equal marks; without the key nothing can be told from a mark.
    pub mark: &'s (dyn Fn(&str) -> String + Sync),
    /// Today, for what has become stale.
    pub today: jiff::civil::Date,
    /// Where the gateway is or will be, such as `https://gateway.example.com`; remedies name it.
    pub gateway: &'s str,
    /// Platform zones the owner allows, such as `eu1.make.com`, `eu2.make.com`. Empty: any zone in the European Union.
    pub zones: &'s [String],
}

/// What one file gave.
#[derive(Debug, Default)]
pub struct Scanned {
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// What was read; at least one entry.
    pub coverage: Vec<Coverage>,
    /// What later comparison of all files needs.
    pub seen: Vec<Seen>,
}

/// One scenario, as far as other scenarios matter to it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The file.
    pub file: String,
    /// Whose it is.
    pub platform: &'static str,
    /// Its name.
    pub scenario: String,
    /// The person, account or user id it belongs to.
    pub owner: Option<String>,
    /// Stored connections: id, label, and pointer, line and column of their first use.
    pub connections: Vec<SeenConnection>,
}

/// A stored connection that a scenario uses.
#[derive(Clone, Debug)]
pub struct SeenConnection {
    /// The platform's id.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// The step that uses it first.
    pub step: String,
    /// Where.
    pub pointer: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Looks at each scenario after the checks did: for reports that draw the flow, for plans and for rewiring.
pub trait Visit {
    /// One scenario with its findings.
    fn scenario(&mut self, source: &Source<'_>, scenario: &Scenario<'_>, findings: &[Finding]);
}

impl Visit for () {
    fn scenario(&mut self, _: &Source<'_>, _: &Scenario<'_>, _: &[Finding]) {}
}

/// Scans one file. Archives are taken apart by [`crate::source::archive`] before.
pub fn scan(path: &str, bytes: &[u8], settings: &Settings<'_>, visit: &mut dyn Visit) -> Scanned {
    let mut scanned = Scanned::default();
    let mut found = Found::default();
    recognise::read(path, bytes, &mut |read| match read {
        recognise::Read::Scenarios(source, scenarios) => {
            for scenario in &scenarios {
                scanned.seen.push(look(source, scenario, settings, &mut found, visit));
            }
            cover(&mut scanned.coverage, coverage(source, &scenarios));
        }
        recognise::Read::Part(source, scenario) => scanned.seen.push(look(source, &scenario, settings, &mut found, visit)),
        recognise::Read::Unreadable { finding, coverage } => {
            found.list.extend(finding);
            scanned.coverage.extend(coverage);
        }
    });
    if let (Some(first), 1..) = (scanned.coverage.first_mut(), found.left_out) {
        let left = format!("{} further findings of checks that each found {} here are left out", found.left_out, Found::MOST);
        first.error = Some(first.error.take().map_or(left.clone(), |before| format!("{before}; {left}")));
    }
    Scanned { findings: found.list, ..scanned }
}

/// What only shows when all files are seen together.
pub fn across(seen: &[Seen]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in check::ALL {
        check.compare(seen, &mut |finding| findings.push(finding));
    }
    findings
}

fn look(source: &Source<'_>, scenario: &Scenario<'_>, settings: &Settings<'_>, found: &mut Found, visit: &mut dyn Visit) -> Seen {
    let credentials = credential::find(scenario);
    let facts = check::Facts::of(scenario, &credentials, settings);
    let first = found.list.len();
    for check in check::ALL {
        check.look(&mut Context::new(source, scenario, &credentials, &facts, settings, found));
    }
    let findings = found.list.get_mut(first..).unwrap_or_default();
    findings.sort_by(|a, b| (a.line, a.column, a.check).cmp(&(b.line, b.column, b.check)));
    visit.scenario(source, scenario, findings);
    seen(source, scenario)
}

fn seen(source: &Source<'_>, scenario: &Scenario<'_>) -> Seen {
    let mut connections: Vec<SeenConnection> = Vec::new();
    let mut known = HashSet::new();
    for step in &scenario.steps {
        for connection in &step.connections {
            if !known.insert(connection.id.as_ref()) {
                continue;
            }
            let (pointer, line, column) = source.locate(&connection.place);
            connections.push(SeenConnection {
                id: connection.id.to_string(),
                label: connection.label.as_deref().unwrap_or_default().to_owned(),
                step: step.shown().into_owned(),
                pointer,
                line,
                column,
            });
        }
    }
    Seen {
        file: source.path.to_owned(),
        platform: scenario.platform.as_str(),
        scenario: scenario.name.to_string(),
        owner: scenario.owner.as_ref().map(|owner| owner.value.to_string()),
        connections,
    }
}

/// Documents of one file and platform share an entry, or a file of a million lines would have a million.
fn cover(all: &mut Vec<Coverage>, next: Coverage) {
    match all.last_mut().filter(|last| last.file == next.file && last.platform == next.platform) {
        Some(last) => {
            last.steps += next.steps;
            last.understood += next.understood;
            last.skipped += next.skipped;
            last.error = last.error.take().or(next.error);
        }
        None => all.push(next),
    }
}

fn coverage(source: &Source<'_>, scenarios: &[Scenario<'_>]) -> Coverage {
    // what belongs to the scenario as a whole stands in a step of no module
    let steps = || scenarios.iter().flat_map(|scenario| &scenario.steps).filter(|step| !step.module.is_empty());
    let understood = steps().filter(|step| step.understood).count();
    let unread: Vec<&str> = scenarios.iter().flat_map(|scenario| &scenario.unread).map(|unread| unread.value.as_str()).collect();
    Coverage {
        file: source.path.to_owned(),
        platform: scenarios.first().map_or("", |scenario| Platform::as_str(scenario.platform)),
        steps: steps().count() as u32,
        understood: understood as u32,
        skipped: (steps().count() - understood) as u32,
        error: (!unread.is_empty()).then(|| unread.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_without_a_name_are_told_apart_by_their_number() {
        let module = |id: u8| {
            format!(
                r#"{{"id":{id},"module":"http:ActionSendData","version":3,"mapper":{{"url":"http://a{id}.acme-ats.net/v1","method":"get"}}}}"#
            )
        };
        let text = format!(r#"{{"name":"Two","flow":[{},{}],"metadata":{{"version":1}}}}"#, module(1), module(2));
        let settings = Settings {
            mark: &|_| String::new(),
            today: jiff::civil::date(2026, 11, 22),
            gateway: "https://gateway.example.com",
            zones: &[],
        };
        let scanned = scan("two.json", text.as_bytes(), &settings, &mut ());
        let found = scanned.findings.iter().filter(|finding| finding.check == "cleartext-http");
        let steps: Vec<&str> = found.map(|finding| finding.step.as_str()).collect();
        assert_eq!(steps, ["http:ActionSendData [1]", "http:ActionSendData [2]"]);
    }

    #[test]
    fn what_one_check_finds_in_one_file_is_bounded_and_counted() {
        let node = |at: u32| {
            format!(
                r#"{{"name":"n{at}","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"parameters":{{"url":"http://a{at}.acme-ats.net/v1"}}}}"#
            )
        };
        let nodes: Vec<String> = (0..Found::MOST + 7).map(node).collect();
        let text = format!(r#"{{"nodes":[{}],"connections":{{}}}}"#, nodes.join(","));
        let settings = Settings {
            mark: &|_| String::new(),
            today: jiff::civil::date(2026, 11, 22),
            gateway: "https://gateway.example.com",
            zones: &[],
        };
        let scanned = scan("many.json", text.as_bytes(), &settings, &mut ());
        let kept = scanned.findings.iter().filter(|finding| finding.check.starts_with("cleartext-http")).count();
        let told = scanned.coverage.first().and_then(|file| file.error.clone()).unwrap_or_default();
        assert!(kept as u32 == Found::MOST && told.starts_with("7 further findings"), "{kept}: {told}");
    }
}
