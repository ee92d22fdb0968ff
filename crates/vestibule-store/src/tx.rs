//! The transaction a job runs in: SQL, the head of the log, and what the writer remembers between batches.
//!
//! Only jobs of this crate can use it. What it remembers is thrown away with a rolled-back transaction and read again.

use crate::altered::Altering;
use crate::apikey::KeyTable;
use crate::audit::{self, Head};
use crate::replay::Replay;
use crate::subject::Standing;
use crate::{Ports, StoreError};
use crate::{event, meta, route};
use rusqlite::{CachedStatement, Connection};
use std::collections::HashSet;

/// One open write transaction. Its content is private to the store.
pub struct Tx<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) memory: &'a mut Memory,
    pub(crate) ports: &'a dyn Ports,
    pub(crate) altering: &'a Altering,
}

/// What the writer keeps in memory; it always equals what the last committed transaction left behind.
pub(crate) struct Memory {
    pub(crate) head: Head,
    pub(crate) keys: KeyTable,
    pub(crate) grant_revision: u64,
    pub(crate) replay: Replay,
    /// Row of the next event.
    pub(crate) next_event: i64,
    /// Routes whose deliveries are paused.
    pub(crate) disabled: HashSet<String>,
    /// Subjects that were seen to stand since any was last altered.
    pub(crate) standing: Standing,
}

impl Memory {
    pub(crate) fn load(conn: &Connection) -> Result<Memory, StoreError> {
        Ok(Memory {
            head: audit::head(conn)?,
            keys: KeyTable::load(conn)?,
            grant_revision: meta::grant_revision(conn)?,
            replay: Replay::load(conn)?,
            next_event: event::next(conn)?,
            disabled: route::disabled(conn)?.into_iter().map(|(route, ..)| route).collect(),
            standing: Standing::default(),
        })
    }
}

impl Tx<'_> {
    /// A statement that stays prepared.
    pub(crate) fn sql(&self, text: &str) -> Result<CachedStatement<'_>, StoreError> {
        Ok(self.conn.prepare_cached(text)?)
    }

    /// Appends a leaf to the log and gives its number.
    pub(crate) fn append(&mut self, leaf: &[u8]) -> Result<i64, StoreError> {
        let mac = self.ports.leaf_mac(&self.memory.head.mac, leaf);
        let seq = self.memory.head.seq + 1;
        self.sql("INSERT INTO leaf (seq, leaf, mac) VALUES (?1, ?2, ?3)")?.execute((seq, leaf, mac))?;
        self.memory.head.seq = seq;
        self.memory.head.mac = mac;
        Ok(seq)
    }
}
