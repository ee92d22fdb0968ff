//! Accepting that the newest database is lost, while nothing runs: the one that is there goes on in its place.

use super::{By, OpError, keys};
use crate::app::settle::Adopted;
use crate::app::{LoadError, Settings};
use serde_json::{Value, json};
use std::sync::Arc;
use vestibule_core::id::Mode;

/// The action of the leaf that says so. It opens the new origin.
pub(super) const ACCEPTED: &str = "log.accept_gap";

/// Adopts the database that is there, or a new one, though it does not reach the head that the key store knows.
pub fn accept(settings: &Settings<'_>, by: &By) -> Result<Value, OpError> {
    let keeper = Arc::new(settings.keeper()?);
    // a new gateway has lost nothing, and its database is made by its first start
    if keeper.read(|keys| keys.head().is_none_or(|head| head.size == 0)) {
        return Err(LoadError::NoGap.into());
    }
    let now = settings.clock.now();
    let adopted = Adopted::write(&keeper, settings.store.clone(), now, |ledger, gap| {
        let gap = gap.ok_or(LoadError::NoGap)?;
        let mut leaf = ledger.leaf(now, by.0.clone(), ACCEPTED, Mode::Live);
        leaf.outcome = "log.behind_key_store".into();
        leaf.refers = gap.leaf();
        Ok(leaf)
    })?;
    let version = adopted.conclude(&keeper, now)?;
    let gap = adopted.gap.ok_or(LoadError::NoGap)?;
    Ok(json!({
        "database": settings.config.store.path,
        "known": gap.known,
        "found": gap.found,
        "erased_again": adopted.erased,
        "token_version": version.0,
        "keys_that_stand": keys::standing(&adopted.keys, now),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::ops::erase::{Whom, erase};
    use crate::ops::testing::{World, by};
    use crate::ops::whois::whois;
    use crate::ops::{keys, verify};

    #[test]
    fn a_missing_or_empty_database_is_refused_and_spoils_nothing() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        world.app.save_head().unwrap();
        let newest = world.copy_database();
        let closed = world.close();
        let path = closed.path("data/vestibule.db");
        let mut closed = closed;
        for empty in [false, true] {
            closed.remove_database();
            if empty {
                std::fs::write(&path, b"").unwrap();
            }
            let (still, error) = closed.refused();
            assert_eq!(error.code(), "log.behind_key_store");
            assert_eq!(
                error.to_string(),
                format!("the key store knows 3 leaves of the log, and `{}` holds 0 that do not reach them", path.display())
            );
            assert_eq!(path.exists(), empty, "nothing is made in the place of the lost one");
            closed = still;
        }
        let world = closed.put_database(&newest).open().unwrap();
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "live");
        assert_eq!(verify::verify(&world.app, None).unwrap()["ok"], true);
        world.order_backup("after.age");
    }

    #[test]
    fn a_lost_database_goes_on_as_an_older_one_by_acceptance_alone() {
        let world = World::new();
        let order = keys::Create { workflow: "intake".into(), test: true, days: 30, owner: "dana@example.com".into() };
        let key = keys::create(&world.app, &by(), &order).unwrap();
        let (anna, bert) = (world.accept("anna@example.com"), world.accept("bert@example.com"));
        let older = world.copy_database();
        keys::revoke(&world.app, &by(), key["id"].as_str().unwrap()).unwrap();
        erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap();
        let known = verify::verify(&world.app, None).unwrap();
        world.app.save_head().unwrap();
        let (closed, error) = world.close().put_database(&older).refused();
        assert_eq!(error.code(), "log.behind_key_store");
        let told = closed.accept_gap().unwrap();
        assert_eq!((&told["known"], &told["erased_again"], &told["token_version"]), (&known["size"], &1.into(), &2.into()));
        assert_eq!(told["keys_that_stand"][0]["id"], key["id"], "whoever accepts is shown what stands again");
        assert_eq!(closed.accept_gap().unwrap_err().code, "log.no_gap");
        let world = closed.open().unwrap();
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "erased");
        assert_eq!(whois(&world.app, &by(), bert.as_str()).unwrap()["state"], "live");
        let log = verify::verify(&world.app, None).unwrap();
        let (found, known) = (told["found"].as_i64().unwrap(), known["size"].as_i64().unwrap());
        assert_eq!(log["ok"], true, "{log}");
        let gap = json!({
            "leaf": found + 1, "at": log["gaps"][0]["at"], "by": "person:tester", "action": ACCEPTED, "first": found + 1, "last": known,
        });
        assert_eq!(log["gaps"], json!([gap]));
        world.order_backup("after.age");
    }

    #[test]
    fn an_acceptance_that_a_crash_cut_short_is_made_again() {
        let world = World::new();
        let older = world.copy_database();
        world.accept("anna@example.com");
        world.app.save_head().unwrap();
        let keys = world.copy_keys();
        let closed = world.close().put_database(&older);
        closed.accept_gap().unwrap();
        // the key store has not heard of it
        closed.put_keys(&keys);
        let (closed, error) = closed.refused();
        assert_eq!(error.code(), "log.behind_key_store");
        closed.accept_gap().unwrap();
        let log = verify::verify(&closed.open().unwrap().app, None).unwrap();
        assert_eq!((&log["ok"], log["gaps"].as_array().unwrap().len()), (&true.into(), 2), "{log}");
    }

    #[test]
    fn a_new_gateway_has_no_gap() {
        let world = World::new();
        assert_eq!(world.close().accept_gap().unwrap_err().code, "log.no_gap");
    }
}
