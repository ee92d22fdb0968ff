//! Commands beside the load, over the local socket: keys made and revoked, persons erased, keys rotated.
//!
//! What a command reported as done is entered in the ledger; what was asked and not answered may be done or not.

use super::dice::Dice;
use super::ground::{Ground, Life};
use super::ledger::{Key, Ledger, Order};
use crate::world::peer::PATIENCE;
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use std::cell::RefCell;
use std::path::Path;
use vestibule::net::local;
use vestibule::ops::erase::Whom;
use vestibule::ops::keys::Create;
use vestibule::ops::{Op, Request};
use vestibule_vault::Kind;

/// Asks the running gateway. None if it died before it answered; an error is the answer's code.
pub async fn ask(socket: &Path, op: Op) -> Option<Result<Value, String>> {
    let body = serde_json::to_vec(&Request { by: "tester".into(), op }).unwrap();
    let call = http::Request::post("/").header("host", "localhost").body(Full::new(Bytes::from(body))).unwrap();
    let answer = local::call(socket, call, 1 << 26, PATIENCE).await.ok()?;
    let value: Value = serde_json::from_slice(answer.body()).unwrap();
    Some(if answer.status().is_success() { Ok(value) } else { Err(format!("{}: {}", value["code"], value["message"])) })
}

/// Asks for something that must be answered.
pub async fn told(life: &Life, op: Op) -> Value {
    ask(&life.socket, op).await.expect("the gateway answers its commands").unwrap_or_else(|error| panic!("{error}"))
}

/// One change that the dice choose. None if the gateway died before it answered.
pub async fn change(ground: &Ground, socket: &Path, ledger: &RefCell<Ledger>, dice: &mut Dice) -> Option<()> {
    match dice.below(64) {
        0..12 => create(socket, ledger).await,
        12..24 => look(socket, ledger).await,
        24..40 => match standing_key(ledger, dice) {
            Some(id) => revoke(socket, ledger, id).await,
            None => look(socket, ledger).await,
        },
        40..63 => match known_person(ground, ledger, dice) {
            Some((person, token)) => erase(socket, ledger, person, token).await,
            None => look(socket, ledger).await,
        },
        _ => rotate(socket, ledger, dice).await,
    }
}

/// A key that was not reported as revoked; from here on it may be.
fn standing_key(ledger: &RefCell<Ledger>, dice: &mut Dice) -> Option<String> {
    let mut ledger = ledger.borrow_mut();
    let round = ledger.rounds;
    // of two who revoke one key at the same moment, the second is told to look again
    let free = |key: &Key| key.revocation != Order::Done && key.asked < round;
    let standing: Vec<&String> = ledger.keys.iter().filter(|(_, key)| free(key)).map(|(id, _)| id).collect();
    let id = dice.pick(&standing)?.clone();
    let key = ledger.keys.get_mut(&id)?;
    (key.revocation, key.asked) = (Order::Asked, round);
    Some(id)
}

/// Somebody of whom the platform holds a token; from here on they may be erased.
fn known_person(ground: &Ground, ledger: &RefCell<Ledger>, dice: &mut Dice) -> Option<(usize, String)> {
    let mut ledger = ledger.borrow_mut();
    let event = (!ledger.events.is_empty()).then(|| dice.below(ledger.events.len()))?;
    let number = ledger.events[event].person;
    let token = ground.platform.delivered().token(&ledger.events[event].id)?;
    let person = &mut ledger.persons[number];
    if person.erasure == Order::Done {
        return None;
    }
    person.erasure = Order::Asked;
    Some((number, person.token.get_or_insert(token).clone()))
}

/// Changes nothing.
async fn look(socket: &Path, ledger: &RefCell<Ledger>) -> Option<()> {
    if let Err(error) = ask(socket, Op::Status).await? {
        ledger.borrow_mut().wrong(format!("status: {error}"));
    }
    Some(())
}

async fn create(socket: &Path, ledger: &RefCell<Ledger>) -> Option<()> {
    let order = Create { workflow: "intake".into(), test: false, days: 365, owner: "dana@example.com".into() };
    let answer = ask(socket, Op::KeysCreate(order)).await?;
    let mut ledger = ledger.borrow_mut();
    match answer {
        Ok(made) => {
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            ledger.keys.insert(text("id"), Key { text: text("key"), revocation: Order::None, asked: 0 });
        }
        Err(error) => ledger.wrong(format!("keys create: {error}")),
    }
    Some(())
}

async fn revoke(socket: &Path, ledger: &RefCell<Ledger>, id: String) -> Option<()> {
    let answer = ask(socket, Op::KeysRevoke { id: id.clone() }).await?;
    let mut ledger = ledger.borrow_mut();
    match answer {
        Ok(_) => ledger.keys.get_mut(&id)?.revocation = Order::Done,
        Err(error) => ledger.wrong(format!("keys revoke: {error}")),
    }
    Some(())
}

async fn erase(socket: &Path, ledger: &RefCell<Ledger>, person: usize, token: String) -> Option<()> {
    let answer = ask(socket, Op::Erase { people: vec![Whom::Token(token)] }).await?;
    let mut ledger = ledger.borrow_mut();
    match answer.map(|mut told| told["people"][0].take()) {
        Ok(report) if report["erased"] == true || report["already"] == true => {
            ledger.persons[person].erasure = Order::Done;
        }
        other => ledger.wrong(format!("subject erase: {other:?}")),
    }
    Some(())
}

async fn rotate(socket: &Path, ledger: &RefCell<Ledger>, dice: &mut Dice) -> Option<()> {
    let kind = dice.pick(&Kind::ALL).unwrap();
    let answer = ask(socket, Op::Rotate { kind: kind.as_str().into() }).await?;
    let mut ledger = ledger.borrow_mut();
    match answer {
        Ok(report) if report["rows_tampered"] == 0 => ledger.rotations += 1,
        other => ledger.wrong(format!("rotate {kind}: {other:?}")),
    }
    Some(())
}
