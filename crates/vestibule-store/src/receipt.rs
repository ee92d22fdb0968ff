//! The receipt of a reveal: a leaf that is durable before a byte leaves, written only while key, grants and subjects
//! still stand.
//!
//! It is one transaction with the revocations and erasures beside it: after the answer to one of those, no receipt for
//! what it ended is ever given.

use crate::{Job, StoreError, Tx, meta, subject};
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{SubjectNumber, SubjectRow};

/// Asks for a reveal to be put on record.
pub struct Receipt {
    /// When.
    pub now: Timestamp,
    /// The leaf.
    pub leaf: Vec<u8>,
    /// Identifier and revision of the workflow key, as it was when the call was authenticated.
    pub key: Option<(String, u64)>,
    /// Every subject that is revealed.
    pub subjects: Vec<(SubjectRow, SubjectNumber)>,
    /// Revision of the grants that the decision was made under.
    pub grant_revision: u64,
}

/// The answer to a [`Receipt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptReply {
    /// On record and durable.
    Committed {
        /// Number of the leaf.
        leaf: i64,
    },
    /// Nothing was written and nothing may be revealed.
    Refused(Refusal),
}

/// Why there is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key was revoked or does not exist.
    KeyRevoked,
    /// The key has expired.
    KeyExpired,
    /// The key was changed since the call was authenticated.
    KeyChanged,
    /// A subject has been erased.
    SubjectErased,
    /// The grants were changed since the decision.
    GrantChanged,
}

impl Job for Receipt {
    type Reply = ReceiptReply;
    fn run(&self, tx: &mut Tx<'_>) -> Result<ReceiptReply, StoreError> {
        if self.grant_revision != tx.memory.grant_revision {
            return Ok(ReceiptReply::Refused(Refusal::GrantChanged));
        }
        if let Some((id, revision)) = &self.key
            && let Some(refusal) = key_refusal(tx, id, *revision, self.now)
        {
            return Ok(ReceiptReply::Refused(refusal));
        }
        for (row, number) in &self.subjects {
            if !subject::stands(tx, *row, *number)? {
                return Ok(ReceiptReply::Refused(Refusal::SubjectErased));
            }
        }
        Ok(ReceiptReply::Committed { leaf: tx.append(&self.leaf)? })
    }
}

fn key_refusal(tx: &Tx<'_>, id: &str, revision: u64, now: Timestamp) -> Option<Refusal> {
    match tx.memory.keys.find(id) {
        None => Some(Refusal::KeyRevoked),
        Some(key) if key.revoked => Some(Refusal::KeyRevoked),
        Some(key) if key.expires <= now => Some(Refusal::KeyExpired),
        Some(key) if key.revision != revision => Some(Refusal::KeyChanged),
        Some(_) => None,
    }
}

/// Sets the revision of the grants: from its answer on, decisions made under another one get no receipt.
pub struct SetGrantRevision {
    /// The new revision.
    pub revision: u64,
}

impl Job for SetGrantRevision {
    type Reply = ();
    fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        meta::set_grant_revision(tx.conn, self.revision)?;
        tx.memory.grant_revision = self.revision;
        Ok(())
    }
}
