//! How long epoch keys live: R and the restore window, as the configuration says.

use crate::config;
use vestibule_core::clock::Span;

/// The lives of epoch keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySchedule {
    /// R: an epoch key is destroyed at most this many days after its first use.
    pub erasure_days: u32,
    /// How old a backup may be and still be restored.
    pub restore_window_days: u32,
}

impl KeySchedule {
    /// What the configuration says.
    pub fn of(keys: &config::Keys) -> KeySchedule {
        KeySchedule { erasure_days: keys.erasure_days, restore_window_days: keys.restore_window_days }
    }

    /// R as a span.
    pub fn erasure(&self) -> Span {
        Span::days(i64::from(self.erasure_days))
    }

    /// The restore window as a span.
    pub fn restore_window(&self) -> Span {
        Span::days(i64::from(self.restore_window_days))
    }
}
