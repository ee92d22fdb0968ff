//! Audits that are kept: drift over runs, whose scenarios they are, and that nothing readable of it lies anywhere.

use super::make::Team;
use super::n8n::Instance;
use super::platform::Platform;
use crate::canary::search::Search;
use crate::world::{World, accept_gap, by};
use serde_json::{Value, json};
use std::path::Path;
use vestibule::ops::{self, Op, Request};
use vestibule::scan::saved::drift::{Change, Item, Kept, Scenario, Seen};
use vestibule::scan::saved::{self, Drift, Preferences, Save};
use vestibule_core::audit::{Actor, Direction};
use vestibule_core::clock::Span;
use vestibule_core::id::Mode;
use vestibule_scan::Settings;

const PREFERENCES: Preferences<'static> = Preferences { gateway: "https://gate.test", zones: &[] };

fn run(world: &World, platform: &Platform) -> Drift {
    saved::run(&world.app, &by(), &platform.make(), &platform.how(), &PREFERENCES).unwrap()
}

fn served(team: &Team) -> Platform {
    let platform = Platform::new();
    let team = team.clone();
    platform.peer.otherwise(move |seen| team.answer(seen));
    platform
}

fn item(fingerprint: &str, scenario: u32) -> Item {
    Item {
        check: "hardcoded-credential".into(),
        severity: "critical".into(),
        fingerprint: fingerprint.into(),
        value: Some("0f0f0f0f".into()),
        scenario: format!("Scenario {scenario}"),
        step: "Send".into(),
        file: format!("make/{scenario}.json"),
        pointer: format!("/blueprint/flow/1/mapper/{fingerprint}"),
    }
}

fn order(account: &str, owners: &[(u32, &str)], findings: Vec<Item>) -> Save {
    let scenario = |(id, owner): &(u32, &str)| Scenario {
        file: format!("make/{id}.json"),
        name: format!("Scenario {id}"),
        owner: Some((*owner).to_owned()),
    };
    let seen = Seen { scenarios: owners.iter().map(scenario).collect(), findings, unread: Vec::new(), complete: true };
    Save { account: account.into(), host: "eu1.make.test".into(), seen }
}

fn asked(world: &World, op: Op) -> Value {
    // as a command beside the server sends it
    let wire = serde_json::to_vec(&Request { by: "dana".into(), op }).unwrap();
    ops::run(&world.app, serde_json::from_slice(&wire).unwrap()).unwrap()
}

fn fingerprints(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect()
}

#[test]
fn three_runs_show_what_is_new_gone_and_still_open_since() {
    let world = World::new();
    let owners = [(1, "ines.vogt@example.com"), (2, "tom.arlt@example.com")];
    let first = asked(&world, Op::ScanSave(order("make", &owners, vec![item("a", 1), item("b", 2)])));
    assert_eq!((&first["run"], &first["before"]), (&json!(1), &Value::Null));
    assert_eq!(fingerprints(&first["new"]), ["a", "b"]);
    let began = first["saved"].as_str().unwrap().to_owned();

    world.advance(Span::days(7));
    let second = asked(&world, Op::ScanSave(order("make", &owners, vec![item("b", 2), item("c", 2)])));
    assert_eq!((&second["run"], second["before"].as_str()), (&json!(2), Some(began.as_str())));
    assert_eq!((fingerprints(&second["new"]), fingerprints(&second["gone"])), (vec!["c"], vec!["a"]));
    assert_eq!(second["open"][0]["first_seen"].as_str(), Some(began.as_str()));

    world.advance(Span::days(7));
    let mut third = order("make", &owners[..1], vec![item("a", 1)]);
    third.seen.unread = vec!["make/2.json".into()];
    let third = asked(&world, Op::ScanSave(third));
    assert_eq!(third["new"][0]["change"], "back");
    assert_eq!(fingerprints(&third["unseen"]), ["b", "c"], "what was not read is neither open nor gone");
    assert_eq!(third["gone"], json!([]));

    // another account is another story
    let other = asked(&world, Op::ScanSave(order("flows", &owners, vec![item("a", 1)])));
    assert_eq!((&other["run"], fingerprints(&other["new"])), (&json!(1), vec!["a"]));

    let leaves = world.leaves();
    let ours: Vec<_> = leaves.iter().filter(|leaf| leaf.action == "scan.saved").collect();
    assert_eq!(ours.len(), 4);
    let last = ours[2];
    assert_eq!((last.route.as_ref(), last.host.as_ref(), last.others), ("make", "eu1.make.test", 3));
    assert_eq!((last.direction, last.mode, &last.actor), (Direction::In, Mode::Live, &Actor::Person("dana".into())));
    assert!(last.fields.is_empty() && last.tokens.is_empty() && last.subjects.is_empty());
}

#[test]
fn whoever_leaves_is_found_with_what_is_open_in_their_scenarios() {
    let world = World::new();
    let owners = [(1, "Ines.Vogt@example.com"), (2, "tom.arlt@example.com"), (3, "ines.vogt@example.com")];
    asked(&world, Op::ScanSave(order("make", &owners, vec![item("a", 1), item("b", 2), item("c", 3)])));
    asked(&world, Op::ScanSave(order("make", &owners, vec![item("a", 1), item("b", 2)])));
    asked(&world, Op::ScanSave(order("flows", &owners[1..2], Vec::new())));
    let of = |account: Option<&str>, owner: &str| {
        asked(&world, Op::ScanSaved { account: account.map(str::to_owned), owner: Some(owner.to_owned()) })
    };
    let ines = of(None, "ines.vogt@example.com");
    let [account] = ines["accounts"].as_array().unwrap().as_slice() else { panic!("{ines}") };
    let files: Vec<&str> =
        account["scenarios"].as_array().unwrap().iter().map(|scenario| scenario["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["make/1.json", "make/3.json"], "with and without findings");
    assert_eq!(fingerprints(&account["findings"]), ["a"], "what is gone is not theirs to mend");
    assert_eq!(of(None, "tom.arlt@example.com")["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(of(Some("flows"), "tom.arlt@example.com")["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(of(None, "nobody@example.com")["accounts"], json!([]));
    let all = asked(&world, Op::ScanSaved { account: None, owner: None });
    assert_eq!(all["accounts"].as_array().unwrap().len(), 2);
}

#[test]
fn an_account_is_read_audited_and_kept_in_one_call_and_nothing_of_it_can_be_read() {
    let world = World::new();
    let mut team = Team::recorded();
    let first = run(&world, &served(&team));
    assert_eq!((first.run, first.before, first.notes.len()), (1, None, 0));
    let kept = saved::saved(&world.app, Some("make")).unwrap();
    assert_eq!(kept[0].book.scenarios.len(), 3);
    let of = |drift: &Drift, change, check: &str| -> Vec<Kept> {
        drift.of(change).into_iter().filter(|kept| kept.item.check == check).cloned().collect()
    };
    let [typed] = of(&first, Change::New, "hardcoded-credential").try_into().unwrap();
    assert_eq!(
        (typed.item.file.as_str(), typed.item.severity.as_str()),
        ("make/925.json", first.of(Change::New)[0].item.severity.as_str())
    );
    assert_eq!(typed.item.value, Some(saved::marker(&world.app).mark("q7Rm2LkV9xTb4NcW8sJd6HfY3gPz")));
    assert_eq!(of(&first, Change::New, "unauthenticated-entry").len(), 1, "the platform knows that the webhook is open");

    // the credential is exchanged, one scenario cannot be read, and a right was taken from the token
    world.advance(Span::days(1));
    let exchanged = json!("Wd9fKb2QxL6rTz8NpV4sMj3HcYg7");
    team.blueprints["925"]["response"]["blueprint"]["flow"][1]["mapper"]["headers"][0]["value"] = exchanged;
    team.refused = [("/926/blueprint", 500), ("/connections", 403)].into();
    let second = run(&world, &served(&team));
    assert_eq!(second.notes.len(), 2, "{:?}", second.notes);
    let [still] = of(&second, Change::Changed, "hardcoded-credential").try_into().unwrap();
    assert_eq!((still.first_seen, still.last_seen), (first.saved.0, second.saved.0), "exchanged, and still typed in");
    assert_ne!(still.item.value, typed.item.value);
    assert_eq!(of(&second, Change::Unseen, "cleartext-http").len(), 1);
    assert!(second.of(Change::Gone).iter().all(|kept| kept.item.file != "make/926.json"));
    assert_eq!(
        saved::of_owner(&world.app, None, "tom.arlt@example.com").unwrap()[0].book.scenarios.len(),
        1,
        "it is still theirs"
    );

    // the webhook asks for a key now, and the credential is gone from the scenario
    world.advance(Span::days(1));
    let mut team = Team::recorded();
    team.hooks[0]["data"]["authenticationMethod"] = json!({ "apiKeyHeaderName": "x-make-apikey", "apikey": [148031] });
    team.blueprints["925"]["response"]["blueprint"]["flow"][1]["mapper"]["headers"] = json!([]);
    let third = run(&world, &served(&team));
    assert_eq!(of(&third, Change::Gone, "hardcoded-credential").len(), 1);
    assert_eq!(of(&third, Change::Gone, "unauthenticated-entry").len(), 1);
    let [back] = of(&third, Change::Open, "cleartext-http").try_into().unwrap();
    assert_eq!(back.first_seen, first.saved.0, "what could not be read once keeps its history");

    // names, addresses, texts and values of the account stand nowhere, in no encoding
    let needles = [
        "q7Rm2LkV9xTb4NcW8sJd6HfY3gPz",
        "Wd9fKb2QxL6rTz8NpV4sMj3HcYg7",
        "ines.vogt@example.com",
        "tom.arlt@example.com",
        "Recruiting mailbox",
        "Applications to the ATS",
        "Send Käthe's applications",
        "hardcoded-credential",
        super::platform::MAKE_TOKEN,
    ];
    let search = Search::new(&needles.map(str::to_owned));
    let mut looked_at = 0;
    for path in files(world.folder()) {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(search.in_bytes(&bytes), Vec::<String>::new(), "{}", path.display());
        looked_at += bytes.len();
    }
    assert!(looked_at > 100_000, "{looked_at}");
    assert!(!search.in_bytes(b"xx ines.vogt@example.com xx").is_empty(), "the search finds what is there");
    println!("saved audits: {} names and values searched for in {looked_at} bytes", needles.len());
}

#[test]
fn the_auditor_knows_the_files_of_both_platforms() {
    let platform = served(&Team::recorded());
    let mut files = platform.fetch(&platform.make()).files;
    let instance = Instance::recorded();
    platform.peer.otherwise(move |seen| instance.answer(seen));
    files.extend(platform.fetch(&platform.n8n()).files);
    let settings = Settings {
        mark: &|_| "00000000".into(),
        today: jiff::civil::date(2026, 11, 22),
        gateway: "https://gate.test",
        zones: &[],
    };
    let (mut steps, mut owners) = (Vec::new(), Vec::new());
    for file in &files {
        let scanned = vestibule_scan::scan(&file.name, &file.bytes, &settings, &mut ());
        let [coverage] = scanned.coverage.as_slice() else { panic!("{:?}", scanned.coverage) };
        assert_eq!(coverage.error, None, "{}", file.name);
        steps.push((coverage.platform, coverage.steps));
        owners.extend(scanned.seen.into_iter().map(|seen| seen.owner));
    }
    assert_eq!(steps, [("make", 3), ("make", 1), ("make", 0), ("n8n", 2), ("n8n", 1), ("n8n", 0), ("n8n", 0)]);
    let told: Vec<Option<String>> = files.iter().map(|file| file.owner.clone()).collect();
    assert_eq!(owners, told);
}

#[test]
fn marks_stay_the_same_whatever_is_rotated_and_a_restart_changes_nothing() {
    let world = World::new();
    let mark = || saved::marker(&world.app).mark("a secret value");
    let before = mark();
    asked(&world, Op::ScanSave(order("make", &[(1, "ines.vogt@example.com")], vec![item("a", 1)])));
    asked(&world, Op::Rotate { kind: "all".into() });
    assert_eq!(mark(), before);
    let world = world.restart(|_| {}).unwrap();
    assert_eq!(saved::marker(&world.app).mark("a secret value"), before);
    let again = asked(&world, Op::ScanSave(order("make", &[(1, "ines.vogt@example.com")], vec![item("a", 1)])));
    assert_eq!((&again["run"], fingerprints(&again["open"])), (&json!(2), vec!["a"]));
    assert_ne!(saved::marker(&World::new().app).mark("a secret value"), before, "another gateway marks otherwise");
}

#[test]
fn what_is_kept_lapses_a_year_after_the_newest_run() {
    let world = World::new();
    let save = || asked(&world, Op::ScanSave(order("make", &[(1, "ines.vogt@example.com")], vec![item("a", 1)])));
    save();
    world.advance(Span::days(300));
    world.minute();
    save();
    world.advance(Span::days(364));
    world.minute();
    assert_eq!(saved::saved(&world.app, None).unwrap().len(), 1);
    world.advance(Span::days(2));
    world.minute();
    assert_eq!(saved::saved(&world.app, None).unwrap().len(), 0);
    assert_eq!(save()["run"], 1, "it begins anew");
}

#[test]
fn what_is_kept_of_an_account_can_be_erased_for_good() {
    let world = World::new();
    let save = |account: &str| asked(&world, Op::ScanSave(order(account, &[(1, "ines.vogt@example.com")], vec![item("a", 1)])));
    save("make");
    save("flows");
    let copy = world.folder().join("older.db");
    world.app.store.backup_to(&copy).unwrap();
    assert_eq!(asked(&world, Op::ScanForget { account: "make".into() })["forgotten"], true);
    let names =
        |world: &World| -> Vec<String> { saved::saved(&world.app, None).unwrap().into_iter().map(|kept| kept.account).collect() };
    assert_eq!(names(&world), ["flows"]);
    let again = ops::run(&world.app, Request { by: "dana".into(), op: Op::ScanForget { account: "make".into() } });
    assert_eq!(again.unwrap_err().code, "scan.unknown_account");

    // an older copy of the database does not bring it back
    let (config, clock) = (world.config().to_owned(), world.clock.clone());
    let world = world
        .restart(|folder| {
            let database = folder.join("data/vestibule.db");
            for end in ["-wal", "-shm"] {
                drop(std::fs::remove_file(format!("{}{end}", database.display())));
            }
            std::fs::copy(folder.join("older.db"), &database).unwrap();
            accept_gap(&config, &clock);
        })
        .unwrap();
    assert_eq!(names(&world), ["flows"]);
    assert!(world.leaves().iter().any(|leaf| leaf.outcome == "erasure.applied_to_older_copy"));
}

#[test]
fn too_much_is_refused_whole() {
    let world = World::new();
    let many = (0..20_001).map(|n| item(&n.to_string(), 1)).collect();
    let refused = ops::run(&world.app, Request { by: "dana".into(), op: Op::ScanSave(order("make", &[], many)) });
    assert_eq!(refused.unwrap_err().code, "scan.too_many");
    assert_eq!(saved::saved(&world.app, None).unwrap().len(), 0);
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path))
        } else if path.is_file() {
            all.push(path)
        }
    }
    all
}
