//! The seal over the list of workflow keys: which rows there are, and at which revision.
//!
//! A row's own MAC shows that this gateway wrote it, not that it is the newest state of that key. So the list carries one
//! MAC over the id, the revision and the MAC of every row. It is written in the transaction that changes the list, so no
//! crash parts the two, and counts for the newest list only if its revision is not behind the one in the key store.
//!
//! ```text
//! seal = revision u64, big-endian | MAC of the authority over revision, then id | revision | MAC of each row, by id 16
//! ```

use super::keys::KeyTable;
use super::{App, LoadError};
use vestibule_store::{ApiKeyRow, Reader, SetMeta};
use vestibule_vault::{KeyStore, Keyring, VaultError};

/// The name of the seal among the store's values, and the label of its MAC.
const NAME: &str = "api-keys";

/// The rows of a list whose seal holds.
pub struct Sealed {
    /// The revision of the newest change.
    pub revision: u64,
    /// Every key, by id.
    pub rows: Vec<ApiKeyRow>,
}

/// The list as it stands in the database, if all of it was written by this gateway and no row of it is an older one.
pub fn read(reader: &Reader, keyring: &Keyring) -> Result<Sealed, LoadError> {
    let (rows, seal) = reader.at_one_moment(|reader| Ok((reader.keys()?, reader.meta(NAME)?)))?;
    KeyTable::check(&rows, keyring)?;
    let revision = match seal {
        // no key was ever made
        None if rows.is_empty() => 0,
        None => return Err(LoadError::AuthorityRolledBack),
        Some(seal) => {
            let (revision, mac) = seal.split_first_chunk::<8>().ok_or(LoadError::AuthorityRolledBack)?;
            let mac: &[u8; 16] = mac.try_into().map_err(|_| LoadError::AuthorityRolledBack)?;
            let revision = u64::from_be_bytes(*revision);
            if !keyring.authority_mac_verify(NAME, &slices(&parts(revision, &rows)), mac) {
                return Err(LoadError::AuthorityRolledBack);
            }
            revision
        }
    };
    Ok(Sealed { revision, rows })
}

/// The same, and no older than the key store has seen.
pub fn read_newest(reader: &Reader, keyring: &Keyring, known: u64) -> Result<Sealed, LoadError> {
    let sealed = read(reader, keyring)?;
    if sealed.revision < known { Err(LoadError::AuthorityRolledBack) } else { Ok(sealed) }
}

/// The seal over this list, to be written with the change that leads to it.
pub fn seal(keyring: &Keyring, revision: u64, rows: &[ApiKeyRow]) -> SetMeta {
    let mac = keyring.authority_mac(NAME, &slices(&parts(revision, rows)));
    SetMeta { name: NAME.into(), value: [&revision.to_be_bytes()[..], &mac].concat() }
}

/// Each part goes into the MAC with its length, so no two lists give the same bytes.
fn parts(revision: u64, rows: &[ApiKeyRow]) -> Vec<Vec<u8>> {
    let rows = rows.iter().flat_map(|row| [row.id.clone().into_bytes(), row.revision.to_be_bytes().to_vec(), row.mac.to_vec()]);
    std::iter::once(revision.to_be_bytes().to_vec()).chain(rows).collect()
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

impl App {
    /// Every key in the database, by id; an older list, or one with an older row in it, is refused.
    pub fn sealed_keys(&self) -> Result<Vec<ApiKeyRow>, LoadError> {
        let known = self.keeper.read(KeyStore::authority_revision);
        Ok(read_newest(&self.store.reader()?, &self.keeper.keyring(), known)?.rows)
    }

    /// Puts the keys in force that the database holds.
    pub(super) fn settle_authority(&self) -> Result<(), LoadError> {
        self.set_keys(KeyTable::of(self.sealed_keys()?));
        Ok(())
    }

    /// Tells the key store of a change that a crash kept from it.
    pub(super) fn catch_up_authority(&self) -> Result<(), LoadError> {
        let revision = read(&self.store.reader()?, &self.keeper.keyring())?.revision;
        if revision > self.keeper.read(KeyStore::authority_revision) {
            self.keeper.change(|keys| {
                keys.raise_authority_revision(revision);
                Ok::<_, VaultError>(())
            })?;
        }
        Ok(())
    }
}
