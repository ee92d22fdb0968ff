//! Connections that carry the name of a person.

use std::collections::HashSet;

use super::{Check, Context, Draft, Meta, Persona};
use crate::finding::{Confidence, Severity};
use crate::model::Platform;
use crate::personal::values;

/// See [`META`].
pub struct PersonNamedConnection;

static META: Meta = Meta {
    id: "person-named-connection",
    title: "The connection is somebody's own account",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    personas: &[Persona::Security, Persona::Builder],
    what: "A stored connection whose label holds somebody's mail address or begins with a first name, as in “Dana’s Gmail”.",
    why: "The scenario works with that person's rights and sees that person's data. When the person leaves, either the scenario breaks or, worse, the access stays.",
    remedy: "Connect an account of the team or a service account with only the rights that the scenario needs, and name the connection after its purpose.\n\nBefore:\n    Gmail (dana.reed@example.org)\n\nAfter:\n    Gmail, status mails (service account)",
    leaves_out: "Labels with addresses of roles, such as `jobs@`, and personal accounts whose label does not show it.",
    requirements: &["R119", "R28", "R53"],
};

impl Check for PersonNamedConnection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn look(&self, cx: &mut Context<'_, '_>) {
        let mut seen = HashSet::new();
        for step in &cx.scenario.steps {
            for connection in &step.connections {
                let Some(sign) = connection.label.as_deref().and_then(is_person) else { continue };
                if !seen.insert((connection.id.as_ref(), connection.label.as_deref())) {
                    continue;
                }
                let kind = connection
                    .kind
                    .as_deref()
                    .filter(|kind| !kind.is_empty())
                    .map_or_else(String::new, |kind| format!(" (`{kind}`)"));
                let message = format!("The connection{kind} {sign}: the scenario acts as that person.");
                let how = match cx.scenario.platform {
                    Platform::Make => {
                        "In Make, add a connection with an account of the team, choose it in every module that uses this one, then delete this one."
                    }
                    Platform::N8n => {
                        "In n8n, create a credential with an account of the team, choose it in every node that uses this one, then delete this one."
                    }
                    _ => "Connect an account of the team, choose it in every step that uses this one, then disconnect this one.",
                };
                let remedy =
                    format!("{how} When the person leaves, this connection belongs on the list of what is revoked the same day.");
                cx.report(Draft::new(&META, &connection.place, message, remedy).step(step).about(&connection.id));
            }
        }
    }
}

/// Why a label is a person's; never the label itself.
fn is_person(label: &str) -> Option<&'static str> {
    let mut address = false;
    values::show(label, &mut |category, _| address |= category.alias == "email");
    if address {
        return Some("is called after somebody's mail address");
    }
    let mut words = label.split_whitespace();
    let first = words.next()?;
    let owner = first.strip_suffix("'s").or_else(|| first.strip_suffix("’s"))?;
    let is_name =
        owner.len() > 1 && owner.chars().next().is_some_and(char::is_uppercase) && owner.chars().skip(1).all(char::is_lowercase);
    const TEAMS: [&str; 8] = ["Company", "Team", "Today", "Let", "It", "Recruiting", "Marketing", "Sales"];
    (is_name && words.next().is_some() && !TEAMS.contains(&owner)).then_some("is called after a person")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_purposes() {
        for label in ["Gmail (dana.reed@example.org)", "Dana's Gmail", "Mira’s Slack account"] {
            assert!(is_person(label).is_some(), "{label}");
        }
        for label in ["Gmail (jobs@example.org)", "Team's Slack", "Status mails", "Slack", "", "McKinsey's"] {
            assert!(is_person(label).is_none(), "{label}");
        }
    }
}
