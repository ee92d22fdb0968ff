//! Workflow keys: made, listed, revoked; and the secrets that deliveries are signed with.
//!
//! A change of keys runs while the key store is held, so that no two get one revision. The database comes first and the
//! key store's revision second: a crash in between leaves a database that is ahead, which is sound, never one that is
//! behind, which would stop the next start.

use super::{By, OpError};
use crate::app::keys::{KeyTable, mac};
use crate::app::{App, LoadError, authority};
use crate::{config, system};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::Mode;
use vestibule_core::scheme::standard_webhooks::secret_text;
use vestibule_store::{ApiKeyRow, InsertKey, KeyWritten, RevokeKey};
use vestibule_vault::{Draw, KeyStore, apikey, fingerprint};

/// A key lives at most this many days.
pub const MOST_DAYS: u32 = 365;

/// What a new key is to be.
#[derive(Debug, Serialize, Deserialize)]
pub struct Create {
    /// The workflow it speaks for.
    pub workflow: String,
    /// Whether it is a key of the trial.
    pub test: bool,
    /// How long it works, at most [`MOST_DAYS`].
    pub days: u32,
    /// Who answers for it; absent: the owner that the configuration names, filled in by the command.
    pub owner: String,
}

/// Makes a key. The answer holds it; it is never shown again.
pub fn create(app: &App, by: &By, order: &Create) -> Result<Value, OpError> {
    if !app.routes().workflows.contains_key(&order.workflow) {
        return Err(OpError::unknown("workflow", &order.workflow, app.routes().workflows.keys().map(String::as_str)));
    }
    if !(1..=MOST_DAYS).contains(&order.days) {
        return Err(OpError::new("cli.argument", format!("a key works for 1 to {MOST_DAYS} days")));
    }
    // the configuration asks the same of a workflow's owner
    if !config::is_address(&order.owner) {
        return Err(OpError::new("cli.argument", "the owner of a key is one person, named by mail address"));
    }
    let ended = app.routes().workflows.get(&order.workflow).copied().flatten().filter(|ends| *ends <= app.clock.now());
    let mode = if order.test { Mode::Test } else { Mode::Live };
    let lifetime = Span::days(i64::from(order.days));
    let mut made = None;
    change(app, |keys, revision| {
        // under the key store's lock: a pepper that is rotated meanwhile must know of this key
        let minted = app.keeper.keyring().mint_api_key(mode, &mut Draw::new(apikey::DRAW)?)?;
        let now = app.clock.now();
        let expires = now.plus(lifetime);
        let mut key = ApiKeyRow {
            id: minted.id.clone(),
            mode,
            workflow: order.workflow.clone(),
            owner: order.owner.clone(),
            hash: minted.hash,
            detail: Vec::new(),
            created: now,
            expires,
            revoked: None,
            last_used: None,
            revision,
            mac: [0; 16],
        };
        key.mac = mac(&app.keeper.keyring(), &key);
        let leaf = leaf(app, by, "key.create", mode, &key.id);
        made = Some((minted, expires));
        let at = keys.partition_point(|row| row.id < key.id);
        keys.insert(at, key.clone());
        let seal = authority::seal(&app.keeper.keyring(), revision, keys);
        Ok(Some(app.writer.call(InsertKey { key, seal, leaf })?))
    })?;
    let (minted, expires) = made.ok_or(OpError::known("internal.lost"))?;
    Ok(json!({
        "key": minted.text.expose(),
        "id": minted.id,
        "workflow": order.workflow,
        "mode": mode.as_str(),
        "owner": order.owner,
        "expires": system::display(expires),
        "workflow_ended": ended.map(system::display),
    }))
}

/// Every key, without its secret.
pub fn list(app: &App) -> Result<Value, OpError> {
    let now = app.clock.now();
    let keys: Vec<Value> = app.sealed_keys()?.iter().map(|row| entry(row, now)).collect();
    Ok(json!({ "keys": keys }))
}

/// A key as it stands in lists.
pub(super) fn entry(row: &ApiKeyRow, now: Timestamp) -> Value {
    let state = match row.revoked {
        Some(_) => "revoked",
        None if row.expires <= now => "expired",
        None => "stands",
    };
    json!({
        "id": row.id,
        "workflow": row.workflow,
        "mode": row.mode.as_str(),
        "owner": row.owner,
        "state": state,
        "created": system::display(row.created),
        "expires": system::display(row.expires),
        "revoked": row.revoked.map(system::display),
        "last_used": row.last_used.map(system::display),
    })
}

/// The keys of a list that work at `now`.
pub(super) fn standing(keys: &[ApiKeyRow], now: Timestamp) -> Vec<Value> {
    let stand = keys.iter().filter(|row| row.revoked.is_none() && now < row.expires);
    stand.map(|row| entry(row, now)).collect()
}

/// Revokes a key: from the answer on it opens nothing.
pub fn revoke(app: &App, by: &By, id: &str) -> Result<Value, OpError> {
    let now = app.clock.now();
    let mut known = None;
    change(app, |keys, revision| {
        // under the key store's lock, so that of two who revoke the same key the second finds it revoked
        let Some(row) = keys.iter_mut().find(|row| row.id == id) else { return Ok(None) };
        known = Some(row.clone());
        if row.revoked.is_some() {
            return Ok(None);
        }
        let (expected, mode) = (row.revision, row.mode);
        (row.revoked, row.revision) = (Some(now), revision);
        row.mac = mac(&app.keeper.keyring(), row);
        let mac = row.mac;
        let seal = authority::seal(&app.keeper.keyring(), revision, keys);
        let leaf = leaf(app, by, "key.revoke", mode, id);
        let job = RevokeKey { id: id.to_owned(), expected, revoked: now, revision, mac, seal, leaf };
        Ok(Some(app.writer.call(job)?))
    })?;
    let row = known.ok_or_else(|| OpError::new("cli.unknown_key", "there is no key with this id"))?;
    let revoked = system::display(row.revoked.unwrap_or(now));
    Ok(json!({ "id": id, "workflow": row.workflow, "revoked": revoked, "already": row.revoked.is_some() }))
}

/// The secrets that our deliveries to a route are signed with, the active one first.
pub fn signing(app: &App, by: &By, route: &str) -> Result<Value, OpError> {
    let routes = app.routes();
    let found = routes.inbound_named(route);
    let found = found.ok_or_else(|| OpError::unknown("route in", route, routes.inbound.values().map(|route| &*route.name)))?;
    let configured = found.deliver.as_ref().and_then(|deliver| deliver.signing.as_ref());
    let secrets: Vec<String> = match configured {
        Some(secret) => vec![secret_text(secret.expose())],
        None => {
            let keyring = app.keeper.keyring();
            let secrets = keyring.delivery_secret(route);
            secrets.iter().map(|(_, secret)| fingerprint::delivery_secret_text(secret).expose().clone()).collect()
        }
    };
    let mut leaf = by.leaf(app, "key.signing", found.mode);
    leaf.route = route.into();
    app.writer.call(vestibule_store::AppendLeaf { leaf: leaf.to_bytes() })?;
    Ok(json!({ "route": route, "configured": configured.is_some(), "secrets": secrets }))
}

/// Writes one change under the next revision and puts the new table in force. `write` gets the list as it is, and answers
/// none if there is nothing to change.
fn change(
    app: &App,
    write: impl FnOnce(&mut Vec<ApiKeyRow>, u64) -> Result<Option<KeyWritten>, LoadError>,
) -> Result<(), OpError> {
    let written = app.keeper.change(|keys: &mut KeyStore| {
        let reader = app.store.reader()?;
        let keyring = app.keeper.keyring();
        let mut sealed = authority::read_newest(&reader, &keyring, keys.authority_revision())?;
        let revision = sealed.revision + 1;
        let written = write(&mut sealed.rows, revision)?;
        if matches!(written, Some(KeyWritten::Committed { .. })) {
            keys.raise_authority_revision(revision);
            app.set_keys(KeyTable::of(authority::read_newest(&reader, &keyring, revision)?.rows));
        }
        Ok::<_, LoadError>(written)
    })?;
    match written {
        None | Some(KeyWritten::Committed { .. }) => Ok(()),
        Some(KeyWritten::Exists | KeyWritten::Stale) => {
            Err(OpError::new("store.busy", "the key was changed by somebody else at the same moment"))
        }
    }
}

/// Which key it is stands where leaves name requests: a public id, not a secret.
fn leaf(app: &App, by: &By, action: &str, mode: Mode, id: &str) -> Vec<u8> {
    let mut leaf = by.leaf(app, action, mode);
    leaf.request = id.into();
    leaf.to_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};

    fn order(days: u32) -> Create {
        Create { workflow: "intake".into(), test: true, days, owner: "dana@example.com".into() }
    }

    #[test]
    fn a_key_works_until_it_is_revoked_or_expires() {
        let world = World::new();
        let made = create(&world.app, &by(), &order(30)).unwrap();
        let text = made["key"].as_str().unwrap();
        let known = |now| world.app.keys().authenticate(text, &world.app.keeper.keyring(), now).is_some();
        let now = world.app.clock.now();
        assert!(known(now));
        assert!(!known(now.plus(Span::days(30))));
        assert!(!list(&world.app).unwrap().to_string().contains(text), "a list never shows a key");
        let id = made["id"].as_str().unwrap();
        assert_eq!(revoke(&world.app, &by(), id).unwrap()["already"], false);
        assert!(!known(now));
        assert_eq!(revoke(&world.app, &by(), id).unwrap()["already"], true);
        assert_eq!(world.actions(), ["key.create", "key.revoke"]);
    }

    #[test]
    fn the_table_survives_a_restart_and_an_older_one_is_refused() {
        let world = World::new();
        let made = create(&world.app, &by(), &order(30)).unwrap();
        let before = world.copy_database();
        revoke(&world.app, &by(), made["id"].as_str().unwrap()).unwrap();
        let world = world.restart().unwrap();
        assert_eq!(list(&world.app).unwrap()["keys"][0]["state"], "revoked");
        let (_, error) = world.close().put_database(&before).refused();
        assert_eq!(error.code(), "log.behind_key_store");
    }

    #[test]
    fn an_older_row_put_back_among_newer_ones_is_found() {
        let world = World::new();
        let first = create(&world.app, &by(), &order(30)).unwrap();
        let older = world.copy_database();
        revoke(&world.app, &by(), first["id"].as_str().unwrap()).unwrap();
        create(&world.app, &by(), &order(30)).unwrap();
        let newest = world.copy_database();
        let put_back = format!(
            "ATTACH '{}' AS older; INSERT OR REPLACE INTO api_key SELECT * FROM older.api_key; DETACH older",
            older.display()
        );
        let (row, seal) = ("UPDATE api_key SET revoked = NULL WHERE revision = 2", "DELETE FROM meta WHERE name = 'api-keys'");
        let mut world = world;
        for (statement, code) in [
            (put_back.as_str(), "store.authority_rolled_back"),
            ("DELETE FROM api_key WHERE revision = 2", "store.authority_rolled_back"),
            (seal, "store.authority_rolled_back"),
            (row, "store.tampered"),
        ] {
            let closed = world.close();
            closed.sql().execute_batch(statement).unwrap();
            let (closed, error) = closed.refused();
            assert_eq!(error.code(), code, "{statement}");
            world = closed.put_database(&newest).open().unwrap();
        }
        // while it runs, no list is shown and no change is made over such a row
        let direct = rusqlite::Connection::open(&world.config.store.path).unwrap();
        direct.execute_batch(&put_back).unwrap();
        for refused in [list(&world.app).unwrap_err(), create(&world.app, &by(), &order(30)).unwrap_err()] {
            assert_eq!(refused.code, "store.authority_rolled_back");
        }
    }

    #[test]
    fn a_crash_between_database_and_key_store_neither_locks_out_nor_lets_an_older_list_in() {
        let world = World::new();
        let first = create(&world.app, &by(), &order(30)).unwrap();
        let (keys, older) = (world.copy_keys(), world.copy_database());
        revoke(&world.app, &by(), first["id"].as_str().unwrap()).unwrap();
        let newest = world.copy_database();
        // the database has committed, the key store has not heard of it
        let closed = world.close();
        closed.put_keys(&keys);
        let world = closed.put_database(&newest).open().unwrap();
        assert_eq!(list(&world.app).unwrap()["keys"][0]["state"], "revoked");
        // the whole older list, its seal too
        let closed = world.close();
        let statement = format!(
            "ATTACH '{}' AS older; INSERT OR REPLACE INTO api_key SELECT * FROM older.api_key; \
             INSERT OR REPLACE INTO meta SELECT * FROM older.meta; DETACH older",
            older.display()
        );
        closed.sql().execute_batch(&statement).unwrap();
        assert_eq!(closed.refused().1.code(), "store.authority_rolled_back");
    }

    #[test]
    fn a_key_has_one_owner_and_tells_of_a_workflow_that_has_ended() {
        let world = World::new();
        let nobody = Create { owner: "foo".into(), ..order(30) };
        assert_eq!(create(&world.app, &by(), &nobody).unwrap_err().code, "cli.argument");
        assert!(list(&world.app).unwrap()["keys"].as_array().unwrap().is_empty());
        assert_eq!(create(&world.app, &by(), &order(30)).unwrap()["workflow_ended"], Value::Null);
        let mut routes = crate::app::routes::Routes::compile(&world.config).unwrap();
        routes.workflows.insert("intake".into(), Some(world.app.clock.now()));
        world.app.set_routes(routes);
        let made = create(&world.app, &by(), &order(30)).unwrap();
        assert_eq!(made["workflow_ended"], system::display(world.app.clock.now()));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let world = World::new();
        let unknown = Create { workflow: "nobody".into(), ..order(30) };
        assert_eq!(create(&world.app, &by(), &unknown).unwrap_err().code, "cli.unknown_name");
        for days in [0, 366] {
            assert_eq!(create(&world.app, &by(), &order(days)).unwrap_err().code, "cli.argument");
        }
        assert_eq!(revoke(&world.app, &by(), "0000000000").unwrap_err().code, "cli.unknown_key");
        assert_eq!(signing(&world.app, &by(), "nowhere").unwrap_err().code, "cli.unknown_name");
        assert!(world.actions().is_empty());
    }

    #[test]
    fn signing_secrets_are_those_of_standard_webhooks() {
        let world = World::new();
        let shown = signing(&world.app, &by(), "apply").unwrap();
        assert!(shown["secrets"][0].as_str().unwrap().starts_with("whsec_"));
        assert_eq!(shown["configured"], false);
    }
}
