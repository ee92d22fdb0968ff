//! `vestibule check FILE`: every fault of a configuration at once, with its place, reason and fix.
//!
//! It reads the one file and nothing else: whether variables are set and files exist is found out at start.

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use vestibule_core::clock::Timestamp;

use super::failure::Failure;
use super::session;
use crate::config::{self, Report, Severity};

/// Arguments of `vestibule check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The configuration to check [default: vestibule.toml]
    pub file: Option<PathBuf>,
    /// The same, as other commands take it
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub config: Option<PathBuf>,
    /// Print the findings as JSON
    #[arg(long, conflicts_with = "sarif")]
    pub json: bool,
    /// Print the findings as SARIF 2.1.0, for code review tools
    #[arg(long)]
    pub sarif: bool,
}

/// Exit code 0: accepted, perhaps with warnings; 1: refused; 2: the file cannot be read.
pub fn run(args: &CheckArgs, now: Timestamp) -> ExitCode {
    let stdout = std::io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match check(args, now, colour, &mut stdout.lock()) {
        Ok(code) => ExitCode::from(code),
        // nobody reads the other end of the pipe any more
        Err(_) => ExitCode::from(2),
    }
}

fn check(args: &CheckArgs, now: Timestamp, colour: bool, out: &mut impl Write) -> std::io::Result<u8> {
    let file = args.file.as_ref().or(args.config.as_ref()).map_or(Path::new("vestibule.toml"), PathBuf::as_path);
    let name = file.display().to_string();
    let text = match session::read(file) {
        Ok(text) => text,
        Err(failure) => {
            unreadable(args, &name, &failure, out)?;
            return Ok(failure.exit);
        }
    };
    let (Ok((_, report)) | Err(report)) = config::load(&text, &name, now);
    if args.json {
        writeln!(out, "{:#}", report.json())?;
    } else if args.sarif {
        writeln!(out, "{:#}", report.sarif())?;
    } else {
        if !report.findings().is_empty() {
            writeln!(out, "{}\n", report.render(colour))?;
        }
        writeln!(out, "{}", summary(&report))?;
    }
    Ok(u8::from(report.is_refused()))
}

fn unreadable(args: &CheckArgs, name: &str, failure: &Failure, out: &mut impl Write) -> std::io::Result<()> {
    if args.json || args.sarif {
        let Failure { code, message, .. } = failure;
        let finding = serde_json::json!({ "severity": "error", "code": code, "message": message, "fix": failure.fix() });
        writeln!(out, "{:#}", serde_json::json!({ "file": name, "accepted": false, "findings": [finding] }))
    } else {
        writeln!(out, "{}", failure.render())
    }
}

fn summary(report: &Report) -> String {
    let count = |severity| report.findings().iter().filter(|finding| finding.severity == severity).count();
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let file = &report.file_name;
    match report.findings().first() {
        None => format!("{file}: accepted"),
        Some(_) if errors == 0 => format!("{file}: accepted with {}", plural(warnings, "warning")),
        Some(first) => format!(
            "{file}: refused, {} and {}; `vestibule explain {}` says more",
            plural(errors, "error"),
            plural(warnings, "warning"),
            first.code
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: CheckArgs,
    }

    fn outcome(text: &str, flags: &[&str]) -> (u8, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap();
        let cli = Cli::try_parse_from(["check", path].iter().chain(flags)).unwrap();
        let mut out = Vec::new();
        let code = check(&cli.args, Timestamp(1_795_305_600_000), false, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap().replace(path, "vestibule.toml"))
    }

    const EXAMPLE: &str = include_str!("../../../../examples/candidate-intake/vestibule.toml");

    #[test]
    fn a_good_file_is_accepted() {
        assert_eq!(outcome(EXAMPLE, &[]), (0, "vestibule.toml: accepted\n".to_owned()));
        let warned = EXAMPLE.replace("credential:vestibule-root", "env:ROOT");
        let (code, text) = outcome(&warned, &[]);
        assert_eq!(code, 0);
        assert!(text.ends_with("vestibule.toml: accepted with 1 warning\n"), "{text}");
    }

    #[test]
    fn a_bad_file_is_refused_in_every_format() {
        let bad = EXAMPLE.replace("https://harvest", "http://harvest");
        let (code, text) = outcome(&bad, &[]);
        assert_eq!(code, 1);
        assert!(text.starts_with("error[config.plain_http]: "), "{text}");
        assert!(text.ends_with("refused, 1 error and 0 warnings; `vestibule explain config.plain_http` says more\n"), "{text}");
        let (code, text) = outcome(&bad, &["--json"]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &json["findings"][0]["code"]), (1, &"config.plain_http".into()));
        let (code, text) = outcome(&bad, &["--sarif"]);
        let sarif: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &sarif["version"]), (1, &"2.1.0".into()));
        assert!(Cli::try_parse_from(["check", "--json", "--sarif"]).is_err());
    }

    #[test]
    fn an_unreadable_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = |path: &Path| {
            let cli = Cli::try_parse_from(["check", "--config", path.to_str().unwrap()]).unwrap();
            let mut out = Vec::new();
            let code = check(&cli.args, Timestamp(0), false, &mut out).unwrap();
            (code, String::from_utf8(out).unwrap())
        };
        let (code, text) = outcome(&folder.path().join("none.toml"));
        assert!(
            code == 2 && text.starts_with("error[cli.no_config]: ") && text.contains("vestibule init --dir gateway"),
            "{text}"
        );
        let (code, text) = outcome(folder.path());
        assert!(code == 2 && text.starts_with("error[cli.file]: "), "{text}");
    }
}
