//! Second: the signature and its time. After this the sender is the source, and may be told what is wrong.

use super::receive::Received;
use super::refuse::Refused;
use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::net::body::Whole;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::Scope;
use vestibule_core::scheme::{Claim, Headers, MacAlgorithm, Refusal};
use vestibule_core::secret::Secret;
use vestibule_vault::mac;

/// Signed ids are remembered at least this long: senders keep the id and renew the time when they try again.
const ID_LIFETIME: Span = Span::days(30);

/// A request whose author is known, with what makes it the same request again.
pub struct Authenticated {
    body: Whole,
    media_type: Option<String>,
    replay: Replay,
}

/// What identifies an event, by keyed fingerprints only.
pub struct Replay {
    /// Of the signed id, or of the body where no id is signed.
    pub source_key: [u8; 16],
    /// Of the body.
    pub body_key: [u8; 16],
    /// The same two under older versions of the replay key that are still live.
    pub older: Vec<([u8; 16], [u8; 16])>,
    /// Until when a repeat is recognised.
    pub until: Timestamp,
}

impl Authenticated {
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    pub(super) fn replay(&self) -> &Replay {
        &self.replay
    }
}

/// Checks the proof of authorship.
pub(super) fn authenticate(worker: &Worker, route: &InRoute, received: Received) -> Result<Authenticated, Refused> {
    let now = worker.app.clock.now();
    let replay = {
        let headers = HeaderView(received.headers());
        let claim = route.scheme.claim(&headers, received.body(), now, route.tolerance);
        let claim = claim.map_err(|refusal| Refused::Stranger(refusal.code()))?;
        if !proven(&route.secrets, &claim) {
            return Err(Refused::Stranger(Refusal::Mismatch.code()));
        }
        replay(worker, route, &claim, received.body(), now)
    };
    let media_type = received.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Authenticated { body: received.into_body(), media_type, replay })
}

/// Whether the headers alone prove who sends, which a static key does and a signature never does.
pub(super) fn shows_key(worker: &Worker, route: &InRoute, headers: &HeaderMap) -> bool {
    let headers = HeaderView(headers);
    let claim = route.scheme.claim(&headers, &[], worker.app.clock.now(), route.tolerance);
    matches!(claim, Ok(claim @ Claim::Static { .. }) if proven(&route.secrets, &claim))
}

/// Every secret is tried, so that the time taken does not tell which one fits.
fn proven(secrets: &[Secret<Vec<u8>>], claim: &Claim<'_>) -> bool {
    let mut proven = false;
    for secret in secrets {
        match claim {
            Claim::Mac { algorithm, parts, signatures, .. } => {
                for signature in signatures {
                    proven |= mac::verify(vault_algorithm(*algorithm), secret, parts, signature);
                }
            }
            Claim::Static { presented } => proven |= mac::equal(presented, secret.expose()),
        }
    }
    proven
}

fn replay(worker: &Worker, route: &InRoute, claim: &Claim<'_>, body: &[u8], now: Timestamp) -> Replay {
    let (id, at) = match claim {
        Claim::Mac { id, at, .. } => (*id, *at),
        Claim::Static { .. } => (None, None),
    };
    let identity: [&[u8]; 2] = match id {
        Some(id) => [b"id", id.as_bytes()],
        None => [b"body", body],
    };
    let until = match (id, at) {
        (Some(_), _) => now.plus(Span(ID_LIFETIME.0.max(route.tolerance.0.saturating_mul(2)))),
        (None, Some(at)) => at.plus(Span(route.tolerance.0.saturating_mul(2))).max(now.plus(ID_LIFETIME)),
        // nothing bounds how long such a request stays valid, so nothing may forget it
        (None, None) => Timestamp(i64::MAX),
    };
    let keyring = worker.app.keeper.keyring();
    let mut versions = keyring.replay_keys(Scope::of(route.mode), &route.name, &identity, body).into_iter();
    let active = versions.next();
    Replay {
        source_key: active.as_ref().map_or([0; 16], |keys| keys.event),
        body_key: active.as_ref().map_or([0; 16], |keys| keys.body),
        older: versions.map(|keys| (keys.event, keys.body)).collect(),
        until,
    }
}

fn vault_algorithm(algorithm: MacAlgorithm) -> mac::Algorithm {
    match algorithm {
        MacAlgorithm::Sha1 => mac::Algorithm::HmacSha1,
        MacAlgorithm::Sha256 => mac::Algorithm::HmacSha256,
        MacAlgorithm::Sha512 => mac::Algorithm::HmacSha512,
    }
}

struct HeaderView<'a>(&'a HeaderMap);

impl Headers for HeaderView<'_> {
    fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::Duplicate);
        }
        value.to_str().map(Some).map_err(|_| Refusal::Malformed)
    }
}
