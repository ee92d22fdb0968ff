//! Records: padding, large events, every flipped byte, the order of checks in a reveal.

use super::*;
use crate::record::{MAX_VALUE, draw_len, padded, place, records};

fn sealed(fields: &[SlotValue<'_>]) -> (Keyring, NewSubject, Vec<u8>) {
    let ring = store().keyring().unwrap();
    let owner = subject(&ring, Mode::Live);
    let row = ring.seal_record(&owner.key, number(5), fields, &mut draw(draw_len(fields.len()))).unwrap();
    (ring, owner, row)
}

#[test]
fn sizes_show_only_their_bucket() {
    let buckets: Vec<usize> = [0, 12, 13, 28, 29, 60, 61, 124, 125].map(padded).into();
    assert_eq!(buckets, [16, 16, 32, 32, 64, 64, 128, 128, 256]);
    for len in 0..300 {
        let value = vec![b'x'; len];
        let (_, owner, row) = sealed(&[string("f", [0; 6], &value)]);
        assert_eq!(row.len(), 3 + 58 + 11 + 4 + padded(len) + 16);
        assert_eq!(open_claimed(&owner.key, number(5), &row, number(5), 0).unwrap(), value);
    }
}

#[test]
fn an_empty_special_slot_looks_like_a_short_answer() {
    let (_, _, empty) = sealed(&[string("health", [1; 6], b"")]);
    let (_, owner, short) = sealed(&[string("health", [1; 6], b"asthma")]);
    assert_eq!(empty.len(), short.len());
    assert_eq!(open_claimed(&owner.key, number(5), &short, number(5), 0).unwrap(), b"asthma");
    let (_, owner, empty) = sealed(&[string("health", [1; 6], b"")]);
    assert_eq!(open_claimed(&owner.key, number(5), &empty, number(5), 0).unwrap(), b"");
}

#[test]
fn an_event_with_many_fields_takes_consecutive_numbers() {
    for count in [0, 1, 255, 256, 257, 600] {
        let values: Vec<String> = (0..count).map(|i| format!("value {i}")).collect();
        let fields: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(i, value)| string("f", [0, 0, 0, 0, (i >> 8) as u8, i as u8], value.as_bytes()))
            .collect();
        let (_, owner, row) = sealed(&fields);
        let packed = PackedRecord::parse(row).unwrap();
        assert_eq!(packed.records(), records(count));
        assert_eq!(packed.slots(number(5)).count(), count);
        let opens: Vec<Open<'_>> = fields
            .iter()
            .enumerate()
            .rev()
            .map(|(i, field)| {
                let (record, slot) = place(number(5), i).unwrap();
                let token = TokenRef { version: KeyVersion(1), record, slot, random: field.random };
                Open { key: &owner.key, first: number(5), packed: &packed, token }
            })
            .collect();
        let opened = testing::open(&opens).unwrap();
        assert!(opened.iter().rev().map(|(_, _, value)| value.as_slice()).eq(values.iter().map(String::as_bytes)));
    }
}

#[test]
fn kinds_and_categories_come_back() {
    let kinds = [ValueKind::String, ValueKind::Number, ValueKind::Bool, ValueKind::Name, ValueKind::Json, ValueKind::Bytes];
    let mut fields: Vec<_> = kinds.map(|kind| SlotValue { kind, ..string("f", [3; 6], b"1.50") }).into();
    fields[4].category = u16::MAX;
    let (_, owner, row) = sealed(&fields);
    let packed = PackedRecord::parse(row).unwrap();
    for (i, kind) in kinds.into_iter().enumerate() {
        let token = TokenRef { version: KeyVersion(1), record: number(5), slot: Slot(i as u8), random: [3; 6] };
        let open = Open { key: &owner.key, first: number(5), packed: &packed, token };
        let category = if i == 4 { u16::MAX } else { 7 };
        assert_eq!(testing::open(&[open]).unwrap(), [(kind, category, b"1.50".to_vec())]);
    }
}

#[test]
fn every_flipped_bit_is_found_by_the_slots_it_touches() {
    let values: [&[u8]; 2] = [b"dana@example.com", b"Dana"];
    let (_, owner, row) = sealed(&[string("mail", [1; 6], values[0]), string("name", [2; 6], values[1])]);
    let first_slot = 3 + 58;
    let second_slot = first_slot + 14 + 4 + 32 + 16;
    let mut flips = 0;
    for at in 0..row.len() {
        for bit in 0..8 {
            let mut bad = row.clone();
            bad[at] ^= 1 << bit;
            let opened: Vec<_> = (0..2u8).map(|slot| open_claimed(&owner.key, number(5), &bad, number(5), slot)).collect();
            for (slot, opened) in opened.iter().enumerate() {
                let touched = at < first_slot || (at < second_slot) == (slot == 0);
                assert!(opened.is_err() || !touched, "byte {at} bit {bit} slot {slot}");
                if let Ok(value) = opened {
                    assert_eq!(value, values[slot]);
                }
            }
            flips += 1;
        }
        assert!(PackedRecord::parse(row[..at].to_vec()).is_err());
    }
    println!("record: {flips} flipped bits, all found");
    let longer = [row.as_slice(), &[0]].concat();
    assert!(PackedRecord::parse(longer).is_err());
}

#[test]
fn a_reveal_refuses_before_it_opens() {
    let (_, owner, row) = sealed(&[string("a", [1; 6], b"x"), string("b", [2; 6], b"y")]);
    let packed = PackedRecord::parse(row).unwrap();
    let open = |slot: u8, random: [u8; 6]| Open {
        key: &owner.key,
        first: number(5),
        packed: &packed,
        token: TokenRef { version: KeyVersion(1), record: number(5), slot: Slot(slot), random },
    };
    let all = [open(0, [1; 6]), open(1, [2; 6])];
    assert_eq!(testing::open(&all).unwrap().len(), 2);
    let only_first = testing::open_where(&all, |_, slot| slot == Slot(0));
    assert_eq!(only_first.unwrap_err(), VaultError::NotPermitted);
    let other_random = testing::open(&[open(0, [1; 6]), open(1, [1; 6])]);
    assert_eq!(other_random.unwrap_err(), VaultError::TokenMismatch);
    assert_eq!(testing::open(&[open(2, [2; 6])]).unwrap_err(), VaultError::TokenMismatch);
}

#[test]
fn what_does_not_fit_the_format_is_refused() {
    let ring = store().keyring().unwrap();
    let owner = subject(&ring, Mode::Live);
    let long = "x".repeat(256);
    let seal = |field: SlotValue<'_>, first, len| ring.seal_record(&owner.key, first, &[field], &mut draw(len)).unwrap_err();
    assert_eq!(seal(string(&long, [0; 6], b""), number(1), 32), VaultError::TooLong("field"));
    let huge = vec![0; MAX_VALUE + 1];
    assert_eq!(seal(string("f", [0; 6], &huge), number(1), 32), VaultError::TooLong("value"));
    assert_eq!(seal(string("f", [0; 6], b""), number(1), 31), VaultError::DrawExhausted);
    let fields: Vec<_> = (0..257).map(|_| string("f", [0; 6], b"")).collect();
    let last = number(RecordNo::MAX_COUNTER);
    let error = ring.seal_record(&owner.key, last, &fields, &mut draw(64)).unwrap_err();
    assert_eq!(error, VaultError::RecordNotCovered);
}
