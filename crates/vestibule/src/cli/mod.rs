//! The command line: what can be asked, and how the answers look.
//!
//! Commands are thin: what they do is in [`crate::ops`], what they print is rendered from its JSON in `render`, and
//! `--json` prints that JSON. Exit codes: 0 done; 1 refused or failed, also a configuration that `check` refuses; 2 not
//! understood, or a named file not readable; 3 `scan` or `log verify` has found something.

pub mod args;
pub mod check;
pub mod explain;
mod failure;
mod progress;
mod render;
pub mod scan;
mod serve;
mod session;

use crate::app::Settings;
use crate::config::Config;
use crate::ops::{self, Op, erase, init, keys, restore};
use crate::system::SystemClock;
use crate::{bench, dev, files, terminal};
use args::{Cli, Command, DeadCommand, HeldCommand, KeysCommand, LogCommand, SubjectCommand};
use clap::Parser as _;
use failure::{FINDINGS, Failure};
use serde_json::{Value, json};
use session::asked;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use vestibule_core::clock::Clock as _;
use vestibule_core::secret::Secret;
use vestibule_store::Options;
use zeroize::Zeroizing;

/// Longest text that is read from standard input.
const MOST_INPUT: u64 = 64 * 1024;
/// Largest document that `try` reads: more than any route takes.
const MOST_DOCUMENT: u64 = (256 << 20) + 1;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // the message of a panic can quote the text at hand, a person's or a key
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        drop(writeln!(std::io::stderr(), "internal error{place}: a fault of this program, please report it"));
    }));
    // the benchmark's peer is this executable; it is no command for people
    if std::env::args_os().nth(1).is_some_and(|name| name == bench::gateway::SUBCOMMAND) {
        return bench::gateway::child();
    }
    run(Cli::parse())
}

fn run(cli: Cli) -> ExitCode {
    let json = cli.json;
    match cli.command {
        Command::Check(args) => check::run(&check::CheckArgs { json: args.json || json, ..args }, SystemClock.now()),
        Command::Explain(args) => explain::run(&explain::ExplainArgs { json: args.json || json, ..args }),
        Command::Scan(args) => scan::run(&args, json),
        Command::Bench(args) => bench::run(&args),
        Command::Dev(mut args) => {
            args.json |= json;
            ended(dev::run(&args).map(|()| None).map_err(Failure::from), args.json)
        }
        Command::Serve(args) => ended(serve::run(&args, &mut std::io::stdout()).map(|()| None), json),
        command => ended(carry_out(command).map(Some), json),
    }
}

/// An answer with the name of the view that shows it.
type Shown = (&'static str, Value);

fn carry_out(command: Command) -> Result<Shown, Failure> {
    match command {
        Command::Init(args) => Ok(("init", init::init(&args.dir, SystemClock.now())?)),
        Command::Status(args) => Ok(("status", asked(&args.config, Op::Status)?)),
        Command::Keys { command } => keys_command(command),
        Command::Rotate(args) => rotate(&args),
        Command::Dead { command } => dead_command(command),
        Command::Held { command } => match command {
            HeldCommand::List(args) => Ok(("held.list", asked(&args.config, Op::HeldList)?)),
            HeldCommand::Release { event, at } => Ok(("held.release", asked(&at.config, Op::HeldRelease { event })?)),
            HeldCommand::Drop { event, at } => Ok(("held.drop", asked(&at.config, Op::HeldDrop { event })?)),
        },
        Command::Whois(args) => {
            let token = match args.token {
                Some(token) => token,
                None => first_line()?.to_string(),
            };
            Ok(("whois", asked(&args.at.config, Op::Whois { token })?))
        }
        Command::Subject { command: SubjectCommand::Erase(args) } => erase_subject(args, lines_of_input),
        Command::Backup(args) => backup(args),
        Command::Restore(args) => restore_backup(args),
        Command::Log { command } => match command {
            LogCommand::Verify { since, at } => Ok(("log.verify", asked(&at.config, Op::LogVerify { since })?)),
            LogCommand::AcceptGap(args) => Ok(("log.accept_gap", alone(&session::load(&args.config)?, ops::gap::accept)?)),
            LogCommand::Show { last, at } => Ok(("log.show", asked(&at.config, Op::LogShow { last })?)),
        },
        Command::Try(args) => {
            let config = session::load(&args.at.config)?;
            let document = document(&args.file)?;
            let file = args.file.display().to_string();
            Ok(("try", ops::try_route::try_route(&config, &args.route, &file, &document, SystemClock.now())?))
        }
        // these have their own ways of printing and were handled before
        Command::Check(_) | Command::Explain(_) | Command::Scan(_) | Command::Bench(_) | Command::Dev(_) | Command::Serve(_) => {
            Err(Failure::told(failure::USAGE))
        }
    }
}

fn keys_command(command: KeysCommand) -> Result<Shown, Failure> {
    match command {
        KeysCommand::Create(args) => {
            let config = session::load(&args.at.config)?;
            let configured = config.workflow(&args.workflow).map(|workflow| workflow.owner.clone());
            let owner = args.owner.or(configured).unwrap_or_default();
            let order = keys::Create { workflow: args.workflow, test: args.test, days: args.days, owner };
            let mut answer = session::carry_out(&config, Op::KeysCreate(order))?;
            add(&mut answer, "url", format!("{}/out/", config.server.public_url.to_string().trim_end_matches('/')).into());
            Ok(("keys.create", answer))
        }
        KeysCommand::List(args) => Ok(("keys.list", asked(&args.config, Op::KeysList)?)),
        KeysCommand::Revoke { id, at } => {
            let part = vestibule_vault::apikey::id_in(&id).map(str::to_owned);
            let whole = part.is_some();
            let mut answer = asked(&at.config, Op::KeysRevoke { id: part.unwrap_or(id) })?;
            add(&mut answer, "whole_key_given", whole.into());
            Ok(("keys.revoke", answer))
        }
        KeysCommand::Signing { route, at } => Ok(("keys.signing", asked(&at.config, Op::KeysSigning { route })?)),
    }
}

fn rotate(args: &args::Rotate) -> Result<Shown, Failure> {
    if args.kind != "root" {
        if args.new_root.is_some() {
            return Err(Failure::new("cli.argument", "`--new-root` belongs to `rotate root`; every other key is drawn anew"));
        }
        return Ok(("rotate", asked(&args.at.config, Op::Rotate { kind: args.kind.clone() })?));
    }
    let config = session::load(&args.at.config)?;
    let file = args.new_root.as_deref().ok_or_else(|| {
        Failure::new("cli.argument", "`rotate root` needs `--new-root FILE`, where the new root key is or will be")
    })?;
    let file = absolute(file)?;
    let made = !file.exists();
    if made {
        ops::init::write_root(&file)?;
    }
    let mut answer = session::carry_out(&config, Op::RotateRoot { file: file.clone() })?;
    add(&mut answer, "made", made.into());
    add(&mut answer, "configured", config.keys.root.to_string().into());
    Ok(("rotate.root", answer))
}

fn dead_command(command: DeadCommand) -> Result<Shown, Failure> {
    match command {
        DeadCommand::List { filter, at } => Ok(("dead.list", asked(&at.config, Op::DeadList(filter.store()?))?)),
        DeadCommand::Redeliver { filter, dry_run, at } => {
            let change = ops::dead::Change { filter: filter.store()?, dry_run };
            Ok(("dead.redeliver", asked(&at.config, Op::DeadRedeliver(change))?))
        }
        DeadCommand::Discard { filter, all, dry_run, at } => {
            if filter.is_empty() && !all && !dry_run {
                let message = "say which dead letters to throw away, for example by `--route NAME`, or `--all`";
                return Err(Failure::new("cli.argument", message));
            }
            let change = ops::dead::Change { filter: filter.store()?, dry_run };
            Ok(("dead.discard", asked(&at.config, Op::DeadDiscard(change))?))
        }
        DeadCommand::Enable { route, at } => Ok(("dead.enable", asked(&at.config, Op::DeadEnable { route })?)),
    }
}

fn erase_subject(args: args::Erase, input: impl FnOnce() -> Result<Zeroizing<String>, Failure>) -> Result<Shown, Failure> {
    let config = session::load(&args.at.config)?;
    let (lines, people): (Vec<usize>, Vec<erase::Whom>) = match args.token {
        Some(token) => (vec![1], vec![erase::Whom::Token(token)]),
        None => {
            let (Some(realm), Some(mode)) = (args.realm, args.mode) else {
                let message = "give a token, or `--realm` and `--mode` and the person's address or id on standard input";
                return Err(Failure::new("cli.argument", message));
            };
            let category = if args.id { "user_id" } else { "email" };
            let known = |value: &str| erase::Whom::Known {
                category: category.into(),
                value: value.to_owned(),
                realm: realm.clone(),
                test: mode == args::ModeArg::Test,
                from: args.from.clone(),
            };
            let input = input()?;
            numbered(&input).map(|(line, value)| (line, known(value))).unzip()
        }
    };
    let mut answer = session::carry_out(&config, Op::Erase { people })?;
    let mut told = answer.get_mut("people").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    if let [only] = told.as_mut_slice() {
        answer = only.take();
        if let Some(error) = answer.get("error") {
            let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
            return Err(Failure::new(text("code"), text("message")));
        }
    } else {
        told.iter_mut().zip(lines).for_each(|(one, line)| add(one, "line", line.into()));
        add(&mut answer, "people", told.into());
    }
    let copies = config.systems.iter().map(|system| {
        let keeps: Vec<Value> = system.keeps.iter().map(|(what, how_long)| json!({ "what": what, "for": how_long })).collect();
        json!({ "system": system.name, "connector": system.connector, "keeps": keeps })
    });
    add(&mut answer, "copies_elsewhere", copies.collect());
    Ok(("subject.erase", answer))
}

fn backup(args: args::Backup) -> Result<Shown, Failure> {
    let config = session::load(&args.at.config)?;
    let recipient = match args.recipient {
        Some(recipient) => recipient,
        None => {
            let beside = args.at.config.parent().unwrap_or(Path::new(".")).join(init::RECIPIENT_FILE);
            let missing = |_| {
                let message = format!("`--recipient` is missing, and there is no `{}`", beside.display());
                Failure::new("backup.recipient", message)
            };
            std::fs::read_to_string(&beside).map_err(missing)?.trim().to_owned()
        }
    };
    let folder = absolute(&session::data_folder(&config))?;
    let with_broken_log = args.with_broken_log;
    let order = ops::backup::Order { with_broken_log, ..ops::backup::Order::new(absolute(&args.to)?, recipient, folder) };
    Ok(("backup", session::carry_out(&config, Op::Backup(order))?))
}

fn restore_backup(args: args::Restore) -> Result<Shown, Failure> {
    let config = session::load(&args.at.config)?;
    let identity = files::read(&args.identity)
        .map_err(|error| Failure::new("cli.file", format!("`{}`: {}", args.identity.display(), files::why(&error))))?;
    let text = Zeroizing::new(String::from_utf8_lossy(&identity).into_owned());
    // files of age-keygen, and the recovery kit, hold other lines beside the identity
    let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    let identity = Secret::new(line.unwrap_or_default().to_owned());
    let order = restore::Order {
        file: args.file,
        identity,
        replace: args.replace,
        accept_gap: args.accept_gap,
        with_broken_log: args.with_broken_log,
    };
    Ok(("restore", alone(&config, |settings, by| restore::restore(settings, by, &order))?))
}

/// Does what no server may run beside.
fn alone(config: &Config, work: impl FnOnce(&Settings<'_>, &ops::By) -> Result<Value, ops::OpError>) -> Result<Value, Failure> {
    let root = crate::app::secrets::resolve(&config.keys.root).map_err(|error| error.at("`keys.root`"))?;
    let store = Options::new(&config.store.path);
    let settings = Settings { config, root: &root, clock: Arc::new(SystemClock), store };
    let by = ops::person_of(&session::login_name());
    Ok(progress::while_waiting(|| work(&settings, &by))?)
}

fn document(file: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::new("cli.file", format!("`{}`: {}", file.display(), files::why(&error)));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_DOCUMENT).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MOST_DOCUMENT).read_to_end(&mut bytes)).map_err(unreadable)?;
    }
    Ok(bytes)
}

/// All of standard input, for a list with a line for each person; of a terminal one line.
fn lines_of_input() -> Result<Zeroizing<String>, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return first_line();
    }
    let fault = |message: String| Failure::new("cli.argument", message);
    let mut text = Zeroizing::new(String::new());
    let read = stdin.lock().take(MOST_INPUT + 1).read_to_string(&mut text);
    read.map_err(|error| fault(format!("standard input: {}", files::why(&error))))?;
    if text.len() as u64 > MOST_INPUT {
        return Err(fault(format!("standard input is longer than {} KiB; give the list in parts", MOST_INPUT / 1024)));
    }
    if numbered(&text).next().is_none() { Err(fault("standard input is empty".to_owned())) } else { Ok(text) }
}

/// The lines that hold something, with their numbers. A mark of the byte order, as some editors put one first, is none of
/// the text.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()).map(|(index, line)| (index + 1, line))
}

/// What identifies a person comes this way, never in the arguments, which other users of the machine can see.
fn first_line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().take(MOST_INPUT).read_line(&mut line);
    read.map_err(|error| Failure::new("cli.argument", format!("standard input: {}", files::why(&error))))?;
    let line = Zeroizing::new(line.trim_start_matches('\u{feff}').trim().to_owned());
    if line.is_empty() { Err(Failure::new("cli.argument", "standard input is empty")) } else { Ok(line) }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::new("cli.file", format!("`{}`: {error}", path.display())))
}

fn add(answer: &mut Value, name: &str, value: Value) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// The exit code of an answer: what a check has found, and what a list has not done whole, is no success.
fn exit_code(view: &str, answer: &Value) -> u8 {
    match view {
        "log.verify" if answer.get("ok") != Some(&Value::Bool(true)) => FINDINGS,
        "subject.erase" if answer.get("failed").and_then(Value::as_u64).unwrap_or(0) > 0 => failure::REFUSED,
        _ => 0,
    }
}

/// Prints what came of a command and gives its exit code.
fn ended(result: Result<Option<Shown>, Failure>, json: bool) -> ExitCode {
    match result {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some((view, answer))) => {
            let mut out = std::io::stdout();
            let text = match (json, out.is_terminal()) {
                (true, _) => format!("{answer:#}\n"),
                // what reads a pipe wants a row a line
                (false, false) => render::render(view, &answer),
                (false, true) => render::fitted(view, &render::render(view, &answer), terminal::width(&out)),
            };
            if out.write_all(text.as_bytes()).is_err() {
                return ExitCode::from(failure::REFUSED);
            }
            ExitCode::from(exit_code(view, &answer))
        }
        Err(failure) => {
            if !failure.told {
                let text = if json { format!("{:#}", failure.json()) } else { failure.render() };
                // nobody reads the other end any more: the exit code still tells
                drop(writeln!(std::io::stderr(), "{text}"));
            }
            ExitCode::from(failure.exit)
        }
    }
}

#[cfg(test)]
mod tests;
