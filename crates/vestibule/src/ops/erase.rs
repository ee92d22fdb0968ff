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

/// Erases several people, each on its own: what becomes of one says nothing about the others. The answer is in the order
/// asked.
pub fn erase_all(app: &App, by: &By, people: &[Whom]) -> Value {
    let mut failed = 0;
    let answers = people.iter().map(|whom| {
        erase(app, by, whom).unwrap_or_else(|error| {
            failed += 1;
            json!({ "erased": false, "error": { "code": error.code, "message": error.message } })
        })
    });
    let answers: Vec<Value> = answers.collect();
    json!({ "people": answers, "failed": failed })
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
            (None, []) => {
                let none = || OpError::new("cli.unknown_name", "no route of this realm and mode takes ids of people");
                Err(self.mistyped(routes).unwrap_or_else(none))
            }
            (None, several) => {
                let names = several.join("`, `");
                let message = format!("the id alone could be several people's: add `--from` with one of `{names}`");
                Err(OpError::new("cli.argument", message))
            }
        }
    }

    /// Why nobody is known here by a value.
    fn nobody(&self, routes: &Routes) -> OpError {
        let unknown = || OpError::new("cli.unknown_name", "nobody is known by this value in this realm and mode");
        self.mistyped(routes).unwrap_or_else(unknown)
    }

    /// A name that no route has: it must not read like an answer about a person.
    fn mistyped(&self, routes: &Routes) -> Option<OpError> {
        let fault = |what: String, hint: String| Some(OpError::new("cli.unknown_name", format!("{what}{hint}")));
        let near =
            |word, known: Vec<&str>| closest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let of_mode = || routes.inbound.values().filter(|route| route.mode == self.mode).map(|route| route.realm.as_str());
        if !of_mode().any(|realm| realm == self.realm) {
            if routes.inbound.values().any(|route| route.realm == self.realm) {
                let what = format!("no {} route has the realm `{}`", self.mode.as_str(), self.realm);
                return fault(what, "; look at `--mode`".to_owned());
            }
            return fault(format!("no route has the realm `{}`", self.realm), near(self.realm, of_mode().collect()));
        }
        let senders = self.senders(routes);
        let from = self.from.filter(|from| !senders.contains(from))?;
        fault(format!("no route of this realm and mode takes ids from `{from}`"), near(from, senders))
    }
}

fn known(app: &App, alias: &str, value: &str, place: &Place<'_>) -> Result<SubjectData, OpError> {
    let routes = app.routes();
    let category = category::by_alias(alias).ok_or(OpError::known("cli.argument"))?;
    let is_id = alias == ingress::USER_ID;
    let normalised = (category.normalise)(value.trim()).filter(|text| !text.is_empty());
    let normalised = normalised.ok_or_else(|| match is_id {
        true => OpError::new("cli.argument", "this is no id"),
        false => OpError::new("cli.argument", "this is no e-mail address; for an id add `--id`"),
    })?;
    let sender = if is_id { Some(place.sender(&routes)?) } else { None };
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
    fn a_mistake_does_not_read_like_an_answer_about_a_person() {
        let world = World::new();
        let token = world.accept("anna@example.com");
        let said = |whom: &Whom| {
            let error = erase(&world.app, &by(), whom).unwrap_err();
            (error.code, error.message)
        };
        let live = |realm: &str| Whom::Known {
            category: "email".into(),
            value: "anna@example.com".into(),
            realm: realm.into(),
            test: false,
            from: None,
        };
        for (whom, code, message) in [
            (known_as("anna@example.com", "hrr"), "cli.unknown_name", "no route has the realm `hrr`; did you mean `hr`?"),
            (known_as("anna@example.com", "marketing"), "cli.unknown_name", "no route has the realm `marketing`"),
            (live("hr"), "cli.unknown_name", "no live route has the realm `hr`; look at `--mode`"),
            (known_as("4711", "hr"), "cli.argument", "this is no e-mail address; for an id add `--id`"),
            (known_as("berta@example.com", "hr"), "cli.unknown_name", "nobody is known by this value in this realm and mode"),
        ] {
            assert_eq!(said(&whom), (code, message.to_owned()));
        }
        let (code, message) = said(&Whom::Token("anna@example.com".into()));
        assert_eq!(code, "cli.argument");
        assert!(message.contains("no token") && message.contains("standard input") && !message.contains("anna"), "{message}");
        assert_eq!(whois(&world.app, &by(), token.as_str()).unwrap()["state"], "live");
    }

    #[test]
    fn one_of_many_who_is_not_known_stops_nobody_else() {
        let world = World::new();
        let tokens = ["anna@example.com", "bert@example.com"].map(|email| world.accept(email));
        let list = ["anna@example.com", "nobody@example.com", "bert@example.com"].map(|email| known_as(email, "hr"));
        let told = erase_all(&world.app, &by(), &list);
        assert_eq!((&told["failed"], &told["people"][1]["error"]["code"]), (&1.into(), &"cli.unknown_name".into()));
        for (token, at) in tokens.iter().zip([0, 2]) {
            assert_eq!(told["people"][at]["erased"], true);
            assert_eq!(whois(&world.app, &by(), token.as_str()).unwrap()["state"], "erased");
        }
        assert!(!told.to_string().contains("example.com"), "{told}");
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
