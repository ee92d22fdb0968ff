//! Taking ZIP archives apart, also inside one another, in bounded memory and time.
//!
//! The archive's own directory says what there is, and nothing is believed beyond the bytes that are there: no buffer is made after a
//! size the file claims, names are only ever shown, and whatever is not handed on is told. It deliberately writes nothing, follows no
//! link and opens no password.

pub(super) mod zip;

use std::collections::HashSet;

use super::sheet;
use zip::Entry;

/// Bounds on what is taken out of one archive and everything inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Archives within archives; 1 is the archive itself.
    pub depth: u8,
    /// Entries in all.
    pub entries: usize,
    /// Bytes of one entry.
    pub entry_bytes: usize,
    /// Bytes of all entries.
    pub total_bytes: usize,
    /// Bytes that one packed byte may become, once an entry has passed [`Limits::free_bytes`].
    pub ratio: usize,
    /// Bytes up to which an entry may be packed as tightly as it likes.
    pub free_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 3, entries: 100_000, entry_bytes: 128 << 20, total_bytes: 1 << 30, ratio: 150, free_bytes: 16 << 20 }
    }
}

/// Something about an archive or an entry that the reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The archive or the entry, as in findings: `archive.zip!inner.json`.
    pub path: String,
    /// What is the matter.
    pub what: Trouble,
}

/// What can be the matter with an archive or an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The directory is missing or broken; what was found without it has been read.
    NoDirectory,
    /// The entry's bytes are damaged or missing.
    Damaged,
    /// Packed in a way that is not read.
    UnknownPacking,
    /// Encrypted.
    Encrypted,
    /// A link to another file, not followed.
    Link,
    /// The name leads outside the archive, or is none; the content was read and the name shown harmlessly.
    OutsideName,
    /// Another entry has the same name; both were read.
    SameName,
    /// Archives within archives beyond the limit.
    TooDeep,
    /// More entries than the limit; the rest was not read.
    TooMany,
    /// The entry is larger than the limit.
    TooLarge,
    /// The entries together are larger than the limit; the rest was not read.
    TooMuch,
    /// A few bytes that unpack into very many; stopped.
    Bomb,
}

impl Trouble {
    /// In words, to follow the path.
    pub fn message(self) -> &'static str {
        match self {
            Self::NoDirectory => "the archive's directory is missing or broken; only what could be found without it was read",
            Self::Damaged => "the entry is damaged and was not read",
            Self::UnknownPacking => "the entry is packed in a way that is not read",
            Self::Encrypted => "the entry is encrypted and was not read",
            Self::Link => "the entry is a link to another file and was not followed",
            Self::OutsideName => {
                "the entry's name leads outside the archive or is none; the content was read, the name is shown harmlessly"
            }
            Self::SameName => "several entries have this name; all were read, programs that unpack the archive keep one of them",
            Self::TooDeep => "an archive inside archives deeper than is read",
            Self::TooMany => "the archive holds more entries than are read; the rest was not read",
            Self::TooLarge => "the entry is larger than is read",
            Self::TooMuch => "the archive unpacks into more than is read; the rest was not read",
            Self::Bomb => "a few bytes unpack into very many, as in a decompression bomb; unpacking was stopped",
        }
    }

    /// Whether something was left unread.
    pub fn left_unread(self) -> bool {
        !matches!(self, Self::OutsideName | Self::SameName)
    }
}

/// Whether these bytes are an archive to take apart. A spreadsheet is a ZIP too, but is read as a whole.
pub fn is_archive(bytes: &[u8]) -> bool {
    zip::is_zip(bytes) && !sheet::is_workbook(bytes)
}

/// Hands on every file of the archive `path`, and of archives in it, as `path!name`; returns what was the matter.
///
/// Files are handed on one at a time, so that no more than one branch of nested archives is in memory.
pub fn expand(path: &str, bytes: &[u8], limits: &Limits, take: &mut dyn FnMut(&str, Vec<u8>)) -> Vec<Note> {
    let mut walk = Walk { limits, entries: 0, total: 0, notes: Vec::new(), take };
    // a stopped walk has said why
    let _ = walk.archive(path, bytes, 1);
    walk.notes
}

/// Notes up to which an archive is told about; a hostile one could make millions.
const NOTES: usize = 1_000;

struct Walk<'w> {
    limits: &'w Limits,
    entries: usize,
    total: usize,
    notes: Vec<Note>,
    take: &'w mut dyn FnMut(&str, Vec<u8>),
}

/// A limit of the whole walk was reached.
struct Stopped;

impl Walk<'_> {
    fn archive(&mut self, path: &str, bytes: &[u8], depth: u8) -> Result<(), Stopped> {
        let (entries, has_directory) = zip::entries(bytes);
        if !has_directory {
            self.note(path, Trouble::NoDirectory);
        }
        let mut names = HashSet::new();
        let mut told = HashSet::new();
        for entry in entries {
            self.entries += 1;
            if self.entries > self.limits.entries {
                self.note(path, Trouble::TooMany);
                return Err(Stopped);
            }
            let (name, is_harmless) = shown(&entry.name);
            let inner = format!("{path}!{name}");
            if !is_harmless {
                self.note(&inner, Trouble::OutsideName);
            }
            if !names.insert(name.clone()) && told.insert(name) {
                self.note(&inner, Trouble::SameName);
            }
            self.entry(&inner, bytes, &entry, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &str, bytes: &[u8], entry: &Entry<'_>, depth: u8) -> Result<(), Stopped> {
        if entry.is_folder() {
            return Ok(());
        }
        let left = self.limits.total_bytes.saturating_sub(self.total);
        let content = match entry.unpack(bytes, self.limits, left) {
            Ok(content) => content,
            Err(trouble) => {
                // what was unpacked in vain counts too, or a thousand bombs cost a thousand times
                let spent = if matches!(trouble, Trouble::Bomb | Trouble::TooLarge) { self.limits.free_bytes } else { 4096 };
                self.total = self.total.saturating_add(spent);
                self.note(path, trouble);
                return if trouble == Trouble::TooMuch { Err(Stopped) } else { Ok(()) };
            }
        };
        self.total = self.total.saturating_add(content.len());
        if !is_archive(&content) {
            (self.take)(path, content);
            return Ok(());
        }
        if depth >= self.limits.depth {
            self.note(path, Trouble::TooDeep);
            return Ok(());
        }
        self.archive(path, &content, depth + 1)
    }

    fn note(&mut self, path: &str, what: Trouble) {
        if self.notes.len() < NOTES {
            self.notes.push(Note { path: path.to_owned(), what });
        }
    }
}

/// Characters of a name that are shown.
const SHOWN: usize = 300;

/// A name as it may be shown, and whether it was one that stays inside the archive.
fn shown(name: &str) -> (String, bool) {
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '!' | '\u{200B}'..='\u{200F}')
    };
    let plain: String = name.replace('\\', "/").chars().take(SHOWN).map(|c| if is_odd(c) { '\u{FFFD}' } else { c }).collect();
    let has_drive = plain.as_bytes().get(1) == Some(&b':');
    let parts: Vec<&str> = plain.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let is_harmless = !plain.starts_with('/')
        && !has_drive
        && !plain.split('/').any(|part| part == "..")
        && !name.chars().any(|c| is_odd(c) && c != '!')
        && !parts.is_empty();
    let safe = if parts.is_empty() { "unnamed".to_owned() } else { parts.join("/") };
    (safe, is_harmless)
}
