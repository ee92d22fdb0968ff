//! What happens by itself: every minute the newest head goes into the key store and what has lapsed goes away; every
//! week the epoch keys move on.

use crate::app::App;
use crate::ops;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use vestibule_core::inflight::Sink as _;
use vestibule_store::{EraseSubjects, Sweep};

/// How often.
const PERIOD: Duration = Duration::from_secs(60);
/// Rows that one sweep takes of each kind.
const SWEEP: u32 = 500;

/// Runs the periodic work until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {
                let app = Arc::clone(&app);
                // on a thread of its own: it waits for the disk
                if tokio::task::spawn_blocking(move || once(&app)).await.is_err() {
                    break;
                }
            }
            _ = stop.changed() => {}
        }
    }
}

/// One round of everything. What fails is counted and tried again in the next round.
pub fn once(app: &Arc<App>) {
    let note = |what: Result<(), crate::app::LoadError>| {
        if let Err(error) = what {
            app.counters.ended("jobs", error.code());
        }
    };
    // before what lapses is erased: a held event can be of somebody whose time is over with its own
    if let Err(error) = ops::held::lapse(app) {
        app.counters.ended("jobs", error.code);
    }
    note(sweep(app));
    note(count_refusals(app));
    note(note_used_keys(app));
    note(ops::rotate::due(app));
    note(app.save_head());
}

fn sweep(app: &App) -> Result<(), crate::app::LoadError> {
    let now = app.clock.now();
    while !app.writer.call(Sweep { now, limit: SWEEP })?.is_empty() {}
    // what others write comes in between: each batch takes its turn in the writer's queue
    loop {
        let lapsed = app.store.reader()?.lapsed_subjects(now, SWEEP)?;
        let is_last = lapsed.len() < SWEEP as usize;
        if !lapsed.is_empty() {
            let subjects = lapsed.iter().map(|subject| {
                let mut leaf = app.service_leaf("subject.lapse");
                leaf.mode = subject.mode;
                (subject.row, subject.number, leaf.to_bytes())
            });
            app.writer.call(EraseSubjects { now, subjects: subjects.collect(), only_lapsed: true })?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Refusals of strangers are counted per route, reason and minute: one leaf for each that happened.
fn count_refusals(app: &App) -> Result<(), crate::app::LoadError> {
    for (route, code, count) in app.counters.take_fresh() {
        let mut leaf = app.service_leaf("refusals");
        leaf.route = route.into();
        leaf.outcome = code.into();
        leaf.others = u32::try_from(count).unwrap_or(u32::MAX);
        app.writer.call(vestibule_store::AppendLeaf { leaf: leaf.to_bytes() })?;
    }
    Ok(())
}

/// When each key was last used, to the minute.
fn note_used_keys(app: &App) -> Result<(), crate::app::LoadError> {
    let uses = app.keys().take_used();
    if !uses.is_empty() {
        app.writer.call(vestibule_store::TouchKeys { uses })?;
    }
    Ok(())
}
