//! Rotation of each kind: what was made before still opens, and what has served its time ends.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::ops::erase::{Whom, erase};
use crate::ops::keys;
use crate::ops::testing::{World, by};
use crate::ops::whois::whois;
use vestibule_core::clock::Span;

fn known(email: &str) -> Whom {
    Whom::Known { category: "email".into(), value: email.into(), realm: "hr".into(), test: true, from: None }
}

fn states(world: &World, kind: Kind) -> Vec<KeyState> {
    world.app.keeper.read(|keys| keys.versions(kind).map(|entry| entry.state()).collect())
}

#[test]
fn after_each_rotation_everything_made_before_still_opens() {
    for kind in Kind::ALL {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        let key = keys::create(
            &world.app,
            &by(),
            &keys::Create { workflow: "intake".into(), test: true, days: 30, owner: "dana@example.com".into() },
        )
        .unwrap();
        let told = rotate(&world.app, &by(), kind.as_str()).unwrap();
        assert_eq!(told["rotated"][0]["version"], 2, "{kind}");
        assert_eq!(told["rows_tampered"], 0);
        let bert = world.accept("bert@example.com");
        assert_ne!(anna.to_string(), bert.to_string());
        for token in [anna, bert] {
            let told = whois(&world.app, &by(), token.as_str()).unwrap();
            assert_eq!(told["state"], "live", "{kind}");
            assert!(told["subject"].is_string(), "{kind}");
        }
        let text = key["key"].as_str().unwrap();
        let now = world.app.clock.now();
        assert!(world.app.keys().authenticate(text, &world.app.keeper.keyring(), now).is_some(), "{kind}");
        let world = world.restart().unwrap();
        assert!(world.app.keys().authenticate(text, &world.app.keeper.keyring(), now).is_some(), "{kind}");
        assert_eq!(crate::ops::verify::verify(&world.app, None).unwrap()["ok"], true, "{kind}");
        assert_eq!(erase(&world.app, &by(), &known("anna@example.com")).unwrap()["went"]["records"], 1, "{kind}");
        assert_eq!(erase(&world.app, &by(), &known("bert@example.com")).unwrap()["went"]["index_rows"], 2, "{kind}");
    }
}

#[test]
fn a_rotation_that_was_broken_off_goes_on_with_what_it_announced() {
    let world = World::new();
    let now = world.app.clock.now();
    world.app.keeper.change(|keys| keys.announce(Kind::Replay, now, &mut Draw::new(DRAW)?)).unwrap();
    let told = rotate(&world.app, &by(), "replay").unwrap();
    assert_eq!(told["rotated"][0]["version"], 2);
    assert_eq!(states(&world, Kind::Replay), [KeyState::Retired, KeyState::Active]);
}

#[test]
fn all_kinds_at_once_and_again() {
    let world = World::new();
    let anna = world.accept("anna@example.com");
    for round in 2..4 {
        let told = rotate(&world.app, &by(), "all").unwrap();
        assert_eq!(told["rotated"].as_array().unwrap().len(), Kind::ALL.len());
        assert_eq!(told["rows_moved"], 3, "a subject and two index rows, in round {round}");
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "live");
    }
    assert_eq!(states(&world, Kind::Salt), [KeyState::Destroyed, KeyState::Destroyed, KeyState::Active]);
    assert_eq!(states(&world, Kind::Delivery), [KeyState::Destroyed, KeyState::Retired, KeyState::Active]);
    assert_eq!(states(&world, Kind::Epoch), [KeyState::Retired, KeyState::Retired, KeyState::Active]);
    assert_eq!(rotate(&world.app, &by(), "nothing").unwrap_err().code, "cli.unknown_name");
}

#[test]
fn a_pepper_ends_with_the_last_key_made_under_it() {
    let world = World::new();
    let order = keys::Create { workflow: "intake".into(), test: true, days: 30, owner: "dana@example.com".into() };
    let key = keys::create(&world.app, &by(), &order).unwrap();
    rotate(&world.app, &by(), "api-key").unwrap();
    assert_eq!(states(&world, Kind::ApiKey), [KeyState::Retired, KeyState::Active]);
    keys::revoke(&world.app, &by(), key["id"].as_str().unwrap()).unwrap();
    due(&world.app).unwrap();
    assert_eq!(states(&world, Kind::ApiKey), [KeyState::Destroyed, KeyState::Active]);
}

#[test]
fn epochs_move_on_weekly_and_end_after_the_window_if_a_backup_stands() {
    let world = World::new();
    let anna = world.accept("anna@example.com");
    world.wait(Span::days(7));
    due(&world.app).unwrap();
    assert_eq!(states(&world, Kind::Epoch), [KeyState::Retired, KeyState::Active]);
    assert_eq!(states(&world, Kind::IndexOuter), [KeyState::Retired, KeyState::Active]);
    assert!(!is_named(&world.app, Kind::Epoch, KeyVersion(1)).unwrap(), "rows follow at once");

    // the window is over, and no backup was made since
    world.wait(Span::days(14));
    due(&world.app).unwrap();
    assert_eq!(states(&world, Kind::Epoch)[0], KeyState::Retired);
    world.wait(Span::days(10));
    let broken = erasure(&world.app).unwrap();
    assert_eq!(broken["kept"], false);
    assert_eq!(broken["overdue"][0]["why"], "rotation.no_checked_backup");

    world.order_backup("late.age");
    due(&world.app).unwrap();
    assert_eq!(states(&world, Kind::Epoch)[0], KeyState::Destroyed);
    assert_eq!(states(&world, Kind::IndexOuter)[0], KeyState::Destroyed);
    assert_eq!(erasure(&world.app).unwrap()["kept"], true);
    assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "live");
}

#[test]
fn past_r_no_backup_opens_an_erased_person() {
    let world = World::new();
    let anna = world.accept("anna@example.com");
    world.accept("bert@example.com");
    let (file, identity) = world.backup("old.age");
    erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap();
    for day in 1..=30 {
        world.wait(Span::days(1));
        due(&world.app).unwrap();
        world.order_backup(&format!("{day}.age"));
    }
    due(&world.app).unwrap();
    assert_eq!(erasure(&world.app).unwrap()["kept"], true);
    assert!(world.app.keeper.read(|keys| keys.erased().is_empty()), "no backup can bring her back any more");
    let order = crate::ops::restore::Order {
        file,
        identity: vestibule_core::secret::Secret::new(identity),
        replace: true,
        accept_gap: None,
        with_broken_log: false,
    };
    assert_eq!(world.close().restore(&order).unwrap_err().code, "backup.too_old");
}

#[test]
fn a_tampered_row_keeps_its_key_and_is_counted() {
    let world = World::new();
    world.accept("anna@example.com");
    let row = world.app.store.reader().unwrap().subject_index_of_epoch(KeyVersion(1), 1).unwrap()[0].0;
    let world = world.edit_database(|bytes| {
        while let Some(at) = bytes.windows(16).position(|window| window == row.mac) {
            bytes[at] ^= 1;
        }
    });
    let told = rotate(&world.app, &by(), "index-outer").unwrap();
    assert_eq!((told["rows_moved"].as_u64(), told["rows_tampered"].as_u64()), (Some(1), Some(1)));
    assert!(is_named(&world.app, Kind::IndexOuter, KeyVersion(1)).unwrap());
}

#[test]
fn another_root_opens_the_key_store_and_the_old_one_no_more() {
    let world = World::new();
    let text = Root::generate(&mut Draw::new(32).unwrap()).unwrap().to_text();
    let file = world.path("new-root.key");
    files::create(&file, text.expose().as_bytes()).unwrap();
    root(&world.app, &by(), &file).unwrap();
    assert_eq!(root(&world.app, &by(), &file).unwrap_err().code, "root.same");
    let store = &world.config.keys.store;
    assert!(crate::app::keeper::Keeper::open(store, text.expose().as_bytes()).is_ok());
    let old = std::fs::read(world.path("root.key")).unwrap();
    assert_eq!(crate::app::keeper::Keeper::open(store, &old).err().unwrap().code(), "keystore.wrong_root");
}

#[test]
fn rotations_at_once_wait_for_each_other() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for kind in ["fingerprint", "replay", "fingerprint"] {
                    rotate(&world.app, &by(), kind).unwrap();
                }
            });
        }
    });
    let versions = world.app.keeper.read(|keys| keys.versions(Kind::Fingerprint).map(|entry| entry.version().0).max());
    assert_eq!(versions, Some(7));
}
