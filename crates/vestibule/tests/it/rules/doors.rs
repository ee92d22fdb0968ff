//! The doors between stages: the few calls that turn one proof into the next, and the one file that dials out.
//!
//! The lists are the point: a new entry is a new place where plaintext or a proof appears, and is reviewed as one.

use super::source::Source;
use super::tree::Tree;
use super::{flagged, hold};

/// A call that may stand in so many places of shipped code, and in no other.
struct Door {
    /// Tokens of the call, with spaces between them.
    call: &'static str,
    sites: usize,
    why: &'static str,
}

const DOORS: &[Door] = &[
    Door { call: "Receipt :: committed (", sites: 1, why: "a receipt proves a durable leaf: only the commit gives it" },
    Door { call: "Permit :: new (", sites: 1, why: "no reveal without a receipt" },
    Door { call: "into_wire (", sites: 1, why: "the one exit of revealed values" },
    Door {
        call: "seal_body (",
        sites: 4,
        why: "a body that waits (held, queued, an answer kept for its repeat, a saved audit) passes the whole-body seal first",
    },
];

/// Types and calls that reach the network; only the listed places name them.
const SOCKETS: [&str; 10] = [
    "TcpStream",
    "TcpListener",
    "TcpSocket",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "socket2",
    "lookup_host",
    "ToSocketAddrs",
];

const SOCKET_PLACES: &[(&str, &str)] = &[
    ("crates/vestibule/src/net/", "listeners, and the one client"),
    ("crates/vestibule/src/bench/", "load on loopback, against peers it started itself"),
];

/// Calls that open a connection, and the places that may.
const DIALS: [&str; 5] =
    ["TcpStream :: connect", "UnixStream :: connect", "TcpSocket :: new_v4", "TcpSocket :: new_v6", "UdpSocket :: bind"];

const DIAL_PLACES: &[(&str, &str)] = &[
    ("crates/vestibule/src/net/outbound.rs", "after its own look-up and address check"),
    ("crates/vestibule/src/net/outbound/", "after its own look-up and address check"),
    ("crates/vestibule/src/net/local.rs", "the server's own socket file"),
    ("crates/vestibule/src/bench/", "load on loopback, against peers it started itself"),
];

/// Where a secret is taken out of its wrapper: `count path`, one a line, `#` starts the reason.
const EXPOSE: &str = include_str!("expose.txt");

#[test]
fn doors_have_one_call_site_each() {
    let sources = Tree::real().sources();
    hold("doors between stages", DOORS.len(), &door_violations(&sources, DOORS));
}

#[test]
fn sockets_are_named_where_they_are_listed() {
    let sources = Tree::real().sources();
    hold("sockets", sources.len(), &socket_violations(&sources));
}

#[test]
fn secrets_are_exposed_where_it_is_listed() {
    let sources = Tree::real().sources();
    let listed = expose_list(EXPOSE);
    hold("places that expose a secret", listed.len(), &expose_violations(&sources, &listed));
}

#[test]
fn a_second_door_is_flagged() {
    let two = "fn a() { Receipt::committed(1, t); stage::Receipt::committed(2, t); }";
    let sources = Tree::of(&[("crates/vestibule/src/a.rs", two)]).sources();
    flagged(&door_violations(&sources, DOORS), "2 call sites of `Receipt :: committed (`");
    flagged(&door_violations(&sources, DOORS), "0 call sites of `Permit :: new (`");
    let one = "fn a() { x.into_wire(p) }\nfn into_wire(self) {}\n#[cfg(test)] mod t { fn b() { y.into_wire(p) } }";
    let sources = Tree::of(&[("crates/vestibule/src/a.rs", one)]).sources();
    let exit = [Door { call: "into_wire (", sites: 1, why: "" }];
    assert_eq!(door_violations(&sources, &exit), Vec::<String>::new());
    let by_path = "fn a() { let f = Revealed::into_wire; v.map(Permit::new) }";
    let sources = Tree::of(&[("crates/vestibule/src/a.rs", by_path)]).sources();
    flagged(&door_violations(&sources, DOORS), "taken as a value");
}

#[test]
fn a_socket_elsewhere_is_flagged() {
    let of = |path: &str, text: &str| socket_violations(&Tree::of(&[(path, text)]).sources());
    flagged(&of("crates/vestibule/src/deliver/x.rs", "use tokio::net::{self, TcpStream as T};"), "TcpStream");
    flagged(&of("crates/vestibule/src/net/server.rs", "fn a() { TcpStream::connect(a); }"), "opens a connection");
    flagged(&of("crates/vestibule/src/egress/x.rs", "fn a() { tokio::net::lookup_host(a); }"), "lookup_host");
    assert_eq!(of("crates/vestibule/src/net/outbound.rs", "fn a() { TcpStream::connect(a); }"), Vec::<String>::new());
    assert_eq!(of("crates/vestibule/src/x.rs", "// TcpStream\n#[cfg(test)] use std::net::TcpStream;"), Vec::<String>::new());
}

#[test]
fn an_unlisted_exposure_is_flagged() {
    let sources = Tree::of(&[("crates/vestibule/src/a.rs", "fn a() { key.expose(); other.expose(); }")]).sources();
    flagged(&expose_violations(&sources, &[]), "2 exposures, the list says 0");
    flagged(&expose_violations(&sources, &[(1, "crates/vestibule/src/a.rs".to_owned())]), "the list says 1");
    flagged(&expose_violations(&[], &[(1, "crates/vestibule/src/a.rs".to_owned())]), "0 exposures");
    assert_eq!(expose_violations(&sources, &[(2, "crates/vestibule/src/a.rs".to_owned())]), Vec::<String>::new());
}

fn door_violations(sources: &[Source], doors: &[Door]) -> Vec<String> {
    let mut violations = Vec::new();
    for door in doors {
        let places = shipped_places(sources, door.call);
        if places.len() != door.sites {
            let (count, expected) = (places.len(), door.sites);
            violations.push(format!("{count} call sites of `{}`, expected {expected} ({}): {places:?}", door.call, door.why));
        }
        let name = door.call.trim_end_matches(" (");
        let named = shipped_places(sources, name).len();
        if named > places.len() + imports(sources, name) {
            violations.push(format!("`{name}` is taken as a value, which hides its call sites"));
        }
    }
    violations
}

/// `use` of a bare function name is no call; a path of two parts cannot be imported that way.
fn imports(sources: &[Source], name: &str) -> usize {
    let uses = |source: &Source| source.find(&format!(":: {name} ;")).len();
    sources.iter().map(uses).sum()
}

fn shipped_places(sources: &[Source], pattern: &str) -> Vec<String> {
    let places = |source: &Source| -> Vec<String> {
        let found = source.find(pattern).into_iter().filter(|token| !token.test);
        found.map(|token| format!("{}:{}", source.path, token.line)).collect()
    };
    sources.iter().flat_map(places).collect()
}

fn socket_violations(sources: &[Source]) -> Vec<String> {
    let listed = |places: &[(&str, &str)], path: &str| places.iter().any(|(place, _)| path.starts_with(place));
    let mut violations = Vec::new();
    for source in sources {
        let named = SOCKETS.iter().filter(|_| !listed(SOCKET_PLACES, &source.path));
        let dialled = DIALS.iter().filter(|_| !listed(DIAL_PLACES, &source.path));
        for (patterns, what) in [(named.collect::<Vec<_>>(), "names a socket"), (dialled.collect(), "opens a connection")] {
            for pattern in patterns {
                let found = source.find(pattern).into_iter().filter(|token| !token.test);
                violations.extend(found.map(|token| format!("{}:{}: {what}: `{pattern}`", source.path, token.line)));
            }
        }
    }
    violations
}

fn expose_list(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let entry = |line: &str| {
        let (count, path) = line.split_once(' ').expect("`count path`");
        (count.parse().expect("a count"), path.trim().to_owned())
    };
    lines.filter(|line| !line.is_empty()).map(entry).collect()
}

fn expose_violations(sources: &[Source], listed: &[(usize, String)]) -> Vec<String> {
    let shipped = |source: &Source| {
        let calls = [". expose (", ":: expose", "expose_secret"];
        let found = calls.iter().flat_map(|call| source.find(call));
        found.filter(|token| !token.test).count()
    };
    let allowed = |path: &str| listed.iter().find(|(_, known)| known == path).map_or(0, |(count, _)| *count);
    let mut violations = Vec::new();
    for source in sources {
        let (found, allowed) = (shipped(source), allowed(&source.path));
        if found != allowed {
            violations.push(format!("{}: {found} exposures, the list says {allowed}", source.path));
        }
    }
    let gone = listed.iter().filter(|(_, path)| !sources.iter().any(|source| source.path == *path));
    violations.extend(gone.map(|(count, path)| format!("{path}: 0 exposures, the list says {count}")));
    violations
}
