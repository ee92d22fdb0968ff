//! Credentials in configured values, found by structure: what a value is called, where it stands, how it is built.
//!
//! It reports what it has seen and never the value itself.

mod anchors;
mod basic;
mod expression;
mod judge;
mod jwt;
mod names;
mod nested;
mod own;
mod path_key;
mod pem;
mod placeholder;
mod secret_url;
mod url;
mod value;
mod vendors;

use crate::finding::Confidence;
use crate::model::{Platform, Role, Scenario, Spot, Step};
use crate::source::Place;

use judge::{Seen, Trust};
use names::Slot;

/// What was seen in a spot.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Index of the step in the scenario.
    pub step: usize,
    /// Index of the spot in the step.
    pub spot: usize,
    /// Where the value stands: the place of the spot.
    pub place: Place,
    /// What it is.
    pub kind: CredentialKind,
    /// What people call it: `OpenAI API key`, `password`, `bearer token`.
    pub label: String,
    /// What it is called where it stands: the header, field or variable; empty where it has none.
    pub name: String,
    /// How it may be shown: vendor prefix and length, such as "`sk-proj-…`, 164 characters". Never the value.
    pub shown: String,
    /// How sure.
    pub confidence: Confidence,
    /// The vendor whose key it is, as in [`crate::vendor`].
    pub vendor: Option<&'static str>,
    /// The value. To be marked, never shown; debugging output leaves it out.
    pub secret: Hidden,
}

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Gives access to something.
    Secret,
    /// An address that is itself the key: incoming webhooks of Slack, Discord, Make, Zapier and others.
    SecretUrl,
    /// Stands where a credential belongs and is none: `YOUR_API_KEY`.
    Placeholder,
}

/// A value that shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Everything of the kind in a scenario, in the order of its steps and spots; at most one entry a spot and value.
pub fn find(scenario: &Scenario<'_>) -> Vec<Credential> {
    let mut found = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        let host = step.url().map(|url| url::Parts::of(&url.value).host).unwrap_or_default();
        for (position, spot) in step.spots.iter().enumerate() {
            let first = found.len();
            look(scenario.platform, step, position, spot, host, &mut |name, seen| {
                let known = found.get(first..).unwrap_or_default();
                if known.len() < MOST_IN_A_SPOT && !known.iter().any(|known: &Credential| known.secret.0.contains(seen.secret)) {
                    found.push(credential((index, position), spot, name, &seen));
                }
            });
        }
    }
    found
}

/// A text with more has said enough.
const MOST_IN_A_SPOT: usize = 64;

/// Shorter texts hold no pair of a name and a value.
const LEAST_TEXT: usize = 12;

fn look<'s>(
    platform: Platform,
    step: &'s Step<'_>,
    position: usize,
    spot: &'s Spot<'_>,
    host: &str,
    report: &mut dyn FnMut(&'s str, Seen<'s>),
) {
    let value: &str = &spot.value;
    if value.len() < 4 || spot.role == Role::Label && value.len() < LEAST_TEXT {
        return;
    }
    let slot = slot_of(step, position, spot, host);
    if slot != Slot::None && (spot.is_text || matches!(slot, Slot::Password)) {
        let trust = trust_of(spot.role);
        if spot.dynamic && value.contains("{{") {
            expression::judge(value, slot, trust, &mut |seen| report(&spot.name, seen));
        } else if let Some(seen) = judge::literal(value, slot, trust) {
            if seen.kind != CredentialKind::Placeholder || told_to_fill(platform, spot.role) {
                report(&spot.name, seen);
            }
            return;
        }
    }
    if value.len() >= LEAST_TEXT && spot.is_text {
        let trust = if spot.role == Role::Pinned { Trust::Sample } else { Trust::Typed };
        nested::read(value, spot.role, trust, &mut |name, seen| {
            if seen.kind != CredentialKind::Placeholder || told_to_fill(platform, spot.role) {
                report(if name.is_empty() { &spot.name } else { name }, seen);
            }
        });
    }
}

/// What may stand in a spot, by its name and role, and by what it is compared with.
fn slot_of(step: &Step<'_>, position: usize, spot: &Spot<'_>, host: &str) -> Slot {
    match spot.role {
        Role::Password => return Slot::Password,
        Role::Label | Role::Url | Role::Headers => return Slot::None,
        // beside a password it only says who; alone it is the key itself
        Role::User if step.spots.iter().any(|spot| spot.role == Role::Password && !spot.value.is_empty()) => return Slot::None,
        Role::User => return Slot::Weak,
        Role::Query => return url::parameter_slot(host, &spot.name),
        Role::Condition => return compared(step, position),
        _ => {}
    }
    let slot = names::slot(&spot.name, spot.role == Role::Header);
    if slot == Slot::Weak && spot.name.eq_ignore_ascii_case("key") && step.request().is_none() && spot.role != Role::Assigned {
        return Slot::None;
    }
    let says_little = slot == Slot::Weak || slot == Slot::Cookie && spot.role != Role::Header && spot.role != Role::Pinned;
    if says_little && !matches!(spot.role, Role::Header | Role::Field | Role::Assigned | Role::Reply | Role::Body) {
        return Slot::None;
    }
    slot
}

/// A condition beside one that asks for a credential: `{{ $json.headers['x-api-key'] }}` equals `…`.
fn compared(step: &Step<'_>, position: usize) -> Slot {
    let before = position.checked_sub(1).and_then(|before| step.spots.get(before));
    let Some(before) = before.filter(|before| before.role == Role::Condition && before.value.contains("{{")) else {
        return Slot::None;
    };
    let asked = before.value.trim_end_matches(['}', ' ', ')', '(', ']', '"', '\'', '`']);
    let name = asked.rsplit(['.', '[', '"', '\'', '`', ' ', '(']).next().unwrap_or_default();
    match names::slot(name, true) {
        Slot::Weak | Slot::Cookie => Slot::None,
        slot => slot,
    }
}

fn trust_of(role: Role) -> Trust {
    match role {
        Role::Header | Role::Query | Role::Password | Role::User | Role::Condition => Trust::Sent,
        Role::Pinned => Trust::Sample,
        _ => Trust::Typed,
    }
}

/// A stand-in is worth a word where somebody is to put the real thing, not in notes, samples and code.
fn told_to_fill(platform: Platform, role: Role) -> bool {
    platform != Platform::File && !matches!(role, Role::Note | Role::Pinned | Role::Label | Role::Code | Role::Condition)
}

fn credential((step, position): (usize, usize), spot: &Spot<'_>, name: &str, seen: &Seen<'_>) -> Credential {
    Credential {
        step,
        spot: position,
        place: spot.place.clone(),
        kind: seen.kind,
        label: seen.label.to_string(),
        name: name.to_owned(),
        shown: seen.shown(),
        confidence: seen.confidence,
        vendor: seen.vendor,
        secret: Hidden(seen.secret.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Reach};

    const KEY: &str = "Kq8vT2mZ0xYb4LrPw6Nc";

    fn spot(role: Role, name: &'static str, value: impl Into<String>) -> Spot<'static> {
        Spot { role, name: name.into(), value: value.into().into(), dynamic: true, is_text: true, place: Place::FILE }
    }

    fn kinds(spots: Vec<Spot<'static>>) -> Vec<(usize, CredentialKind)> {
        let step = Step {
            id: "1".into(),
            name: "step".into(),
            module: "module".into(),
            version: None,
            place: Place::FILE,
            disabled: true,
            reach: Reach::Orphan,
            kind: Kind::Assign,
            connections: Vec::new(),
            spots,
            handles_errors: false,
            understood: true,
        };
        let scenario = Scenario { steps: vec![step], ..Scenario::bare(Platform::N8n, Place::FILE) };
        find(&scenario).into_iter().map(|found| (found.spot, found.kind)).collect()
    }

    #[test]
    fn the_name_decides_and_the_value_must_agree() {
        let spots = vec![
            spot(Role::Header, "X-Api-Key", KEY),
            spot(Role::Header, "X-Request-Id", KEY),
            spot(Role::Header, "X-Api-Key", "YOUR_API_KEY"),
            spot(Role::Header, "X-Api-Key", "{{ $json.key }}"),
            spot(Role::Field, "password", "Summer2024!"),
            spot(Role::Field, "title", "Summer2024!"),
        ];
        let expected = [(0, CredentialKind::Secret), (2, CredentialKind::Placeholder), (4, CredentialKind::Secret)];
        assert_eq!(kinds(spots), expected);
    }

    #[test]
    fn a_user_name_is_a_key_only_where_no_password_is() {
        let user = spot(Role::User, "authUser", "AC9f2b7c41d08e5a6633c1b7e0f4a92d58");
        let password = |value: &'static str| spot(Role::Password, "authPass", value);
        assert_eq!(kinds(vec![user.clone(), password(KEY)]), [(1, CredentialKind::Secret)]);
        assert_eq!(kinds(vec![user, password("")]), [(0, CredentialKind::Secret)]);
    }

    #[test]
    fn one_entry_a_spot_and_value() {
        let text =
            format!("const apiKey = '{KEY}'; call('{KEY}'); const b = {{ 'X-Api-Key': '{KEY}' }}; const password = 'Elbe#12xx';");
        assert_eq!(kinds(vec![spot(Role::Code, "jsCode", text)]), [(0, CredentialKind::Secret), (0, CredentialKind::Secret)]);
    }

    #[test]
    fn what_is_compared_with_a_credential_is_one() {
        let asked = spot(Role::Condition, "leftValue", "{{ $json.headers['x-api-key'] }}");
        let other = spot(Role::Condition, "leftValue", "{{ $json.object_id }}");
        let value = spot(Role::Condition, "rightValue", KEY);
        assert_eq!(kinds(vec![asked, value.clone(), other, value]), [(1, CredentialKind::Secret)]);
    }

    #[test]
    fn a_key_is_found_wherever_it_stands_but_no_stand_in_is_told_of_a_note() {
        let spots = vec![
            spot(Role::Label, "label", "gsk_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4"),
            spot(Role::Note, "content", "use `Authorization: Bearer YOUR_TOKEN`"),
            spot(Role::Url, "url", "https://hook.eu2.make.com/8xk2m9q4w7e1r5t3y6u0i8o2p4a7s1d9"),
        ];
        assert_eq!(kinds(spots), [(0, CredentialKind::Secret), (2, CredentialKind::SecretUrl)]);
    }
}
