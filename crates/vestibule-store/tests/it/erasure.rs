//! Erasing a subject: nothing sealed of it is left in any file, its numbers stay as tombstones, others are untouched.

use crate::support::{Fixture, NOW, event, event_of, id, no, tag};
use vestibule_core::clock::Span;
use vestibule_core::id::{SubjectNumber, SubjectRow};
use vestibule_store::{
    AcceptEvent, AcceptReply, Attempted, Begin, Begun, DeliveryState, EraseSubjects, Erasure, Finish, FinishAttempt, Finished,
    HeldBody, LeaseDue, Stale, StoreError, SubjectState, SubjectUse,
};

fn erase(row: i64, n: u64) -> EraseSubjects {
    let subject = (SubjectRow(row), SubjectNumber(id(&format!("subject {n}"))), b"erase".to_vec());
    EraseSubjects { now: NOW, subjects: vec![subject], only_lapsed: false }
}

/// The numbers keep the marks of subject 1 from being parts of other subjects' marks.
const MARKS: [&[u8]; 7] = [
    b"sealed-record-1-end",
    b"sealed-record-4-end",
    b"audience-1-end",
    b"sealed-body-1-end",
    b"wrapped-key-1-end",
    b"sealed-pseudonym-1-end",
    b"sealed-answer",
];

fn three_subjects() -> Fixture {
    let fixture = Fixture::new();
    let mut first = event(1);
    first.held = Some(HeldBody { until: NOW.plus(Span::days(9)), sealed: b"held-body".to_vec() });
    fixture.writer().call(first).unwrap();
    fixture.accept(2);
    fixture.accept(3);
    fixture.writer().call(event_of(4, SubjectRow(1), 1)).unwrap();
    let begin = Begin { key: [1; 16], fingerprint: [2; 16], now: NOW, until: NOW.plus(Span::days(1)) };
    fixture.writer().call(begin).unwrap();
    let finish = Finish { key: [1; 16], answer: b"sealed-answer".to_vec(), subject: SubjectRow(1) };
    assert!(fixture.writer().call(finish).unwrap());
    fixture
}

#[test]
fn no_sealed_byte_of_the_subject_is_left_in_any_file() {
    let fixture = three_subjects();
    for mark in MARKS {
        assert!(fixture.files_hold(mark), "the search finds what is there");
    }
    // Its tags as they stand in both indexes.
    assert!(fixture.files_hold(&tag("person 1").bytes) && fixture.files_hold(&tag("value 1").bytes));
    let replies = fixture.writer().call(erase(1, 1)).unwrap();
    let [Erasure::Erased(report)] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((report.records, report.index_rows, report.bodies), (2, 2, 3));
    assert_eq!((report.deliveries, report.answers, report.leaf), (2, 1, 5));
    for mark in MARKS.into_iter().chain([&b"held-body"[..], &tag("person 1").bytes, &tag("value 1").bytes]) {
        assert!(!fixture.files_hold(mark), "{:?}", String::from_utf8_lossy(mark));
    }
    assert!(fixture.files_hold(b"sealed-record-2-end") && fixture.files_hold(b"wrapped-key-3-end"));
}

#[test]
fn erased_and_unknown_are_told_apart_and_others_stand() {
    let mut fixture = three_subjects();
    fixture.writer().call(erase(1, 1)).unwrap();
    fixture.reopen();
    let reader = fixture.reader();
    for n in [1, 4] {
        let tombstone = reader.record(no(n)).unwrap().unwrap();
        assert_eq!((tombstone.sealed, tombstone.audience), (None, None));
        assert_eq!((tombstone.subject.state, tombstone.subject.key), (SubjectState::Erased, None));
        assert_eq!(tombstone.subject.number, SubjectNumber(id("subject 1")));
    }
    assert!(reader.record(no(9)).unwrap().is_none());
    assert!(reader.record(no(2)).unwrap().unwrap().sealed.is_some());
    assert!(reader.subject_by_tags(&[tag("person 1")]).unwrap().is_none());
    assert!(reader.subject_by_tags(&[tag("person 2")]).unwrap().is_some());
    assert_eq!(fixture.writer().call(erase(1, 1)).unwrap(), [Erasure::Already]);
    assert_eq!(fixture.writer().call(erase(2, 3)).unwrap(), [Erasure::Unknown]);
    let late = fixture.writer().call(event_of(5, SubjectRow(1), 1)).unwrap();
    assert_eq!(late, AcceptReply::Stale(Stale::Subject));
    let begin = Begin { key: [1; 16], fingerprint: [2; 16], now: NOW, until: NOW.plus(Span::days(1)) };
    assert_eq!(fixture.writer().call(begin).unwrap(), Begun::Erased);
    // A repeat of an erased event is still a repeat.
    assert!(matches!(fixture.writer().call(event(1)).unwrap(), AcceptReply::Repeat { .. }));
    let numbers = [SubjectNumber(id("subject 3")), SubjectNumber([0; 16])].into();
    assert_eq!(reader.subjects_by_number(&numbers).unwrap(), [(SubjectRow(3), SubjectNumber(id("subject 3")))]);
}

#[test]
fn a_delivery_erased_while_on_its_way_stays_erased() {
    let fixture = three_subjects();
    let lease = LeaseDue { now: NOW, limit: 10, lease_for: Span::minutes(1) };
    let due = fixture.writer().call(lease).unwrap();
    fixture.writer().call(erase(1, 1)).unwrap();
    let finish = FinishAttempt {
        row: due[0].row,
        attempt: 1,
        at: NOW,
        status: Some(200),
        latency_ms: 1,
        error: None,
        outcome: Attempted::Delivered,
        leaf: b"attempt".to_vec(),
    };
    assert_eq!(fixture.writer().call(finish).unwrap(), Finished::Superseded(DeliveryState::Erased));
    assert_eq!(fixture.reader().attempts(due[0].row).unwrap().len(), 1);
    let lease = LeaseDue { now: NOW.plus(Span::hours(1)), limit: 10, lease_for: Span::minutes(1) };
    let left: Vec<String> = fixture.writer().call(lease).unwrap().into_iter().map(|due| due.event_id).collect();
    assert_eq!(left, ["evt_2", "evt_3"]);
}

#[test]
fn only_pending_subjects_whose_time_is_over_lapse() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let mut pending = event(2);
    let SubjectUse::New(subject) = &mut pending.subject else { panic!() };
    subject.pending_until = Some(NOW.plus(Span::days(2)));
    fixture.writer().call(pending).unwrap();
    assert!(fixture.reader().lapsed_subjects(NOW, 10).unwrap().is_empty());
    let later = NOW.plus(Span::days(2));
    let lapsed = fixture.reader().lapsed_subjects(later, 10).unwrap();
    assert_eq!(lapsed.iter().map(|one| (one.row, one.state)).collect::<Vec<_>>(), [(SubjectRow(2), SubjectState::Pending)]);
    let both = |now| EraseSubjects {
        now,
        subjects: [(1, "subject 1"), (2, "subject 2")]
            .map(|(row, name)| (SubjectRow(row), SubjectNumber(id(name)), b"lapse".to_vec()))
            .to_vec(),
        only_lapsed: true,
    };
    assert_eq!(fixture.writer().call(both(NOW)).unwrap(), [Erasure::Kept, Erasure::Kept]);
    let replies = fixture.writer().call(both(later)).unwrap();
    assert!(matches!(replies[..], [Erasure::Kept, Erasure::Erased(_)]), "{replies:?}");
}

#[test]
fn an_erasure_that_a_long_read_keeps_in_the_log_says_so_and_asking_again_clears_it() {
    let fixture = three_subjects();
    let reader = fixture.reader();
    let reply = reader.at_one_moment(|reader| {
        reader.leaves(1, 1)?;
        Ok(fixture.writer().call(erase(1, 1)))
    });
    assert_eq!(reply.unwrap(), Err(StoreError::NotScrubbed));
    assert_eq!(fixture.writer().call(erase(1, 1)).unwrap(), [Erasure::Already]);
    assert!(!fixture.files_hold(b"sealed-record-1-end"));
}

#[test]
fn a_held_event_does_not_go_on_once_its_person_is_erased() {
    let fixture = Fixture::new();
    let mut first = event(1);
    first.held = Some(HeldBody { until: NOW.plus(Span::days(9)), sealed: b"held-body".to_vec() });
    let AcceptReply::Accepted { event: held, .. } = fixture.writer().call(first).unwrap() else { panic!() };
    // both were protected before the erasure: one for the same person, one for somebody new of the same name
    let going_on = |n| AcceptEvent { releases: Some(held), ..event(n) };
    assert!(matches!(fixture.writer().call(going_on(2)).unwrap(), AcceptReply::Accepted { .. }));
    fixture.writer().call(erase(1, 1)).unwrap();
    let events = fixture.reader().counts().unwrap().events;
    assert_eq!(fixture.writer().call(going_on(3)).unwrap(), AcceptReply::Gone);
    assert_eq!(fixture.reader().counts().unwrap().events, events);
    assert_eq!(fixture.reader().subject_by_tags(&[tag("person 3")]).unwrap(), None);
}
