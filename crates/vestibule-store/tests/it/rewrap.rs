//! Re-wrapping: pages through everything under an old key, and changes only what still is as it was read.

use crate::support::{Fixture, tag};
use vestibule_core::id::{KeyVersion, SubjectRow};
use vestibule_store::{RewrapStable, RewrapSubjectIndex, RewrapSubjects, RewrappedTag, StableRow, SubjectRewrap, Tag};

const OLD: KeyVersion = KeyVersion(1);
const NEW: KeyVersion = KeyVersion(2);

fn renewed(old: Tag) -> Tag {
    Tag { epoch: NEW, bytes: old.bytes.map(|byte| !byte) }
}

#[test]
fn every_subject_key_reaches_the_new_epoch_page_by_page() {
    let fixture = Fixture::new();
    for n in 1..=10 {
        fixture.accept(n);
    }
    let reader = fixture.reader();
    let mut after = SubjectRow(0);
    loop {
        let page = reader.subjects_of_epoch(OLD, after, 3).unwrap();
        let Some(last) = page.last() else { break };
        after = last.row;
        let subjects: Vec<SubjectRewrap> = page
            .iter()
            .map(|one| {
                let old = one.key.as_ref().unwrap().wrapped.clone();
                // Row 4 was changed by somebody else since it was read.
                let old = if one.row == SubjectRow(4) { b"stale".to_vec() } else { old };
                SubjectRewrap { row: one.row, old, epoch: NEW, new: format!("new {}", one.row.0).into_bytes() }
            })
            .collect();
        fixture.writer().call(RewrapSubjects { subjects }).unwrap();
    }
    assert_eq!(reader.epochs().unwrap(), [(OLD, 1), (NEW, 9)]);
    let key = reader.subject(SubjectRow(9)).unwrap().unwrap().key.unwrap();
    assert_eq!((key.epoch, key.wrapped), (NEW, b"new 9".to_vec()));
    let left = reader.subject(SubjectRow(4)).unwrap().unwrap().key.unwrap();
    assert_eq!((left.epoch, left.wrapped), (OLD, b"wrapped-key-4-end".to_vec()));
}

#[test]
fn both_indexes_move_to_a_new_outer_key_without_losing_a_row() {
    let fixture = Fixture::new();
    for n in 1..=10 {
        fixture.accept(n);
    }
    let reader = fixture.reader();
    loop {
        let page = reader.subject_index_of_epoch(OLD, 4).unwrap();
        if page.is_empty() {
            break;
        }
        let rows: Vec<_> =
            page.iter().map(|(row, _)| RewrappedTag { old: row.tag, new: renewed(row.tag), mac: [9; 16] }).collect();
        assert_eq!(fixture.writer().call(RewrapSubjectIndex { rows }).unwrap(), page.len());
    }
    loop {
        let page = reader.stable_index_of_epoch(OLD, 4).unwrap();
        if page.is_empty() {
            break;
        }
        let rows = page.iter().map(|row| (row.tag, StableRow { tag: renewed(row.tag), mac: [9; 16], ..*row })).collect();
        assert_eq!(fixture.writer().call(RewrapStable { rows }).unwrap(), page.len());
    }
    assert_eq!(reader.index_epochs().unwrap(), (vec![(NEW, 10)], vec![(NEW, 10)]));
    let hit = reader.subject_by_tags(&[renewed(tag("person 7")), tag("person 7")]).unwrap().unwrap();
    assert_eq!((hit.subject.row, hit.mac), (SubjectRow(7), [9; 16]));
    assert!(reader.stable_by_tags(&[tag("value 7")]).unwrap().is_none());
    assert!(reader.stable_by_tags(&[renewed(tag("value 7"))]).unwrap().is_some());
}
