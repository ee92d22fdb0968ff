//! Answers of the gateway itself: problem documents for known principals, one uniform answer for strangers.
//!
//! No answer echoes a value that was sent. The header `Vestibule-Error` tells our errors from the vendor's.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use vestibule_core::problem;

/// What stands before the code in the `type` of a problem.
pub const TYPE: &str = "urn:vestibule:problem:";

/// The body type of every answer.
pub type Body = Full<Bytes>;
/// An answer.
pub type Answer = Response<Body>;

/// Tells whose error an answer is: `gateway` or `upstream`.
pub const ERROR_HEADER: HeaderName = HeaderName::from_static("vestibule-error");
/// The id under which a request stands in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("vestibule-request-id");

/// What a stranger gets, whichever check failed.
pub fn stranger() -> Answer {
    fixed(StatusCode::UNAUTHORIZED, r#"{"type":"about:blank","title":"Unauthorized","status":401}"#)
}

/// What anybody gets while all bodies together are more than the gateway takes.
pub fn busy() -> Answer {
    let mut answer =
        fixed(StatusCode::SERVICE_UNAVAILABLE, r#"{"type":"about:blank","title":"Service Unavailable","status":503}"#);
    answer.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// What anybody gets for a route that does not exist.
pub fn unknown_route() -> Answer {
    fixed(StatusCode::NOT_FOUND, r#"{"type":"about:blank","title":"Not Found","status":404}"#)
}

/// A problem of our own, told to a known principal: code, what to change, and the place at fault by its name.
pub fn problem(code: &str, place: Option<&str>, request: &str) -> Answer {
    let again = problem::find(code).is_some_and(|entry| entry.retryable);
    document(code, place, request, again)
}

/// The same, of a request that must not come again, whatever its code says of others.
pub fn last_word(code: &str, place: Option<&str>, request: &str) -> Answer {
    document(code, place, request, false)
}

fn document(code: &str, place: Option<&str>, request: &str, again: bool) -> Answer {
    let known = problem::find(code);
    let status = known.map_or(500, |entry| entry.status);
    let mut body = serde_json::Map::new();
    body.insert("type".into(), format!("{TYPE}{code}").into());
    body.insert("title".into(), known.map_or("Internal error", |entry| entry.title).into());
    body.insert("status".into(), status.into());
    body.insert("code".into(), code.into());
    if let Some(entry) = known {
        body.insert("detail".into(), entry.detail.into());
        body.insert("fix".into(), entry.fix.into());
        body.insert("retryable".into(), again.into());
    }
    if let Some(place) = place {
        body.insert("field".into(), place.into());
    }
    body.insert("request_id".into(), request.into());
    let text = serde_json::Value::Object(body).to_string();
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ERROR_HEADER, HeaderValue::from_static("gateway"));
    if let Ok(value) = HeaderValue::from_str(request) {
        headers.insert(REQUEST_ID, value);
    }
    if status == 405 {
        // only routes that take data in answer so
        headers.insert(http::header::ALLOW, HeaderValue::from_static("POST"));
    }
    if again {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

/// A short JSON answer.
pub fn json(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn fixed(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = json(status, text);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}
