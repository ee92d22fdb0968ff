//! A call that writes is made once: repeats wait, then get the first answer.

use crate::support::{Fixture, NOW};
use vestibule_core::clock::Span;
use vestibule_core::id::SubjectRow;
use vestibule_store::{Abandon, Begin, Begun, Finish, Sweep};

fn begin(fingerprint: u8, after: Span) -> Begin {
    let now = NOW.plus(after);
    Begin { key: [1; 16], fingerprint: [fingerprint; 16], now, until: now.plus(Span::days(1)) }
}

#[test]
fn repeats_wait_then_get_the_first_answer_until_it_lapses() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    let call = |fixture: &Fixture, job| fixture.writer().call(job).unwrap();
    assert_eq!(call(&fixture, begin(1, Span(0))), Begun::Fresh);
    fixture.reopen();
    assert_eq!(call(&fixture, begin(1, Span(5))), Begun::InFlight { since: NOW });
    assert_eq!(call(&fixture, begin(2, Span(5))), Begun::Conflict);
    let finish = || Finish { key: [1; 16], answer: b"answer".to_vec(), subject: SubjectRow(1) };
    assert!(fixture.writer().call(finish()).unwrap());
    assert!(!fixture.writer().call(finish()).unwrap());
    let done = Begun::Done { answer: b"answer".to_vec(), subject: SubjectRow(1) };
    assert_eq!(call(&fixture, begin(1, Span::hours(23))), done);
    assert_eq!(call(&fixture, begin(2, Span::hours(23))), Begun::Conflict);
    assert_eq!(call(&fixture, begin(2, Span::hours(24))), Begun::Fresh);
}

#[test]
fn an_abandoned_claim_is_free_and_a_lapsed_answer_is_swept() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let writer = fixture.writer();
    writer.call(begin(1, Span(0))).unwrap();
    writer.call(Abandon { key: [1; 16] }).unwrap();
    assert_eq!(writer.call(begin(3, Span(0))).unwrap(), Begun::Fresh);
    writer.call(Finish { key: [1; 16], answer: b"kept-answer".to_vec(), subject: SubjectRow(1) }).unwrap();
    writer.call(Abandon { key: [1; 16] }).unwrap();
    assert!(matches!(writer.call(begin(3, Span(0))).unwrap(), Begun::Done { .. }));
    assert_eq!(writer.call(Sweep { now: NOW.plus(Span::days(1)), limit: 5 }).unwrap().answers, 1);
    assert!(!fixture.files_hold(b"kept-answer"));
}
