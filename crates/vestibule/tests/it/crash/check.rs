//! What must hold on the folder after every kill: each promise of the process before is asked for again.

use super::admin::{ask, told};
use super::dice::Dice;
use super::ground::{Ground, Life};
use super::ledger::{Ledger, Order};
use super::load::request;
use crate::world::peer::PATIENCE;
use crate::world::{Connection, call};
use serde_json::Value;
use std::time::Instant;
use tokio::runtime::Runtime;
use vestibule::ops::Op;

/// Older events that are sent again after a restart.
const SAMPLE: usize = 150;
/// Keys, and erased persons, that are looked at after a restart.
const FEW: usize = 6;

/// Checks a process that has just begun to serve: the last round whole, older ones by sample.
pub fn after_restart(ground: &Ground, life: &Life, ledger: &mut Ledger, dice: &mut Dice) {
    let runtime = runtime();
    runtime.block_on(async {
        let last = ledger.rounds.saturating_sub(2);
        let recent = (0..ledger.events.len()).filter(|number| ledger.events[*number].round > last);
        let mut again: Vec<usize> = recent.collect();
        if !ledger.events.is_empty() {
            again.extend((0..SAMPLE).map(|_| dice.below(ledger.events.len())));
        }
        again.extend((0..ledger.events.len()).filter(|number| ledger.events[*number].answer.is_none()));
        repeat(ground, life, ledger, again).await;
        count(life, ledger).await;
        log(life, ledger).await;
        keys(ground, life, ledger, dice, FEW).await;
        erased(life, ledger, dice, FEW).await;
    });
    platform(ground, ledger);
}

/// Checks everything, and that everything has been delivered.
pub fn at_the_end(ground: &Ground, life: &Life, ledger: &mut Ledger, dice: &mut Dice) {
    // answers of this last process to what an earlier one acknowledged
    ledger.rounds += 1;
    ground.platform.calm_down();
    let runtime = runtime();
    runtime.block_on(async {
        repeat(ground, life, ledger, (0..ledger.events.len()).collect()).await;
        count(life, ledger).await;
        keys(ground, life, ledger, dice, usize::MAX).await;
        erased(life, ledger, dice, usize::MAX).await;
    });
    let due = ledger.events.iter().filter(|event| ledger.persons[event.person].erasure == Order::None);
    let due: Vec<&str> = due.map(|event| event.id.as_str()).collect();
    let missing = ground.platform.wait_for(&due);
    if !missing.is_empty() {
        ledger.wrong(format!("never delivered: {missing:?}"));
    }
    runtime.block_on(async {
        let deadline = Instant::now() + PATIENCE;
        // the platform's answer comes before the gateway has noted it
        while deliveries(&told(life, Op::Status).await, &["due"]) > 0 {
            assert!(Instant::now() < deadline, "deliveries stay due");
        }
        count(life, ledger).await;
        log(life, ledger).await;
        let status = told(life, Op::Status).await;
        let ended = deliveries(&status, &["delivered", "erased"]);
        if ended != ledger.events.len() as u64 {
            ledger.wrong(format!("{ended} of {} deliveries have ended well: {}", ledger.events.len(), status["deliveries"]));
        }
    });
    platform(ground, ledger);
    ledger.rounds -= 1;
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Sends these events again. An acknowledged one gets the answer it had; the others are accepted now.
async fn repeat(ground: &Ground, life: &Life, ledger: &mut Ledger, mut numbers: Vec<usize>) {
    numbers.sort_unstable();
    numbers.dedup();
    let mut connection = Connection::tls(life.address, &ground.tls).await;
    // as many as the gateway reads ahead, so that commits are shared
    for some in numbers.chunks(32) {
        for number in some {
            connection.write(&request(ledger, *number, ground.clock).bytes()).await;
        }
        for number in some {
            let Some(answer) = connection.read().await else {
                return ledger.wrong("the gateway broke off while it was asked again".to_owned());
            };
            if answer.status == 200 {
                let event_id = answer.json()["event"].as_str().unwrap().to_owned();
                ledger.accepted(*number, &event_id);
            } else {
                let id = ledger.events[*number].id.clone();
                ledger.wrong(format!("{id} again: {} {}", answer.status, answer.text()));
            }
        }
    }
}

/// Every event is known by now: there are exactly as many in the store, each with one delivery in one state.
async fn count(life: &Life, ledger: &mut Ledger) {
    let status = told(life, Op::Status).await;
    let events = status["counts"]["events"].as_u64().unwrap();
    let sent = ledger.events.len() as u64;
    if events != sent {
        ledger.doubled += events.saturating_sub(sent);
        ledger.lost += sent.saturating_sub(events);
        ledger.wrong(format!("{events} events in the store, {sent} were sent"));
    }
    let somewhere = deliveries(&status, &["due", "dead", "delivered", "erased"]);
    if somewhere != events {
        ledger.wrong(format!("{events} events, {somewhere} deliveries: {}", status["deliveries"]));
    }
}

fn deliveries(status: &Value, states: &[&str]) -> u64 {
    states.iter().filter_map(|state| status["deliveries"][state].as_u64()).sum()
}

/// The log verifies from its first leaf, and no start took the database for an older copy.
async fn log(life: &Life, ledger: &mut Ledger) {
    let report = told(life, Op::LogVerify { since: None }).await;
    if report["ok"] != true || report["origins"].as_array().map(Vec::len) != Some(1) {
        ledger.wrong(format!("the log: {} {}", report["findings"], report["origins"]));
    }
}

/// Keys stand or do not stand as was reported, in the list and for a call.
async fn keys(ground: &Ground, life: &Life, ledger: &mut Ledger, dice: &mut Dice, most: usize) {
    let list = told(life, Op::KeysList).await;
    let list = list["keys"].as_array().unwrap();
    let mut wrong = Vec::new();
    for (id, key) in &ledger.keys {
        let state = list.iter().find(|row| row["id"] == id.as_str()).map(|row| &row["state"]);
        let fits = match key.revocation {
            Order::None => state.is_some_and(|state| state == "stands"),
            Order::Asked => state.is_some(),
            Order::Done => state.is_some_and(|state| state == "revoked"),
        };
        if !fits {
            wrong.push(format!("key {id}, revocation {:?}, is {state:?}", key.revocation));
        }
    }
    let certain: Vec<(&str, Order)> = ledger
        .keys
        .values()
        .filter(|key| key.revocation != Order::Asked)
        .map(|key| (key.text.as_str(), key.revocation))
        .collect();
    let mut connection = Connection::tls(life.address, &ground.tls).await;
    for (text, revocation) in some(&certain, dice, most) {
        let request = call(text, "POST", "/out/ats/candidates", "{}");
        let status = connection.send(&request).await.map(|answer| answer.status);
        let expected = if revocation == Order::Done { 401 } else { 201 };
        if status != Some(expected) {
            wrong.push(format!("a call with a key, revocation {revocation:?}: {status:?}"));
        }
    }
    ledger.findings.extend(wrong);
}

/// Whoever was reported as erased is.
async fn erased(life: &Life, ledger: &mut Ledger, dice: &mut Dice, most: usize) {
    let tokens: Vec<&str> = ledger.erased().collect();
    let mut wrong = Vec::new();
    for token in some(&tokens, dice, most) {
        match ask(&life.socket, Op::Whois { token: token.to_owned() }).await {
            Some(Ok(found)) if found["state"] == "erased" => {}
            other => wrong.push(format!("somebody erased: {other:?}")),
        }
    }
    ledger.findings.extend(wrong);
}

/// All of them, or as many as asked for.
fn some<T: Copy>(all: &[T], dice: &mut Dice, most: usize) -> Vec<T> {
    if all.len() <= most { all.to_vec() } else { (0..most).filter_map(|_| dice.pick(all)).collect() }
}

/// What the platform was told carries the ids that the source was told, each with one body.
fn platform(ground: &Ground, ledger: &mut Ledger) {
    let mut delivered = ground.platform.delivered();
    ledger.findings.append(&mut delivered.findings);
    ledger.redelivered = delivered.again;
    let mut wrong = Vec::new();
    for event in &ledger.events {
        if let (Some(seen), Some(told)) = (delivered.event(&event.id), event.answer.as_deref())
            && seen != told
        {
            wrong.push(format!("{} was answered as {told} and delivered as {seen}", event.id));
        }
    }
    ledger.doubled += wrong.len() as u64;
    ledger.findings.append(&mut wrong);
}
