//! Other files: whatever was read from one becomes the values of one step.
//!
//! Nothing is known here of what a value is for; `.env` lines are settings, cells of tables and words of mails are data that somebody
//! has exported, lines of programs are code.

use vestibule_core::document::Document;

use super::{Kind, Platform, Reach, Role, Scenario, Spot, Step, walk};
use crate::source::{At, Place, Text};

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// JSON of no known shape.
    Json,
    /// `NAME=value` lines.
    Settings,
    /// A table as text.
    Table,
    /// A spreadsheet.
    Workbook,
    /// A saved e-mail or mailbox.
    Mail,
    /// Any other text.
    Text,
}

impl What {
    fn module(self) -> &'static str {
        match self {
            Self::Json => "file:json",
            Self::Settings => "file:settings",
            Self::Table => "file:table",
            Self::Workbook => "file:workbook",
            Self::Mail => "file:mail",
            Self::Text => "file:text",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Json | Self::Settings => Kind::Assign,
            Self::Table | Self::Workbook | Self::Mail => Kind::Note,
            Self::Text => Kind::Code,
        }
    }
}

/// Every value of a JSON file of no known shape.
pub fn values<'t, 'd>(tape: &'t Document<'d>) -> impl Iterator<Item = Spot<'d>> + use<'t, 'd> {
    walk::each_leaf(tape, tape.root(), Text::default()).map(|leaf| walk::spot(tape, leaf.node, leaf.name, Role::Setting))
}

/// Values of a file as a scenario of one step, called as the file.
pub fn scenario<'d>(what: What, path: &'d str, spots: Vec<Spot<'d>>) -> Scenario<'d> {
    let name = path.rsplit(['/', '\\', '!']).next().unwrap_or(path);
    let step = Step {
        id: Text::default(),
        name: name.into(),
        module: what.module().into(),
        version: None,
        place: Place::FILE,
        disabled: false,
        reach: Reach::Flow,
        kind: what.kind(),
        connections: Vec::new(),
        spots,
        handles_errors: true,
        understood: what != What::Json,
    };
    Scenario { name: name.into(), error_workflow: true, steps: vec![step], ..Scenario::bare(Platform::File, Place::FILE) }
}

/// A note about what could not be read.
pub fn unread(reason: impl Into<String>) -> At<String> {
    At { value: reason.into(), place: Place::FILE }
}
