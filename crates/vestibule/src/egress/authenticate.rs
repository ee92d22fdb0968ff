//! Who calls: a workflow, by its key, in the `Authorization` header and nowhere else.

use super::Caller;
use super::refuse::Refused;
use super::request::{Received, is_passed};
use crate::app::keys::Principal;
use crate::app::routes::{GrantDetail, Routes};
use crate::app::worker::Worker;
use crate::net::body::duplicate;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};
use memchr::memmem;
use std::sync::Arc;
use vestibule_core::clock::Timestamp;
use vestibule_vault::apikey::{self, parse_api_key};

/// The workflow whose key the request carries, or the code of why there is none: for the owner, never for the caller.
pub(super) fn authenticate(worker: &Worker, headers: &HeaderMap) -> Result<Arc<Principal>, &'static str> {
    if duplicate(headers, &AUTHORIZATION) {
        return Err("key.malformed");
    }
    let value = headers.get(AUTHORIZATION).ok_or("key.missing")?;
    let text = value.to_str().map_err(|_| "key.malformed")?;
    let key = text.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("bearer")).map(|(_, key)| key);
    let key = key.ok_or("key.not_bearer")?;
    let keyring = worker.app.keeper.keyring();
    worker.app.keys().examine(key, &keyring, worker.app.clock.now())
}

/// Refuses a call that would take a workflow key on to the vendor: one that was pasted into its address, its body or
/// a header that goes on. Written in an escaping it is not seen; this is for mistakes.
pub(super) fn keeps_keys(received: &Received, detail: &GrantDetail) -> Result<(), Refused> {
    let parts = [
        ("the path", received.raw_path().as_bytes()),
        ("the query", received.query().unwrap_or_default().as_bytes()),
        ("the body", received.body()),
    ];
    if let Some((part, _)) = parts.iter().find(|(_, bytes)| holds_key(bytes)) {
        return Err(Refused::at("key.in_call", *part));
    }
    let goes_on = |name: &HeaderName| is_passed(name) || detail.places.headers().any(|place| place == name.as_str());
    match received.headers().iter().find(|(name, value)| goes_on(name) && holds_key(value.as_bytes())) {
        Some((name, _)) => Err(Refused::at("key.in_call", format!("the header {name}"))),
        None => Ok(()),
    }
}

fn holds_key(bytes: &[u8]) -> bool {
    let key = |at: usize| std::str::from_utf8(bytes.get(at..at + apikey::LENGTH)?).ok().and_then(parse_api_key);
    memmem::find_iter(bytes, "vst_").any(|at| key(at).is_some())
}

/// Whether the workflow is still in the configuration and has not ended.
pub(super) fn still_works(routes: &Routes, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
    match routes.workflows.get(&caller.principal.workflow) {
        None => Err(Refused::new("workflow.unknown")),
        Some(Some(end)) if now >= *end => Err(Refused::new("workflow.expired")),
        Some(_) => Ok(()),
    }
}
