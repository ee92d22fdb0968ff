//! One file on its way in: decoded text, its tape where it is JSON, and how places in it are told to people.

pub mod archive;
pub mod csv;
pub mod env;
pub mod mail;
mod parts;
pub(crate) mod problem;
pub mod recognise;
pub mod sheet;
pub mod text;

use std::borrow::Cow;

use vestibule_core::document::{Document, Loose, NodeId};

/// A file that has been decoded, or one document of a file that holds several.
pub struct Source<'d> {
    /// As the caller named it.
    pub path: &'d str,
    /// Its text in UTF-8 without a byte order mark.
    pub text: &'d str,
    /// Its values, where it is JSON.
    pub json: Option<Loose<'d>>,
    /// Lines of the file before `text`.
    lines_before: u32,
    lines: text::Lines,
}

impl<'d> Source<'d> {
    /// A whole file.
    pub fn new(path: &'d str, text: &'d str, json: Option<Loose<'d>>) -> Self {
        Self { path, text, json, lines_before: 0, lines: text::Lines::default() }
    }

    /// One document of a file, after this many lines of it.
    pub fn after_lines(self, lines_before: u32) -> Self {
        Self { lines_before, ..self }
    }

    /// The tape of a JSON file.
    pub fn tape(&self) -> Option<&Document<'d>> {
        self.json.as_ref().map(Loose::tape)
    }

    /// JSON Pointer, line and column of a place; lines and columns count from 1.
    pub fn locate(&self, place: &Place) -> (String, u32, u32) {
        match place {
            Place::Node(node) => {
                let Some(tape) = self.tape() else {
                    return (String::new(), 1, 1);
                };
                let (line, column) = self.line_and_column(tape.node(*node).span().0);
                (tape.exact_pointer(*node), line, column)
            }
            Place::Offset(offset) => {
                let (line, column) = self.line_and_column(*offset);
                (String::new(), line, column)
            }
            Place::Cell { pointer, line, column } => (pointer.to_string(), *line, *column),
        }
    }

    /// Line and column, from 1, of a byte offset in `text`.
    pub fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let (line, column) = self.lines.at(self.text, offset);
        (line.saturating_add(self.lines_before), column)
    }
}

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value of a JSON file.
    Node(NodeId),
    /// A byte offset in the text of another file.
    Offset(usize),
    /// A cell or part of a file that is no text, named in the form of a pointer such as `/Sheet1/B7`.
    Cell {
        /// How to find it.
        pointer: Box<str>,
        /// From 1.
        line: u32,
        /// From 1.
        column: u32,
    },
}

impl Place {
    /// The whole file.
    pub const FILE: Self = Self::Offset(0);
}

/// A value together with where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// Text that borrows from the file where it can.
pub type Text<'d> = Cow<'d, str>;
