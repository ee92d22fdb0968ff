//! Files that hold keys and configuration: read whole, written atomically, private to their owner.
//!
//! What is written here has been sealed before, except the root key, the recovery kit and certificates' keys that
//! `init` and `dev` make; all get mode 0600 in a folder of mode 0700. A file that takes the place of another keeps its
//! owner, group and mode, and what root makes belongs to the owner of the folder: the gateway runs as another user.

use crate::system;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown, fchown};
use std::path::Path;
use zeroize::Zeroizing;

/// The largest file this module reads.
const MAX: u64 = 64 * 1024 * 1024;

/// Reads a whole file into memory that is wiped afterwards.
pub fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 64 MiB"));
    }
    // reserved at once, so that growing leaves no copy behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file so that after a crash it is either the old or the new one: a temporary file beside it, fsync, rename,
/// fsync of the folder. Mode 0600, or as the file that was there.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(path);
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let temporary = folder.join(format!(".{}.new", name.to_string_lossy()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    let mut replace = || -> io::Result<()> {
        settle(&file, path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    if let Err(error) = replace() {
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    File::open(folder)?.sync_all()
}

/// Writes a file that must not exist yet. Mode 0600.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    inherit(&file, path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Why a file could not be read or written, in plain words.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "this user has no permission for it".to_owned(),
        io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        // the system's number says nothing to people
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
    }
}

/// Makes a folder, and its parents, that only its owner can enter.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    private_folder(folder(path))?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let (made, parent) = (fs::metadata(path)?, fs::metadata(folder(path))?);
    if belongs_elsewhere(&made, &parent) { chown(path, Some(parent.uid()), Some(parent.gid())) } else { Ok(()) }
}

/// Gives a file that is about to take the place at `path` the owner, group and mode of the one that is there.
pub fn settle(file: &File, path: &Path) -> io::Result<()> {
    let before = match fs::metadata(path) {
        Ok(before) => before,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return inherit(file, path),
        Err(error) => return Err(error),
    };
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))?;
    }
    file.set_permissions(before.permissions())
}

/// Gives a new file that root has made to the owner of its folder.
pub fn inherit(file: &File, path: &Path) -> io::Result<()> {
    let (made, parent) = (file.metadata()?, fs::metadata(folder(path))?);
    if belongs_elsewhere(&made, &parent) { fchown(file, Some(parent.uid()), Some(parent.gid())) } else { Ok(()) }
}

fn belongs_elsewhere(made: &fs::Metadata, parent: &fs::Metadata) -> bool {
    made.uid() == 0 && parent.uid() != 0
}

/// The folder that a path lies in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the system said about a path; where it forbids something, also who owns it and who asked.
pub fn at(path: &Path, error: io::ErrorKind) -> String {
    let said = format!("`{}`: {}", path.display(), why(&error.into()));
    if error != io::ErrorKind::PermissionDenied {
        return said;
    }
    let me = rustix::process::geteuid().as_raw();
    // what cannot be looked at lies in something that can; one's own file is in the way only by its folder
    let owned = path.ancestors().filter(|at| !at.as_os_str().is_empty()).find_map(|at| Some((at, fs::metadata(at).ok()?)));
    let owned = match owned {
        Some((at, found)) if found.uid() == me && at == path => {
            fs::metadata(folder(path)).ok().map(|found| (folder(path), found))
        }
        other => other,
    };
    let Some((at, found)) = owned else { return said };
    let (owner, me, at) = (system::user(found.uid()), system::user(me), at.display());
    format!(
        "{said}; `{at}` belongs to {owner} (mode {:04o}) and this process runs as {me}: run it as {owner}, or `chown {me} {at}`",
        found.mode() & 0o7777
    )
}

/// Whether others than the owner can read this file.
pub fn readable_by_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_said_in_one_way() {
        let folder = tempfile::tempdir().unwrap();
        let none = read(&folder.path().join("none")).unwrap_err();
        assert_eq!(
            (why(&none), why(&io::ErrorKind::NotFound.into())),
            ("there is no such file".into(), "there is no such file".into())
        );
        assert_eq!(why(&read(folder.path()).unwrap_err()), "is a directory");
    }

    #[test]
    fn files_are_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().as_slice(), b"two");
        assert!(!readable_by_others(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(create(&path, b"three").is_err());
    }

    #[test]
    fn a_replaced_file_keeps_owner_group_and_mode_and_a_new_one_of_root_gets_those_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        write(&path, b"one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let root = rustix::process::geteuid().is_root();
        if root {
            // a container may forbid it even to root; then both belong to root, as before
            let _given = chown(&path, Some(65_534), Some(65_533));
            let _given = chown(folder.path(), Some(65_534), Some(65_533));
        }
        let before = fs::metadata(&path).unwrap();
        write(&path, b"two").unwrap();
        let after = fs::metadata(&path).unwrap();
        let of = |found: &fs::Metadata| (found.uid(), found.gid(), found.mode());
        assert_eq!(of(&after), of(&before));
        assert_ne!(after.ino(), before.ino(), "it was replaced");
        private_folder(&folder.path().join("a/b")).unwrap();
        create(&folder.path().join("a/b/new"), b"x").unwrap();
        let place = fs::metadata(folder.path()).unwrap();
        for made in ["a", "a/b", "a/b/new"] {
            assert_eq!(fs::metadata(folder.path().join(made)).unwrap().uid(), place.uid(), "{made}");
        }
    }

    #[test]
    fn what_is_forbidden_is_told_with_its_owner_and_who_asked() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("data/db");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let told = super::at(&missing, io::ErrorKind::PermissionDenied);
        let at = folder.path().display();
        let me = system::user(rustix::process::geteuid().as_raw());
        assert!(
            told.ends_with(&format!(
                "`{at}` belongs to {me} (mode 0750) and this process runs as {me}: run it as {me}, or `chown {me} {at}`"
            )),
            "{told}"
        );
        assert_eq!(super::at(&missing, io::ErrorKind::NotFound), format!("`{}`: there is no such file", missing.display()));
    }
}
