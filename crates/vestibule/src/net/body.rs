//! Bodies read whole into memory, under a limit each, a limit over all, and a deadline.
//!
//! It decodes nothing: a body with a content coding is recognised ([`compressed`]) so that the caller can refuse it.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName};
use http_body::{Body, Frame};
use tokio::time::Instant;

/// Bytes that all bodies in memory may hold together. Clones share it, across threads too.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    used: AtomicUsize,
}

impl BodyBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shared { limit, used: AtomicUsize::new(0) }))
    }

    /// Bytes taken now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// A lease of nothing, that can grow.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { budget: self.clone(), bytes: 0 }
    }
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Lease {
    budget: BodyBudget,
    bytes: usize,
}

impl Lease {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// [`BodyError::Budget`] where the budget does not hold them; nothing is taken then.
    pub fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let limit = self.budget.0.limit;
        let grown = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
        match self.budget.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(BodyError::Budget),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A body read to its end. It counts against the budget until it is dropped; its memory is not wiped.
pub struct Whole {
    bytes: Bytes,
    lease: Lease,
}

impl Whole {
    /// No bytes.
    #[must_use]
    pub fn empty(budget: &BodyBudget) -> Whole {
        Whole { bytes: Bytes::new(), lease: budget.lease() }
    }

    /// The bytes, and their lease: keep the lease for as long as the bytes.
    #[must_use]
    pub fn into_parts(self) -> (Bytes, Lease) {
        (self.bytes, self.lease)
    }
}

impl Deref for Whole {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Whole({} bytes)", self.bytes.len())
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than this route takes")]
    TooLarge,
    #[error("all bodies together are larger than the gateway takes")]
    Budget,
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the connection ended before the body did")]
    Broken,
}

impl BodyError {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "body.too_large",
            Self::Budget => "body.budget",
            Self::Slow => "body.slow",
            Self::Broken => "body.broken",
        }
    }
}

/// Reads a body to its end. A declared length over `limit` is refused before a byte is read; a body without a
/// length is refused at the first byte too many. The budget is charged as bytes arrive, so that a declared
/// length alone takes nothing.
///
/// # Errors
/// [`BodyError`].
pub async fn read<B>(body: B, limit: usize, budget: &BodyBudget, deadline: Instant) -> Result<Whole, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut lease = budget.lease();
    let bytes = read_frames(body, limit, deadline, |arrived| lease.grow(arrived)).await?;
    Ok(Whole { bytes, lease })
}

/// Whether a content coding other than `identity` is declared.
#[must_use]
pub fn compressed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

/// Whether a header stands more than once. Two readers of such a request may take two different values.
#[must_use]
pub fn duplicate(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The declared length, where there is exactly one and it is a number.
#[must_use]
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads frames until the end. `charge` is told of the bytes before they are kept. A body that came with its
/// head costs no timer and no copy.
pub(super) async fn read_frames<B>(
    mut body: B,
    limit: usize,
    deadline: Instant,
    mut charge: impl FnMut(usize) -> Result<(), BodyError>,
) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLarge);
    }
    let mut parts = Parts::Empty;
    while !body.is_end_stream() {
        let Some(frame) = next_frame(&mut body, deadline).await? else {
            break;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > limit.saturating_sub(parts.len()) {
            return Err(BodyError::TooLarge);
        }
        charge(data.len())?;
        parts.push(data);
    }
    Ok(parts.into_bytes())
}

/// What has arrived: most bodies are one piece, which is kept as it came.
enum Parts {
    Empty,
    One(Bytes),
    Many(BytesMut),
}

impl Parts {
    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, data: Bytes) {
        match self {
            Self::Empty => *self = Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity((first.len() + data.len()) * 2);
                all.extend_from_slice(first);
                all.extend_from_slice(&data);
                *self = Self::Many(all);
            }
            Self::Many(all) => all.extend_from_slice(&data),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

async fn next_frame<B>(body: &mut B, deadline: Instant) -> Result<Option<Frame<Bytes>>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let ready = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(frame) => Poll::Ready(Some(frame)),
        Poll::Pending => Poll::Ready(None),
    })
    .await;
    let frame = match ready {
        Some(frame) => frame,
        None => tokio::time::timeout_at(deadline, poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)))
            .await
            .map_err(|_| BodyError::Slow)?,
    };
    frame.transpose().map_err(|_| BodyError::Broken)
}

#[cfg(test)]
mod tests;
