//! Accounts at automation platforms, read over their APIs with tokens that can only read.
//!
//! [`fetch`] hands on one file for each scenario, in the form that the readers of `vestibule-scan` know: the scenario as the
//! platform keeps it, with what an export does not hold, such as the protection of its webhook, its owner and its last run.
//! Nothing is written: every request is a `GET`. Files exist in memory only, one at a time, and are called by number, so
//! that no name of a scenario becomes part of a path. Both clients were built against recorded answers shaped after the
//! vendors' documentation; they have not met a live account.

mod call;
mod error;
mod json;
mod make;
mod n8n;

pub use call::{Pause, Sleep, Waiting};
pub use error::LiveError;

use crate::app::{LoadError, secrets};
use crate::config::{AccountAt, ScanAccount};
use crate::files;
use crate::net::outbound::{Client, OutboundLimits, Target};
use crate::net::tls::ClientTls;
use call::Api;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::time::Duration;
use vestibule_core::clock::{Clock, Span};
use zeroize::Zeroizing;

/// Scenarios that are read of one account.
pub const MOST_SCENARIOS: usize = 5_000;
/// Bytes of one answer.
const MOST_ANSWER: usize = 24 << 20;
/// How long all of one account may take. Make lets its smallest plan ask 60 times a minute.
const MOST_TIME: Span = Span::hours(4);

/// One scenario of an account.
#[derive(Clone, Debug)]
pub struct AccountFile {
    /// `ACCOUNT/ID.json`: stays the same for as long as the scenario exists, whatever it is called.
    pub name: String,
    /// The envelope that the readers know.
    pub bytes: Vec<u8>,
    /// What the scenario is called.
    pub scenario: String,
    /// The mail address, name or number of the person it belongs to.
    pub owner: Option<String>,
}

/// What came of reading an account.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// The account's name in the configuration.
    pub account: String,
    /// `make` or `n8n`.
    pub platform: &'static str,
    /// The host that answered.
    pub host: String,
    /// Scenarios handed on.
    pub read: usize,
    /// Scenarios that the platform has and did not give: the name their file would have, and why.
    pub unread: Vec<(String, String)>,
    /// What could not be seen, in sentences for people: rights that the token lacks, and bounds that were met.
    pub notes: Vec<String>,
    /// Every scenario of the account was handed on or stands in `unread`.
    pub complete: bool,
}

/// What fetching depends on besides the account.
pub struct How<'h> {
    /// Where the time comes from.
    pub clock: &'h dyn Clock,
    /// How to wait before the next try.
    pub pause: &'h dyn Pause,
    /// Bounds of one request.
    pub limits: OutboundLimits,
}

impl<'h> How<'h> {
    /// Ordinary bounds, and waiting as the system does.
    pub fn ordinary(clock: &'h dyn Clock) -> How<'h> {
        let limits = OutboundLimits {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            total: Duration::from_secs(120),
            body: MOST_ANSWER,
        };
        How { clock, pause: &Sleep, limits }
    }
}

/// The account with this name.
///
/// # Errors
/// [`LiveError::Unknown`] names those there are.
pub fn find<'c>(accounts: &'c [ScanAccount], name: &str) -> Result<&'c ScanAccount, LiveError> {
    accounts.iter().find(|account| account.name == name).ok_or_else(|| {
        let known: Vec<String> = accounts.iter().map(|account| format!("`{}`", account.name)).collect();
        LiveError::Unknown { name: name.to_owned(), known: known.join(", ") }
    })
}

/// Reads an account and hands on its scenarios one by one. It brings a runtime of its own, so it must not be called from
/// a task; a job calls it on a thread for blocking work.
///
/// # Errors
/// [`LiveError`], where nothing of the account, or nothing more of it, could be read. What one scenario alone refuses
/// stands in [`Fetched::unread`].
pub fn fetch(account: &ScanAccount, how: &How<'_>, take: &mut dyn FnMut(AccountFile)) -> Result<Fetched, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| LiveError::Runtime(error.kind().to_string()))?;
    runtime.block_on(read(account, how, take))
}

async fn read(account: &ScanAccount, how: &How<'_>, take: &mut dyn FnMut(AccountFile)) -> Result<Fetched, LiveError> {
    let client = Client::new();
    let target = target(account, how)?;
    let host = target.host().to_owned();
    let until = how.clock.now().plus(MOST_TIME);
    let api = Api { client: &client, target, credential: credential(account)?, clock: how.clock, pause: how.pause, until };
    let mut fetched =
        Fetched { account: account.name.clone(), platform: account.platform(), host, complete: true, ..Fetched::default() };
    match &account.at {
        AccountAt::Make { team, .. } => make::read(&api, *team, &mut fetched, take).await?,
        AccountAt::N8n { url } => n8n::read(&api, url.base_path(), &mut fetched, take).await?,
    }
    Ok(fetched)
}

fn target(account: &ScanAccount, how: &How<'_>) -> Result<Target, LoadError> {
    let tls = match &account.ca {
        Some(path) => {
            let pem = files::read(path).map_err(|error| LoadError::File { path: path.clone(), error })?;
            ClientTls::with_ca(&pem)?
        }
        None => ClientTls::platform()?,
    };
    Ok(Target::new(account.origin(), account.address, tls, how.limits)?)
}

/// The header that carries the token. It is read for each run, so a token that was exchanged works at once.
fn credential(account: &ScanAccount) -> Result<(HeaderName, HeaderValue), LoadError> {
    let token = secrets::resolve(&account.token).map_err(|error| error.at(format!("[scan.account.{}]", account.name)))?;
    let (name, text) = match account.at {
        AccountAt::Make { .. } => (AUTHORIZATION, Zeroizing::new(format!("Token {}", token.expose()))),
        AccountAt::N8n { .. } => (HeaderName::from_static("x-n8n-api-key"), Zeroizing::new(token.expose().clone())),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| LoadError::Secret {
        reference: account.token.to_string(),
        why: "it holds characters that no header may carry".into(),
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

impl Fetched {
    /// Where the scenario with this number goes.
    fn file(&self, id: &str) -> String {
        format!("{}/{id}.json", self.account)
    }

    /// Counts a scenario that the platform did not give.
    fn miss(&mut self, id: &str, why: &LiveError) {
        self.unread.push((self.file(id), why.to_string()));
    }
}
