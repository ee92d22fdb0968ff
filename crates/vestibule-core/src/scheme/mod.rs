//! Signature schemes: how a source proves that it wrote a request.
//!
//! A scheme reads headers and body and says *what* has to be compared with *what* ([`Claim`]); the vault does the
//! arithmetic in constant time. A scheme holds no secret, looks at no clock of its own and never picks an algorithm
//! from the request. To add one: a file here with a type that implements [`SignatureScheme`], its line in [`ALL`],
//! its page `docs/reference/schemes/<id>.md` and its fixture `scheme/fixtures/<id>.txt`; a test holds that all three exist.

use crate::clock::{Span, Timestamp};

pub mod hmac_body;
pub mod standard_webhooks;
pub mod static_key;

pub use hmac_body::HmacBody;
pub use standard_webhooks::StandardWebhooks;
pub use static_key::StaticKey;

/// What every scheme says about itself.
pub struct Meta {
    /// The name used in configurations.
    pub id: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// What the signature covers: from "A" (body, time and id) to "E" (a static key), as in the documentation.
    pub grade: char,
}

/// Every scheme there is.
pub const ALL: &[&Meta] = &[&standard_webhooks::META, &hmac_body::META, &static_key::META];

/// How far a signed time may lie from ours, in each direction, unless the route says otherwise.
pub const TOLERANCE: Span = Span::minutes(5);

/// At most this many signatures of one request are looked at.
pub const MAX_SIGNATURES: usize = 8;

/// The hash below an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// HMAC-SHA-1, only for sources that offer nothing else.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl MacAlgorithm {
    /// Length of the MAC in bytes.
    pub fn len(self) -> usize {
        match self {
            MacAlgorithm::Sha1 => 20,
            MacAlgorithm::Sha256 => 32,
            MacAlgorithm::Sha512 => 64,
        }
    }

    /// A MAC is never empty; here because `len` is.
    pub fn is_empty(self) -> bool {
        false
    }
}

/// The headers of a request, as far as a scheme needs them.
pub trait Headers {
    /// The one value of this header (lower-case name): `Ok(None)` if absent, an error if it stands there twice or is
    /// not visible ASCII.
    fn one(&self, name: &str) -> Result<Option<&str>, Refusal>;
}

/// What has to be compared with what.
#[derive(Debug)]
pub enum Claim<'a> {
    /// The MAC over the joined parts must equal one of the signatures.
    Mac {
        /// The algorithm, fixed by configuration.
        algorithm: MacAlgorithm,
        /// The signed bytes, in order, without separators of our own.
        parts: Vec<&'a [u8]>,
        /// The decoded signatures, at most [`MAX_SIGNATURES`].
        signatures: Vec<Vec<u8>>,
        /// The signed id, if the scheme signs one.
        id: Option<&'a str>,
        /// The signed time, if the scheme signs one.
        at: Option<Timestamp>,
    },
    /// The presented key must equal the secret.
    Static {
        /// What the request presented.
        presented: &'a [u8],
    },
}

/// Why a request proves nothing. Told to the owner, never to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header the scheme needs is absent.
    #[error("the header that carries the proof is missing")]
    Missing,
    /// A header the scheme reads stands there twice.
    #[error("a header of the signature scheme stands there twice")]
    Duplicate,
    /// A header is not visible ASCII, too long or not of the scheme's form.
    #[error("a header of the signature scheme is malformed")]
    Malformed,
    /// The signed time lies too far back.
    #[error("the signed time lies too far in the past")]
    Stale,
    /// The signed time lies too far ahead.
    #[error("the signed time lies too far in the future")]
    Future,
    /// The proof does not fit any of the secrets.
    #[error("the signature fits none of the secrets")]
    Mismatch,
}

impl Refusal {
    /// The stable code under which this is counted.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Missing => "signature.missing",
            Refusal::Duplicate => "signature.duplicate_header",
            Refusal::Malformed => "signature.malformed",
            Refusal::Stale => "signature.stale",
            Refusal::Future => "signature.future",
            Refusal::Mismatch => "signature.mismatch",
        }
    }
}

/// How a source proves authorship.
pub trait SignatureScheme: Send + Sync {
    /// Name, summary and grade.
    fn meta(&self) -> &'static Meta;

    /// The headers this scheme reads, lower case: each may stand in a request only once.
    fn headers(&self) -> Vec<&str>;

    /// Reads the proof, or says why there is none. `now` and `tolerance` bound a signed time on both sides.
    fn claim<'a>(&self, headers: &'a dyn Headers, body: &'a [u8], now: Timestamp, tolerance: Span) -> Result<Claim<'a>, Refusal>;

    /// Turns the text of a secret into key bytes, or says what is wrong with it (without showing it).
    fn key_bytes(&self, text: &str) -> Result<Vec<u8>, &'static str>;
}

/// Unix seconds as signed: digits only, so that the text that was signed is the text that is read.
fn parse_seconds(text: &str) -> Result<Timestamp, Refusal> {
    let digits = !text.is_empty() && text.len() <= 13 && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = digits.then(|| text.parse().ok()).flatten().ok_or(Refusal::Malformed)?;
    Ok(Timestamp(seconds.saturating_mul(1000)))
}

/// Whether a signed time lies within the window around now.
fn within(at: Timestamp, now: Timestamp, tolerance: Span) -> Result<(), Refusal> {
    let age = now.since(at);
    if age > tolerance {
        Err(Refusal::Stale)
    } else if age < Span(-tolerance.0) {
        Err(Refusal::Future)
    } else {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    pub(crate) struct Map(pub(crate) Vec<(&'static str, String)>);

    impl Headers for Map {
        fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
            let mut found = self.0.iter().filter(|(key, _)| *key == name);
            match (found.next(), found.next()) {
                (None, _) => Ok(None),
                (Some((_, value)), None) => Ok(Some(value)),
                _ => Err(Refusal::Duplicate),
            }
        }
    }

    #[test]
    fn seconds_are_digits_only() {
        for bad in ["", " 1", "1.5", "+1", "1_0", "1junk", "99999999999999", "-1", "１"] {
            assert_eq!(parse_seconds(bad), Err(Refusal::Malformed), "{bad}");
        }
        assert_eq!(parse_seconds("1614265330").unwrap(), Timestamp(1_614_265_330_000));
    }

    #[test]
    fn the_window_has_two_sides() {
        let now = Timestamp(1_000_000_000);
        assert!(within(now.plus(Span::minutes(5)), now, TOLERANCE).is_ok());
        assert_eq!(within(now.plus(Span(300_001)), now, TOLERANCE), Err(Refusal::Future));
        assert_eq!(within(now.plus(Span(-300_001)), now, TOLERANCE), Err(Refusal::Stale));
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = ALL.iter().map(|meta| meta.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }
}
