//! Opening connections to the database file, with every setting in one place.
//!
//! Decides nothing about what is in the file.

use crate::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Statements kept ready; more than the crate has.
const STATEMENTS: usize = 192;
/// KiB of pages the writer keeps in memory.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// KiB of pages each reader keeps in memory.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// The write-ahead log is cut to this many bytes when it starts over.
const LOG_LIMIT: i64 = 64 * 1024 * 1024;

/// A connection that may write: for the writer and the checkpointer. With `sync` every commit is on disk before it returns.
pub(crate) fn writing(path: &Path, sync: bool) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(10))?;
    conn.pragma_update(None, "page_size", 4096)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", if sync { "FULL" } else { "OFF" })?;
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    keep_statements(&conn)?;
    Ok(conn)
}

/// A connection that cannot write.
pub(crate) fn reading(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_secs(10))?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    keep_statements(&conn)?;
    Ok(conn)
}

/// A statement is planned once. Without the planner's stability guarantee, tables with partial indexes make SQLite plan
/// anew each time other values are bound.
fn keep_statements(conn: &Connection) -> Result<(), StoreError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
