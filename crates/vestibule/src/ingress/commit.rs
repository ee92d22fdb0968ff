//! Last: one transaction writes event, sealed values, leaf and delivery; only then the source hears that all is well.

use super::authenticate::Replay;
use super::protect::{self, Protected, Unnamed};
use super::refuse::Refused;
use super::validate::Validated;
use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::respond::{self, Answer};
use http::StatusCode;
use vestibule_core::audit::{Actor, Direction};
use vestibule_core::clock::Timestamp;
use vestibule_store::{AcceptEvent, AcceptReply};

/// The outcome of an event whose id and e-mail address are known as two people.
const TWO_PEOPLE: &str = "subject.two_people";
/// How often an event is protected again because somebody else wrote first.
const TRIES: u32 = 8;

/// Protects and stores a validated event and answers the source. A repeat gets the first answer and has no effect.
pub(super) async fn commit(
    worker: &Worker,
    route: &InRoute,
    validated: &Validated<'_>,
    request: &str,
) -> Result<Answer, Refused> {
    let event_id = worker.app.event_id().map_err(protect::vault)?;
    write(worker, route, validated, Unnamed::Wait, event_id, request).await
}

/// Writes an event, protecting it again as often as somebody else was first.
pub(super) async fn write(
    worker: &Worker,
    route: &InRoute,
    validated: &Validated<'_>,
    unnamed: Unnamed,
    event_id: String,
    request: &str,
) -> Result<Answer, Refused> {
    let replay = validated.replay();
    for attempt in 0..TRIES {
        let now = worker.app.clock.now();
        let protected = protect::protect(worker, route, validated, unnamed, &event_id, attempt > 0, now).await?;
        let two_people = protected.two_people;
        let mut job = job(worker, route, replay, protected, event_id.clone(), request, now);
        if let Unnamed::Leave(held) = unnamed {
            job.releases = Some(held);
        }
        match worker.write(job).await.map_err(protect::store)? {
            AcceptReply::Accepted { delivery, .. } => {
                if two_people {
                    worker.app.counters_ended(&route.name, TWO_PEOPLE);
                }
                if delivery.is_some() {
                    worker.app.deliveries.notify_one();
                }
                return Ok(accepted(&event_id));
            }
            AcceptReply::Repeat { event_id, .. } => return Ok(accepted(&event_id)),
            AcceptReply::Conflict => return Err(Refused::known("event.conflict")),
            AcceptReply::Gone => return Err(Refused::known("cli.unknown_name")),
            AcceptReply::Stale(_) => {}
        }
    }
    Err(Refused::known("store.busy"))
}

/// The answer to an event that the route's conditions leave out.
pub(super) async fn ignored(worker: &Worker, route: &InRoute, request: &str) -> Answer {
    let mut leaf = worker.app.leaf(Actor::Source(route.name.as_str().into()), "event.ignore", route.mode);
    leaf.route = route.name.as_str().into();
    leaf.direction = Direction::In;
    leaf.outcome = "event.condition".into();
    leaf.status = 200;
    leaf.request = request.into();
    worker.append(&leaf).await;
    respond::json(StatusCode::OK, r#"{"status":"ignored"}"#)
}

fn accepted(event_id: &str) -> Answer {
    respond::json(StatusCode::OK, format!(r#"{{"status":"accepted","event":"{event_id}"}}"#))
}

fn job(
    worker: &Worker,
    route: &InRoute,
    replay: &Replay,
    protected: Protected,
    event_id: String,
    request: &str,
    now: Timestamp,
) -> AcceptEvent {
    let action = if protected.held.is_some() { "event.hold" } else { "event.accept" };
    let mut leaf = worker.app.leaf(Actor::Source(route.name.as_str().into()), action, route.mode);
    leaf.at = now;
    leaf.route = route.name.as_str().into();
    leaf.direction = Direction::In;
    leaf.fields = protected.fields.into_iter().map(Into::into).collect();
    leaf.others = protected.others;
    leaf.tokens = protected.fingerprints;
    leaf.subjects = vec![protected.pseudonym];
    if protected.two_people {
        leaf.outcome = TWO_PEOPLE.into();
    }
    leaf.status = 200;
    leaf.request = request.into();
    AcceptEvent {
        now,
        route: route.name.clone(),
        mode: route.mode,
        source_key: replay.source_key,
        body_key: replay.body_key,
        older_keys: replay.older.clone(),
        replay_until: replay.until,
        event_id,
        subject: protected.subject,
        index: protected.index,
        absent_subjects: protected.absent_subjects,
        record: protected.record,
        stable: protected.stable,
        absent_stable: protected.absent_stable,
        audience_updates: protected.audience_updates,
        body: protected.body,
        held: protected.held,
        releases: None,
        delivery: protected.delivery,
        leaf: leaf.to_bytes(),
    }
}
