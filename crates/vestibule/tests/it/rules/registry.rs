//! Registries: folders in which every file is one entry with a public id.
//!
//! An entry is registered in the folder's `mod.rs`, documented on a page and has a fixture, both of its name.
//! What an entry does is shown by its own tests.

use super::source::Source;
use super::tree::{File, Tree};
use super::{flagged, hold};

/// A folder of entries.
struct Registry {
    folder: &'static str,
    /// The constant of an entry that stands in the list in `mod.rs`.
    listed: &'static str,
    /// Where the page `<id>.md` lies.
    pages: &'static str,
    /// Where the fixture `<id>.*` lies.
    fixtures: &'static str,
}

const REGISTRIES: &[Registry] = &[Registry {
    folder: "crates/vestibule-core/src/scheme",
    listed: "META",
    pages: "docs/reference/schemes",
    fixtures: "crates/vestibule-core/src/scheme/fixtures",
}];

#[test]
fn registries_are_complete() {
    let tree = Tree::real();
    let entries: usize = REGISTRIES.iter().map(|registry| entries(&tree, registry).len()).sum();
    let violations: Vec<String> = REGISTRIES.iter().flat_map(|registry| violations(&tree, registry)).collect();
    hold("registry entries", entries, &violations);
}

#[test]
fn an_incomplete_entry_is_flagged() {
    let registry = Registry { folder: "src/scheme", listed: "META", pages: "docs/schemes", fixtures: "fixtures" };
    let of = |files: &[(&str, &str)]| violations(&Tree::of(files), &registry);
    let registered = ("src/scheme/mod.rs", "mod static_key; pub const ALL: [&Meta; 1] = [&static_key::META];");
    let entry = ("src/scheme/static_key.rs", "pub const META: Meta = Meta { id: \"static-key\" };");
    let page = ("docs/schemes/static-key.md", "# `static-key`");
    let fixture = ("fixtures/static-key.txt", "");
    assert_eq!(of(&[registered, entry, page, fixture]), Vec::<String>::new());
    flagged(&of(&[("src/scheme/mod.rs", "mod other;"), entry, page, fixture]), "not declared");
    let unlisted = "mod static_key; pub use static_key::Key; // static_key::META";
    flagged(&of(&[("src/scheme/mod.rs", unlisted), entry, page, fixture]), "not registered");
    let nameless = ("src/scheme/static_key.rs", "");
    flagged(&of(&[registered, nameless, page, fixture]), "has no `id");
    flagged(&of(&[registered, entry, ("docs/schemes/static.md", "`static-key`"), fixture]), "not documented");
    flagged(&of(&[registered, entry, page, ("fixtures/static.json", "")]), "no fixture");
    flagged(&of(&[entry]), "no mod.rs");
}

fn entries<'a>(tree: &'a Tree, registry: &Registry) -> Vec<(&'a str, &'a str)> {
    let inside = |file: &'a File| -> Option<(&'a str, &'a str)> {
        let name = file.path.strip_prefix(registry.folder)?.strip_prefix('/')?.strip_suffix(".rs")?;
        (!name.contains('/') && name != "mod").then_some((name, file.text.as_str()))
    };
    tree.files.iter().filter_map(inside).collect()
}

fn violations(tree: &Tree, registry: &Registry) -> Vec<String> {
    let path = format!("{}/mod.rs", registry.folder);
    let Some(text) = tree.text(&path) else {
        return vec![format!("{}: no mod.rs", registry.folder)];
    };
    let list = Source::read(&path, text);
    let exists = |start: &str| tree.files.iter().any(|file| file.path.starts_with(start));
    let mut violations = Vec::new();
    for (entry, text) in entries(tree, registry) {
        let Some(id) = id(text) else {
            violations.push(format!("{}/{entry}.rs: has no `id: \"…\"`", registry.folder));
            continue;
        };
        let page = format!("{}/{id}.md", registry.pages);
        let fixture = format!("{}/{id}.", registry.fixtures);
        let checks = [
            (list.modules().contains(&entry), "not declared in mod.rs".to_owned()),
            (!list.find(&format!("{entry} :: {}", registry.listed)).is_empty(), "not registered in mod.rs".to_owned()),
            (exists(&page), format!("not documented in {page}")),
            (exists(&fixture), format!("no fixture {fixture}*")),
        ];
        let failed = checks.into_iter().filter(|(held, _)| !held);
        violations.extend(failed.map(|(_, what)| format!("{}/{entry}.rs: {what}", registry.folder)));
    }
    violations
}

/// The public id that an entry gives itself.
fn id(text: &str) -> Option<&str> {
    let after = text.split_once("id: \"")?.1;
    after.split_once('"').map(|(id, _)| id)
}
