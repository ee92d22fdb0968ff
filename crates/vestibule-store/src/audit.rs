//! The log: leaves in order, chained by a MAC that the store asks for and cannot compute.
//!
//! What stands in a leaf is decided elsewhere; the store keeps its bytes.

use crate::row::{bytes, time};
use crate::{Job, StoreError, Tx};
use rusqlite::{Connection, OptionalExtension};
use vestibule_core::clock::Timestamp;

/// The end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The origin the newest leaf belongs to; `None` before the first [`NewOrigin`].
    pub origin: Option<[u8; 16]>,
    /// Number of the newest leaf, 0 if there is none. Numbers have no gaps and go on over a new origin.
    pub seq: i64,
    /// MAC of the newest leaf; zeros if there is none.
    pub mac: [u8; 32],
}

/// One leaf as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRow {
    /// Its number, from 1.
    pub seq: i64,
    /// The canonical bytes.
    pub leaf: Vec<u8>,
    /// HMAC(audit key, leaf, MAC of the leaf before).
    pub mac: [u8; 32],
}

/// Where an origin of the log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginRow {
    /// Number of its first leaf.
    pub first: i64,
    /// Its random name.
    pub id: [u8; 16],
    /// When it was opened.
    pub created: Timestamp,
}

/// Appends one leaf.
pub struct AppendLeaf {
    /// The canonical bytes.
    pub leaf: Vec<u8>,
}

impl Job for AppendLeaf {
    /// Number of the leaf.
    type Reply = i64;
    fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        tx.append(&self.leaf)
    }
}

/// Appends several leaves, one directly after the other.
pub struct AppendLeaves {
    /// The canonical bytes of each.
    pub leaves: Vec<Vec<u8>>,
}

impl Job for AppendLeaves {
    /// Number of the last leaf of the log.
    type Reply = i64;
    fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        for leaf in &self.leaves {
            tx.append(leaf)?;
        }
        Ok(tx.memory.head.seq)
    }
}

/// Opens an origin of the log with its first leaf: at creation, and when a restored database is behind the head that the
/// key store knows. Numbers and chain go on from the leaf that is there.
pub struct NewOrigin {
    /// Random name of the origin.
    pub id: [u8; 16],
    /// When.
    pub now: Timestamp,
    /// The leaf that says so.
    pub leaf: Vec<u8>,
}

impl Job for NewOrigin {
    /// Number of the first leaf of the origin.
    type Reply = i64;
    fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let seq = tx.append(&self.leaf)?;
        tx.sql("INSERT INTO origin (first, id, created) VALUES (?1, ?2, ?3)")?.execute((seq, self.id, self.now.0))?;
        tx.memory.head.origin = Some(self.id);
        Ok(seq)
    }
}

pub(crate) fn head(conn: &Connection) -> Result<Head, StoreError> {
    let newest = conn
        .prepare_cached("SELECT seq, mac FROM leaf ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, bytes(row, 1)?)))
        .optional()?;
    let origin = conn
        .prepare_cached("SELECT id FROM origin ORDER BY first DESC LIMIT 1")?
        .query_row([], |row| bytes(row, 0))
        .optional()?;
    let (seq, mac) = newest.unwrap_or((0, [0; 32]));
    Ok(Head { origin, seq, mac })
}

pub(crate) fn origins(conn: &Connection) -> Result<Vec<OriginRow>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT first, id, created FROM origin ORDER BY first")?;
    let rows = statement.query_map([], |row| Ok(OriginRow { first: row.get(0)?, id: bytes(row, 1)?, created: time(row, 2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn leaves(conn: &Connection, from: i64, to: i64) -> Result<Vec<LeafRow>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT seq, leaf, mac FROM leaf WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq")?;
    let rows = statement.query_map((from, to), |row| Ok(LeafRow { seq: row.get(0)?, leaf: row.get(1)?, mac: bytes(row, 2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
