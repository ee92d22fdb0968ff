//! What the store needs from outside: the one computation with a key that must happen inside its transaction.
//!
//! The binary hands it in; no key ever reaches this crate.

/// Computations the store may not do itself.
pub trait Ports: Send + Sync {
    /// The MAC of a leaf of the log over the leaf and the MAC of the leaf before (32 zero bytes before the first).
    fn leaf_mac(&self, previous: &[u8; 32], leaf: &[u8]) -> [u8; 32];
}
