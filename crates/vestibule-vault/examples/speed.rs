//! How long the vault's steps take on this machine: run with `cargo run --release -p vestibule-vault --example speed`.
//! It prints; it judges nothing. The request path end to end is measured by `vestibule bench`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring program, not a part of the product"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{Mode, RecordNo, Scope, Slot, SubjectNumber};
use vestibule_core::policy::call::{CallPath, CallPattern};
use vestibule_core::policy::{Call, Carrier, Grant, Opens, Place, Use, decide};
use vestibule_core::stage::{Permit, Receipt};
use vestibule_vault::body::{self, BodyPurpose};
use vestibule_vault::record::{PackedRecord, SlotValue, ValueKind, draw_len};
use vestibule_vault::reveal::Open;
use vestibule_vault::{Draw, KeyStore, SubjectKey, apikey, keystore, subject};

fn main() {
    let mut draw = Draw::new(keystore::CREATE_DRAW).unwrap();
    let store = KeyStore::create(1, &mut draw, Timestamp(0)).unwrap();
    let ring = store.keyring().unwrap();
    let scope = Scope::of(Mode::Live);
    let new = ring.create_subject(scope, &mut Draw::new(subject::CREATE_DRAW).unwrap()).unwrap();
    let first = RecordNo::new(1, 1).unwrap();
    let values = ["dana@example.com", "Dana", "Smith", "+49 30 1234567", "Berlin", "61000", "", "PhD"];
    let fields: Vec<SlotValue<'_>> = values
        .iter()
        .map(|value| SlotValue {
            category: 7,
            field: "candidate.field",
            kind: ValueKind::String,
            random: [1; 6],
            value: value.as_bytes(),
        })
        .collect();
    let many = || Draw::new(64 * 100_000).unwrap();
    let row = ring.seal_record(&new.key, first, &fields, &mut many()).unwrap();
    let block = ring.token(first, Slot(3), [1; 6]).unwrap();
    let sealed_body = vec![b'x'; 2048];
    let minted = ring.mint_api_key(Mode::Live, &mut Draw::new(apikey::DRAW).unwrap()).unwrap();
    let parsed = apikey::parse_api_key(minted.text.expose()).unwrap();

    time("one draw for an event of 8 fields", || Draw::new(draw_len(8)).unwrap());
    time("create a subject", || ring.create_subject(scope, &mut Draw::new(subject::CREATE_DRAW).unwrap()).unwrap());
    time("open a subject key", || ring.open_subject(scope, new.number, new.dek_id, &new.wrapped).unwrap());
    let mut draw = many();
    time("seal a record of 8 fields", || {
        if draw.left() < 32 {
            draw = many();
        }
        ring.seal_record(&new.key, first, &fields, &mut draw).unwrap()
    });
    time("take a row of 8 slots apart", || PackedRecord::parse(row.clone()).unwrap().records());
    time("make a token", || ring.token(first, Slot(3), [1; 6]).unwrap());
    time("open a token", || ring.open_token(block).unwrap());
    let permit = permit(new.number, first);
    let tokens: Vec<[u8; 16]> = (0..8).map(|slot| ring.token(first, Slot(slot), [1; 6]).unwrap()).collect();
    let packed = PackedRecord::parse(row.clone()).unwrap();
    let reveal = |key: &SubjectKey| {
        let opens: Vec<Open<'_>> =
            tokens.iter().map(|block| Open { key, first, packed: &packed, token: ring.open_token(*block).unwrap() }).collect();
        ring.reveal(&permit, Timestamp(0), &opens).unwrap()
    };
    time("reveal 8 fields: 8 tokens, the row, 8 slots", || reveal(&new.key));
    time("the same with the subject key unwrapped first", || {
        reveal(&ring.open_subject(scope, new.number, new.dek_id, &new.wrapped).unwrap())
    });
    time("tags of a value in the stable index", || ring.stable_tags(scope, "hr", 7, new.number, b"dana@example.com").unwrap());
    time("MAC of a leaf of 300 bytes", || ring.leaf_mac(&[0; 32], &sealed_body[..300]));
    time("check an API key", || ring.check_api_key(&parsed, Some(&minted.hash)));
    time("replay keys of a body of 2 KB", || ring.replay_keys(scope, "careers-apply", &[b"msg_1"], &sealed_body));
    time("seal a body of 2 KB", || {
        if draw.left() < body::DRAW {
            draw = many();
        }
        ring.seal_body(&new.key, BodyPurpose::Queued, b"1", &sealed_body, &mut draw).unwrap()
    });
}

/// A permit for the first eight slots of a record, by the decision core makes.
fn permit(subject: SubjectNumber, record: RecordNo) -> Permit {
    let grant = Grant {
        workflow: "w".to_owned(),
        call: CallPattern::parse("POST /candidates").unwrap(),
        places: vec![Place { carrier: Carrier::Body, name: "a".to_owned(), opens: Opens::Categories(vec![7]) }],
        conditions: Vec::new(),
        expires: None,
        batch: false,
    };
    let uses: Vec<Use> = (0..8)
        .map(|slot| Use {
            place: Some(0),
            at: "a".into(),
            carrier: Carrier::Body,
            record,
            slot: Slot(slot),
            category: 7,
            subject,
            mode: Mode::Live,
            in_audience: true,
        })
        .collect();
    let call = Call {
        workflow: "w",
        mode: Mode::Live,
        method: "POST",
        path: &CallPath::parse("/candidates").unwrap(),
        host: "ats.example",
        uses: &uses,
        addressees: &[],
    };
    let allowed = decide(&call, &grant, Timestamp(0)).unwrap();
    Permit::new(allowed, Receipt::committed(1, Timestamp(0)))
}

fn time<T>(what: &str, mut step: impl FnMut() -> T) {
    let mut best = Duration::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..20_000 {
            black_box(step());
        }
        best = best.min(start.elapsed());
    }
    println!("{:>8.3} us  {what}", best.as_secs_f64() * 1e6 / 20_000.0);
}
