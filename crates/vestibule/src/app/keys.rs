//! Workflow keys in memory: what a presented key is looked up in.
//!
//! A key authenticates a workflow in one mode. The table is swapped whole when a key is made or revoked, and the
//! receipt of each reveal checks the key once more in its transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::Mode;
use vestibule_store::ApiKeyRow;
use vestibule_vault::Keyring;
use vestibule_vault::apikey::{ParsedKey, parse_api_key};

/// Every key, by id; revoked ones too, so that the owner can see that somebody still uses one.
#[derive(Default)]
pub struct KeyTable(HashMap<String, Entry>);

struct Entry {
    row: ApiKeyRow,
    /// Whom the key proves, for all who come with it.
    principal: Arc<Principal>,
    /// Milliseconds of the last call with it, 0 for none since it was noted.
    used: AtomicI64,
}

/// A workflow that has proven who it is.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Its name.
    pub workflow: String,
    /// The mode of its key.
    pub mode: Mode,
    /// The id of its key.
    pub key: String,
    /// The revision of its key.
    pub revision: u64,
}

/// A row of a key that does not carry the authority's MAC: somebody wrote to the database.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the stored key `{0}` was not written by this gateway")]
pub struct ForgedKey(pub String);

impl KeyTable {
    /// Whether each of these rows carries the authority's MAC; that none is an older one, the list's seal shows.
    pub(super) fn check(rows: &[ApiKeyRow], keyring: &Keyring) -> Result<(), ForgedKey> {
        let fits = |row: &&ApiKeyRow| keyring.authority_mac_verify(LABEL, &parts(row).each_ref().map(Vec::as_slice), &row.mac);
        rows.iter().find(|row| !fits(row)).map_or(Ok(()), |row| Err(ForgedKey(row.id.clone())))
    }

    /// The table of rows that were checked.
    pub fn of(rows: Vec<ApiKeyRow>) -> KeyTable {
        let entries = rows.into_iter().map(|row| {
            let (workflow, key) = (row.workflow.clone(), row.id.clone());
            let principal = Arc::new(Principal { workflow, mode: row.mode, key, revision: row.revision });
            (row.id.clone(), Entry { row, principal, used: AtomicI64::new(0) })
        });
        KeyTable(entries.collect())
    }

    /// The workflow of a presented key, if the key stands at `now`.
    pub fn authenticate(&self, presented: &str, keyring: &Keyring, now: Timestamp) -> Option<Arc<Principal>> {
        self.examine(presented, keyring, now).ok()
    }

    /// As [`KeyTable::authenticate`], with the code of why not: for the owner, never for the caller. Unknown ids take as
    /// long as wrong secrets.
    pub fn examine(&self, presented: &str, keyring: &Keyring, now: Timestamp) -> Result<Arc<Principal>, &'static str> {
        let parsed: ParsedKey = parse_api_key(presented).ok_or("key.malformed")?;
        let entry = self.0.get(&parsed.id).filter(|entry| entry.row.mode == parsed.mode);
        let fits = keyring.check_api_key(&parsed, entry.map(|entry| &entry.row.hash));
        let entry = entry.filter(|_| fits).ok_or("key.unknown")?;
        let row = &entry.row;
        if row.revoked.is_some() {
            return Err("key.revoked");
        }
        if now >= row.expires {
            return Err("key.expired");
        }
        entry.used.store(now.0, Ordering::Relaxed);
        Ok(Arc::clone(&entry.principal))
    }

    /// The keys used since the last call of this function, with the moment.
    pub fn take_used(&self) -> Vec<(String, Timestamp)> {
        let used = self.0.iter().map(|(id, entry)| (id.clone(), Timestamp(entry.used.swap(0, Ordering::Relaxed))));
        used.filter(|(_, at)| at.0 > 0).collect()
    }

    /// The rows that stand, for lists.
    pub fn rows(&self) -> impl Iterator<Item = &ApiKeyRow> {
        self.0.values().map(|entry| &entry.row).filter(|row| row.revoked.is_none())
    }
}

/// The label under which the authority's MAC covers a key.
const LABEL: &str = "api-key";

/// The MAC of a key's row.
pub fn mac(keyring: &Keyring, row: &ApiKeyRow) -> [u8; 16] {
    keyring.authority_mac(LABEL, &parts(row).each_ref().map(Vec::as_slice))
}

fn parts(row: &ApiKeyRow) -> [Vec<u8>; 10] {
    [
        row.id.clone().into_bytes(),
        vec![row.mode.code()],
        row.workflow.clone().into_bytes(),
        row.owner.clone().into_bytes(),
        row.hash.to_vec(),
        row.detail.clone(),
        row.created.0.to_be_bytes().to_vec(),
        row.expires.0.to_be_bytes().to_vec(),
        row.revoked.map_or_else(Vec::new, |at| at.0.to_be_bytes().to_vec()),
        row.revision.to_be_bytes().to_vec(),
    ]
}
