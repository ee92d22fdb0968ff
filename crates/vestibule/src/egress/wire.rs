//! From tokens to the bytes that go out: the only file in which real values exist.

use super::reflect::Guard;
use super::refuse::Refused;
use super::request::IDEMPOTENCY_KEY;
use super::tokens::{Body, Draft, Keys, Opened};
use crate::app::destination::Destination;
use crate::app::worker::Worker;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use vestibule_core::id::hex;
use vestibule_core::outgoing::{self, ComposeFault, Shape, Site, Spot, Value};
use vestibule_core::policy::Carrier;
use vestibule_core::stage::Permit;
use vestibule_vault::record::ValueKind;
use vestibule_vault::reveal::{Open, PlainValue, WireError};

/// A request with real values and credential, ready to be sent once.
pub struct Wire {
    request: Request<Full<Bytes>>,
    guard: Guard,
}

impl Wire {
    /// The request, and what must not come back in its answer.
    pub(super) fn into_request(self) -> (Request<Full<Bytes>>, Guard) {
        (self.request, self.guard)
    }
}

/// Opens what the permit allows and puts it in its places.
pub(super) fn reveal(
    worker: &Worker,
    permit: Permit,
    draft: &Draft<'_>,
    opened: &Opened,
    keys: &Keys,
    destination: &Destination,
) -> Result<Wire, Refused> {
    let keyring = worker.app.keeper.keyring();
    let now = worker.app.clock.now();
    let mut opens = Vec::with_capacity(opened.tokens.len());
    for (token, position) in opened.tokens.iter().zip(&opened.rows_of) {
        let row = opened.rows.get(*position).ok_or(Refused::new("token.unknown"))?;
        let packed = row.packed()?.ok_or(Refused::new("token.erased"))?;
        opens.push(Open { key: keys.of(row.subject.number)?, first: row.first, packed, token: *token });
    }
    let revealed = keyring.reveal(&permit, now, &opens)?;
    let wire = revealed.into_wire(permit, now, |values| compose(draft, opened, values, destination));
    wire.map_err(|error| match error {
        WireError::Compose(refused) => refused,
        WireError::Stale | WireError::OtherPermit => Refused::new("permit.stale"),
    })
}

fn compose(draft: &Draft<'_>, opened: &Opened, plain: &[PlainValue<'_>], destination: &Destination) -> Result<Wire, Refused> {
    let values: Vec<Value<'_>> = plain.iter().map(|value| Value { shape: shape(value.kind), bytes: value.bytes }).collect();
    for index in &opened.addressed {
        if let (Some(site), Some(value)) = (draft.sites.get(*index), values.get(*index)) {
            outgoing::addressee(value, site)?;
        }
    }
    let of = |carriers: &[Carrier]| -> Vec<(&Site, Value<'_>)> {
        let count = draft.sites.iter().filter(|site| carriers.contains(&site.carrier)).count();
        let mut found = Vec::with_capacity(count);
        let all = draft.sites.iter().zip(values.iter().copied());
        found.extend(all.filter(|(site, _)| carriers.contains(&site.carrier)));
        found
    };
    let inner = of(&[Carrier::Body, Carrier::Name, Carrier::Text]);
    let body = match &draft.body {
        Body::Empty => Vec::new(),
        Body::Json(doc) => outgoing::compose_json(doc, &inner)?,
        Body::Form(form) => outgoing::compose_form(form, &inner)?,
    };
    let path = path(draft, &of(&[Carrier::Path]))?;
    let target = match &draft.query {
        None => path,
        Some(query) => {
            let bytes = outgoing::compose_form(query, &of(&[Carrier::Query]))?;
            format!("{path}?{}", String::from_utf8(bytes).map_err(|_| Refused::new("request.query"))?)
        }
    };
    let headers = headers(draft, opened, &of(&[Carrier::Header]))?;

    let method = Method::from_bytes(draft.received.method().as_bytes()).map_err(|_| Refused::new("grant.method"))?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = destination.target.uri(&target).map_err(|error| Refused::new(error.code()))?;
    *request.headers_mut() = headers;
    for (name, value) in &destination.headers {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    if let Some(credential) = &destination.credential {
        request.headers_mut().insert(credential.header.clone(), credential.value.clone());
    }
    Ok(Wire { request, guard: Guard::new(&draft.sites, plain, destination.credential.as_ref()) })
}

fn path(draft: &Draft<'_>, values: &[(&Site, Value<'_>)]) -> Result<String, ComposeFault> {
    let mut path = String::with_capacity(draft.segments.iter().map(|segment| segment.len() + 1).sum());
    for (position, segment) in draft.segments.iter().enumerate() {
        path.push('/');
        match values.iter().find(|(site, _)| site.spot == Spot::Segment(position)) {
            Some((site, value)) => path.push_str(&outgoing::path_segment(value, site)?),
            None => path.push_str(segment),
        }
    }
    Ok(path)
}

fn headers(draft: &Draft<'_>, opened: &Opened, values: &[(&Site, Value<'_>)]) -> Result<HeaderMap, Refused> {
    let mut headers = HeaderMap::new();
    for (name, value) in draft.headers().filter(|(name, _)| ![CONTENT_TYPE, IDEMPOTENCY_KEY].contains(*name)) {
        headers.insert(name.clone(), value.clone());
    }
    // workflows share the credential, and with it the vendor's memory of keys: two that chose the same one must not meet
    if let Some(claim) = opened.claim {
        let value = HeaderValue::from_str(&hex(&claim)).map_err(|_| Refused::new("request.header"))?;
        headers.insert(IDEMPOTENCY_KEY, value);
    }
    if let Some(media_type) = draft.received.media_type() {
        headers.insert(CONTENT_TYPE, media_type);
    }
    for (site, value) in values {
        if let Spot::Header(name) = &site.spot {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Refused::at("request.header", &*site.at))?;
            let mut value = HeaderValue::from_str(outgoing::header_value(value, site)?)
                .map_err(|_| Refused::at("value.control_in_place", &*site.at))?;
            value.set_sensitive(true);
            if name != IDEMPOTENCY_KEY {
                headers.insert(name, value);
            }
        }
    }
    Ok(headers)
}

fn shape(kind: ValueKind) -> Shape {
    match kind {
        ValueKind::String | ValueKind::Name | ValueKind::Bytes => Shape::Text,
        ValueKind::Number | ValueKind::Bool | ValueKind::Json => Shape::Json,
    }
}
