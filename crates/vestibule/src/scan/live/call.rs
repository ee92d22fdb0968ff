//! One request to a platform: `GET`, retried with growing waits where the platform asks for patience or fails.
//!
//! What an answer means is the clients' matter; here a status becomes an error that says what to change.

use super::LiveError;
use crate::net::body::Whole;
use crate::net::outbound::{Client, OutboundError, Target};
use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use vestibule_core::clock::{Clock, Span, Timestamp};

/// Waits after an answer that asks for fewer requests. Make counts by the minute, so together they are longer than one.
const BUSY: [Span; 5] = [Span::seconds(5), Span::seconds(10), Span::seconds(20), Span::seconds(30), Span::seconds(30)];
/// Waits after a failure of the platform.
const FAILED: [Span; 3] = [Span::seconds(1), Span::seconds(3), Span::seconds(9)];
/// A platform that asks for a longer wait is not waited for that long.
const LONGEST: Span = Span::minutes(2);

/// A wait at work.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lets time pass.
pub trait Pause {
    /// Ends when `span` is over.
    fn wait(&self, span: Span) -> Waiting<'_>;
}

/// Waits as the system does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sleep;

impl Pause for Sleep {
    fn wait(&self, span: Span) -> Waiting<'_> {
        let duration = Duration::from_millis(u64::try_from(span.0).unwrap_or(0));
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The API of one account.
pub(super) struct Api<'a> {
    pub(super) client: &'a Client,
    pub(super) target: Target,
    pub(super) credential: (HeaderName, HeaderValue),
    pub(super) clock: &'a dyn Clock,
    pub(super) pause: &'a dyn Pause,
    /// When the whole account has taken too long.
    pub(super) until: Timestamp,
}

/// What is asked for, in the platform's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// For people, such as `webhooks`.
    pub(super) what: &'static str,
    /// The scope that reading it takes.
    pub(super) scope: &'static str,
}

impl Api<'_> {
    /// The body of the answer to `GET path`, which begins with a slash and is escaped.
    pub(super) async fn get(&self, path: &str, asked: Asked) -> Result<Whole, LiveError> {
        let (mut busy, mut failed) = (BUSY.into_iter(), FAILED.into_iter());
        loop {
            let (error, wait) = match self.once(path).await {
                Ok((StatusCode::OK, _, body)) => return Ok(body),
                Ok((status, headers, _)) => {
                    let error = self.refusal(status, asked);
                    let wait = match &error {
                        LiveError::Busy { .. } => busy.next().map(|wait| asked_wait(&headers, self.clock.now()).unwrap_or(wait)),
                        LiveError::Failed { .. } => failed.next(),
                        _ => None,
                    };
                    (error, wait)
                }
                Err(error) => {
                    let wait = if error.retryable() { failed.next() } else { None };
                    (LiveError::Outbound { host: self.host(), error }, wait)
                }
            };
            let Some(wait) = wait else { return Err(error) };
            if self.clock.now().plus(wait) > self.until {
                return Err(LiveError::TooLong);
            }
            self.pause.wait(wait).await;
        }
    }

    async fn once(&self, path: &str) -> Result<(StatusCode, HeaderMap, Whole), OutboundError> {
        let (name, value) = &self.credential;
        let request = Request::builder()
            .method(Method::GET)
            .uri(self.target.uri(path)?)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .header(name, value)
            .body(Full::new(Bytes::new()))
            .map_err(|_| OutboundError::Request)?;
        let (head, body) = self.client.send(&self.target, request).await?.into_parts();
        Ok((head.status, head.headers, body))
    }

    fn refusal(&self, status: StatusCode, asked: Asked) -> LiveError {
        let host = self.host();
        match status.as_u16() {
            401 => LiveError::Token { host },
            403 => LiveError::Scope { what: asked.what, scope: asked.scope },
            429 => LiveError::Busy { host },
            status @ 400..=499 => LiveError::Absent { host, what: asked.what, status },
            status @ 500.. => LiveError::Failed { host, what: asked.what, status },
            _ => LiveError::Odd { host, what: asked.what },
        }
    }

    pub(super) fn host(&self) -> String {
        self.target.host().to_owned()
    }

    pub(super) fn odd(&self, asked: Asked) -> LiveError {
        LiveError::Odd { host: self.host(), what: asked.what }
    }

    /// Whether the account has taken too long already.
    pub(super) fn in_time(&self) -> Result<(), LiveError> {
        if self.clock.now() > self.until { Err(LiveError::TooLong) } else { Ok(()) }
    }
}

/// What `Retry-After` asks for (RFC 9110, section 10.2.3): seconds or a date.
fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u32>() {
        Ok(seconds) => Span::seconds(i64::from(seconds)),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            Timestamp(i64::try_from(at.as_millis()).ok()?).since(now)
        }
    };
    Some(wait.clamp(Span::seconds(1), LONGEST))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_a_platform_asks_for_is_waited_within_reason() {
        let now = Timestamp(1_795_305_600_000);
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            asked_wait(&headers, now)
        };
        assert_eq!(asked("7"), Some(Span::seconds(7)));
        assert_eq!(asked("0"), Some(Span::seconds(1)));
        assert_eq!(asked("86400"), Some(LONGEST));
        assert_eq!(asked("Sun, 22 Nov 2026 00:00:40 GMT"), Some(Span::seconds(40)));
        assert_eq!(asked("Sat, 21 Nov 2026 00:00:00 GMT"), Some(Span::seconds(1)));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked_wait(&HeaderMap::new(), now), None);
    }

    #[test]
    fn the_waits_outlast_a_minute_that_is_counted() {
        assert!(BUSY.iter().map(|span| span.0).sum::<i64>() > Span::minutes(1).0);
    }
}
