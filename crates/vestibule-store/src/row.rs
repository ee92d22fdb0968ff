//! Reading columns into the product's own types.
//!
//! A column of the wrong length or range is an error of its row, never a guess.

use rusqlite::Row;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{KeyVersion, Mode, RecordNo};

/// A column of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get(column)
}

/// A moment in milliseconds.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

/// A moment in milliseconds or NULL.
pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// Test or live.
pub(crate) fn mode(row: &Row<'_>, column: usize) -> rusqlite::Result<Mode> {
    let code: u8 = row.get(column)?;
    Mode::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, i64::from(code)))
}

/// A key version.
pub(crate) fn version(row: &Row<'_>, column: usize) -> rusqlite::Result<KeyVersion> {
    Ok(KeyVersion(row.get(column)?))
}

/// A record number.
pub(crate) fn record(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordNo> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).ok().and_then(RecordNo::from_u64).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A record number as it is stored: below 2^56, so it always fits.
pub(crate) fn stored(record: RecordNo) -> i64 {
    record.as_u64() as i64
}

/// A count: never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}
