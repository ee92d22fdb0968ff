//! Who calls: a workflow, by its key, in the `Authorization` header and nowhere else.

use super::Caller;
use super::refuse::Refused;
use crate::app::keys::Principal;
use crate::app::routes::Routes;
use crate::app::worker::Worker;
use crate::net::body::duplicate;
use crate::net::server::Peer;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use vestibule_core::clock::Timestamp;

/// The workflow whose key the request carries. None for every other request, whatever is wrong with it.
pub(super) fn authenticate(worker: &Worker, headers: &HeaderMap, _peer: Peer) -> Option<Principal> {
    if duplicate(headers, &AUTHORIZATION) {
        return None;
    }
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (word, key) = value.split_once(' ')?;
    if !word.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let keyring = worker.app.keeper.keyring();
    worker.app.keys().authenticate(key, &keyring, worker.app.clock.now())
}

/// Whether the workflow is still in the configuration and has not ended.
pub(super) fn still_works(routes: &Routes, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
    match routes.workflows.get(&caller.principal.workflow) {
        None => Err(Refused::new("workflow.unknown")),
        Some(Some(end)) if now >= *end => Err(Refused::new("workflow.expired")),
        Some(_) => Ok(()),
    }
}
