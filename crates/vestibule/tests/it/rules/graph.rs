//! The star of crates, as the manifests say it: who depends on whom, and on what from outside.
//!
//! It reads every kind of dependency (normal, development, build, per target): siblings do not meet in tests either.

use std::collections::BTreeSet;

use super::tree::Tree;
use super::{flagged, hold};

/// Each crate with the crates of this workspace that it depends on; no others exist.
const STAR: &[(&str, &[&str])] = &[
    ("vestibule", &["vestibule-core", "vestibule-scan", "vestibule-store", "vestibule-vault"]),
    ("vestibule-core", &[]),
    ("vestibule-scan", &["vestibule-core"]),
    ("vestibule-store", &["vestibule-core"]),
    ("vestibule-vault", &["vestibule-core"]),
];

/// What the inner crates may be built on; a new entry is a decision about what that crate can reach.
const BUILT_ON: &[(&str, &[&str])] = &[
    ("vestibule-core", &["base64", "crc32fast", "memchr", "thiserror", "zeroize"]),
    (
        "vestibule-scan",
        &[
            "aho-corasick",
            "askama",
            "base64",
            "crc32fast",
            "flate2",
            "jiff",
            "mail-parser",
            "memchr",
            "quick-xml",
            "serde",
            "serde_json",
            "thiserror",
        ],
    ),
    ("vestibule-store", &["rusqlite", "thiserror"]),
    ("vestibule-vault", &["age", "aws-lc-rs", "base64", "thiserror", "zeroize"]),
];

/// Crates that one crate alone may depend on, for any purpose.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("age", &["vestibule-vault"]),
    ("aws-lc-rs", &["vestibule-vault"]),
    // the benchmark runs committed plain SQL beside our store, not through it
    ("rusqlite", &["vestibule-store", "vestibule"]),
];

/// A second provider of cryptography or TLS, a second clock, or an HTTP client without the address check.
const REFUSED: &[&str] = &[
    "aead",
    "aes",
    "aes-gcm",
    "aes-gcm-siv",
    "aws-lc-fips-sys",
    "aws-lc-sys",
    "blake3",
    "boring",
    "chacha20poly1305",
    "chrono",
    "curl",
    "dryoc",
    "hkdf",
    "hmac",
    "isahc",
    "native-tls",
    "openssl",
    "openssl-sys",
    "orion",
    "reqwest",
    "ring",
    "sha1",
    "sha2",
    "sodiumoxide",
    "surf",
    "time",
    "ureq",
];

/// Tables in a manifest that hold dependencies.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// One dependency: by its own name, whatever it was renamed to.
struct Dependency {
    name: String,
    shipped: bool,
}

#[test]
fn crates_form_a_star() {
    let tree = Tree::real();
    hold("crate graph", STAR.len(), &graph_violations(&tree));
}

#[test]
fn a_broken_star_is_flagged() {
    let with = |path: &str, text: &str| graph_violations(&Tree::of(&[(path, text)]));
    let store = "crates/vestibule-store/Cargo.toml";
    let named = "[package]\nname='vestibule-store'\n";
    flagged(&with(store, &format!("{named}[dependencies]\nvestibule-vault.workspace=true")), "vestibule-vault");
    flagged(&with(store, &format!("{named}[dev-dependencies]\nvestibule-vault.workspace=true")), "vestibule-vault");
    flagged(
        &with(store, &format!("{named}[target.'cfg(unix)'.dependencies]\nv={{package='vestibule-vault'}}")),
        "vestibule-vault",
    );
    flagged(&with(store, &format!("{named}[dependencies]\nvestibule.path='../vestibule'")), "{\"vestibule\"}");
    flagged(&with(store, &format!("{named}[dependencies]\ntokio='1'")), "`tokio`");
    flagged(&with(store, &format!("{named}[dependencies]\nx={{path='../../elsewhere'}}")), "`x`");
    flagged(&with(store, &format!("{named}[dev-dependencies]\nring='0.17'")), "`ring`");
    flagged(&with(store, &format!("{named}[build-dependencies]\naws-lc-rs='1'")), "`aws-lc-rs`");
    flagged(&with("crates/vestibule-other/Cargo.toml", "[package]\nname='vestibule-other'"), "vestibule-other");
    flagged(&graph_violations(&Tree::of(&[])), "vestibule-core");
}

fn graph_violations(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for file in tree.files.iter().filter(|file| is_manifest(&file.path)) {
        let manifest: toml::Table = file.text.parse().expect("a manifest is TOML");
        let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
        let dependencies = dependencies(&manifest);
        check_star(&name, &dependencies, &mut violations);
        check_outside(&name, &dependencies, &mut violations);
        seen.insert(name);
    }
    let missing = STAR.iter().filter(|(name, _)| !seen.contains(*name));
    violations.extend(missing.map(|(name, _)| format!("{name}: no manifest")));
    violations
}

/// The fuzzers are a workspace of their own, of which nothing ships.
fn is_manifest(path: &str) -> bool {
    path.ends_with("/Cargo.toml") && !path.starts_with("fuzz/")
}

fn check_star(name: &str, dependencies: &[Dependency], violations: &mut Vec<String>) {
    let ours = dependencies.iter().map(|dependency| dependency.name.as_str());
    let ours: BTreeSet<&str> = ours.filter(|name| name.starts_with("vestibule")).collect();
    match STAR.iter().find(|(known, _)| *known == name) {
        None => violations.push(format!("{name}: not a crate of the star")),
        Some((_, expected)) if !ours.iter().eq(expected.iter()) => {
            violations.push(format!("{name}: depends on {ours:?}, the star says {expected:?}"));
        }
        Some(_) => {}
    }
}

fn check_outside(name: &str, dependencies: &[Dependency], violations: &mut Vec<String>) {
    let allowed = BUILT_ON.iter().find(|(known, _)| *known == name).map(|(_, allowed)| *allowed);
    for dependency in dependencies {
        let outside = dependency.name.as_str();
        let listed = allowed.is_none_or(|allowed| allowed.contains(&outside));
        if dependency.shipped && !listed && !outside.starts_with("vestibule") {
            violations.push(format!("{name}: built on `{outside}`, which is not in its list"));
        }
        if REFUSED.contains(&outside) {
            violations.push(format!("{name}: `{outside}` is refused everywhere"));
        }
        if KEPT_TO.iter().any(|(kept, holders)| *kept == outside && !holders.contains(&name)) {
            violations.push(format!("{name}: `{outside}` is kept to other crates"));
        }
    }
}

fn dependencies(manifest: &toml::Table) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(|targets| targets.as_table());
    let targets = targets.into_iter().flat_map(toml::Table::values).filter_map(|target| target.as_table());
    let holders = std::iter::once(manifest).chain(targets);
    let mut found = Vec::new();
    for holder in holders {
        for kind in KINDS {
            let table = holder.get(kind).and_then(|table| table.as_table());
            for (key, value) in table.into_iter().flatten() {
                let renamed = value.get("package").and_then(|package| package.as_str());
                let name = renamed.unwrap_or(key).to_owned();
                found.push(Dependency { name, shipped: kind != "dev-dependencies" });
            }
        }
    }
    found
}

#[test]
fn members_are_the_star() {
    let tree = Tree::real();
    let workspace: toml::Table = tree.text("Cargo.toml").expect("a workspace").parse().expect("TOML");
    let members = workspace["workspace"]["members"].as_array().expect("a list");
    let members: BTreeSet<String> = members.iter().filter_map(|member| member.as_str()).map(str::to_owned).collect();
    let star: BTreeSet<String> = STAR.iter().map(|(name, _)| format!("crates/{name}")).collect();
    assert_eq!(members, star);
    let renamed = workspace["workspace"]["dependencies"].as_table().expect("a table");
    assert!(renamed.values().all(|value| value.get("package").is_none()), "renaming hides who depends on whom");
}
