//! Erasing a person: the tokens say so, the bytes are gone, and no older copy brings them back.

use crate::keys::put_back;
use crate::outbound::person;
use crate::world::{Reply, World, accept_gap, application, open};
use serde_json::json;
use std::path::Path;
use vestibule_core::clock::Span;
use vestibule_core::id::{Mode, Scope};
use vestibule_core::token;
use vestibule_store::{AddSubject, DeliveryState};

/// The ciphertexts that hold a person: the packed record and the wrapped key.
fn ciphertexts(world: &World, text: &str) -> Vec<Vec<u8>> {
    let block = token::parse(text.trim_end_matches("@t.example.com")).unwrap();
    let record = world.app.keeper.keyring().open_token(block.0).unwrap().record;
    let row = world.app.store.reader().unwrap().record(record).unwrap().unwrap();
    let key = row.subject.key.unwrap();
    vec![row.sealed.unwrap(), key.wrapped.to_vec(), key.sealed_pseudonym.to_vec()]
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        memchr::memmem::find(&bytes, needle).is_some()
    })
}

#[test]
fn an_erased_person_is_gone_from_the_files() {
    let world = World::new();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@example.org"));
    let key = world.key("intake", Mode::Live);
    let call = |token: &str| world.call(&key, "POST", "/out/ats/candidates", &json!({ "first_name": token }).to_string());
    world.until("both deliveries are recorded", |reader| reader.next_due().unwrap().is_none());
    // a delivery that has not arrived yet, and a kept answer
    world.platform.otherwise(|_| Reply::status(500));
    let before = world.platform.count();
    assert_eq!(world.send(&world.event("/in/apply", &application("Dana", "dana@example.org"))).status, 200);
    world.platform.wait_after(before);
    world.until("the attempt is recorded", |reader| reader.attempts(vestibule_core::id::DeliveryRow(3)).unwrap().len() == 1);
    let (bytes, others) = (ciphertexts(&world, &dana.email), ciphertexts(&world, &eve.email));
    let data = world.folder().join("data");
    for needle in bytes.iter().chain(&others) {
        assert!(holds(&data, needle), "the search does not find what is there");
    }
    assert_eq!(call(&dana.name).status, 201);

    world.erase(&dana.email);
    let answer = call(&dana.name);
    assert_eq!((answer.status, answer.code().as_str()), (422, "token.erased"), "{}", answer.text());
    assert_eq!(call(&eve.name).status, 201);
    for needle in &bytes {
        assert!(!holds(&data, needle), "{} bytes of an erased person are still there", needle.len());
    }
    for needle in &others {
        assert!(holds(&data, needle), "somebody else is gone too");
    }
    let reader = world.app.store.reader().unwrap();
    assert_eq!(reader.deliveries(DeliveryState::Erased, None, 10).unwrap().len(), 1);
    assert_eq!(reader.next_due().unwrap(), None, "a delivery of an erased person still waits");

    // the same person may apply again, and is somebody new
    world.platform.otherwise(|_| Reply::status(200));
    let again = person(&world, "Dana", "dana@example.org");
    assert_ne!(again.email, dana.email);
    assert_eq!(call(&again.name).status, 201);
    assert_eq!(call(&dana.name).code(), "token.erased");
    println!("erasure: {} ciphertexts gone, {} of others stay", bytes.len(), others.len());
}

#[test]
fn an_older_copy_of_the_database_does_not_bring_them_back() {
    let world = World::new();
    let (dana, eve) = (person(&world, "Dana", "dana@example.org"), person(&world, "Eve", "eve@example.org"));
    let key = world.key("intake", Mode::Live);
    let copy = world.folder().join("copy.db");
    world.app.store.backup_to(&copy).unwrap();
    world.erase(&dana.email);
    let bytes = ciphertexts(&world, &eve.email);
    let wrapped = std::fs::read(&copy).unwrap();
    assert!(memchr::memmem::find(&wrapped, &bytes[0]).is_some());

    // the first start refuses; after the gap is accepted, it goes on
    let (config, clock) = (world.config().to_owned(), world.clock.clone());
    let world = world.restart(|folder| {
        put_back(folder, &folder.join("copy.db"));
        let refused = open(&config, &clock, |options| options).err().expect("an older database is not served");
        assert_eq!(refused.code(), "log.behind_key_store");
        assert_eq!(accept_gap(&config, &clock)["erased_again"], 1);
    });
    let world = world.unwrap();
    let call = |token: &str| world.call(&key, "POST", "/out/ats/candidates", &json!({ "first_name": token }).to_string());
    let answer = call(&dana.name);
    assert_eq!((answer.status, answer.code().as_str()), (422, "token.erased"), "{}", answer.text());
    assert_eq!(call(&eve.name).status, 201);
    let outcomes: Vec<String> = world.leaves().into_iter().map(|leaf| leaf.outcome.into_owned()).collect();
    for outcome in ["log.behind_key_store", "erasure.applied_to_older_copy"] {
        assert!(outcomes.iter().any(|known| known == outcome), "{outcome} in {outcomes:?}");
    }
    assert_eq!(world.app.store.reader().unwrap().origins().unwrap().len(), 2, "a log that is behind gets a new origin");
    println!("older copy: 1 erased person stays erased, 1 other opens");
}

#[test]
fn people_nobody_can_name_lapse_by_themselves() {
    let world = World::new();
    let seen = world.deliver("/in/open", r#"{"note":"from somebody"}"#).json();
    let token = seen["note"].as_str().unwrap().to_owned();
    let key = world.key("intake", Mode::Live);
    let call = || world.call(&key, "POST", "/out/ats/free", &json!({ "any": token }).to_string());
    assert_eq!(call().status, 201);
    world.advance(Span::days(31));
    world.minute();
    assert_eq!(call().code(), "token.erased");
    println!("pending subjects: 1 lapsed");
}

#[test]
fn however_many_lapse_at_once_they_are_erased_in_one_round() {
    let world = World::new();
    for _ in 0..1001 {
        let (subject, _) = world.app.nobody(Scope::of(Mode::Live), Span::days(30)).unwrap();
        world.app.writer.submit(AddSubject { now: world.now(), subject }, |added| assert!(added.is_ok()));
    }
    world.settle();
    let waiting = || world.app.store.reader().unwrap().lapsed_subjects(world.now(), 2000).unwrap().len();
    world.advance(Span::days(31));
    assert_eq!(waiting(), 1001);
    world.minute();
    assert_eq!(waiting(), 0);
}
