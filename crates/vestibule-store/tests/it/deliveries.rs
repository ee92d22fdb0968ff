//! Deliveries: leased once, retried, dead, redelivered, discarded, paused; every one in exactly one state.

use crate::support::{Fixture, NOW, event};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::DeliveryRow;
use vestibule_store::{
    Attempted, DeadFilter, DeliveryState, DisableRoute, Discard, DueDelivery, EnableRoute, FinishAttempt, Finished, LeaseDue,
    Redeliver, ReleaseLeases,
};

fn lease(fixture: &Fixture, now: Timestamp) -> Vec<DueDelivery> {
    fixture.writer().call(LeaseDue { now, limit: 10, lease_for: Span::minutes(1) }).unwrap()
}

fn finish(row: DeliveryRow, attempt: u32, outcome: Attempted) -> FinishAttempt {
    FinishAttempt {
        row,
        attempt,
        at: NOW,
        status: Some(500),
        latency_ms: 12,
        error: Some("upstream.status".into()),
        outcome,
        leaf: b"attempt".to_vec(),
    }
}

fn dead(reason: &str) -> Attempted {
    Attempted::Dead { reason: reason.into() }
}

fn count(fixture: &Fixture, state: DeliveryState) -> u64 {
    let counts = fixture.reader().counts().unwrap();
    assert_eq!(counts.deliveries.iter().map(|(_, count)| count).sum::<u64>(), counts.events);
    counts.deliveries.iter().find(|(one, _)| *one == state).unwrap().1
}

#[test]
fn a_delivery_is_leased_once_and_comes_back_when_the_lease_ends() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let first = lease(&fixture, NOW);
    assert_eq!(first.len(), 1);
    let due = &first[0];
    assert_eq!((due.attempt, due.event_id.as_str(), due.workflow.as_str()), (1, "evt_1", "intake"));
    assert_eq!(due.body, b"sealed-body-1-end");
    assert_eq!(due.subject.key.as_ref().unwrap().wrapped, b"wrapped-key-1-end");
    assert!(lease(&fixture, NOW).is_empty());
    assert_eq!(fixture.reader().next_due().unwrap(), Some(NOW.plus(Span::minutes(1))));
    let second = lease(&fixture, NOW.plus(Span::minutes(1)));
    assert_eq!(second[0].attempt, 2);
    // The first worker was slow: its failure changes nothing, its success does.
    let writer = fixture.writer();
    assert_eq!(writer.call(finish(due.row, 1, dead("gone"))).unwrap(), Finished::Superseded(DeliveryState::Due));
    assert_eq!(writer.call(finish(due.row, 1, Attempted::Delivered)).unwrap(), Finished::Recorded);
    assert_eq!(
        writer.call(finish(due.row, 2, Attempted::Retry { next_at: NOW })).unwrap(),
        Finished::Superseded(DeliveryState::Delivered)
    );
    assert_eq!(count(&fixture, DeliveryState::Delivered), 1);
    assert_eq!(fixture.reader().attempts(due.row).unwrap().len(), 2);
    assert_eq!(writer.call(finish(DeliveryRow(99), 1, Attempted::Delivered)).unwrap(), Finished::Unknown);
}

#[test]
fn a_retry_waits_for_its_time_and_keeps_its_history() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let row = lease(&fixture, NOW)[0].row;
    let next_at = NOW.plus(Span::seconds(5));
    fixture.writer().call(finish(row, 1, Attempted::Retry { next_at })).unwrap();
    assert!(lease(&fixture, NOW.plus(Span::seconds(4))).is_empty());
    assert_eq!(lease(&fixture, next_at)[0].attempt, 2);
    let attempts = fixture.reader().attempts(row).unwrap();
    assert_eq!((attempts[0].number, attempts[0].status, attempts[0].latency_ms), (1, Some(500), 12));
    assert_eq!(attempts[0].error.as_deref(), Some("upstream.status"));
}

#[test]
fn leases_of_a_process_that_is_gone_are_released_and_retries_are_not() {
    let fixture = Fixture::new();
    fixture.accept(1);
    fixture.accept(2);
    let leased = lease(&fixture, NOW);
    let next_at = NOW.plus(Span::hours(5));
    fixture.writer().call(finish(leased[0].row, 1, Attempted::Retry { next_at })).unwrap();
    assert_eq!(fixture.writer().call(ReleaseLeases { now: NOW }).unwrap(), 1);
    let again = lease(&fixture, NOW);
    assert_eq!(again.iter().map(|due| due.row).collect::<Vec<_>>(), [leased[1].row]);
}

#[test]
fn dead_letters_are_counted_redelivered_and_discarded_by_filter() {
    let fixture = Fixture::new();
    for n in 1..=3 {
        fixture.accept(n);
    }
    for (due, reason) in lease(&fixture, NOW).iter().zip(["gone", "refused", "gone"]) {
        fixture.writer().call(finish(due.row, 1, dead(reason))).unwrap();
    }
    let reader = fixture.reader();
    let filter = |reason: &str| DeadFilter { reason: Some(reason.into()), ..DeadFilter::default() };
    assert_eq!(reader.count_dead(&DeadFilter::default()).unwrap(), 3);
    assert_eq!(reader.count_dead(&filter("gone")).unwrap(), 2);
    let nowhere = DeadFilter { route: Some("other".into()), ..DeadFilter::default() };
    assert_eq!(reader.count_dead(&nowhere).unwrap(), 0);
    let past = DeadFilter { to: Some(NOW), ..DeadFilter::default() };
    assert_eq!(reader.count_dead(&past).unwrap(), 0);
    let since = DeadFilter { from: Some(NOW), workflow: Some("intake".into()), ..DeadFilter::default() };
    assert_eq!(reader.count_dead(&since).unwrap(), 3);
    let listed = reader.deliveries(DeliveryState::Dead, None, 10).unwrap();
    assert_eq!(listed.iter().map(|one| one.reason.as_deref().unwrap()).collect::<Vec<_>>(), ["gone", "refused", "gone"]);

    let redeliver = Redeliver { filter: filter("gone"), now: NOW, limit: 1, leaf: b"again".to_vec() };
    assert_eq!(fixture.writer().call(redeliver).unwrap(), 1);
    let again = lease(&fixture, NOW);
    assert_eq!((again[0].event_id.as_str(), again[0].attempt), ("evt_1", 2));
    assert_eq!(again[0].body, b"sealed-body-1-end");

    let discard = Discard { filter: filter("refused"), limit: 10, leaf: b"discard".to_vec() };
    assert_eq!(fixture.writer().call(discard).unwrap(), 1);
    assert!(!fixture.files_hold(b"sealed-body-2-end"));
    assert_eq!((count(&fixture, DeliveryState::Discarded), count(&fixture, DeliveryState::Dead)), (1, 1));
}

#[test]
fn a_disabled_route_keeps_its_deliveries_until_it_is_enabled() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    let mut other = event(2);
    other.route = "other".into();
    fixture.writer().call(other).unwrap();
    let disable = DisableRoute { route: "apply".into(), now: NOW, reason: "gone".into(), leaf: b"disable".to_vec() };
    assert_eq!(fixture.writer().call(disable).unwrap(), 1);
    fixture.reopen();
    fixture.accept(3);
    assert_eq!(count(&fixture, DeliveryState::Paused), 2);
    assert_eq!(fixture.reader().disabled_routes().unwrap(), [("apply".into(), NOW, "gone".into())]);
    let leased = lease(&fixture, NOW);
    assert_eq!(leased.iter().map(|due| due.event_id.as_str()).collect::<Vec<_>>(), ["evt_2"]);
    let enable = EnableRoute { route: "apply".into(), leaf: b"enable".to_vec() };
    assert_eq!(fixture.writer().call(enable).unwrap(), 2);
    assert_eq!(lease(&fixture, NOW).len(), 2);
}
