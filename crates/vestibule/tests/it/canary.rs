//! The canary test (P5, P6, P15): marked documents, names, paths, headers, identifiers and rejected requests go through
//! every path; then everything that is stored, logged, answered or sent to the platform is searched for the marks, in
//! every encoding. First the search itself is proved: marks are planted in each place and found.

mod documents;
mod inflate;
pub mod search;

use crate::world::source::{STATIC_SECRET, secret_of};
use crate::world::{Answer, DELIVERY_SECRET, Reply, Request, Scheme, Source, World, by, call};
use documents::{CORE, DIGITS, Documents, marked_application};
use search::{ENCODINGS, Search, encoded};
use serde_json::json;
use std::path::Path;
use vestibule::ops;
use vestibule_core::audit::Leaf;
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;
use vestibule_store::{AppendLeaf, DeliveryState, SetMeta};

/// Stands in every credential of a destination.
const CREDENTIALS: &str = "Yc4Rw8Lq";
/// Stands in the platform's own secrets, which the platform alone may see.
const HOOK: &str = "Hn4dQ6Vb";

/// Everything that may hold no mark: its name and its bytes.
type Sink = (String, Vec<u8>);

/// A world under test, and every answer it gave.
struct Stage {
    world: World,
    answers: Vec<u8>,
    requests: usize,
}

impl Stage {
    fn send(&mut self, request: &Request) -> Answer {
        let answer = self.world.send(request);
        self.answers.extend(&answer.raw);
        self.requests += 1;
        answer
    }

    /// Everything there is to search.
    fn sinks(&self) -> Vec<Sink> {
        let world = &self.world;
        world.settle();
        let mut sinks = files(world.folder());
        let reader = world.app.store.reader().unwrap();
        let mut rows = Vec::new();
        reader.digest(|table, row| rows.extend([table.as_bytes(), row, b"\n"].concat())).unwrap();
        sinks.push(("every row".into(), rows));
        let leaves = reader.leaves(1, i64::MAX).unwrap();
        let decoded: Vec<String> =
            leaves.iter().filter_map(|row| Leaf::from_bytes(&row.leaf).ok()).map(|leaf| format!("{leaf:?}\n")).collect();
        sinks.push(("the log, decoded".into(), decoded.concat().into_bytes()));
        let shown = [
            ("log show", ops::audit::show(&world.app, 1_000_000)),
            ("log verify", ops::verify::verify(&world.app, None)),
            ("status", ops::status::status(&world.app)),
            ("dead list", ops::dead::list(&world.app, &ops::dead::Filter::default())),
            ("held list", ops::held::list(&world.app)),
            ("keys list", ops::keys::list(&world.app)),
        ];
        for (name, shown) in shown {
            let shown = shown.unwrap_or_else(|error| panic!("{name}: {error}"));
            sinks.push((format!("command `{name}`"), shown.to_string().into_bytes()));
        }
        sinks.push(("counts of refusals".into(), format!("{:?}", world.app.counters.refused()).into_bytes()));
        sinks.push(("every answer".into(), self.answers.clone()));
        let platform = world.platform.seen().into_iter().flat_map(|seen| seen.raw).collect();
        sinks.push(("what the platform got".into(), platform));
        sinks
    }
}

/// The files that the gateway wrote: database, write-ahead log, key store, backups.
fn files(folder: &Path) -> Vec<Sink> {
    let mut out = Vec::new();
    for inner in ["data", "keys", "backups"] {
        let Ok(entries) = std::fs::read_dir(folder.join(inner)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_file() {
                out.push((
                    format!("the file {inner}/{}", path.file_name().unwrap().to_string_lossy()),
                    std::fs::read(&path).unwrap(),
                ));
            }
        }
    }
    out
}

/// Makes both kinds of copies.
fn back_up(world: &World) {
    let folder = world.folder().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    world.app.store.backup_to(&folder.join("copy.db")).unwrap();
    let pair = vestibule_vault::backup::generate();
    let order = ops::backup::Order::new(folder.join("backup.age"), pair.recipient, world.folder().join("data"));
    ops::backup::backup(&world.app, &by(), &order).unwrap();
}

#[test]
fn the_search_finds_what_is_planted_in_every_place_and_encoding() {
    let stage = Stage { world: World::new(), answers: b"HTTP/1.1 200 OK\r\n".to_vec(), requests: 0 };
    let world = &stage.world;
    world.deliver("/in/apply", &marked_application(&mut Documents::new()));
    let search = Search::new(&[CORE.to_owned()]);
    let mut planted = 0;

    // through the store itself: what is written there reaches file, write-ahead log, rows, leaves and copies
    let mut finds: Vec<String> = Vec::new();
    for encoding in ENCODINGS {
        let bytes = encoded("zq7xwv3kp1m2", encoding);
        world.app.writer.call(SetMeta { name: format!("planted {encoding}"), value: bytes.clone() }).unwrap();
        let mut leaf = world.app.service_leaf("planted");
        leaf.request = String::from_utf8_lossy(&bytes).into_owned().into();
        world.app.writer.call(AppendLeaf { leaf: leaf.to_bytes() }).unwrap();
        planted += 2;
    }
    back_up(world);
    for (name, bytes) in stage.sinks() {
        if !search.in_bytes(&bytes).is_empty() {
            finds.push(name);
        }
    }
    for sink in
        ["the file data/vestibule.db-wal", "every row", "the log, decoded", "command `log show`", "the file backups/copy.db"]
    {
        assert!(finds.iter().any(|name| name == sink), "nothing found in {sink}; found in {finds:?}");
    }

    // and byte for byte: every encoding in the middle of every sink
    let clean = Stage { world: World::new(), answers: b"HTTP/1.1 200 OK\r\n".to_vec(), requests: 0 };
    clean.world.deliver("/in/apply", &marked_application(&mut Documents::new()));
    back_up(&clean.world);
    let sinks = clean.sinks();
    for (name, bytes) in &sinks {
        assert_eq!(search.in_bytes(bytes), [] as [String; 0], "{name}, before anything is planted");
        for encoding in ENCODINGS {
            let (before, after) = bytes.split_at(bytes.len() / 2);
            let with = [before, &encoded("zq7xwv3kp1m2", encoding), after].concat();
            assert!(!search.in_bytes(&with).is_empty(), "{encoding} in {name} is not found");
            planted += 1;
        }
    }
    println!("canary search: {planted} planted in {} sinks and {} encodings, {planted} found", sinks.len(), ENCODINGS.len());
}

#[test]
fn no_mark_is_stored_logged_answered_or_sent_to_the_platform() {
    let world = World::new();
    let mut stage = Stage { world, answers: Vec::new(), requests: 0 };
    let mut documents = Documents::new();
    let accepted = events(&mut stage, &mut documents);
    rejected(&mut stage, &mut documents);
    let keys = calls(&mut stage, &mut documents);
    operations(&mut stage);
    back_up(&stage.world);

    let everywhere: Vec<String> = [CORE, DIGITS, CREDENTIALS, STATIC_SECRET]
        .into_iter()
        .map(str::to_owned)
        .chain([secret_of(Scheme::Standard), DELIVERY_SECRET].map(|secret| secret.trim_start_matches("whsec_").to_owned()))
        // of a key, the part that is secret
        .chain(keys.iter().map(|key| key[20..].to_owned()))
        .collect();
    let (search, hook) = (Search::new(&everywhere), Search::new(&[HOOK.to_owned()]));
    let (mut searched, mut count) = (0, 0);
    let mut check = |sinks: &[Sink], when: &str| {
        let mut leaks = Vec::new();
        for (name, bytes) in sinks {
            leaks.extend(search.in_bytes(bytes).into_iter().map(|what| format!("{name}, {when}: {what}")));
            if name != "what the platform got" {
                leaks.extend(hook.in_bytes(bytes).into_iter().map(|what| format!("{name}, {when}: {what}")));
            }
            searched += bytes.len();
        }
        count += sinks.len();
        assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
    };
    assert!(stage.world.platform.count() > 100 && stage.world.ats.count() > 10, "nothing went through");
    check(&stage.sinks(), "while it runs");
    let Stage { world, answers, requests } = stage;
    let mut closed = Vec::new();
    let world = world.restart(|folder| closed = files(folder)).unwrap();
    check(&closed, "after it stopped");
    check(&Stage { world, answers, requests }.sinks(), "after a restart");
    println!(
        "canary: {} marks in {accepted} accepted events and {} other requests; {count} sinks, {} KiB, {} encodings, 0 found",
        documents.marks,
        requests - accepted,
        searched / 1024,
        ENCODINGS.len()
    );
}

/// Events on every route that takes any, to a platform that fails in its own ways; all end as delivered, dead or held.
fn events(stage: &mut Stage, documents: &mut Documents) -> usize {
    let answer = |status: u16, mark: &str| {
        Reply::Bytes(
            format!("HTTP/1.1 {status} {mark}\r\nx-{mark}: {mark}\r\ncontent-length: {}\r\n\r\n{mark}", mark.len()).into_bytes(),
        )
    };
    let (fine, busy, gone) = (answer(200, &documents.mark()), answer(500, &documents.mark()), answer(404, &documents.mark()));
    let mut turn = 0;
    stage.world.platform.otherwise(move |_| {
        turn += 1;
        [&fine, &fine, &busy, &gone][turn % 4].clone()
    });
    let mut accepted = 0;
    for (path, count) in [
        ("/in/open", 200),
        ("/in/sales", 40),
        ("/in/held", 20),
        ("/in/trial", 10),
        ("/in/update", 10),
        ("/in/stored", 10),
        ("/in/apply", 30),
    ] {
        for _ in 0..count {
            let body = if path == "/in/apply" { marked_application(documents) } else { documents.document() };
            let source = Source::at(path);
            // the id that the source signs may say something too
            let id = documents.mark();
            let request = source
                .event(stage.world.now(), &id, body)
                .header(&format!("x-{}", documents.mark()), &documents.mark())
                .header("user-agent", &documents.mark());
            let answer = stage.send(&request);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            accepted += 1;
        }
    }
    // ten attempts each; an attempt that is under way while the day changes takes more than one of these
    for _ in 0..60 {
        stage.world.settle();
        stage.world.advance(Span::days(1));
        stage.world.until("nothing is being delivered", |reader| {
            let next = reader.next_due().unwrap();
            next.is_none_or(|at| at > stage.world.now())
        });
        if stage.world.app.store.reader().unwrap().next_due().unwrap().is_none() {
            break;
        }
    }
    let counts = stage.world.app.store.reader().unwrap().counts().unwrap();
    let of = |state| counts.deliveries.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
    assert_eq!(of(DeliveryState::Due), 0);
    assert!(of(DeliveryState::Delivered) > 50 && of(DeliveryState::Dead) > 10 && counts.held > 10, "{counts:?}");
    accepted
}

/// Requests that do not become events, with marks wherever a stranger or a source can put them.
fn rejected(stage: &mut Stage, documents: &mut Documents) {
    let now = stage.world.now();
    let source = Source::at("/in/apply");
    let token = "vt1".to_owned() + &"0".repeat(30);
    for _ in 0..3 {
        let mut m = || documents.mark();
        let body = format!(r#"{{"{}":"{}"}}"#, m(), m());
        let good = || source.event(now, "msg_other", body.as_str());
        let id = m();
        let mut requests = vec![
            good().json(format!(r#"{{"{}":"{}"}}"#, m(), m())),
            good().with("webhook-signature", &format!("v1,{}", m())),
            good().with("webhook-timestamp", &m()),
            good().with("webhook-id", &m()),
            good().header("content-encoding", &m()),
            good().with("content-type", &format!("text/{}", m())),
            Request { target: format!("/in/{}", m()), ..good() },
            Request { target: format!("/in/apply?{}={}", m(), m()), ..good() },
            Request { target: format!("/{}/{}", m(), m()), ..good() },
            Request { method: m().to_uppercase(), ..good() },
            Request::new("POST", "/in/bearer").header("authorization", &format!("Bearer {}", m())).json(body.as_str()),
            Request::new("POST", &format!("/out/{}/{}", m(), m()))
                .header("authorization", &format!("Bearer {}", m()))
                .json(body.as_str()),
            Request::new("POST", "/out/ats/candidates")
                .header("authorization", &format!("Bearer vst_live_{}", m()))
                .json(body.as_str()),
            source.event(now, &id, marked_application(&mut Documents::new())),
            source.event(now, &id, format!(r#"{{"other":"{id}"}}"#)),
        ];
        for broken in [
            format!(r#"{{"{0}":1,"{0}":2}}"#, m()),
            format!(r#"{{"{}":"{token}"}}"#, m()),
            format!(r#"{{"{token} {}":1}}"#, m()),
            format!(r#"{{"{}":"{}"#, m(), m()),
            format!(r#"{{"{}":"\ud800"}}"#, m()),
            m(),
        ] {
            requests.push(source.event(now, &m(), broken));
        }
        for request in &requests {
            let answer = stage.send(request);
            assert!(answer.status >= 400 || request.headers.iter().any(|(_, value)| *value == id), "{}", answer.text());
        }
        let event = source.event(now, &m(), format!(r#"{{"consent":{{"given":"{}"}}}}"#, m()));
        assert_eq!(stage.send(&event).text(), r#"{"status":"ignored"}"#);
    }
    // lines that are no HTTP at all
    let raw = format!("{} HTTP/9 {}\r\n{}: {}\r\n\r\n", documents.mark(), documents.mark(), documents.mark(), documents.mark());
    for answer in stage.world.send_raw(raw.as_bytes()) {
        stage.answers.extend(answer.raw);
    }
}

/// Calls out with tokens and with marks of the platform's own, to a vendor that answers with more; the keys used.
fn calls(stage: &mut Stage, documents: &mut Documents) -> Vec<String> {
    stage.world.platform.otherwise(|_| Reply::status(200));
    let seen = stage.world.deliver("/in/apply", &marked_application(documents)).json();
    let candidate = &seen["candidate"];
    let keys: Vec<String> = [("intake", Mode::Live), ("mailer", Mode::Live), ("intake", Mode::Test)]
        .map(|(workflow, mode)| stage.world.key(workflow, mode))
        .to_vec();
    let key = keys[0].as_str();
    for round in 0..3 {
        let mut m = || documents.mark();
        let vendor = format!(
            r#"{{"id":17,"{}":"{}","person":{{"email":"{}@example.org","{}":[1,"{}"]}},"status":["{}"],"echo":null,"n":{}}}"#,
            m(),
            m(),
            m(),
            m(),
            m(),
            m(),
            format_args!("{DIGITS}111")
        );
        let headers = format!("x-{}: {}\r\nset-cookie: {}\r\nlocation: /{}\r\n", m(), m(), m(), m());
        let vendor = move |status: u16, kind: &str| {
            Reply::Bytes(
                format!(
                    "HTTP/1.1 {status} X\r\n{headers}content-type: {kind}\r\ncontent-length: {}\r\n\r\n{vendor}",
                    vendor.len()
                )
                .into_bytes(),
            )
        };
        // what the vendor got comes back in its answer, values and credential too
        let mirror = |seen: &crate::world::Seen| {
            let echo = json!({ "echo": String::from_utf8_lossy(&seen.raw), "all": seen.text(), "id": 1, "status": seen.header("authorization") });
            Reply::json(200, &echo.to_string())
        };
        let replies = [
            vendor(200, "application/json"),
            vendor(500, "application/json"),
            vendor(302, "text/plain"),
            vendor(200, "text/html"),
        ];
        let body = json!({ "first_name": candidate["name"], "emails": [{ "value": candidate["email"] }], "cv": candidate["cv"], "free": m(), m(): m() });
        for reply in replies {
            stage.world.ats.next([reply]);
            stage.send(
                &call(key, "POST", "/out/ats/candidates", &body.to_string())
                    .header("accept", &m())
                    .header("idempotency-key", &m())
                    .header("x-other", &m()),
            );
        }
        let free = json!({ "email": candidate["email"], "any": m() }).to_string();
        for status in [200, 422] {
            stage.world.ats.next([vendor(status, "application/json")]);
            stage.send(&call(key, "POST", "/out/ats/free", &free).header("idempotency-key", &format!("{round} {}", m())));
        }
        stage.world.ats.otherwise(mirror);
        for (target, body) in [("/out/ats/candidates", body.to_string()), ("/out/ats/free", free.clone())] {
            let answer = stage.send(&call(key, "POST", target, &body));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let mail = json!({ "to": candidate["email"], "html": format!("<p>{} {}</p>", candidate["name"].as_str().unwrap(), m()) });
        stage.send(&call(key, "POST", "/out/mail/send", &mail.to_string()));
        stage.send(&call(
            key,
            "PUT",
            &format!("/out/ats/candidates/{}?{}={}", m(), m(), m()),
            &json!({ "email": candidate["email"] }).to_string(),
        ));
        stage.world.ats.otherwise(|_| Reply::json(200, "{}"));
        let refused = [
            ("POST", format!("/out/ats/{}", m()), "{}".to_owned()),
            (m().to_uppercase().leak(), "/out/ats/candidates".to_owned(), "{}".to_owned()),
            ("POST", format!("/out/{}", m()), "{}".to_owned()),
            ("POST", format!("/out/ats/{}/%2e%2e", m()), "{}".to_owned()),
            ("POST", "/out/ats/candidates".to_owned(), json!({ m(): candidate["email"] }).to_string()),
            ("POST", "/out/ats/candidates".to_owned(), json!({ m(): { "list": [{ m(): candidate["name"] }] } }).to_string()),
            (
                "POST",
                "/out/ats/candidates".to_owned(),
                json!({ "first_name": format!("{} {}", candidate["name"].as_str().unwrap(), m()) }).to_string(),
            ),
            ("POST", "/out/ats/candidates".to_owned(), format!(r#"{{"{0}":1,"{0}":2}}"#, m())),
            ("POST", "/out/ats/candidates".to_owned(), m()),
            ("POST", format!("/out/ats/candidates?{}={}", m(), candidate["email"].as_str().unwrap()), "{}".to_owned()),
            (
                "POST",
                "/out/mail/send".to_owned(),
                json!({ "to": format!("{}@evil.test", m()), "text": candidate["name"] }).to_string(),
            ),
            ("POST", "/out/dead/call".to_owned(), free.clone()),
            ("POST", "/out/stranger/call".to_owned(), free.clone()),
        ];
        for (method, target, body) in &refused {
            let answer = stage.send(&call(key, method, target, body));
            assert!(answer.status >= 400, "{method} {target}: {}", answer.text());
        }
        for other in &keys[1..] {
            let answer = stage.send(&call(other, "POST", "/out/ats/candidates", &body.to_string()));
            assert!(answer.status >= 400, "{}", answer.text());
        }
        let form = format!("{}={}&first_name={}", m(), m(), candidate["name"].as_str().unwrap());
        stage.send(&call(key, "POST", "/out/ats/candidates", "").typed("application/x-www-form-urlencoded", form));
    }
    keys
}

/// What an operator does with all of it.
fn operations(stage: &mut Stage) {
    let world = &stage.world;
    world.advance(Span::minutes(1));
    let held = ops::held::list(&world.app).unwrap();
    let rows: Vec<i64> = held["events"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()).collect();
    ops::held::release(&world.app, &by(), rows[0]).unwrap();
    ops::held::discard(&world.app, &by(), rows[1]).unwrap();
    ops::dead::redeliver(
        &world.app,
        &by(),
        &ops::dead::Change { filter: ops::dead::Filter { route: Some("open".into()), ..Default::default() }, dry_run: false },
    )
    .unwrap();
    world.app.deliveries.notify_one();
    world.until("dead letters are sent again", |reader| reader.next_due().unwrap().is_none());
    let token = world.platform.seen().into_iter().rev().find_map(|seen| {
        let text = seen.text();
        let at = text.find("vt1")?;
        Some(text[at..at + 33].to_owned())
    });
    let shown = ops::whois::whois(&world.app, &by(), &token.unwrap()).unwrap();
    stage.answers.extend(shown.to_string().bytes());
    stage.world.minute();
}
