//! Connections that several scenarios use.

use std::collections::{HashMap, HashSet};

use super::{Check, Context, Meta, Persona, report, words};
use crate::finding::{Confidence, Finding, Severity};
use crate::run::{Seen, SeenConnection};

/// Scenarios that one message names.
const MOST: usize = 5;

/// Platform, id and label.
type Key<'s> = (&'s str, &'s str, &'s str);

/// See [`META`].
pub struct SharedConnection;

static META: Meta = Meta {
    id: "shared-connection",
    title: "Several scenarios share a connection",
    severity: Severity::Info,
    confidence: Confidence::High,
    personas: &[Persona::Security],
    what: "A stored connection that more than one scenario of the same scan uses; one finding for each connection.",
    why: "A shared connection has the rights that the most demanding scenario needs, in all of them. If it has to be withdrawn, all of them stop; and the vendor's log does not tell which of them did what.",
    remedy: "Give each scenario a key of its own at the gateway, and let the gateway hold the one connection to the vendor.\n\nBefore:\n    3 scenarios, 1 connection “HubSpot”\n\nAfter:\n    vestibule keys create --workflow lead-intake, one for each scenario",
    leaves_out: "Connections without a label, and equal numbers with different labels: they may be of different accounts.",
    requirements: &["R46", "R119", "R53"],
};

impl Check for SharedConnection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, _: &mut Context<'_, '_>) {}

    fn compare(&self, seen: &[Seen], report: &mut dyn FnMut(Finding)) {
        let mut uses: HashMap<Key<'_>, Vec<(&Seen, &SeenConnection)>> = HashMap::new();
        let mut named: HashSet<(Key<'_>, &str)> = HashSet::new();
        let mut order = Vec::new();
        for scenario in seen {
            for connection in
                scenario.connections.iter().filter(|connection| !connection.id.is_empty() && !connection.label.is_empty())
            {
                let key = (scenario.platform, connection.id.as_str(), connection.label.as_str());
                let users = uses.entry(key).or_default();
                if users.is_empty() {
                    order.push(key);
                }
                // a scenario that was saved twice is one scenario
                if scenario.scenario.is_empty() || named.insert((key, scenario.scenario.as_str())) {
                    users.push((scenario, connection));
                }
            }
        }
        for users in order.iter().filter_map(|key| uses.get(key)).filter(|users| users.len() > 1) {
            let Some((first, connection)) = users.first() else { continue };
            let names: Vec<String> = users.iter().map(|(user, _)| name(user)).collect();
            let message = format!("{} share a connection: {}.", words::count(users.len(), "scenario"), words::some(&names, MOST));
            let remedy = "Create a workflow key for each scenario with `vestibule keys create --workflow NAME`, and let them call the vendor through the gateway. If somebody who knew this connection leaves, all of these scenarios are affected.";
            report(report::across(&META, first, connection, message, remedy.to_owned()));
        }
    }
}

fn name(seen: &Seen) -> String {
    if seen.scenario.is_empty() { format!("`{}`", seen.file) } else { format!("“{}”", seen.scenario) }
}
