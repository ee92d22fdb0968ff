//! Records that were looked up lately, as they stand in the store: sealed.
//!
//! The calls of one scenario open tokens of the same record one after the other. A row is kept for as long as the store has
//! altered or removed no record and no subject, of whichever person; then all of them go. So what is found here is what a
//! look-up would find. It decides nothing about time: whether a record has expired is for who reads it.

use super::row::Row;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use vestibule_core::id::RecordNo;

/// Bytes of all rows that one thread keeps.
const ROOM: usize = 16 * 1024 * 1024;
/// A larger row is not kept: it would push out many for the sake of one.
const LARGEST: usize = ROOM / 64;

/// The rows that one thread keeps, by the number they were asked for with.
#[derive(Default)]
pub struct Rows(RefCell<Kept>);

#[derive(Default)]
struct Kept {
    by_number: HashMap<RecordNo, Rc<Row>>,
    /// The alterations that all of them have seen.
    seen: u64,
    bytes: usize,
}

impl Rows {
    /// The row that covers this number, if it is kept and nothing has been altered since.
    pub fn find(&self, number: RecordNo, alterations: u64) -> Option<Rc<Row>> {
        let kept = self.0.borrow();
        kept.by_number.get(&number).filter(|_| kept.seen == alterations).cloned()
    }

    /// Keeps a row, found when so many alterations had been seen.
    pub fn keep(&self, number: RecordNo, row: &Rc<Row>, seen: u64) {
        let bytes = row.size();
        if bytes > LARGEST {
            return;
        }
        let mut kept = self.0.borrow_mut();
        if kept.seen != seen || kept.bytes + bytes > ROOM {
            *kept = Kept { seen, ..Kept::default() };
        }
        if kept.by_number.insert(number, Rc::clone(row)).is_none() {
            kept.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::World;
    use vestibule_store::RecordData;

    fn row() -> (RecordNo, RecordData) {
        let world = World::new();
        world.accept("dana@example.com");
        let reader = world.app.store.reader().unwrap();
        let number = reader.highest_record().unwrap().unwrap();
        (number, reader.record(number).unwrap().unwrap())
    }

    #[test]
    fn a_row_stays_until_something_is_altered() {
        let (number, row) = row();
        let (row, rows) = (Rc::new(Row::from(row)), Rows::default());
        rows.keep(number, &row, 3);
        assert!(Rc::ptr_eq(&rows.find(number, 3).unwrap(), &row));
        assert!(rows.find(number, 4).is_none());
        rows.keep(number.offset(1).unwrap(), &row, 4);
        assert!(rows.find(number, 4).is_none(), "what was seen before is gone");
        assert!(rows.find(number.offset(1).unwrap(), 4).is_some());
    }

    #[test]
    fn there_is_room_for_so_much_and_none_for_the_largest() {
        let (number, row) = row();
        let rows = Rows::default();
        let large = Rc::new(Row::from(RecordData { audience: Some(vec![0; LARGEST]), ..row.clone() }));
        rows.keep(number, &large, 0);
        assert!(rows.find(number, 0).is_none());
        let row = Rc::new(Row::from(RecordData { audience: Some(vec![0; LARGEST / 4]), ..row }));
        for at in 0..1000 {
            rows.keep(number.offset(at).unwrap(), &row, 0);
            assert!(rows.find(number.offset(at).unwrap(), 0).is_some());
            assert!(rows.0.borrow().bytes <= ROOM);
        }
        assert!(rows.find(number, 0).is_none());
    }
}
