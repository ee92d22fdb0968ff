//! The command line as a whole: its help is the committed reference page, and commands work on a gateway of their own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use clap::CommandFactory as _;
use tempfile::TempDir;

/// The reference page: the help of every command.
fn page() -> String {
    let mut out =
        "# The command line\n\nMade from the program's own help; a test compares the two. Every command takes `--json`: \
        its answer is then JSON on standard output, a failure JSON on standard error. Text stay the lines of a running `serve`, the \
        failures of `dev` and `bench`, the faults of a configuration (but those of `check`), and what is said to a line that is not understood. Exit codes: 0 done; \
        1 refused or failed, also when `check` refuses a configuration; 2 not understood, or a file that is named cannot be read; \
        3 `scan` or `log verify` has found something.\n"
            .to_owned();
    let mut root = Cli::command().term_width(100);
    root.build();
    section(&mut root, &mut out);
    out
}

fn section(command: &mut clap::Command, out: &mut String) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let name = command.get_bin_name().unwrap_or("vestibule").to_owned();
    let help: Vec<String> = command.render_long_help().to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    *out += &format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    for sub in command.get_subcommands_mut() {
        section(sub, out);
    }
}

#[test]
fn the_reference_page_is_the_help() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    if std::env::var_os("VESTIBULE_WRITE_DOCS").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(committed, page(), "run the test with VESTIBULE_WRITE_DOCS=1 and commit the page");
}

#[test]
fn arguments_are_sound() {
    Cli::command().debug_assert();
}

/// A gateway as `init` makes it: its folder, how a command line names it, and its configuration.
fn initialised() -> (TempDir, String, Config) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("gate");
    init::init(&folder, SystemClock.now()).unwrap();
    let file = folder.join("vestibule.toml");
    let config = session::load(&file).unwrap();
    (parent, format!("--config {}", file.display()), config)
}

fn command(line: &str) -> Result<Shown, Failure> {
    carry_out(Cli::try_parse_from(line.split(' ')).unwrap().command)
}

#[test]
fn from_nothing_to_a_key_a_backup_and_a_restore() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("gate");
    let folder = folder.display();
    command(&format!("vestibule init --dir {folder}")).unwrap();
    let at = format!("--config {folder}/vestibule.toml");
    let (view, made) = command(&format!("vestibule keys create --workflow first-scenario --test {at}")).unwrap();
    assert!(made["key"].as_str().unwrap().starts_with("vst_test_"));
    assert_eq!((view, &made["owner"]), ("keys.create", &"owner@example.com".into()));
    assert_eq!(made["url"], "https://localhost:8443/out/");
    let (_, shown) = command(&format!("vestibule status {at}")).unwrap();
    assert_eq!(shown["counts"]["keys"], 1);
    let unknown = ["since", "ignored", "refused"].map(|name| shown[name].is_null());
    assert_eq!((&shown["running"], unknown, &shown["counts"]["answered"]), (&false.into(), [true; 3], &Value::Null), "{shown}");
    let text = render::render("status", &shown);
    assert!(text.starts_with("not running") && !text.contains("refused"), "{text}");
    command(&format!("vestibule backup --to {folder}/one.age {at}")).unwrap();
    let taken = command(&format!("vestibule backup --to {folder}/one.age {at}")).unwrap_err();
    assert_eq!(taken.code, "cli.exists");
    command(&format!("vestibule rotate all {at}")).unwrap();
    let same = command(&format!("vestibule rotate root --new-root {folder}/root/root.key {at}")).unwrap_err();
    let drawn = command(&format!("vestibule rotate token --new-root {folder}/root/new.key {at}")).unwrap_err();
    assert_eq!((same.code.as_str(), drawn.code.as_str()), ("root.same", "cli.argument"));
    let (_, rotated) = command(&format!("vestibule rotate root --new-root {folder}/root/new.key {at}")).unwrap();
    let wrong = command(&format!("vestibule status {at}")).unwrap_err();
    assert_eq!(wrong.code, "keystore.wrong_root");
    assert!(wrong.message.ends_with(rotated["root"].as_str().unwrap()), "{}", wrong.message);
    std::fs::rename(parent.path().join("gate/root/new.key"), parent.path().join("gate/root/root.key")).unwrap();
    let restore = format!("vestibule restore {folder}/one.age --identity {folder}/recovery-kit.txt {at}");
    assert_eq!(command(&restore).unwrap_err().code, "restore.not_empty");
    let (_, told) = command(&format!("{restore} --replace")).unwrap();
    assert_eq!(told["keys_that_stand"][0]["id"], made["id"]);
    let (_, log) = command(&format!("vestibule log verify {at}")).unwrap();
    assert_eq!(log["ok"], true, "{log}");
}

#[test]
fn looking_at_a_gateway_does_not_change_it() {
    let (_parent, at, config) = initialised();
    let none = command(&format!("vestibule log verify {at}")).unwrap_err();
    assert_eq!((none.code.as_str(), config.store.path.exists()), ("store.none", false), "and no log is made to be verified");
    command(&format!("vestibule keys create --workflow first-scenario --test {at}")).unwrap();
    let files = || [&config.store.path, &config.keys.store].map(|path| std::fs::read(path).unwrap());
    let looks = || {
        let shown = |line: &str| command(&format!("vestibule {line} {at}")).unwrap().1;
        let lists = ["keys list", "dead list", "held list"].map(shown);
        (shown("log verify"), shown("status")["log"].clone(), shown("log show"), lists)
    };
    let before = files();
    let first = looks();
    assert_eq!(first.0["ok"], true, "{}", first.0);
    assert_eq!(first.0["head"], first.1["head"]);
    assert!(first.0["size"].as_i64() > Some(1));
    assert_eq!(looks(), first, "each look finds the head that the one before found");
    assert!(files() == before, "neither the database nor the key store has changed");

    let serving = session::open(&config).unwrap();
    let started = looks();
    assert_eq!(started.0["size"].as_i64(), first.0["size"].as_i64().map(|size| size + 1), "a start leaves its leaf");
    assert_eq!(looks(), started, "beside a process that holds the lock too");
    drop(serving);
    assert_eq!(looks(), started);
}

#[test]
fn a_look_at_a_log_that_was_cut_back_says_so_each_time() {
    let (_parent, at, config) = initialised();
    drop(session::open(&config).unwrap());
    let older = std::fs::read(&config.store.path).unwrap();
    command(&format!("vestibule rotate delivery {at}")).unwrap();
    std::fs::write(&config.store.path, older).unwrap();
    for _ in 0..2 {
        let (_, log) = command(&format!("vestibule log verify {at}")).unwrap();
        assert_eq!((&log["ok"], log["origins"].as_array().unwrap().len()), (&false.into(), 1), "{log}");
        assert!(log["findings"][0]["message"].as_str().unwrap().starts_with("the log ends before the key store"), "{log}");
    }
    let (_, shown) = command(&format!("vestibule status {at}")).unwrap();
    assert_eq!(shown["log"]["behind"], true);
    assert!(render::render("status", &shown).contains("not the newest database"));
    // whatever would write is refused, until somebody accepts the gap; the log says who
    assert_eq!(session::open(&config).err().unwrap().code, "log.behind_key_store");
    assert_eq!(command(&format!("vestibule rotate delivery {at}")).unwrap_err().code, "log.behind_key_store");
    command(&format!("vestibule log accept-gap {at}")).unwrap();
    let serving = session::open(&config).unwrap();
    assert_eq!(command(&format!("vestibule log accept-gap {at}")).unwrap_err().code, "store.in_use");
    drop(serving);
    let (view, log) = command(&format!("vestibule log verify {at}")).unwrap();
    assert_eq!((&log["ok"], log["origins"].as_array().unwrap().len()), (&true.into(), 2), "{log}");
    assert!(render::render(view, &log).contains("went on without leaves 3 to"), "{}", render::render(view, &log));
    std::fs::remove_file(&config.store.path).unwrap();
    let missing = command(&format!("vestibule log verify {at}")).unwrap_err();
    assert_eq!(missing.code, "log.behind_key_store");
}

#[test]
fn people_are_not_named_in_arguments() {
    assert!(Cli::try_parse_from(["vestibule", "subject", "erase", "--email", "anna@example.com"]).is_err());
    let missing = command("vestibule subject erase --config /nowhere/vestibule.toml").unwrap_err();
    assert_eq!((missing.code.as_str(), missing.exit), ("cli.no_config", failure::USAGE));
}

#[test]
fn every_line_of_a_list_of_people_is_answered() {
    let (_parent, at, config) = initialised();
    let realm = &config.inbound[0].realm;
    let erase = |input: &str| {
        let line = format!("vestibule subject erase --realm {realm} --mode test {at}");
        let Command::Subject { command: SubjectCommand::Erase(args) } = Cli::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("another command")
        };
        let input = Zeroizing::new(input.to_owned());
        erase_subject(args, || Ok(input))
    };
    let (view, told) = erase("\u{feff}anna@example.com\r\n\n4711\n").unwrap();
    let said: Vec<_> = told["people"].as_array().unwrap().iter().map(|one| (&one["line"], &one["error"]["code"])).collect();
    assert_eq!(said, [(&1.into(), &"cli.unknown_name".into()), (&3.into(), &"cli.argument".into())], "{told}");
    assert_eq!((told["failed"].as_u64(), exit_code(view, &told)), (Some(2), failure::REFUSED));
    let shown = render::render(view, &told);
    assert!(shown.starts_with("line 1: not erased: nobody is known") && shown.contains("2 of 2 were not erased"), "{shown}");
    assert!(!shown.contains("example.com") && !shown.contains("4711"), "{shown}");
    // one line is answered as one request
    let one = erase("anna@example.com\n").unwrap_err();
    assert_eq!((one.code.as_str(), one.exit), ("cli.unknown_name", failure::REFUSED));
    assert_eq!(exit_code("subject.erase", &json!({ "erased": true })), 0);
}

#[test]
fn beside_a_running_server_commands_act_on_it() {
    use crate::gateway::{Gateway, Plan, system_client};
    use crate::net::server::ServerConfig;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("gate");
    init::init(&folder, SystemClock.now()).unwrap();
    let file = folder.join("vestibule.toml");
    let config = session::load(&file).unwrap();
    let app = session::open(&config).unwrap();
    let plan = Plan {
        data: ServerConfig::plain_loopback("127.0.0.1:0".parse().unwrap()).unwrap(),
        socket: Some(session::data_folder(&config).join(session::SOCKET)),
        client: Arc::new(system_client),
        deliver: false,
        minutes: true,
    };
    let gateway = Gateway::start(&app, plan).unwrap();
    let at = format!("--config {}", file.display());

    let (_, made) = command(&format!("vestibule keys create --workflow first-scenario --test {at}")).unwrap();
    let known = |app: &crate::app::App| {
        app.keys().authenticate(made["key"].as_str().unwrap(), &app.keeper.keyring(), SystemClock.now()).is_some()
    };
    assert!(known(&app), "the running server knows the key at once");
    command(&format!("vestibule rotate all {at}")).unwrap();
    assert!(known(&app));
    // a leaked key comes to hand whole, and somebody may be at work on the file
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{good}\n[out.down]\nbogus = 1\n")).unwrap();
    assert!(session::load(&file).unwrap_err().told);
    let (_, revoked) = command(&format!("vestibule keys revoke {} {at}", made["key"].as_str().unwrap())).unwrap();
    assert!(!known(&app), "and forgets it at once");
    assert_eq!((&revoked["id"], &revoked["whole_key_given"]), (&made["id"], &true.into()));
    let (key, text) = (made["key"].as_str().unwrap(), render::render("keys.revoke", &revoked));
    assert!(text.contains("history of the shell") && !text.contains(key) && !revoked.to_string().contains(key), "{text}");
    let (_, shown) = command(&format!("vestibule status {at}")).unwrap();
    assert_eq!((&shown["running"], shown["since"].is_string()), (&true.into(), true));
    let unknown = command(&format!("vestibule keys revoke 0000000000 {at}")).unwrap_err();
    assert_eq!((unknown.code.as_str(), unknown.exit), ("cli.unknown_key", failure::REFUSED));
    std::fs::write(&file, good).unwrap();
    let backup = folder.join("one.age");
    command(&format!("vestibule backup --to {} {at}", backup.display())).unwrap();
    let kit = folder.join("recovery-kit.txt");
    let restore = format!("vestibule restore {} --identity {} --replace {at}", backup.display(), kit.display());
    assert_eq!(command(&restore).unwrap_err().code, "store.in_use");
    let (_, log) = command(&format!("vestibule log verify {at}")).unwrap();
    assert_eq!(log["ok"], true, "{log}");
    gateway.stop();
    std::fs::write(&file, "bogus = 1").unwrap();
    assert!(command(&format!("vestibule keys list {at}")).unwrap_err().told, "without a server the file must be in order");
}

#[test]
fn a_number_that_is_none_is_told_what_was_expected() {
    let told = |line: &str| Cli::try_parse_from(line.split(' ')).err().unwrap().to_string();
    for (line, expected) in [
        ("vestibule keys create --workflow x --days many", "expected a whole number from 1 to 365"),
        ("vestibule keys create --workflow x --days 366", "expected a whole number from 1 to 365"),
        ("vestibule log show --last 0", "expected a whole number from 1 to 4294967295"),
        ("vestibule held drop evt_1", "expected a number of the list, such as 3"),
        ("vestibule dead list --id x", "expected a number of the list, such as 3"),
    ] {
        let text = told(line);
        assert!(text.contains(expected) && !text.contains("digit"), "{text}");
    }
}

#[test]
fn dead_letters_are_thrown_away_only_by_word() {
    let (_parent, at, _) = initialised();
    let unsaid = command(&format!("vestibule dead discard {at}")).unwrap_err();
    assert_eq!((unsaid.code.as_str(), unsaid.exit), ("cli.argument", failure::USAGE));
    assert_eq!(command(&format!("vestibule dead discard --all {at}")).unwrap().1["found"], 0);
    assert_eq!(command(&format!("vestibule dead discard --dry-run {at}")).unwrap().1["found"], 0);
    assert_eq!(command(&format!("vestibule dead discard --route first-form {at}")).unwrap().1["found"], 0);
    assert!(Cli::try_parse_from(["vestibule", "dead", "discard", "--all", "--route", "first-form"]).is_err());
}
