//! P2, P3 and P4 under kill -9: what was answered 2xx is there exactly once and is delivered, whenever the process dies.
//!
//! The test starts its own program again as a gateway on a folder, sends it signed events over TLS beside changes of
//! keys, erasures and rotations, kills it at a moment that a seed chooses, and starts the next one on what is left. With
//! the shim of `tests/shim` a kill also takes back what had not been synced, as a power cut would. One seed makes one
//! sequence of choices; how the threads of the gateway interleave is theirs. See "Durability" in `tests/README.md`.

mod admin;
mod check;
mod dice;
mod ground;
mod ledger;
mod load;
mod party;
mod serve;

use dice::Dice;
use ground::{Ground, Unsynced};
use ledger::Ledger;
use std::env;
use std::path::PathBuf;
use vestibule_core::clock::Span;

/// How many rounds; absent: few enough for every test run.
const ROUNDS: &str = "VESTIBULE_CRASH_ROUNDS";
/// Another seed than the fixed one.
const SEED: &str = "VESTIBULE_CRASH_SEED";
/// The folder with the shim.
const SHIM: &str = "VESTIBULE_SHIM";

/// The gateway that is killed. Does nothing unless one of the tests below has started it.
#[test]
fn child() {
    if let Some(folder) = env::var_os(ground::FOLDER) {
        serve::until_killed(&PathBuf::from(folder));
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let ledger = campaign(number(ROUNDS, 25), None);
    report("crash", &ledger);
}

#[test]
fn what_was_acknowledged_survives_the_loss_of_what_was_not_synced() {
    let Some(tools) = env::var_os(SHIM).map(PathBuf::from) else {
        return println!("not run: crashes that drop what was not synced (no {SHIM})");
    };
    let ledger = campaign(number(ROUNDS, 5), Some(Unsynced { tools, syncs: env::var_os(ground::WITHOUT_SYNC).is_none() }));
    report("crash with unsynced writes dropped", &ledger);
}

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Lives and deaths of one folder, until the rounds are over or something is wrong.
fn campaign(rounds: u64, unsynced: Option<Unsynced>) -> Ledger {
    let mut dice = Dice::new(number(SEED, 20_260_101));
    let mut ground = Ground::new(unsynced, &mut dice);
    let mut ledger = Ledger::default();
    for _ in 0..rounds {
        ledger.rounds += 1;
        if dice.one_in(8) {
            ground.kill_while_opening(dice.below(400));
        } else if let Some(mut life) = ground.start(&mut ledger) {
            check::after_restart(&ground, &life, &mut ledger, &mut dice);
            if ledger.is_whole() {
                load::until_killed(&ground, &mut life, &mut ledger, &mut dice);
            }
            life.kill();
        }
        if ledger.is_whole() {
            ground.take_back(&mut dice);
            ground.open_key_store(&mut ledger);
        }
        if !ledger.is_whole() {
            return ledger;
        }
        ground.clock = ground.clock.plus(Span::minutes(10));
    }
    // every attempt of the retry schedule is due by then
    ground.clock = ground.clock.plus(Span::hours(100));
    if let Some(mut life) = ground.start(&mut ledger) {
        check::at_the_end(&ground, &life, &mut ledger, &mut dice);
        life.kill();
    }
    ledger
}

fn report(name: &str, ledger: &Ledger) {
    let (rounds, acknowledged, repeats) = (ledger.rounds, ledger.acknowledged(), ledger.repeats);
    println!(
        "{name}: {rounds} rounds, {acknowledged} acknowledged, {repeats} repeats, {} lost, {} doubled",
        ledger.lost, ledger.doubled
    );
    println!(
        "{name}: {} keys and {} erasures beside it, {} rotations, {} conflicts refused, {} redelivered",
        ledger.keys.len(),
        ledger.erased().count(),
        ledger.rotations,
        ledger.conflicts,
        ledger.redelivered
    );
    assert!(ledger.is_whole(), "{:#?}", ledger.findings);
    assert!(acknowledged > rounds, "{acknowledged} events in {rounds} rounds show nothing");
}
