//! `vestibule.toml`: one file says everything the gateway does.
//!
//! [`load`] turns its text into a [`Config`], or into every fault at once, each with its place, reason and fix. It reads
//! no file, no variable and no clock: text and time are parameters, and secrets stay references.

mod base;
mod diagnostic;
pub mod docs;
mod examples;
mod fields;
mod grant;
mod inbound;
mod model;
mod outbound;
mod read;
mod render;
mod scan;
pub mod schema;
mod scheme;
mod secret;
pub mod suppressions;
mod url;

pub use base::is_address;
pub use diagnostic::{Diagnostic, Report, Severity};
pub use examples::example;
pub use model::*;

use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vestibule_core::clock::Timestamp;

use read::{Context, Fields};

/// Reads a configuration. `file_name` is for display, `now` decides what has expired.
///
/// The report holds the warnings of a good file, and of a bad one every error and warning.
///
/// # Errors
/// The report, if it holds at least one error.
pub fn load(text: &str, file_name: &str, now: Timestamp) -> Result<(Config, Report), Report> {
    let mut context = Context::new(now);
    let config = read(&mut context, text);
    reported(context, text, file_name, config)
}

/// Reads only the accounts of `[scan]`, for an audit where no gateway is set up: the other tables need not be there, and
/// what is wrong in them is not told. Parameters and report as in [`load`].
///
/// # Errors
/// The report, if it holds at least one error.
pub fn load_accounts(text: &str, file_name: &str, now: Timestamp) -> Result<(Vec<ScanAccount>, Report), Report> {
    let mut context = Context::new(now);
    let accounts = parse(&mut context, text).map(|document| {
        let root = Fields::of(&mut context, document.get_ref(), 0..0, &schema::ROOT);
        let accounts = scan::accounts(&mut context, &root);
        scan_secrets(&mut context, &document);
        accounts
    });
    reported(context, text, file_name, accounts)
}

/// The file of the database, read from a configuration that need not be in order otherwise.
pub fn store_path(text: &str) -> Option<PathBuf> {
    let (document, _) = DeTable::parse_recoverable(text);
    match document.get_ref().get("store")?.get_ref().get("url")?.get_ref() {
        DeValue::String(url) => base::database(url),
        _ => None,
    }
}

/// What was read, unless something in the file is refused.
fn reported<T>(context: Context, text: &str, file_name: &str, read: Option<T>) -> Result<(T, Report), Report> {
    let mut report =
        Report { file_name: file_name.to_owned(), blotted: secret::blot(text, &context.secrets), findings: context.findings };
    report.sort();
    match read {
        Some(read) if !report.is_refused() => Ok((read, report)),
        _ => Err(report),
    }
}

fn parse<'t>(context: &mut Context, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
    let (document, faults) = DeTable::parse_recoverable(text);
    // what follows the first fault is mostly the parser finding its way back
    if let Some(fault) = faults.first() {
        context.push(syntax(fault, text));
        context.secrets = secret::suspects(text);
        return None;
    }
    Some(document)
}

fn scan_secrets(context: &mut Context, document: &Spanned<DeTable<'_>>) {
    for (_, node) in document.get_ref() {
        secret::scan(context, node);
    }
}

fn read(context: &mut Context, text: &str) -> Option<Config> {
    let document = parse(context, text)?;
    let root = Fields::of(context, document.get_ref(), 0..0, &schema::ROOT);
    let systems = base::systems(context, &root);
    let workflows = base::workflows(context, &root);
    let server = base::server(context, &root);
    let store = base::store(context, &root);
    let keys = base::keys(context, &root, store.as_ref());
    let limits = base::limits(context, &root);
    let inbound = inbound::routes(context, &root, limits.max_body);
    let outbound = outbound::destinations(context, &root);
    let accounts = scan::accounts(context, &root);
    scan_secrets(context, &document);
    Some(Config { server: server?, store: store?, keys: keys?, limits, systems, workflows, inbound, outbound, accounts })
}

fn syntax(fault: &toml::de::Error, text: &str) -> Diagnostic {
    let span = fault.span().unwrap_or(0..0);
    let span = span.start.min(text.len())..span.end.min(text.len());
    if fault.message().contains("duplicate") {
        return Diagnostic::error("config.duplicate_key", span, "this key or table stands twice");
    }
    let message = fault.message().lines().next().unwrap_or_default();
    Diagnostic::error("config.syntax", span, format!("not valid TOML: {message}"))
}

/// The entries of a table of named tables such as `[in.NAME]`.
fn named<'d>(context: &mut Context, root: &Fields<'d>, key: &'static str) -> Vec<(read::Text<'d>, read::Node<'d>)> {
    let entries = root.pairs(context, key);
    for (name, _) in &entries {
        if !is_name(name.value) {
            context.push(Diagnostic::error("config.bad_name", name.span.clone(), "this is no usable name"));
        }
    }
    entries
}

/// 1 to 63 lower-case letters, digits and hyphens, beginning with a letter.
fn is_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a value is a list of tables, as `[[out.NAME.grant]]` gives one.
fn tables<'d>(node: read::Node<'d>) -> Option<Vec<read::Node<'d>>> {
    let DeValue::Array(list) = node.get_ref() else {
        return None;
    };
    Some(list.iter().collect())
}

#[cfg(test)]
mod tests;
