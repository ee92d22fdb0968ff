//! Why a document was refused: a stable code and a place. It deliberately holds nothing of the document.

use thiserror::Error;

/// A document that is not acceptable JSON. Line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} at line {line}, column {column}", explain(.code))]
pub struct ParseError {
    /// Stable code, such as `json.duplicate_name`.
    pub code: &'static str,
    /// Byte offset of the fault.
    pub offset: usize,
    /// Line of the fault.
    pub line: u32,
    /// Column of the fault.
    pub column: u32,
}

impl ParseError {
    /// Works out line and column of `offset`; only called for refused documents.
    pub(super) fn locate(code: &'static str, bytes: &[u8], offset: usize) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let is_character_start = |byte: &&u8| **byte & 0xC0 != 0x80;
        let column = before.iter().skip(line_start).filter(is_character_start).count() + 1;
        Self { code, offset, line: saturate(line), column: saturate(column) }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// Every code that a document can be refused with.
pub const CODES: [&str; 16] = [
    "json.empty",
    "json.byte_order_mark",
    "json.utf8",
    "json.too_large",
    "json.depth",
    "json.nodes",
    "json.syntax",
    "json.unfinished",
    "json.trailing",
    "json.literal",
    "json.number",
    "json.control",
    "json.escape",
    "json.surrogate",
    "json.nul",
    "json.duplicate_name",
];

fn explain(code: &str) -> &'static str {
    match code {
        "json.empty" => "the document is empty",
        "json.byte_order_mark" => "the document starts with a byte order mark",
        "json.utf8" => "the document is not valid UTF-8",
        "json.too_large" => "the document is too large",
        "json.depth" => "the document is nested too deeply",
        "json.nodes" => "the document has too many values",
        "json.unfinished" => "the document ends too early",
        "json.trailing" => "something follows the end of the document",
        "json.literal" => "a literal is misspelt",
        "json.number" => "a number is malformed",
        "json.control" => "a string holds an unescaped control character",
        "json.escape" => "a string holds an unknown escape",
        "json.surrogate" => "a string holds half a surrogate pair",
        "json.nul" => "a string holds a NUL character",
        "json.duplicate_name" => "an object holds the same name twice",
        _ => "the document is not valid JSON",
    }
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
