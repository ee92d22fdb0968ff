//! The one path syntax of Vestibule, for rules, selectors, grants and error places.
//!
//! | written | means |
//! |---|---|
//! | `$` | the whole document |
//! | `a.b` | member `b` of member `a` |
//! | `a[*]`, `[*]` | every element of an array |
//! | `a[0]` | one element of an array |
//! | `a[ref=salary].value` | in each element that is an object whose member `ref` is `salary` |
//! | `a["odd name"].b`, `a["odd key"="odd value"]` | quoted as in JSON, for names that hold dots, brackets, quotes, spaces |
//!
//! It deliberately has no recursion (`..`), no member wildcard and no expressions: a rule must be readable as one place.

use std::fmt;

use thiserror::Error;

use super::escape_string;
use super::string::{decode, scan};

/// One step down from a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The member with this name.
    Member(String),
    /// The element at this position, from 0.
    Index(u32),
    /// Elements that are objects whose member `key` has this value (a string, or the text of a number or boolean).
    Select {
        /// Name of the deciding member.
        key: String,
        /// What its value must be.
        value: String,
    },
    /// Every element.
    Any,
}

/// A place, or a family of places, in a document. `Display` writes it so that parsing gives the same path again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    steps: Vec<Step>,
}

/// A path that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the path is malformed at column {column}: {}", explain(.code))]
pub struct PathError {
    /// Stable code, such as `path.bracket`.
    pub code: &'static str,
    /// Character of the path where it goes wrong, from 1.
    pub column: u32,
}

impl PathError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// Steps that a path may have: as many as a document is deep by default.
const MAX_STEPS: usize = 64;

impl FieldPath {
    /// The whole document.
    pub const ROOT: Self = Self { steps: Vec::new() };

    /// Reads a path.
    ///
    /// # Errors
    /// The code and column of the first fault.
    pub fn parse(text: &str) -> Result<FieldPath, PathError> {
        if text == "$" {
            return Ok(Self::ROOT);
        }
        let mut reader = Reader { text, pos: 0 };
        let mut steps = Vec::new();
        while reader.pos < text.len() || steps.is_empty() {
            if steps.len() >= MAX_STEPS {
                return reader.fail("path.too_long");
            }
            steps.push(reader.step(steps.is_empty())?);
        }
        Ok(FieldPath { steps })
    }

    /// A path made of steps.
    pub fn from_steps(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps from the root; none for the whole document.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("$");
        }
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Member(name) => write_member(f, name, at == 0)?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
                Step::Select { key, value } => {
                    f.write_str("[")?;
                    write_word(f, key, is_bare_name(key))?;
                    f.write_str("=")?;
                    write_word(f, value, is_bare_value(value))?;
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

/// Writes one member step; `first` leaves out the dot.
pub(super) fn write_member(out: &mut impl fmt::Write, name: &str, first: bool) -> fmt::Result {
    if !is_bare_name(name) || (first && name == "$") {
        out.write_str("[")?;
        write_word(out, name, false)?;
        return out.write_str("]");
    }
    if !first {
        out.write_str(".")?;
    }
    out.write_str(name)
}

fn write_word(out: &mut impl fmt::Write, word: &str, bare: bool) -> fmt::Result {
    if bare {
        return out.write_str(word);
    }
    // the writer of JSON strings gives back what it was given, so this is always text
    out.write_str(&String::from_utf8_lossy(&escape_string(word)))
}

fn is_bare_name_char(c: char) -> bool {
    !matches!(c, '.' | '[' | ']' | '"' | '\\' | '=' | '*') && !c.is_whitespace() && !c.is_control()
}

fn is_bare_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && (name.bytes().all(plain) || name.chars().all(is_bare_name_char))
}

fn is_bare_value_char(c: char) -> bool {
    !matches!(c, '[' | ']' | '"' | '\\') && !c.is_control()
}

fn is_bare_value(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && value.chars().all(is_bare_value_char)
}

struct Reader<'t> {
    text: &'t str,
    pos: usize,
}

impl Reader<'_> {
    fn step(&mut self, first: bool) -> Result<Step, PathError> {
        if self.eat('[') {
            return self.bracket();
        }
        if !first && !self.eat('.') {
            return self.fail("path.separator");
        }
        let name = self.take(is_bare_name_char);
        if name.is_empty() {
            return self.fail("path.name");
        }
        if first && name == "$" {
            self.pos = 0;
            return self.fail("path.root");
        }
        Ok(Step::Member(name))
    }

    /// What stands between brackets, after the opening one.
    fn bracket(&mut self) -> Result<Step, PathError> {
        if self.eat('*') {
            return self.closed(Step::Any);
        }
        let start = self.pos;
        let quoted = self.rest().starts_with('"');
        let word = if quoted { self.quoted()? } else { self.take(is_bare_name_char) };
        if self.eat('=') {
            if word.is_empty() && !quoted {
                self.pos = start;
                return self.fail("path.selector");
            }
            let value = self.selector_value()?;
            return self.closed(Step::Select { key: word, value });
        }
        if quoted {
            return self.closed(Step::Member(word));
        }
        let canonical = word == "0" || (!word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit()));
        match word.parse::<u32>() {
            Ok(index) if canonical => self.closed(Step::Index(index)),
            _ => {
                self.pos = start;
                self.fail("path.bracket")
            }
        }
    }

    fn selector_value(&mut self) -> Result<String, PathError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let start = self.pos;
        let value = self.take(is_bare_value_char);
        if !is_bare_value(&value) {
            self.pos = start;
            return self.fail("path.selector");
        }
        Ok(value)
    }

    fn quoted(&mut self) -> Result<String, PathError> {
        let inner = self.pos + 1;
        let Ok((end, escaped)) = scan::<false>(self.text.as_bytes(), inner) else {
            return self.fail("path.quotes");
        };
        let word = decode(self.text.get(inner..end).unwrap_or_default(), escaped).into_owned();
        self.pos = end + 1;
        Ok(word)
    }

    fn closed(&mut self, step: Step) -> Result<Step, PathError> {
        if self.eat(']') { Ok(step) } else { self.fail("path.bracket") }
    }

    fn take(&mut self, accept: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        self.pos += end;
        word
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.pos += c.len_utf8();
        }
        found
    }

    fn rest(&self) -> &str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn fail<T>(&self, code: &'static str) -> Result<T, PathError> {
        let before = self.text.get(..self.pos).unwrap_or(self.text);
        Err(PathError { code, column: u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX) })
    }
}

fn explain(code: &str) -> &'static str {
    match code {
        "path.root" => "`$` stands alone for the whole document",
        "path.name" => "a member name is missing; quote odd names like `[\"odd name\"]`",
        "path.separator" => "a `.` or `[` is missing",
        "path.selector" => "a selector is written `[key=value]`",
        "path.quotes" => "a quoted name is not closed or not valid",
        "path.too_long" => "the path has too many steps",
        _ => "brackets hold `*`, a position, a quoted name or `key=value`",
    }
}
