//! The trial's folder: new, or that of an earlier trial. Nothing else is ever written into.

use crate::files;
use crate::ops::OpError;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use vestibule_core::id::hex;
use vestibule_store::Options;
use vestibule_vault::Draw;

/// The configuration of the trial, with blanks for its places.
pub const TRIAL: &str = include_str!("trial.toml");
/// Its file.
pub const CONFIG: &str = "vestibule.toml";
/// How each configuration that a trial has written begins.
const MARK: &str = "# The configuration of this trial";
/// The folders within.
const PARTS: [&str; 3] = ["data", "keys", "secrets"];
/// What a trial writes into the folder itself, beside its configuration.
const FILES: [&str; 3] = ["ca.pem", "gateway.pem", "gateway.key"];

/// A folder that this trial alone writes to.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The store in it. Its lock is held from before anything is written, so that a second trial changes nothing.
    pub store: Options,
    temporary: bool,
}

impl Folder {
    /// Takes the named folder, or makes a temporary one.
    pub fn open(data: Option<&Path>) -> anyhow::Result<Folder> {
        let path = match data {
            Some(path) => std::path::absolute(path)?,
            None => std::env::temp_dir().join(format!("vestibule-dev-{}", hex(&Draw::new(6)?.take::<6>()?))),
        };
        is_free(&path)?;
        for part in [""].iter().chain(&PARTS) {
            let part = path.join(part);
            files::private_folder(&part).with_context(|| format!("the folder `{}` cannot be made", part.display()))?;
        }
        let store = Options::new(path.join("data/vestibule.db")).locked()?;
        Ok(Folder { path, store, temporary: data.is_none() })
    }

    /// Removes what was temporary.
    pub fn leave(self) {
        if self.temporary && std::fs::remove_dir_all(&self.path).is_err() {
            // another run's cleaning service may have been faster; nothing of value lies there
        }
    }
}

/// Whether a trial may write here: nothing of what it writes is there, or an earlier trial has written it.
fn is_free(folder: &Path) -> Result<(), OpError> {
    if files::read(&folder.join(CONFIG)).is_ok_and(|text| text.starts_with(MARK.as_bytes())) {
        return Ok(());
    }
    let names = [CONFIG].into_iter().chain(PARTS).chain(FILES);
    let mut taken = names.map(|name| folder.join(name)).filter(|path| path.symlink_metadata().is_ok());
    match taken.next() {
        Some(path) => Err(OpError::new("cli.exists", format!("`{}` exists already, and no trial has made it", path.display()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::dev::setup::Trial;
    use crate::ops;
    use crate::system::SystemClock;
    use std::collections::BTreeMap;
    use vestibule_core::clock::Clock as _;

    /// Every file below a folder with its bytes, without the database, which works.
    fn all(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut out = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                out.insert(path, bytes);
            } else if path.file_name().is_none_or(|name| name != "data") {
                out.extend(all(&path));
            }
        }
        out
    }

    fn refused(folder: &Path) -> &'static str {
        let error = Trial::start(Some(folder)).err().unwrap();
        error.downcast_ref::<OpError>().unwrap().code
    }

    #[test]
    fn a_folder_that_no_trial_has_made_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("gate");
        ops::init::init(&folder, SystemClock.now()).unwrap();
        let before = all(&folder);
        assert_eq!(refused(&folder), "cli.exists");
        std::fs::rename(folder.join(CONFIG), folder.join("moved.toml")).unwrap();
        assert_eq!(refused(&folder), "cli.exists", "the keys alone are enough");
        std::fs::rename(folder.join("moved.toml"), folder.join(CONFIG)).unwrap();
        assert!(all(&folder) == before);
    }

    #[test]
    fn a_folder_is_used_again_and_by_one_trial_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("keep");
        let first = Trial::start(Some(&folder)).unwrap();
        let before = all(&folder);
        let second = Trial::start(Some(&folder)).err().unwrap();
        assert_eq!(second.downcast_ref::<vestibule_store::StoreError>().unwrap().code(), "store.in_use");
        assert!(all(&folder) == before, "the second has changed nothing");
        let key = first.anything_key().to_owned();
        first.stop();
        let again = Trial::start(Some(&folder)).unwrap();
        assert_eq!(again.anything_key(), key);
        again.stop();
        assert!(folder.join(CONFIG).exists());
    }

    #[test]
    fn a_trial_marks_its_configuration() {
        assert!(TRIAL.starts_with(MARK));
    }
}
