//! Dead letters: listed, sent again, thrown away; and routes let go on that a platform had declared gone.
//!
//! They hold tokens and sealed bytes only, and nothing here opens them. A letter that is sent again keeps its event's id.

use super::{By, OpError};
use crate::app::App;
use crate::system;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{DeliveryRow, Mode};
use vestibule_core::problem;
use vestibule_store::{DeadFilter, DeliveryRowData, DeliveryState, Discard, EnableRoute, Reader, Redeliver, StoreError};

/// Rows looked at in one step of a list.
const PAGE: u32 = 500;
/// Letters that a list shows at most; the count is of all.
const SHOWN: usize = 500;
/// Letters that one command changes at most.
const MOST: u32 = 100_000;

/// Which dead letters; every member that is set must fit.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    /// The number of one delivery.
    pub id: Option<i64>,
    /// The route they came in by.
    pub route: Option<String>,
    /// The workflow they were for.
    pub workflow: Option<String>,
    /// The stable code of why they died.
    pub reason: Option<String>,
    /// Dead at this moment or later, milliseconds since 1970.
    pub from: Option<i64>,
    /// Dead before this moment, milliseconds since 1970.
    pub to: Option<i64>,
}

/// A change to dead letters.
#[derive(Debug, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub filter: Filter,
    /// Only count them.
    pub dry_run: bool,
}

impl Filter {
    fn store(&self) -> DeadFilter {
        DeadFilter {
            row: self.id.map(DeliveryRow),
            route: self.route.clone(),
            workflow: self.workflow.clone(),
            reason: self.reason.clone(),
            from: self.from.map(Timestamp),
            to: self.to.map(Timestamp),
        }
    }

    fn fits(&self, row: &DeliveryRowData) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        self.id.is_none_or(|id| id == row.row.0)
            && is(&self.route, &row.event.route)
            && is(&self.workflow, &row.workflow)
            && is(&self.reason, row.reason.as_deref().unwrap_or_default())
            && self.from.is_none_or(|from| row.at.0 >= from)
            && self.to.is_none_or(|to| row.at.0 < to)
    }
}

/// Counts what a filter finds. A name that nothing has is an error: nought would read as if all were well.
fn count(app: &App, filter: &Filter) -> Result<u64, OpError> {
    let reader = app.store.reader()?;
    let none = |only: DeadFilter| Ok::<_, OpError>(reader.count_dead(&only)? == 0);
    let routes = app.routes();
    // letters outlive the route, the workflow and the release they are of
    if let Some(name) = &filter.route
        && routes.inbound_named(name).is_none()
        && none(DeadFilter { route: Some(name.clone()), ..DeadFilter::default() })?
    {
        return Err(OpError::unknown("route in", name, routes.inbound.values().map(|route| &*route.name)));
    }
    if let Some(name) = &filter.workflow
        && !routes.workflows.contains_key(name)
        && none(DeadFilter { workflow: Some(name.clone()), ..DeadFilter::default() })?
    {
        return Err(OpError::unknown("workflow", name, routes.workflows.keys().map(String::as_str)));
    }
    if let Some(code) = &filter.reason
        && problem::find(code).is_none()
        && none(DeadFilter { reason: Some(code.clone()), ..DeadFilter::default() })?
    {
        let near = problem::suggest(code).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(OpError::new("cli.unknown_code", format!("there is no code `{code}`{near}")));
    }
    if let Some(id) = filter.id
        && none(DeadFilter { row: Some(DeliveryRow(id)), ..DeadFilter::default() })?
    {
        return Err(OpError::new("cli.unknown_dead", format!("no dead letter has the number {id}")));
    }
    Ok(reader.count_dead(&filter.store())?)
}

/// The dead letters a filter finds, the newest first.
pub fn list(app: &App, filter: &Filter) -> Result<Value, OpError> {
    let found = count(app, filter)?;
    let reader = app.store.reader()?;
    let mut letters = Vec::new();
    let mut before = None;
    while letters.len() < SHOWN {
        let page = reader.deliveries(DeliveryState::Dead, before, PAGE)?;
        let Some(last) = page.last() else { break };
        before = Some(last.row);
        letters.extend(page.into_iter().filter(|row| filter.fits(row)));
    }
    letters.truncate(SHOWN);
    let letters = letters.iter().map(|row| entry(&reader, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "count": found, "letters": letters }))
}

fn entry(reader: &Reader, row: &DeliveryRowData) -> Result<Value, StoreError> {
    let last = reader.attempts(row.row)?.pop();
    Ok(json!({
        "id": row.row.0,
        "event": row.event.id,
        "route": row.event.route,
        "mode": row.event.mode.as_str(),
        "workflow": row.workflow,
        "accepted": system::display(row.event.accepted),
        "dead": system::display(row.at),
        "attempts": row.attempt,
        "reason": row.reason,
        // what the platform answered in the end
        "status": last.and_then(|attempt| attempt.status),
    }))
}

/// Makes dead letters due again.
pub fn redeliver(app: &App, by: &By, change: &Change) -> Result<Value, OpError> {
    let found = count(app, &change.filter)?;
    if change.dry_run || found == 0 {
        return Ok(json!({ "found": found, "due": 0, "dry_run": change.dry_run }));
    }
    let leaf = leaf(app, by, "dead.redeliver", &change.filter);
    let job = Redeliver { filter: change.filter.store(), now: app.clock.now(), limit: MOST, leaf };
    let due = app.writer.call(job)?;
    app.deliveries.notify_one();
    Ok(json!({ "found": found, "due": due, "dry_run": false }))
}

/// Throws dead letters away; their bodies are deleted.
pub fn discard(app: &App, by: &By, change: &Change) -> Result<Value, OpError> {
    let found = count(app, &change.filter)?;
    if change.dry_run || found == 0 {
        return Ok(json!({ "found": found, "discarded": 0, "dry_run": change.dry_run }));
    }
    let leaf = leaf(app, by, "dead.discard", &change.filter);
    let discarded = app.writer.call(Discard { filter: change.filter.store(), limit: MOST, leaf })?;
    Ok(json!({ "found": found, "discarded": discarded, "dry_run": false }))
}

/// Lets the deliveries of a route go on.
pub fn enable(app: &App, by: &By, route: &str) -> Result<Value, OpError> {
    let paused = app.store.reader()?.disabled_routes()?.iter().any(|(name, ..)| name == route);
    if !paused {
        let routes = app.routes();
        if routes.inbound_named(route).is_none() {
            return Err(OpError::unknown("route in", route, routes.inbound.values().map(|route| &*route.name)));
        }
        return Err(OpError::new("cli.unknown_name", format!("no route `{route}` is paused")));
    }
    let mut leaf = by.leaf(app, "deliver.enable", Mode::Live);
    leaf.route = route.into();
    let due = app.writer.call(EnableRoute { route: route.to_owned(), leaf: leaf.to_bytes() })?;
    app.deliveries.notify_one();
    Ok(json!({ "route": route, "due": due }))
}

fn leaf(app: &App, by: &By, action: &str, filter: &Filter) -> Vec<u8> {
    let mut leaf = by.leaf(app, action, Mode::Live);
    leaf.route = filter.route.as_deref().unwrap_or_default().into();
    leaf.to_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};

    #[test]
    fn a_dead_letter_is_found_sent_again_and_thrown_away() {
        let world = World::new();
        world.accept("anna@example.com");
        world.kill_deliveries("deliver.status");
        let all = Filter::default();
        let listed = list(&world.app, &all).unwrap();
        assert_eq!((listed["count"].as_u64(), &listed["letters"][0]["reason"]), (Some(1), &"deliver.status".into()));
        assert_eq!(listed["letters"][0]["status"], 500);
        assert!(!listed.to_string().contains("anna"));
        let other = Filter { reason: Some("deliver.gone".into()), ..Filter::default() };
        assert_eq!(list(&world.app, &other).unwrap()["letters"].as_array().unwrap().len(), 0);
        let dry = Change { filter: Filter::default(), dry_run: true };
        assert_eq!(redeliver(&world.app, &by(), &dry).unwrap()["found"], 1);
        assert_eq!(list(&world.app, &all).unwrap()["count"], 1);
        let real = Change { filter: Filter::default(), dry_run: false };
        assert_eq!(redeliver(&world.app, &by(), &real).unwrap()["due"], 1);
        assert_eq!(list(&world.app, &all).unwrap()["count"], 0);
        world.kill_deliveries("deliver.status");
        assert_eq!(discard(&world.app, &by(), &real).unwrap()["discarded"], 1);
        assert_eq!(list(&world.app, &all).unwrap()["count"], 0);
    }

    #[test]
    fn a_filter_that_can_find_nothing_is_an_error() {
        let world = World::new();
        world.accept("anna@example.com");
        world.kill_deliveries("deliver.retired_code");
        let refused = |filter: Filter| {
            let listed = list(&world.app, &filter).unwrap_err();
            let change = Change { filter, dry_run: false };
            assert_eq!(redeliver(&world.app, &by(), &change).unwrap_err(), listed);
            assert_eq!(discard(&world.app, &by(), &change).unwrap_err(), listed);
            (listed.code, listed.message)
        };
        let route = refused(Filter { route: Some("aply".into()), ..Filter::default() });
        assert_eq!(route, ("cli.unknown_name", "there is no route in `aply`; did you mean `apply`?".into()));
        let workflow = refused(Filter { workflow: Some("nobody".into()), ..Filter::default() });
        assert_eq!(workflow, ("cli.unknown_name", "there is no workflow `nobody`".into()));
        let reason = refused(Filter { reason: Some("deliver.statos".into()), ..Filter::default() });
        assert_eq!(reason, ("cli.unknown_code", "there is no code `deliver.statos`; did you mean `deliver.status`?".into()));
        assert_eq!(refused(Filter { id: Some(9999), ..Filter::default() }).0, "cli.unknown_dead");
        let outlived = Filter { reason: Some("deliver.retired_code".into()), ..Filter::default() };
        assert_eq!(list(&world.app, &outlived).unwrap()["count"], 1, "letters outlive what named them");
    }

    #[test]
    fn only_a_paused_route_is_let_go_on() {
        let world = World::new();
        assert_eq!(enable(&world.app, &by(), "apply").unwrap_err().message, "no route `apply` is paused");
        assert!(enable(&world.app, &by(), "aply").unwrap_err().message.ends_with("did you mean `apply`?"));
    }
}
