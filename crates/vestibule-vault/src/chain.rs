//! MACs of the audit log and of authority rows.
//!
//! A leaf's MAC covers the MAC of its predecessor, so a writer of the database can neither edit, drop, reorder nor cut
//! leaves unnoticed down to the last head that is kept elsewhere. What a leaf says, and where heads are kept, is not
//! decided here. Leaf hashes are those of RFC 6962, section 2.1, and need no key.

use crate::bytes::prefix;
use crate::context::Context;
use crate::keyring::{Keyring, Versions};
use crate::labels;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};

impl Keyring {
    /// The MAC of a leaf whose predecessor's MAC is `previous` (zeros for the first leaf of an origin).
    pub fn leaf_mac(&self, previous: &[u8; 32], leaf: &[u8]) -> [u8; 32] {
        let (_, key) = self.audit.active();
        sign(key, &leaf_context(previous, leaf))
    }

    /// Whether `mac` is a leaf's, under any live version of the audit key.
    pub fn leaf_mac_verify(&self, previous: &[u8; 32], leaf: &[u8], mac: &[u8; 32]) -> bool {
        any(&self.audit, &leaf_context(previous, leaf), mac)
    }

    /// The MAC of a head: the log's origin, its number of leaves and the newest leaf's MAC.
    pub fn head_mac(&self, origin: &[u8; 16], size: u64, mac: &[u8; 32]) -> [u8; 32] {
        let (_, key) = self.audit.active();
        sign(key, &head_context(origin, size, mac))
    }

    /// Whether `head` is the MAC of that head, under any live version of the audit key.
    pub fn head_mac_verify(&self, origin: &[u8; 16], size: u64, mac: &[u8; 32], head: &[u8; 32]) -> bool {
        any(&self.audit, &head_context(origin, size, mac), head)
    }

    /// The MAC of an authority row (a key, a scope, a grant, a revocation): the table's label and its columns.
    pub fn authority_mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 16] {
        let (_, key) = self.authority.active();
        sign(key, &authority_context(label, parts))
    }

    /// Whether an authority row is as it was written, under any live version of the key.
    pub fn authority_mac_verify(&self, label: &str, parts: &[&[u8]], mac: &[u8; 16]) -> bool {
        any(&self.authority, &authority_context(label, parts), mac)
    }
}

/// The RFC 6962 hash of a leaf: SHA-256 over a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&[0]);
    hash.update(leaf);
    prefix(hash.finish().as_ref())
}

fn leaf_context(previous: &[u8; 32], leaf: &[u8]) -> Context {
    Context::new(labels::LEAF).with(previous).with(leaf)
}

fn head_context(origin: &[u8; 16], size: u64, mac: &[u8; 32]) -> Context {
    Context::new(labels::HEAD).with(origin).with(&size.to_be_bytes()).with(mac)
}

fn authority_context(label: &str, parts: &[&[u8]]) -> Context {
    Context::new(labels::AUTHORITY).with(label.as_bytes()).with_all(parts)
}

fn sign<const N: usize>(key: &hmac::Key, context: &Context) -> [u8; N] {
    prefix(hmac::sign(key, context.bytes()).as_ref())
}

fn any<const N: usize>(keys: &Versions<hmac::Key>, context: &Context, mac: &[u8; N]) -> bool {
    keys.iter().any(|(_, key)| verify_slices_are_equal(&sign::<N>(key, context), mac).is_ok())
}
