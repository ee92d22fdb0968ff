//! Saved audits: one row an account, replaced only by who has read the run before, gone with their subject.

use crate::support::{Fixture, NOW, id, subject};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::SubjectNumber;
use vestibule_store::{AppendLeaf, EraseSubjects, NewSubjectRow, SaveScan, ScanSaved, SubjectUse};

const YEAR: Span = Span::days(365);

fn pending(n: u64, until: Timestamp) -> SubjectUse {
    SubjectUse::New(NewSubjectRow { pending_until: Some(until), realm: String::new(), ..subject(n) })
}

fn save(account: &str, after: i64, subject: SubjectUse, now: Timestamp) -> SaveScan {
    SaveScan {
        now,
        account: account.into(),
        after,
        subject,
        until: now.plus(YEAR),
        sealed: format!("sealed-scan-{account}-{after}-end").into_bytes(),
        leaf: b"leaf of a scan".to_vec(),
    }
}

#[test]
fn a_run_takes_the_place_of_the_one_that_was_read() {
    let fixture = Fixture::new();
    let writer = fixture.writer();
    assert_eq!(fixture.reader().scan("make").unwrap(), None);
    let first = writer.call(save("make", 0, pending(1, NOW.plus(YEAR)), NOW)).unwrap();
    assert_eq!(first, ScanSaved::Saved { run: 1 });
    let row = fixture.reader().scan("make").unwrap().unwrap();
    assert_eq!((row.run, row.saved, row.sealed.as_slice()), (1, NOW, &b"sealed-scan-make-0-end"[..]));

    let later = NOW.plus(Span::days(7));
    let again = |after| {
        let number = SubjectNumber(id("subject 1"));
        save("make", after, SubjectUse::Existing { row: row.subject, number }, later)
    };
    assert_eq!(writer.call(again(0)).unwrap(), ScanSaved::Stale, "somebody else was first");
    let leaves = fixture.reader().head().unwrap().seq;
    assert_eq!(writer.call(again(1)).unwrap(), ScanSaved::Saved { run: 2 });
    assert_eq!(fixture.reader().head().unwrap().seq, leaves + 1, "each saved run has a leaf, a refused one has none");
    let subject = fixture.reader().subject(row.subject).unwrap().unwrap();
    assert_eq!(subject.pending_until, Some(later.plus(YEAR)), "it lapses a year after the newest run");

    writer.call(save("flows", 0, pending(2, NOW.plus(YEAR)), NOW)).unwrap();
    assert_eq!(fixture.reader().scan_accounts().unwrap(), ["flows", "make"]);
}

#[test]
fn a_result_goes_with_its_subject() {
    let fixture = Fixture::new();
    let writer = fixture.writer();
    writer.call(save("make", 0, pending(1, NOW.plus(YEAR)), NOW)).unwrap();
    writer.call(save("flows", 0, pending(2, NOW.plus(Span::days(400))), NOW)).unwrap();
    let row = fixture.reader().scan("make").unwrap().unwrap();
    let number = SubjectNumber(id("subject 1"));

    let lapse =
        |now: Timestamp| EraseSubjects { now, subjects: vec![(row.subject, number, b"lapse".to_vec())], only_lapsed: true };
    writer.call(lapse(NOW.plus(Span::days(364)))).unwrap();
    assert!(fixture.reader().scan("make").unwrap().is_some());
    let due = fixture.reader().lapsed_subjects(NOW.plus(YEAR), 10).unwrap();
    assert_eq!(due.iter().map(|subject| subject.row).collect::<Vec<_>>(), [row.subject]);
    writer.call(lapse(NOW.plus(YEAR))).unwrap();
    assert_eq!(fixture.reader().scan_accounts().unwrap(), ["flows"]);
    assert!(!fixture.files_hold(b"sealed-scan-make-0-end"), "nothing of it is left in any file");
    assert!(fixture.files_hold(b"sealed-scan-flows-0-end"));

    // whoever was about to save under the erased key has to begin again
    let gone = save("make", 0, SubjectUse::Existing { row: row.subject, number }, NOW.plus(YEAR));
    assert_eq!(writer.call(gone).unwrap(), ScanSaved::Stale);
}

#[test]
fn a_store_of_the_release_before_gets_the_table() {
    let mut fixture = Fixture::new();
    fixture.accept(1);
    fixture.close();
    let conn = rusqlite::Connection::open(fixture.path()).unwrap();
    conn.execute_batch("DROP TABLE scan; PRAGMA user_version = 1").unwrap();
    drop(conn);
    fixture.reopen();
    assert_eq!(fixture.reader().counts().unwrap().events, 1);
    fixture.writer().call(AppendLeaf { leaf: b"leaf".to_vec() }).unwrap();
    let saved = fixture.writer().call(save("make", 0, pending(9, NOW.plus(YEAR)), NOW)).unwrap();
    assert_eq!(saved, ScanSaved::Saved { run: 1 });
}
