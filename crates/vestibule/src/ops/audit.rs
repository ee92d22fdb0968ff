//! The newest leaves of the log, readable.
//!
//! A leaf holds no value of anybody, so nothing is hidden here. Whether the log is whole, `verify` says.

use super::OpError;
use crate::app::App;
use crate::system;
use serde_json::{Value, json};
use vestibule_core::audit::Leaf;
use vestibule_core::id::{base32, hex};
use vestibule_store::LeafRow;

/// Leaves that one answer holds at most.
const MOST: u32 = 10_000;

/// The newest `last` leaves, the oldest of them first.
pub fn show(app: &App, last: u32) -> Result<Value, OpError> {
    let reader = app.store.reader()?;
    let end = reader.head()?.seq;
    let from = end.saturating_sub(i64::from(last.min(MOST))).saturating_add(1).max(1);
    let leaves: Vec<Value> = reader.leaves(from, end)?.iter().map(entry).collect();
    Ok(json!({ "leaves": leaves, "size": end }))
}

fn entry(row: &LeafRow) -> Value {
    match Leaf::from_bytes(&row.leaf) {
        Ok(leaf) => readable(row.seq, &leaf),
        Err(error) => json!({ "seq": row.seq, "error": error.to_string() }),
    }
}

/// A leaf as JSON.
pub fn readable(seq: i64, leaf: &Leaf<'_>) -> Value {
    json!({
        "seq": seq,
        "at": system::display(leaf.at),
        "actor": leaf.actor.to_string(),
        "action": leaf.action,
        "mode": leaf.mode.as_str(),
        "route": leaf.route,
        "direction": leaf.direction.as_str(),
        "host": leaf.host,
        "fields": leaf.fields,
        "others": leaf.others,
        "tokens": leaf.tokens.iter().map(|token| hex(token)).collect::<Vec<_>>(),
        "subjects": leaf.subjects.iter().map(|subject| base32(&subject.0)).collect::<Vec<_>>(),
        "outcome": leaf.outcome,
        "status": leaf.status,
        "request": leaf.request,
        "refers": leaf.refers,
    })
}
