//! The documents of the benchmark: 1,000 invented people, an event and a call
//! of about 2 KB with 8 protected fields each, and the backend's answer with 8
//! more. Deterministic; knows nothing of tokens' construction, sockets or keys.
//!
//! The gateway under test is set up from the tables here, so that the load and
//! the rules cannot drift apart.

/// People known before the measured part.
pub const PEOPLE: u32 = 1_000;

/// What an event's rules protect: path, category, and whether the token is
/// stable. The e-mail address is new in every event; the person is not.
pub const EVENT_FIELDS: [(&str, &str, bool); 8] = [
    ("candidate.email", "email", true),
    ("candidate.first_name", "first_name", false),
    ("candidate.last_name", "last_name", false),
    ("candidate.phone", "phone", false),
    ("candidate.address", "address", false),
    ("candidate.date_of_birth", "date_of_birth", false),
    ("candidate.cover_letter", "cover_letter", false),
    ("candidate.salary", "salary", false),
];

/// What an event's rules keep, the subject's id among it.
pub const EVENT_KEEP: [&str; 5] = ["candidate.id", "job.id", "job.board", "job.text", "received_at"];

/// The member that names the person.
pub const EVENT_SUBJECT: &str = "candidate.id";

/// What a call reveals: place in the body and category.
pub const CALL_FIELDS: [(&str, &str); 8] = [
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("email_addresses[*].value", "email"),
    ("phone_numbers[*].value", "phone"),
    ("addresses[*].value", "address"),
    ("date_of_birth", "date_of_birth"),
    ("desired_salary", "salary"),
    ("profile", "social_profile"),
];

/// What of the backend's answer passes as it is: path and type.
pub const ANSWER_KEEP: [(&str, &str); 5] =
    [("id", "integer"), ("job_id", "integer"), ("stage", "string"), ("created_at", "string"), ("terms", "string")];

/// The 8 values of the backend's answer that must not reach the platform.
pub const ANSWER_VALUES: [&str; 8] = [
    "Marguerite",
    "Oberlechner",
    "m.oberlechner@inbox.example",
    "+43 660 5550199",
    "Hauptstrasse 17, 4020 Linz",
    "1987-11-23",
    "71500 EUR",
    "https://profiles.example/m-oberlechner",
];

/// Place of the known person's values in a call, in the order of [`CALL_FIELDS`].
#[must_use]
pub fn values(person: u32) -> [String; 8] {
    [
        format!("Forename{person:04}"),
        format!("Surname{person:04}"),
        format!("person{person:04}@mail.example"),
        format!("+49 30 5550{person:04}"),
        format!("Lindenallee {person}, 10115 Berlin"),
        format!("19{:02}-{:02}-{:02}", person % 90, person % 12 + 1, person % 28 + 1),
        format!("{} EUR", 40_000 + person),
        format!("https://profiles.example/person{person:04}"),
    ]
}

/// Body of a call with these 8 values or tokens, about 2 KB.
#[must_use]
pub fn call(fields: &[String; 8]) -> Vec<u8> {
    let [first, last, email, phone, address, birth, salary, profile] = fields;
    format!(
        concat!(
            r#"{{"first_name":"{}","last_name":"{}","email_addresses":[{{"type":"personal","value":"{}"}}],"#,
            r#""phone_numbers":[{{"type":"mobile","value":"{}"}}],"addresses":[{{"type":"home","value":"{}"}}],"#,
            r#""date_of_birth":"{}","desired_salary":"{}","profile":"{}","#,
            r#""applications":[{{"job_id":40718,"source":"careers","referrer":null}}],"tags":["autumn","remote","engineering"],"#,
            r#""consent":true,"notes":"{}"}}"#
        ),
        first,
        last,
        email,
        phone,
        address,
        birth,
        salary,
        profile,
        filler(1_450)
    )
    .into_bytes()
}

/// Body of an event: this known person with an e-mail address never seen
/// before, about 2 KB.
pub fn write_event(out: &mut Vec<u8>, person: u32, serial: u64) {
    use std::io::Write;
    let [first, last, _, phone, address, birth, salary, _] = values(person);
    // writing to a Vec cannot fail
    let _ = write!(
        out,
        concat!(
            r#"{{"candidate":{{"id":"c{:05}","email":"a{:012}@mail.example","first_name":"{}","last_name":"{}","#,
            r#""phone":"{}","address":"{}","date_of_birth":"{}","salary":"{}","cover_letter":"{}"}},"#,
            r#""job":{{"id":40718,"board":"careers","text":"{}"}},"received_at":"2026-01-01T00:00:00Z"}}"#
        ),
        person,
        serial,
        first,
        last,
        phone,
        address,
        birth,
        salary,
        filler(1_000),
        filler(650)
    );
}

/// The backend's answer: 8 values to protect, about 2 KB. Holds neither `'`
/// nor `$` nor `\`, which nginx would read in its configuration.
#[must_use]
pub fn answer() -> String {
    let [first, last, email, phone, address, birth, salary, profile] = ANSWER_VALUES;
    format!(
        concat!(
            r#"{{"id":918273645,"job_id":40718,"stage":"application_review","created_at":"2026-01-01T00:00:00Z","#,
            r#""first_name":"{}","last_name":"{}","email":"{}","phone":"{}","address":"{}","#,
            r#""date_of_birth":"{}","salary":"{}","profile":"{}","terms":"{}"}}"#
        ),
        first,
        last,
        email,
        phone,
        address,
        birth,
        salary,
        profile,
        filler(1_600)
    )
}

/// Plain words without personal data.
fn filler(length: usize) -> String {
    const WORDS: &str = "the team builds calm tools for busy people and keeps a careful eye on what they cost ";
    WORDS.chars().cycle().take(length).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::Value;
    use std::collections::HashSet;

    #[test]
    fn bodies_are_json_of_about_2_kb() {
        let mut event = Vec::new();
        write_event(&mut event, 999, 123_456_789);
        let token = std::array::from_fn(|_| format!("vt1{}", "0".repeat(30)));
        for body in [call(&values(7)), call(&token), event, answer().into_bytes()] {
            serde_json::from_slice::<Value>(&body).unwrap();
            assert!((1_850..=2_250).contains(&body.len()), "{}", body.len());
        }
    }

    #[test]
    fn every_category_exists() {
        let event = EVENT_FIELDS.iter().map(|field| field.1);
        for alias in event.chain(CALL_FIELDS.iter().map(|field| field.1)) {
            let category = vestibule_core::category::by_alias(alias);
            assert!(category.is_some(), "{alias}");
        }
        let email = vestibule_core::category::by_alias("email").unwrap();
        assert!(email.indexable, "its token could not be stable");
    }

    #[test]
    fn every_named_place_of_an_event_holds_one_value() {
        let mut event = Vec::new();
        write_event(&mut event, 12, 34);
        let event: Value = serde_json::from_slice(&event).unwrap();
        for path in EVENT_FIELDS.iter().map(|f| f.0).chain(EVENT_KEEP) {
            let pointer = format!("/{}", path.replace('.', "/"));
            assert!(event.pointer(&pointer).is_some_and(|v| !v.is_null()), "{path}");
        }
        let members = event["candidate"].as_object().unwrap().len() + event["job"].as_object().unwrap().len() + 1;
        assert_eq!(members, EVENT_FIELDS.len() + EVENT_KEEP.len());
    }

    #[test]
    fn every_named_place_of_a_call_holds_the_value_in_order() {
        let body: Value = serde_json::from_slice(&call(&values(3))).unwrap();
        for ((path, _), value) in CALL_FIELDS.iter().zip(values(3)) {
            let pointer = format!("/{}", path.replace("[*].", "/0/"));
            assert_eq!(body.pointer(&pointer).and_then(Value::as_str), Some(value.as_str()), "{path}");
        }
    }

    #[test]
    fn the_answer_holds_kept_members_and_protected_values_only() {
        let text = answer();
        assert!(!text.contains(['\'', '$', '\\']));
        let answer: Value = serde_json::from_str(&text).unwrap();
        let answer = answer.as_object().unwrap();
        assert_eq!(answer.len(), ANSWER_KEEP.len() + ANSWER_VALUES.len());
        let kept: HashSet<&str> = ANSWER_KEEP.iter().map(|k| k.0).collect();
        for (name, value) in answer {
            let protected = value.as_str().is_some_and(|v| ANSWER_VALUES.contains(&v));
            assert_ne!(kept.contains(name.as_str()), protected, "{name}");
        }
    }

    #[test]
    fn people_differ_in_every_identifying_value() {
        for field in [0, 1, 2, 3, 4, 6, 7] {
            let all: HashSet<String> = (0..PEOPLE).map(|p| values(p)[field].clone()).collect();
            assert_eq!(all.len(), PEOPLE as usize, "field {field}");
        }
    }
}
