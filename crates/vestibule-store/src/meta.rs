//! Small named values.
//!
//! No personal data and no secret belongs here: values are stored as they are given.

use crate::{Job, StoreError, Tx};
use rusqlite::{Connection, OptionalExtension};

const GRANT_REVISION: &str = "grant_revision";

/// Sets a named value.
pub struct SetMeta {
    /// Name of the value.
    pub name: String,
    /// The value.
    pub value: Vec<u8>,
}

impl Job for SetMeta {
    type Reply = ();
    fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        put(tx.conn, &self.name, &self.value)
    }
}

pub(crate) fn put(conn: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?.execute((name, value))?;
    Ok(())
}

pub(crate) fn value(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()?)
}

/// The revision of the grants that reveals must have been decided under; 0 before any was set.
pub(crate) fn grant_revision(conn: &Connection) -> Result<u64, StoreError> {
    match value(conn, GRANT_REVISION)? {
        None => Ok(0),
        Some(bytes) => {
            let bytes = bytes.try_into().map_err(|_| StoreError::Malformed("meta"))?;
            Ok(u64::from_be_bytes(bytes))
        }
    }
}

pub(crate) fn set_grant_revision(conn: &Connection, revision: u64) -> Result<(), StoreError> {
    put(conn, GRANT_REVISION, &revision.to_be_bytes())
}
