//! Events from several senders at once, and commands beside them, until the process is killed under them.

use super::admin;
use super::dice::Dice;
use super::ground::{Ground, Life};
use super::ledger::{self, Ledger, Order};
use crate::world::{Connection, Request, Source};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::Poll;
use vestibule_core::clock::Timestamp;

/// Senders at the same time.
const SENDERS: usize = 6;
/// Commands at the same time.
const COMMANDS: usize = 3;
/// The gateway is killed after at most this many answers.
const MOST_ANSWERS: usize = 250;

/// What the senders share.
struct Shared<'a> {
    ledger: RefCell<Ledger>,
    life: RefCell<&'a mut Life>,
    now: Timestamp,
    /// Answers until the kill.
    left: Cell<usize>,
    killed: Cell<bool>,
}

/// What an answer means.
enum Sent {
    /// This event, for the first time or again.
    Event(usize),
    /// An id that is known, with another body.
    Conflict,
}

/// Loads the gateway until the dice's moment has come; then it is dead.
pub fn until_killed(ground: &Ground, life: &mut Life, ledger: &mut Ledger, dice: &mut Dice) {
    let (address, socket) = (life.address, life.socket.clone());
    let shared = Shared {
        ledger: RefCell::new(std::mem::take(ledger)),
        life: RefCell::new(life),
        now: ground.clock,
        left: Cell::new(1 + dice.below(MOST_ANSWERS)),
        killed: Cell::new(false),
    };
    let shared = &shared;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..SENDERS {
            connections.push(Connection::tls(address, &ground.tls).await);
        }
        let mut parties: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        for connection in connections {
            parties.push(Box::pin(send(shared, connection, dice.branch())));
        }
        for _ in 0..COMMANDS {
            parties.push(Box::pin(command(shared, ground, socket.clone(), dice.branch())));
        }
        all(parties).await;
    });
    *ledger = shared.ledger.take();
}

async fn send(shared: &Shared<'_>, mut connection: Connection, mut dice: Dice) {
    while !shared.killed.get() {
        let (sent, request) = shared.next(&mut dice);
        let Some(answer) = connection.send(&request).await else { break };
        let mut ledger = shared.ledger.borrow_mut();
        match sent {
            Sent::Event(number) if answer.status == 200 => {
                let event_id = answer.json()["event"].as_str().unwrap().to_owned();
                ledger.accepted(number, &event_id);
            }
            Sent::Conflict if answer.status == 409 => ledger.conflicts += 1,
            Sent::Event(_) | Sent::Conflict => {
                ledger.wrong(format!("{} {}: {}", request.target, answer.status, answer.text()));
            }
        }
        drop(ledger);
        shared.answered();
    }
    if !shared.killed.get() {
        shared.ledger.borrow_mut().wrong("a connection broke before the gateway was killed".to_owned());
    }
}

async fn command(shared: &Shared<'_>, ground: &Ground, socket: PathBuf, mut dice: Dice) {
    while !shared.killed.get() && admin::change(ground, &socket, &shared.ledger, &mut dice).await.is_some() {
        shared.answered();
    }
}

/// Runs all of them side by side to their ends.
async fn all(mut parties: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|cx| {
        parties.retain_mut(|party| party.as_mut().poll(cx).is_pending());
        if parties.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Shared<'_> {
    /// One more answer; the last of them is the gateway's end.
    fn answered(&self) {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 && !self.killed.replace(true) {
            self.life.borrow_mut().kill();
        }
    }

    /// Mostly a new event; sometimes one that was sent before, whether it was answered or not; sometimes another body
    /// under the id of one that was.
    fn next(&self, dice: &mut Dice) -> (Sent, Request) {
        let mut ledger = self.ledger.borrow_mut();
        let known = ledger.events.len();
        match dice.below(10) {
            0 | 1 if known > 0 => {
                let number = dice.below(known);
                (Sent::Event(number), self.request(&ledger, number))
            }
            2 if known > 0 => {
                let number = dice.below(known);
                let event = &ledger.events[number];
                if event.answer.is_none() {
                    return (Sent::Event(number), self.request(&ledger, number));
                }
                let other = ledger::body(&event.id, event.person + 1_000_000);
                (Sent::Conflict, Source::at("/in/apply").event(self.now, &event.id, other))
            }
            _ => {
                let old = (!ledger.persons.is_empty() && dice.one_in(3)).then(|| dice.below(ledger.persons.len()));
                let old = old.filter(|person| ledger.persons[*person].erasure == Order::None);
                let person = old.unwrap_or_else(|| ledger.person());
                let number = ledger.event(person);
                (Sent::Event(number), self.request(&ledger, number))
            }
        }
    }

    fn request(&self, ledger: &Ledger, number: usize) -> Request {
        request(ledger, number, self.now)
    }
}

/// An event as its source signs it at this time.
pub fn request(ledger: &Ledger, number: usize, now: Timestamp) -> Request {
    let event = &ledger.events[number];
    Source::at("/in/apply").event(now, &event.id, event.body.as_str())
}
