//! A consistent copy of the store while it runs, and a canonical reading of all rows to compare two stores by.
//!
//! Encrypting the copy and checking it is the caller's part.

use crate::StoreError;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::fs::File;
use std::path::Path;

/// Every table of the logical state and its order. `run` says how a process ended and is none of it.
const TABLES: &[(&str, &str)] = &[
    ("api_key", "id"),
    ("attempt", "delivery, number"),
    ("body", "event"),
    ("delivery", "row"),
    ("event", "row"),
    ("held", "event"),
    ("idempotency", "key"),
    ("leaf", "seq"),
    ("meta", "name"),
    ("origin", "first"),
    ("record", "no"),
    ("record_lease", "writer"),
    ("replay", "bucket"),
    ("replay_generation", "generation"),
    ("route_disabled", "route"),
    ("scan", "row"),
    ("stable_index", "epoch, tag"),
    ("subject", "row"),
    ("subject_index", "epoch, tag"),
];

/// Copies the store at `from` to the new file `to` and waits until it is on disk.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
    }
    let target = to.to_str().ok_or(StoreError::Io(0))?;
    make_private(to)?;
    let conn = Connection::open(from)?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.execute("VACUUM INTO ?1", [target])?;
    File::open(to)?.sync_all()?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// SQLite takes over an empty file, and with it that only its owner may read it.
fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(())
}

/// Gives every row to `each`: a byte for the type, the length as u64 big-endian, the value; column after column.
pub(crate) fn digest(conn: &Connection, mut each: impl FnMut(&str, &[u8])) -> Result<(), StoreError> {
    let mut canonical = Vec::new();
    for (table, order) in TABLES {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY {order}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            canonical.clear();
            for column in 0..columns {
                append(&mut canonical, row.get_ref(column)?);
            }
            each(table, &canonical);
        }
    }
    Ok(())
}

fn append(canonical: &mut Vec<u8>, value: ValueRef<'_>) {
    let number;
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(value) => {
            number = value.to_be_bytes();
            (1, &number)
        }
        ValueRef::Real(value) => {
            number = value.to_be_bytes();
            (2, &number)
        }
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(blob) => (4, blob),
    };
    canonical.push(kind);
    canonical.extend((bytes.len() as u64).to_be_bytes());
    canonical.extend(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::migrate;

    #[test]
    fn every_table_but_run_is_in_the_digest() {
        let conn = Connection::open_in_memory().unwrap();
        migrate::run(&conn).unwrap();
        let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let found: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut listed: Vec<&str> = TABLES.iter().map(|(table, _)| *table).chain(["run"]).collect();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
