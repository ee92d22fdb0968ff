//! Waiting for more events, until somebody says stop.

use super::setup::Trial;
use super::show;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Prints a line about every event that comes through, until Ctrl-C or a request to end.
pub fn until_interrupted(trial: &Trial, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
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
    if !json {
        writeln!(out, "waiting for events; Ctrl-C ends the trial")?;
        out.flush()?;
    }
    while !stop.load(Ordering::SeqCst) {
        let Some(seen) = trial.next(LOOK) else { continue };
        if json {
            writeln!(out, "{}", show::json(&seen, &trial.log_of(&seen, Duration::from_secs(2))?))?;
        } else {
            writeln!(out, "{}", show::short(&seen))?;
        }
        out.flush()?;
    }
    // the thread has ended: it is what set the flag
    drop(signals.join());
    Ok(())
}
