//! What can go wrong in the store, and how SQLite's codes map to it.
//!
//! Errors hold paths, versions and numeric codes, never a value from a row.

use rusqlite::ErrorCode;
use std::path::PathBuf;

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store.
    #[error("the store `{0}` is in use by another process")]
    InUse(PathBuf),
    /// The file was written by a newer release; nothing was changed.
    #[error("the store has schema {found}, this release knows up to {known}")]
    NewerSchema {
        /// Version found in the file.
        found: u32,
        /// Newest version this release knows.
        known: u32,
    },
    /// The file is a database of something else; nothing was changed.
    #[error("the file `{0}` is a database, but not a store of this product")]
    Foreign(PathBuf),
    /// The file is no database, or its check found damage.
    #[error("the store is damaged")]
    Damaged,
    /// Opening this file found the second.
    #[error("the database `{0}`: {1}")]
    At(PathBuf, Box<StoreError>),
    /// A file, or its folder, is missing, is something else, or may not be opened by this user; nothing was changed.
    #[error("`{0}`: {1}")]
    Unreachable(PathBuf, std::io::ErrorKind),
    /// More waits than the writer may hold; nothing was written, try again.
    #[error("the store has more waiting than it may hold")]
    Busy,
    /// No space left; the whole batch was rolled back and the store goes on when space returns.
    #[error("no space left for the store")]
    Full,
    /// The file system failed; the whole batch was rolled back. Holds SQLite's extended code, or 0.
    #[error("reading or writing the store failed, code {0}")]
    Io(i32),
    /// The writer failed in the middle of this job; nothing of it was written.
    #[error("the store lost this job")]
    Lost,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// A number given by the caller cannot stand in the store.
    #[error("a number is out of range")]
    Range,
    /// Written, but a long read keeps the replaced bytes in the write-ahead log: ask for the same again to have them gone.
    #[error("erased, but old bytes are still in the write-ahead log")]
    NotScrubbed,
    /// A row does not have the shape that the schema demands.
    #[error("a row of `{0}` is malformed")]
    Malformed(&'static str),
    /// SQLite refused a statement. Holds its extended code.
    #[error("the database refused a statement, code {0}")]
    Sql(i32),
}

impl StoreError {
    /// The stable code of the error, as documented.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::InUse(_) => "store.in_use",
            StoreError::NewerSchema { .. } => "store.newer_schema",
            StoreError::Foreign(_) => "store.foreign",
            StoreError::Damaged => "store.damaged",
            StoreError::At(_, error) => error.code(),
            StoreError::Unreachable(..) => "store.unreachable",
            StoreError::Busy => "store.busy",
            StoreError::Full => "store.full",
            StoreError::Io(_) => "store.io",
            StoreError::Lost => "store.lost",
            StoreError::Closed => "store.closed",
            StoreError::Range => "store.range",
            StoreError::NotScrubbed => "store.not_scrubbed",
            StoreError::Malformed(_) => "store.malformed",
            StoreError::Sql(_) => "store.sql",
        }
    }

    /// Whether the fault lies with the machine, not with one job: the whole batch fails with it.
    pub(crate) fn is_everybodys(&self) -> bool {
        matches!(self, StoreError::Full | StoreError::Io(_) | StoreError::Damaged | StoreError::Busy)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => StoreError::Full,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::PermissionDenied => StoreError::Io(failure.extended_code),
                _ => StoreError::Sql(failure.extended_code),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => StoreError::Malformed("row"),
            _ => StoreError::Sql(0),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        if error.kind() == std::io::ErrorKind::StorageFull { StoreError::Full } else { StoreError::Io(0) }
    }
}
