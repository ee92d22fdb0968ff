//! Delivery to the platform: the schedule, what ends it, dead letters, and a signature that receivers can check.

use crate::world::{DELIVERY_SECRET, Reply, Seen, World, application, by};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule::ops::dead::{self, Change, Filter};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::DeliveryRow;
use vestibule_store::{DeliveryState, Reader};
use vestibule_vault::mac::{Algorithm, Signer};

const FIRST: DeliveryRow = DeliveryRow(1);
/// The waits after each attempt, in minutes and seconds of the reference.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

fn state(reader: &Reader, row: DeliveryRow) -> Option<DeliveryState> {
    DeliveryState::ALL
        .into_iter()
        .find(|state| reader.deliveries(*state, None, 100).unwrap().iter().any(|found| found.row == row))
}

/// Waits until this many attempts of a delivery are recorded.
fn recorded(world: &World, row: DeliveryRow, attempts: usize) {
    world.until("the attempt is recorded", |reader| {
        // a lease that is open counts as due at its end, so the state is settled only with the attempt's own record
        reader.attempts(row).unwrap().len() == attempts
    });
}

fn due(world: &World) -> Option<Timestamp> {
    world.app.store.reader().unwrap().next_due().unwrap()
}

fn post(world: &World, path: &'static str, name: &str) {
    let answer = world.send(&world.event(path, &application(name, "dana@example.org")));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The signature is ours, over what arrived.
fn verify(world: &World, seen: &Seen) {
    let key = STANDARD.decode(DELIVERY_SECRET.trim_start_matches("whsec_")).unwrap();
    let (id, time) = (seen.header("webhook-id").unwrap(), seen.header("webhook-timestamp").unwrap());
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", &seen.body];
    let expected = format!("v1,{}", STANDARD.encode(Signer::new(Algorithm::HmacSha256, &key).sign(&parts)));
    assert_eq!(seen.header("webhook-signature"), Some(expected.as_str()));
    assert_eq!(time, world.now().seconds().to_string(), "each attempt is signed with its own time");
}

#[test]
fn ten_attempts_then_a_dead_letter_that_can_be_sent_again() {
    let world = World::new();
    world.platform.otherwise(|_| Reply::status(500));
    post(&world, "/in/apply", "Dana");
    for (attempt, seconds) in WAITS.into_iter().enumerate() {
        let seen = world.platform.wait_for(attempt + 1);
        assert_eq!(seen.len(), attempt + 1, "an attempt before its time");
        verify(&world, &seen[attempt]);
        recorded(&world, FIRST, attempt + 1);
        let wait = due(&world).expect("another attempt").since(world.now());
        let (least, most) = (Span(seconds * 800), Span(seconds * 1_200));
        assert!(wait >= least && wait <= most, "attempt {}: {wait:?}", attempt + 1);
        world.advance(wait);
    }
    world.platform.wait_for(10);
    world.until("it is a dead letter", |reader| state(reader, FIRST) == Some(DeliveryState::Dead));
    assert_eq!(due(&world), None);
    let seen = world.platform.seen();
    let first = &seen[0];
    assert!(seen.iter().all(|other| other.header("webhook-id") == first.header("webhook-id") && other.body == first.body));
    let listed = dead::list(&world.app, &Filter::default()).unwrap().to_string();
    assert!(listed.contains("deliver.status") && listed.contains("apply") && !listed.contains("Dana"), "{listed}");
    let actions = |action: &str| world.leaves().iter().filter(|leaf| leaf.action == action).count();
    assert_eq!((actions("deliver.retry"), actions("deliver.dead")), (9, 1));

    world.platform.otherwise(|_| Reply::status(200));
    let dry = dead::redeliver(&world.app, &by(), &Change { filter: Filter::default(), dry_run: true }).unwrap();
    assert_eq!(state(&world.app.store.reader().unwrap(), FIRST), Some(DeliveryState::Dead), "{dry}");
    dead::redeliver(&world.app, &by(), &Change { filter: Filter::default(), dry_run: false }).unwrap();
    world.app.deliveries.notify_one();
    let again = world.platform.wait_for(11).remove(10);
    assert_eq!((again.header("webhook-id"), &again.body), (first.header("webhook-id"), &first.body));
    world.until("it has arrived", |reader| state(reader, FIRST) == Some(DeliveryState::Delivered));
    println!("delivery: 10 attempts, 1 dead letter, 1 sent again; 11 signatures verified");
}

#[test]
fn receivers_ask_for_time_and_get_it() {
    let world = World::new();
    let date = |span: Span| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(world.now().plus(span).0 as u64);
        httpdate::fmt_http_date(time)
    };
    let in_half_an_hour = date(Span::minutes(30));
    let cases: [(u16, Option<&str>, i64, i64); 6] = [
        (503, Some("600"), 600, 600),
        (503, Some(&in_half_an_hour), 1_799, 1_800),
        (429, None, 60, 60),
        (429, Some("7200"), 3_600, 3_600),
        (503, Some("soon"), 4, 6),
        (302, None, 4, 6),
    ];
    for (position, (status, asked, least, most)) in cases.iter().enumerate() {
        let headers: Vec<(&str, &str)> = asked.iter().map(|value| ("retry-after", *value)).collect();
        world.platform.next([Reply::with(*status, &headers, b"")]);
        let before = world.platform.count();
        post(&world, "/in/update", "Dana");
        world.platform.wait_after(before);
        let row = DeliveryRow(position as i64 + 1);
        recorded(&world, row, 1);
        let found = world.app.store.reader().unwrap().deliveries(DeliveryState::Due, None, 100).unwrap();
        let wait = found.iter().find(|delivery| delivery.row == row).unwrap().at.since(world.now());
        assert!(wait >= Span::seconds(*least) && wait <= Span::seconds(*most), "{status} {asked:?}: {wait:?}");
    }
    println!("retry-after: {} cases", cases.len());
}

#[test]
fn connections_that_fail_are_tried_again() {
    let world = World::new();
    for (position, (reply, least)) in
        [(Reply::Close, 4), (Reply::Bytes(b"garbage\r\n\r\n".to_vec()), 4), (Reply::Silence, 60)].into_iter().enumerate()
    {
        world.platform.next([reply]);
        let before = world.platform.count();
        post(&world, "/in/update", "Dana");
        world.platform.wait_after(before);
        let row = DeliveryRow(position as i64 + 1);
        recorded(&world, row, 1);
        let found = world.app.store.reader().unwrap().deliveries(DeliveryState::Due, None, 100).unwrap();
        let wait = found.iter().find(|delivery| delivery.row == row).expect("it waits").at.since(world.now());
        assert!(wait >= Span::seconds(least) && wait <= Span::seconds(least.max(6)), "{position}: {wait:?}");
        world.advance(wait);
        world.platform.wait_after(before + 1);
        world.until("it has arrived", |reader| state(reader, row) == Some(DeliveryState::Delivered));
    }
    println!("failed connections: 3 cases, each delivered in the end");
}

#[test]
fn what_the_platform_means_for_good_ends_it() {
    let world = World::new();
    for (position, status) in [400, 401, 403, 404].into_iter().enumerate() {
        world.platform.next([Reply::status(status)]);
        post(&world, "/in/apply", &format!("Make {status}"));
        let row = DeliveryRow(position as i64 + 1);
        world.until("Make's refusal is final", |reader| state(reader, row) == Some(DeliveryState::Dead));
    }
    world.platform.next([Reply::status(404)]);
    post(&world, "/in/update", "n8n");
    recorded(&world, DeliveryRow(5), 1);
    assert_eq!(state(&world.app.store.reader().unwrap(), DeliveryRow(5)), Some(DeliveryState::Due), "n8n may be restarting");

    // 410: the route rests until an operator says otherwise
    world.platform.next([Reply::status(410)]);
    post(&world, "/in/apply", "Gone");
    world.until("the letter is dead", |reader| state(reader, DeliveryRow(6)) == Some(DeliveryState::Dead));
    world.until("the route rests", |reader| reader.disabled_routes().unwrap().iter().any(|(route, _, _)| route == "apply"));
    let before = world.platform.count();
    post(&world, "/in/apply", "Later");
    world.until("it waits", |reader| state(reader, DeliveryRow(7)) == Some(DeliveryState::Paused));
    assert_eq!(world.platform.count(), before);
    dead::enable(&world.app, &by(), "apply").unwrap();
    world.app.deliveries.notify_one();
    world.platform.wait_after(before);
    world.until("it has arrived", |reader| state(reader, DeliveryRow(7)) == Some(DeliveryState::Delivered));
    println!("final answers: 4 of Make, 1 of n8n tried again, 1 route rested and went on");
}

#[test]
fn what_waits_goes_where_it_was_accepted_for() {
    let world = World::new();
    world.platform.otherwise(|_| Reply::status(500));
    post(&world, "/in/apply", "Dana");
    post(&world, "/in/update", "Eve");
    for row in [1, 2] {
        recorded(&world, DeliveryRow(row), 1);
    }
    // one route is for tests now, the other one is another workflow's
    let config = world.config().replacen("path      = \"/in/apply\"", "path      = \"/in/apply\"\nmode      = \"test\"", 1);
    let config = config.replacen("deliver   = { workflow = \"mailer\"", "deliver   = { workflow = \"intake\"", 1);
    let (config, _) = vestibule::config::load(&config, "vestibule.toml", world.now()).unwrap();
    let before = world.platform.count();
    world.app.set_routes(vestibule::app::routes::Routes::compile(&config).unwrap());
    world.advance(Span::seconds(6));
    for row in [1, 2] {
        world.until("it is a dead letter", |reader| state(reader, DeliveryRow(row)) == Some(DeliveryState::Dead));
    }
    assert_eq!(world.platform.count(), before, "it went to whom it was not meant for");
    let listed = dead::list(&world.app, &Filter::default()).unwrap().to_string();
    assert_eq!(listed.matches("deliver.route_changed").count(), 2, "{listed}");
    println!("changed routes: 2 deliveries kept back");
}

#[test]
fn what_waits_opens_for_no_other_event_or_route() {
    let world = World::new();
    world.platform.otherwise(|_| Reply::status(500));
    for path in ["/in/apply", "/in/update", "/in/apply"] {
        post(&world, path, "Dana");
    }
    for row in [1, 2, 3] {
        recorded(&world, DeliveryRow(row), 1);
    }
    // one body is told to go the way of the other route; of two of one person and route, one stands in for the other
    let database = rusqlite::Connection::open(world.folder().join("data/vestibule.db")).unwrap();
    database
        .execute_batch(
            "UPDATE event SET route = 'update' WHERE row = 1;
             UPDATE delivery SET workflow = 'mailer' WHERE row = 1;
             UPDATE event SET id = 'evt_another' WHERE row = 3;",
        )
        .unwrap();
    let before = world.platform.count();
    world.platform.otherwise(|_| Reply::status(200));
    world.advance(Span::seconds(6));
    world.until("the one that was left alone has arrived", |reader| {
        state(reader, DeliveryRow(2)) == Some(DeliveryState::Delivered)
    });
    for row in [1, 3] {
        world.until("it is a dead letter", |reader| state(reader, DeliveryRow(row)) == Some(DeliveryState::Dead));
    }
    assert_eq!(world.platform.count(), before + 1);
    println!("swapped bodies: 2 kept back, 1 delivered");
}

#[test]
fn the_status_decides_whatever_becomes_of_the_body() {
    let world = World::new();
    let big = vec![b'x'; 70 * 1024];
    let bodies = [
        Reply::with(200, &[], &big),
        Reply::with(200, &[("content-encoding", "gzip")], b"\x1f\x8b"),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nslow".to_vec()),
        Reply::Bytes(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n".to_vec()),
    ];
    let cases = bodies.len();
    for (position, reply) in bodies.into_iter().enumerate() {
        world.platform.next([reply]);
        post(&world, "/in/apply", "Dana");
        let row = DeliveryRow(position as i64 + 1);
        recorded(&world, row, 1);
        assert_eq!(state(&world.app.store.reader().unwrap(), row), Some(DeliveryState::Delivered), "case {position}");
    }
    assert_eq!(world.platform.count(), cases, "a run for each event, and no second one");
    println!("bodies of answers: {cases} cases, each delivered once");
}

#[test]
fn what_waits_survives_a_restart() {
    let world = World::new();
    world.platform.otherwise(|_| Reply::status(500));
    for name in ["Dana", "Eve", "Uma"] {
        post(&world, "/in/apply", name);
    }
    for row in 1..=3 {
        recorded(&world, DeliveryRow(row), 1);
    }
    let world = world.restart(|_| ()).unwrap();
    world.platform.otherwise(|_| Reply::status(200));
    let before = world.platform.count();
    world.advance(Span::seconds(6));
    world.platform.wait_for(before + 3);
    world
        .until("all have arrived", |reader| (1..=3).all(|row| state(reader, DeliveryRow(row)) == Some(DeliveryState::Delivered)));
    println!("restart: 3 deliveries went on");
}
