//! Proof types: what has been shown about a value stands in its type.
//!
//! A reveal takes a [`Permit`]; a permit takes a decision and a [`Receipt`]; a receipt exists only for a leaf that is
//! durable in the audit log. So "no audit record, no reveal" is a matter of types (P9). None of these values can be
//! cloned, and a permit is consumed by the one use it is good for.
//!
//! ```compile_fail
//! // a permit cannot be made without a receipt
//! let permit = vestibule_core::stage::Permit { id: 1 };
//! ```
//! ```compile_fail
//! // a receipt cannot be written down by hand
//! let receipt = vestibule_core::stage::Receipt { leaf: 1, at: vestibule_core::clock::Timestamp(0) };
//! ```

use crate::clock::{Span, Timestamp};
use crate::policy::Allowed;

/// Proof that a leaf of the audit log is durable.
pub struct Receipt {
    leaf: i64,
    at: Timestamp,
}

impl Receipt {
    /// Made by the one place that has just seen the transaction of leaf `leaf` commit at `at`; that call site is held
    /// by the source test of the doors between stages.
    pub fn committed(leaf: i64, at: Timestamp) -> Receipt {
        Receipt { leaf, at }
    }

    /// The sequence number of the durable leaf.
    pub fn leaf(&self) -> i64 {
        self.leaf
    }
}

/// A decision already recorded, good for one use within a second of its receipt.
pub struct Permit {
    allowed: Allowed,
    receipt: Receipt,
}

impl Permit {
    /// How long after its receipt a permit may be used.
    pub const LIFETIME: Span = Span::seconds(1);

    /// Joins a decision with the proof that it was recorded.
    pub fn new(allowed: Allowed, receipt: Receipt) -> Permit {
        Permit { allowed, receipt }
    }

    /// What was allowed.
    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// The leaf under which this permit stands in the log.
    pub fn leaf(&self) -> i64 {
        self.receipt.leaf
    }

    /// Whether the permit may still be used at `now`.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.since(self.receipt.at);
        age <= Self::LIFETIME && age >= Span(-Self::LIFETIME.0)
    }
}
