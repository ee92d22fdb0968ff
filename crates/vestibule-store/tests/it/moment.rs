//! Look-ups that share a moment: they see one state of the store, and the next moment a newer one.

use crate::support::{Fixture, no};

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
