//! `vestibule explain CODE`: what a stable code, or a check of `vestibule scan`, means, what to change, and what it looks like.
//!
//! It reads nothing but the catalogue and the list of checks.

use std::io::Write;
use std::process::ExitCode;

use vestibule_core::problem::{self, Problem};
use vestibule_scan::check::{self, Meta};

use super::failure::Failure;
use crate::config;
use crate::respond::TYPE;

/// Width of the text: what every terminal has.
const WIDTH: usize = 80;

/// Arguments of `vestibule explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The code, for example token.damaged, or a check of `vestibule scan`, for example secret-url; without one, all codes are listed
    pub code: Option<String>,
    /// Print the entry as JSON
    #[arg(long)]
    pub json: bool,
}

/// Exit code 0: explained; 1: there is no such code; 2: the output cannot be written.
pub fn run(args: &ExplainArgs) -> ExitCode {
    match explain(args, &mut std::io::stdout().lock(), &mut std::io::stderr().lock()) {
        Ok(code) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}

fn explain(args: &ExplainArgs, out: &mut impl Write, err: &mut impl Write) -> std::io::Result<u8> {
    let Some(code) = args.code.as_deref() else {
        list(args.json, out)?;
        return Ok(0);
    };
    // as the terminal shows it, `error[config.plain_http]`, or as an answer does
    let code = code.strip_prefix(TYPE).unwrap_or(code);
    let code = code.trim_start_matches("error").trim_start_matches("warning").trim_matches(['[', ']']);
    match problem::find(code) {
        Some(entry) if args.json => writeln!(out, "{:#}", json(entry)).map(|()| 0),
        Some(entry) => write!(out, "{}", enlarged(entry)).map(|()| 0),
        None => match check::by_id(code).map(|check| check.meta()) {
            Some(meta) if args.json => writeln!(out, "{:#}", json_of_check(meta)).map(|()| 0),
            Some(meta) => write!(out, "{}", of_check(meta)).map(|()| 0),
            None => unknown(code, args.json, err),
        },
    }
}

fn enlarged(entry: &Problem) -> String {
    let told = match entry.audience {
        problem::Audience::Caller => "told to the workflow that calls",
        problem::Audience::Owner => "told to the owner of the route in `vestibule status`",
        problem::Audience::Operator => "told to the operator, on the terminal and in the journal",
    };
    let mut facts = vec![told.to_owned()];
    if entry.status != 0 {
        facts.insert(0, format!("HTTP status {}", entry.status));
    }
    facts.push(match (entry.retryable, entry.status) {
        (true, _) => "the same may succeed later".to_owned(),
        (false, 0) => return with_example(entry, &facts),
        (false, _) => "trying again without a change does not help".to_owned(),
    });
    with_example(entry, &facts)
}

fn with_example(entry: &Problem, facts: &[String]) -> String {
    let mut text = format!("{}: {}\n\n", entry.code, entry.title);
    text += &wrapped(entry.detail, "");
    text += &format!("\nFix: {}\n", wrapped(entry.fix, "     ").trim());
    text += "\n";
    for fact in facts {
        text += &format!("- {fact}\n");
    }
    if let Some(example) = config::example(entry.code) {
        text += &format!("\nWhat it looks like:\n\n{example}");
    }
    text
}

fn json(entry: &Problem) -> serde_json::Value {
    serde_json::json!({
        "code": entry.code,
        "status": (entry.status != 0).then_some(entry.status),
        "title": entry.title,
        "detail": entry.detail,
        "fix": entry.fix,
        "retryable": entry.retryable,
        "audience": entry.audience.as_str(),
        "example": config::example(entry.code),
    })
}

fn of_check(meta: &Meta) -> String {
    let mut text = format!("{}: {}\n", meta.id, meta.title);
    for (title, words) in [("", meta.what), ("Why it matters: ", meta.why), ("Not told: ", meta.leaves_out)] {
        text += &format!("\n{}", wrapped(&format!("{title}{words}"), ""));
    }
    // examples keep their lines
    let remedy = meta.remedy.lines().map(|line| match line.starts_with(' ') {
        true => format!("{line}\n"),
        false => wrapped(line, ""),
    });
    text += &format!("\nFix: {}", remedy.collect::<String>());
    text
}

fn json_of_check(meta: &Meta) -> serde_json::Value {
    serde_json::json!({
        "check": meta.id,
        "title": meta.title,
        "severity": meta.severity,
        "confidence": meta.confidence,
        "what": meta.what,
        "why": meta.why,
        "fix": meta.remedy,
        "leaves_out": meta.leaves_out,
    })
}

fn list(as_json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if as_json {
        let all: Vec<_> = problem::all().map(json).collect();
        return writeln!(out, "{:#}", serde_json::Value::from(all));
    }
    let width = problem::all().map(|entry| entry.code.len()).max().unwrap_or(0);
    for entry in problem::all() {
        writeln!(out, "{:width$}  {}", entry.code, entry.title)?;
    }
    Ok(())
}

fn unknown(code: &str, as_json: bool, err: &mut impl Write) -> std::io::Result<u8> {
    let near = problem::suggest(code).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let failure = Failure::new("cli.unknown_code", format!("there is no such code{near}"));
    match as_json {
        true => writeln!(err, "{:#}", failure.json())?,
        false => writeln!(err, "{}", failure.render())?,
    }
    Ok(failure.exit)
}

/// The text in lines of at most [`WIDTH`] characters, each but the first behind `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn outcome(code: Option<&str>, json: bool) -> (u8, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ExplainArgs { code: code.map(str::to_owned), json };
        let exit = explain(&args, &mut out, &mut err).unwrap();
        assert!(out.is_empty() != err.is_empty(), "an answer or an error");
        (exit, String::from_utf8([out, err].concat()).unwrap())
    }

    #[test]
    fn an_entry_is_enlarged() {
        let (exit, text) = outcome(Some("token.damaged"), false);
        assert_eq!(exit, 0);
        assert!(text.starts_with("token.damaged: damaged token\n\n"), "{text}");
        assert!(text.contains("\nFix: Map the whole token") && text.contains("- HTTP status 422\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(outcome(Some("urn:vestibule:problem:token.damaged"), false), outcome(Some("token.damaged"), false));
        let (_, text) = outcome(Some("error[config.plain_http]"), false);
        assert!(text.contains("What it looks like:\n\nerror[config.plain_http]: "), "{text}");
        let (_, text) = outcome(Some("token.damaged"), true);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["status"], 422);
    }

    #[test]
    fn a_check_is_explained_like_a_code() {
        let (exit, text) = outcome(Some("secret-url"), false);
        assert!(exit == 0 && text.starts_with("secret-url: ") && text.contains("\nFix: ") && text.contains("\nWhy it matters: "));
        let (exit, text) = outcome(Some("secret-url"), true);
        assert_eq!((exit, &serde_json::from_str::<serde_json::Value>(&text).unwrap()["check"]), (0, &"secret-url".into()));
    }

    #[test]
    fn unknown_codes_meet_their_neighbour() {
        let (exit, text) = outcome(Some("token.damged"), false);
        assert_eq!(exit, 1);
        assert!(text.contains("did you mean `token.damaged`?"), "{text}");
        assert_eq!(outcome(Some("no.such_thing_here"), false).0, 1);
        let (exit, text) = outcome(Some("no.such_thing_here"), true);
        let json = serde_json::from_str::<serde_json::Value>(&text).unwrap();
        assert_eq!((exit, &json["error"]["code"]), (1, &"cli.unknown_code".into()));
    }

    #[test]
    fn without_a_code_all_are_listed() {
        let (exit, text) = outcome(None, false);
        assert_eq!((exit, text.lines().count()), (0, problem::all().count()));
        let (_, text) = outcome(None, true);
        let listed = serde_json::from_str::<serde_json::Value>(&text).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), problem::all().count());
    }
}
