//! P2: one signed event has one effect, however often and in whatever company it comes.

use crate::world::gate::Gate;
use crate::world::{Answer, Connection, Request, Scheme, Source, World, application};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vestibule_core::clock::Span;
use vestibule_store::DeliveryState;

const CONNECTIONS: usize = 500;
const EACH: usize = 20;

#[test]
fn ten_thousand_concurrent_replays_are_one_event() {
    let world = World::new();
    let gate = world.plain_gate();
    let request = world.event("/in/apply", &application("Dana", "dana@example.org"));
    let answers = world.block_on(all_at_once(&gate, &vec![request.bytes(); CONNECTIONS * EACH]));
    assert_eq!(answers.len(), CONNECTIONS * EACH);
    let first = &answers[0];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &first.body));
    }
    assert_eq!(world.events(), 1);
    world.platform.wait_for(1);
    assert_eq!(deliveries(&world), 1);
    println!("replays: {} cases at once, {} accepted as an event", answers.len(), world.events());
}

#[test]
fn one_id_with_two_bodies_in_competition_is_one_event_and_conflicts() {
    let world = World::new();
    let gate = world.plain_gate();
    let source = Source::at("/in/apply");
    let rivals: Vec<Vec<u8>> = (0..1_000)
        .map(|n| source.event(world.now(), "msg_contested", application("Dana", &format!("dana{}@example.org", n % 4))).bytes())
        .collect();
    let answers = world.block_on(all_at_once(&gate, &rivals));
    let accepted: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    let conflicts = answers.iter().filter(|answer| answer.status == 409 && answer.code() == "event.conflict").count();
    assert_eq!((accepted.len(), conflicts), (250, 750));
    assert!(accepted.iter().all(|answer| answer.body == accepted[0].body));
    assert_eq!((world.events(), world.refused("apply", "event.conflict")), (1, 750));
    let leaves = world.leaves();
    assert_eq!(leaves.iter().filter(|leaf| leaf.outcome == "event.conflict").count(), 750);
    println!("one id, four bodies: {} cases at once, 1 event, {conflicts} conflicts", answers.len());
}

#[test]
fn a_repeat_gets_the_first_answer_for_as_long_as_it_can_come() {
    let world = World::new();
    let body = application("Dana", "dana@example.org");
    let source = Source::at("/in/apply");
    let again = |world: &World, id: &str| world.send(&source.event(world.now(), id, body.as_str()));
    let first = again(&world, "msg_1");
    assert_eq!(first.status, 200);
    let other_id = again(&world, "msg_2");
    assert_ne!(other_id.body, first.body);
    for days in [0, 1, 13, 15] {
        // senders keep the id and renew the time
        world.advance(Span::days(days));
        assert_eq!(again(&world, "msg_1").body, first.body, "{days} days later");
    }
    let world = world.restart(|_| ()).unwrap();
    assert_eq!(again(&world, "msg_1").body, first.body, "after a restart");
    assert_eq!(again(&world, "msg_2").body, other_id.body, "after a restart");
    assert_eq!(world.events(), 2);
    println!("repeats: 7 cases, 0 second effects");
}

#[test]
fn schemes_without_an_id_know_a_repeat_by_its_body() {
    let world = World::new();
    let routes = [
        (Scheme::Hex, "/in/hex"),
        (Scheme::TimedBase64, "/in/timed"),
        (Scheme::Url512, "/in/url512"),
        (Scheme::Header, "/in/header"),
    ];
    for (scheme, path) in routes {
        let source = Source::with(scheme, path);
        let send = |body: &str| world.send(&source.event(world.now(), "", body));
        let first = send(r#"{"candidate":{"email":"a@example.org"}}"#);
        let other = send(r#"{"candidate":{"email":"b@example.org"}}"#);
        assert_eq!((first.status, other.status), (200, 200));
        assert_ne!(first.body, other.body);
        world.advance(Span::minutes(4));
        assert_eq!(send(r#"{"candidate":{"email":"a@example.org"}}"#).body, first.body, "{scheme:?}");
        world.advance(Span::days(25));
        assert_eq!(send(r#"{"candidate":{"email":"a@example.org"}}"#).body, first.body, "{scheme:?}");
    }
    assert_eq!(world.events(), 8);
    println!("repeats without an id: {} cases", routes.len() * 2);
}

/// Writes every request before it reads any answer.
async fn all_at_once(gate: &Gate, requests: &[Vec<u8>]) -> Vec<Answer> {
    // both ends of each connection are ours; many systems allow 1,024 open files to whoever does not ask for more
    let open = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: open.maximum, maximum: open.maximum }).unwrap();
    let mut connections = Vec::new();
    for batch in requests.chunks(EACH) {
        connections.push((Connection::plain(gate.address).await, batch));
    }
    for (connection, batch) in &mut connections {
        connection.write(&batch.concat()).await;
    }
    let mut answers = Vec::new();
    for (connection, batch) in &mut connections {
        for _ in *batch {
            answers.push(connection.read().await.expect("an answer to each"));
        }
    }
    answers
}

fn deliveries(world: &World) -> u64 {
    let counts = world.app.store.reader().unwrap().counts().unwrap();
    assert!(counts.deliveries.iter().all(|(state, _)| DeliveryState::ALL.contains(state)));
    counts.deliveries.iter().map(|(_, count)| count).sum()
}

#[test]
fn a_request_that_hangs_up_early_is_an_event_all_the_same() {
    let world = World::new();
    let requests: Vec<Request> =
        (0..20).map(|n| world.event("/in/apply", &application("Dana", &format!("dana{n}@example.org")))).collect();
    world.block_on(async {
        for request in &requests {
            let mut connection = world.connect().await;
            connection.write(&request.bytes()).await;
            // and gone, without waiting for the answer
        }
    });
    // each is either no event or whole: the retry that a source makes gets one answer, and one delivery follows
    for request in &requests {
        assert_eq!(world.send(request).status, 200);
    }
    world.platform.wait_for(requests.len());
    assert_eq!((world.events(), deliveries(&world)), (20, 20));
    println!("hung up: {} cases, each one event", requests.len());
}
