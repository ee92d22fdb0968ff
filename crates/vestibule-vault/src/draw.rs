//! Randomness, drawn once a request from the system generator.
//!
//! A `getrandom` call costs as much as sealing three fields, so a request asks once for all it needs. There is no pool
//! in user space that a fork or a cloned machine could repeat, and no other source of randomness in this crate.

use crate::error::VaultError;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use vestibule_core::secret::Wiped;

/// Bytes that were drawn together; what is taken is never handed out again. Wiped when dropped.
pub struct Draw {
    bytes: Wiped,
    taken: usize,
}

impl Draw {
    /// Draws `len` bytes in one call.
    ///
    /// # Errors
    /// [`VaultError::Random`] if the system generator refuses.
    pub fn new(len: usize) -> Result<Draw, VaultError> {
        let mut bytes = Wiped::new(vec![0; len]);
        SystemRandom::new().fill(&mut bytes).map_err(|_| VaultError::Random)?;
        Ok(Draw { bytes, taken: 0 })
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`VaultError::DrawExhausted`] if fewer are left: nothing is ever repeated or filled up.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], VaultError> {
        let left = self.bytes.get(self.taken..).unwrap_or_default();
        let chunk = *left.first_chunk::<N>().ok_or(VaultError::DrawExhausted)?;
        self.taken += N;
        Ok(chunk)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// A draw of known bytes, for frozen vectors; no build but this crate's own tests has it.
    #[cfg(test)]
    pub(crate) fn fixed(bytes: Vec<u8>) -> Draw {
        Draw { bytes: Wiped::new(bytes), taken: 0 }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_draw_never_repeats_and_never_fills_up() {
        let mut draw = Draw::new(40).unwrap();
        let (a, b) = (draw.take::<16>().unwrap(), draw.take::<16>().unwrap());
        assert_ne!(a, b);
        assert_eq!(draw.left(), 8);
        assert!(matches!(draw.take::<9>(), Err(VaultError::DrawExhausted)));
        assert!(draw.take::<8>().is_ok());
        assert!(matches!(draw.take::<1>(), Err(VaultError::DrawExhausted)));
    }
}
