//! Scans all files of a run on several threads, with a bound on the bytes in memory, and brings the results into one order.
//!
//! The order of the report is that of the files, whichever thread was first. A file that makes a reader fail is told as not read and
//! does not end the run.

use std::fs::File;
use std::io::{self, Read as _};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use vestibule_scan::model::Scenario;
use vestibule_scan::output::flow::{Flow, Sketches};
use vestibule_scan::source::Source;
use vestibule_scan::source::recognise::LARGEST;
use vestibule_scan::{Coverage, Finding, Scanned, Settings, Visit, across, scan};

use super::gather::{From, Input};

/// Threads, at least and at most.
const THREADS: (usize, usize) = (2, 8);
/// Bytes of files that are in memory at one time; a larger file is read alone.
const MOST_BYTES: usize = 64 << 20;
/// A thread needs no leave for a file of up to so many bytes: [`THREADS`] times this is little.
const SMALL: usize = 1 << 20;

/// What all files gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was found, by file, line and column.
    pub findings: Vec<Finding>,
    /// What was read, in the order of the files.
    pub coverage: Vec<Coverage>,
    /// The drawings, if they were asked for.
    pub flows: Vec<Flow>,
    /// How many files could not be opened.
    pub unopened: usize,
}

/// What is made beside findings.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// Drawings of the flows.
    pub draws: bool,
    /// Given each file once it was scanned, on the thread that has scanned it.
    pub also: Option<&'w Also<'w>>,
    /// Shown each scenario. The order matters to it, so the files are then read one after the other.
    pub plan: Option<&'w Mutex<dyn Visit + Send + 'w>>,
}

/// Something done with the bytes of a file.
pub type Also<'w> = dyn Fn(&str, &[u8]) + Sync + 'w;

/// Scans the files.
pub fn all(inputs: &[Input], settings: &Settings<'_>, wanted: Wanted<'_>) -> Vec<One> {
    let threads = match wanted.plan {
        Some(_) => 1,
        None => std::thread::available_parallelism().map_or(THREADS.0, NonZero::get).clamp(THREADS.0, THREADS.1),
    };
    let (next, room) = (AtomicUsize::new(0), Room::new(MOST_BYTES));
    // each keeps what it has until the end: handing over every file would wake a thread for every file
    let work = || {
        let mut bytes = Vec::new();
        let mut results: Vec<(usize, One)> = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(at) else { return results };
            results.push((at, opened(input, settings, wanted, &room, &mut bytes)));
        }
    };
    let mut results = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(inputs.len())).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, one)| one).collect()
}

/// Scans one file.
pub fn one(name: &str, bytes: &[u8], settings: &Settings<'_>, wanted: Wanted<'_>) -> One {
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let one = look(name, bytes, settings, wanted);
        if let Some(also) = wanted.also {
            also(name, bytes);
        }
        one
    }));
    looked.unwrap_or_else(|_| One::unread(name, "the reader failed on this file: a fault of this program, please report it"))
}

/// All of it together, with what only shows when all files are seen.
pub fn merged(results: Vec<One>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut seen = Vec::new();
    for One { scanned, flows, unopened } in results {
        outcome.unopened += usize::from(unopened);
        outcome.findings.extend(scanned.findings);
        outcome.coverage.extend(scanned.coverage);
        outcome.flows.extend(flows);
        seen.extend(scanned.seen);
    }
    outcome.findings.extend(across(&seen));
    let key = |finding: &Finding| (finding.line, finding.column);
    outcome.findings.sort_by(|a, b| a.file.cmp(&b.file).then(key(a).cmp(&key(b))).then(a.check.cmp(b.check)));
    outcome
}

/// What one file gave.
#[derive(Debug, Default)]
pub struct One {
    scanned: Scanned,
    flows: Vec<Flow>,
    unopened: bool,
}

impl One {
    /// A file that could not be opened.
    pub fn unread(name: &str, reason: impl Into<String>) -> One {
        let coverage = Coverage { file: name.to_owned(), error: Some(reason.into()), ..Coverage::default() };
        One { scanned: Scanned { coverage: vec![coverage], ..Scanned::default() }, flows: Vec::new(), unopened: true }
    }
}

/// Scans one file of a run; `bytes` is room that the thread uses for one file after the other.
fn opened(input: &Input, settings: &Settings<'_>, wanted: Wanted<'_>, room: &Room, bytes: &mut Vec<u8>) -> One {
    let path = match &input.from {
        From::Memory(bytes) => return one(&input.name, bytes, settings, wanted),
        From::File(path) => path,
    };
    let read = File::open(path).and_then(|file| {
        let length = file.metadata().map_or(0, |about| usize::try_from(about.len()).unwrap_or(usize::MAX));
        let held = (length > SMALL).then(|| room.take(length));
        read(file, length, bytes).map(|()| held)
    });
    let one = match &read {
        Ok(_) => one(&input.name, bytes, settings, wanted),
        Err(error) => One::unread(&input.name, format!("the file cannot be read: {}", error.kind())),
    };
    if bytes.capacity() > SMALL + 1 {
        *bytes = Vec::new();
    }
    one
}

fn look(name: &str, bytes: &[u8], settings: &Settings<'_>, wanted: Wanted<'_>) -> One {
    let mut visitor = Visitor { sketches: wanted.draws.then(Sketches::default), plan: wanted.plan };
    let scanned = scan(name, bytes, settings, &mut visitor);
    One { scanned, flows: visitor.sketches.map(|sketches| sketches.flows).unwrap_or_default(), unopened: false }
}

/// Reads a file, and of one that is too large only so much that it is seen to be.
fn read(file: File, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
    into.clear();
    into.reserve_exact(length.min(LARGEST) + 1);
    file.take(LARGEST as u64 + 1).read_to_end(into).map(drop)
}

/// Whatever looks at scenarios beside the checks.
struct Visitor<'w> {
    sketches: Option<Sketches>,
    plan: Option<&'w Mutex<dyn Visit + Send + 'w>>,
}

impl Visit for Visitor<'_> {
    fn scenario(&mut self, source: &Source<'_>, scenario: &Scenario<'_>, findings: &[Finding]) {
        if let Some(sketches) = &mut self.sketches {
            sketches.scenario(source, scenario, findings);
        }
        if let Some(plan) = self.plan {
            plan.lock().unwrap_or_else(PoisonError::into_inner).scenario(source, scenario, findings);
        }
    }
}

/// Room in memory, in bytes. Whoever wants more than there is in all gets it when nobody else has any.
struct Room {
    left: Mutex<usize>,
    freed: Condvar,
    most: usize,
}

struct Held<'r> {
    room: &'r Room,
    bytes: usize,
}

impl Room {
    fn new(most: usize) -> Room {
        Room { left: Mutex::new(most), freed: Condvar::new(), most }
    }

    fn take(&self, bytes: usize) -> Held<'_> {
        let bytes = bytes.min(self.most);
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = self.freed.wait_while(left, |left| *left < bytes).unwrap_or_else(PoisonError::into_inner);
        *left -= bytes;
        Held { room: self, bytes }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.room.left.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.room.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn settings<'s>(mark: &'s (dyn Fn(&str) -> String + Sync)) -> Settings<'s> {
        Settings { mark, today: jiff::civil::date(2026, 11, 22), gateway: "https://gateway.example.com", zones: &[] }
    }

    #[test]
    fn results_come_in_the_order_of_the_files() {
        let input = |at: usize| Input {
            name: format!("{at:03}.json"),
            from: From::Memory(format!("[{}]", "1,".repeat(at % 7) + "1").into()),
        };
        let inputs: Vec<Input> = (0..300).map(input).collect();
        let outcome = merged(all(&inputs, &settings(&|_| String::new()), Wanted { draws: true, also: None, plan: None }));
        let names: Vec<&str> = outcome.coverage.iter().map(|file| file.file.as_str()).collect();
        assert_eq!(names, inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>());
    }

    #[test]
    fn a_file_on_which_the_program_fails_does_not_end_the_run() {
        let inputs = ["a.json", "b.json"].map(|name| Input { name: name.into(), from: From::Memory(b"[1]".to_vec()) });
        let fails = |name: &str, _: &[u8]| assert_ne!(name, "a.json", "made up");
        let outcome =
            merged(all(&inputs, &settings(&|_| String::new()), Wanted { draws: false, also: Some(&fails), plan: None }));
        let told: Vec<bool> = outcome.coverage.iter().map(|file| file.error.is_some()).collect();
        assert_eq!((told, outcome.unopened), (vec![true, false], 1));
    }

    #[test]
    fn a_file_that_is_gone_is_told() {
        let gone = Input { name: "gone.json".into(), from: From::File("/nowhere/gone.json".into()) };
        let outcome = merged(all(&[gone], &settings(&|_| String::new()), Wanted { draws: false, also: None, plan: None }));
        let [coverage] = outcome.coverage.as_slice() else { panic!("one file") };
        assert_eq!(coverage.error.as_deref(), Some("the file cannot be read: entity not found"));
    }

    #[test]
    fn room_is_given_back_and_a_large_file_waits_for_all_of_it() {
        let room = Room::new(10);
        let small = room.take(4);
        std::thread::scope(|scope| {
            let large = scope.spawn(|| drop(room.take(1_000)));
            drop(small);
            large.join().unwrap();
        });
        assert_eq!(*room.left.lock().unwrap(), 10);
    }
}
