//! JSON Web Tokens read, never verified (RFC 7519): whether a text is one, what it says of itself, until when it is valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::finding::Confidence;

/// A token that was read.
pub(super) struct Found {
    /// Bytes of the text.
    pub(super) length: usize,
    pub(super) label: &'static str,
    pub(super) confidence: Confidence,
    /// Such as `, valid until 2026-03-01`.
    pub(super) more: String,
}

/// Longer parts are not decoded.
const MOST: usize = 16 * 1024;

/// The token that begins at the start of `text`.
pub(super) fn read(text: &str) -> Option<Found> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let (header, rest) = part(text)?;
    let (claims, rest) = part(rest.strip_prefix('.')?)?;
    let (signature, rest) = rest.strip_prefix('.').and_then(part).unwrap_or(("", rest));
    let length = text.len() - rest.len();
    let header = decode(header)?;
    if !header.contains("\"alg\"") && !header.contains("\"enc\"") {
        return None;
    }
    if header.contains("\"enc\"") {
        return (signature.len() > 8).then(|| Found {
            length,
            label: "encrypted token (JWE)",
            confidence: Confidence::Medium,
            more: String::new(),
        });
    }
    let claims: serde_json::Value = serde_json::from_str(&decode(claims)?).ok()?;
    // without a signature it opens nothing, and the most copied example of all says who it is
    let unsigned = signature.len() < 20;
    let example = claims.get("sub").and_then(|sub| sub.as_str()) == Some("1234567890") && claims.get("name").is_some();
    if unsigned || example || super::placeholder::judge(signature).is_some() {
        return None;
    }
    let until = claims.get("exp").and_then(serde_json::Value::as_f64).and_then(date);
    let public = claims.get("role").and_then(|role| role.as_str()) == Some("anon");
    Some(Found {
        length,
        label: if public { "JSON Web Token for anonymous access" } else { "JSON Web Token" },
        confidence: if public { Confidence::Medium } else { Confidence::High },
        more: until.map_or_else(String::new, |until| format!(", valid until {until}")),
    })
}

/// Base64url characters up to the next other one.
fn part(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take(MOST).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    (length > 0).then(|| text.split_at_checked(length)).flatten()
}

fn decode(part: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn date(seconds: f64) -> Option<jiff::civil::Date> {
    let seconds = if seconds > 1e11 { seconds / 1000.0 } else { seconds };
    Timestamp::from_second(seconds as i64).ok().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn token(claims: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn says_until_when() {
        let text = format!("{} rest", token(r#"{"sub":"svc","exp":1690003600}"#, "a8Kd92mZ7qLw3Pxv81Tr4Bn6Hy2Wc5Fd"));
        let found = read(&text).expect("a token");
        assert_eq!(found.more, ", valid until 2023-07-22");
        assert_eq!(found.length, text.len() - 5);
    }

    #[test]
    fn what_is_none() {
        assert!(
            read(&token(r#"{"sub":"1234567890","name":"John Doe"}"#, "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")).is_none(),
            "the example of the documentation"
        );
        assert!(read(&token(r#"{"sub":"svc"}"#, "")).is_none(), "no signature");
        assert!(read("eyJhbGciOi.x.y").is_none());
        assert!(read("eyJmb28iOiJiYXIifQ.eyJmb28iOiJiYXIifQ.a8Kd92mZ7qLw3Pxv81Tr4Bn6").is_none(), "no algorithm");
    }
}
