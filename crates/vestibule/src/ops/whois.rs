//! What a token stands for: event, route, field, person by pseudonym, audience. Never its value.

use super::{By, OpError};
use crate::app::subject::unwrap;
use crate::app::{App, audience};
use crate::system;
use serde_json::{Value, json};
use vestibule_core::category;
use vestibule_core::id::{Pseudonym, base32};
use vestibule_core::token::{self, Block, Whole};
use vestibule_store::{RecordData, SubjectData, SubjectState};
use vestibule_vault::Keyring;
use vestibule_vault::record::PackedRecord;
use vestibule_vault::token::TokenRef;

/// Looks a token up. A damaged, foreign or unknown one is an error that says which.
pub fn whois(app: &App, by: &By, text: &str) -> Result<Value, OpError> {
    let block = block(app, text)?;
    let keyring = app.keeper.keyring();
    let (token, row) = locate(app, &keyring, block)?;
    let pseudonym = pseudonym(&keyring, &row.subject);
    let mut leaf = by.leaf(app, "token.whois", row.subject.mode);
    leaf.tokens = vec![keyring.fingerprint_token(&block.0)?];
    leaf.subjects = pseudonym.into_iter().collect();
    app.writer.call(vestibule_store::AppendLeaf { leaf: leaf.to_bytes() })?;

    let event = row.event.map(|event| app.store.reader()?.event(event)).transpose()?.flatten();
    let state = match (&row.sealed, row.subject.state) {
        (_, SubjectState::Erased) => "erased",
        (None, _) => "expired",
        (Some(_), _) => "live",
    };
    let mut answer = json!({
        "state": state,
        "mode": row.subject.mode.as_str(),
        "realm": row.subject.realm,
        "made": system::display(row.created),
        "expires": row.expires.map(system::display),
        "erased": row.subject.erased.map(system::display),
        "event": event.as_ref().map(|event| &event.id),
        "route": event.as_ref().map(|event| &event.route),
        "subject": pseudonym.map(|pseudonym| base32(&pseudonym.0)),
    });
    if let (Some(sealed), Some(stored), Some(members)) = (&row.sealed, &row.audience, answer.as_object_mut()) {
        let packed = PackedRecord::parse(sealed.clone())?;
        let slot = packed.slot(row.first, token.record, token.slot).filter(|slot| slot.random == token.random);
        let slot = slot.ok_or(OpError::known("token.unknown"))?;
        let alias = category::by_code(slot.category).map_or("any", |category| category.alias);
        members.insert("category".into(), alias.into());
        members.insert("field".into(), slot.field().into());
        let readers = audience::read(&keyring, row.first, row.subject.number, stored);
        let readers = readers.ok_or(OpError::known("store.tampered"))?;
        let mut names: Vec<&str> = readers.iter().filter_map(|reader| reader.split(':').next()).collect();
        names.retain(|name| audience::admits(&readers, name, token.record, token.slot));
        names.dedup();
        members.insert("opens_for".into(), names.into());
    }
    Ok(answer)
}

/// The block of a token's text, plain or shaped like an e-mail address.
pub(super) fn block(app: &App, text: &str) -> Result<Block, OpError> {
    match token::whole(text.trim(), &app.routes().token_domain) {
        Whole::Token { block, .. } => Ok(block),
        Whole::Fault(token::TokenFault::Near) => Err(OpError::known("token.lookalike")),
        Whole::Fault(_) => Err(OpError::known("token.damaged")),
        Whole::None => {
            let message = "this is no token; to erase somebody by address or id, give that on standard input";
            Err(OpError::new("cli.argument", message))
        }
    }
}

/// The record that a token leads to.
pub(super) fn locate(app: &App, keyring: &Keyring, block: Block) -> Result<(TokenRef, RecordData), OpError> {
    let token = keyring.open_token(block.0).ok_or(OpError::known("token.foreign"))?;
    let row = app.store.reader()?.record(token.record)?.ok_or(OpError::known("token.unknown"))?;
    Ok((token, row))
}

/// The name of a subject in the log; none once erased.
pub(super) fn pseudonym(keyring: &Keyring, subject: &SubjectData) -> Option<Pseudonym> {
    let stored = subject.key.as_ref()?;
    let key = unwrap(keyring, subject).ok()?;
    keyring.open_pseudonym(&key, &stored.sealed_pseudonym).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::{World, by};

    #[test]
    fn a_token_tells_everything_but_its_value() {
        let world = World::new();
        let token = world.accept("anna@example.com");
        let told = whois(&world.app, &by(), token.as_str()).unwrap();
        assert_eq!(told["state"], "live");
        assert_eq!(told["category"], "email");
        assert_eq!(told["field"], "candidate.email");
        assert_eq!(told["route"], "apply");
        assert_eq!(told["opens_for"], serde_json::json!(["intake"]));
        assert!(!told.to_string().contains("anna"));
        let shaped = format!("{}@token.invalid", token.as_str().to_uppercase());
        assert_eq!(whois(&world.app, &by(), &shaped).unwrap()["subject"], told["subject"]);
        assert_eq!(world.actions().iter().filter(|action| *action == "token.whois").count(), 2);
    }

    #[test]
    fn what_is_no_token_of_ours_is_told_apart() {
        let world = World::new();
        let code = |text: &str| whois(&world.app, &by(), text).unwrap_err().code;
        let foreign = token::TokenText::new(&Block([7; 16]));
        assert_eq!(code(foreign.as_str()), "token.foreign");
        let damaged = foreign.as_str().get(..30).unwrap();
        assert_eq!(code(damaged), "token.damaged");
        assert_eq!(code("anna@example.com"), "cli.argument");
    }
}
