//! The encoding of contexts: what a key, a ciphertext or a MAC is bound to.
//!
//! `LP(version) LP(purpose) LP(part) …` where LP is a big-endian u32 length and the bytes. Two different lists of parts
//! never encode to the same bytes: no JSON, no separators, nothing optional. What the parts are is each module's matter.

use crate::labels::CONTEXT_VERSION;

/// A context under construction.
#[derive(PartialEq, Eq)]
pub(crate) struct Context(Vec<u8>);

impl Context {
    /// A context that starts with the encoding's version and a purpose from [`crate::labels`].
    pub(crate) fn new(purpose: &[u8]) -> Context {
        let mut bytes = Vec::with_capacity(160);
        lp(&mut bytes, CONTEXT_VERSION);
        lp(&mut bytes, purpose);
        Context(bytes)
    }

    /// The context with one more part.
    pub(crate) fn with(mut self, part: &[u8]) -> Context {
        lp(&mut self.0, part);
        self
    }

    /// The context with more parts, in order.
    pub(crate) fn with_all(mut self, parts: &[&[u8]]) -> Context {
        for part in parts {
            lp(&mut self.0, part);
        }
        self
    }

    /// Adds a part in place.
    pub(crate) fn push(&mut self, part: &[u8]) {
        lp(&mut self.0, part);
    }

    /// How many bytes there are, to come back to with [`Context::truncate`].
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes back to an earlier length.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// The encoded bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Appends a length-prefixed part. Callers bound their inputs far below 4 GiB, so the length never saturates.
pub(crate) fn lp(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoding_is_frozen() {
        let context = Context::new(b"x").with(b"ab").with(b"");
        assert_eq!(context.bytes(), [0, 0, 0, 1, 1, 0, 0, 0, 1, b'x', 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn different_parts_encode_differently(
            a in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..4), 0..4),
            b in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..4), 0..4),
        ) {
            let encode = |parts: &[Vec<u8>]| {
                parts.iter().fold(Context::new(b"p"), |context, part| context.with(part)).0
            };
            prop_assert_eq!(a == b, encode(&a) == encode(&b));
        }
    }
}
