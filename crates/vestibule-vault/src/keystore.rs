//! The key store: every key but the root, the erasure list, the newest log head and what else must outlive a database.
//!
//! ```text
//! file  = "VSTKEYS" 0x00 | format u16 = 1 | root id 8 | length u32 | box | SHA-256 over everything before 32
//! box   = one sealed box (see `sealbox`) under the root key, context: purpose, root id, format
//! plain = element…       element = tag u8 | length u32 | value        (see `encode`)
//! ```
//! Integers are big-endian. The checksum tells damage from a wrong root; it proves nothing, the box does. Nothing here
//! writes files: the caller writes the bytes atomically, with mode 0600, apart from the database. A wrong root, a
//! damaged or a newer file is an error and changes nothing (P19). How keys rotate is in [`crate::rotation`].

mod encode;

use crate::bytes::{Reader, prefix};
use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::root::Root;
use crate::sealbox::{self, Salter};
use crate::{labels, root};
use aws_lc_rs::digest;
use std::collections::BTreeMap;
use std::fmt;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, SubjectNumber};
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"VSTKEYS\0";
const FORMAT: u16 = 1;

/// Random bytes that [`KeyStore::create`] takes: an instance id and one key of each kind.
pub const CREATE_DRAW: usize = 16 + 32 * Kind::ALL.len();
/// Random bytes that [`KeyStore::to_bytes`] takes.
pub const WRITE_DRAW: usize = sealbox::SALT_DRAW;
/// Random bytes that a new root takes, repeated here for callers that make both.
pub const ROOT_DRAW: usize = root::DRAW;

/// What a key is for. Keys of different kinds are independent random keys; the number is part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Wraps subject keys; one version per epoch of seven days.
    Epoch = 1,
    /// Makes and opens tokens.
    Token = 2,
    /// Inner tags of the blind indexes.
    IndexInner = 3,
    /// Outer layer and MAC of index rows; one version per epoch.
    IndexOuter = 4,
    /// MACs of the audit log.
    Audit = 5,
    /// MACs of authority rows.
    Authority = 6,
    /// Fingerprints of tokens in the log.
    Fingerprint = 7,
    /// Replay keys and body fingerprints.
    Replay = 8,
    /// Pepper of API keys.
    ApiKey = 9,
    /// Salts of sealed data.
    Salt = 10,
    /// Signing secrets of deliveries.
    Delivery = 11,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Kind; 11] = [
        Kind::Epoch,
        Kind::Token,
        Kind::IndexInner,
        Kind::IndexOuter,
        Kind::Audit,
        Kind::Authority,
        Kind::Fingerprint,
        Kind::Replay,
        Kind::ApiKey,
        Kind::Salt,
        Kind::Delivery,
    ];

    /// The name used on the command line and in errors.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Epoch => "epoch",
            Kind::Token => "token",
            Kind::IndexInner => "index-inner",
            Kind::IndexOuter => "index-outer",
            Kind::Audit => "audit",
            Kind::Authority => "authority",
            Kind::Fingerprint => "fingerprint",
            Kind::Replay => "replay",
            Kind::ApiKey => "api-key",
            Kind::Salt => "salt",
            Kind::Delivery => "delivery",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    pub(crate) fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The life of a key: announced, active, retired, destroyed; never backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyState {
    /// All nodes can read with it; nobody writes yet.
    Announced = 1,
    /// Writes and reads.
    Active = 2,
    /// Reads only.
    Retired = 3,
    /// The key is gone; its number and dates stay.
    Destroyed = 4,
}

/// One version of one key. The key itself is not reachable from here.
pub struct KeyEntry {
    pub(crate) kind: Kind,
    pub(crate) version: KeyVersion,
    pub(crate) state: KeyState,
    pub(crate) created: Timestamp,
    pub(crate) activated: Option<Timestamp>,
    pub(crate) retired: Option<Timestamp>,
    pub(crate) destroyed: Option<Timestamp>,
    pub(crate) frozen_at: Option<BTreeMap<u16, u64>>,
    pub(crate) key: Option<Zeroizing<[u8; 32]>>,
}

impl KeyEntry {
    /// What the key is for.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// Its version.
    pub fn version(&self) -> KeyVersion {
        self.version
    }
    /// Its state.
    pub fn state(&self) -> KeyState {
        self.state
    }
    /// When it was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }
    /// When it became active; no use is earlier.
    pub fn activated(&self) -> Option<Timestamp> {
        self.activated
    }
    /// When it became read-only.
    pub fn retired(&self) -> Option<Timestamp> {
        self.retired
    }
    /// When it was destroyed.
    pub fn destroyed(&self) -> Option<Timestamp> {
        self.destroyed
    }
    /// For a frozen token key: the highest counter it covers, by writer.
    pub fn frozen_at(&self) -> Option<&BTreeMap<u16, u64>> {
        self.frozen_at.as_ref()
    }
}

/// The newest head of the audit log, kept outside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Random name of the log's origin.
    pub origin: [u8; 16],
    /// Number of leaves.
    pub size: u64,
    /// The MAC of the newest leaf.
    pub mac: [u8; 32],
}

/// A copy of the key store that was made, for instance in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCopy {
    /// When.
    pub made: Timestamp,
    /// Where, in the operator's words.
    pub label: String,
}

/// Why a key store file was refused. Nothing was changed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum KeyStoreError {
    /// The file is something else.
    #[error("this is not a key store")]
    NotAKeyStore,
    /// Made by a newer version of the product.
    #[error("the key store has format {0}, newer than this program knows")]
    Newer(u16),
    /// The end is missing.
    #[error("the key store is cut short")]
    Truncated,
    /// Bytes were changed.
    #[error("the key store is damaged")]
    Damaged,
    /// Sealed under another root key.
    #[error("the root key is not the one this key store was sealed with")]
    WrongRoot,
    /// The primitives failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl KeyStoreError {
    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            KeyStoreError::NotAKeyStore => "keystore.not_a_key_store",
            KeyStoreError::Newer(_) => "keystore.newer",
            KeyStoreError::Truncated => "keystore.truncated",
            KeyStoreError::Damaged => "keystore.damaged",
            KeyStoreError::WrongRoot => "keystore.wrong_root",
            KeyStoreError::Vault(error) => error.code(),
        }
    }
}

/// An open key store. Changes are in memory until the caller writes [`KeyStore::to_bytes`].
pub struct KeyStore {
    pub(crate) store_id: [u8; 16],
    pub(crate) tenant: u32,
    pub(crate) keys: Vec<KeyEntry>,
    pub(crate) erased: Vec<(SubjectNumber, Timestamp)>,
    pub(crate) head: Option<Head>,
    pub(crate) authority_revision: u64,
    pub(crate) copies: Vec<MadeCopy>,
}

impl KeyStore {
    /// A new key store with one active key of each kind; takes [`CREATE_DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`].
    pub fn create(tenant: u32, draw: &mut Draw, now: Timestamp) -> Result<KeyStore, VaultError> {
        let mut store = KeyStore {
            store_id: draw.take()?,
            tenant,
            keys: Vec::new(),
            erased: Vec::new(),
            head: None,
            authority_revision: 0,
            copies: Vec::new(),
        };
        for kind in Kind::ALL {
            store.keys.push(KeyEntry {
                kind,
                version: KeyVersion(1),
                state: KeyState::Active,
                created: now,
                activated: Some(now),
                retired: None,
                destroyed: None,
                frozen_at: None,
                key: Some(Zeroizing::new(draw.take()?)),
            });
        }
        Ok(store)
    }

    /// Opens the bytes of a key store file.
    ///
    /// # Errors
    /// [`KeyStoreError`]: a wrong root, damage, truncation and a newer format are told apart.
    pub fn open(bytes: &[u8], root: &Root) -> Result<KeyStore, KeyStoreError> {
        let mut reader = Reader::new(bytes);
        match reader.array::<8>() {
            Some(magic) if magic == MAGIC => {}
            Some(_) => return Err(KeyStoreError::NotAKeyStore),
            None if MAGIC.starts_with(bytes) && !bytes.is_empty() => {
                return Err(KeyStoreError::Truncated);
            }
            None => return Err(KeyStoreError::NotAKeyStore),
        }
        let format = reader.u16().ok_or(KeyStoreError::Truncated)?;
        if format > FORMAT {
            return Err(KeyStoreError::Newer(format));
        }
        let id = *reader.array::<8>().ok_or(KeyStoreError::Truncated)?;
        let sealed = reader.lp().ok_or(KeyStoreError::Truncated)?;
        let checksum = reader.array::<32>().ok_or(KeyStoreError::Truncated)?;
        let covered = bytes.get(..bytes.len() - 32).ok_or(KeyStoreError::Truncated)?;
        if format != FORMAT || !reader.is_empty() || digest::digest(&digest::SHA256, covered).as_ref() != checksum {
            return Err(KeyStoreError::Damaged);
        }
        if id != root.id() {
            return Err(KeyStoreError::WrongRoot);
        }
        let plain = sealbox::open(&root.expander(), &context(&id), sealed).map_err(|_| KeyStoreError::Damaged)?;
        KeyStore::decode(&plain).ok_or(KeyStoreError::Damaged)
    }

    /// The file under `root`, which may be a new root: that is how roots rotate. Takes [`WRITE_DRAW`] random bytes.
    ///
    /// # Errors
    /// [`VaultError`] if the draw is exhausted or no salt key is active.
    pub fn to_bytes(&self, root: &Root, draw: &mut Draw) -> Result<Vec<u8>, VaultError> {
        let salt_key = self.active(Kind::Salt).and_then(|entry| entry.key.as_ref()).ok_or(VaultError::NoActiveKey(Kind::Salt))?;
        let id = root.id();
        let plain = self.encode();
        let sealed = sealbox::seal(&root.expander(), &Salter::new(salt_key), &draw.take()?, &context(&id), &plain)?;
        let mut out = Vec::with_capacity(sealed.len() + 54);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_be_bytes());
        out.extend_from_slice(&id);
        crate::context::lp(&mut out, &sealed);
        let checksum: [u8; 32] = prefix(digest::digest(&digest::SHA256, &out).as_ref());
        out.extend_from_slice(&checksum);
        Ok(out)
    }

    /// An immutable snapshot of all live keys, expanded once for speed.
    ///
    /// # Errors
    /// [`VaultError::NoActiveKey`] if a kind has none.
    pub fn keyring(&self) -> Result<Keyring, VaultError> {
        Keyring::from_store(self)
    }

    /// The random id of this installation's key store.
    pub fn store_id(&self) -> [u8; 16] {
        self.store_id
    }

    /// The tenant the keys belong to.
    pub fn tenant(&self) -> u32 {
        self.tenant
    }

    /// All versions of a kind, oldest first, destroyed ones included.
    pub fn versions(&self, kind: Kind) -> impl Iterator<Item = &KeyEntry> {
        self.keys.iter().filter(move |entry| entry.kind == kind)
    }

    /// The active version of a kind.
    pub fn active(&self, kind: Kind) -> Option<&KeyEntry> {
        self.versions(kind).find(|entry| entry.state == KeyState::Active)
    }

    /// Puts a subject on the erasure list; a second time changes nothing.
    pub fn erase(&mut self, subject: SubjectNumber, at: Timestamp) {
        if !self.is_erased(subject) {
            self.erased.push((subject, at));
        }
    }

    /// Whether a subject is on the erasure list.
    pub fn is_erased(&self, subject: SubjectNumber) -> bool {
        self.erased.iter().any(|(number, _)| *number == subject)
    }

    /// The erasure list: random subject numbers and when each was erased.
    pub fn erased(&self) -> &[(SubjectNumber, Timestamp)] {
        &self.erased
    }

    /// Takes entries older than `before` off the erasure list: no backup that could bring them back opens any more.
    /// Returns how many.
    pub fn forget_erased(&mut self, before: Timestamp) -> usize {
        let len = self.erased.len();
        self.erased.retain(|(_, at)| *at >= before);
        len - self.erased.len()
    }

    /// The newest log head that was written here.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Replaces the newest log head.
    pub fn set_head(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// The newest revision of the authority rows.
    pub fn authority_revision(&self) -> u64 {
        self.authority_revision
    }

    /// Raises the newest revision; a lower number changes nothing.
    pub fn raise_authority_revision(&mut self, revision: u64) {
        self.authority_revision = self.authority_revision.max(revision);
    }

    /// The copies that were made of this key store.
    pub fn copies(&self) -> &[MadeCopy] {
        &self.copies
    }

    /// Notes that a copy was made.
    pub fn note_copy(&mut self, copy: MadeCopy) {
        self.copies.push(copy);
    }
}

fn context(id: &[u8; 8]) -> Context {
    Context::new(labels::KEY_STORE).with(id).with(&FORMAT.to_be_bytes())
}
