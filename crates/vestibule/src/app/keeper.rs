//! The key store while it is open: the file, what unlocks it, and the snapshot that work is done with.
//!
//! Every change goes to the file first, fsynced, and into the snapshot second; readers take the snapshot without waiting.

use super::LoadError;
use crate::files;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use vestibule_vault::{Draw, KeyStore, Keyring, Root};

/// Bytes of randomness one rewrite of the key store takes, with room to spare.
const DRAW: usize = 256;

/// How often [`Keeper::outlast`] looks, and how many times.
const LOOK: Duration = Duration::from_millis(1);
const LOOKS: u32 = 30_000;

/// The open key store.
pub struct Keeper {
    path: PathBuf,
    open: Mutex<Open>,
    keyring: RwLock<Arc<Keyring>>,
    work: RwLock<Work>,
}

/// Held by work that looks something up under one keyring and writes under the same; see [`Keeper::begin`].
#[derive(Clone, Default)]
pub struct Work(Arc<()>);

struct Open {
    store: KeyStore,
    root: Root,
}

impl Keeper {
    /// Opens the key store file with the text of a root key. A wrong, missing or damaged one changes nothing (P19).
    pub fn open(path: &Path, root_text: &[u8]) -> Result<Keeper, LoadError> {
        let root = Root::parse(root_text)?;
        let bytes = files::read(path).map_err(|error| LoadError::KeyStoreFile { path: path.to_owned(), error })?;
        let store = KeyStore::open(&bytes, &root)?;
        Keeper::from_parts(path, store, root)
    }

    /// Makes a new key store file that must not exist yet.
    pub fn create(path: &Path, root: Root, store: KeyStore) -> Result<Keeper, LoadError> {
        let bytes = store.to_bytes(&root, &mut Draw::new(DRAW)?)?;
        files::create(path, &bytes).map_err(|error| LoadError::KeyStoreFile { path: path.to_owned(), error })?;
        Keeper::from_parts(path, store, root)
    }

    fn from_parts(path: &Path, store: KeyStore, root: Root) -> Result<Keeper, LoadError> {
        let keyring = RwLock::new(Arc::new(store.keyring()?));
        Ok(Keeper { path: path.to_owned(), open: Mutex::new(Open { store, root }), keyring, work: RwLock::default() })
    }

    /// The keys to work with.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Work begins that finds out what is absent and writes what was not there. Taken before the keyring and held until
    /// the commit, so that no two write under keys of which one knows nothing of the other's.
    pub fn begin(&self) -> Work {
        self.work.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until all work has ended that began before this call. Answers whether it has, within half a minute.
    pub fn outlast(&self) -> bool {
        let before = {
            let mut work = self.work.write().unwrap_or_else(PoisonError::into_inner);
            Arc::downgrade(&std::mem::take(&mut *work).0)
        };
        for _ in 0..LOOKS {
            if before.strong_count() == 0 {
                return true;
            }
            std::thread::sleep(LOOK);
        }
        false
    }

    /// Looks something up in the key store.
    pub fn read<T>(&self, look: impl FnOnce(&KeyStore) -> T) -> T {
        look(&self.open.lock().unwrap_or_else(PoisonError::into_inner).store)
    }

    /// Changes the key store: the file is written and synced before the new keys are used. If `change` or the disk
    /// fails, nothing has changed.
    pub fn change<T, E>(&self, change: impl FnOnce(&mut KeyStore) -> Result<T, E>) -> Result<T, LoadError>
    where
        LoadError: From<E>,
    {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let before = open.store.to_bytes(&open.root, &mut Draw::new(DRAW)?)?;
        let mut next = KeyStore::open(&before, &open.root)?;
        let answer = change(&mut next)?;
        self.save(&next, &open.root)?;
        let keyring = Arc::new(next.keyring()?);
        open.store = next;
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
        Ok(answer)
    }

    /// Puts the key store under another root key. False, and nothing is done, where it is the one that it lies under.
    pub fn change_root(&self, root: Root) -> Result<bool, LoadError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.root.id() == root.id() {
            return Ok(false);
        }
        self.save(&open.store, &root)?;
        open.root = root;
        Ok(true)
    }

    fn save(&self, store: &KeyStore, root: &Root) -> Result<(), LoadError> {
        let bytes = store.to_bytes(root, &mut Draw::new(DRAW)?)?;
        files::write(&self.path, &bytes).map_err(|error| LoadError::KeyStoreFile { path: self.path.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use vestibule_core::clock::Timestamp;
    use vestibule_vault::keystore::{CREATE_DRAW, ROOT_DRAW};

    #[test]
    fn what_began_before_is_outlasted_and_what_begins_later_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::generate(&mut Draw::new(ROOT_DRAW).unwrap()).unwrap();
        let store = KeyStore::create(1, &mut Draw::new(CREATE_DRAW).unwrap(), Timestamp(0)).unwrap();
        let keeper = Keeper::create(&folder.path().join("keys"), root, store).unwrap();
        assert!(keeper.outlast());
        let (first, second) = (keeper.begin(), keeper.begin());
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| keeper.outlast() && ended.load(Ordering::SeqCst));
            drop(first);
            // work that has begun since then has another mark
            while Arc::ptr_eq(&keeper.begin().0, &second.0) {
                std::thread::yield_now();
            }
            let _later = keeper.begin();
            ended.store(true, Ordering::SeqCst);
            drop(second);
            assert!(waits.join().unwrap());
        });
    }

    #[test]
    fn a_key_store_of_another_user_is_no_reason_to_make_a_new_one() {
        let error = LoadError::KeyStoreFile { path: "/nowhere/keys".into(), error: std::io::ErrorKind::PermissionDenied.into() };
        assert_eq!(error.code(), "file.permission");
        let fix = vestibule_core::problem::find(error.code()).unwrap().fix;
        assert!(fix.contains("chown") && !fix.contains("init"), "{fix}");
        assert!(error.to_string().contains("belongs to") && error.to_string().contains("this process runs as"), "{error}");
    }
}
