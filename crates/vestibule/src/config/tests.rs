//! The complete example is accepted, every fixture is refused with exactly its code and text, and the pages of
//! docs/reference equal the tables they come from.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vestibule_core::clock::{Clock, ManualClock, Timestamp};
use vestibule_core::id::Mode;
use vestibule_core::{category, problem};

use super::*;

const EXAMPLE: &str = include_str!("../../../../examples/candidate-intake/vestibule.toml");

/// 22 November 2026.
fn now() -> Timestamp {
    ManualClock::at(Timestamp(1_795_305_600_000)).now()
}

fn accepted(text: &str) -> (Config, Report) {
    load(text, "vestibule.toml", now()).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn codes(text: &str) -> Vec<&'static str> {
    let report = match load(text, "vestibule.toml", now()) {
        Ok((_, report)) | Err(report) => report,
    };
    report.findings().iter().map(|finding| finding.code).collect()
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a committed file, or writes it where `VESTIBULE_BLESS` is set.
fn same_as(path: &Path, text: &str) {
    if std::env::var_os("VESTIBULE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is not what the code says; run the test with VESTIBULE_BLESS=1 and read the change",
        path.display()
    );
}

#[test]
fn the_example_says_what_it_says() {
    let (config, report) = accepted(EXAMPLE);
    assert_eq!(report.render(false), "");
    let [route] = config.inbound.as_slice() else { panic!() };
    assert_eq!((route.path.as_str(), route.realm.as_str(), route.mode), ("/careers/apply", "hr", Mode::Live));
    assert!(matches!(&route.verify, Verify::StandardWebhooks { secrets, .. } if secrets.len() == 1));
    assert_eq!(route.fields.len(), 8);
    let email = category::by_alias("email").unwrap().code;
    assert_eq!(route.fields[1].treatment, Treatment::Tokenize { category: email, stable: true });
    assert_eq!(route.otherwise, Otherwise::Drop);
    assert_eq!(route.max_body, 10 << 20);
    let deliver = route.deliver.as_ref().unwrap();
    assert_eq!((deliver.workflow.as_str(), deliver.url.to_string().as_str()), ("candidate-intake", "env:MAKE_INTAKE_HOOK"));
    assert_eq!(deliver.header.as_ref().unwrap().0, "x-make-apikey");
    let [greenhouse, gmail] = config.outbound.as_slice() else { panic!() };
    assert_eq!(greenhouse.live.to.to_string(), "https://harvest.greenhouse.io/v1");
    assert!(matches!(greenhouse.live.credential, Some(Credential::Basic(_))) && greenhouse.test.is_none());
    let grant = &greenhouse.grants[0];
    assert_eq!(
        (grant.method.as_str(), grant.path.segments.as_slice()),
        ("POST", [Segment::Literal("candidates".into())].as_slice())
    );
    assert_eq!(grant.reveal.len(), 4);
    assert_eq!(grant.answer.keep[0].1, JsonType::Integer);
    let condition = &gmail.grants[0].conditions[0];
    assert_eq!(condition.any_of, [Addressee::SameSubject, Addressee::Domain("example.com".into())]);
    assert_eq!(config.workflow("status-mail").unwrap().platform, Platform::Make);
    assert_eq!(config.system("greenhouse").unwrap().region.as_deref(), Some("us"));
    assert!(config.system("nobody").is_none() && config.workflow("nobody").is_none());
}

#[test]
fn a_fault_hides_no_other_and_causes_none() {
    assert_eq!(
        codes(
            &EXAMPLE.replace("realm     = \"hr\"", "realm = \"hr\"\nmode = \"life\"").replace("t.example.com", "token.invalid")
        ),
        ["config.bad_value"]
    );
    let two = codes(&EXAMPLE.replace("listen ", "lisen ").replace("t.example.com", "token.invalid"));
    assert!(two.contains(&"config.unknown_key") && two.contains(&"config.token_domain"), "{two:?}");
    let empty = load("", "vestibule.toml", now()).unwrap_err().render(false);
    assert!(empty.contains("add a table `[server]`") && !empty.contains('…'), "{empty}");
}

/// A fixture is a whole file of its own, or changes to the example: what follows `#- ` is replaced by the `#+ ` lines after
/// it, and everything else is added at the end.
fn fixture(text: &str) -> String {
    if text.starts_with("# whole file") {
        return text.to_owned();
    }
    let mut config = EXAMPLE.to_owned();
    let mut added = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_prefix("#- ") {
            Some(old) => {
                assert!(config.contains(old), "the example has no line `{old}`");
                let mut new = Vec::new();
                while let Some(line) = lines.next_if(|line| line.starts_with("#+")) {
                    new.push(line.trim_start_matches("#+").trim_start());
                }
                config = config.replacen(old, &new.join("\n"), 1);
            }
            None => added.extend([line, "\n"]),
        }
    }
    config + &added
}

#[test]
fn each_fixture_gives_exactly_its_code() {
    let fixtures = folder("src/config/fixtures");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(&fixtures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (what, _) = stem.split_once('-').unwrap_or((&stem, ""));
        let code = format!("config.{what}");
        let text = fixture(&std::fs::read_to_string(&path).unwrap());
        let report = match load(&text, "vestibule.toml", now()) {
            Ok((_, report)) | Err(report) => report,
        };
        let found: BTreeSet<&str> = report.findings().iter().map(|finding| finding.code).collect();
        assert_eq!(found, BTreeSet::from([code.as_str()]), "{stem}:\n{}", report.render(false));
        same_as(&path.with_extension("txt"), &(report.render(false) + "\n"));
        seen.insert(code);
    }
    // what only the compilation of routes can find, after every check here has passed
    const LATER: &[&str] = &["config.destination", "config.call"];
    let all: BTreeSet<String> = problem::all()
        .map(|entry| entry.code)
        .filter(|code| code.starts_with("config.") && !LATER.contains(code))
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, all, "every code of the configuration has a fixture, and every fixture a code");
    for code in &seen {
        assert!(example(code).is_some(), "{code} has no example");
    }
    println!("configuration fixtures: {} codes", seen.len());
}

#[test]
fn every_documented_key_is_read() {
    let mut context = read::Context::new(now());
    read(&mut context, EVERYTHING);
    let errors: Vec<_> = context.findings.iter().map(|finding| &finding.message).collect();
    for section in schema::ALL {
        for key in section.keys {
            assert!(
                context.read.contains(&(section.heading, key.name)),
                "nothing reads `{}` of {}; {errors:?}",
                key.name,
                section.heading
            );
        }
    }
}

#[test]
fn a_file_with_every_key_is_accepted() {
    let (config, _) = accepted(EVERYTHING);
    let [hmac, bearer, header] = config.inbound.as_slice() else { panic!() };
    assert!(matches!(&hmac.verify, Verify::Hmac(hmac) if hmac.timestamp_header.is_some() && hmac.secrets.len() == 2));
    assert!(matches!(bearer.verify, Verify::Bearer { .. }));
    assert!(matches!(&header.verify, Verify::Header { name, .. } if name == "x-api-key"));
    assert_eq!(hmac.otherwise, Otherwise::Hold { days: 7 });
    assert_eq!(hmac.max_body, 1 << 20);
    let [make, flows] = config.accounts.as_slice() else { panic!() };
    assert_eq!((make.platform(), make.origin().to_string().as_str()), ("make", "https://eu1.make.com"));
    assert!(matches!(make.at, AccountAt::Make { team: 123, .. }) && make.address.is_none());
    assert_eq!((flows.platform(), flows.origin().base_path()), ("n8n", "/base"));
    assert_eq!(flows.token.to_string(), "file:/etc/vestibule/n8n-token");
    let out = &config.outbound[0];
    assert_eq!(out.live.address.unwrap().to_string(), "10.0.0.7:443");
    assert!(out.test.as_ref().is_some_and(|test| test.credential.is_some()));
    assert_eq!(out.headers, [("api-version".to_owned(), "2026-01-01".to_owned())]);
    let grant = &out.grants[0];
    assert_eq!(grant.expires, Some(Timestamp(1_830_297_600_000)), "the end of 31 December 2027");
    assert_eq!(grant.path.segments[1], Segment::Any(Some("id".into())));
    assert_eq!(grant.path.to_string(), "/candidates/{id}/notes");
    assert_eq!(out.grants[1].path.to_string(), "/candidates/*/files");
    assert!(matches!(grant.answer.otherwise, AnswerOtherwise::Tokenize { .. }) && grant.batch);
}

#[test]
fn accounts_need_no_gateway_and_hold_no_token() {
    let scan = |text: &str| load_accounts(text, "scan.toml", now());
    let make = "[scan.account.make]\nplatform = \"make\"\nzone = \"eu1.make.com\"\nteam = 7\ntoken = \"env:MAKE_TOKEN\"\n";
    assert_eq!(scan(make).unwrap().0.len(), 1);
    assert_eq!(scan(&(EXAMPLE.to_owned() + make)).unwrap().0.len(), 1, "a whole configuration does as well");
    assert_eq!(codes(make), ["config.missing_key"; 3], "a gateway needs the rest");
    let refused = |old: &str, new: &str| {
        let report = scan(&make.replace(old, new)).unwrap_err();
        let all = format!("{}{}{report:?}", report.render(true), report.json());
        assert!(!all.contains("b6f1ad2c"), "{all}");
        report.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(refused("env:MAKE_TOKEN", "b6f1ad2c-77c3-4bd0-9a8e-0f5b3c2d1e4f"), ["config.literal_secret"]);
    assert_eq!(refused("eu1.make.com", "eu1.make.com/path"), ["config.bad_value"]);
    assert_eq!(refused("eu1.make.com", "make.internal"), ["config.private_host"]);
    assert_eq!(refused("team = 7", "team = 0"), ["config.out_of_range"]);
    assert_eq!(refused("team = 7\n", ""), ["config.missing_key"]);
    assert_eq!(refused("team = 7", "team = 7\nurl = \"https://n8n.example.com\""), ["config.bad_value"]);
    assert_eq!(refused("\"make\"", "\"zapier\""), ["config.bad_value"]);
    assert_eq!(refused("account.make", "account.Make"), ["config.bad_name"]);
    let n8n = "[scan.account.flows]\nplatform = \"n8n\"\nurl = \"http://n8n.example.com\"\ntoken = \"env:N8N_TOKEN\"\n";
    let report = scan(n8n).unwrap_err();
    assert_eq!(report.findings()[0].code, "config.plain_http");
}

#[test]
fn all_faults_of_a_file_are_found_at_once() {
    let text = EXAMPLE
        .replace("= \"https://harvest.greenhouse.io/v1\"", "= \"http://harvest.greenhouse.io/v1\"")
        .replace("\"candidate.phone\"             = \"phone\"", "\"candidate.phone\" = \"fone\"")
        .replace("workflow = \"status-mail\"", "workflow = \"status-male\"");
    assert_eq!(codes(&text), ["config.unknown_category", "config.plain_http", "config.unknown_workflow"]);
}

#[test]
fn no_rendering_repeats_a_literal_secret() {
    for secret in ["whsec_C2FVsBQIhrscChlQIMVb5sSYspob7oD", "purple horse battery staple", "hunter2", "äöü ß"] {
        let text = EXAMPLE.replace("env:GREENHOUSE_KEY", secret);
        let unclosed = EXAMPLE.replace("\"env:GREENHOUSE_KEY\"", &format!("\"{secret}"));
        let bare = EXAMPLE.replace("\"env:GREENHOUSE_KEY\"", secret);
        for text in [&text, &unclosed, &bare] {
            let report = load(text, "vestibule.toml", now()).unwrap_err();
            let all = format!("{}{}{}{report:?}", report.render(true), report.json(), report.sarif());
            for word in secret.split(' ') {
                assert!(!all.contains(word), "{word}: {all}");
            }
        }
    }
}

#[test]
fn a_test_account_of_the_live_system_is_told_by_its_credential() {
    let with = |test: &str| codes(&EXAMPLE.replacen("[out.greenhouse]", &format!("[out.greenhouse]\n{test}"), 1));
    let here = "test_to = \"https://harvest.greenhouse.io/v1\"";
    for same in ["basic = \"env:GREENHOUSE_KEY\"", "basic = \"env:TEST\"", "bearer = \"env:GREENHOUSE_KEY\""] {
        let expected: &[&str] = if same.contains("basic = \"env:GREENHOUSE_KEY") { &["config.test_is_live"] } else { &[] };
        assert_eq!(with(&format!("{here}\ntest_credential = {{ {same} }}")), expected, "{same}");
    }
    assert_eq!(with("test_to = \"https://harvest.greenhouse.io/sandbox\""), [""; 0]);
    let bare = EXAMPLE.replacen("credential = { basic = \"env:GREENHOUSE_KEY\" }", here, 1);
    assert_eq!(codes(&bare), ["config.test_is_live"], "without any credential");
}

#[test]
fn constants_of_a_destination_are_no_credentials_and_nobody_elses() {
    let with = |headers: &str| codes(&EVERYTHING.replace("{ \"Api-Version\" = \"2026-01-01\" }", &format!("{{ {headers} }}")));
    for fine in ["accept = \"application/vnd.github+json\"", "\"anthropic-version\" = \"2023-06-01\"", "on-behalf-of = \"4711\""]
    {
        assert_eq!(with(fine), codes(EVERYTHING), "{fine}");
    }
    let mut cases = 0;
    for name in [
        "authorization",
        "Cookie",
        "X-Api-Key",
        "private-token",
        "host",
        "connection",
        "te",
        "content-type",
        "content-length",
        "accept-encoding",
        "idempotency-key",
        "expect",
        "vestibule-error",
        "x-http-method-override",
        "bad name",
        // the credential of this destination, and a header that a grant reveals into
        "x-api-key",
        "x-on-behalf-of",
    ] {
        let found = with(&format!("\"{name}\" = \"1\""));
        assert!(!found.is_empty() && found.iter().all(|code| *code == "config.bad_header"), "{name}: {found:?}");
        cases += 1;
    }
    for value in ["", " 1", "1 ", "a\\nb", "ü"] {
        assert_eq!(with(&format!("\"api-version\" = \"{value}\"")), ["config.bad_header"], "{value:?}");
        cases += 1;
    }
    assert_eq!(with("a-b = \"1\", A-B = \"2\""), ["config.duplicate_key"]);
    assert_eq!(with("api-version = 1"), ["config.wrong_type"]);
    assert_eq!(with("api-version = \"whsec_C2FVsBQIhrscChlQIMVb5sSYspob7oD\""), ["config.literal_secret"]);
    println!("constants: {cases} refused by name or value");
}

#[test]
fn broken_files_never_panic_and_always_say_something() {
    for cut in (0..EXAMPLE.len()).step_by(7).filter(|cut| EXAMPLE.is_char_boundary(*cut)) {
        let text = &EXAMPLE[..cut];
        let (Ok((_, report)) | Err(report)) = load(text, "vestibule.toml", now());
        let _ = (report.render(false), report.json(), report.sarif());
    }
    for odd in
        ["", "\u{feff}", "server = 1", "in = []", "[in]\nx = 1", "out = { a = { grant = 3 } }", "\"\" = 1", "[in.\"\u{0}\"]"]
    {
        assert!(load(odd, "vestibule.toml", now()).is_err(), "{odd}");
    }
}

#[test]
fn json_and_sarif_name_the_place() {
    let text = EXAMPLE.replace("https://harvest", "http://harvest");
    let report = load(&text, "gate/vestibule.toml", now()).unwrap_err();
    let line = text.lines().position(|line| line.contains("http://harvest")).unwrap() + 1;
    let json = report.json();
    assert_eq!(json["accepted"], false);
    assert_eq!((&json["findings"][0]["line"], &json["findings"][0]["column"]), (&line.into(), &14.into()));
    let sarif = report.sarif();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "config.plain_http");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], line);
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "config.plain_http");
}

#[test]
fn nothing_is_derived_from_special_data_by_another_path_to_it() {
    let with = |rule: &str, derived: &str| {
        let rule = format!("fields            = {{ \"{rule}\" = \"health\", ");
        let derive = format!("derive            = {{ told = \"length({derived})\", ");
        codes(
            &EVERYTHING
                .replace("fields            = { \"person.id\"", &(rule + "\"person.id\""))
                .replace("derive            = { ", &derive),
        )
    };
    for (rule, derived) in
        [("a[*].v", "a[k=sick].v"), ("a[k=sick].v", "a[*].v"), ("a[0]", "a[*]"), ("a[k=x]", "a[j=y].v"), ("a.b", "a.b.c")]
    {
        assert_eq!(with(rule, derived), ["config.special_category"], "{rule} {derived}");
    }
    for (rule, derived) in [("a[k=sick].v", "a[k=well].v"), ("a[0]", "a[1]"), ("a.b", "a.c"), ("a[*].v", "a[*].w")] {
        assert_eq!(with(rule, derived), [""; 0], "{rule} {derived}");
    }
}

#[test]
fn reference_pages_equal_the_code() {
    let reference = folder("../../docs/reference");
    same_as(&reference.join("configuration.md"), &docs::configuration());
    same_as(&reference.join("errors.md"), &docs::errors());
    same_as(&reference.join("categories.md"), &docs::categories());
}

const EVERYTHING: &str = include_str!("everything.toml");

/// Every snippet of the pages on schemes, also with each line that stands there as another way to write a key.
#[test]
fn what_the_pages_on_schemes_show_is_accepted() {
    const BASE: &str = "[server]\npublic_url = \"https://gate.example.com\"\nlisten = \"127.0.0.1:8443\"\n\
        token_domain = \"t.gate.example.com\"\n\
        [store]\nurl = \"sqlite:/var/lib/vestibule/vestibule.db\"\n\
        [keys]\nroot = \"credential:vestibule-root\"\nstore = \"/var/lib/vestibule-keys/keys\"\n";
    let mut shown = 0;
    for page in std::fs::read_dir(folder("../../docs/reference/schemes")).unwrap() {
        let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
        for snippet in page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let key = |line: &str| line.split('=').next().map(|key| key.trim().to_owned());
            let others = snippet.lines().filter_map(|line| line.strip_prefix("# ")).map(|other| {
                let lines = snippet.lines().map(|line| if key(line) == key(other) { other } else { line });
                lines.collect::<Vec<_>>().join("\n")
            });
            for text in others.chain([snippet.to_owned()]) {
                accepted(&format!("{BASE}{text}"));
                shown += 1;
            }
        }
    }
    assert!(shown >= 4, "{shown}");
}
