//! One attempt: open the protected body, sign it, post it, record what came of it.

use crate::app::routes::{Deliver, InRoute};
use crate::app::{App, subject};
use crate::ingress::bound_to;
use crate::net::outbound::{Client, OutboundError};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use std::sync::Arc;
use vestibule_core::audit::{Actor, Direction};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::retry::{self, Attempt, Next, Receiver};
use vestibule_core::scheme::standard_webhooks::{ID, SIGNATURE, TIMESTAMP, signature_text, signed_parts};
use vestibule_core::secret::Secret;
use vestibule_store::{Attempted, DisableRoute, DueDelivery, FinishAttempt};
use vestibule_vault::body::BodyPurpose;
use vestibule_vault::{Draw, mac};

/// How an attempt went, before it is decided what follows.
struct Outcome {
    status: Option<u16>,
    error: Option<&'static str>,
    attempt: Option<Attempt>,
    retry_after: Option<Span>,
}

/// Makes the attempt and records it.
pub(super) async fn make(app: &Arc<App>, client: &Client, due: DueDelivery) {
    let began = app.clock.now();
    let routes = app.routes();
    let route = routes.inbound_named(&due.route);
    let deliver = route.and_then(|route| route.deliver.as_ref());
    let outcome = match (route, deliver) {
        (Some(route), Some(deliver)) if route.mode == due.mode && deliver.workflow == due.workflow => {
            post(app, client, route, deliver, &due, began).await
        }
        // it was protected for another workflow, or is of another mode: whoever the route names now must not get it
        (Some(_), Some(_)) => Outcome { status: None, error: Some("deliver.route_changed"), attempt: None, retry_after: None },
        // the route is gone from the configuration: nobody can say where this goes
        _ => Outcome { status: None, error: Some("deliver.no_route"), attempt: None, retry_after: None },
    };
    record(app, deliver, &due, began, outcome).await;
}

async fn post(app: &App, client: &Client, route: &InRoute, deliver: &Deliver, due: &DueDelivery, now: Timestamp) -> Outcome {
    let failed = |error| Outcome { status: None, error: Some(error), attempt: None, retry_after: None };
    let request = match request(app, route, deliver, due, now) {
        Ok(request) => request,
        Err(code) => return failed(code),
    };
    match client.tell(&deliver.destination.target, request).await {
        Ok(response) => {
            let status = response.status().as_u16();
            let fine = response.status().is_success();
            Outcome {
                status: Some(status),
                error: (!fine).then_some("deliver.status"),
                attempt: Some(Attempt::Status(status)),
                retry_after: retry_after(&response, now),
            }
        }
        Err(error) => Outcome {
            status: None,
            error: Some(error.code()),
            attempt: Some(match error {
                OutboundError::Timeout { .. } => Attempt::Timeout,
                OutboundError::Redirect { status } => Attempt::Status(status),
                _ => Attempt::Unreachable,
            }),
            retry_after: None,
        },
    }
}

/// The signed request: the protected document, the event's id, Standard Webhooks signatures, the platform's own header.
fn request(
    app: &App,
    route: &InRoute,
    deliver: &Deliver,
    due: &DueDelivery,
    now: Timestamp,
) -> Result<Request<Full<Bytes>>, &'static str> {
    let keyring = app.keeper.keyring();
    let key = subject::unwrap(&keyring, &due.subject).map_err(|error| error.code())?;
    let bound = bound_to(&due.event_id, &due.route, due.mode);
    let body = keyring.open_body(&key, BodyPurpose::Queued, bound.as_bytes(), &due.body).map_err(|error| error.code())?;
    let timestamp = now.seconds().to_string();
    let parts = signed_parts(&due.event_id, &timestamp, &body);
    let signatures: Vec<String> = match &deliver.signing {
        Some(secret) => vec![signature_text(&mac::sign(mac::Algorithm::HmacSha256, secret, &parts))],
        None => keyring
            .delivery_secret(&route.name)
            .iter()
            .map(|(_, secret)| {
                let secret = Secret::new(secret.expose().to_vec());
                signature_text(&mac::sign(mac::Algorithm::HmacSha256, &secret, &parts))
            })
            .collect(),
    };
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, text: &str| -> Result<(), &'static str> {
        let value = HeaderValue::from_str(text).map_err(|_| "deliver.header")?;
        headers.insert(HeaderName::from_static(name), value);
        Ok(())
    };
    put(ID, &due.event_id)?;
    put(TIMESTAMP, &timestamp)?;
    put(SIGNATURE, &signatures.join(" "))?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some((name, value)) = &deliver.header {
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| "deliver.header")?;
        value.set_sensitive(true);
        headers.insert(name.clone(), value);
    }
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(&body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = deliver.destination.target.uri(deliver.path.expose()).map_err(|error| error.code())?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn retry_after(response: &Response<()>, now: Timestamp) -> Option<Span> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let date = httpdate::parse_http_date(text).ok().and_then(|date| {
        let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp)
    });
    retry::parse_retry_after(text, date, now)
}

async fn record(app: &Arc<App>, deliver: Option<&Deliver>, due: &DueDelivery, began: Timestamp, outcome: Outcome) {
    let now = app.clock.now();
    let strict = deliver.is_some_and(|deliver| deliver.strict_platform);
    let next = next(app, due, &outcome, strict);
    let (attempted, action, code) = match (&next, outcome.error) {
        (None, None) => (Attempted::Delivered, "deliver.end", "ok"),
        (Some(Next::At(span)), error) => {
            (Attempted::Retry { next_at: now.plus(*span) }, "deliver.retry", error.unwrap_or("deliver.status"))
        }
        (_, error) => {
            let code = error.unwrap_or("deliver.status");
            (Attempted::Dead { reason: code.to_owned() }, "deliver.dead", code)
        }
    };
    let mut leaf = app.leaf(Actor::Service("deliver".into()), action, due.mode);
    leaf.route = due.route.as_str().into();
    leaf.direction = Direction::Deliver;
    leaf.host = deliver.map(|deliver| deliver.destination.target.host().into()).unwrap_or_default();
    leaf.outcome = code.into();
    leaf.status = outcome.status.unwrap_or(0);
    leaf.request = due.event_id.as_str().into();
    let counted = if code == "ok" { "ok" } else { code_of(code) };
    app.counters_ended(&due.route, counted);
    if let Some(status) = outcome.status {
        app.counters.answered(&due.route, counted, status);
    }
    let job = FinishAttempt {
        row: due.row,
        attempt: due.attempt,
        at: began,
        status: outcome.status,
        latency_ms: u32::try_from(now.since(began).0.max(0)).unwrap_or(u32::MAX),
        error: outcome.error.map(str::to_owned),
        outcome: attempted,
        leaf: leaf.to_bytes(),
    };
    if app.write(job).await.is_err() {
        // the lease ends by itself and the attempt is made again: at least once, never lost
        app.counters_ended(&due.route, "store.io");
    }
    if matches!(next, Some(Next::Disable)) {
        let mut leaf = app.leaf(Actor::Service("deliver".into()), "deliver.disable", due.mode);
        leaf.route = due.route.as_str().into();
        leaf.outcome = "deliver.gone".into();
        let job = DisableRoute { route: due.route.clone(), now, reason: "deliver.gone".into(), leaf: leaf.to_bytes() };
        if app.write(job).await.is_err() {
            app.counters_ended(&due.route, "store.io");
        }
    }
}

/// What follows; nothing if it has arrived.
fn next(app: &App, due: &DueDelivery, outcome: &Outcome, strict: bool) -> Option<Next> {
    outcome.error?;
    let Some(attempt) = outcome.attempt else { return Some(Next::Dead) };
    let receiver = if strict { Receiver::Platform } else { Receiver::Other };
    let random = Draw::new(8).and_then(|mut draw| draw.take()).map_or(0, u64::from_be_bytes);
    Some(app.schedule.next(due.attempt, attempt, receiver, outcome.retry_after, random))
}

/// Codes are static where they are counted.
fn code_of(code: &str) -> &'static str {
    match code {
        "deliver.status" => "deliver.status",
        "deliver.no_route" => "deliver.no_route",
        "deliver.route_changed" => "deliver.route_changed",
        _ => "deliver.failed",
    }
}
