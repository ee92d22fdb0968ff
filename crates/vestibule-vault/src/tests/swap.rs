//! P7: a ciphertext works only in its place. Everything that can be swapped is swapped; nothing may open.

use super::*;
use crate::body::{BodyPurpose, DRAW as BODY_DRAW};
use crate::keystore::Kind;
use crate::record::draw_len;
use crate::subject::WrappedDek;
use vestibule_core::id::{DekId, SubjectNumber};

const SLOTS: usize = 3;
const FIELDS: [&str; SLOTS] = ["mail", "name", "city"];
const HEADER: usize = 10 + 4;
const SLOT: usize = HEADER + 4 + 16 + 16;
const FIRST_SLOT: usize = 3 + 2 + 24 + 32;

struct Cell {
    key: usize,
    record: RecordNo,
    row: Vec<u8>,
}

#[test]
fn every_swap_within_and_between_rows_fails() {
    let ring = store().keyring().unwrap();
    let keys: Vec<NewSubject> = [Mode::Live, Mode::Live, Mode::Test, Mode::Test].map(|mode| subject(&ring, mode)).into();
    let mut cells = Vec::new();
    for (key, owner) in keys.iter().enumerate() {
        for n in [10, 11] {
            let values: Vec<Vec<u8>> = (0..SLOTS).map(|s| format!("{key}-{n}-{s}").into_bytes()).collect();
            let randoms: Vec<[u8; 6]> = (0..SLOTS).map(|s| [key as u8, n as u8, s as u8, 1, 2, 3]).collect();
            let mut fields: Vec<_> = (0..SLOTS).map(|s| string(FIELDS[s], randoms[s], &values[s])).collect();
            fields[2].kind = ValueKind::Number;
            fields[1].category = 9;
            let row = ring.seal_record(&owner.key, number(n), &fields, &mut draw(draw_len(SLOTS))).unwrap();
            assert_eq!(row.len(), FIRST_SLOT + SLOTS * SLOT);
            cells.push(Cell { key, record: number(n), row });
        }
    }
    let parts = |slot: usize| {
        let at = FIRST_SLOT + slot * SLOT;
        [at..at + SLOT, at..at + HEADER, at + HEADER..at + SLOT]
    };
    let mut swaps = 0u64;
    let mut refused = |key: usize, record: RecordNo, slot: usize, row: &[u8]| {
        let opened = open_claimed(&keys[key].key, record, row, record, slot as u8);
        assert_eq!(opened, Err(VaultError::Sealed), "key {key} record {record:?} slot {slot}");
        swaps += 1;
    };
    for to in &cells {
        for slot in 0..SLOTS {
            let value = open_claimed(&keys[to.key].key, to.record, &to.row, to.record, slot as u8);
            assert_eq!(value.unwrap(), format!("{}-{}-{slot}", to.key, to.record.as_u64() & 0xff).into_bytes());
        }
        for from in &cells {
            let same_row = std::ptr::eq(to, from);
            for slot in 0..SLOTS {
                for from_slot in 0..SLOTS {
                    if same_row && slot == from_slot {
                        continue;
                    }
                    for (a, b) in parts(slot).into_iter().zip(parts(from_slot)) {
                        let mut row = to.row.clone();
                        row[a].copy_from_slice(&from.row[b]);
                        refused(to.key, to.record, slot, &row);
                    }
                }
                if !same_row {
                    // The whole row in another's place, and only its salt, only its commitment, both.
                    refused(to.key, to.record, slot, &from.row);
                    for range in [5..29, 29..61, 5..61] {
                        let mut row = to.row.clone();
                        row[range.clone()].copy_from_slice(&from.row[range]);
                        refused(to.key, to.record, slot, &row);
                    }
                }
            }
        }
    }
    println!("swap test, slots: {swaps} swaps, 0 silent successes");
    assert_eq!(swaps, 2_328);
}

#[test]
fn every_swap_of_a_wrapped_key_fails() {
    let mut store = store();
    let before = subject(&store.keyring().unwrap(), Mode::Live);
    store.rotate(Kind::Epoch, Timestamp(1), &mut draw(32)).unwrap();
    let ring = store.keyring().unwrap();
    let subjects = [before, subject(&ring, Mode::Live), subject(&ring, Mode::Test), subject(&ring, Mode::Test)];
    let scopes = [Scope::of(Mode::Live), Scope::of(Mode::Test), Scope { tenant: 2, mode: Mode::Live }];
    let epochs = [KeyVersion(1), KeyVersion(2)];
    let (mut swaps, mut right) = (0, 0);
    for wrapped in &subjects {
        for scope in scopes {
            for number in subjects.iter().map(|subject| subject.number).chain([SubjectNumber([0; 16])]) {
                for dek_id in subjects.iter().map(|subject| subject.dek_id).chain([DekId([0; 16])]) {
                    for epoch in epochs {
                        let claim = WrappedDek { epoch, bytes: wrapped.wrapped.bytes.clone() };
                        let opened = ring.open_subject(scope, number, dek_id, &claim);
                        let in_place = scope == wrapped.key.scope()
                            && number == wrapped.number
                            && dek_id == wrapped.dek_id
                            && epoch == wrapped.wrapped.epoch;
                        assert_eq!(opened.is_ok(), in_place);
                        if in_place { right += 1 } else { swaps += 1 }
                    }
                }
            }
        }
    }
    println!("swap test, wrapped keys: {swaps} swaps, 0 silent successes");
    assert_eq!((right, swaps), (4, 596));
}

#[test]
fn every_swap_of_bodies_pseudonyms_and_files_fails() {
    let ring = store().keyring().unwrap();
    let subjects = [subject(&ring, Mode::Live), subject(&ring, Mode::Live), subject(&ring, Mode::Test)];
    let purposes = [
        BodyPurpose::Queued,
        BodyPurpose::Held,
        BodyPurpose::Quarantined,
        BodyPurpose::Dead,
        BodyPurpose::Answer,
        BodyPurpose::Scan,
    ];
    let ids: [&[u8]; 3] = [b"1", b"2", b""];
    let mut sealed = Vec::new();
    for (key, owner) in subjects.iter().enumerate() {
        for purpose in purposes {
            for id in ids {
                let body = ring.seal_body(&owner.key, purpose, id, b"{\"a\":1}", &mut draw(BODY_DRAW)).unwrap();
                sealed.push((key, purpose, id, body));
            }
        }
    }
    let mut swaps = 0;
    for (key, purpose, id, body) in &sealed {
        for (other, reader) in subjects.iter().enumerate() {
            for as_purpose in purposes {
                for as_id in ids {
                    let opened = ring.open_body(&reader.key, as_purpose, as_id, body);
                    let in_place = (other, as_purpose, as_id) == (*key, *purpose, *id);
                    assert_eq!(opened.is_ok(), in_place);
                    swaps += u32::from(!in_place);
                }
            }
        }
    }
    for a in 0..subjects.len() {
        for b in 0..subjects.len() {
            let name = ring.open_pseudonym(&subjects[a].key, &subjects[b].sealed_pseudonym);
            assert_eq!(name.is_ok(), a == b);
            for (id, as_id) in [(b"f", b"f"), (b"f", b"g")] {
                let file = subjects[a].key.seal_file(id, b"CV", &mut draw(24)).unwrap();
                let opened = subjects[b].key.open_file(as_id, &file);
                assert_eq!(opened.is_ok(), a == b && id == as_id);
                swaps += u32::from(opened.is_err());
            }
            swaps += u32::from(a != b);
        }
    }
    println!("swap test, bodies, pseudonyms and files: {swaps} swaps, 0 silent successes");
    assert_eq!(swaps, 2_883);
}
