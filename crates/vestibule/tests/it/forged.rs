//! P1: nothing unsigned, forged or altered becomes an event.

use crate::world::gate::Gate;
use crate::world::source::VECTOR_SECRET;
use crate::world::{Answer, Connection, Request, Scheme, Source, World};
use std::ops::Range;
use std::path::PathBuf;
use vestibule_core::clock::{Span, Timestamp};

const SCHEMES: [(Scheme, &str); 6] = [
    (Scheme::Standard, "/in/stored"),
    (Scheme::Hex, "/in/hex"),
    (Scheme::TimedBase64, "/in/timed"),
    (Scheme::Url512, "/in/url512"),
    (Scheme::Bearer, "/in/bearer"),
    (Scheme::Header, "/in/header"),
];

/// A byte's position, and the bit of it that is turned over.
type Flip = (usize, u8);

#[test]
fn every_flipped_bit_of_a_signed_request_is_refused() {
    let world = World::new();
    let gate = world.plain_gate();
    let (mut proven, mut around) = (0, 0);
    let sizes = [8, 300];
    for (size, (scheme, path)) in sizes.into_iter().flat_map(|size| SCHEMES.map(|scheme| (size, scheme))) {
        let body = format!(r#"{{"candidate":{{"email":"flip@example.org","tags":["{}ä",1.50,null]}}}}"#, "x".repeat(size));
        let id = format!("msg_flip{size}");
        let request = Source::with(scheme, path).event(world.now(), &id, body.as_bytes()).header("accept", "*/*");
        let bytes = request.bytes();
        let covered = covered(scheme, &request, &bytes);
        // a static key says nothing about the body: another body is another event of the same source
        let end = bytes.len() - if signs(scheme) { 0 } else { request.body.len() };
        let before = world.events();
        let (inside, outside): (Vec<Flip>, Vec<Flip>) = (0..end)
            .flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)))
            .partition(|(at, bit)| covered.iter().any(|range| range.contains(at)) && !means_the_same(scheme, bytes[*at], *bit));

        // first whatever proof covers, while the genuine event is still unknown: one that is let in would be an event
        let accepted = world.block_on(flip_covered(&gate, &bytes, &inside));
        assert_eq!((accepted, world.events() - before), (0, 0), "{scheme:?}: altered requests were accepted");
        let genuine = world.block_on(async { Connection::plain(gate.address).await.send(&request).await }).unwrap();
        assert_eq!(genuine.status, 200, "{scheme:?}: the request itself is not valid: {}", genuine.text());
        assert_eq!(world.events() - before, 1);

        // then everything around it: it is refused, or it is still the same event
        world.block_on(flip_around(&gate, &bytes, &outside, &genuine));
        assert_eq!(world.events() - before, 1, "{scheme:?}: an altered request became an event of its own");
        let route = path.trim_start_matches("/in/");
        assert_eq!(world.refused(route, "event.conflict"), 0, "{scheme:?}: an altered body passed as the source's own");
        proven += inside.len();
        around += outside.len();
    }
    assert!(proven > 15_000 && around > 8_000, "{proven} {around}");
    println!(
        "bit flips: {proven} cases of what the proof covers, 0 accepted; {around} cases around it, 0 other events; {} schemes",
        SCHEMES.len()
    );
}

/// The bytes that the proof of authorship covers: method, path and key for all, time, id, signature and body where the
/// scheme signs.
fn covered(scheme: Scheme, request: &Request, bytes: &[u8]) -> Vec<Range<usize>> {
    let place = |needle: &str| {
        let start = memchr::memmem::find(bytes, needle.as_bytes()).unwrap();
        start..start + needle.len()
    };
    let mut ranges = vec![place("POST"), place(&request.target)];
    for (name, value) in &request.headers {
        if ["webhook-id", "webhook-timestamp", "webhook-signature", "x-signature", "x-time", "x-api-key"].contains(&name.as_str())
        {
            ranges.push(place(value));
        }
        if name == "authorization" {
            ranges.push(place(value.trim_start_matches("Bearer ")));
        }
    }
    if signs(scheme) {
        ranges.push(bytes.len() - request.body.len()..bytes.len());
    }
    ranges
}

/// Whether the proof covers the body.
fn signs(scheme: Scheme) -> bool {
    !matches!(scheme, Scheme::Bearer | Scheme::Header)
}

/// Hexadecimal digits mean the same in either case.
fn means_the_same(scheme: Scheme, byte: u8, bit: u8) -> bool {
    scheme == Scheme::Hex && bit == 0x20 && matches!(byte, b'a'..=b'f' | b'A'..=b'F')
}

/// Sends each altered request; how many were answered as accepted.
async fn flip_covered(gate: &Gate, bytes: &[u8], flips: &[Flip]) -> usize {
    let mut accepted = 0;
    let mut connection = Connection::plain(gate.address).await;
    for (at, bit) in flips {
        connection.write(&flipped(bytes, *at, *bit)).await;
        match connection.read().await {
            Some(answer) if answer.status == 200 => accepted += 1,
            // a request that could not be read ends its connection
            Some(answer) if answer.status != 400 => {}
            _ => connection = Connection::plain(gate.address).await,
        }
    }
    accepted
}

/// Sends each altered request on a connection of its own, since framing may break. One that is accepted all the same is
/// the genuine event again.
async fn flip_around(gate: &Gate, bytes: &[u8], flips: &[Flip], genuine: &Answer) {
    for (at, bit) in flips {
        let mut connection = Connection::plain(gate.address).await;
        connection.write(&flipped(bytes, *at, *bit)).await;
        connection.finish().await;
        for answer in connection.read_all().await {
            assert_ne!(answer.status, 409, "byte {at}, bit {bit}");
            if answer.status == 200 {
                assert_eq!(answer.body, genuine.body, "byte {at}, bit {bit}");
            }
        }
    }
}

fn flipped(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at] ^= bit;
    out
}

/// When the published example was signed.
const SIGNED_AT: i64 = 1_614_265_330;
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn example(path: &str) -> Request {
    Request::new("POST", path)
        .json(r#"{"test": 2432232314}"#)
        .header("webhook-id", ID)
        .header("webhook-timestamp", &SIGNED_AT.to_string())
        .header("webhook-signature", SIGNATURE)
}

/// The twelve cases by the names of the shared list, each with what becomes of it.
fn cases() -> Vec<(&'static str, Vec<(Request, bool)>)> {
    let good = || example("/in/vector");
    let one = |request: Request| vec![(request, false)];
    let source = Source { path: "/in/vector", scheme: Scheme::Standard, secret: VECTOR_SECRET };
    let signed = |seconds: i64, id: &str| source.event(Timestamp(seconds * 1000), id, r#"{"test": 1}"#);
    let several = format!("v2,bm90IG91cnM= v1,AAAA {SIGNATURE} v1a,bm90IG91cnM=");
    vec![
        ("missing webhook-id", one(good().without("webhook-id"))),
        ("missing webhook-timestamp", one(good().without("webhook-timestamp"))),
        ("timestamp not a number", one(good().with("webhook-timestamp", "hello"))),
        ("missing webhook-signature", one(good().without("webhook-signature"))),
        ("signature garbage 'v1,dawfeoifkpqwoekfpqoekf'", one(good().with("webhook-signature", "v1,dawfeoifkpqwoekfpqoekf"))),
        ("signature truncated to 8 chars", one(good().with("webhook-signature", &SIGNATURE[..8]))),
        ("signature 'v1,' empty", one(good().with("webhook-signature", "v1,"))),
        (
            "timestamp older than 5 min",
            vec![(signed(SIGNED_AT - 301, "msg_old"), false), (signed(SIGNED_AT - 300, "msg_edge1"), true)],
        ),
        (
            "timestamp newer than 5 min",
            vec![(signed(SIGNED_AT + 301, "msg_new"), false), (signed(SIGNED_AT + 300, "msg_edge2"), true)],
        ),
        (
            "several signatures space-separated, mixed versions v1/v2, one valid -> accept",
            vec![(good().with("webhook-signature", &several), true)],
        ),
        ("secret with and without whsec_ prefix", vec![(good(), true), (example("/in/bare"), true)]),
        ("empty secret -> error", Vec::new()),
    ]
}

#[test]
fn the_cases_of_standard_webhooks() {
    let world = World::new();
    world.advance(Span(SIGNED_AT * 1000 - world.now().0));
    let cases = cases();
    let mut requests = 0;
    for (name, tries) in &cases {
        for (request, accepted) in tries {
            let answer = world.send(request);
            assert_eq!(answer.status, if *accepted { 200 } else { 401 }, "{name}: {}", answer.text());
            requests += 1;
        }
    }
    for empty in ["", "whsec_", " \n"] {
        std::fs::write(world.folder().join("secrets/empty"), empty).unwrap();
        let config = world.config().replace("secrets/vector", "secrets/empty");
        let error = world.try_open(&config).err().expect("an empty secret is an error");
        assert_eq!(error.code(), "secret.unusable", "{empty:?}");
        assert!(error.to_string().starts_with("[in."), "whose secret it is: {error}");
    }
    println!("standard webhooks: {} cases, {requests} requests", cases.len());
    let Some(folder) = vectors() else { return println!("not run: the list of Standard Webhooks cases (no vectors)") };
    let text = std::fs::read_to_string(folder.join("standard-webhooks/vectors.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&str> = list["cases"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, cases.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let vectors = list["sign"].as_array().unwrap();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        assert_eq!((text("secret"), text("id"), text("signature")), (VECTOR_SECRET, ID, SIGNATURE));
        assert_eq!((vector["timestamp"].as_i64(), text("payload")), (Some(SIGNED_AT), r#"{"test": 2432232314}"#));
    }
    println!("standard webhooks vectors: {} of {} signatures accepted", vectors.len(), vectors.len());
}

/// Where the shared test vectors lie, if they are here.
fn vectors() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = std::env::var_os("VESTIBULE_VECTORS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}
