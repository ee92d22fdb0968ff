//! The raw store: the committed SQL of `benches/raw-store` in a loop, with 64
//! requesters, one writer that commits whatever waits in one transaction, and
//! checkpoints on a connection of their own. Not our store and none of its
//! code: this is what the gateway's store is measured against. Seals nothing;
//! bytes are random once and reused.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};
use tokio::sync::{mpsc as queue, oneshot};
use tokio::task::JoinSet;

use super::cpu;
use super::error::BenchError;
use super::load::{CONNECTIONS, Sample, Timing, in_one_thread, measure};
use super::people;

const SCHEMA: &str = include_str!("../../../../benches/raw-store/schema.sql");
const SUBJECT: &str = include_str!("../../../../benches/raw-store/subject.sql");
const INSERT: &str = include_str!("../../../../benches/raw-store/insert.sql");

const PARTY: &str = "the raw store";
/// Most events in one transaction.
const BATCH: usize = 512;
/// Events between two checkpoints.
const STEP: u64 = 4_096;
/// Write-ahead log, in pages, above which a checkpoint also starts it over.
const LONG: i64 = 65_536;

/// Bytes of one sealed record of 8 fields.
const RECORD: usize = 1_536;
/// Bytes of one sealed body of 2 KB.
const BODY: usize = 2_136;
/// Bytes of one audit leaf.
const LEAF: usize = 288;

/// Measures a new database in this empty folder.
pub(super) fn run(folder: &Path, timing: Timing) -> Result<Sample, BenchError> {
    let path = folder.join("raw.db");
    let writer = Writer::start(&path)?;
    let threads = writer.threads;
    let submit = writer.submit.clone();
    let sample = in_one_thread(async move {
        let (committed, stop) = (Rc::new(Cell::new(0_u64)), Rc::new(Cell::new(false)));
        let mut requesters = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (submit, committed, stop) = (submit.clone(), Rc::clone(&committed), Rc::clone(&stop));
            requesters.spawn_local(async move {
                while !stop.get() {
                    let (done, wait) = oneshot::channel();
                    if submit.send(done).await.is_err() || wait.await.is_err() {
                        return;
                    }
                    committed.set(committed.get() + 1);
                }
            });
        }
        let used = || Ok(cpu::used_by_thread(threads.0)? + cpu::used_by_thread(threads.1)?);
        let sample = tokio::select! {
            biased;
            _ = requesters.join_next() => Err(BenchError::RawEnded),
            sample = measure(timing, || committed.get(), used) => sample,
        };
        stop.set(true);
        sample
    });
    // what the writer itself says is nearer to the cause
    writer.finish()?;
    match sample {
        Ok(sample) if sample.count == 0 => Err(BenchError::Silent { party: PARTY }),
        other => other,
    }
}

/// SQLite's version.
pub(super) fn sqlite_version() -> &'static str {
    rusqlite::version()
}

type Done = oneshot::Sender<()>;

struct Writer {
    submit: queue::Sender<Done>,
    /// Writer and checkpointer.
    threads: (u32, u32),
    writer: JoinHandle<Result<(), BenchError>>,
    checkpointer: JoinHandle<Result<(), BenchError>>,
}

impl Writer {
    fn start(path: &Path) -> Result<Self, BenchError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let mut source = Source::new();
        insert_people(&connection, &mut source)?;
        let (submit, events) = queue::channel(CONNECTIONS * 2);
        let (step, steps) = mpsc::sync_channel(1);
        let (name, names) = mpsc::channel();
        let (writer_name, path) = (name.clone(), path.to_owned());
        let writer = std::thread::Builder::new().name("raw-writer".to_owned()).spawn(move || {
            let _ = writer_name.send((0, cpu::current_thread()));
            write(&connection, source, events, &step)
        })?;
        let checkpointer = std::thread::Builder::new().name("raw-checkpoint".to_owned()).spawn(move || {
            let _ = name.send((1, cpu::current_thread()));
            checkpoint(&path, &steps)
        })?;
        let mut threads = [0; 2];
        for _ in 0..2 {
            let (which, thread) = names.recv().map_err(|_| BenchError::RawEnded)?;
            if let Some(place) = threads.get_mut(which as usize) {
                *place = thread.ok_or(BenchError::CpuTimes)?;
            }
        }
        Ok(Self { submit, threads: threads.into(), writer, checkpointer })
    }

    fn finish(self) -> Result<(), BenchError> {
        drop(self.submit);
        let join = |thread: JoinHandle<_>| thread.join().unwrap_or(Err(BenchError::RawEnded));
        join(self.writer).and(join(self.checkpointer))
    }
}

fn write(
    connection: &Connection,
    mut source: Source,
    mut events: queue::Receiver<Done>,
    step: &SyncSender<()>,
) -> Result<(), BenchError> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut event = Prepared::all(connection, INSERT)?;
    let mut waiting = Vec::with_capacity(BATCH);
    let mut since = 0;
    while let Some(first) = events.blocking_recv() {
        waiting.push(first);
        while waiting.len() < BATCH
            && let Ok(next) = events.try_recv()
        {
            waiting.push(next);
        }
        begin.execute([])?;
        for _ in &waiting {
            source.next();
            for statement in &mut event {
                statement.run(&source)?;
            }
        }
        commit.execute([])?;
        since += waiting.len() as u64;
        for done in waiting.drain(..) {
            // a requester that has gone away at the end of a run
            let _ = done.send(());
        }
        if since >= STEP {
            since = 0;
            // a checkpoint that still runs will see these pages too
            let _ = step.try_send(());
        }
    }
    Ok(())
}

fn checkpoint(path: &Path, steps: &Receiver<()>) -> Result<(), BenchError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
    let pages = |mode: &str| -> rusqlite::Result<i64> {
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(1))
    };
    while steps.recv().is_ok() {
        if pages("PASSIVE")? > LONG {
            // nearly all is copied: the writer waits for the rest only
            pages("RESTART")?;
        }
    }
    Ok(())
}

fn insert_people(connection: &Connection, source: &mut Source) -> Result<(), BenchError> {
    let mut statements = Prepared::all(connection, SUBJECT)?;
    connection.execute_batch("BEGIN")?;
    for _ in 0..people::PEOPLE {
        source.next();
        for statement in &mut statements {
            statement.run(source)?;
        }
    }
    connection.execute_batch("COMMIT")?;
    source.row = 0;
    Ok(())
}

/// A statement of the committed SQL and what its parameters stand for.
struct Prepared<'c> {
    statement: Statement<'c>,
    parameters: Vec<Parameter>,
}

impl<'c> Prepared<'c> {
    /// All statements of a file.
    fn all(connection: &'c Connection, sql: &str) -> Result<Vec<Self>, BenchError> {
        let mut prepared = Vec::new();
        for text in sql.split_inclusive(';').filter(|text| text.contains(';')) {
            let statement = connection.prepare(text)?;
            let parameters = (1..=statement.parameter_count())
                .map(|index| statement.parameter_name(index).and_then(Parameter::named).ok_or(BenchError::RawParameter))
                .collect::<Result<_, _>>()?;
            prepared.push(Self { statement, parameters });
        }
        Ok(prepared)
    }

    fn run(&mut self, source: &Source) -> Result<(), BenchError> {
        for (index, parameter) in (1..).zip(&self.parameters) {
            self.statement.raw_bind_parameter(index, source.value(*parameter))?;
        }
        if self.statement.column_count() == 0 {
            self.statement.raw_execute()?;
        } else {
            let mut rows = self.statement.raw_query();
            while let Some(row) = rows.next()? {
                std::hint::black_box(row.get_ref(0)?);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Parameter {
    Row,
    Subject,
    Now,
    Name,
    Replay,
    Tag,
    Bytes(usize),
}

impl Parameter {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            ":row" => Self::Row,
            ":subject" => Self::Subject,
            ":now" => Self::Now,
            ":name" => Self::Name,
            ":replay" => Self::Replay,
            ":tag" => Self::Tag,
            ":key6" => Self::Bytes(6),
            ":key16" => Self::Bytes(16),
            ":key32" => Self::Bytes(32),
            ":wrapped" => Self::Bytes(112),
            ":audience" => Self::Bytes(48),
            ":record" => Self::Bytes(RECORD),
            ":body" => Self::Bytes(BODY),
            ":leaf" => Self::Bytes(LEAF),
            _ => return None,
        })
    }
}

/// Values of the row that is written now. Index keys are random, as the MACs
/// that stand there in the gateway are.
struct Source {
    row: i64,
    name: String,
    replay: [u8; 16],
    tag: [u8; 16],
    random: u64,
    bytes: Vec<u8>,
}

impl Source {
    fn new() -> Self {
        let mut source =
            Self { row: 0, name: String::new(), replay: [0; 16], tag: [0; 16], random: 0x9e37_79b9_7f4a_7c15, bytes: Vec::new() };
        while source.bytes.len() < BODY {
            let word = source.draw().to_le_bytes();
            source.bytes.extend_from_slice(&word);
        }
        source
    }

    fn next(&mut self) {
        use std::fmt::Write;
        self.row += 1;
        self.replay = self.key();
        self.tag = self.key();
        self.name.clear();
        // writing to a String cannot fail
        let _ = write!(self.name, "evt_{:026}", self.row);
    }

    fn key(&mut self) -> [u8; 16] {
        let (high, low) = (u128::from(self.draw()), u128::from(self.draw()));
        (high << 64 | low).to_le_bytes()
    }

    /// SplitMix64: spreads keys over an index, and promises nothing more.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn value(&self, parameter: Parameter) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(match parameter {
            Parameter::Row => ValueRef::Integer(self.row),
            Parameter::Subject => ValueRef::Integer((self.row - 1) % i64::from(people::PEOPLE) + 1),
            Parameter::Now => ValueRef::Integer(1_767_225_600_000 + self.row),
            Parameter::Name => ValueRef::Text(self.name.as_bytes()),
            Parameter::Replay => ValueRef::Blob(&self.replay),
            Parameter::Tag => ValueRef::Blob(&self.tag),
            Parameter::Bytes(length) => ValueRef::Blob(self.bytes.get(..length).unwrap_or(&self.bytes)),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::process::Folder;
    use super::*;

    fn count(connection: &Connection, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: u32 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        rows.into()
    }

    #[test]
    fn every_acknowledged_event_stands_in_every_table() {
        let folder = Folder::new(&std::env::temp_dir()).unwrap();
        let timing = Timing { warm_up: Duration::ZERO, warm_up_requests: 100, measured: Duration::from_millis(50) };
        let sample = run(folder.path(), timing).unwrap();
        assert!(sample.count > 0 && sample.cpu > Duration::ZERO);
        let connection = Connection::open(folder.path().join("raw.db")).unwrap();
        assert_eq!(count(&connection, "subject"), u64::from(people::PEOPLE));
        let events = count(&connection, "event");
        assert!(events >= sample.count + 100);
        for table in ["record", "delivery", "leaf", "stable"] {
            assert_eq!(count(&connection, table), events, "{table}");
        }
    }

    #[test]
    fn the_committed_schema_is_durable() {
        let folder = Folder::new(&std::env::temp_dir()).unwrap();
        let connection = Connection::open(folder.path().join("raw.db")).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let pragma = |name: &str| -> String {
            connection.query_row(&format!("PRAGMA {name}"), [], |row| Ok(format!("{:?}", row.get_ref(0)?))).unwrap()
        };
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("secure_delete"), "Integer(1)");
        assert_eq!(pragma("wal_autocheckpoint"), "Integer(0)");
        assert!(pragma("journal_mode").contains("Text"));
    }

    #[test]
    fn an_unknown_parameter_is_an_error() {
        let connection = Connection::open_in_memory().unwrap();
        assert!(matches!(Prepared::all(&connection, "SELECT :nothing;"), Err(BenchError::RawParameter)));
    }
}
