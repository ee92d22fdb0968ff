//! The sample application, and what the stand-in scenario and the stand-in ATS make of what they get.

use vestibule_core::document::{Document, Limits};

/// The application the career site sends. The person is made up.
pub const APPLICATION: &str = r#"{
  "candidate": {
    "id": "cand-2041",
    "name": "Dana Okafor",
    "email": "dana.okafor@example.org",
    "phone": "+44 20 7946 0018",
    "country": "GB",
    "date_of_birth": "1991-04-17"
  },
  "answers": [
    { "ref": "salary", "value": 64000 },
    { "ref": "motivation", "value": "I have wanted to work with you since 2019." }
  ],
  "job": { "id": "platform-engineer" },
  "consent": { "given": true }
}"#;

/// The call a scenario makes of a delivery: the sample is mapped field by field to what the ATS wants; anything else is
/// forwarded as it is. Returns path and body.
pub fn mapped(delivered: &[u8]) -> Option<(String, Vec<u8>)> {
    let doc = Document::parse(delivered, &Limits { depth: 64, nodes: 400_000 }).ok()?;
    let candidate = doc.member(doc.root(), "candidate");
    let text = |name: &str| candidate.and_then(|candidate| doc.member(candidate, name)).map(|node| doc.raw(node).to_owned());
    let is_sample = doc.member(doc.root(), "email_domain").is_some();
    let (Some(name), Some(email), Some(phone), true) = (text("name"), text("email"), text("phone"), is_sample) else {
        return Some(("/out/ats/anything".into(), delivered.to_vec()));
    };
    let answers = doc.member(doc.root(), "answers");
    let answer = answers.and_then(|answers| doc.children(answers).find_map(|answer| doc.member(answer, "value")));
    let salary = answer.map_or("null".to_owned(), |node| doc.raw(node).to_owned());
    let body = format!(
        r#"{{"first_name":{name},"email_addresses":[{{"value":{email},"type":"personal"}}],"phone_numbers":[{{"value":{phone},"type":"mobile"}}],"salary":{salary},"applications":[{{"job_id":"platform-engineer"}}]}}"#
    );
    Some(("/out/ats/candidates".into(), body.into_bytes()))
}

/// What an ATS answers: an id, and everything it was just told once more.
pub fn ats_answer(body: &[u8]) -> Vec<u8> {
    let mut out = br#"{"id":57392811,"created":true,"echo":"#.to_vec();
    out.extend_from_slice(body);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_sample_is_mapped_and_anything_else_forwarded() {
        let delivered =
            br#"{"candidate":{"name":"n","email":"e","phone":"p"},"answers":[{"ref":"salary","value":"s"}],"email_domain":"x"}"#;
        let (path, body) = mapped(delivered).unwrap();
        assert_eq!(path, "/out/ats/candidates");
        assert!(Document::parse(&body, &Limits::default()).is_ok());
        assert_eq!(mapped(b"[1]").unwrap(), ("/out/ats/anything".into(), b"[1]".to_vec()));
        assert!(Document::parse(&ats_answer(b"{}"), &Limits::default()).is_ok());
        assert!(Document::parse(APPLICATION.as_bytes(), &Limits::default()).is_ok());
    }
}
