//! Dead letters: listed, counted, sent again, thrown away.
//!
//! Nothing here opens a body; sending again keeps the event's identifier.

use crate::delivery::DeliveryState;
use crate::{Job, StoreError, Tx};
use rusqlite::{Connection, ToSql, named_params};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::DeliveryRow;

/// Which dead letters; every member that is set must fit.
#[derive(Clone, Debug, Default)]
pub struct DeadFilter {
    /// One delivery.
    pub row: Option<DeliveryRow>,
    /// Name of the route.
    pub route: Option<String>,
    /// The workflow they were for.
    pub workflow: Option<String>,
    /// Stable code of why they died.
    pub reason: Option<String>,
    /// Dead at this moment or later.
    pub from: Option<Timestamp>,
    /// Dead before this moment.
    pub to: Option<Timestamp>,
}

/// Makes dead letters due again.
pub struct Redeliver {
    /// Which.
    pub filter: DeadFilter,
    /// When the first is due.
    pub now: Timestamp,
    /// At most this many, the oldest first.
    pub limit: u32,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// Throws dead letters away; their bodies are deleted.
pub struct Discard {
    /// Which.
    pub filter: DeadFilter,
    /// At most this many, the oldest first.
    pub limit: u32,
    /// The leaf.
    pub leaf: Vec<u8>,
}

impl Job for Redeliver {
    /// How many are due again.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let rows = select(tx.conn, &self.filter, self.limit)?;
        let mut statement = tx.sql(
            "UPDATE delivery SET state = ?2, next_at = ?3, reason = NULL WHERE row = ?1 \
             AND EXISTS (SELECT 1 FROM body b WHERE b.event = delivery.event)",
        )?;
        let mut due = 0;
        for (row, route) in &rows {
            let paused = crate::route::is_disabled(tx, route);
            let state = if paused { DeliveryState::Paused } else { DeliveryState::Due };
            due += statement.execute((row, state.code(), self.now.0))?;
        }
        drop(statement);
        tx.append(&self.leaf)?;
        Ok(due)
    }
}

impl Job for Discard {
    /// How many are gone.
    type Reply = usize;
    fn scrubs(discarded: &usize) -> bool {
        *discarded > 0
    }
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let rows = select(tx.conn, &self.filter, self.limit)?;
        for (row, _) in &rows {
            tx.sql("DELETE FROM body WHERE event = (SELECT event FROM delivery WHERE row = ?1)")?.execute([row])?;
            tx.sql("UPDATE delivery SET state = ?2 WHERE row = ?1")?.execute((row, DeliveryState::Discarded.code()))?;
        }
        tx.append(&self.leaf)?;
        Ok(rows.len())
    }
}

const WHERE: &str = "FROM delivery d INDEXED BY delivery_waiting JOIN event e ON e.row = d.event \
    WHERE d.state <> 2 AND d.state = 1 AND (:row IS NULL OR d.row = :row) AND (:route IS NULL OR e.route = :route) \
    AND (:workflow IS NULL OR d.workflow = :workflow) AND (:reason IS NULL OR d.reason = :reason) \
    AND d.next_at >= coalesce(:from, d.next_at) AND d.next_at < coalesce(:to, d.next_at + 1)";

/// How many dead letters the filter finds: what a dry run shows.
pub(crate) fn count(conn: &Connection, filter: &DeadFilter) -> Result<u64, StoreError> {
    let text = format!("SELECT count(*) {WHERE}");
    let mut found = 0;
    query(conn, &text, filter, None, |row| {
        found = crate::row::count(row, 0)?;
        Ok(())
    })?;
    Ok(found)
}

fn select(conn: &Connection, filter: &DeadFilter, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
    let text = format!("SELECT d.row, e.route {WHERE} ORDER BY d.next_at LIMIT :limit");
    let mut rows = Vec::new();
    query(conn, &text, filter, Some(limit), |row| {
        rows.push((row.get(0)?, row.get(1)?));
        Ok(())
    })?;
    Ok(rows)
}

fn query(
    conn: &Connection,
    text: &str,
    filter: &DeadFilter,
    limit: Option<u32>,
    mut each: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), StoreError> {
    let row = filter.row.map(|row| row.0);
    let (from, to) = (filter.from.map(|time| time.0), filter.to.map(|time| time.0));
    let named = named_params! {
        ":row": row, ":route": filter.route, ":workflow": filter.workflow, ":reason": filter.reason,
        ":from": from, ":to": to,
    };
    let mut values: Vec<(&str, &dyn ToSql)> = named.to_vec();
    if limit.is_some() {
        values.push((":limit", &limit));
    }
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query(values.as_slice())?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}
