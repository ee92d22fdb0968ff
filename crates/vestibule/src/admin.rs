//! The local socket: commands beside a running gateway speak to it here. Mode 0600; only the owner's processes reach it.

use crate::app::App;
use crate::net::body::{self, BodyBudget};
use crate::ops;
use crate::respond::{self, Answer};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The largest request of a command.
const MAX: usize = 16 * 1024 * 1024;

/// Carries out one command: a JSON [`ops::Request`] in, a JSON object out.
pub async fn answer(app: Arc<App>, request: Request<Incoming>) -> Answer {
    let budget = BodyBudget::new(MAX);
    let deadline = Instant::now() + Duration::from_secs(30);
    let Ok(whole) = body::read(request.into_body(), MAX, &budget, deadline).await else {
        return failed("ops.request", "the request is too large or broke off");
    };
    let Ok(request) = serde_json::from_slice::<ops::Request>(&whole) else {
        return failed("ops.request", "this gateway does not know the command: is it another version?");
    };
    // commands wait for the disk, so they run on a thread of their own
    match tokio::task::spawn_blocking(move || ops::run(&app, request)).await {
        Ok(Ok(value)) => respond::json(StatusCode::OK, value.to_string()),
        Ok(Err(error)) => failed(error.code, &error.message),
        Err(_) => failed("internal.lost", "the command ended without an answer"),
    }
}

fn failed(code: &str, message: &str) -> Answer {
    let text = serde_json::json!({ "code": code, "message": message }).to_string();
    respond::json(StatusCode::UNPROCESSABLE_ENTITY, text)
}
