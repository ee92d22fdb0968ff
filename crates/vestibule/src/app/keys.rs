//! Workflow keys in memory: what a presented key is looked up in.
//!
//! A key authenticates a workflow in one mode. The table is swapped whole when a key is made or revoked, and the
//! receipt of each reveal checks the key once more in its transaction.

use super::{App, LoadError};
use std::collections::HashMap;
use vestibule_core::audit::Actor;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::Mode;
use vestibule_core::secret::Secret;
use vestibule_store::{ApiKeyRow, InsertKey, KeyWritten, RevokeKey, StoreError};
use vestibule_vault::apikey::{self, ParsedKey, parse_api_key};
use vestibule_vault::{Draw, Keyring, VaultError};

/// Every key that is not revoked, by id.
#[derive(Default)]
pub struct KeyTable(HashMap<String, ApiKeyRow>);

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
    /// The table of these rows; each must carry the authority's MAC.
    pub fn load(rows: Vec<ApiKeyRow>, keyring: &Keyring) -> Result<KeyTable, ForgedKey> {
        let mut table = HashMap::new();
        for row in rows {
            if !keyring.authority_mac_verify(LABEL, &parts(&row).each_ref().map(Vec::as_slice), &row.mac) {
                return Err(ForgedKey(row.id));
            }
            if row.revoked.is_none() {
                table.insert(row.id.clone(), row);
            }
        }
        Ok(KeyTable(table))
    }

    /// The workflow of a presented key, if the key stands at `now`. Unknown ids take as long as wrong secrets.
    pub fn authenticate(&self, presented: &str, keyring: &Keyring, now: Timestamp) -> Option<Principal> {
        let parsed: ParsedKey = parse_api_key(presented)?;
        let row = self.0.get(&parsed.id).filter(|row| row.mode == parsed.mode);
        let fits = keyring.check_api_key(&parsed, row.map(|row| &row.hash));
        let row = row.filter(|_| fits).filter(|row| now < row.expires)?;
        Some(Principal {
            workflow: row.workflow.clone(),
            mode: row.mode,
            key: row.id.clone(),
            revision: row.revision,
        })
    }

    /// The rows, for lists.
    pub fn rows(&self) -> impl Iterator<Item = &ApiKeyRow> {
        self.0.values()
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

/// What a new key is for.
pub struct NewKey<'a> {
    /// The workflow it authenticates.
    pub workflow: &'a str,
    /// Test or live.
    pub mode: Mode,
    /// Who answers for it.
    pub owner: &'a str,
    /// How long it stands; at most [`LONGEST`].
    pub lifetime: Span,
    /// Who makes it, for the log.
    pub actor: Actor,
}

/// The longest a key may stand (R27).
pub const LONGEST: Span = Span::days(365);

/// Makes a key and puts it in force. The text is shown once and stored nowhere.
pub fn create(app: &App, new: NewKey<'_>) -> Result<(ApiKeyRow, Secret<String>), LoadError> {
    let keyring = app.keeper.keyring();
    let minted = keyring.mint_api_key(new.mode, &mut Draw::new(apikey::DRAW)?)?;
    let now = app.clock.now();
    let mut row = ApiKeyRow {
        id: minted.id,
        mode: new.mode,
        workflow: new.workflow.to_owned(),
        owner: new.owner.to_owned(),
        hash: minted.hash,
        detail: Vec::new(),
        created: now,
        expires: now.plus(new.lifetime.min(LONGEST)),
        revoked: None,
        last_used: None,
        revision: next_revision(app)?,
        mac: [0; 16],
    };
    row.mac = mac(&keyring, &row);
    let mut leaf = app.leaf(new.actor, "key.create", new.mode);
    leaf.fields = vec![new.workflow.to_owned(), row.id.clone()];
    match app.writer.call(InsertKey { key: row.clone(), leaf: leaf.to_bytes() })? {
        KeyWritten::Committed { .. } => {}
        KeyWritten::Exists | KeyWritten::Stale => return Err(LoadError::Store(StoreError::Busy)),
    }
    settle(app, row.revision)?;
    Ok((row, minted.text))
}

/// Revokes a key at once. Returns whether there was one that stood.
pub fn revoke(app: &App, id: &str, actor: Actor) -> Result<bool, LoadError> {
    let standing = app.store.reader()?.keys()?.into_iter().find(|row| row.id == id && row.revoked.is_none());
    let Some(mut row) = standing else { return Ok(false) };
    let expected = row.revision;
    row.revoked = Some(app.clock.now());
    row.revision = next_revision(app)?;
    row.mac = mac(&app.keeper.keyring(), &row);
    let mut leaf = app.leaf(actor, "key.revoke", row.mode);
    leaf.fields = vec![row.workflow.clone(), row.id.clone()];
    let job = RevokeKey {
        id: row.id,
        expected,
        revoked: app.clock.now(),
        revision: row.revision,
        mac: row.mac,
        leaf: leaf.to_bytes(),
    };
    let written = app.writer.call(job)?;
    settle(app, row.revision)?;
    Ok(matches!(written, KeyWritten::Committed { .. }))
}

/// The revision of the next change of keys: larger than any the database or the key store has seen.
fn next_revision(app: &App) -> Result<u64, LoadError> {
    let stored = app.store.reader()?.keys()?.iter().map(|row| row.revision).max().unwrap_or(0);
    Ok(app.keeper.read(|keys| keys.authority_revision()).max(stored) + 1)
}

/// After a change: the key store learns the revision, so that putting the old row back is found, and the table in memory
/// is read again.
fn settle(app: &App, revision: u64) -> Result<(), LoadError> {
    app.keeper.change(|keys| {
        keys.raise_authority_revision(revision);
        Ok::<_, VaultError>(())
    })?;
    let rows = app.store.reader()?.keys()?;
    app.set_keys(KeyTable::load(rows, &app.keeper.keyring())?);
    Ok(())
}
