//! First: method, address and size. Nothing is read before these hold, and never more than the route allows.

use super::authenticate::shows_key;
use super::refuse::Refused;
use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::net::body::{self, Whole};
use crate::net::server::Peer;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(30);

/// A whole request of bounded size from an address the route admits. It proves nothing about who sent it.
pub struct Received {
    headers: HeaderMap,
    body: Whole,
}

impl Received {
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn into_body(self) -> Whole {
        self.body
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Reads a request, or refuses it before it has cost anything. A signature is proof only once the body is read, a key in
/// a header at once: who shows it is told why the rest was not read.
pub(super) async fn receive(
    worker: &Worker,
    route: &Arc<InRoute>,
    request: Request<Incoming>,
    peer: Peer,
) -> Result<Received, Refused> {
    let admitted = route.addresses.is_empty() || route.addresses.iter().any(|network| network.contains(peer.addr.ip()));
    if !admitted {
        return Err(Refused::Stranger("request.address"));
    }
    let (parts, stream) = request.into_parts();
    let refused = |code| match shows_key(worker, route, &parts.headers) {
        true => Refused::known(code),
        false => Refused::Stranger(code),
    };
    unusable(&parts).map_or(Ok(()), |code| Err(refused(code)))?;
    let body = body::read(stream, route.max_body, &worker.app.budget, Instant::now() + DEADLINE).await;
    let body = body.map_err(|error| refused(error.code()))?;
    Ok(Received { headers: parts.headers, body })
}

/// What is wrong with a request before its body, if anything.
fn unusable(parts: &Parts) -> Option<&'static str> {
    if parts.method != Method::POST {
        return Some("request.method");
    }
    if parts.uri.query().is_some() {
        return Some("request.query");
    }
    if body::compressed(&parts.headers) {
        return Some("body.compressed");
    }
    body::duplicate(&parts.headers, &CONTENT_TYPE).then_some("request.duplicate_header")
}
