//! Who calls: a workflow, by its key, in the `Authorization` header and nowhere else.

use super::Caller;
use super::refuse::Refused;
use crate::app::keys::Principal;
use crate::app::routes::Routes;
use crate::app::worker::Worker;
use crate::net::body::duplicate;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::sync::Arc;
use vestibule_core::clock::Timestamp;

/// The workflow whose key the request carries, or the code of why there is none: for the owner, never for the caller.
pub(super) fn authenticate(worker: &Worker, headers: &HeaderMap) -> Result<Arc<Principal>, &'static str> {
    if duplicate(headers, &AUTHORIZATION) {
        return Err("key.malformed");
    }
    let value = headers.get(AUTHORIZATION).ok_or("key.missing")?;
    let (word, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or("key.malformed")?;
    if !word.eq_ignore_ascii_case("bearer") {
        return Err("key.malformed");
    }
    let keyring = worker.app.keeper.keyring();
    worker.app.keys().examine(key, &keyring, worker.app.clock.now())
}

/// Whether the workflow is still in the configuration and has not ended.
pub(super) fn still_works(routes: &Routes, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
    match routes.workflows.get(&caller.principal.workflow) {
        None => Err(Refused::new("workflow.unknown")),
        Some(Some(end)) if now >= *end => Err(Refused::new("workflow.expired")),
        Some(_) => Ok(()),
    }
}
