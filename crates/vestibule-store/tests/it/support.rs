//! A store in a folder of its own, and events to put into it.

use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{DekId, EventRow, KeyVersion, Mode, RecordNo, Slot, SubjectNumber, SubjectRow};
use vestibule_store::{
    AcceptEvent, AcceptReply, IndexRow, NewDelivery, NewRecord, NewSubjectRow, Options, Ports, Reader, StableRow, Store,
    SubjectUse, Tag, Writer,
};

pub(crate) const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// A stand-in for the vault's MAC: depends on every byte of both, and is no MAC.
pub(crate) struct Mixer;

impl Ports for Mixer {
    fn leaf_mac(&self, previous: &[u8; 32], leaf: &[u8]) -> [u8; 32] {
        assert!(leaf != b"panic", "a planted panic");
        mix(&[previous, leaf].concat())
    }
}

pub(crate) fn mix(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut state = 0xcbf2_9ce4_8422_2325u64;
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    for byte in &mut out {
        state ^= state >> 31;
        state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        *byte = (state >> 56) as u8;
    }
    out
}

/// Sixteen bytes that follow from the text.
pub(crate) fn id(text: &str) -> [u8; 16] {
    mix(text.as_bytes())[..16].try_into().unwrap()
}

pub(crate) fn tag(text: &str) -> Tag {
    Tag { epoch: KeyVersion(1), bytes: id(text) }
}

pub(crate) fn no(counter: u64) -> RecordNo {
    RecordNo::new(1, counter).unwrap()
}

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    store: Option<Store>,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        Fixture::with(|options| options)
    }

    pub(crate) fn with(change: impl FnOnce(Options) -> Options) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let options = change(Options::new(folder.path().join("store.db")));
        let store = Some(Store::open(options, Arc::new(Mixer)).unwrap());
        Fixture { folder, store }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(crate) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub(crate) fn writer(&self) -> Writer {
        self.store().writer()
    }

    pub(crate) fn reader(&self) -> Reader {
        self.store().reader().unwrap()
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        self.store = Some(Store::open(Options::new(self.path()), Arc::new(Mixer)).unwrap());
    }

    pub(crate) fn close(&mut self) {
        if let Some(store) = self.store.take() {
            store.close();
        }
    }

    /// Accepts event `n` of a new subject.
    pub(crate) fn accept(&self, n: u64) -> EventRow {
        match self.writer().call(event(n)).unwrap() {
            AcceptReply::Accepted { event, .. } => event,
            other => panic!("{other:?}"),
        }
    }

    /// Whether these bytes stand in any file of the store.
    pub(crate) fn files_hold(&self, mark: &[u8]) -> bool {
        std::fs::read_dir(self.folder.path()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(mark.len()).any(|window| window == mark)
        })
    }
}

/// Event `n` of a new subject with record number `n`, a stable token, an index row, a body and a delivery.
pub(crate) fn event(n: u64) -> AcceptEvent {
    AcceptEvent {
        now: NOW,
        route: "apply".into(),
        mode: Mode::Live,
        source_key: id(&format!("source {n}")),
        body_key: id(&format!("body {n}")),
        older_keys: Vec::new(),
        replay_until: NOW.plus(Span::days(30)),
        event_id: format!("evt_{n}"),
        subject: SubjectUse::New(subject(n)),
        index: vec![IndexRow { tag: tag(&format!("person {n}")), mac: [1; 16] }],
        absent_subjects: Vec::new(),
        record: record(n),
        stable: vec![stable(n, &format!("value {n}"))],
        absent_stable: Vec::new(),
        audience_updates: Vec::new(),
        body: format!("sealed-body-{n}-end").into_bytes(),
        held: None,
        releases: None,
        delivery: Some(NewDelivery { workflow: "intake".into(), next_at: NOW }),
        leaf: format!("leaf of event {n}").into_bytes(),
    }
}

/// Event `n` of the subject in this row, nothing of it indexed.
pub(crate) fn event_of(n: u64, row: SubjectRow, subject_n: u64) -> AcceptEvent {
    AcceptEvent {
        subject: SubjectUse::Existing { row, number: SubjectNumber(id(&format!("subject {subject_n}"))) },
        index: Vec::new(),
        stable: Vec::new(),
        ..event(n)
    }
}

pub(crate) fn subject(n: u64) -> NewSubjectRow {
    NewSubjectRow {
        number: SubjectNumber(id(&format!("subject {n}"))),
        mode: Mode::Live,
        realm: "hr".into(),
        dek_id: DekId(id(&format!("dek {n}"))),
        epoch: KeyVersion(1),
        wrapped: format!("wrapped-key-{n}-end").into_bytes(),
        sealed_pseudonym: format!("sealed-pseudonym-{n}-end").into_bytes(),
        pending_until: None,
    }
}

pub(crate) fn record(n: u64) -> NewRecord {
    NewRecord {
        first: no(n),
        count: 1,
        created: NOW,
        expires: None,
        audience: format!("audience-{n}-end").into_bytes(),
        sealed: format!("sealed-record-{n}-end").into_bytes(),
    }
}

pub(crate) fn stable(n: u64, value: &str) -> StableRow {
    StableRow { tag: tag(value), record: no(n), slot: Slot(0), random: [7; 6], mac: [2; 16] }
}
