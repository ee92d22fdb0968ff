//! Erasing a person: found by a token or, from standard input, by e-mail address or identifier; then everything goes.
//!
//! The key store's erasure list is on disk before the database is touched: whatever happens in between, the next start
//! finishes the erasure. What went to systems of record and platforms is out of reach; the answer says what went here.

use super::whois::{block, locate, pseudonym};
use super::{By, OpError};
use crate::app::App;
use crate::app::routes::{InRoute, Routes};
use crate::ingress;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule_core::category;
use vestibule_core::id::{Mode, Scope, base32};
use vestibule_core::problem::closest;
use vestibule_store::{EraseSubjects, Erasure, StoreError, SubjectData, SubjectState, Tag};
use vestibule_vault::VaultError;

/// Who is to be erased.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// Whose value this token stands for.
    Token(String),
    /// Who is known by this value.
    Known {
        /// `email`, or `user_id` for a source's own identifier.
        category: String,
        /// The value.
        value: String,
        /// The realm in which the person is matched.
        realm: String,
        /// Whether the person is of the trial.
        test: bool,
        /// Whose identifier it is; none where only one sender of the realm gives any, or where it is an address.
        from: Option<String>,
    },
}

/// Erases a person. From the answer on, nothing of them opens here, nor after a restore.
pub fn erase(app: &App, by: &By, whom: &Whom) -> Result<Value, OpError> {
    let keyring = app.keeper.keyring();
    let subject = match whom {
        Whom::Token(text) => locate(app, &keyring, block(app, text)?)?.1.subject,
        Whom::Known { category, value, realm, test, from } => {
            let mode = if *test { Mode::Test } else { Mode::Live };
            known(app, category, value, &Place { realm, mode, from: from.as_deref() })?
        }
    };
    if subject.state == SubjectState::Erased {
        return Ok(json!({ "erased": false, "already": true }));
    }
    let now = app.clock.now();
    let name = pseudonym(&keyring, &subject);
    app.keeper.change(|keys| {
        keys.erase(subject.number, now);
        Ok::<_, VaultError>(())
    })?;
    let mut leaf = by.leaf(app, "subject.erase", subject.mode);
    leaf.subjects = name.into_iter().collect();
    let job = EraseSubjects { now, subjects: vec![(subject.row, subject.number, leaf.to_bytes())], only_lapsed: false };
    let (report, scrubbed) = match app.writer.call(job) {
        Ok(done) => (done.into_iter().next(), true),
        // the person is erased; only the write-ahead log still has old sealed bytes
        Err(StoreError::NotScrubbed) => (None, false),
        Err(error) => return Err(error.into()),
    };
    app.save_head()?;
    let went = match report {
        Some(Erasure::Erased(report)) => json!({
            "records": report.records,
            "index_rows": report.index_rows,
            "bodies": report.bodies,
            "deliveries": report.deliveries,
            "answers": report.answers,
        }),
        _ => Value::Null,
    };
    Ok(json!({
        "erased": true,
        "already": false,
        "subject": name.map(|name| base32(&name.0)),
        "went": went,
        "scrubbed": scrubbed,
    }))
}

/// Where somebody is known.
struct Place<'a> {
    realm: &'a str,
    mode: Mode,
    /// Whose identifiers are meant.
    from: Option<&'a str>,
}

impl Place<'_> {
    /// Whose identifiers are known here, by the routes there are now.
    fn senders<'r>(&self, routes: &'r Routes) -> Vec<&'r str> {
        let here = |route: &InRoute| route.mode == self.mode && route.realm == self.realm && route.subject_id.is_some();
        let mut senders: Vec<&str> =
            routes.inbound.values().filter(|route| here(route)).map(|route| route.sender.as_str()).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }

    /// Whose identifier the value is: as asked, or the only sender's.
    fn sender<'r>(&'r self, routes: &'r Routes) -> Result<&'r str, OpError> {
        match (self.from, self.senders(routes).as_slice()) {
            (Some(from), _) => Ok(from),
            (None, [only]) => Ok(only),
            (None, []) => Err(OpError::new("cli.unknown_name", "no route of this realm and mode takes ids of people")),
            (None, several) => {
                let names = several.join("`, `");
                let message = format!("the id alone could be several people's: add `--from` with one of `{names}`");
                Err(OpError::new("cli.argument", message))
            }
        }
    }

    /// Why nobody is known here by a value, so that a mistyped name does not read like an answer about a person.
    fn nobody(&self, routes: &Routes) -> OpError {
        let senders = self.senders(routes);
        let message = match self.from.filter(|from| !senders.contains(from)) {
            Some(from) => {
                let near = closest(from, senders).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!("no route of this realm and mode takes ids from `{from}`{near}")
            }
            None => "nobody is known by this value in this realm and mode".to_owned(),
        };
        OpError::new("cli.unknown_name", message)
    }
}

fn known(app: &App, alias: &str, value: &str, place: &Place<'_>) -> Result<SubjectData, OpError> {
    let routes = app.routes();
    let category = category::by_alias(alias).ok_or(OpError::known("cli.argument"))?;
    let normalised = (category.normalise)(value.trim()).filter(|text| !text.is_empty()).ok_or_else(|| place.nobody(&routes))?;
    let sender = if alias == ingress::USER_ID { Some(place.sender(&routes)?) } else { None };
    let keyring = app.keeper.keyring();
    let tags = keyring.subject_tags(Scope::of(place.mode), place.realm, category.code, normalised.as_bytes(), sender)?;
    let tags: Vec<Tag> = tags.iter().map(ingress::store_tag).collect();
    let hit = app.store.reader()?.subject_by_tags(&tags)?.ok_or_else(|| place.nobody(&routes))?;
    let tag = ingress::vault_tag(&hit.tag);
    if !keyring.index_mac_verify(ingress::SUBJECT, &tag, &[&hit.subject.number.0], &hit.mac) {
        return Err(OpError::known("store.tampered"));
    }
    Ok(hit.subject)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};
    use crate::ops::whois::whois;

    fn known_as(value: &str, realm: &str) -> Whom {
        Whom::Known { category: "email".into(), value: value.into(), realm: realm.into(), test: true, from: None }
    }

    #[test]
    fn by_token_and_by_address_and_only_once() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        let bert = world.accept("bert@example.com");
        let gone = erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap();
        assert_eq!(gone["went"]["records"], 1);
        assert_eq!(gone["went"]["deliveries"], 1);
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "erased");
        assert_eq!(erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap()["already"], true);
        assert_eq!(whois(&world.app, &by(), bert.as_str()).unwrap()["state"], "live");

        assert_eq!(erase(&world.app, &by(), &known_as("bert@example.com", "sales")).unwrap_err().code, "cli.unknown_name");
        assert_eq!(erase(&world.app, &by(), &known_as(" Bert@Example.com\n", "hr")).unwrap()["erased"], true);
        assert_eq!(whois(&world.app, &by(), bert.as_str()).unwrap()["state"], "erased");
        assert_eq!(erase(&world.app, &by(), &known_as("bert@example.com", "hr")).unwrap_err().code, "cli.unknown_name");
    }

    #[test]
    fn an_older_copy_of_the_database_does_not_bring_anybody_back() {
        let world = World::new();
        let anna = world.accept("anna@example.com");
        let bert = world.accept("bert@example.com");
        let older = world.copy_database();
        erase(&world.app, &by(), &Whom::Token(anna.to_string())).unwrap();
        let (closed, error) = world.close().put_database(&older).refused();
        assert_eq!(error.code(), "log.behind_key_store");
        assert_eq!(closed.accept_gap().unwrap()["erased_again"], 1);
        let world = closed.open().unwrap();
        assert_eq!(whois(&world.app, &by(), anna.as_str()).unwrap()["state"], "erased");
        assert_eq!(whois(&world.app, &by(), bert.as_str()).unwrap()["state"], "live");
    }
}
