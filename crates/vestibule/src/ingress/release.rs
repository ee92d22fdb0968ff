//! A held event goes on: its owner has named its fields in the configuration, or accepts that the rest is dropped, or has
//! let the time pass after which it is.

use super::authenticate::Replay;
use super::commit;
use super::protect::{self, Unnamed};
use super::refuse::Refused;
use super::validate::Validated;
use crate::app::subject::unwrap;
use crate::app::worker::Worker;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{EventRow, Scope};
use vestibule_store::DropHeld;
use vestibule_vault::body::BodyPurpose;

/// Sends the held body of an event through the present rules of its route and drops the held copy. The public id stays;
/// doing it twice has no second effect. `action`: what the leaf calls it. Returns that id, or the code of why not.
pub async fn release(worker: &Worker, event: EventRow, action: &str) -> Result<String, &'static str> {
    pass(worker, event, action).await.map_err(|refused| refused.code())
}

async fn pass(worker: &Worker, event: EventRow, action: &str) -> Result<String, Refused> {
    let unknown = || Refused::known("cli.unknown_held");
    let data = worker.reader.event(event).map_err(protect::store)?.ok_or_else(unknown)?;
    let held = worker.reader.held(event).map_err(protect::store)?.ok_or_else(unknown)?;
    let routes = worker.routes();
    let route = routes.inbound_named(&data.route).ok_or_else(|| Refused::known("route.unknown"))?;
    // a route that has changed from test to live does not take test events along
    if route.mode != data.mode {
        return Err(Refused::known("route.unknown"));
    }
    let subject = worker.reader.subject(data.subject).map_err(protect::store)?.ok_or_else(unknown)?;
    let _work = worker.app.keeper.begin();
    let keyring = worker.app.keeper.keyring();
    let scope = Scope::of(data.mode);
    let key = unwrap(&keyring, &subject).map_err(|error| Refused::known(error.code()))?;
    let bound = protect::bound_to(&data.id, &data.route, data.mode);
    let body = keyring.open_body(&key, BodyPurpose::Held, bound.as_bytes(), &held.sealed).map_err(protect::vault)?;
    let identity: [&[u8]; 2] = [b"release", data.id.as_bytes()];
    let mut versions = keyring.replay_keys(scope, &data.route, &identity, &body).into_iter();
    let active = versions.next().ok_or_else(|| Refused::known("internal.lost"))?;
    let replay = Replay {
        source_key: active.event,
        body_key: active.body,
        older: versions.map(|keys| (keys.event, keys.body)).collect(),
        until: Timestamp(i64::MAX),
    };
    let validated = Validated::held(&body, &replay)?;
    let request = worker.app.request_id();
    commit::write(worker, route, &validated, Unnamed::Leave(event), data.id.clone(), &request).await?;
    let mut leaf = worker.app.service_leaf(action);
    leaf.mode = data.mode;
    leaf.route = data.route.as_str().into();
    leaf.request = data.id.as_str().into();
    worker.app.write(DropHeld { event, leaf: leaf.to_bytes() }).await.map_err(protect::store)?;
    Ok(data.id)
}
