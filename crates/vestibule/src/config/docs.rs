//! Writes the pages of docs/reference that come from tables of the code. It writes to a string, not to a file.

use std::fmt::Write as _;

use vestibule_core::category::{self, Shape};
use vestibule_core::problem;

use super::schema;

/// docs/reference/configuration.md
pub fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
        One file, `vestibule.toml`, says everything the gateway does. This page is generated from the tables that read it. \
        A key that does not stand here is an error. `vestibule check FILE` finds the faults of the whole file at once (what depends on a part that cannot be read shows when that is mended); `examples/` holds \
        complete files.\n\n\
        Secrets never stand in the file. They are named: `env:VARIABLE`, `file:/absolute/path` or `credential:name` (systemd). \
        Paths to fields are written `a.b`, `list[*].c`, `list[key=value].c`, `list[0]` or `a[\"odd name\"]`, and stand in quotes. \
        Sizes are numbers of bytes or texts such as `\"10 MiB\"`; dates stand without quotes.\n",
    );
    for section in schema::ALL {
        let heading = if section.heading == "the file" { "The file".to_owned() } else { format!("`{}`", section.heading) };
        let _ = write!(
            page,
            "\n## {heading}\n\n{}\n\n| key | example | without it | what it does |\n|---|---|---|---|\n",
            section.about
        );
        for key in section.keys {
            let _ = writeln!(page, "| `{}` | {} | {} | {} |", key.name, code(key.example), cell(key.default), cell(key.about));
        }
    }
    page
}

/// docs/reference/errors.md
pub fn errors() -> String {
    let mut page = String::from(
        "# Errors\n\n\
        Every stable code, generated from the catalogue. A code is never renamed. The same text is shown by \
        `vestibule explain CODE`. *Caller* codes stand in answers (`application/problem+json`), *owner* codes in \
        `vestibule status`, because strangers get one uniform answer, and *operator* codes on the terminal and in the journal.\n",
    );
    let mut area = "";
    for entry in problem::all() {
        let this = entry.code.split('.').next().unwrap_or_default();
        if this != area {
            area = this;
            let _ = write!(page, "\n## {area}\n");
        }
        let status = if entry.status == 0 { String::new() } else { format!(", status {}", entry.status) };
        let again = if entry.retryable { ", may be tried again" } else { "" };
        let _ = write!(
            page,
            "\n### `{}`\n\n**{}** ({}{status}{again})\n\n{}\n\n*Fix:* {}\n",
            entry.code,
            entry.title,
            entry.audience.as_str(),
            entry.detail,
            entry.fix
        );
        if let Some(example) = super::example(entry.code) {
            let _ = write!(page, "\n```text\n{example}```\n");
        }
    }
    page
}

/// docs/reference/categories.md
pub fn categories() -> String {
    let mut page = String::from(
        "# Categories\n\n\
        Kinds of personal data, generated from the code. A rule names one by its alias or by its key, which follows the \
        fideslang taxonomy. *Special* categories (GDPR Articles 9 and 10) are never kept in the clear, derived from or restored \
        inside a text. Only *searchable* categories can have stable tokens: values of the others are so few that an index \
        over them could be guessed through.\n\n\
        | alias | key | what it is | special | stable tokens | token |\n|---|---|---|---|---|---|\n",
    );
    for category in category::ALL {
        let stable = match (category.stable_by_default, category.indexable) {
            (true, _) => "yes",
            (false, true) => "on request",
            (false, false) => "no",
        };
        let shape = match category.shape {
            Shape::Opaque => "33 characters",
            Shape::Email => "33 characters@token domain",
        };
        let special = if category.special { "yes" } else { "" };
        let _ =
            writeln!(page, "| `{}` | `{}` | {} | {special} | {stable} | {shape} |", category.alias, category.key, category.about);
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    if text == "…" { "see below".to_owned() } else { format!("`{}`", cell(text)) }
}
