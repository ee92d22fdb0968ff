//! How many events a second the store takes from many submitters, and what each costs the processor.
//!
//! `cargo run --release -p vestibule-store --example throughput -- [submitters] [events] [new stable tokens]`. It measures
//! the store alone: no sealing, no MAC worth its name, no network.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a measuring tool")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{DekId, KeyVersion, Mode, RecordNo, Slot, SubjectNumber};
use vestibule_store::{
    AcceptEvent, AcceptReply, NewDelivery, NewRecord, NewSubjectRow, Options, Ports, StableRow, Store, SubjectUse, Tag,
};

struct Plain;
impl Ports for Plain {
    fn leaf_mac(&self, previous: &[u8; 32], _: &[u8]) -> [u8; 32] {
        *previous
    }
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let submitters = numbers.next().unwrap_or(64);
    let events = numbers.next().unwrap_or(200_000);
    let stable = numbers.next().unwrap_or(0);
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let store = Store::open(Options::new(folder.path().join("store.db")), Arc::new(Plain)).expect("a store");
    let next = Arc::new(AtomicU64::new(1));
    let (tell, told) = channel();
    let (began, before) = (Instant::now(), processor_ticks());
    for _ in 0..submitters {
        submit(&store, next.clone(), events, stable, tell.clone());
    }
    drop(tell);
    let mut waits: Vec<u64> = told.iter().collect();
    let (seconds, ticks) = (began.elapsed().as_secs_f64(), processor_ticks() - before);
    waits.sort_unstable();
    let done = waits.len() as u64;
    let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or(0);
    println!(
        "{submitters} submitters, {done} events, {stable} new stable tokens each: {:.0} events/s, \
         {:.1} us of processor an event, p99 {:.1} ms",
        done as f64 / seconds,
        ticks as f64 * 10_000.0 / done as f64,
        p99 as f64 / 1000.0
    );
    read(&store, events);
}

/// Submits the next event, and again from its answer, until all are in.
fn submit(store: &Store, next: Arc<AtomicU64>, events: u64, stable: u64, tell: std::sync::mpsc::Sender<u64>) {
    resubmit(store.writer(), next, events, stable, tell);
}

fn resubmit(writer: vestibule_store::Writer, next: Arc<AtomicU64>, events: u64, stable: u64, tell: std::sync::mpsc::Sender<u64>) {
    let number = next.fetch_add(1, Ordering::Relaxed);
    if number > events {
        return;
    }
    let began = Instant::now();
    let again = writer.clone();
    writer.submit(event(number, stable), move |reply| {
        assert!(matches!(reply, Ok(AcceptReply::Accepted { .. })), "{reply:?}");
        tell.send(began.elapsed().as_micros() as u64).expect("a listener");
        resubmit(again, next, events, stable, tell);
    });
}

fn event(number: u64, stable: u64) -> AcceptEvent {
    let now = Timestamp(1_700_000_000_000 + number as i64);
    let first = RecordNo::new(1, number).expect("a record number");
    AcceptEvent {
        now,
        route: "careers-apply".into(),
        mode: Mode::Live,
        source_key: random(number),
        body_key: random(number + 1),
        older_keys: Vec::new(),
        replay_until: now.plus(Span::days(30)),
        event_id: format!("evt_{number:026}"),
        subject: SubjectUse::New(NewSubjectRow {
            number: SubjectNumber(random(number + 2)),
            mode: Mode::Live,
            realm: "hr".into(),
            dek_id: DekId(random(number + 3)),
            epoch: KeyVersion(1),
            wrapped: vec![7; 92],
            sealed_pseudonym: vec![8; 44],
            pending_until: None,
        }),
        index: Vec::new(),
        absent_subjects: Vec::new(),
        record: NewRecord { first, count: 1, created: now, expires: None, audience: vec![1; 40], sealed: vec![2; 720] },
        stable: (0..stable)
            .map(|slot| StableRow {
                tag: Tag { epoch: KeyVersion(1), bytes: random(number * 31 + slot + 4) },
                record: first,
                slot: Slot(slot as u8),
                random: [1; 6],
                mac: [2; 16],
            })
            .collect(),
        absent_stable: Vec::new(),
        audience_updates: Vec::new(),
        body: vec![3; 2048],
        held: None,
        releases: None,
        delivery: Some(NewDelivery { workflow: "candidate-intake".into(), next_at: now }),
        leaf: vec![4; 288],
    }
}

/// What a reveal reads: the record that covers a number, with its subject.
fn read(store: &Store, events: u64) {
    let reader = store.reader().expect("a reader");
    let began = Instant::now();
    let reads = 200_000;
    for n in 0..reads {
        let [a, b, c, d, ..] = random(n);
        let counter = u64::from(u32::from_be_bytes([a, b, c, d])) % events + 1;
        let number = RecordNo::new(1, counter).expect("a record number");
        assert!(reader.record(number).expect("a read").is_some());
    }
    println!("{:.2} us a record read with its subject", began.elapsed().as_secs_f64() * 1e6 / reads as f64);
}

/// Processor time of this process so far, in hundredths of a second.
fn processor_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(") ").next().unwrap_or_default();
    after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn random(seed: u64) -> [u8; 16] {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut out = [0; 16];
    for byte in &mut out {
        state ^= state >> 29;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (state >> 32);
        *byte = (state >> 56) as u8;
    }
    out
}
