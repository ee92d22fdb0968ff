//! The log: numbers without gaps, a chain that verifies, origins that keep both.

use crate::support::{Fixture, NOW, mix};
use vestibule_store::{AppendLeaf, AppendLeaves, NewOrigin, OriginRow};

#[test]
fn the_chain_verifies_from_the_first_leaf_over_restarts_and_origins() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.reader().head().unwrap().origin, None);
    let origin = |id: u8| NewOrigin { id: [id; 16], now: NOW, leaf: vec![b'o', id] };
    assert_eq!(fixture.writer().call(origin(1)), Ok(1));
    assert_eq!(fixture.writer().call(AppendLeaves { leaves: vec![b"a".to_vec(), b"b".to_vec()] }), Ok(3));
    fixture.reopen();
    assert_eq!(fixture.writer().call(origin(2)), Ok(4));
    assert_eq!(fixture.writer().call(AppendLeaf { leaf: b"c".to_vec() }), Ok(5));

    let reader = fixture.reader();
    let leaves = reader.leaves(1, i64::MAX).unwrap();
    let mut mac = [0; 32];
    for (seq, leaf) in (1..).zip(&leaves) {
        mac = mix(&[&mac[..], &leaf.leaf].concat());
        assert_eq!((leaf.seq, leaf.mac), (seq, mac));
    }
    let head = reader.head().unwrap();
    assert_eq!((head.origin, head.seq, head.mac), (Some([2; 16]), 5, mac));
    let origins = [OriginRow { first: 1, id: [1; 16], created: NOW }, OriginRow { first: 4, id: [2; 16], created: NOW }];
    assert_eq!(reader.origins().unwrap(), origins);
    assert_eq!(reader.leaves(2, 3).unwrap(), leaves[1..3]);
}
