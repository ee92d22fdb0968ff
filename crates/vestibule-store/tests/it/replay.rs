//! A repeat is recognised for as long as it must be, over restarts and over many keys, and exactly once.

use crate::support::{Fixture, NOW, event, id};
use std::sync::mpsc::channel;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_store::{AcceptReply, StoreError, Sweep};

#[test]
fn ten_thousand_concurrent_repeats_are_one_event() {
    let fixture = Fixture::new();
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        for worker in 0..20u64 {
            let (writer, tell) = (fixture.writer(), tell.clone());
            scope.spawn(move || {
                for n in 0..500u64 {
                    let mut job = event(1);
                    job.event_id = format!("evt_{worker}_{n}");
                    let tell = tell.clone();
                    writer.submit(job, move |reply| tell.send(reply).unwrap());
                }
            });
        }
    });
    drop(tell);
    let replies: Vec<Result<AcceptReply, StoreError>> = told.iter().collect();
    let count = |test: fn(&Result<AcceptReply, StoreError>) -> bool| replies.iter().filter(|one| test(one)).count();
    let accepted = count(|one| matches!(one, Ok(AcceptReply::Accepted { .. })));
    let repeats = count(|one| matches!(one, Ok(AcceptReply::Repeat { .. })));
    let busy = count(|one| matches!(one, Err(StoreError::Busy)));
    println!("replay: {accepted} accepted, {repeats} repeats, {busy} busy of {}", replies.len());
    assert_eq!((replies.len(), accepted, accepted + repeats + busy), (10_000, 1, 10_000));
    assert_eq!(fixture.reader().counts().unwrap().events, 1);
}

#[test]
fn keys_are_found_over_a_restart_and_forgotten_when_they_lapse() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    let mut forever = event(2);
    forever.replay_until = Timestamp(i64::MAX);
    fixture.writer().call(forever).unwrap();
    fixture.reopen();
    assert!(matches!(fixture.writer().call(event(1)).unwrap(), AcceptReply::Repeat { .. }));

    let mut later = event(1);
    later.now = NOW.plus(Span::days(31));
    later.replay_until = later.now.plus(Span::days(30));
    // Another event by now: it brings its own record and person.
    (later.record.first, later.index, later.stable) = (event(3).record.first, Vec::new(), Vec::new());
    assert!(matches!(fixture.writer().call(later).unwrap(), AcceptReply::Accepted { .. }));
    let mut repeat = event(2);
    repeat.now = NOW.plus(Span::days(3650));
    assert!(matches!(fixture.writer().call(repeat).unwrap(), AcceptReply::Repeat { .. }));
}

#[test]
fn closed_generations_keep_their_keys_and_are_dropped_whole() {
    let mut fixture = Fixture::with(|options| options.without_sync_for_the_durability_test());
    let total = 70_000u64;
    let slim = |n: u64| {
        let mut job = event(n);
        (job.index, job.stable, job.body, job.delivery) = (Vec::new(), Vec::new(), Vec::new(), None);
        job
    };
    let (tell, told) = channel();
    let writer = fixture.writer();
    for chunk in 0..total / 1000 {
        for n in 0..1000 {
            let tell = tell.clone();
            writer.submit(slim(1 + chunk * 1000 + n), move |reply| tell.send(reply).unwrap());
        }
        (0..1000).for_each(|_| assert!(matches!(told.recv().unwrap(), Ok(AcceptReply::Accepted { .. }))));
    }
    fixture.reopen();
    let writer = fixture.writer();
    for n in (1..=total).step_by(997) {
        assert!(matches!(writer.call(slim(n)).unwrap(), AcceptReply::Repeat { .. }), "{n}");
    }
    let later = NOW.plus(Span::days(31));
    let mut swept = 0;
    loop {
        match writer.call(Sweep { now: later, limit: 10_000 }).unwrap().replay {
            0 => break,
            some => swept += some,
        }
    }
    assert_eq!(swept, 1 << 16);
    let mut again = slim(total + 1);
    again.source_key = id("source 1");
    again.now = later;
    assert!(matches!(writer.call(again).unwrap(), AcceptReply::Accepted { .. }));
}
