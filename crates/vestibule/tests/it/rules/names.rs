//! What each crate may name: cryptography, sockets, files, SQL, time, chance, processes, the terminal.
//!
//! The rule is about code that ships. Tests may open files and sockets; what they may not do stands in `files`.

use super::source::{NamedPath, Source, is_word};
use super::tree::Tree;
use super::{flagged, hold};

/// Paths that code in `within` may not name, except in the listed places, each for its reason.
struct Ban {
    within: &'static str,
    names: &'static [&'static str],
    except: &'static [(&'static str, &'static str)],
}

const BANS: &[Ban] = &[
    // core is deterministic: no input or output, no clock, no chance
    Ban {
        within: "crates/vestibule-core/",
        names: &[
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "std::os",
            "std::io",
            "std::time::SystemTime",
            "std::time::Instant",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::net::ToSocketAddrs",
            "std::hash::RandomState",
            "std::net::*",
            "std::time::*",
            "std::hash::*",
            "tokio",
            "futures",
            "rusqlite",
            "aws_lc_rs",
            "getrandom",
            "rand",
        ],
        except: &[],
    },
    // the crate that can decrypt reaches neither network nor database nor file, and has no clock
    Ban {
        within: "crates/vestibule-vault/",
        names: &[
            "std::net",
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "std::os",
            "std::time::SystemTime",
            "std::time::Instant",
            "std::time::*",
            "rusqlite",
            "tokio",
            "futures",
        ],
        except: &[],
    },
    // the crate that reaches the database cannot decrypt, opens no socket and has no clock
    Ban {
        within: "crates/vestibule-store/",
        names: &[
            "std::net",
            "std::env",
            "std::process",
            "std::os::unix::net",
            "std::time::SystemTime",
            "std::time::*",
            "tokio",
            "futures",
            "aws_lc_rs",
        ],
        except: &[],
    },
    // the auditor is given bytes, today's date and a mark for values; it reaches nothing
    Ban {
        within: "crates/vestibule-scan/",
        names: &[
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "std::os",
            "std::time::SystemTime",
            "std::time::Instant",
            "std::time::*",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::net::ToSocketAddrs",
            "std::net::*",
            "std::hash::RandomState",
            "jiff::Zoned",
            "tokio",
            "futures",
            "rusqlite",
            "aws_lc_rs",
            "vestibule_vault",
            "vestibule_store",
        ],
        except: &[],
    },
    // what is on its way through is strict JSON; only the auditor reads what other programs wrote
    Ban {
        within: "",
        names: &["vestibule_core::document::Loose"],
        except: &[
            ("crates/vestibule-scan/", "files that are audited may repeat names"),
            ("crates/vestibule/src/scan/live/", "so may what a platform keeps of them"),
        ],
    },
    Ban {
        within: "",
        names: &["aws_lc_rs", "rustls::crypto", "ring", "openssl"],
        except: &[
            ("crates/vestibule-vault/", "the one crate that holds keys"),
            ("crates/vestibule/src/net/tls.rs", "rustls has to be told its provider"),
            ("crates/vestibule/src/net/tls/", "rustls has to be told its provider"),
        ],
    },
    Ban {
        within: "",
        names: &["rusqlite"],
        except: &[
            ("crates/vestibule-store/", "the one crate that holds SQL"),
            ("crates/vestibule/src/bench/", "the raw loop is plain SQL beside our store"),
        ],
    },
];

/// Segments that belong to primitives, wherever the path to them starts.
const PRIMITIVES: [&str; 3] = ["aead", "hkdf", "hmac"];

#[test]
fn crates_name_only_what_they_may() {
    let sources = Tree::real().sources();
    let paths: usize = sources.iter().map(|source| source.paths().len()).sum();
    let mut violations: Vec<String> = BANS.iter().flat_map(|ban| ban_violations(&sources, ban)).collect();
    violations.extend(sources.iter().flat_map(primitive_violations));
    violations.extend(sources.iter().flat_map(core_violations));
    violations.extend(sources.iter().flat_map(clock_violations));
    hold("names that cross walls", paths, &violations);
}

#[test]
fn a_name_across_a_wall_is_flagged() {
    let core = "crates/vestibule-core/src/x.rs";
    let store = "crates/vestibule-store/src/x.rs";
    let vault = "crates/vestibule-vault/src/x.rs";
    let scan = "crates/vestibule-scan/src/x.rs";
    let binary = "crates/vestibule/src/ingress/x.rs";
    for (path, text, expected) in [
        (core, "use std::net::TcpStream;", "std::net::TcpStream"),
        (core, "use std::{fmt, fs::File};", "std::fs::File"),
        (core, "fn a() { std::time::SystemTime::now(); }", "SystemTime"),
        (core, "use std::time::{Duration, Instant};", "Instant"),
        (core, "async fn a() {}", "async"),
        (core, "use std as s;", "std"),
        (core, "use std::net::*;", "std::net::*"),
        (vault, "use std::fs;", "std::fs"),
        (vault, "use std::net::IpAddr;", "std::net::IpAddr"),
        (vault, "use rusqlite::Connection;", "rusqlite"),
        (store, "use std::os::unix::net::UnixStream;", "UnixStream"),
        (store, "fn a() { aws_lc_rs::digest::digest(); }", "aws_lc_rs"),
        (scan, "use std::fs;", "std::fs"),
        (scan, "fn a() { let _ = jiff::Zoned::now(); }", "jiff::Zoned"),
        (scan, "use jiff::Timestamp; fn a() { let _ = Timestamp::now(); }", "`now`"),
        (scan, "use vestibule_vault::mac;", "vestibule_vault"),
        (store, "use vestibule_core::document::{Document, Loose};", "Loose"),
        (binary, "use vestibule_core::document::Loose;", "Loose"),
        (binary, "use aws_lc_rs::aead;", "aws_lc_rs"),
        (binary, "use ::rusqlite::Connection;", "rusqlite"),
        (binary, "use rustls::crypto::hmac::Key;", "hmac"),
        (binary, "use x::hkdf;", "hkdf"),
    ] {
        flagged(&all_violations(path, text), expected);
    }
}

#[test]
fn what_a_crate_may_name_is_not_flagged() {
    for (path, text) in [
        ("crates/vestibule-core/src/x.rs", "use std::net::IpAddr; use std::time::Duration; use std::collections::BTreeMap;"),
        ("crates/vestibule-core/src/x.rs", "mod hmac; pub use hmac::SCHEME; use crate::scheme::hmac;"),
        ("crates/vestibule-core/src/x.rs", "// std::fs\nconst A: &str = \"std::fs\";\n#[cfg(test)] mod t { use std::fs; }"),
        ("crates/vestibule-vault/src/x.rs", "use aws_lc_rs::{aead, hmac}; use std::io::Read;"),
        ("crates/vestibule/src/net/tls.rs", "use rustls::crypto::aws_lc_rs as provider;"),
        ("crates/vestibule/src/bench/raw.rs", "use rusqlite::Connection;"),
    ] {
        assert_eq!(all_violations(path, text), Vec::<String>::new(), "{text}");
    }
}

fn all_violations(path: &str, text: &str) -> Vec<String> {
    let sources = Tree::of(&[(path, text)]).sources();
    let mut violations: Vec<String> = BANS.iter().flat_map(|ban| ban_violations(&sources, ban)).collect();
    violations.extend(sources.iter().flat_map(primitive_violations));
    violations.extend(sources.iter().flat_map(core_violations));
    violations.extend(sources.iter().flat_map(clock_violations));
    violations
}

fn ban_violations(sources: &[Source], ban: &Ban) -> Vec<String> {
    let excepted = |path: &str| ban.except.iter().any(|(place, _)| path.starts_with(place));
    let within = sources.iter().filter(|source| source.path.starts_with(ban.within) && !excepted(&source.path));
    let banned = |path: &NamedPath| {
        let full = path.parts.join("::");
        // a whole standard library under another name would pass every other rule
        full == "std" || full == "core" || ban.names.iter().any(|name| full == *name || full.starts_with(&format!("{name}::")))
    };
    within
        .flat_map(|source| {
            let shipped = source.paths().into_iter().filter(|path| !path.test);
            let found = shipped.filter(|path| banned(path));
            found.map(|path| place(source, path.line, &path.parts.join("::"))).collect::<Vec<_>>()
        })
        .collect()
}

/// AEAD, HMAC and HKDF by name, through whichever library; a module of the same name in the crate itself is no primitive.
fn primitive_violations(source: &Source) -> Vec<String> {
    if source.path.starts_with("crates/vestibule-vault/") {
        return Vec::new();
    }
    let modules = source.modules();
    let foreign = |path: &NamedPath| match path.parts.first().map(String::as_str) {
        None | Some("crate" | "self" | "super" | "Self" | "vestibule_core" | "vestibule_vault") => false,
        Some(first) => !modules.contains(&first),
    };
    let paths = source.paths().into_iter().filter(|path| !path.test && foreign(path));
    let named = paths.filter(|path| path.parts.iter().any(|part| PRIMITIVES.contains(&part.as_str())));
    named.map(|path| place(source, path.line, &path.parts.join("::"))).collect()
}

/// Keywords and macros that need no path.
fn core_violations(source: &Source) -> Vec<String> {
    if !source.path.starts_with("crates/vestibule-core/src/") && !source.path.starts_with("crates/vestibule-vault/src/") {
        return Vec::new();
    }
    let shipped = source.tokens.iter().filter(|token| !token.test && is_word(&token.text));
    let found = shipped.filter(|token| matches!(token.text.as_str(), "async" | "await" | "extern" | "unsafe"));
    found.map(|token| place(source, token.line, &token.text)).collect()
}

/// The auditor is told what day it is.
fn clock_violations(source: &Source) -> Vec<String> {
    if !source.path.starts_with("crates/vestibule-scan/src/") {
        return Vec::new();
    }
    source.find("now (").into_iter().filter(|token| !token.test).map(|token| place(source, token.line, "now")).collect()
}

fn place(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: names `{what}`", source.path)
}
