//! What stands in the log about a call: one leaf before anything is revealed, one about how it ended.

use super::refuse::Refused;
use super::tokens::{Draft, Keys, Opened};
use crate::app::destination::Destination;
use crate::app::keys::Principal;
use crate::app::worker::Worker;
use std::sync::Arc;
use vestibule_core::audit::{Actor, Direction, Leaf};
use vestibule_core::stage::Receipt;
use vestibule_store::{ReceiptReply, Refusal};

/// Fingerprints of at most this many tokens go into one leaf; the rest is counted.
const FINGERPRINTS: usize = 256;

/// Who calls what.
pub struct Caller {
    /// The workflow.
    pub principal: Arc<Principal>,
    /// The name of the destination's route.
    pub route: String,
    /// The request's id.
    pub request: String,
}

impl Caller {
    /// A leaf of this call, to be filled in.
    pub fn leaf<'a>(&'a self, worker: &Worker, action: &'a str) -> Leaf<'a> {
        let actor = Actor::Workflow(self.principal.workflow.as_str().into(), self.principal.key.as_str().into());
        let mut leaf = worker.app.leaf(actor, action, self.principal.mode);
        leaf.route = self.route.as_str().into();
        leaf.direction = Direction::Out;
        leaf.request = self.request.as_str().into();
        leaf
    }
}

/// Records what is about to be revealed. The receipt exists only when the leaf is durable, and when key, grants and
/// subjects stood in the same transaction (P9, P11, P12).
pub(super) async fn record(
    worker: &Worker,
    caller: &Caller,
    draft: &Draft<'_>,
    opened: &Opened,
    keys: &Keys,
    destination: &Destination,
    grant_revision: u64,
) -> Result<Receipt, Refused> {
    // a block, so that only the bytes of the leaf are kept while the commit is waited for
    let job = {
        let action = if draft.sites.is_empty() { "call" } else { "reveal" };
        let mut leaf = caller.leaf(worker, action);
        leaf.host = destination.target.shown().into();
        leaf.fields = draft.field_names();
        let keyring = worker.app.keeper.keyring();
        leaf.tokens.reserve_exact(draft.sites.len().min(FINGERPRINTS));
        for site in draft.sites.iter().take(FINGERPRINTS) {
            leaf.tokens.push(keyring.fingerprint_token(&site.block.0)?);
        }
        leaf.others = u32::try_from(draft.sites.len().saturating_sub(FINGERPRINTS)).unwrap_or(u32::MAX);
        leaf.subjects = keys.pseudonyms();
        vestibule_store::Receipt {
            now: leaf.at,
            leaf: leaf.to_bytes(),
            key: Some((caller.principal.key.clone(), caller.principal.revision)),
            subjects: opened.subjects(),
            grant_revision,
        }
    };
    match worker.write(job).await? {
        ReceiptReply::Committed { leaf } => Ok(Receipt::committed(leaf, worker.app.clock.now())),
        ReceiptReply::Refused(refusal) => Err(Refused::new(match refusal {
            Refusal::KeyRevoked | Refusal::KeyExpired | Refusal::KeyChanged => "key.refused",
            Refusal::SubjectErased => "token.erased",
            Refusal::GrantChanged => "grant.changed",
        })),
    }
}

/// How the call ended. Nothing waits for this leaf: without it, the call counts as revealed.
pub(super) fn outcome(worker: &Worker, caller: &Caller, refers: i64, host: &str, code: &str, status: u16) {
    let leaf = outcome_leaf(worker, caller, refers, host, code, status);
    worker.append_later(&leaf);
}

/// The leaf of [`outcome`].
pub(super) fn outcome_leaf<'a>(
    worker: &Worker,
    caller: &'a Caller,
    refers: i64,
    host: &'a str,
    code: &'a str,
    status: u16,
) -> Leaf<'a> {
    let mut leaf = caller.leaf(worker, "call.end");
    leaf.host = host.into();
    leaf.outcome = code.into();
    leaf.status = status;
    leaf.refers = refers;
    leaf
}
