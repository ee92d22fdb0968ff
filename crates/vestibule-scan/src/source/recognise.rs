//! Which file is it, and who reads it.

use super::Source;
use crate::finding::{Coverage, Finding};
use crate::model::{Scenario, files, make, n8n, zapier};
use vestibule_core::document::{Limits, Loose};

/// What became of a file.
pub enum Read<'r, 'd> {
    /// It was read.
    Scenarios(&'r Source<'d>, Vec<Scenario<'d>>),
    /// It, or a part of it, could not be read.
    Unreadable {
        /// The finding that says so.
        finding: Vec<Finding>,
        /// The entry of the coverage that says so.
        coverage: Coverage,
    },
}

/// Reads one file and hands on what it gave.
pub fn read(path: &str, bytes: &[u8], take: &mut dyn FnMut(Read<'_, '_>)) {
    let Ok(json) = Loose::parse(bytes, &Limits { depth: 1_000, nodes: 8_000_000 }) else {
        return;
    };
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let source = Source { path, text, json: Some(json) };
    let readers = [make::read, n8n::read, zapier::read, files::read];
    if let Some(scenarios) = readers.iter().find_map(|read| read(&source)) {
        take(Read::Scenarios(&source, scenarios));
    }
}
