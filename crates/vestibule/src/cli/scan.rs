//! `vestibule scan PATH…`: audits scenario files and says what to do.
//!
//! It works without a gateway, without a configuration and without the network. Exit code 0: nothing to act on; 1: something in a folder
//! could not be opened; 2: not understood, or a file that was named could not be read; 3: there is a finding that is at least as bad as
//! `--fail-on`.

use std::io::{self, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use vestibule_core::clock::{Clock as _, Timestamp};
use vestibule_scan::check;
use vestibule_scan::output::{self, NOT_READ, Notice, Report};
use vestibule_scan::remedy::plan::Plan;
use vestibule_scan::source::recognise::LARGEST;
use vestibule_scan::{Confidence, Coverage, Finding, Settings, Severity, Visit};

mod account;
mod args;

pub use args::{ConfidenceArg, FailOn, Format, PersonaArg, ScanArgs, SeverityArg};

use account::Account;

use super::failure::{FINDINGS, Failure, REFUSED, USAGE};
use super::progress;
use crate::files;
use crate::scan::gather::{self, From, Input};
use crate::scan::known::{Files, Known, KnownError};
use crate::scan::rewire::Rewiring;
use crate::scan::run::{self, Outcome, Wanted};
use crate::system::SystemClock;
use crate::terminal;

/// Where remedies say that the gateway is, until somebody says where it is.
const GATEWAY: &str = "https://gateway.example.com";
/// Columns beyond which prose is no easier to read.
const WIDEST: usize = 100;

/// What a scan is given beside its arguments.
pub struct Io<'i> {
    /// Standard input.
    pub stdin: &'i mut dyn Read,
    /// Where the report goes unless it goes to a file.
    pub out: &'i mut dyn Write,
    /// Where it is said why there is none.
    pub err: &'i mut dyn Write,
    /// Whether `out` shows colours.
    pub colour: bool,
    /// Columns of `out`.
    pub width: usize,
    /// The time.
    pub now: Timestamp,
}

/// Runs the command of this process.
pub fn run(args: &ScanArgs, json: bool) -> ExitCode {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = terminal::width(&stdout);
    let mut io = Io {
        stdin: &mut io::stdin().lock(),
        out: &mut io::BufWriter::new(stdout.lock()),
        err: &mut io::stderr(),
        colour,
        width,
        now: SystemClock.now(),
    };
    ExitCode::from(scan(args, json, &mut io))
}

/// Scans, writes the report, and gives the exit code.
pub fn scan(args: &ScanArgs, json: bool, io: &mut Io<'_>) -> u8 {
    match scanned(args, json, io) {
        Ok(code) => code,
        Err(failure) => {
            if !failure.told {
                let text = if json { format!("{:#}", failure.json()) } else { failure.render() };
                // nobody reads the other end any more: the exit code still tells
                drop(writeln!(io.err, "{text}"));
            }
            failure.exit
        }
    }
}

fn scanned(args: &ScanArgs, json: bool, io: &mut Io<'_>) -> Result<u8, Failure> {
    let format = format_of(args, json)?;
    if args.account.is_none() && (args.save || args.forget) {
        // the parser passes over what they require where files are named
        let message =
            "`--save` and `--forget` are about what is kept of an account: they need `--account NAME` in place of files";
        return Err(Failure::new("cli.argument", message));
    }
    if let (Some(name), true) = (&args.account, args.forget) {
        return forgotten(name, args, format, io);
    }
    let account = args.account.as_deref().map(|name| Account::open(name, args, io.now)).transpose()?;
    let files =
        Files { baseline: args.baseline.clone(), write_baseline: args.write_baseline.clone(), suppress: args.suppress.clone() };
    let marks = account.as_ref().map(Account::marker).transpose()?.flatten();
    let (mut known, marks) = Known::open(&files, marks).map_err(|error| told(error, json, io))?;
    let today = today(io.now);
    let mark = |value: &str| marks.mark(value);
    let gateway = gateway(args.gateway.as_deref().unwrap_or(GATEWAY))?;
    args.fix_plan.as_deref().map_or(Ok(()), is_new)?;
    let settings = Settings { mark: &mark, today, gateway, zones: &args.zones };
    let rewiring = args.rewire.as_deref().map(rewiring).transpose()?;
    let also = |name: &str, bytes: &[u8]| rewiring.iter().for_each(|rewiring| rewiring.take(name, bytes, &settings));
    let plan = Mutex::new(Plan::new(&settings));
    let shown: &Mutex<dyn Visit + Send> = &plan;
    let wanted = Wanted { draws: format == Format::Html, also: Some(&also), plan: args.fix_plan.as_ref().map(|_| shown) };
    let mut report = Report { date: today, ..Report::default() };
    let outcome = match &account {
        Some(account) => account.audit(&settings, wanted, &mut report)?,
        None => {
            let gathered = inputs(args, io)?;
            report.passed_over = gathered.passed_over;
            let scanned = progress::while_waiting(|| run::merged(run::all(&gathered.inputs, &settings, wanted)));
            report.notices.extend(not_read(&gathered.named, &scanned.coverage));
            with_unread(scanned, gathered.unread)
        }
    };
    report.flows = outcome.flows;
    report.coverage = outcome.coverage;
    let mut findings = outcome.findings;
    known.settle(&marks, &mut findings).map_err(|error| told(error, json, io))?;
    known.part(findings, today, &mut report);
    if let Some(path) = &args.write_baseline {
        known.write(path, today, &report).map_err(|error| unwritten(path, &error))?;
    }
    filter(args, &mut report);
    if let Some(path) = &args.fix_plan {
        report.notices.push(planned(path, &plan.into_inner().unwrap_or_else(PoisonError::into_inner))?);
    }
    let changes = match rewiring {
        Some(rewiring) => {
            let failed = |error: io::Error| Failure::new("cli.file", format!("a scenario cannot be written: {}", error.kind()));
            let (changes, notices) = rewiring.finish(&report.coverage).map_err(failed)?;
            report.notices.extend(notices);
            changes
        }
        None => String::new(),
    };
    write(args, format, &report, &changes, io)?;
    // the process ends here, and memory goes faster as a whole than text by text
    let report = std::mem::ManuallyDrop::new(report);
    let found = args.write_baseline.is_none() && args.fail_on.severity().is_some_and(|severity| report.reaches(severity));
    Ok(match (found, report.is_complete(), outcome.unopened) {
        (true, ..) => FINDINGS,
        (false, false, _) => USAGE,
        (false, true, 0) => 0,
        (false, true, _) => REFUSED,
    })
}

/// What was named and could not be read: a run that finds nothing in it must not look like one that has read it.
fn not_read(named: &[String], coverage: &[Coverage]) -> Vec<Notice> {
    let unread = |name: &&String| {
        let mut entries = coverage.iter().filter(|entry| entry.file == **name && entry.platform.is_empty());
        entries.any(|entry| entry.error.is_some())
    };
    let told = |name: &String| {
        let what = if name == "-" { "standard input".to_owned() } else { format!("`{name}`") };
        Notice::new(NOT_READ, format!("{what} could not be read, or not to its end: this run says nothing about the rest of it"))
    };
    named.iter().filter(unread).map(told).collect()
}

/// Erases what is kept of an account.
fn forgotten(account: &str, args: &ScanArgs, format: Format, io: &mut Io<'_>) -> Result<u8, Failure> {
    let answer = account::forget(account, &args.config)?;
    let scrubbed = answer.get("scrubbed").and_then(serde_json::Value::as_bool).unwrap_or_default();
    let later = if scrubbed { "" } else { "; its bytes leave the file with the next checkpoint" };
    let text = match format {
        Format::Json => format!("{answer:#}"),
        _ => format!("what was kept of the account `{account}` is erased{later}"),
    };
    let written = writeln!(io.out, "{text}").and_then(|()| io.out.flush());
    written.map_err(|error| Failure::new("cli.file", format!("the answer cannot be written: {}", error.kind())))?;
    Ok(0)
}

/// A configuration that is there may be one that a gateway runs on.
fn is_new(path: &Path) -> Result<(), Failure> {
    if path.exists() { Err(Failure::new("cli.exists", format!("`{}` is there already", path.display()))) } else { Ok(()) }
}

/// Writes the configuration that would be needed.
fn planned(path: &Path, plan: &Plan<'_>) -> Result<Notice, Failure> {
    if plan.is_empty() {
        return Ok(Notice::new(
            "fix-plan",
            "nothing was found that would go through the gateway, so no configuration was written",
        ));
    }
    files::create(path, plan.toml().as_bytes()).map_err(|error| unwritten(path, &error))?;
    let open = plan.open();
    let decide = match open {
        0 => "nothing in it is left to decide".to_owned(),
        1 => "one line of it needs a decision: look for `# decide`".to_owned(),
        open => format!("{open} lines of it need a decision: look for `# decide`"),
    };
    Ok(Notice::new("fix-plan", format!("the configuration for these scenarios is in `{}`; {decide}", path.display())))
}

fn rewiring(folder: &Path) -> Result<Rewiring, Failure> {
    Rewiring::new(folder).map_err(|error| match error.kind() {
        io::ErrorKind::DirectoryNotEmpty => {
            Failure::new("cli.exists", format!("`{}` is not empty, and nothing in it is overwritten", folder.display()))
        }
        kind => Failure::new("cli.file", format!("`{}` cannot be made: {kind}", folder.display())),
    })
}

/// With what could not even be handed to a reader.
fn with_unread(mut outcome: Outcome, unread: Vec<Coverage>) -> Outcome {
    outcome.unopened += unread.len();
    outcome.coverage.splice(0..0, unread);
    outcome
}

fn format_of(args: &ScanArgs, json: bool) -> Result<Format, Failure> {
    match (args.format, json) {
        (None, true) => Ok(Format::Json),
        (Some(format), true) if format != Format::Json => {
            Err(Failure::new("cli.argument", "`--json` and `--format` name different formats"))
        }
        (format, _) => Ok(format.unwrap_or(Format::Text)),
    }
}

/// Keys will be sent there, so it is https.
fn gateway(url: &str) -> Result<&str, Failure> {
    let host =
        url.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c == '@'));
    match host {
        Some(_) => Ok(url.trim_end_matches('/')),
        None => Err(Failure::new("cli.argument", "`--gateway` is no address such as `https://gateway.example.com`")),
    }
}

fn inputs(args: &ScanArgs, io: &mut Io<'_>) -> Result<gather::Gathered, Failure> {
    let (stdin, paths): (Vec<&PathBuf>, Vec<&PathBuf>) = args.paths.iter().partition(|path| path.as_path() == Path::new("-"));
    let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
    let mut gathered = gather::gather(&paths)
        .map_err(|(path, error)| Failure::new("cli.file", format!("`{}` cannot be read: {}", path.display(), error.kind())))?;
    if !stdin.is_empty() {
        let mut bytes = Vec::new();
        let read = (&mut *io.stdin).take(LARGEST as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::new("cli.file", format!("standard input: {}", error.kind())))?;
        gathered.inputs.insert(0, Input { name: "-".to_owned(), from: From::Memory(bytes) });
        gathered.named.push("-".to_owned());
    }
    if gathered.inputs.is_empty() && gathered.unread.is_empty() {
        // an empty folder is mostly the wrong one, and a build that scans nothing for a year looks like one that finds nothing
        let passed = gathered.passed_over;
        return Err(Failure::new("cli.file", format!("there is no file to scan ({passed} of other kinds were passed over)")));
    }
    Ok(gathered)
}

/// Says what is wrong with a baseline or suppression file, as rustc would.
fn told(error: KnownError, json: bool, io: &mut Io<'_>) -> Failure {
    match error {
        KnownError::File(path, kind) => Failure::new("cli.file", format!("`{}` cannot be read: {kind}", path.display())),
        KnownError::Vault(error) => Failure::new("vault.random", error.to_string()),
        KnownError::Faults(report) => {
            let text = if json { format!("{:#}", report.json()) } else { report.render(io.colour) };
            drop(writeln!(io.err, "{text}"));
            Failure::told(USAGE)
        }
    }
}

fn today(now: Timestamp) -> Date {
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Leaves out what the reader did not ask for, and counts it.
fn filter(args: &ScanArgs, report: &mut Report) {
    let before = report.findings.len();
    let severity = args.min_severity.map_or(Severity::Info, SeverityArg::severity);
    let confidence = args.min_confidence.map_or(Confidence::Low, ConfidenceArg::confidence);
    let concerns = |finding: &Finding| {
        args.persona.is_none_or(|wanted| {
            // what is said about a file itself concerns everybody
            let personas = check::by_id(finding.check).map(|check| check.meta().personas);
            personas.is_none_or(|personas| personas.contains(&wanted.persona()))
        })
    };
    report.findings.retain(|finding| finding.severity >= severity && finding.confidence >= confidence && concerns(finding));
    report.hidden = before - report.findings.len();
}

/// Writes the report; for people at a terminal with what was `changed` behind it.
fn write(args: &ScanArgs, format: Format, report: &Report, changed: &str, io: &mut Io<'_>) -> Result<(), Failure> {
    if format == Format::Json && args.output.is_none() {
        // nobody reads the other end any more: the exit code still tells
        drop(output::json::write(report, &mut *io.out));
        return Ok(());
    }
    let style = output::text::Style { colour: io.colour && args.output.is_none(), width: io.width.min(WIDEST) };
    let mut bytes = rendered(format, report, style)?;
    if format == Format::Text && !changed.is_empty() {
        bytes.push(b'\n');
        output::text::plain(changed).lines().for_each(|line| bytes.extend_from_slice(filled(line, style.width).as_bytes()));
    }
    let Some(path) = &args.output else {
        // nobody reads the other end any more: the exit code still tells
        drop(io.out.write_all(&bytes).and_then(|()| io.out.flush()));
        return Ok(());
    };
    // a pipe or a device is written to, not replaced
    let is_special = std::fs::metadata(path).is_ok_and(|about| !about.is_file());
    let written = if is_special { std::fs::write(path, &bytes) } else { files::write(path, &bytes) };
    written.map_err(|error| unwritten(path, &error))
}

fn rendered(format: Format, report: &Report, style: output::text::Style) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("cli.file", format!("the report cannot be made: {error}"));
    match format {
        Format::Text => Ok(output::text::render(report, style).into_bytes()),
        Format::Json => {
            let mut bytes = Vec::new();
            output::json::write(report, &mut bytes).map_err(|error| failed(&error))?;
            Ok(bytes)
        }
        Format::Sarif => {
            let mut bytes = Vec::new();
            output::sarif::write(report, &mut bytes).map_err(|error| failed(&error))?;
            Ok(bytes)
        }
        Format::Html => output::html::page(report).map(String::into_bytes).map_err(|error| failed(&error)),
    }
}

/// A line brought to the width, its further lines a little behind its own indent.
fn filled(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return format!("{line}\n");
    }
    let indent = line.len() - line.trim_start().len();
    let text = terminal::fill(line, indent, width.saturating_sub(2));
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| format!("{text}\n  {line}")) + "\n"
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new("cli.file", format!("`{}` cannot be written: {}", path.display(), error.kind()))
}
