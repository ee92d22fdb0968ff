//! Workflow keys: who they belong to and a hash of the secret, with the authority's MAC and revision.
//!
//! Whether a presented secret fits is decided by the vault; the writer only keeps, for its receipts, which keys stand.

use crate::row::{bytes, mode, optional_time, time};
use crate::{Job, SetMeta, StoreError, Tx};
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::Mode;

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its public identifier, 10 characters.
    pub id: String,
    /// Test or live.
    pub mode: Mode,
    /// The workflow it speaks for.
    pub workflow: String,
    /// Who answers for it.
    pub owner: String,
    /// HMAC(pepper, secret).
    pub hash: [u8; 32],
    /// Scopes and addresses; opaque here.
    pub detail: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// From when it is refused.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute or so; not covered by the MAC.
    pub last_used: Option<Timestamp>,
    /// Revision of the authority at its last change.
    pub revision: u64,
    /// MAC of the authority over the row.
    pub mac: [u8; 16],
}

/// Adds a key.
pub struct InsertKey {
    /// The key; its `last_used` is ignored.
    pub key: ApiKeyRow,
    /// What the caller keeps of the whole list, written in the same transaction.
    pub seal: SetMeta,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// Revokes a key; its row stays.
pub struct RevokeKey {
    /// Identifier of the key.
    pub id: String,
    /// The revision the caller has read.
    pub expected: u64,
    /// When.
    pub revoked: Timestamp,
    /// New revision.
    pub revision: u64,
    /// MAC over the changed row.
    pub mac: [u8; 16],
    /// What the caller keeps of the whole list, written in the same transaction.
    pub seal: SetMeta,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// Notes when keys were last used.
pub struct TouchKeys {
    /// Identifier and moment of each.
    pub uses: Vec<(String, Timestamp)>,
}

/// What became of a change to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWritten {
    /// Written; receipts see it from the next batch on at the latest.
    Committed {
        /// Number of the leaf.
        leaf: i64,
    },
    /// There is a key with this identifier already; nothing was written.
    Exists,
    /// There is no such key with this revision; nothing was written.
    Stale,
}

impl Job for InsertKey {
    type Reply = KeyWritten;
    fn run(&self, tx: &mut Tx<'_>) -> Result<KeyWritten, StoreError> {
        let key = &self.key;
        if tx.memory.keys.0.contains_key(&key.id) {
            return Ok(KeyWritten::Exists);
        }
        tx.sql(
            "INSERT INTO api_key (id, mode, workflow, owner, hash, detail, created, expires, revoked, revision, mac) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((
            &key.id,
            key.mode.code(),
            &key.workflow,
            &key.owner,
            key.hash,
            &key.detail,
            key.created.0,
            key.expires.0,
            key.revoked.map(|revoked| revoked.0),
            revision(key.revision)?,
            key.mac,
        ))?;
        let standing = Standing { revision: key.revision, expires: key.expires, revoked: key.revoked.is_some() };
        tx.memory.keys.0.insert(key.id.clone(), standing);
        self.seal.run(tx)?;
        Ok(KeyWritten::Committed { leaf: tx.append(&self.leaf)? })
    }
}

impl Job for RevokeKey {
    type Reply = KeyWritten;
    fn run(&self, tx: &mut Tx<'_>) -> Result<KeyWritten, StoreError> {
        match tx.memory.keys.0.get_mut(&self.id) {
            Some(standing) if standing.revision == self.expected => {
                standing.revoked = true;
                standing.revision = self.revision;
            }
            _ => return Ok(KeyWritten::Stale),
        }
        tx.sql("UPDATE api_key SET revoked = ?2, revision = ?3, mac = ?4 WHERE id = ?1")?.execute((
            &self.id,
            self.revoked.0,
            revision(self.revision)?,
            self.mac,
        ))?;
        self.seal.run(tx)?;
        Ok(KeyWritten::Committed { leaf: tx.append(&self.leaf)? })
    }
}

impl Job for TouchKeys {
    type Reply = ();
    fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut statement = tx.sql("UPDATE api_key SET last_used = max(coalesce(last_used, 0), ?2) WHERE id = ?1")?;
        for (id, at) in &self.uses {
            statement.execute((id, at.0))?;
        }
        Ok(())
    }
}

/// Which keys stand, for receipts.
pub(crate) struct KeyTable(HashMap<String, Standing>);

/// What a receipt must know of a key.
pub(crate) struct Standing {
    pub(crate) revision: u64,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: bool,
}

impl KeyTable {
    pub(crate) fn load(conn: &Connection) -> Result<KeyTable, StoreError> {
        let keys = all(conn)?.into_iter().map(|key| {
            let standing = Standing { revision: key.revision, expires: key.expires, revoked: key.revoked.is_some() };
            (key.id, standing)
        });
        Ok(KeyTable(keys.collect()))
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Standing> {
        self.0.get(id)
    }
}

pub(crate) fn all(conn: &Connection) -> Result<Vec<ApiKeyRow>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, mode, workflow, owner, hash, detail, created, expires, revoked, last_used, revision, mac \
         FROM api_key ORDER BY id",
    )?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKeyRow> {
    let revision: i64 = row.get(10)?;
    Ok(ApiKeyRow {
        id: row.get(0)?,
        mode: mode(row, 1)?,
        workflow: row.get(2)?,
        owner: row.get(3)?,
        hash: bytes(row, 4)?,
        detail: row.get(5)?,
        created: time(row, 6)?,
        expires: time(row, 7)?,
        revoked: optional_time(row, 8)?,
        last_used: optional_time(row, 9)?,
        revision: u64::try_from(revision).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(10, revision))?,
        mac: bytes(row, 11)?,
    })
}

fn revision(revision: u64) -> Result<i64, StoreError> {
    i64::try_from(revision).map_err(|_| StoreError::Range)
}
