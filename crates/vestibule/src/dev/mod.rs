//! `vestibule dev`: the whole product on one machine, with stand-ins around it, in one command.
//!
//! The gateway is the real one: its own authority and HTTPS, a real key store and database in a temporary folder, the
//! configuration of `trial.toml`. A career site that signs, an automation that forwards what it gets and an ATS that
//! wants HTTP Basic stand around it. One application runs through all of it, and three views show who saw what.
//! The one thing no configuration can express is the grant that opens a token at any place: it lets people send their
//! own JSON, and it exists for the stand-in ATS only.

mod folder;
mod guide;
mod parties;
mod sample;
mod setup;
mod show;
mod tail;

pub(crate) use show::indented;

use crate::{system, terminal};
use anyhow::Context as _;
use clap::Args;
use setup::Trial;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the last leaf of a round may take.
const LOG: Duration = Duration::from_secs(2);
/// How long the first round may take.
const ROUND: Duration = Duration::from_secs(30);

/// Try everything on this machine, without any setup.
#[derive(Args, Debug)]
pub struct DevArgs {
    /// Keep the trial's database, keys and secrets in this folder and use them again next time; ports, certificates and the
    /// workflow key are new each time
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// End after the first round instead of waiting for more events
    #[arg(long)]
    once: bool,
    /// Send this JSON file through the gateway instead of the sample application (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Print one JSON object with what the platform, the destination and the log recorded
    #[arg(long)]
    pub json: bool,
}

/// Runs the trial; returns when it ends.
pub fn run(args: &DevArgs) -> anyhow::Result<()> {
    let event = args.event.as_deref().map(read_event).transpose()?;
    let trial = Trial::start(args.data.as_deref())?;
    let ended = rounds(args, &trial, event.as_deref());
    // also after a round that has failed: the folder holds keys
    trial.stop();
    ended
}

/// The first round with its three views, then whatever comes.
fn rounds(args: &DevArgs, trial: &Trial, event: Option<&[u8]>) -> anyhow::Result<()> {
    let sent = match event {
        Some(bytes) => trial.send_anything(bytes)?,
        None => trial.send_application()?,
    };
    let seen = trial.wait(&sent, ROUND)?;
    let log = trial.log_of(&seen, LOG)?;
    let out = std::io::stdout();
    let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let page = show::Page { width: terminal::width(&out).min(show::WIDEST), colour };
    let mut out = out.lock();
    if args.json {
        writeln!(out, "{}", show::json(&seen, &log))?;
    } else {
        write!(out, "{}", show::text(&trial.url(), &seen, &log, event.is_some(), page))?;
        if !args.once {
            let token = event.is_none().then(|| show::first_token(&seen)).flatten();
            let (url, key, anything) = (trial.url(), trial.key(), trial.anything_key());
            let guide = guide::Guide { program: system::program(), url, folder: trial.folder(), key, anything, token };
            write!(out, "{}", guide.text(page.width))?;
        }
    }
    out.flush()?;
    if !args.once {
        tail::until_interrupted(trial, log.len(), (!args.json).then_some(page), &mut out)?;
    }
    Ok(())
}

fn read_event(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input could not be read")?;
        return Ok(bytes);
    }
    let bytes = crate::files::read(path).with_context(|| format!("the event file `{}` could not be read", path.display()))?;
    Ok(bytes.to_vec())
}
