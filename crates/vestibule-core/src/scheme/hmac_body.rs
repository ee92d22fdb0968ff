//! HMAC over the body, in a header of the source's choice: most applicant tracking systems and form builders.
//!
//! Header, hash, encoding and prefix come from the configuration, never from the request. Where the source signs its
//! time too, `time.body` is what is signed. Where it does not, a captured request stays valid for as long as the secret
//! does; the replay keys of such a source therefore live just as long.

use super::{Claim, Headers, MacAlgorithm, Meta, Refusal, SignatureScheme, parse_seconds, within};
use crate::clock::{Span, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// What the scheme says about itself.
pub const META: Meta = Meta {
    id: "hmac",
    summary: "HMAC over the body in a header of your choice, hexadecimal or base64, with or without a prefix",
    grade: 'C',
};

/// How the MAC is written in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Standard base64 with padding.
    Base64,
    /// URL-safe base64 with padding.
    Base64Url,
}

/// The scheme with its settings.
pub struct HmacBody {
    /// Header name, lower case.
    pub header: String,
    /// Hash below the HMAC.
    pub algorithm: MacAlgorithm,
    /// How the MAC is written.
    pub encoding: Encoding,
    /// What stands before the MAC, for example `sha256=`; may be empty.
    pub prefix: String,
    /// The header with the signed time in Unix seconds, lower case, if the source signs one.
    pub timestamp_header: Option<String>,
}

impl SignatureScheme for HmacBody {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn headers(&self) -> Vec<&str> {
        [Some(&self.header), self.timestamp_header.as_ref()].into_iter().flatten().map(String::as_str).collect()
    }

    fn claim<'a>(&self, headers: &'a dyn Headers, body: &'a [u8], now: Timestamp, tolerance: Span) -> Result<Claim<'a>, Refusal> {
        let value = headers.one(&self.header)?.ok_or(Refusal::Missing)?;
        let encoded = value.strip_prefix(self.prefix.as_str()).ok_or(Refusal::Malformed)?;
        let mac = self.decode(encoded).ok_or(Refusal::Malformed)?;
        if mac.len() != self.algorithm.len() {
            return Err(Refusal::Malformed);
        }
        let mut parts = vec![body];
        let mut at = None;
        if let Some(name) = &self.timestamp_header {
            let timestamp = headers.one(name)?.ok_or(Refusal::Missing)?;
            let signed = parse_seconds(timestamp)?;
            within(signed, now, tolerance)?;
            parts = vec![timestamp.as_bytes(), b".", body];
            at = Some(signed);
        }
        Ok(Claim::Mac { algorithm: self.algorithm, parts, signatures: vec![mac], id: None, at })
    }

    fn key_bytes(&self, text: &str) -> Result<Vec<u8>, &'static str> {
        if text.len() < 16 {
            return Err("a signing secret has at least 16 characters");
        }
        Ok(text.as_bytes().to_vec())
    }
}

impl HmacBody {
    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => unhex(text),
            Encoding::Base64 => STANDARD.decode(text).ok(),
            Encoding::Base64Url => URL_SAFE.decode(text).ok(),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::super::TOLERANCE;
    use super::super::tests::Map;
    use super::*;

    fn scheme(encoding: Encoding, prefix: &str) -> HmacBody {
        HmacBody {
            header: "x-signature".into(),
            algorithm: MacAlgorithm::Sha256,
            encoding,
            prefix: prefix.into(),
            timestamp_header: None,
        }
    }

    fn read(scheme: &HmacBody, value: &str) -> Result<Vec<Vec<u8>>, Refusal> {
        let map = Map(vec![("x-signature", value.to_owned())]);
        match scheme.claim(&map, b"body", Timestamp(0), TOLERANCE)? {
            Claim::Mac { parts, signatures, .. } => {
                assert_eq!(parts.concat(), b"body");
                Ok(signatures)
            }
            Claim::Static { .. } => panic!("not a MAC"),
        }
    }

    #[test]
    fn reads_the_encodings_that_sources_use() {
        let hex = "07".repeat(32);
        let mac = vec![vec![7u8; 32]];
        assert_eq!(read(&scheme(Encoding::Hex, "sha256="), &format!("sha256={hex}")), Ok(mac.clone()));
        assert_eq!(read(&scheme(Encoding::Hex, "sha256 "), &format!("sha256 {hex}")), Ok(mac.clone()));
        assert_eq!(read(&scheme(Encoding::Base64, ""), &STANDARD.encode([7u8; 32])), Ok(mac.clone()));
        assert_eq!(read(&scheme(Encoding::Base64Url, ""), &URL_SAFE.encode([7u8; 32])), Ok(mac));
    }

    #[test]
    fn refuses_other_shapes() {
        let hex = "07".repeat(32);
        for bad in [hex.as_str(), "sha256=", "sha256=zz", "sha256=070", "sha1=07", "sha256=+707"] {
            assert_eq!(read(&scheme(Encoding::Hex, "sha256="), bad), Err(Refusal::Malformed), "{bad}");
        }
        let short = "07".repeat(20);
        assert_eq!(read(&scheme(Encoding::Hex, ""), &short), Err(Refusal::Malformed));
        assert!(scheme(Encoding::Hex, "").key_bytes("short").is_err());
    }
}
