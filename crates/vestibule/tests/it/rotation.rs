//! P13: every kind of key is rotated under load and no request fails. P12: a call that begins after a revocation was
//! reported is refused.

use crate::world::gate::Gate;
use crate::world::{Answer, Connection, Peer, Request, Seen, Source, World, by, call};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Instant;
use tokio::runtime::Runtime;
use vestibule::files;
use vestibule::ops::{self, keys, rotate};
use vestibule_core::id::Mode;
use vestibule_vault::{Draw, Kind, Root, apikey, keystore};

/// How often each kind is rotated.
const ROUNDS: usize = 3;
/// Senders of events. The same new person comes from all of them at the same time.
const SENDERS: usize = 4;
/// Callers with tokens that are older than every rotation.
const CALLERS: usize = 2;

/// What the threads of the load share.
struct Load<'a> {
    world: &'a World,
    gate: &'a Gate,
    over: AtomicBool,
    sent: AtomicUsize,
    called: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

#[test]
fn rotation_of_every_kind_of_key_fails_no_request() {
    let world = World::new();
    let gate = world.plain_gate();
    let key = world.key("intake", Mode::Live);
    let mut people = vec![deliver(&world, "generation0")];
    let load = Load {
        world: &world,
        gate: &gate,
        over: AtomicBool::new(false),
        sent: AtomicUsize::new(0),
        called: AtomicUsize::new(0),
        failed: Mutex::default(),
    };
    let mut checked = 0;
    let oldest = people.clone();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| load.send());
        }
        for _ in 0..CALLERS {
            scope.spawn(|| load.call(&key, &oldest[0]));
        }
        let _ended = Ended(&load.over);
        for round in 0..ROUNDS {
            for kind in Kind::ALL.into_iter().map(Some).chain([None]) {
                turn(&world, kind, round);
                people.push(deliver(&world, &format!("generation{}", people.len())));
                // everybody's tokens, from before each of the rotations so far
                open(&world, &key, &people);
                checked += people.len();
            }
        }
    });

    let failed = load.failed.into_inner().unwrap();
    let (sent, called) = (load.sent.into_inner(), load.called.into_inner());
    let requests = sent + called + checked + people.len();
    println!("rotation: {} kinds x {ROUNDS} rounds, {requests} requests, {} failed", Kind::ALL.len() + 1, failed.len());
    assert!(failed.is_empty(), "{:?}", &failed[..failed.len().min(10)]);
    assert!(sent > 100 && called > 100, "{sent} {called}: hardly a load");

    let everybody = everybody(&world.platform.wait_for(sent + people.len()));
    let subjects = world.app.store.reader().unwrap().counts().unwrap().people;
    assert_eq!(subjects, everybody.len() as u64, "a person came twice");
    drop(gate);
    let world = world.restart(|folder| std::fs::rename(next_root(folder, ROUNDS - 1), folder.join("root.key")).unwrap()).unwrap();
    open(&world, &key, &everybody);
    let opened = arrived(&world);
    assert_eq!(opened, called + checked + everybody.len());
    let moved = rotate::rotate(&world.app, &by(), Kind::IndexOuter.as_str()).unwrap();
    assert_eq!(moved["rows_tampered"], 0);
    let log = ops::verify::verify(&world.app, None).unwrap();
    assert_eq!((&log["ok"], log["origins"].as_array().unwrap().len()), (&json!(true), 1), "{log}");
    println!("tokens over rotations: {opened} cases opened, {} persons with one token for each value", everybody.len());
}

/// Says that the load is over, also when a check fails: otherwise its threads would go on for ever.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Load<'_> {
    fn send(&self) {
        runtime().block_on(async {
            let source = Source::at("/in/apply");
            let mut connection = Connection::plain(self.gate.address).await;
            while !self.over.load(Ordering::SeqCst) {
                let number = self.sent.fetch_add(1, Ordering::SeqCst);
                // each new person comes from all senders at once; now and then somebody comes back
                let fourth = number / SENDERS;
                let person = if fourth % 5 == 4 { fourth / 2 } else { fourth };
                let body = application(&format!("person{person}"), &format!("load{number}"));
                let request = source.event(self.world.now(), &format!("msg_load{number}"), body);
                self.note(200, connection.send(&request).await);
            }
        });
    }

    fn call(&self, key: &str, person: &Person) {
        runtime().block_on(async {
            let request = person.call(key);
            let mut connection = Connection::plain(self.gate.address).await;
            while !self.over.load(Ordering::SeqCst) {
                self.called.fetch_add(1, Ordering::SeqCst);
                self.note(201, connection.send(&request).await);
            }
        });
    }

    fn note(&self, expected: u16, answer: Option<Answer>) {
        if answer.as_ref().is_none_or(|answer| answer.status != expected) {
            let words = answer.map_or("no answer".to_owned(), |answer| format!("{} {}", answer.status, answer.text()));
            self.failed.lock().unwrap().push(words);
        }
    }
}

/// Somebody, and the tokens that the platform has of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    name: String,
    email: String,
    id: String,
}

impl Person {
    fn call(&self, key: &str) -> Request {
        let body = json!({ "name": self.name, "emails": [{ "value": self.email }], "id": self.id });
        call(key, "POST", "/out/ats/candidates", &body.to_string())
    }
}

/// The same person again has the same tokens, whatever was rotated in between: both are of stable categories.
fn application(name: &str, job: &str) -> String {
    json!({
        "consent": { "given": true },
        "candidate": { "id": format!("id-{name}"), "email": format!("{name}@example.org"), "country": name },
        "job": { "id": job },
    })
    .to_string()
}

fn person_of(seen: &Seen) -> Person {
    let body = seen.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let candidate = &body["candidate"];
    Person { name: text(&candidate["country"]), email: text(&candidate["email"]), id: text(&candidate["id"]) }
}

/// Sends somebody in and waits for the platform to get them.
fn deliver(world: &World, name: &str) -> Person {
    let answer = world.send(&world.event("/in/apply", &application(name, name)));
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    person_of(&find(&world.platform, |seen| seen.json()["job"]["id"] == name))
}

/// Calls with the tokens of all of these.
fn open(world: &World, key: &str, people: &[Person]) {
    world.block_on(async {
        let mut connection = world.connect().await;
        for person in people {
            let answer = connection.send(&person.call(key)).await.expect("an answer");
            assert_eq!(answer.status, 201, "{}: {}", person.name, answer.text());
        }
    });
}

/// Every call reached the destination with the values of the person that it was about; gives how many there were.
fn arrived(world: &World) -> usize {
    let seen = world.ats.seen();
    for seen in &seen {
        let body = seen.json();
        let name = body["name"].as_str().unwrap();
        let values = (&body["emails"][0]["value"], &body["id"]);
        assert_eq!(values, (&json!(format!("{name}@example.org")), &json!(format!("id-{name}"))));
    }
    seen.len()
}

/// The newest of the requests that fit; waits for it.
fn find(peer: &Peer, fits: impl Fn(&Seen) -> bool) -> Seen {
    let mut seen = peer.seen();
    let mut looked = 0;
    loop {
        if let Some(found) = seen[looked..].iter().rev().find(|one| fits(one)) {
            return found.clone();
        }
        looked = seen.len();
        seen = peer.wait_for(looked + 1);
    }
}

/// Rotates one kind, or the root key.
fn turn(world: &World, kind: Option<Kind>, round: usize) {
    let Some(kind) = kind else {
        let file = next_root(world.folder(), round);
        let root = Root::generate(&mut Draw::new(keystore::ROOT_DRAW).unwrap()).unwrap();
        files::create(&file, root.to_text().expose().as_bytes()).unwrap();
        rotate::root(&world.app, &by(), &file).unwrap();
        return;
    };
    let told = rotate::rotate(&world.app, &by(), kind.as_str()).unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert_eq!((&told["rotated"][0]["version"], &told["rows_tampered"]), (&json!(round + 2), &json!(0)), "{kind}");
}

fn next_root(folder: &std::path::Path, round: usize) -> std::path::PathBuf {
    folder.join(format!("root-{round}.key"))
}

/// Everybody whom the platform knows, by name. Nobody has two tokens for one value, and no two persons share one.
fn everybody(seen: &[Seen]) -> Vec<Person> {
    let mut people: HashMap<String, Person> = HashMap::new();
    for person in seen.iter().map(person_of) {
        let known = people.entry(person.name.clone()).or_insert_with(|| person.clone());
        assert_eq!(*known, person, "a stable token changed its text");
    }
    let tokens: HashSet<&str> = people.values().flat_map(|person| [person.email.as_str(), person.id.as_str()]).collect();
    assert_eq!(tokens.len(), 2 * people.len());
    people.into_values().collect()
}

/// Calls at the same time in the test of revocation.
const CALLS: usize = 4;
/// Refusals after which a caller gives up.
const ENOUGH: usize = 25;

#[test]
fn no_call_that_begins_after_a_revocation_is_accepted() {
    let world = World::new();
    let person = deliver(&world, "revoked");
    let gate = world.plain_gate();
    let (mut accepted, mut refused, mut latest) = (0, 0, i128::MIN);
    let rounds = 10;
    for round in 0..rounds {
        let key = world.key("intake", Mode::Live);
        let id = apikey::parse_api_key(&key).unwrap().id;
        let request = person.call(&key);
        let (tick, ticks) = mpsc::sync_channel(10_000);
        let (calls, returned) = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLS).map(|_| scope.spawn(|| until_refused(&gate, &request, tick.clone()))).collect();
            // some calls later each time
            for _ in 0..20 + 7 * round {
                ticks.recv().unwrap();
            }
            keys::revoke(&world.app, &by(), &id).unwrap();
            let returned = Instant::now();
            let calls: Vec<_> = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
            (calls, returned)
        });
        for (began, status) in calls {
            let late = i128::try_from(began.saturating_duration_since(returned).as_micros()).unwrap()
                - i128::try_from(returned.saturating_duration_since(began).as_micros()).unwrap();
            match status {
                201 => {
                    accepted += 1;
                    latest = latest.max(late);
                    assert!(late <= 0, "accepted {late} µs after the revocation was reported");
                }
                401 => refused += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} {refused}");
    println!(
        "revocation: {rounds} keys under load, {accepted} calls accepted, {refused} refused, the last accepted began {} µs before the report",
        -latest
    );
}

/// Calls until the key has been refused often enough; each call with the moment it began.
fn until_refused(gate: &Gate, request: &Request, tick: SyncSender<()>) -> Vec<(Instant, u16)> {
    runtime().block_on(async {
        let mut connection = Connection::plain(gate.address).await;
        let (mut calls, mut refused) = (Vec::new(), 0);
        while refused < ENOUGH {
            let began = Instant::now();
            let status = connection.send(request).await.expect("an answer").status;
            calls.push((began, status));
            match status {
                201 => drop(tick.try_send(())),
                _ => refused += 1,
            }
        }
        calls
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
