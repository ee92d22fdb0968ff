//! Group commit: everybody is answered once, a bad job fails alone, and a full queue says so at once.

use crate::support::{Fixture, event};
use std::sync::mpsc::channel;
use vestibule_store::{AcceptReply, AppendLeaf, StoreError};

#[test]
fn sixty_four_threads_are_all_answered_and_the_log_has_no_gap() {
    let fixture = Fixture::new();
    let mut leaves: Vec<i64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..64u64)
            .map(|worker| {
                let writer = fixture.writer();
                scope.spawn(move || {
                    (0..25u64)
                        .map(|n| match writer.call(event(1 + worker * 25 + n)).unwrap() {
                            AcceptReply::Accepted { leaf, .. } => leaf,
                            other => panic!("{other:?}"),
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    leaves.sort_unstable();
    assert_eq!(leaves, (1..=1600).collect::<Vec<_>>());
    assert_eq!(fixture.reader().counts().unwrap().events, 1600);
}

#[test]
fn a_job_that_fails_or_panics_fails_alone() {
    let fixture = Fixture::new();
    fixture.accept(1);
    let writer = fixture.writer();
    let (tell, told) = channel();
    // The same record number a second time is refused by the database in the middle of the job.
    let mut taken = event(3);
    taken.record.first = event(1).record.first;
    for job in [event(2), taken, event(4)] {
        let tell = tell.clone();
        writer.submit(job, move |reply| tell.send(reply.map(|_| ())).unwrap());
    }
    let tell_panic = tell.clone();
    writer.submit(AppendLeaf { leaf: b"panic".to_vec() }, move |reply| tell_panic.send(reply.map(|_| ())).unwrap());
    writer.submit(event(5), move |reply| tell.send(reply.map(|_| ())).unwrap());
    let mut replies: Vec<_> = told.iter().collect();
    replies.sort_by_key(|reply| format!("{reply:?}"));
    assert!(matches!(replies[0], Err(StoreError::Lost)), "{replies:?}");
    assert!(matches!(replies[1], Err(StoreError::Sql(_))), "{replies:?}");
    assert_eq!(replies[2..], [Ok(()), Ok(()), Ok(())]);

    let reader = fixture.reader();
    let counts = reader.counts().unwrap();
    assert_eq!((counts.events, counts.people, counts.leaves), (4, 4, 4));
    // Nothing of the failed event is left, so it can come again.
    assert!(matches!(writer.call(event(3)).unwrap(), AcceptReply::Accepted { leaf: 5, .. }));
}

#[test]
fn a_callback_that_panics_does_not_end_the_writer() {
    let fixture = Fixture::new();
    fixture.writer().submit(AppendLeaf { leaf: b"one".to_vec() }, |_| panic!("a planted panic"));
    assert_eq!(fixture.writer().call(AppendLeaf { leaf: b"two".to_vec() }), Ok(2));
}

#[test]
fn a_full_queue_answers_busy_at_once() {
    let fixture = Fixture::new();
    let writer = fixture.writer();
    let (block, blocked) = channel::<()>();
    let (tell, told) = channel();
    // The writer stands in this callback until it is let go.
    writer.submit(AppendLeaf { leaf: b"first".to_vec() }, move |_| assert!(blocked.recv().is_err()));
    for _ in 0..20_000 {
        let tell = tell.clone();
        writer.submit(AppendLeaf { leaf: b"next".to_vec() }, move |reply| tell.send(reply.is_ok()).unwrap());
    }
    let busy = told.try_iter().filter(|ok| !ok).count();
    drop(block);
    drop(tell);
    let done = told.iter().filter(|ok| *ok).count();
    assert!(busy > 10_000, "{busy}");
    assert_eq!(busy + done, 20_000);
}

#[test]
fn what_waits_at_the_end_is_still_written_and_what_comes_later_is_refused() {
    let mut fixture = Fixture::new();
    let writer = fixture.writer();
    let (tell, told) = channel();
    for _ in 0..1000 {
        let tell = tell.clone();
        writer.submit(AppendLeaf { leaf: b"leaf".to_vec() }, move |reply| tell.send(reply).unwrap());
    }
    drop(tell);
    fixture.close();
    assert_eq!(told.iter().filter(Result::is_ok).count(), 1000);
    assert_eq!(writer.call(AppendLeaf { leaf: b"late".to_vec() }), Err(StoreError::Closed));
    fixture.reopen();
    assert_eq!(fixture.reader().head().unwrap().seq, 1000);
}

#[test]
fn an_outbox_sends_when_told_when_full_and_when_dropped() {
    let fixture = Fixture::new();
    let writer = fixture.writer();
    let (tell, told) = channel();
    let put = |outbox: &vestibule_store::Outbox, n: u64| {
        let tell = tell.clone();
        outbox.put(event(n), move |reply| tell.send(reply.map(|_| n)).unwrap())
    };
    let outbox = writer.outbox();
    assert!(put(&outbox, 1));
    assert!(!put(&outbox, 2));
    // what another submits overtakes what has not been sent
    writer.call(AppendLeaf { leaf: b"later".to_vec() }).unwrap();
    assert!(told.try_recv().is_err());
    outbox.send();
    assert_eq!((told.recv().unwrap(), told.recv().unwrap()), (Ok(1), Ok(2)));

    let firsts = (10..110).filter(|n| put(&outbox, *n)).count();
    assert!((2..100).contains(&firsts), "{firsts} groups");
    drop(outbox);
    let replies: Vec<_> = (10..110).map(|_| told.recv().unwrap()).collect();
    assert_eq!(replies, (10..110).map(Ok).collect::<Vec<_>>());
    assert_eq!(fixture.reader().counts().unwrap().events, 102);
}
