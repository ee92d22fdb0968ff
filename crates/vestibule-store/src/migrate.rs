//! Bringing a database file to the schema of this release, and refusing one that is newer.
//!
//! Migrations only go forward; each runs in one transaction with its version number.

use crate::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// Marks the file as a store of this product: "VSTB".
const APPLICATION: i32 = 0x5653_5442;

/// Every migration in order; the version of a file is the number of those applied.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_start.sql"), include_str!("../migrations/0002_scan.sql")];

/// The schema version of this release.
pub(crate) fn known() -> u32 {
    MIGRATIONS.len() as u32
}

/// Refuses a file that is another product's or that a newer release has written; changes nothing.
pub(crate) fn check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    if found > known() {
        return Err(StoreError::NewerSchema { found, known: known() });
    }
    Ok(())
}

/// Whether nothing is missing.
pub(crate) fn is_current(conn: &Connection) -> Result<bool, StoreError> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found == known())
}

/// Applies what is missing.
pub(crate) fn run(conn: &Connection) -> Result<(), StoreError> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (done, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let version = done + 1;
        let step =
            format!("BEGIN IMMEDIATE; {sql} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version}; COMMIT;");
        if let Err(error) = conn.execute_batch(&step) {
            if !conn.is_autocommit() {
                conn.execute_batch("ROLLBACK")?;
            }
            return Err(error.into());
        }
    }
    Ok(())
}
