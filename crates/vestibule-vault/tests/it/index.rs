//! Blind indexes: who shares a tag with whom, the outer layer, row MACs.

use super::{draw, live, new_subject, store};
use std::collections::HashSet;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, Scope, SubjectNumber};
use vestibule_vault::VaultError;
use vestibule_vault::keystore::Kind;
use vestibule_vault::rotation::Usage;

#[test]
fn tags_are_shared_by_nothing_but_the_same_value_in_the_same_place() {
    let ring = store().keyring().unwrap();
    let other = store().keyring().unwrap();
    let mut seen = HashSet::new();
    let mut count = 0;
    for ring in [&ring, &other] {
        for scope in [live(), Scope::of(Mode::Test), Scope { tenant: 2, mode: Mode::Live }] {
            for realm in ["hr", "sales", ""] {
                for category in [7, 8, 1000] {
                    for value in ["a@b.example", "a@b.exampl", ""] {
                        let value = value.as_bytes();
                        let mut tags = ring.subject_tags(scope, realm, category, value, None).unwrap();
                        for sender in ["crm", "in.crm", ""] {
                            tags.extend(ring.subject_tags(scope, realm, category, value, Some(sender)).unwrap());
                        }
                        for subject in [1, 2] {
                            let subject = SubjectNumber([subject; 16]);
                            tags.extend(ring.stable_tags(scope, realm, category, subject, value).unwrap());
                        }
                        count += tags.len();
                        seen.extend(tags.iter().map(|tag| tag.bytes));
                        let again = ring.subject_tags(scope, realm, category, value, None).unwrap();
                        assert_eq!(again[0], tags[0]);
                    }
                }
            }
        }
    }
    assert_eq!(seen.len(), count);
    println!("index: {count} places, no tag twice");
}

#[test]
fn rewrapping_needs_no_value_and_gives_the_tag_of_the_new_epoch() {
    let mut store = store();
    let tags = |ring: &vestibule_vault::Keyring| ring.subject_tags(live(), "hr", 7, b"a@b", None).unwrap();
    let old = tags(&store.keyring().unwrap())[0];
    store.rotate(Kind::IndexOuter, Timestamp(1), &mut draw(32)).unwrap();
    let ring = store.keyring().unwrap();
    let both = tags(&ring);
    assert_eq!((both.len(), both[1]), (2, old));
    let moved = ring.rewrap_tag(&old).unwrap();
    assert_eq!((moved, moved.epoch), (both[0], KeyVersion(2)));
    assert_eq!(ring.rewrap_tag(&moved).unwrap(), moved);
    assert_eq!(ring.active_index_epoch(), KeyVersion(2));

    let unused = Usage { rows: 0, backup_checked: false };
    store.destroy(Kind::IndexOuter, KeyVersion(1), unused, Timestamp(2)).unwrap();
    let ring = store.keyring().unwrap();
    assert_eq!(tags(&ring), [moved]);
    assert_eq!(ring.rewrap_tag(&old), Err(VaultError::KeyGone(Kind::IndexOuter, KeyVersion(1))));
}

#[test]
fn an_inner_key_rotates_and_old_rows_are_still_found() {
    let mut store = store();
    let subject = new_subject(&store.keyring().unwrap()).number;
    let tags = |ring: &vestibule_vault::Keyring| ring.stable_tags(live(), "hr", 7, subject, b"a@b").unwrap();
    let old = tags(&store.keyring().unwrap())[0];
    store.rotate(Kind::IndexInner, Timestamp(1), &mut draw(32)).unwrap();
    let now = tags(&store.keyring().unwrap());
    assert_ne!(now[0], old);
    assert!(now.contains(&old));
}

#[test]
fn a_row_mac_covers_everything_in_the_row() {
    let ring = store().keyring().unwrap();
    let tags: Vec<_> = [b"a", b"b"].map(|value| ring.subject_tags(live(), "hr", 7, value, None).unwrap()[0]).into();
    let mac = ring.index_mac("subject", &tags[0], &[b"ab", b"c"]).unwrap();
    assert!(ring.index_mac_verify("subject", &tags[0], &[b"ab", b"c"], &mac));
    assert!(!ring.index_mac_verify("stable", &tags[0], &[b"ab", b"c"], &mac));
    assert!(!ring.index_mac_verify("subject", &tags[1], &[b"ab", b"c"], &mac));
    assert!(!ring.index_mac_verify("subject", &tags[0], &[b"a", b"bc"], &mac));
    assert!(!ring.index_mac_verify("subject", &tags[0], &[b"ab", b"c", b""], &mac));
    let mut other_epoch = tags[0];
    other_epoch.epoch = KeyVersion(2);
    assert!(!ring.index_mac_verify("subject", &other_epoch, &[b"ab", b"c"], &mac));
}
