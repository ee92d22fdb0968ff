//! Our own vectors: with a known draw, every stored format comes out as in `tests/vectors/frozen.json`. A difference
//! means that data stored by an earlier version no longer opens; the file changes only together with a format number.

use super::*;
use crate::Root;
use crate::body::BodyPurpose;
use serde_json::{Value, json};
use vestibule_core::id::hex;

const FROZEN: &str = include_str!("../../tests/vectors/frozen.json");

fn known(start: u8, len: usize) -> Draw {
    Draw::fixed((0..len).map(|i| start.wrapping_add((i * 7 + (i >> 8) * 13) as u8)).collect())
}

fn made() -> Value {
    let store = KeyStore::create(1, &mut known(1, keystore::CREATE_DRAW), Timestamp(1_700_000_000_000)).unwrap();
    let root = Root::generate(&mut known(2, 32)).unwrap();
    let ring = store.keyring().unwrap();
    let scope = Scope::of(Mode::Live);
    let new = ring.create_subject(scope, &mut known(3, CREATE_DRAW)).unwrap();
    let fields = [
        string("candidate.email", [1, 2, 3, 4, 5, 6], b"dana@example.com"),
        SlotValue { category: 300, kind: ValueKind::Number, ..string("salary", [9; 6], b"61000.50") },
        string("health", [7; 6], b""),
    ];
    let row = ring.seal_record(&new.key, number(42), &fields, &mut known(4, 32)).unwrap();
    let body = ring.seal_body(&new.key, BodyPurpose::Queued, b"17", b"{\"id\":1}", &mut known(5, 32)).unwrap();
    let tag = ring.subject_tags(scope, "hr", 7, b"dana@example.com", None).unwrap()[0];
    let id = ring.subject_tags(scope, "hr", 8, b"4711", Some("crm")).unwrap()[0];
    let stable = ring.stable_tags(scope, "hr", 7, new.number, b"dana@example.com").unwrap()[0];
    let minted = ring.mint_api_key(Mode::Live, &mut known(6, 128)).unwrap();
    let delivery = ring.delivery_secret("careers-apply");
    json!({
        "root_text": root.to_text().expose(),
        "root_id": hex(&root.id()),
        "key_store": hex(&store.to_bytes(&root, &mut known(7, 32)).unwrap()),
        "wrapped_dek": hex(&new.wrapped.bytes),
        "sealed_pseudonym": hex(&new.sealed_pseudonym),
        "record": hex(&row),
        "token": hex(&ring.token(number(42), Slot(1), [9; 6]).unwrap()),
        "body": hex(&body),
        "file": hex(&new.key.seal_file(b"cv", b"%PDF", &mut known(8, 24)).unwrap()),
        "subject_tag": hex(&tag.bytes),
        "subject_id_tag": hex(&id.bytes),
        "stable_tag": hex(&stable.bytes),
        "index_mac": hex(&ring.index_mac("subject", &tag, &[b"1", b"2"]).unwrap()),
        "replay_key": hex(&ring.replay_key(scope, "careers-apply", &[b"msg_1"])),
        "body_fingerprint": hex(&ring.body_fingerprint(scope, b"{}")),
        "token_fingerprint": hex(&ring.fingerprint_token(&[7; 16]).unwrap()),
        "leaf_mac": hex(&ring.leaf_mac(&[0; 32], b"leaf")),
        "head_mac": hex(&ring.head_mac(&[1; 16], 2, &[3; 32])),
        "authority_mac": hex(&ring.authority_mac("api key", &[b"id", b"hash"])),
        "api_key": minted.text.expose(),
        "api_key_hash": hex(&minted.hash),
        "scan_mark": ring.scan_marker().mark("value"),
        "delivery_secret": crate::fingerprint::delivery_secret_text(&delivery[0].1).expose(),
    })
}

#[test]
fn stored_formats_are_frozen() {
    let frozen: Value = serde_json::from_str(FROZEN).unwrap();
    let made = made();
    assert_eq!(frozen, made, "made:\n{}", serde_json::to_string_pretty(&made).unwrap());
    println!("frozen vectors: {} values", made.as_object().unwrap().len());
}

#[test]
fn the_frozen_key_store_opens_the_frozen_record() {
    let frozen: Value = serde_json::from_str(FROZEN).unwrap();
    let text = |name: &str| frozen[name].as_str().unwrap().to_owned();
    let bytes = |name: &str| -> Vec<u8> {
        let text = text(name);
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    };
    let root = Root::parse(text("root_text").as_bytes()).unwrap();
    let ring = KeyStore::open(&bytes("key_store"), &root).unwrap().keyring().unwrap();
    let known = known(3, 32);
    let mut ids = known;
    let number_of = vestibule_core::id::SubjectNumber(ids.take().unwrap());
    let dek_id = vestibule_core::id::DekId(ids.take().unwrap());
    let wrapped = crate::subject::WrappedDek { epoch: KeyVersion(1), bytes: bytes("wrapped_dek") };
    let key = ring.open_subject(Scope::of(Mode::Live), number_of, dek_id, &wrapped).unwrap();
    let value = |slot| open_claimed(&key, number(42), &bytes("record"), number(42), slot).unwrap();
    assert_eq!(value(0), b"dana@example.com");
    assert_eq!(value(1), b"61000.50");
    assert_eq!(value(2), b"");
    let token = ring.open_token(bytes("token").try_into().unwrap()).unwrap();
    assert_eq!((token.record, token.slot, token.random), (number(42), Slot(1), [9; 6]));
}
