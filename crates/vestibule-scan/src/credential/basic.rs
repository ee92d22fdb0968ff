//! `Basic` authentication decoded (RFC 7617): the pair inside is judged, not its encoding.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

use super::placeholder::{self, Standin};
use super::value::Shape;
use super::{jwt, vendors};

/// What the pair holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// A password, or a key as user name or password.
    Credential {
        /// Whose key it is.
        vendor: Option<&'static str>,
    },
    /// Someone is to put a credential here.
    Placeholder,
    /// Neither.
    Nothing,
}

/// The longest text that is decoded.
const MOST: usize = 4096;

/// The encoded part at the start of `text` and what it says, if that is a printable `user:password`.
pub(super) fn decode(text: &str) -> Option<(&str, String)> {
    let length = text
        .bytes()
        .take(MOST)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
        .count();
    let encoded = text.get(..length)?;
    if length < 4 {
        return None;
    }
    let bare = encoded.trim_end_matches('=');
    let bytes = engine().decode(bare).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    (pair.contains(':') && !pair.chars().any(char::is_control)).then_some((encoded, pair))
}

/// What a user and password are.
pub(super) fn judge(user: &str, pass: &str) -> Pair {
    let of_user = part(user, true);
    let of_pass = part(pass, false);
    match (of_pass, of_user) {
        (Pair::Nothing, of_user) => of_user,
        (Pair::Placeholder, Pair::Credential { vendor }) => Pair::Credential { vendor },
        (of_pass, _) => of_pass,
    }
}

fn part(text: &str, is_user: bool) -> Pair {
    if let Some((pattern, length)) = vendors::at_start(text, false) {
        let drawn = text.get(pattern.prefix.len()..length).is_some_and(placeholder::is_drawn_body);
        return if drawn { Pair::Credential { vendor: Some(pattern.vendor) } } else { Pair::Placeholder };
    }
    if jwt::read(text).is_some() {
        return Pair::Credential { vendor: None };
    }
    match placeholder::judge(text) {
        Some(Standin::Placeholder) => return Pair::Placeholder,
        Some(Standin::Nothing) => return Pair::Nothing,
        None => {}
    }
    let shape = Shape::of(text);
    let good =
        if is_user { shape.is_long_drawn(text) } else { shape.is_password(text) || shape.is_drawn(text) || shape.is_word() };
    if good { Pair::Credential { vendor: None } } else { Pair::Nothing }
}

/// Padding was taken off; stray bits at the end are forgiven, as senders write them.
fn engine() -> GeneralPurpose {
    GeneralPurpose::new(&base64::alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn pairs() {
        let (encoded, pair) = decode("c3ZjOkg0ZmVyIWtvcm4= rest").expect("a pair");
        assert_eq!((encoded, pair.as_str()), ("c3ZjOkg0ZmVyIWtvcm4=", "svc:H4fer!korn"));
        assert_eq!(judge("svc", "H4fer!korn"), Pair::Credential { vendor: None });
        assert_eq!(judge("username", "password"), Pair::Nothing);
        assert_eq!(judge("YOUR_KEY", ""), Pair::Placeholder);
        assert!(matches!(judge("9f2b7c41d08e5a6633c1b7e0f4a92d58", ""), Pair::Credential { .. }));
        assert!(decode("deadbeef").is_none());
    }
}
