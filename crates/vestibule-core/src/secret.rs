//! Values that must not be printed, copied by accident or left in memory.
//!
//! A `Secret` has no `Debug` of its contents, no `Clone`, no `Serialize` and is wiped when dropped. The one way to its
//! contents is [`Secret::expose`]; the call sites of that function are a short list held by a test.

use std::fmt;
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
