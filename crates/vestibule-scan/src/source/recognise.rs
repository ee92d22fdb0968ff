//! Which file is it, and who reads it: told by content; the name decides only between kinds of plain text.
//!
//! JSON goes to the platforms' readers, one after the other, and what none of them knows is read by name and value. Broken JSON is told
//! and read as plain text, so that a key in it is still found. Whatever is not read ends in the coverage.

use vestibule_core::document::{Limits, Loose, ParseError};

use super::parts::{LOSSY, Parts, Take};
use super::{Place, Source, Text, archive, csv, env, mail, problem, sheet, text};
use crate::finding::{Coverage, Finding, Severity};
use crate::model::files::{self, What};
use crate::model::{Platform, Role, Scenario, Spot, make, n8n, zapier};

/// What became of a file.
pub enum Read<'r, 'd> {
    /// It was read.
    Scenarios(&'r Source<'d>, Vec<Scenario<'d>>),
    /// The next part of a file that is too large to be looked at in one piece; its first part was handed on as [`Read::Scenarios`].
    Part(&'r Source<'d>, Box<Scenario<'d>>),
    /// It, or a part of it, could not be read, or there is something about the file itself.
    Unreadable {
        /// The findings that say so.
        finding: Vec<Finding>,
        /// The entry of the coverage that says so, unless the file is handed on as well.
        coverage: Option<Coverage>,
    },
}

/// Bytes of the largest file that is read.
pub const LARGEST: usize = 128 << 20;

/// Nesting and number of values of the largest JSON file that is read.
const JSON: Limits = Limits { depth: 1_000, nodes: 8_000_000 };

/// Files within files: attachments of mails inside mails, archives in attachments.
const DEEPEST: u8 = 3;

/// Bytes of one value of plain text; longer lines are cut.
const LONGEST_LINE: usize = 1 << 20;

/// Reads one file and hands on what it gave.
pub fn read(path: &str, bytes: &[u8], take: &mut dyn FnMut(Read<'_, '_>)) {
    File { path, depth: 1 }.read(bytes, take);
}

#[derive(Clone, Copy)]
struct File<'p> {
    path: &'p str,
    depth: u8,
}

impl File<'_> {
    fn read(self, bytes: &[u8], take: &mut Take<'_>) {
        if bytes.len() > LARGEST {
            let message = format!("The file is larger than {} MiB and was not read.", LARGEST >> 20);
            let remedy = "Export the scenarios one by one, or split the file.";
            let finding = problem::unreadable(self.path, Severity::Medium, (1, 1), message, remedy);
            take(Read::Unreadable { finding: vec![finding], coverage: Some(self.unread("too large")) });
        } else if archive::is_archive(bytes) {
            self.archive(bytes, take);
        } else if sheet::is_workbook(bytes) {
            self.workbook(bytes, take);
        } else if bytes.is_empty() {
            take(Read::Unreadable { finding: Vec::new(), coverage: Some(self.unread("the file is empty")) });
        } else {
            match text::decode(bytes) {
                text::Decoded::Text { text, lossy } => self.text(bytes, &text, lossy, take),
                text::Decoded::Binary => self.binary(bytes, take),
            }
        }
    }

    fn unread(self, reason: &str) -> Coverage {
        Coverage { file: self.path.to_owned(), error: Some(reason.to_owned()), ..Coverage::default() }
    }

    fn archive(self, bytes: &[u8], take: &mut Take<'_>) {
        if self.depth > DEEPEST {
            return take(Read::Unreadable { finding: Vec::new(), coverage: Some(self.unread("nested too deeply")) });
        }
        let mut is_empty = true;
        let notes = archive::expand(self.path, bytes, &archive::Limits::default(), &mut |path, content| {
            is_empty = false;
            File { path, depth: self.depth + 1 }.read(&content, take);
        });
        let left: Vec<&str> =
            notes.iter().filter(|note| note.what.left_unread()).map(|note| note.what.message()).take(1).collect();
        let error = left.first().copied().or(is_empty.then_some("the archive is empty"));
        let finding = notes.iter().map(problem::archive_note).collect();
        take(Read::Unreadable { finding, coverage: error.map(|error| self.unread(error)) });
    }

    fn workbook(self, bytes: &[u8], take: &mut Take<'_>) {
        let source = Source::new(self.path, "", None);
        let mut parts = Parts::new(&source, What::Workbook, take);
        let mut header: (String, Vec<String>) = Default::default();
        let notes = sheet::cells(bytes, &archive::Limits::default(), &mut |cell| {
            let column = cell.column as usize;
            if header.0 != cell.sheet {
                header = (cell.sheet.clone(), Vec::new());
            }
            let is_header = cell.row == 1 && csv::is_header(&[cell.value.as_str().into()]);
            if is_header && column < MOST_COLUMNS {
                header.1.resize(header.1.len().max(column + 1), String::new());
                if let Some(name) = header.1.get_mut(column) {
                    name.clone_from(&cell.value);
                }
            }
            let name = if is_header { String::new() } else { header.1.get(column).cloned().unwrap_or_default() };
            let pointer = format!("/{}/{}", cell.sheet.replace('~', "~0").replace('/', "~1"), cell.address);
            parts.push(Spot {
                role: if is_header { Role::Label } else { Role::Pinned },
                name: name.into(),
                value: cell.value.into(),
                dynamic: false,
                is_text: cell.is_text,
                place: Place::Cell { pointer: pointer.into(), line: cell.row, column: cell.column },
            });
        });
        parts.notes.extend(notes.into_iter().map(str::to_owned));
        parts.finish();
    }

    fn binary(self, bytes: &[u8], take: &mut Take<'_>) {
        let begins_as_json = matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['));
        if let (true, Err(error)) = (begins_as_json, Loose::parse(bytes, &JSON)) {
            let text = String::from_utf8_lossy(bytes);
            let finding = vec![problem::broken_json(self.path, &error, &text, 0)];
            take(Read::Unreadable { finding, coverage: Some(self.unread("no text: it holds zero bytes")) });
            return;
        }
        let known: [(&[u8], &str); 8] = [
            (b"%PDF", "a PDF document, not read"),
            (b"\x89PNG", "a picture, not read"),
            (b"\xFF\xD8\xFF", "a picture, not read"),
            (b"GIF8", "a picture, not read"),
            (b"\x1F\x8B", "packed with gzip, not read: unpack it first"),
            (b"7z\xBC\xAF", "packed with 7-Zip, not read: unpack it first"),
            (b"SQLite format 3", "a database, not read"),
            (b"\xD0\xCF\x11\xE0", "an old Office document, not read: save it in the present format"),
        ];
        let word = known.iter().find(|(magic, _)| bytes.starts_with(magic)).map_or("binary, not read", |(_, word)| *word);
        take(Read::Unreadable { finding: Vec::new(), coverage: Some(self.unread(word)) });
    }

    fn text(self, bytes: &[u8], text: &str, lossy: bool, take: &mut Take<'_>) {
        let is_json = match text.trim_start().as_bytes() {
            [b'{' | b'[', ..] => self.json(text, lossy, take),
            _ => false,
        };
        if is_json {
            return;
        }
        let source = Source::new(self.path, text, None);
        let name = self.path.rsplit(['/', '\\', '!']).next().unwrap_or_default().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if mail::looks_like(text) {
            // a mail's parts have character sets of their own
            self.mail(if lossy { bytes } else { text.as_bytes() }, &source, lossy, take);
        } else if let Some(separator) = csv::separator(text).filter(|_| matches!(ending, "csv" | "tsv" | "tab")) {
            let mut parts = Parts::new(&source, What::Table, take).lossy(lossy);
            table(text, separator, &mut parts);
            parts.finish();
        } else if name.starts_with(".env")
            || matches!(ending, "env" | "properties" | "ini" | "cfg" | "conf")
            || (matches!(ending, "" | "txt") && env::looks_like(text))
        {
            let mut parts = Parts::new(&source, What::Settings, take).lossy(lossy);
            env::lines(text).for_each(|line| {
                let role = if line.name.is_empty() { Role::Note } else { Role::Assigned };
                parts.push(text_spot(role, line.name.into(), line.value, line.offset));
            });
            parts.finish();
        } else {
            let mut parts = Parts::new(&source, What::Text, take).lossy(lossy);
            lines(text, 0, Role::Code, &mut parts);
            parts.finish();
        }
    }

    /// Reads JSON, one document or several; false if the text is to be read as plain text.
    fn json(self, text: &str, lossy: bool, take: &mut Take<'_>) -> bool {
        match Loose::parse(text.as_bytes(), &JSON) {
            Ok(json) => {
                document(&Source::new(self.path, text, Some(json)), lossy, take);
                true
            }
            Err(error) if error.code() == "json.trailing" => self.documents(text, &error, lossy, take),
            Err(error) => self.broken(text, &error, 0, take),
        }
    }

    /// Several documents, one behind the other; false if that is not what the file is.
    fn documents(self, text: &str, error: &ParseError, lossy: bool, take: &mut Take<'_>) -> bool {
        let first_line = text.trim_start().lines().next().unwrap_or_default();
        if Loose::parse(first_line.as_bytes(), &JSON).is_ok() {
            self.lines_of_json(text, lossy, take);
            return true;
        }
        let ends = split_documents(text, error.offset);
        let mut start = 0;
        let mut lines_before = 0;
        let mut documents = Vec::new();
        for end in ends {
            let piece = text.get(start..end).unwrap_or_default();
            match Loose::parse(piece.as_bytes(), &JSON) {
                Ok(json) => documents.push(Source::new(self.path, piece, Some(json)).after_lines(lines_before)),
                Err(error) => return self.broken(piece, &error, lines_before, take),
            }
            lines_before += memchr::memchr_iter(b'\n', piece.as_bytes()).count() as u32;
            start = end;
        }
        documents.iter().for_each(|source| document(source, lossy, take));
        true
    }

    /// A document a line.
    fn lines_of_json(self, text: &str, lossy: bool, take: &mut Take<'_>) {
        let mut broken = 0_u32;
        for (before, line) in text.split_inclusive('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let before = before as u32;
            let line = line.trim_end_matches(['\r', '\n']);
            match Loose::parse(line.as_bytes(), &JSON) {
                Ok(json) => document(&Source::new(self.path, line, Some(json)).after_lines(before), lossy, take),
                Err(error) => {
                    broken += 1;
                    if broken <= MOST_BROKEN {
                        let finding = vec![problem::broken_json(self.path, &error, line, before)];
                        let coverage = (broken == 1).then(|| self.unread("some lines are not valid JSON"));
                        take(Read::Unreadable { finding, coverage });
                    }
                }
            }
        }
    }

    /// Tells that JSON is broken; false, as the text is still to be read as plain text.
    fn broken(self, text: &str, error: &ParseError, lines_before: u32, take: &mut Take<'_>) -> bool {
        if means_json(text) {
            let finding = vec![problem::broken_json(self.path, error, text, lines_before)];
            // what is cut off may have held anything; what is broken elsewhere is all there, and read as text
            let coverage = if error.offset >= text.trim_end().len() {
                self.unread("cut off: it ends too early")
            } else {
                Coverage { platform: Platform::File.as_str(), ..self.unread("not valid JSON, read as plain text") }
            };
            take(Read::Unreadable { finding, coverage: Some(coverage) });
        }
        false
    }

    fn mail(self, bytes: &[u8], source: &Source<'_>, lossy: bool, take: &mut Take<'_>) {
        let mut attachments: Vec<(String, Vec<u8>)> = Vec::new();
        let mut parts = Parts::new(source, What::Mail, take).lossy(lossy);
        for (start, message) in mail::messages(bytes) {
            mail::pieces(message, start, &mut |piece| match piece {
                mail::Piece::Header { name, value, offset } => {
                    parts.push(text_spot(Role::Pinned, name.to_owned().into(), value.to_owned().into(), offset));
                }
                mail::Piece::Text { text, offset } => {
                    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                        parts.push(text_spot(Role::Note, Text::default(), line.to_owned().into(), offset));
                    }
                }
                mail::Piece::Attachment { name, content } => {
                    attachments.push((format!("{}!{}", self.path, harmless(name)), content.to_vec()))
                }
            });
        }
        parts.finish();
        for (path, content) in attachments {
            let inner = File { path: &path, depth: self.depth + 1 };
            if inner.depth > DEEPEST {
                take(Read::Unreadable { finding: Vec::new(), coverage: Some(inner.unread("nested too deeply")) });
            } else {
                inner.read(&content, take);
            }
        }
    }
}

/// Broken lines of one file that are told apart.
const MOST_BROKEN: u32 = 20;

/// Documents of several lines that are read from one file.
const MOST_DOCUMENTS: usize = 64;

/// Where each of several documents ends; the last end is that of the text. The first document ends at `first`.
fn split_documents(text: &str, first: usize) -> Vec<usize> {
    let mut ends = vec![first];
    while let Some(rest) = ends.last().and_then(|end| text.get(*end..)).filter(|_| ends.len() < MOST_DOCUMENTS) {
        match Loose::parse(rest.as_bytes(), &JSON) {
            Err(error) if error.code() == "json.trailing" => {
                let end = ends.last().copied().unwrap_or(0) + error.offset;
                ends.push(end);
            }
            _ => break,
        }
    }
    ends.push(text.len());
    ends
}

/// Columns of a sheet whose names are kept.
const MOST_COLUMNS: usize = 1 << 14;

/// One JSON document, by the reader that knows its shape.
fn document(source: &Source<'_>, lossy: bool, take: &mut Take<'_>) {
    let readers = [zapier::read, make::read, n8n::read];
    match readers.iter().find_map(|read| read(source)) {
        Some(mut scenarios) => {
            if let Some(first) = scenarios.first_mut().filter(|_| lossy) {
                first.unread.push(files::unread(LOSSY));
            }
            take(Read::Scenarios(source, scenarios));
        }
        None => {
            let mut parts = Parts::new(source, What::Json, take).lossy(lossy);
            for spot in source.tape().into_iter().flat_map(files::values) {
                parts.push(spot);
            }
            parts.finish();
            if let Some(finding) = problem::unknown_shape(source) {
                take(Read::Unreadable { finding: vec![finding], coverage: None });
            }
        }
    }
    let finding = problem::duplicates(source);
    if !finding.is_empty() {
        take(Read::Unreadable { finding, coverage: None });
    }
}

/// Whether the text was meant to be JSON, rather than a program or a template that begins with a bracket.
fn means_json(text: &str) -> bool {
    let mut rest = text.trim_start().bytes().filter(|byte| !byte.is_ascii_whitespace());
    match (rest.next(), rest.next()) {
        (Some(b'{'), next) => matches!(next, Some(b'"' | b'}') | None),
        (Some(b'['), next) => matches!(next, Some(b'{' | b'[' | b'"' | b']' | b'0'..=b'9' | b'-') | None),
        _ => false,
    }
}

fn table(text: &str, separator: u8, parts: &mut Parts<'_, '_, '_>) {
    let first: Vec<Text<'_>> = csv::cells(text, separator).take_while(|cell| cell.row == 0).map(|cell| cell.value).collect();
    // cells borrow from the text as long as the table does, names are few
    let names: Vec<String> =
        if csv::is_header(&first) { first.iter().map(|name| name.trim().to_owned()).collect() } else { Vec::new() };
    for cell in csv::cells(text, separator).filter(|cell| !cell.value.trim().is_empty()) {
        let is_name = cell.row == 0 && !names.is_empty();
        let name = if is_name { "" } else { names.get(cell.column).map_or("", String::as_str) };
        let role = if is_name { Role::Label } else { Role::Pinned };
        parts.push(text_spot(role, name.to_owned().into(), cell.value.into_owned().into(), cell.offset));
    }
}

/// Lines of a text with a letter or digit in them; a block of key material is one value.
fn lines<'d>(whole: &'d str, shift: usize, role: Role, parts: &mut Parts<'_, '_, 'd>) {
    let mut at = 0;
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let end = if end > LONGEST_LINE { text::head(rest, LONGEST_LINE).len() } else { end };
        let first = rest.get(..end).unwrap_or(rest);
        let length = if first.contains("-----BEGIN ") { block_length(rest).unwrap_or(end) } else { end };
        let value = rest.get(..length).unwrap_or(rest);
        let trimmed = value.trim();
        if trimmed.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            let indent = value.len() - value.trim_start().len();
            parts.push(text_spot(role, Text::default(), trimmed.into(), shift + at + indent));
        }
        at += length.max(1);
    }
}

/// Bytes up to the end of the line in which a block of key material ends.
fn block_length(rest: &str) -> Option<usize> {
    let head = rest.as_bytes().get(..16 << 10).unwrap_or(rest.as_bytes());
    let end = memchr::memmem::find(head, b"-----END ")?;
    let tail = rest.as_bytes().get(end..)?;
    Some(end + memchr::memchr(b'\n', tail).map_or(tail.len(), |line| line + 1))
}

fn text_spot<'d>(role: Role, name: Text<'d>, value: Text<'d>, offset: usize) -> Spot<'d> {
    Spot { role, name, value, dynamic: false, is_text: true, place: Place::Offset(offset) }
}

fn harmless(name: &str) -> String {
    let plain: String =
        name.chars().take(200).map(|c| if c.is_control() || matches!(c, '/' | '\\' | '!') { '_' } else { c }).collect();
    if plain.trim_matches('.').is_empty() { "attachment".to_owned() } else { plain }
}
