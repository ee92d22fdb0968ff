//! Which files a scan reads: those that are named, and in folders those of a kind that holds scenarios, tables, settings or mail.
//!
//! Nothing is opened here but folders and the first bytes of files whose names say nothing. What is passed over is counted, what cannot
//! be opened is told, and links to other places are not followed.

use std::collections::BTreeSet;
use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use vestibule_scan::Coverage;

/// Folders that hold nothing that a person has configured.
const SKIPPED: [&str; 3] = [".git", "node_modules", "target"];
/// Files in one scan.
const MOST_FILES: usize = 200_000;
/// Folders within folders.
const DEEPEST: usize = 64;
/// Ends of the names of files that are read.
const KINDS: [&str; 21] = [
    "json",
    "zip",
    "csv",
    "tsv",
    "xlsx",
    "xlsm",
    "eml",
    "mbox",
    "env",
    "ini",
    "cfg",
    "conf",
    "properties",
    "yaml",
    "yml",
    "toml",
    "txt",
    "jsonl",
    "ndjson",
    "blueprint",
    "zapfile",
];
/// Files with these names are written by package managers, and hold thousands of checksums.
const LOCKS: [&str; 4] = ["package-lock.json", "npm-shrinkwrap.json", "composer.lock", "pnpm-lock.yaml"];

/// One file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// As reports name it: as the caller wrote it, without a leading `./`.
    pub name: String,
    /// Where its bytes are.
    pub from: From,
}

/// Where bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// In a file.
    File(PathBuf),
    /// In memory already: standard input, an account's answer.
    Memory(Vec<u8>),
}

/// What there is to read.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The files, sorted by name, each once.
    pub inputs: Vec<Input>,
    /// The names of those that the caller named themselves, rather than a folder around them.
    pub named: Vec<String>,
    /// Files in folders that are of other kinds.
    pub passed_over: usize,
    /// What could not be opened or was too much.
    pub unread: Vec<Coverage>,
}

/// Finds the files at and below the paths.
///
/// # Errors
/// A path that is named and is not there.
pub fn gather(paths: &[PathBuf]) -> Result<Gathered, (PathBuf, io::Error)> {
    let mut walk = Walk::default();
    for path in paths {
        // a link that is named is followed: that is what it was named for
        let kind = fs::metadata(path).map_err(|error| (path.clone(), error))?.file_type();
        walk.named(path, kind);
    }
    let mut gathered = walk.gathered;
    gathered.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    gathered.unread.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(gathered)
}

#[derive(Default)]
struct Walk {
    gathered: Gathered,
    names: BTreeSet<String>,
}

impl Walk {
    fn named(&mut self, path: &Path, kind: FileType) {
        if kind.is_dir() {
            self.folder(path);
        } else {
            self.gathered.named.push(shown(path));
            self.take(path);
        }
    }

    /// All folders below, by a list of those that are still open.
    fn folder(&mut self, top: &Path) {
        let mut open = vec![(top.to_path_buf(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unread(&folder, format!("the folder cannot be opened: {}", error.kind()));
                    continue;
                }
            };
            for entry in entries {
                let Ok((entry, kind)) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) else {
                    self.unread(&folder, "the folder cannot be read to its end".to_owned());
                    break;
                };
                let (path, name) = (entry.path(), entry.file_name());
                if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                    if depth < DEEPEST {
                        open.push((path, depth + 1));
                    } else {
                        self.unread(&path, "folders are nested too deeply".to_owned());
                    }
                } else if kind.is_file() {
                    match self.is_wanted(&path) {
                        true if self.gathered.inputs.len() < MOST_FILES => self.take(&path),
                        true => return self.unread(top, format!("more than {MOST_FILES} files; the rest is not read")),
                        false => self.gathered.passed_over += 1,
                    }
                } else if !kind.is_dir() {
                    self.gathered.passed_over += 1;
                }
            }
        }
    }

    fn is_wanted(&mut self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if LOCKS.contains(&name.as_str()) {
            return false;
        }
        if name.starts_with(".env") {
            return true;
        }
        match name.rsplit_once('.') {
            Some((_, end)) => KINDS.contains(&end),
            // people save exports without an ending
            None => begins_as_json(path).unwrap_or(false),
        }
    }

    fn take(&mut self, path: &Path) {
        let name = shown(path);
        if self.names.insert(name.clone()) {
            self.gathered.inputs.push(Input { name, from: From::File(path.to_path_buf()) });
        }
    }

    fn unread(&mut self, path: &Path, reason: String) {
        self.gathered.unread.push(Coverage { file: shown(path), error: Some(reason), ..Coverage::default() });
    }
}

/// A path as reports name it, the same on every run from the same folder.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut rest = text.as_ref();
    while let Some(after) = rest.strip_prefix("./") {
        rest = after.trim_start_matches('/');
    }
    if rest.is_empty() { ".".to_owned() } else { rest.to_owned() }
}

fn begins_as_json(path: &Path) -> io::Result<bool> {
    let mut head = [0_u8; 64];
    let length = File::open(path)?.read(&mut head)?;
    let text = head.get(..length).unwrap_or_default();
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
    Ok(matches!(text.first(), Some(b'{' | b'[')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_without_what_is_not_configured() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for name in ["b.json", "a/z.JSON", "a/.env.local", "a/people.csv", "sheet.xlsx"] {
            write(name, "{}");
        }
        for name in [".git/x.json", "node_modules/x.json", "target/x.json", "a/main.py", "package-lock.json", "LICENSE"] {
            write(name, "text");
        }
        write("export", " {\"a\":1}");
        std::os::unix::fs::symlink("/etc", folder.path().join("elsewhere")).unwrap();
        let gathered = gather(&[folder.path().to_path_buf(), folder.path().join("b.json")]).unwrap();
        let base = folder.path().to_string_lossy().into_owned() + "/";
        let names: Vec<&str> = gathered.inputs.iter().map(|input| input.name.strip_prefix(&base).unwrap()).collect();
        assert_eq!(names, ["a/.env.local", "a/people.csv", "a/z.JSON", "b.json", "export", "sheet.xlsx"]);
        assert_eq!((gathered.passed_over, gathered.unread.len()), (4, 0), "script, lock file, licence, link");
    }

    #[test]
    fn what_is_named_is_read_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("notes.md");
        fs::write(&odd, "x").unwrap();
        let gathered = gather(&[odd]).unwrap();
        assert_eq!((gathered.inputs.len(), gathered.named), (1, vec![gathered.inputs[0].name.clone()]));
        assert!(gather(&[folder.path().to_path_buf()]).unwrap().named.is_empty());
        let missing = folder.path().join("none.json");
        assert_eq!(gather(std::slice::from_ref(&missing)).unwrap_err().0, missing);
    }

    #[test]
    fn names_are_the_same_however_the_folder_is_written() {
        for (path, name) in
            [("./a.json", "a.json"), ("././/b/c.json", "b/c.json"), ("/x/y", "/x/y"), ("./", "."), ("../a", "../a")]
        {
            assert_eq!(shown(Path::new(path)), name);
        }
    }
}
