//! Who is taken for whom: an id is its sender's, an address is the realm's, and nobody is merged without a word.

use crate::world::{World, by};
use serde_json::{Value, json};
use vestibule::ops::erase::{Whom, erase};
use vestibule::ops::whois;
use vestibule_core::id::Mode;

/// Two routes of one system, and one more that names no system, beside `apply`, which names none either.
fn world() -> World {
    World::with(|text| {
        let line = |start: &str, part: &str| text.lines().find(|line| line.starts_with(start) && line.contains(part)).unwrap();
        let (secret, deliver) =
            (line("secret", "/standard"), line("deliver   = { workflow = \"intake\", url", "hook\", address"));
        let route = |name: &str, from: &str| {
            format!(
                "[in.{name}]\npath = \"/in/{name}\"\nrealm = \"hr\"\n{from}\n{secret}\n{deliver}\n\
                 subject = {{ id = \"candidate.id\", email = \"candidate.email\" }}\n\
                 fields = {{ \"candidate.id\" = \"user_id\", \"candidate.email\" = \"email\", \"candidate.name\" = \"name\" }}\n"
            )
        };
        let from = "from = \"crm\"";
        let more = ["[system.crm]\n".to_owned(), route("crm", from), route("crm-more", from), route("other", "")];
        text.clone() + &more.join("\n")
    })
}

/// What the platform gets of somebody.
fn arrives(world: &World, path: &'static str, id: &Value, email: &str) -> Value {
    let body = json!({ "consent": { "given": true }, "candidate": { "id": id, "email": email, "name": "A Name" } });
    world.deliver(path, &body.to_string()).json()["candidate"].clone()
}

fn subject(world: &World, seen: &Value) -> String {
    let told = whois::whois(&world.app, &by(), seen["name"].as_str().unwrap()).unwrap();
    told["subject"].as_str().unwrap_or("erased").to_owned()
}

fn by_id(id: &str, from: Option<&str>) -> Whom {
    let from = from.map(str::to_owned);
    Whom::Known { category: "user_id".into(), value: id.into(), realm: "hr".into(), test: false, from }
}

#[test]
fn equal_ids_of_two_senders_are_two_people() {
    let world = world();
    let id = json!("4711");
    let anna = arrives(&world, "/in/apply", &id, "anna@example.org");
    let bert = arrives(&world, "/in/crm", &json!(4711), "bert@example.net");
    let cleo = arrives(&world, "/in/other", &id, "cleo@example.net");
    let all = [&anna, &bert, &cleo].map(|seen| subject(&world, seen));
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2], "{all:?}");
    // what another route of the same system says of 4711, it says of the same person
    let again = arrives(&world, "/in/crm-more", &id, "bert.new@example.net");
    assert_eq!(subject(&world, &again), all[1]);

    // P21: a call about one person is not about the other
    let key = world.key("intake", Mode::Live);
    let call = |to: &Value, name: &Value| {
        let body = json!({ "to": to["email"], "text": format!("Dear {}", name["name"].as_str().unwrap()) });
        world.call(&key, "POST", "/out/mail/send", &body.to_string())
    };
    assert_eq!(call(&bert, &anna).code(), "token.second_subject");
    assert_eq!(world.ats.count(), 0);
    assert_eq!(call(&bert, &bert).status, 201);

    // P11: nor does erasing one erase the other
    let code = |whom: &Whom| erase(&world.app, &by(), whom).unwrap_err();
    let unclear = code(&by_id("4711", None));
    assert_eq!(unclear.code, "cli.argument");
    assert!(unclear.message.contains("`crm`, `in.apply`, `in.other`"), "{unclear}");
    let mistyped = code(&by_id("4711", Some("cmr")));
    assert_eq!(mistyped.code, "cli.unknown_name");
    assert!(mistyped.message.contains("did you mean `crm`?"), "{mistyped}");
    assert!(code(&by_id("4712", Some("crm"))).message.starts_with("nobody is known"));
    assert_eq!(erase(&world.app, &by(), &by_id("4711", Some("crm"))).unwrap()["erased"], true);
    let now = [&anna, &bert, &again, &cleo].map(|seen| subject(&world, seen));
    assert_eq!([now[0].as_str(), now[1].as_str(), now[2].as_str(), now[3].as_str()], [&all[0], "erased", "erased", &all[2]]);
    println!("equal ids: 3 people of 3 senders, 1 erased alone");
}

#[test]
fn an_address_brings_senders_together_and_a_contradiction_is_told() {
    let world = world();
    let anna = arrives(&world, "/in/crm", &json!("1"), "anna@example.org");
    let bert = arrives(&world, "/in/crm", &json!("2"), "bert@example.net");
    let same = arrives(&world, "/in/apply", &json!("A-1"), "Anna@example.org");
    assert_eq!(subject(&world, &same), subject(&world, &anna), "the address is the realm's");
    let told = || world.leaves().into_iter().filter(|leaf| leaf.outcome == "subject.two_people").count();
    assert_eq!((told(), world.refused("crm", "subject.two_people")), (0, 0));

    let odd = arrives(&world, "/in/crm", &json!("2"), "anna@example.org");
    assert_eq!(subject(&world, &odd), subject(&world, &bert), "the id decides");
    assert_ne!(odd["email"], anna["email"], "and nobody's token is another's");
    assert_eq!((told(), world.refused("crm", "subject.two_people")), (1, 1));
    let address =
        |value: &str| Whom::Known { category: "email".into(), value: value.into(), realm: "hr".into(), test: false, from: None };
    // nobody was merged: who asks by the address is who had it first
    erase(&world.app, &by(), &address("anna@example.org")).unwrap();
    assert_eq!(subject(&world, &anna), "erased");
    assert_ne!(subject(&world, &odd), "erased");
    println!("contradictions: 1 told, 0 merged");
}
