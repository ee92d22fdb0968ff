//! Waiting for more events, until somebody says stop.

use super::setup::Trial;
use super::show::{self, Page};
use crate::terminal::fill;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Shows every event that comes through, until Ctrl-C or a request to end: on a page, or as JSON where there is none. The
/// first `known` leaves of the log have been shown.
pub fn until_interrupted(trial: &Trial, mut known: usize, page: Option<Page>, out: &mut impl Write) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let signals = std::thread::Builder::new().name("vestibule-signals".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async {
                let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
                match terminate {
                    Ok(mut terminate) => {
                        tokio::select! {
                            _ = tokio::signal::ctrl_c() => {}
                            _ = terminate.recv() => {}
                        }
                    }
                    Err(_) => drop(tokio::signal::ctrl_c().await),
                }
            });
        }
        told.store(true, Ordering::SeqCst);
    })?;
    if page.is_some() {
        writeln!(out, "waiting for events; Ctrl-C ends the trial")?;
        out.flush()?;
    }
    while !stop.load(Ordering::SeqCst) {
        let Some(seen) = trial.next(LOOK) else { continue };
        let log = trial.log_of(&seen, Duration::from_secs(2))?;
        match page {
            None => writeln!(out, "{}", show::json(&seen, &log))?,
            Some(page) => {
                let new = log.get(known..).unwrap_or_default();
                write!(out, "\n{}\n{}\n", fill(&show::short(&seen), 0, page.width), show::views(&seen, new, page))?;
            }
        }
        known = log.len();
        out.flush()?;
    }
    // the thread has ended: it is what set the flag
    drop(signals.join());
    Ok(())
}
