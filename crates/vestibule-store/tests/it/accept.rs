//! Accepting events: what is written, what is refused as stale, and that a refusal writes nothing.

use crate::support::{Fixture, NOW, event, event_of, id, no, record, stable, tag};
use vestibule_core::clock::Span;
use vestibule_core::id::{EventRow, SubjectNumber, SubjectRow};
use vestibule_store::{
    AcceptReply, AnswerPart, AnswerRecord, AnswerReply, DropHeld, HeldBody, LeaseRecords, NewRecord, Stale, StoreError,
    SubjectUse, Sweep,
};

#[test]
fn everything_of_an_event_can_be_read_back() {
    let fixture = Fixture::new();
    let row = fixture.accept(5);
    let reader = fixture.reader();
    let found = reader.record(no(5)).unwrap().unwrap();
    assert_eq!(found.event, Some(row));
    assert_eq!(found.sealed.unwrap(), b"sealed-record-5-end");
    assert_eq!(found.audience.unwrap(), b"audience-5-end");
    assert_eq!(found.subject.number, SubjectNumber(id("subject 5")));
    assert_eq!(found.subject.key.as_ref().unwrap().wrapped, b"wrapped-key-5-end");
    let hit = reader.subject_by_tags(&[tag("nobody"), tag("person 5")]).unwrap().unwrap();
    assert_eq!((hit.tag, hit.mac, hit.subject), (tag("person 5"), [1; 16], found.subject));
    assert_eq!(reader.stable_by_tags(&[tag("value 5")]).unwrap(), Some(stable(5, "value 5")));
    assert_eq!(reader.stable_by_tags(&[tag("value 6")]).unwrap(), None);
    let event = reader.event(row).unwrap().unwrap();
    assert_eq!((event.id.as_str(), event.route.as_str(), event.accepted), ("evt_5", "apply", NOW));
    assert_eq!(reader.highest_record().unwrap(), Some(no(5)));
}

#[test]
fn a_record_covers_its_range_and_no_more() {
    let fixture = Fixture::new();
    let mut wide = event(10);
    wide.record.count = 3;
    fixture.writer().call(wide).unwrap();
    let reader = fixture.reader();
    for (counter, covered) in [(9, false), (10, true), (11, true), (12, true), (13, false)] {
        assert_eq!(reader.record(no(counter)).unwrap().is_some(), covered, "{counter}");
    }
}

#[test]
fn a_repeat_gets_the_first_answer_and_a_changed_body_is_a_conflict() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let mut again = event(1);
    again.event_id = "evt_other".into();
    again.now = NOW.plus(Span::hours(1));
    let reply = fixture.writer().call(again).unwrap();
    assert_eq!(reply, AcceptReply::Repeat { event_id: "evt_1".into(), accepted_at: NOW });
    let mut other = event(1);
    other.body_key = id("another body");
    assert_eq!(fixture.writer().call(other).unwrap(), AcceptReply::Conflict);
    assert_eq!(fixture.reader().counts().unwrap().events, 1);
    assert_eq!(fixture.reader().head().unwrap().seq, 1);
}

#[test]
fn what_changed_since_it_was_read_is_stale_and_writes_nothing() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let row = SubjectRow(1);
    let mut wrong_number = event_of(2, row, 99);
    wrong_number.index.clear();
    let mut tag_exists = event(3);
    tag_exists.index[0].tag = tag("person 1");
    let mut looked_up = event(4);
    looked_up.absent_subjects.push(tag("person 1"));
    let mut stable_exists = event(5);
    stable_exists.stable[0].tag = tag("value 1");
    let mut audience = event_of(6, row, 1);
    audience.audience_updates.push((no(1), b"not what stands".to_vec(), b"new".to_vec()));
    let before = digest(&fixture);
    for (job, why) in [
        (wrong_number, Stale::Subject),
        (event_of(7, SubjectRow(77), 1), Stale::Subject),
        (tag_exists, Stale::SubjectTag),
        (looked_up, Stale::SubjectTag),
        (stable_exists, Stale::StableTag),
        (audience, Stale::Audience),
    ] {
        assert_eq!(fixture.writer().call(job).unwrap(), AcceptReply::Stale(why));
    }
    assert_eq!(digest(&fixture), before);
}

#[test]
fn an_audience_grows_in_the_same_transaction() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let mut second = event_of(2, SubjectRow(1), 1);
    second.audience_updates.push((no(1), b"audience-1-end".to_vec(), b"wider".to_vec()));
    assert!(matches!(fixture.writer().call(second).unwrap(), AcceptReply::Accepted { .. }));
    assert_eq!(fixture.reader().record(no(1)).unwrap().unwrap().audience.unwrap(), b"wider");
}

#[test]
fn an_answer_record_belongs_to_the_subject_and_lapses_by_retention() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let part = |row, n, expires| AnswerPart {
        subject: SubjectUse::Existing { row: SubjectRow(row), number: SubjectNumber(id("subject 1")) },
        record: NewRecord { expires, ..record(n) },
        stable: vec![stable(n, &format!("answer {n}"))],
        absent_stable: Vec::new(),
        audience_updates: Vec::new(),
    };
    let answer = |parts| AnswerRecord { now: NOW, parts, leaf: b"answer".to_vec() };
    let soon = Some(NOW.plus(Span::days(1)));
    assert_eq!(fixture.writer().call(answer(vec![part(1, 2, soon)])).unwrap(), AnswerReply::Committed { leaf: 2 });
    let later = NOW.plus(Span::days(2));
    let gone = answer(vec![part(1, 4, None), part(9, 3, None)]);
    assert_eq!(fixture.writer().call(gone).unwrap(), AnswerReply::Stale(Stale::Subject));
    assert_eq!(fixture.reader().record(no(4)).unwrap(), None, "nothing of an answer stays where a part of it cannot");
    assert!(fixture.writer().call(Sweep { now: NOW, limit: 10 }).unwrap().is_empty());
    assert_eq!(fixture.writer().call(Sweep { now: later, limit: 10 }).unwrap().records, 1);
    let tombstone = fixture.reader().record(no(2)).unwrap().unwrap();
    assert_eq!((tombstone.sealed, tombstone.audience), (None, None));
    assert!(tombstone.subject.key.is_some());
    assert_eq!(fixture.reader().stable_by_tags(&[tag("answer 2")]).unwrap(), None);
    assert!(!fixture.files_hold(b"sealed-record-2-end"));
}

#[test]
fn a_held_body_is_named_when_its_time_is_over_and_no_sweep_takes_it() {
    let fixture = Fixture::new();
    let mut held = event(1);
    held.held = Some(HeldBody { until: NOW.plus(Span::days(3)), sealed: b"held-body".to_vec() });
    let AcceptReply::Accepted { event, .. } = fixture.writer().call(held).unwrap() else { panic!() };
    assert_eq!(fixture.reader().held(event).unwrap().unwrap().sealed, b"held-body");
    let over = NOW.plus(Span::days(3));
    let lapsed = |now, after| fixture.reader().lapsed_held(now, EventRow(after), 10).unwrap();
    assert_eq!((lapsed(NOW, 0), lapsed(over, 0), lapsed(over, event.0)), (vec![], vec![event], vec![]));
    // what becomes of the event is decided first; the body alone would be gone without a word
    assert!(fixture.writer().call(Sweep { now: over, limit: 10 }).unwrap().is_empty());
    assert!(fixture.reader().held(event).unwrap().is_some());
    assert!(fixture.writer().call(DropHeld { event, leaf: b"lapse".to_vec() }).unwrap());
    assert!(fixture.reader().held(event).unwrap().is_none());
    assert!(!fixture.files_hold(b"held-body"));
}

#[test]
fn record_numbers_are_leased_once() {
    let mut fixture = Fixture::new();
    let lease = |writer, count| LeaseRecords { writer, count };
    assert_eq!(fixture.writer().call(lease(1, 100)).unwrap(), no(1));
    assert_eq!(fixture.writer().call(lease(1, 100)).unwrap(), no(101));
    fixture.reopen();
    assert_eq!(fixture.writer().call(lease(1, 1)).unwrap(), no(201));
    assert_eq!(fixture.writer().call(lease(2, 1)).unwrap().writer(), 2);
    for _ in 0..255 {
        fixture.writer().call(lease(3, u32::MAX)).unwrap();
    }
    assert_eq!(fixture.writer().call(lease(3, u32::MAX)).unwrap().writer(), 3);
    assert_eq!(fixture.writer().call(lease(3, u32::MAX)), Err(StoreError::Range));
    assert_eq!(fixture.writer().call(lease(1, 1)).unwrap(), no(202));
}

fn digest(fixture: &Fixture) -> Vec<u8> {
    let mut all = Vec::new();
    fixture.reader().digest(|table, row| all.extend([table.as_bytes(), row].concat())).unwrap();
    all
}
