//! Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`, several signatures for rotation.
//!
//! Source: the Standard Webhooks specification, version 1. Only the symmetric `v1` signatures are read; others in the
//! same header are passed over. The header's own text is what is signed, never a re-serialised number.

use super::{Claim, Headers, MAX_SIGNATURES, MacAlgorithm, Meta, Refusal, SignatureScheme, parse_seconds, within};
use crate::clock::{Span, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the scheme says about itself.
pub const META: Meta = Meta {
    id: "standard-webhooks",
    summary: "HMAC-SHA-256 over id, time and body in the headers webhook-id, webhook-timestamp and webhook-signature",
    grade: 'A',
};

/// The header with the id of the message.
pub const ID: &str = "webhook-id";
/// The header with the time of the attempt, Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the space-separated signatures.
pub const SIGNATURE: &str = "webhook-signature";
/// How secrets of this scheme begin.
pub const SECRET_PREFIX: &str = "whsec_";

/// The scheme; it has no settings.
pub struct StandardWebhooks;

impl SignatureScheme for StandardWebhooks {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn headers(&self) -> Vec<&str> {
        vec![ID, TIMESTAMP, SIGNATURE]
    }

    fn claim<'a>(&self, headers: &'a dyn Headers, body: &'a [u8], now: Timestamp, tolerance: Span) -> Result<Claim<'a>, Refusal> {
        let id = headers.one(ID)?.ok_or(Refusal::Missing)?;
        let timestamp = headers.one(TIMESTAMP)?.ok_or(Refusal::Missing)?;
        let signature = headers.one(SIGNATURE)?.ok_or(Refusal::Missing)?;
        if !is_id(id) {
            return Err(Refusal::Malformed);
        }
        let at = parse_seconds(timestamp)?;
        within(at, now, tolerance)?;
        let signatures = signatures(signature);
        if signatures.is_empty() {
            return Err(Refusal::Malformed);
        }
        Ok(Claim::Mac {
            algorithm: MacAlgorithm::Sha256,
            parts: signed_parts(id, timestamp, body),
            signatures,
            id: Some(id),
            at: Some(at),
        })
    }

    fn key_bytes(&self, text: &str) -> Result<Vec<u8>, &'static str> {
        let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        let key = STANDARD.decode(encoded).map_err(|_| "a Standard Webhooks secret is `whsec_` and base64")?;
        if key.len() < 16 {
            return Err("a Standard Webhooks secret holds at least 16 bytes (24 to 64 are usual)");
        }
        Ok(key)
    }
}

/// What is signed: `id.timestamp.body`, in the order of the specification. Used for checking and for signing alike.
pub fn signed_parts<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> Vec<&'a [u8]> {
    vec![id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}

/// One signature as it stands in the header.
pub fn signature_text(mac: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(mac))
}

/// A secret as sources and receivers of this scheme expect it.
pub fn secret_text(key: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key))
}

/// An id must not hold the separator, or two messages could share one signed text.
fn is_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
}

fn signatures(header: &str) -> Vec<Vec<u8>> {
    header
        .split(' ')
        .filter_map(|part| part.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .filter(|mac| mac.len() == MacAlgorithm::Sha256.len())
        .take(MAX_SIGNATURES)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::super::TOLERANCE;
    use super::super::tests::Map;
    use super::*;

    const NOW: Timestamp = Timestamp(1_614_265_330_000);

    fn headers(id: &str, timestamp: &str, signature: &str) -> Map {
        Map(vec![(ID, id.to_owned()), (TIMESTAMP, timestamp.to_owned()), (SIGNATURE, signature.to_owned())])
    }

    fn refusal(map: &Map) -> Refusal {
        match StandardWebhooks.claim(map, b"{}", NOW, TOLERANCE) {
            Err(refusal) => refusal,
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn the_signed_text_is_id_time_body() {
        let mac = STANDARD.encode([7u8; 32]);
        let map = headers("msg_1", "1614265330", &format!("v2,zzz v1,{mac}"));
        let Ok(Claim::Mac { parts, signatures, id, at, .. }) = StandardWebhooks.claim(&map, b"{\"a\":1}", NOW, TOLERANCE) else {
            panic!("refused");
        };
        assert_eq!(parts.concat(), b"msg_1.1614265330.{\"a\":1}");
        assert_eq!(signatures, vec![vec![7u8; 32]]);
        assert_eq!((id, at), (Some("msg_1"), Some(NOW)));
    }

    #[test]
    fn malformed_requests_prove_nothing() {
        let good = format!("v1,{}", STANDARD.encode([7u8; 32]));
        assert_eq!(refusal(&headers("msg.1", "1614265330", &good)), Refusal::Malformed);
        assert_eq!(refusal(&headers("", "1614265330", &good)), Refusal::Malformed);
        assert_eq!(refusal(&headers("msg_1", "soon", &good)), Refusal::Malformed);
        assert_eq!(refusal(&headers("msg_1", "1614265330", "v1,dawfeoifkpqwoekfpqoekf")), Refusal::Malformed);
        assert_eq!(refusal(&headers("msg_1", "1614265330", "v1,")), Refusal::Malformed);
        assert_eq!(refusal(&headers("msg_1", "1614265330", "v1")), Refusal::Malformed);
        assert_eq!(refusal(&headers("msg_1", "1614265029", &good)), Refusal::Stale);
        assert_eq!(refusal(&headers("msg_1", "1614265631", &good)), Refusal::Future);
        let mut twice = headers("msg_1", "1614265330", &good);
        twice.0.push((ID, "msg_2".to_owned()));
        assert_eq!(refusal(&twice), Refusal::Duplicate);
        for missing in 0..3 {
            let mut map = headers("msg_1", "1614265330", &good);
            map.0.remove(missing);
            assert_eq!(refusal(&map), Refusal::Missing);
        }
    }

    #[test]
    fn secrets_with_and_without_prefix_are_the_same_key() {
        let with = StandardWebhooks.key_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let without = StandardWebhooks.key_bytes("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(with, without);
        assert!(StandardWebhooks.key_bytes("").is_err());
        assert!(StandardWebhooks.key_bytes("whsec_").is_err());
        assert!(StandardWebhooks.key_bytes("whsec_***").is_err());
    }
}
