//! Workflow keys and the receipts that depend on them: once a revocation or an erasure is answered, no receipt follows.

use crate::support::{Fixture, NOW, id};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{Mode, SubjectNumber, SubjectRow};
use vestibule_store::{
    ApiKeyRow, EraseSubjects, InsertKey, KeyWritten, Receipt, ReceiptReply, Refusal, RevokeKey, SetGrantRevision, SetMeta,
    TouchKeys,
};

fn key(name: &str) -> ApiKeyRow {
    ApiKeyRow {
        id: name.into(),
        mode: Mode::Live,
        workflow: "intake".into(),
        owner: "owner".into(),
        hash: [3; 32],
        detail: b"scopes".to_vec(),
        created: NOW,
        expires: NOW.plus(Span::days(1)),
        revoked: None,
        last_used: None,
        revision: 4,
        mac: [5; 16],
    }
}

fn receipt(name: &str) -> Receipt {
    Receipt {
        now: NOW,
        leaf: b"reveal".to_vec(),
        key: Some((name.into(), 4)),
        subjects: vec![(SubjectRow(1), SubjectNumber(id("subject 1")))],
        grant_revision: 0,
    }
}

fn seal(revision: u8) -> SetMeta {
    SetMeta { name: "seal".into(), value: vec![revision] }
}

fn revoke(name: &str) -> RevokeKey {
    RevokeKey { id: name.into(), expected: 4, revoked: NOW, revision: 5, mac: [6; 16], seal: seal(5), leaf: b"revoke".to_vec() }
}

#[test]
fn keys_are_kept_revoked_and_touched() {
    let mut fixture = Fixture::new();
    let writer = fixture.writer();
    let insert = || InsertKey { key: key("aaaaaaaaaa"), seal: seal(4), leaf: b"key".to_vec() };
    assert_eq!(writer.call(insert()).unwrap(), KeyWritten::Committed { leaf: 1 });
    assert_eq!(writer.call(insert()).unwrap(), KeyWritten::Exists);
    assert_eq!(fixture.reader().keys().unwrap(), [key("aaaaaaaaaa")]);
    let uses = |at| TouchKeys { uses: vec![("aaaaaaaaaa".into(), at), ("unknown".into(), at)] };
    writer.call(uses(Timestamp(70))).unwrap();
    writer.call(uses(Timestamp(60))).unwrap();
    assert_eq!(fixture.reader().keys().unwrap()[0].last_used, Some(Timestamp(70)));
    assert_eq!(writer.call(revoke("bbbbbbbbbb")).unwrap(), KeyWritten::Stale);
    assert_eq!(fixture.reader().meta("seal").unwrap(), Some(vec![4]));
    assert_eq!(writer.call(revoke("aaaaaaaaaa")).unwrap(), KeyWritten::Committed { leaf: 2 });
    assert_eq!(writer.call(revoke("aaaaaaaaaa")).unwrap(), KeyWritten::Stale);
    drop(writer);
    fixture.reopen();
    let stored = fixture.reader().keys().unwrap().remove(0);
    assert_eq!((stored.revoked, stored.revision, stored.mac), (Some(NOW), 5, [6; 16]));
    assert_eq!(fixture.reader().meta("seal").unwrap(), Some(vec![5]), "the seal changes with the list and not without");
}

#[test]
fn a_receipt_is_given_only_while_everything_stands() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    let insert = InsertKey { key: key("aaaaaaaaaa"), seal: seal(4), leaf: b"key".to_vec() };
    fixture.writer().call(insert).unwrap();
    assert_eq!(fixture.writer().call(receipt("aaaaaaaaaa")).unwrap(), ReceiptReply::Committed { leaf: 3 });

    let refused = |fixture: &Fixture, job: Receipt, why| {
        let before = fixture.reader().head().unwrap();
        assert_eq!(fixture.writer().call(job).unwrap(), ReceiptReply::Refused(why));
        assert_eq!(fixture.reader().head().unwrap(), before);
    };
    refused(&fixture, receipt("unknown"), Refusal::KeyRevoked);
    refused(&fixture, Receipt { key: Some(("aaaaaaaaaa".into(), 3)), ..receipt("") }, Refusal::KeyChanged);
    refused(&fixture, Receipt { now: NOW.plus(Span::days(1)), ..receipt("aaaaaaaaaa") }, Refusal::KeyExpired);
    refused(&fixture, Receipt { grant_revision: 1, ..receipt("aaaaaaaaaa") }, Refusal::GrantChanged);

    fixture.writer().call(SetGrantRevision { revision: 1 }).unwrap();
    refused(&fixture, receipt("aaaaaaaaaa"), Refusal::GrantChanged);
    fixture.reopen();
    refused(&fixture, receipt("aaaaaaaaaa"), Refusal::GrantChanged);
    let current = || Receipt { grant_revision: 1, ..receipt("aaaaaaaaaa") };
    assert!(matches!(fixture.writer().call(current()).unwrap(), ReceiptReply::Committed { .. }));

    let subject = (SubjectRow(1), SubjectNumber(id("subject 1")), b"erase".to_vec());
    fixture.writer().call(EraseSubjects { now: NOW, subjects: vec![subject], only_lapsed: false }).unwrap();
    refused(&fixture, current(), Refusal::SubjectErased);
    let nobody = || Receipt { subjects: Vec::new(), ..current() };
    assert!(matches!(fixture.writer().call(nobody()).unwrap(), ReceiptReply::Committed { .. }));
    fixture.writer().call(revoke("aaaaaaaaaa")).unwrap();
    refused(&fixture, nobody(), Refusal::KeyRevoked);
}

#[test]
fn within_one_transaction_too_no_receipt_follows_an_erasure() {
    let fixture = Fixture::new();
    fixture.accept(1);
    fixture.accept(2);
    let about = |n: u64| {
        let subjects = vec![(SubjectRow(i64::try_from(n).unwrap()), SubjectNumber(id(&format!("subject {n}"))))];
        Receipt { key: None, subjects, ..receipt("") }
    };
    // so that both are remembered as standing
    for n in [1, 2] {
        assert!(matches!(fixture.writer().call(about(n)).unwrap(), ReceiptReply::Committed { .. }));
    }
    let (tell, told) = std::sync::mpsc::channel();
    let outbox = fixture.writer().outbox();
    let ask = |name: &'static str, n: u64| {
        let tell = tell.clone();
        outbox.put(about(n), move |reply| tell.send((name, reply.unwrap())).unwrap());
    };
    ask("before", 1);
    let subject = (SubjectRow(1), SubjectNumber(id("subject 1")), b"erase".to_vec());
    outbox.put(EraseSubjects { now: NOW, subjects: vec![subject], only_lapsed: false }, |reply| drop(reply.unwrap()));
    ask("after", 1);
    ask("another", 2);
    outbox.send();
    let mut replies: Vec<_> = (0..3).map(|_| told.recv().unwrap()).collect();
    replies.push(("later", fixture.writer().call(about(1)).unwrap()));
    let given = |name| replies.iter().any(|(known, reply)| *known == name && matches!(reply, ReceiptReply::Committed { .. }));
    assert_eq!(["before", "after", "another", "later"].map(given), [true, false, true, false]);
}
