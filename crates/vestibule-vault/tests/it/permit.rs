//! Reveal with real permits: the decision of core, a receipt, one second, one use.

use super::{draw, live, new_subject, store};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{Mode, RecordNo, Slot};
use vestibule_core::policy::call::{CallPath, CallPattern};
use vestibule_core::policy::{Call, Carrier, Grant, Opens, Place, Use, decide};
use vestibule_core::stage::{Permit, Receipt};
use vestibule_vault::record::{PackedRecord, SlotValue, ValueKind, draw_len};
use vestibule_vault::reveal::{Open, WireError};
use vestibule_vault::subject::NewSubject;
use vestibule_vault::{Keyring, VaultError};

const NOW: Timestamp = Timestamp(1_000_000);

fn record() -> RecordNo {
    RecordNo::new(1, 7).unwrap()
}

/// A permit for these slots of the record, by the decision core makes.
fn permit(owner: &NewSubject, slots: &[u8], leaf: i64) -> Permit {
    let grant = Grant {
        workflow: "w".to_owned(),
        call: CallPattern::parse("POST /candidates").unwrap(),
        places: vec![Place { carrier: Carrier::Body, name: "a".to_owned(), opens: Opens::Categories(vec![7]) }],
        conditions: Vec::new(),
        expires: None,
        batch: false,
    };
    let uses: Vec<Use> = slots
        .iter()
        .map(|slot| Use {
            place: Some(0),
            at: "a".into(),
            carrier: Carrier::Body,
            record: record(),
            slot: Slot(*slot),
            category: 7,
            subject: owner.number,
            mode: Mode::Live,
            in_audience: true,
        })
        .collect();
    let path = CallPath::parse("/candidates").unwrap();
    let call =
        Call { workflow: "w", mode: Mode::Live, method: "POST", path: &path, host: "ats.example", uses: &uses, addressees: &[] };
    Permit::new(decide(&call, &grant, NOW).unwrap(), Receipt::committed(leaf, NOW))
}

fn sealed(ring: &Keyring, owner: &NewSubject) -> (Vec<u8>, [[u8; 16]; 2]) {
    let field =
        |random: [u8; 6], value: &'static [u8]| SlotValue { category: 7, field: "f", kind: ValueKind::String, random, value };
    let fields = [field([1; 6], b"dana@example.com"), field([2; 6], b"Dana")];
    let row = ring.seal_record(&owner.key, record(), &fields, &mut draw(draw_len(2))).unwrap();
    let token = |slot: u8| ring.token(record(), Slot(slot), [slot + 1; 6]).unwrap();
    (row, [token(0), token(1)])
}

#[test]
fn values_come_out_once_under_their_permit() {
    let ring = store().keyring().unwrap();
    let owner = new_subject(&ring);
    let (row, tokens) = sealed(&ring, &owner);
    let packed = PackedRecord::parse(row).unwrap();
    let key = ring.open_subject(live(), owner.number, owner.dek_id, &owner.wrapped).unwrap();
    let opens = tokens.map(|block| Open { key: &key, first: record(), packed: &packed, token: ring.open_token(block).unwrap() });
    let second = Span::seconds(1);

    let granted = permit(&owner, &[0, 1], 1);
    let revealed = ring.reveal(&granted, NOW, &opens).unwrap();
    let wire: Result<_, WireError<()>> = revealed.into_wire(granted, NOW.plus(second), |values| {
        Ok(values.iter().map(|value| (value.kind, value.category, value.bytes.to_vec())).collect::<Vec<_>>())
    });
    let expected = [(ValueKind::String, 7, b"dana@example.com".to_vec()), (ValueKind::String, 7, b"Dana".to_vec())];
    assert_eq!(wire.unwrap(), expected);

    let stale = ring.reveal(&permit(&owner, &[0, 1], 1), NOW.plus(Span(1001)), &opens);
    assert_eq!(stale.err(), Some(VaultError::PermitStale));
    let narrow = ring.reveal(&permit(&owner, &[0], 1), NOW, &opens);
    assert_eq!(narrow.err(), Some(VaultError::NotPermitted));

    let granted = permit(&owner, &[0, 1], 1);
    let revealed = ring.reveal(&granted, NOW, &opens).unwrap();
    let late: Result<(), WireError<()>> = revealed.into_wire(granted, NOW.plus(Span(1001)), |_| panic!("composed"));
    assert!(matches!(late, Err(WireError::Stale)));

    let revealed = ring.reveal(&permit(&owner, &[0, 1], 1), NOW, &opens).unwrap();
    let other: Result<(), WireError<()>> = revealed.into_wire(permit(&owner, &[0, 1], 2), NOW, |_| panic!("composed"));
    assert!(matches!(other, Err(WireError::OtherPermit)));

    let granted = permit(&owner, &[0, 1], 1);
    let revealed = ring.reveal(&granted, NOW, &opens).unwrap();
    let refused: Result<(), _> = revealed.into_wire(granted, NOW, |_| Err("no"));
    assert!(matches!(refused, Err(WireError::Compose("no"))));
}
