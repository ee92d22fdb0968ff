//! The elements inside the sealed part of a key store.
//!
//! ```text
//! 1 store id     16 bytes
//! 2 tenant       u32
//! 3 key          kind u8 | version u32 | state u8 | created i64 | activated, retired, destroyed: optional i64
//!                | writers: optional (u16 count, then writer u16 | counter u64 each) | key: 0 or 32 bytes, length first
//! 4 erased       subject number 16 | time i64
//! 5 head         origin 16 | size u64 | mac 32
//! 6 revision     u64
//! 7 copy         time i64 | label, UTF-8
//! ```
//! An optional value is a byte 0, or a byte 1 and the value. Unknown elements are refused: a newer program raises the
//! format number instead. Order and repetition are as written; reading is strict and total.

use super::{Head, KeyEntry, KeyState, KeyStore, Kind, MadeCopy};
use crate::bytes::Reader;
use crate::context::lp;
use std::collections::BTreeMap;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, SubjectNumber};
use zeroize::Zeroizing;

const STORE_ID: u8 = 1;
const TENANT: u8 = 2;
const KEY: u8 = 3;
const ERASED: u8 = 4;
const HEAD: u8 = 5;
const REVISION: u8 = 6;
const COPY: u8 = 7;

impl KeyStore {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Sized beforehand: growing would leave copies of keys behind in freed memory.
        let writers: usize = self.keys.iter().map(|key| key.frozen_at.as_ref().map_or(0, BTreeMap::len)).sum();
        let labels: usize = self.copies.iter().map(|copy| copy.label.len() + 13).sum();
        let capacity = 128 + 96 * self.keys.len() + 10 * writers + 29 * self.erased.len() + labels;
        let mut out = Zeroizing::new(Vec::with_capacity(capacity));
        element(&mut out, STORE_ID, &self.store_id);
        element(&mut out, TENANT, &self.tenant.to_be_bytes());
        for key in &self.keys {
            element(&mut out, KEY, &encode_key(key));
        }
        for (number, at) in &self.erased {
            let mut value = [0; 24];
            for (to, from) in value.iter_mut().zip(number.0.into_iter().chain(at.0.to_be_bytes())) {
                *to = from;
            }
            element(&mut out, ERASED, &value);
        }
        if let Some(head) = &self.head {
            let value = [&head.origin[..], &head.size.to_be_bytes(), &head.mac].concat();
            element(&mut out, HEAD, &value);
        }
        element(&mut out, REVISION, &self.authority_revision.to_be_bytes());
        for copy in &self.copies {
            let value = [&copy.made.0.to_be_bytes()[..], copy.label.as_bytes()].concat();
            element(&mut out, COPY, &value);
        }
        out
    }

    pub(super) fn decode(plain: &[u8]) -> Option<KeyStore> {
        let mut reader = Reader::new(plain);
        let (mut store_id, mut tenant, mut revision) = (None, None, None);
        let mut store = KeyStore {
            store_id: [0; 16],
            tenant: 0,
            keys: Vec::new(),
            erased: Vec::new(),
            head: None,
            authority_revision: 0,
            copies: Vec::new(),
        };
        while !reader.is_empty() {
            let tag = reader.u8()?;
            let mut value = Reader::new(reader.lp()?);
            match tag {
                STORE_ID => store_id = Some(*value.array()?),
                TENANT => tenant = Some(value.u32()?),
                KEY => store.keys.push(decode_key(&mut value)?),
                ERASED => {
                    let number = SubjectNumber(*value.array()?);
                    store.erased.push((number, Timestamp(value.i64()?)));
                }
                HEAD => {
                    store.head = Some(Head { origin: *value.array()?, size: value.u64()?, mac: *value.array()? });
                }
                REVISION => revision = Some(value.u64()?),
                COPY => {
                    let made = Timestamp(value.i64()?);
                    let label = std::str::from_utf8(value.take(value.rest().len())?).ok()?;
                    store.copies.push(MadeCopy { made, label: label.to_owned() });
                }
                _ => return None,
            }
            if !value.is_empty() {
                return None;
            }
        }
        store.store_id = store_id?;
        store.tenant = tenant?;
        store.authority_revision = revision?;
        Some(store)
    }
}

fn encode_key(key: &KeyEntry) -> Zeroizing<Vec<u8>> {
    let writers = key.frozen_at.as_ref().map_or(0, BTreeMap::len);
    let mut out = Zeroizing::new(Vec::with_capacity(96 + 10 * writers));
    out.push(key.kind as u8);
    out.extend_from_slice(&key.version.0.to_be_bytes());
    out.push(key.state as u8);
    out.extend_from_slice(&key.created.0.to_be_bytes());
    for time in [key.activated, key.retired, key.destroyed] {
        out.push(u8::from(time.is_some()));
        if let Some(time) = time {
            out.extend_from_slice(&time.0.to_be_bytes());
        }
    }
    out.push(u8::from(key.frozen_at.is_some()));
    if let Some(frozen) = &key.frozen_at {
        out.extend_from_slice(&u16::try_from(frozen.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (writer, counter) in frozen.iter().take(usize::from(u16::MAX)) {
            out.extend_from_slice(&writer.to_be_bytes());
            out.extend_from_slice(&counter.to_be_bytes());
        }
    }
    lp(&mut out, key.key.as_ref().map_or(&[][..], |key| key.as_slice()));
    out
}

fn decode_key(value: &mut Reader<'_>) -> Option<KeyEntry> {
    let kind = Kind::from_code(value.u8()?)?;
    let version = KeyVersion(value.u32()?);
    let state = match value.u8()? {
        1 => KeyState::Announced,
        2 => KeyState::Active,
        3 => KeyState::Retired,
        4 => KeyState::Destroyed,
        _ => return None,
    };
    let created = Timestamp(value.i64()?);
    let mut time = || match value.u8()? {
        0 => Some(None),
        1 => Some(Some(Timestamp(value.i64()?))),
        _ => None,
    };
    let (activated, retired, destroyed) = (time()?, time()?, time()?);
    let frozen_at = match value.u8()? {
        0 => None,
        1 => {
            let mut writers = BTreeMap::new();
            for _ in 0..value.u16()? {
                writers.insert(value.u16()?, value.u64()?);
            }
            Some(writers)
        }
        _ => return None,
    };
    let bytes = value.lp()?;
    let key = match bytes.len() {
        0 => None,
        _ => Some(Zeroizing::new(<[u8; 32]>::try_from(bytes).ok()?)),
    };
    // A live key without its bytes, or a destroyed one with them, was not written by us.
    if key.is_none() != (state == KeyState::Destroyed) {
        return None;
    }
    Some(KeyEntry { kind, version, state, created, activated, retired, destroyed, frozen_at, key })
}

fn element(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    lp(out, value);
}
