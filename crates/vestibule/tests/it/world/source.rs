//! Sources as values: who sends events, and how each scheme proves it.

use super::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::hex;
use vestibule_vault::mac::{Algorithm, Signer};

/// How a source signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Standard Webhooks.
    Standard,
    /// `x-signature: sha256=<hex>` over the body.
    Hex,
    /// `x-signature: <base64>` over time, dot and body; the time in `x-time`.
    TimedBase64,
    /// `x-signature: <base64url of SHA-512>` over the body.
    Url512,
    /// `authorization: Bearer <secret>`.
    Bearer,
    /// `x-api-key: <secret>`.
    Header,
}

/// A source of events.
#[derive(Clone, Debug)]
pub struct Source {
    /// The route it posts to.
    pub path: &'static str,
    pub scheme: Scheme,
    /// The secret's text, as both sides configure it.
    pub secret: &'static str,
}

const STANDARD_SECRET: &str = "whsec_Y2FyZWVycy1zaWduaW5nLXNlY3JldC0wMTIzNDU2Nzg=";
pub const STATIC_SECRET: &str = "static-secret-of-a-source-0123456789";
/// The secret of the published example.
pub const VECTOR_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The secret of every route with this scheme.
pub fn secret_of(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Standard => STANDARD_SECRET,
        Scheme::Hex | Scheme::TimedBase64 | Scheme::Url512 | Scheme::Bearer | Scheme::Header => STATIC_SECRET,
    }
}

impl Source {
    /// A source with Standard Webhooks on this route.
    pub const fn at(path: &'static str) -> Source {
        Source { path, scheme: Scheme::Standard, secret: STANDARD_SECRET }
    }

    /// A source with Standard Webhooks and a secret of its own.
    pub fn keyed(path: &'static str, secret: &str) -> Source {
        Source { secret: secret.to_owned().leak(), ..Source::at(path) }
    }

    /// A source with this scheme on this route.
    pub fn with(scheme: Scheme, path: &'static str) -> Source {
        Source { path, scheme, secret: secret_of(scheme) }
    }

    /// An event of this id, signed at this time. Schemes without ids leave it out.
    pub fn event(&self, at: Timestamp, id: &str, body: impl Into<Vec<u8>>) -> Request {
        let request = Request::new("POST", self.path).json(body);
        let time = at.seconds().to_string();
        let body = request.body.clone();
        match self.scheme {
            Scheme::Standard => {
                let key = STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap();
                let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", &body];
                let signature = Signer::new(Algorithm::HmacSha256, &key).sign(&parts);
                request
                    .header("webhook-id", id)
                    .header("webhook-timestamp", &time)
                    .header("webhook-signature", &format!("v1,{}", STANDARD.encode(signature)))
            }
            Scheme::Hex => request.header("x-signature", &format!("sha256={}", hex(&self.mac(Algorithm::HmacSha256, &[&body])))),
            Scheme::TimedBase64 => {
                let signature = self.mac(Algorithm::HmacSha256, &[time.as_bytes(), b".", &body]);
                request.header("x-time", &time).header("x-signature", &STANDARD.encode(signature))
            }
            Scheme::Url512 => request.header("x-signature", &URL_SAFE.encode(self.mac(Algorithm::HmacSha512, &[&body]))),
            Scheme::Bearer => request.header("authorization", &format!("Bearer {}", self.secret)),
            Scheme::Header => request.header("x-api-key", self.secret),
        }
    }

    fn mac(&self, algorithm: Algorithm, parts: &[&[u8]]) -> Vec<u8> {
        Signer::new(algorithm, self.secret.as_bytes()).sign(parts)
    }
}
