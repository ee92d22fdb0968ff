//! Rotation of every kind of key: what was made before stays readable, what is made after is new.

use super::{draw, live, new_subject, store};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{KeyVersion, Mode, RecordNo, Slot};
use vestibule_vault::keystore::{KeyState, Kind};
use vestibule_vault::rotation::{EPOCH, RotationError, Usage};
use vestibule_vault::{Keyring, VaultError, apikey, subject};

const UNUSED: Usage = Usage { rows: 0, backup_checked: true };

/// Everything a keyring can make, in one list, and whether another keyring still reads it.
struct Made {
    subject: subject::NewSubject,
    token: [u8; 16],
    tag: vestibule_vault::index::Tag,
    row_mac: [u8; 16],
    leaf: [u8; 32],
    head: [u8; 32],
    authority: [u8; 16],
    fingerprint: [u8; 8],
    replay: [u8; 16],
    body: Vec<u8>,
    api_key: apikey::MintedKey,
    delivery: [u8; 32],
}

const BODY: vestibule_vault::body::BodyPurpose = vestibule_vault::body::BodyPurpose::Held;

fn record() -> RecordNo {
    RecordNo::new(3, 1000).unwrap()
}

fn make(ring: &Keyring) -> Made {
    let subject = new_subject(ring);
    let tag = ring.subject_tags(live(), "hr", 7, b"a@b", None).unwrap()[0];
    Made {
        token: ring.token(record(), Slot(4), [5; 6]).unwrap(),
        row_mac: ring.index_mac("subject", &tag, &[b"row"]).unwrap(),
        leaf: ring.leaf_mac(&[1; 32], b"leaf"),
        head: ring.head_mac(&[1; 16], 5, &[2; 32]),
        authority: ring.authority_mac("grant", &[b"a"]),
        fingerprint: ring.fingerprint_token(&[1; 16]).unwrap(),
        replay: ring.replay_key(live(), "site", &[b"id"]),
        body: ring.seal_body(&subject.key, BODY, b"1", b"body", &mut draw(32)).unwrap(),
        api_key: ring.mint_api_key(Mode::Live, &mut draw(apikey::DRAW)).unwrap(),
        delivery: *ring.delivery_secret("r")[0].1.expose(),
        tag,
        subject,
    }
}

fn assert_reads(ring: &Keyring, made: &Made) {
    let subject = &made.subject;
    let key = ring.open_subject(live(), subject.number, subject.dek_id, &subject.wrapped).unwrap();
    assert_eq!(ring.open_pseudonym(&key, &subject.sealed_pseudonym).unwrap(), subject.pseudonym);
    assert_eq!(&**ring.open_body(&key, BODY, b"1", &made.body).unwrap(), b"body");
    let token = ring.open_token(made.token).unwrap();
    assert_eq!((token.record, token.slot, token.random), (record(), Slot(4), [5; 6]));
    assert_eq!(ring.token(record(), Slot(4), [5; 6]).unwrap(), made.token, "stable tokens stay the same");
    assert!(ring.subject_tags(live(), "hr", 7, b"a@b", None).unwrap().contains(&made.tag));
    assert!(ring.index_mac_verify("subject", &made.tag, &[b"row"], &made.row_mac));
    assert!(ring.leaf_mac_verify(&[1; 32], b"leaf", &made.leaf));
    assert!(ring.head_mac_verify(&[1; 16], 5, &[2; 32], &made.head));
    assert!(ring.authority_mac_verify("grant", &[b"a"], &made.authority));
    assert!(ring.token_fingerprints(&[1; 16]).unwrap().contains(&made.fingerprint));
    assert!(ring.replay_keys(live(), "site", &[b"id"], b"").iter().any(|keys| keys.event == made.replay));
    let parsed = apikey::parse_api_key(made.api_key.text.expose()).unwrap();
    assert!(ring.check_api_key(&parsed, Some(&made.api_key.hash)));
    assert!(ring.delivery_secret("r").iter().any(|(_, secret)| *secret.expose() == made.delivery));
}

#[test]
fn what_was_made_stays_readable_through_every_rotation() {
    let mut store = store();
    let before = make(&store.keyring().unwrap());
    for (n, kind) in (1..).zip(Kind::ALL) {
        if kind == Kind::Token {
            assert_eq!(store.rotate(kind, Timestamp(n), &mut draw(32)), Err(RotationError::NeedsHighestRecord));
            store.open_new_token_version(&[record()], Timestamp(n), &mut draw(32)).unwrap();
        } else {
            assert_eq!(store.rotate(kind, Timestamp(n), &mut draw(32)), Ok(KeyVersion(2)));
        }
        assert_eq!(store.active(kind).unwrap().activated(), Some(Timestamp(n)));
        assert_reads(&store.keyring().unwrap(), &before);
    }
    let ring = store.keyring().unwrap();
    let after = make(&ring);
    assert_reads(&ring, &after);
    assert_ne!(after.leaf, before.leaf);
    assert_ne!(after.head, before.head);
    assert_ne!(after.authority, before.authority);
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_ne!(after.replay, before.replay);
    assert_ne!(after.delivery, before.delivery);
    assert_ne!(after.tag, before.tag);
    assert_eq!(after.subject.wrapped.epoch, KeyVersion(2));
    println!("rotation: {} kinds, everything made before stays readable", Kind::ALL.len());
}

#[test]
fn an_announced_key_is_read_with_and_not_written_with() {
    let mut first = store();
    let version = first.announce(Kind::Audit, Timestamp(1), &mut draw(32)).unwrap();
    assert_eq!(first.announce(Kind::Audit, Timestamp(2), &mut draw(32)), Err(RotationError::AlreadyAnnounced));
    let reader = first.keyring().unwrap();
    let before = reader.leaf_mac(&[0; 32], b"x");
    first.activate(Kind::Audit, version, Timestamp(3)).unwrap();
    let writer = first.keyring().unwrap();
    let mac = writer.leaf_mac(&[0; 32], b"x");
    assert_ne!(mac, before);
    assert!(reader.leaf_mac_verify(&[0; 32], b"x", &mac));
    assert_eq!(first.activate(Kind::Audit, version, Timestamp(4)), Err(RotationError::WrongState));
    assert_eq!(first.activate(Kind::Audit, KeyVersion(9), Timestamp(4)), Err(RotationError::NoSuchVersion));

    let token = first.announce(Kind::Token, Timestamp(5), &mut draw(32)).unwrap();
    let reader = first.keyring().unwrap();
    first.activate_token(token, &[record()], Timestamp(6)).unwrap();
    let next = record().offset(1).unwrap();
    let block = first.keyring().unwrap().token(next, Slot(0), [1; 6]).unwrap();
    assert_eq!(reader.open_token(block).unwrap().record, next);
}

#[test]
fn keys_are_destroyed_only_when_nothing_needs_them() {
    let mut store = store();
    let old = new_subject(&store.keyring().unwrap());
    let v1 = KeyVersion(1);
    let destroy = |store: &mut vestibule_vault::KeyStore, usage| store.destroy(Kind::Epoch, v1, usage, Timestamp(9));
    assert_eq!(destroy(&mut store, UNUSED), Err(RotationError::WrongState));
    store.rotate(Kind::Epoch, Timestamp(1), &mut draw(32)).unwrap();
    assert_eq!(destroy(&mut store, Usage { rows: 3, ..UNUSED }), Err(RotationError::StillNamed(3)));
    assert_eq!(destroy(&mut store, Usage { rows: 0, backup_checked: false }), Err(RotationError::NoCheckedBackup));
    let ring = store.keyring().unwrap();
    let moved = ring.rewrap_subject(live(), old.number, old.dek_id, &old.wrapped, &mut draw(subject::REWRAP_DRAW)).unwrap();
    assert_eq!(moved.epoch, KeyVersion(2));
    assert_eq!(destroy(&mut store, UNUSED), Ok(()));
    let entry = store.versions(Kind::Epoch).next().unwrap();
    assert_eq!((entry.state(), entry.destroyed()), (KeyState::Destroyed, Some(Timestamp(9))));
    let ring = store.keyring().unwrap();
    let gone = ring.open_subject(live(), old.number, old.dek_id, &old.wrapped).err();
    assert_eq!(gone, Some(VaultError::KeyGone(Kind::Epoch, v1)));
    let key = ring.open_subject(live(), old.number, old.dek_id, &moved).unwrap();
    assert_eq!(ring.open_pseudonym(&key, &old.sealed_pseudonym).unwrap(), old.pseudonym);
    assert_eq!(destroy(&mut store, UNUSED), Err(RotationError::WrongState));
}

#[test]
fn epochs_fall_due_after_seven_days_and_grow_old() {
    let mut store = store();
    assert!(store.due(Timestamp(EPOCH.0 - 1)).is_empty());
    let later = Timestamp(EPOCH.0);
    assert_eq!(store.due(later), [Kind::Epoch, Kind::IndexOuter]);
    store.rotate(Kind::Epoch, later, &mut draw(32)).unwrap();
    assert_eq!(store.due(later), [Kind::IndexOuter]);
    let month = Span::days(30);
    assert!(store.older_than(month, Timestamp(month.0)).is_empty());
    let old = store.older_than(month, Timestamp(month.0 + 1));
    assert_eq!(old, [(Kind::Epoch, KeyVersion(1)), (Kind::IndexOuter, KeyVersion(1))]);
}
