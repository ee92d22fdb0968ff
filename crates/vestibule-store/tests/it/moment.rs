//! Look-ups that share a moment: they see one state of the store, and the next moment a newer one.

use crate::support::{Fixture, NOW, event, event_of, id, no};
use vestibule_core::clock::Span;
use vestibule_core::id::{KeyVersion, SubjectNumber, SubjectRow};
use vestibule_store::{
    AcceptEvent, AcceptReply, AppendLeaf, EraseSubjects, Moment, NewRecord, RewrapSubjects, SubjectRewrap, Sweep,
};

#[test]
fn a_moment_shows_what_was_there_when_it_began() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let moment = fixture.store().moment().unwrap();
    assert!(moment.begin().unwrap());
    assert!(moment.reader().record(no(1)).unwrap().is_some());
    fixture.accept(2);
    assert!(!moment.begin().unwrap(), "the first one sees to its end");
    assert!(moment.reader().record(no(2)).unwrap().is_none());
    moment.end();
    assert!(moment.begin().unwrap());
    assert!(moment.reader().record(no(2)).unwrap().is_some());
}

#[test]
fn without_a_moment_each_look_up_is_new_and_an_end_without_a_beginning_does_nothing() {
    let fixture = Fixture::new();
    let moment = fixture.store().moment().unwrap();
    moment.end();
    assert!(moment.reader().record(no(1)).unwrap().is_none());
    fixture.accept(1);
    assert!(moment.reader().record(no(1)).unwrap().is_some());
    moment.end();
}

/// How many commits that altered something have come since the last call.
fn altered(moment: &Moment, known: &mut u64) -> u64 {
    moment.alterations() - std::mem::replace(known, moment.alterations())
}

#[test]
fn what_changes_or_removes_a_record_or_a_subject_is_counted_and_what_adds_to_them_is_not() {
    let fixture = Fixture::new();
    let (writer, moment) = (fixture.writer(), fixture.store().moment().unwrap());
    let known = &mut 0;
    fixture.accept(1);
    let lapsing = NewRecord { expires: Some(NOW), ..event(2).record };
    writer.call(AcceptEvent { record: lapsing, ..event(2) }).unwrap();
    writer.call(AppendLeaf { leaf: b"leaf".to_vec() }).unwrap();
    assert_eq!(altered(&moment, known), 0);

    let other_audience = vec![(no(1), b"audience-1-end".to_vec(), b"other".to_vec())];
    let reply = writer.call(AcceptEvent { audience_updates: other_audience, ..event_of(3, SubjectRow(1), 1) }).unwrap();
    assert!(matches!(reply, AcceptReply::Accepted { .. }));
    assert_eq!(altered(&moment, known), 1, "an audience");
    let subjects = vec![SubjectRewrap {
        row: SubjectRow(1),
        old: b"wrapped-key-1-end".to_vec(),
        epoch: KeyVersion(2),
        new: b"new".to_vec(),
    }];
    assert_eq!(writer.call(RewrapSubjects { subjects }).unwrap(), 1);
    assert_eq!(altered(&moment, known), 1, "a wrapped key");
    assert_eq!(writer.call(Sweep { now: NOW.plus(Span::days(1)), limit: 10 }).unwrap().records, 1);
    assert_eq!(altered(&moment, known), 1, "a record past its retention");
    let subjects = vec![(SubjectRow(1), SubjectNumber(id("subject 1")), b"erase".to_vec())];
    writer.call(EraseSubjects { now: NOW, subjects, only_lapsed: false }).unwrap();
    assert_eq!(altered(&moment, known), 1, "a subject");
}

#[test]
fn a_moment_has_seen_what_was_altered_before_it_began() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let moment = fixture.store().moment().unwrap();
    moment.begin().unwrap();
    assert!(moment.reader().record(no(1)).unwrap().is_some());
    let subjects = vec![SubjectRewrap {
        row: SubjectRow(1),
        old: b"wrapped-key-1-end".to_vec(),
        epoch: KeyVersion(2),
        new: b"new".to_vec(),
    }];
    fixture.writer().call(RewrapSubjects { subjects }).unwrap();
    assert_eq!((moment.seen(), moment.alterations()), (0, 1));
    moment.end();
    moment.begin().unwrap();
    assert_eq!((moment.seen(), moment.alterations()), (1, 1));
}
