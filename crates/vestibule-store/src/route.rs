//! Routes whose deliveries are paused, because the receiver answered that it is gone.
//!
//! Events are still accepted for them; their deliveries wait.

use crate::delivery::DeliveryState;
use crate::row::time;
use crate::{Job, StoreError, Tx};
use rusqlite::Connection;
use vestibule_core::clock::Timestamp;

/// Pauses every open delivery of a route, and those still to come.
pub struct DisableRoute {
    /// Name of the route.
    pub route: String,
    /// When.
    pub now: Timestamp,
    /// Stable code of the reason.
    pub reason: String,
    /// The leaf.
    pub leaf: Vec<u8>,
}

/// Lets the deliveries of a route go on.
pub struct EnableRoute {
    /// Name of the route.
    pub route: String,
    /// The leaf.
    pub leaf: Vec<u8>,
}

impl Job for DisableRoute {
    /// How many deliveries wait.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        tx.sql("INSERT OR REPLACE INTO route_disabled (route, since, reason) VALUES (?1, ?2, ?3)")?.execute((
            &self.route,
            self.now.0,
            &self.reason,
        ))?;
        tx.memory.disabled.insert(self.route.clone());
        tx.append(&self.leaf)?;
        turn(tx, &self.route, DeliveryState::Due, DeliveryState::Paused)
    }
}

impl Job for EnableRoute {
    /// How many deliveries go on.
    type Reply = usize;
    fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        tx.sql("DELETE FROM route_disabled WHERE route = ?1")?.execute([&self.route])?;
        tx.memory.disabled.remove(&self.route);
        tx.append(&self.leaf)?;
        turn(tx, &self.route, DeliveryState::Paused, DeliveryState::Due)
    }
}

pub(crate) fn is_disabled(tx: &Tx<'_>, route: &str) -> bool {
    !tx.memory.disabled.is_empty() && tx.memory.disabled.contains(route)
}

/// Name, since when and why, by name.
pub(crate) fn disabled(conn: &Connection) -> Result<Vec<(String, Timestamp, String)>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT route, since, reason FROM route_disabled ORDER BY route")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, time(row, 1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn turn(tx: &Tx<'_>, route: &str, from: DeliveryState, to: DeliveryState) -> Result<usize, StoreError> {
    Ok(tx
        .sql(
            "UPDATE delivery SET state = ?3 WHERE row IN (SELECT d.row FROM delivery d INDEXED BY delivery_waiting \
             JOIN event e ON e.row = d.event WHERE d.state <> 2 AND d.state = ?2 AND e.route = ?1)",
        )?
        .execute((route, from.code(), to.code()))?)
}
