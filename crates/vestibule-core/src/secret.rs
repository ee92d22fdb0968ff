//! Values that must not be printed, copied by accident or left in memory.
//!
//! A `Secret` has no `Debug` of its contents, no `Clone`, no `Serialize` and is wiped when dropped. The one way to its
//! contents is [`Secret::expose`]; the call sites of that function are a short list held by a test.

use std::fmt;
use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// A wiped-on-drop value whose contents are only reachable by [`Secret::expose`].
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    /// The value itself. Every call site is listed in the source test of rule 3.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Bytes that are wiped when dropped, those of the spare capacity too. `Zeroizing<Vec<u8>>` would do the same, one byte at a time,
/// which for the values of a call or the pages of a file is too slow. A vector that grows leaves what it held before behind: give it
/// its capacity first, or [`Wiped::append`].
#[derive(Default)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// Takes bytes into custody.
    pub fn new(bytes: Vec<u8>) -> Wiped {
        Wiped(bytes)
    }

    /// Appends bytes; where there is no room, all move to a wider place, and the old one is wiped.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut wider = Vec::with_capacity((self.0.len() + bytes.len()) * 2);
            wider.extend_from_slice(&self.0);
            *self = Wiped(wider);
        }
        self.0.extend_from_slice(bytes);
    }

    fn wipe(&mut self) {
        self.0.spare_capacity_mut().zeroize();
        self.0.as_mut_slice().zeroize();
    }
}

impl Zeroize for Wiped {
    fn zeroize(&mut self) {
        self.wipe();
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_wiped_in_place() {
        let mut bytes = Wiped::new(b"dana@example.com".to_vec());
        assert_eq!(format!("{bytes:?}"), "Wiped(..)");
        bytes.wipe();
        assert_eq!(**bytes, [0; 16]);
        bytes.zeroize();
        assert!(bytes.is_empty());
    }

    #[test]
    fn what_is_appended_follows_what_was_there() {
        let mut bytes = Wiped::new(Vec::with_capacity(4));
        for piece in [&b"dana"[..], b"", b"@", b"example.com"] {
            bytes.append(piece);
        }
        assert_eq!(**bytes, *b"dana@example.com");
    }
}
