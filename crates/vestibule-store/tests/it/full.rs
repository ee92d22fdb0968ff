//! A full disk: everything waiting is refused with `Full`, nothing half-written stays, and the store goes on afterwards.

use crate::support::{Fixture, event};
use vestibule_store::{AcceptReply, AppendLeaf, DeliveryState, StoreError};

#[test]
fn a_full_store_refuses_whole_batches_and_takes_what_fits_again() {
    let fixture = Fixture::with(|options| options.full_at_pages_for_tests(120));
    let writer = fixture.writer();
    let mut accepted = 0;
    let full = loop {
        let mut job = event(accepted + 1);
        job.body = vec![9; 3000];
        match writer.call(job) {
            Ok(AcceptReply::Accepted { .. }) => accepted += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(full, StoreError::Full);
    assert!(accepted > 10, "{accepted}");
    let counts = fixture.reader().counts().unwrap();
    assert_eq!((counts.events, counts.leaves, counts.people), (accepted, accepted, accepted));
    let due = counts.deliveries.iter().find(|(state, _)| *state == DeliveryState::Due).unwrap().1;
    assert_eq!(due, accepted);
    // What fits is taken, and the log goes on without a gap.
    assert_eq!(writer.call(AppendLeaf { leaf: b"small".to_vec() }), Ok(accepted as i64 + 1));
}

#[test]
fn space_that_returns_is_used() {
    let mut fixture = Fixture::with(|options| options.full_at_pages_for_tests(120));
    let big = |n| {
        let mut job = event(n);
        job.body = vec![9; 400_000];
        job
    };
    assert_eq!(fixture.writer().call(big(1)), Err(StoreError::Full));
    fixture.reopen();
    assert!(matches!(fixture.writer().call(big(1)), Ok(AcceptReply::Accepted { leaf: 1, .. })));
}
