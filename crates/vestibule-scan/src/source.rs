//! One file on its way in: decoded text, its tape where it is JSON, and how places in it are told to people.

pub mod archive;
pub mod csv;
pub mod env;
pub mod mail;
pub mod recognise;
pub mod sheet;
pub mod text;

use std::borrow::Cow;

use vestibule_core::document::{Document, Loose, NodeId};

/// A file that has been decoded.
pub struct Source<'d> {
    /// As the caller named it.
    pub path: &'d str,
    /// Its text in UTF-8 without a byte order mark.
    pub text: &'d str,
    /// Its values, where it is JSON.
    pub json: Option<Loose<'d>>,
}

impl<'d> Source<'d> {
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
                let (line, column) = text::line_and_column(self.text, tape.node(*node).span().0);
                (tape.exact_pointer(*node), line, column)
            }
            Place::Offset(offset) => {
                let (line, column) = text::line_and_column(self.text, *offset);
                (String::new(), line, column)
            }
            Place::Cell { pointer, line, column } => (pointer.to_string(), *line, *column),
        }
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
