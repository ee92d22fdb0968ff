//! First: method, address and size. Nothing is read before these hold, and never more than the route allows.

use super::refuse::Refused;
use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::net::body::{self, Whole};
use crate::net::server::Peer;
use http::header::CONTENT_TYPE;
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

/// Reads a request, or refuses it before it has cost anything.
pub(super) async fn receive(
    worker: &Worker,
    route: &Arc<InRoute>,
    request: Request<Incoming>,
    peer: Peer,
) -> Result<Received, Refused> {
    if request.method() != Method::POST {
        return Err(Refused::Stranger("request.method"));
    }
    if request.uri().query().is_some() {
        return Err(Refused::Stranger("request.query"));
    }
    let admitted = route.addresses.is_empty() || route.addresses.iter().any(|network| network.contains(peer.addr.ip()));
    if !admitted {
        return Err(Refused::Stranger("request.address"));
    }
    let (parts, stream) = request.into_parts();
    if body::compressed(&parts.headers) {
        return Err(Refused::Stranger("body.compressed"));
    }
    if body::duplicate(&parts.headers, &CONTENT_TYPE) {
        return Err(Refused::Stranger("request.duplicate_header"));
    }
    let body = body::read(stream, route.max_body, &worker.app.budget, Instant::now() + DEADLINE).await;
    let body = body.map_err(|error| Refused::Stranger(error.code()))?;
    Ok(Received { headers: parts.headers, body })
}
