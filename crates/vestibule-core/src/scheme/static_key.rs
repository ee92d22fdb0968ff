//! A static key in a header: the weakest proof there is, for sources that can do no better.
//!
//! It covers neither body nor time. The key is compared in constant time and accepted in headers only, never in a URL.

use super::{Claim, Headers, Meta, Refusal, SignatureScheme};
use crate::clock::{Span, Timestamp};

/// What the scheme says about itself.
pub const META: Meta = Meta { id: "static", summary: "a fixed key as bearer token or in a header of your choice", grade: 'E' };

/// The scheme with its settings.
pub struct StaticKey {
    /// Header name, lower case.
    pub header: String,
    /// Whether the key follows the word `Bearer`.
    pub bearer: bool,
}

impl SignatureScheme for StaticKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn headers(&self) -> Vec<&str> {
        vec![&self.header]
    }

    fn claim<'a>(
        &self,
        headers: &'a dyn Headers,
        _body: &'a [u8],
        _now: Timestamp,
        _tolerance: Span,
    ) -> Result<Claim<'a>, Refusal> {
        let value = headers.one(&self.header)?.ok_or(Refusal::Missing)?;
        let presented = if self.bearer {
            let (word, key) = value.split_once(' ').ok_or(Refusal::Malformed)?;
            word.eq_ignore_ascii_case("bearer").then_some(key).ok_or(Refusal::Malformed)?
        } else {
            value
        };
        if presented.is_empty() {
            return Err(Refusal::Missing);
        }
        Ok(Claim::Static { presented: presented.as_bytes() })
    }

    fn key_bytes(&self, text: &str) -> Result<Vec<u8>, &'static str> {
        if text.len() < 24 {
            return Err("a static key has at least 24 characters, drawn at random");
        }
        Ok(text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::super::TOLERANCE;
    use super::super::tests::Map;
    use super::*;

    fn read(bearer: bool, value: &str) -> Result<String, Refusal> {
        let scheme = StaticKey { header: "authorization".into(), bearer };
        let map = Map(vec![("authorization", value.to_owned())]);
        match scheme.claim(&map, b"", Timestamp(0), TOLERANCE)? {
            Claim::Static { presented } => Ok(String::from_utf8(presented.to_vec()).unwrap()),
            Claim::Mac { .. } => panic!("not static"),
        }
    }

    #[test]
    fn reads_bearer_and_plain_headers() {
        assert_eq!(read(true, "Bearer abc"), Ok("abc".into()));
        assert_eq!(read(true, "bearer abc"), Ok("abc".into()));
        assert_eq!(read(false, "abc"), Ok("abc".into()));
    }

    #[test]
    fn refuses_what_is_not_there() {
        assert_eq!(read(true, "Basic abc"), Err(Refusal::Malformed));
        assert_eq!(read(true, "Bearer"), Err(Refusal::Malformed));
        assert_eq!(read(true, "Bearer "), Err(Refusal::Missing));
        assert_eq!(read(false, ""), Err(Refusal::Missing));
    }
}
