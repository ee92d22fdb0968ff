//! Findings about a file itself: it could not be read, its shape is unknown, or a name in it hides another.
//!
//! They are made where files are read, because there is no scenario yet to look at; pages and texts of these ids are with the checks.

use std::collections::HashSet;

use vestibule_core::document::{Document, Kind, NodeId, ParseError};

use super::archive::Note;
use super::{Place, Source};
use crate::check;
use crate::finding::{Confidence, Finding, Severity};

/// Members told apart in findings of one file.
const TOLD: usize = 50;

/// A file, or a part of it, that could not be read.
pub(super) fn unreadable(path: &str, severity: Severity, at: (u32, u32), message: String, remedy: &str) -> Finding {
    finding("unreadable-file", path, severity, String::new(), at, message, remedy)
}

/// A JSON file that is broken or beyond the limits.
pub(super) fn broken_json(path: &str, error: &ParseError, text: &str, lines_before: u32) -> Finding {
    let is_scenario = mentions_scenario(text);
    let severity = if is_scenario { Severity::Medium } else { Severity::Info };
    let (what, remedy) = match error.code() {
        "json.depth" | "json.nodes" | "json.too_large" => (
            "is beyond what is read as JSON",
            "Split the file, or export the scenarios one by one; the file was only read as plain text.",
        ),
        _ => (
            "is not valid JSON",
            "Export the scenario again, or repair the place and scan once more; until then the file was only read as plain text, not audited.",
        ),
    };
    let message = format!("The file {what}: {}.", reason(error.code()));
    unreadable(path, severity, (error.line.saturating_add(lines_before), error.column), message, remedy)
}

/// What is wrong at the place that the finding names.
fn reason(code: &str) -> &'static str {
    match code {
        "json.empty" => "there is nothing in it",
        "json.unfinished" => "it ends too early",
        "json.trailing" => "something follows its end",
        "json.literal" => "a word stands here that is no value",
        "json.number" => "a number is malformed",
        "json.control" => "a text holds a line break or another control character that is not escaped",
        "json.escape" => "a text holds an unknown escape",
        "json.depth" => "it is nested too deeply",
        "json.nodes" => "it holds too many values",
        "json.too_large" => "it is too large",
        _ => "a comma, colon, quote or bracket is missing or stands in the wrong place",
    }
}

/// A note about an archive or an entry.
pub(crate) fn archive_note(note: &Note) -> Finding {
    let severity = if note.what.left_unread() { Severity::Medium } else { Severity::Low };
    let mut message = note.what.message().to_owned();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    message.push('.');
    let remedy = if note.what.left_unread() {
        "Unpack the archive with a tool you trust and scan the files themselves."
    } else {
        "Do not unpack this archive over existing files; ask where it comes from."
    };
    unreadable(&note.path, severity, (1, 1), message, remedy)
}

/// A file that looks like a scenario of a platform, but of no known shape.
pub(super) fn unknown_shape(source: &Source<'_>) -> Option<Finding> {
    let tape = source.tape()?;
    looks_like_scenario(tape).then(|| {
        let message = "The file looks like a scenario, but its shape is none of Make's, n8n's or Zapier's; only names and values were read.";
        let remedy = "Scan the platform's own export: Make's blueprint, n8n's download, Zapier's data export.";
        let at = source.line_and_column(tape.node(tape.root()).span().0);
        finding("unknown-shape", source.path, Severity::Low, String::new(), at, message.to_owned(), remedy)
    })
}

/// Names that stand twice in the same object, a finding for each up to a limit.
pub(super) fn duplicates(source: &Source<'_>) -> Vec<Finding> {
    let Some(tape) = source.tape() else {
        return Vec::new();
    };
    let found = repeated_names(tape);
    let told = found.iter().take(TOLD).enumerate().map(|(index, node)| {
        let (pointer, line, column) = source.locate(&Place::Node(*node));
        let more = found.len().saturating_sub(TOLD);
        let rest =
            if index + 1 == TOLD && more > 0 { format!(" {more} more places like this are not listed.") } else { String::new() };
        let message =
            format!("The same name stands more than once in one object. Platforms keep one of the values; all were read.{rest}");
        let remedy = "Remove the member that should not be there; it may hide a value from whoever reviews the file.";
        finding("duplicate-member", source.path, Severity::Low, pointer, (line, column), message, remedy)
    });
    told.collect()
}

fn finding(
    check: &'static str,
    path: &str,
    severity: Severity,
    pointer: String,
    at: (u32, u32),
    message: String,
    remedy: &str,
) -> Finding {
    let fingerprint = check::fingerprint(&[check, path, "", "", "", &pointer], 0);
    Finding {
        check,
        severity,
        confidence: Confidence::High,
        file: path.to_owned(),
        pointer,
        line: at.0,
        column: at.1,
        scenario: String::new(),
        step: String::new(),
        message,
        remedy: remedy.to_owned(),
        fingerprint,
        value: None,
    }
}

/// Every member but the first of its name in its object.
fn repeated_names(tape: &Document<'_>) -> Vec<NodeId> {
    let mut repeated = Vec::new();
    for (id, node) in tape.nodes() {
        if node.kind() == Kind::Object && may_repeat(tape, id) {
            let mut names = HashSet::new();
            repeated.extend(tape.children(id).filter(|child| !names.insert(tape.name(*child).unwrap_or_default())));
        }
    }
    repeated
}

/// Members up to which names are compared one by one.
const FEW: usize = 48;

/// False if no name of the object stands twice; true if one does or it takes a table to tell.
fn may_repeat(tape: &Document<'_>, object: NodeId) -> bool {
    let name_of = |child: NodeId| {
        let (start, end) = tape.node(child).name_span().unwrap_or_default();
        tape.bytes().get(start..end).unwrap_or_default()
    };
    // one bit for each name seen: a clear bit proves a name new
    let mut seen = 0_u64;
    for (count, child) in tape.children(object).enumerate() {
        if count >= FEW || tape.node(child).name_escaped() {
            return true;
        }
        let name = name_of(child);
        let bit = 1_u64 << bit_of(name);
        if seen & bit != 0 && tape.children(object).take(count).any(|earlier| name_of(earlier) == name) {
            return true;
        }
        seen |= bit;
    }
    false
}

/// Length, both ends and two bytes between: enough to tell most names of one object apart.
fn bit_of(name: &[u8]) -> u64 {
    let at = |index: usize| u64::from(name.get(index).copied().unwrap_or(0));
    let length = name.len();
    (at(0) | at(length.wrapping_sub(1)) << 8 | at(length / 2) << 16 | at(length / 3) << 24 | (length as u64) << 32)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        >> 58
}

/// Groups of member names; a file that has all of one group looks like a scenario.
const SIGNS: [&[&str]; 12] = [
    &["flow", "metadata"],
    &["flow", "name"],
    &["module", "mapper"],
    &["nodes", "connections"],
    &["nodes", "edges"],
    &["zaps"],
    &["selected_api"],
    &["trigger", "actions"],
    &["triggers", "actions"],
    &["trigger", "steps"],
    &["provider", "keyword"],
    &["wires", "type"],
];

/// Whether an object in the first levels has the members of a scenario.
fn looks_like_scenario(tape: &Document<'_>) -> bool {
    let mut level = vec![tape.root()];
    for _ in 0..4 {
        let mut below = Vec::new();
        for node in level {
            let is_sign =
                |sign: &&[&str]| sign.iter().all(|name| tape.member(node, name).is_some_and(|member| !tape.is_empty(member)));
            if SIGNS.iter().any(is_sign) {
                return true;
            }
            below.extend(tape.children(node).filter(|child| tape.node(*child).kind().is_container()).take(8));
        }
        level = below;
    }
    false
}

/// Whether broken text speaks of a scenario.
fn mentions_scenario(text: &str) -> bool {
    let head = text.as_bytes().get(..256 << 10).unwrap_or(text.as_bytes());
    let signs = [
        "\"flow\"",
        "\"mapper\"",
        "\"subflows\"",
        "n8n-nodes",
        "\"connections\"",
        "\"zaps\"",
        "\"selected_api\"",
        "\"blueprint\"",
    ];
    signs.iter().any(|sign| memchr::memmem::find(head, sign.as_bytes()).is_some())
}
