//! What commands do to a gateway, running or not: each operation is a function over the shared part, in a file of its own.
//!
//! A command beside a running server sends a [`Request`] over the local socket; a command without one opens the gateway
//! itself and calls [`run`]. Either way an answer is JSON that holds no value of anybody; secrets stand only in the
//! answers of `keys create` and `keys signing`, which exist to show one. What changes something leaves a leaf.
//! Nothing here prints.

pub mod audit;
pub mod backup;
pub mod dead;
pub mod erase;
pub mod gap;
pub mod held;
pub mod init;
pub mod keys;
pub mod restore;
pub mod rewrap;
pub mod rotate;
pub mod status;
#[cfg(test)]
pub(crate) mod testing;
pub mod try_route;
pub mod verify;
pub mod whois;

use crate::app::{App, LoadError};
use crate::scan::saved;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use vestibule_core::audit::{Actor, Leaf};
use vestibule_core::id::Mode;
use vestibule_core::problem;
use vestibule_store::StoreError;
use vestibule_vault::VaultError;

/// What a command asks of the gateway.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// The login name of whoever asks; it stands in the leaf.
    pub by: String,
    /// What is asked.
    #[serde(flatten)]
    pub op: Op,
}

/// The operations. Field names and tags are the wire format between a command and a server of the same version.
#[derive(Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Op {
    /// Figures and states.
    Status,
    /// Makes a workflow key.
    KeysCreate(keys::Create),
    /// Lists the workflow keys.
    KeysList,
    /// Revokes a workflow key.
    KeysRevoke {
        /// Its public id.
        id: String,
    },
    /// Shows what deliveries of a route are signed with.
    KeysSigning {
        /// The route in.
        route: String,
    },
    /// Rotates one kind of key, or all.
    Rotate {
        /// `all`, or the name of a kind.
        kind: String,
    },
    /// Puts the key store under another root key.
    RotateRoot {
        /// The file that holds its text.
        file: PathBuf,
    },
    /// Lists dead letters.
    DeadList(dead::Filter),
    /// Sends dead letters again.
    DeadRedeliver(dead::Change),
    /// Throws dead letters away.
    DeadDiscard(dead::Change),
    /// Lets the deliveries of a route go on.
    DeadEnable {
        /// The route in.
        route: String,
    },
    /// Lists held events.
    HeldList,
    /// Lets a held event go on.
    HeldRelease {
        /// The row of the event.
        event: i64,
    },
    /// Drops the held body of an event.
    HeldDrop {
        /// The row of the event.
        event: i64,
    },
    /// Says what a token stands for, without its value.
    Whois {
        /// The token's text.
        token: String,
    },
    /// Erases people.
    Erase {
        /// Whom, each on its own.
        people: Vec<erase::Whom>,
    },
    /// Writes an encrypted copy of the database.
    Backup(backup::Order),
    /// Checks the whole log.
    LogVerify {
        /// A head that was kept outside.
        since: Option<String>,
    },
    /// The newest leaves.
    LogShow {
        /// How many.
        last: u32,
    },
    /// Saves what an audit of a platform account has found, and tells what has changed.
    ScanSave(saved::Save),
    /// What saved audits hold.
    ScanSaved {
        /// One account; absent: all.
        account: Option<String>,
        /// Only what belongs to this person.
        owner: Option<String>,
    },
    /// Erases what is kept of a platform account.
    ScanForget {
        /// Its name in the configuration.
        account: String,
    },
}

/// Why an operation was refused or failed. It never quotes a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OpError {
    /// The stable code.
    pub code: &'static str,
    /// What happened, lower case, no full stop.
    pub message: String,
}

impl OpError {
    /// An error with words of its own.
    pub fn new(code: &'static str, message: impl Into<String>) -> OpError {
        OpError { code, message: message.into() }
    }

    /// A name of such a `kind` that is none of `known`.
    pub fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> OpError {
        let near = problem::closest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        OpError::new("cli.unknown_name", format!("there is no {kind} `{name}`{near}"))
    }

    /// An error in the words of the catalogue.
    pub fn known(code: &'static str) -> OpError {
        OpError::new(code, problem::find(code).map_or(code, |entry| entry.title))
    }
}

impl From<LoadError> for OpError {
    fn from(error: LoadError) -> OpError {
        OpError::new(error.code(), error.to_string())
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> OpError {
        LoadError::from(error).into()
    }
}

impl From<VaultError> for OpError {
    fn from(error: VaultError) -> OpError {
        OpError::new(error.code(), error.to_string())
    }
}

/// Carries out one request.
///
/// # Errors
/// [`OpError`], with nothing changed unless its message says otherwise.
pub fn run(app: &Arc<App>, request: Request) -> Result<Value, OpError> {
    let by = person_of(&request.by);
    match request.op {
        Op::Status => status::status(app),
        Op::KeysCreate(order) => keys::create(app, &by, &order),
        Op::KeysList => keys::list(app),
        Op::KeysRevoke { id } => keys::revoke(app, &by, &id),
        Op::KeysSigning { route } => keys::signing(app, &by, &route),
        Op::Rotate { kind } => rotate::rotate(app, &by, &kind),
        Op::RotateRoot { file } => rotate::root(app, &by, &file),
        Op::DeadList(filter) => dead::list(app, &filter),
        Op::DeadRedeliver(change) => dead::redeliver(app, &by, &change),
        Op::DeadDiscard(change) => dead::discard(app, &by, &change),
        Op::DeadEnable { route } => dead::enable(app, &by, &route),
        Op::HeldList => held::list(app),
        Op::HeldRelease { event } => held::release(app, &by, event),
        Op::HeldDrop { event } => held::discard(app, &by, event),
        Op::Whois { token } => whois::whois(app, &by, &token),
        Op::Erase { people } => Ok(erase::erase_all(app, &by, &people)),
        Op::Backup(order) => backup::backup(app, &by, &order),
        Op::LogVerify { since } => verify::verify(app, since.as_deref()),
        Op::LogShow { last } => audit::show(app, last),
        Op::ScanSave(order) => Ok(saved::save(app, &by, &order)?.json()),
        Op::ScanSaved { account, owner } => {
            let kept = match owner {
                Some(owner) => saved::of_owner(app, account.as_deref(), &owner)?,
                None => saved::saved(app, account.as_deref())?,
            };
            Ok(json!({ "accounts": kept.iter().map(saved::Saved::json).collect::<Vec<_>>() }))
        }
        Op::ScanForget { account } => saved::forget(app, &by, &account),
    }
}

/// Who asks, as it stands in leaves.
#[derive(Clone, Debug)]
pub struct By(pub Actor<'static>);

impl By {
    /// The gateway itself, in its periodic work.
    pub fn itself() -> By {
        By(Actor::Service("jobs".into()))
    }

    /// A leaf about something this person did.
    pub fn leaf<'a>(&self, app: &App, action: &'a str, mode: Mode) -> Leaf<'a> {
        app.leaf(self.0.clone(), action, mode)
    }
}

/// The person of a login name. A name that no system gives stands as `operator`, so that a leaf holds no free text.
pub fn person_of(name: &str) -> By {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let usable = !name.is_empty() && name.len() <= 32 && name.chars().all(plain);
    By(Actor::Person(if usable { name } else { "operator" }.to_owned().into()))
}
