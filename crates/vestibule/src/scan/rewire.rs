//! `--rewire`: each scenario with its HTTP steps behind the gateway, written to a folder of its own, and what has changed in words.
//!
//! The scanned files are never touched and nothing is overwritten. What is written still holds whatever else the scenario holds, so it
//! is as private as the original.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use vestibule_scan::output::Notice;
use vestibule_scan::remedy::rewire;
use vestibule_scan::{Coverage, Settings};

use crate::files;

/// What has changed in all files, beside them.
const CHANGES: &str = "CHANGES.txt";
/// What is said of Zaps.
const ZAPS: &str = "Most plans of Zapier import no Zap from a file, so none is written. Edit the Zap instead: put the addresses that the \
    report names into its steps of “Webhooks by Zapier”, each with the header `Authorization: Bearer <workflow key>`; `--fix-plan` writes \
    the routes and grants for them.";

/// The folder that is being filled.
pub struct Rewiring {
    folder: PathBuf,
    done: Mutex<Vec<Done>>,
}

/// What came of one file.
struct Done {
    name: String,
    changes: usize,
    outside: usize,
    difference: String,
    written: io::Result<()>,
}

impl Rewiring {
    /// A folder that is new, or empty.
    ///
    /// # Errors
    /// The folder holds something, or cannot be made.
    pub fn new(folder: &Path) -> io::Result<Rewiring> {
        files::private_folder(folder)?;
        match std::fs::read_dir(folder)?.next() {
            None => Ok(Rewiring { folder: folder.to_path_buf(), done: Mutex::default() }),
            Some(_) => Err(io::ErrorKind::DirectoryNotEmpty.into()),
        }
    }

    /// Rewires one file. Files in which there is nothing to move are only told.
    pub fn take(&self, name: &str, bytes: &[u8], settings: &Settings<'_>) {
        let Some(rewired) = rewire::file(name, bytes, settings) else { return };
        let (changes, outside) = (rewired.changes.len(), rewired.outside.len());
        let written = if changes == 0 { Ok(()) } else { self.write(name, importable(&rewired.text)) };
        let done = Done { name: name.to_owned(), changes, outside, difference: rewired.difference(), written };
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(done);
    }

    /// Writes what has changed; gives it as text, and in sentences. `read` is what was read, of whatever kind.
    ///
    /// # Errors
    /// One of the files could not be written.
    pub fn finish(self, read: &[Coverage]) -> io::Result<(String, Vec<Notice>)> {
        let mut done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by(|a, b| a.name.cmp(&b.name));
        let (mut text, mut moved, mut changes, mut outside) = (String::new(), 0, 0, 0);
        for one in done {
            one.written?;
            text += &format!("== {}\n{}\n", one.name, one.difference);
            moved += usize::from(one.changes > 0);
            changes += one.changes;
            outside += one.outside;
        }
        let zaps: BTreeSet<&str> = read.iter().filter(|file| file.platform == "zapier").map(|file| file.file.as_str()).collect();
        zaps.iter().for_each(|name| text += &format!("== {name}\n{ZAPS}\n\n"));
        if text.is_empty() {
            text += "Nothing to move: no scenario of Make or n8n was read.\n";
        }
        files::create(&self.folder.join(CHANGES), text.as_bytes())?;
        let folder = self.folder.display();
        let message = format!(
            "files moved behind the gateway: {moved}, with {changes} changed settings, in `{folder}`; left to a person or outside the gate: \
             {outside}; {CHANGES} there tells each"
        );
        let mut notices = vec![Notice::new("rewired", message)];
        if !zaps.is_empty() {
            notices.push(Notice::new("zaps-not-rewired", format!("files of Zapier that were not moved: {}. {ZAPS}", zaps.len())));
        }
        Ok((text, notices))
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let path = self.folder.join(inside(name));
        if let Some(parent) = path.parent() {
            files::private_folder(parent)?;
        }
        files::create(&path, text)
    }
}

/// The path below the folder: never out of it, whatever the file is called.
fn inside(name: &str) -> PathBuf {
    let parts = Path::new(name).components().filter_map(|part| match part {
        Component::Normal(part) => Some(part),
        _ => None,
    });
    match name {
        "-" => PathBuf::from("stdin.json"),
        CHANGES => PathBuf::from(format!("{CHANGES}.json")),
        _ => parts.collect(),
    }
}

/// What a platform imports: an account's scenario without the envelope that it was read in.
fn importable(text: &[u8]) -> &[u8] {
    #[derive(Deserialize)]
    struct Envelope<'t> {
        #[serde(rename = "vestibule_account")]
        _account: &'t str,
        #[serde(borrow, alias = "workflow")]
        blueprint: &'t RawValue,
    }
    serde_json::from_slice::<Envelope<'_>>(text).map_or(text, |envelope| envelope.blueprint.get().as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn nothing_is_written_outside_of_the_folder() {
        for (name, path) in
            [("a/b.json", "a/b.json"), ("/etc/x", "etc/x"), ("../../x", "x"), ("-", "stdin.json"), ("a/../b", "a/b")]
        {
            assert_eq!(inside(name), Path::new(path));
        }
        assert_ne!(inside(CHANGES), Path::new(CHANGES));
    }

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Rewiring::new(&folder.path().join("new")).is_ok());
        assert_eq!(Rewiring::new(folder.path()).err().map(|error| error.kind()), Some(io::ErrorKind::DirectoryNotEmpty));
    }

    #[test]
    fn an_envelope_is_taken_off() {
        let text = br#"{"vestibule_account":"make","hooks":{},"blueprint":{"flow":[]}}"#;
        assert_eq!(importable(text), br#"{"flow":[]}"#);
        assert_eq!(importable(br#"{"vestibule_account":"n8n","workflow":{"nodes":[]}}"#), br#"{"nodes":[]}"#);
        assert_eq!(importable(br#"{"blueprint":{"flow":[]}}"#), br#"{"blueprint":{"flow":[]}}"#, "an export is written as it is");
    }
}
