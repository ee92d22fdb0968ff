//! The call as it came: method, path, query, headers that may go on, and a body of a kind that can be checked.

use super::Caller;
use super::refuse::Refused;
use crate::app::worker::Worker;
use crate::ingress::{essence, is_json, is_utf8};
use crate::net::body;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Request};
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::Instant;
use vestibule_core::policy::call::CallPath;

/// The header by which a workflow marks a call as the same call again.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Headers that go on to the vendor, with those that the grant names; everything else stays here.
const PASSED: [HeaderName; 6] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH];
/// The longest path and query.
const MAX_TARGET: usize = 8 * 1024;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// There is none.
    Empty,
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// A call, read whole.
pub struct Received {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Bytes,
    media: Media,
    _lease: body::Lease,
}

impl Received {
    pub(super) fn method(&self) -> &str {
        self.method.as_str()
    }

    /// Whether the method promises that a second call changes no more than the first.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// The path below the route, taken apart.
    pub(super) fn path(&self) -> Result<CallPath<'_>, Refused> {
        Ok(CallPath::parse(&self.path)?)
    }

    pub(super) fn raw_path(&self) -> &str {
        &self.path
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn media(&self) -> Media {
        self.media
    }

    /// The media type as the vendor is told it: bare, so that it reads the body as what was checked.
    pub(super) fn media_type(&self) -> Option<HeaderValue> {
        match self.headers.get(CONTENT_TYPE)?.to_str().ok()? {
            "application/json" => Some(HeaderValue::from_static("application/json")),
            text => HeaderValue::from_str(&essence(text).to_ascii_lowercase()).ok(),
        }
    }
}

/// Whether a header of this name goes on without a grant that names it.
pub(super) fn is_passed(name: &HeaderName) -> bool {
    PASSED.contains(name)
}

/// Reads a call, or says why it cannot be checked.
pub(super) async fn read(worker: &Worker, caller: &Caller, request: Box<Request<Incoming>>) -> Result<Received, Refused> {
    let (parts, stream) = request.into_parts();
    let below = parts.uri.path().strip_prefix("/out/").and_then(|path| path.strip_prefix(caller.route.as_str()));
    let path = below.unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path }.to_owned();
    let query = parts.uri.query().map(str::to_owned);
    if path.len() + query.as_ref().map_or(0, String::len) > MAX_TARGET {
        return Err(Refused::new("request.target_too_long"));
    }
    if body::compressed(&parts.headers) {
        return Err(Refused::new("body.compressed"));
    }
    if let Some(name) = PASSED.iter().find(|name| body::duplicate(&parts.headers, name)) {
        return Err(Refused::at("request.duplicate_header", format!("the header {name}")));
    }
    let limit = worker.app.max_body;
    let whole = body::read(stream, limit, &worker.app.budget, Instant::now() + DEADLINE).await;
    let (body, lease) = whole.map_err(|error| Refused::new(error.code()))?.into_parts();
    let media = media(&parts.headers, &body)?;
    Ok(Received { method: parts.method, path, query, headers: parts.headers, body, media, _lease: lease })
}

fn media(headers: &HeaderMap, body: &[u8]) -> Result<Media, Refused> {
    if body.is_empty() {
        return Ok(Media::Empty);
    }
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let text = text.ok_or(Refused::new("body.content_type"))?;
    if is_json(text) {
        return Ok(Media::Json);
    }
    if essence(text).eq_ignore_ascii_case("application/x-www-form-urlencoded") && is_utf8(text) {
        return Ok(Media::Form);
    }
    Err(Refused::new("body.content_type"))
}
