//! Hashing for tables that are compiled in and asked for every value of a file.
//!
//! It is quick and no protection: nobody can add keys to such a table, so that keys chosen to collide gain nothing. It is not for maps
//! that are filled from a file.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map of constants.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;
/// A set of constants.
pub(crate) type Set<K> = HashSet<K, BuildHasherDefault<Quick>>;

/// Eight bytes at a time, each multiplied in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.add(rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // the low bits of a product depend on few bits of the key, and tables use the low bits
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher as _;

    fn hash(text: &str) -> u64 {
        BuildHasherDefault::<Quick>::default().hash_one(text)
    }

    #[test]
    fn like_words_spread_over_a_table() {
        let slots: Set<u64> = (0..1_000).map(|at| hash(&format!("field name {at}")) & 0x0fff).collect();
        assert!(slots.len() > 700, "{}", slots.len());
        assert_ne!(hash("a"), hash("a\0"));
        assert_ne!(hash("ab"), hash("ba"));
    }
}
