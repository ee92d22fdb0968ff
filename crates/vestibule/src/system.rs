//! The system clock: the one place where the product asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};
use vestibule_core::clock::{Clock, Timestamp};

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        Timestamp(millis)
    }
}

/// A moment as people read it: `2026-11-22T10:15:30Z`, in UTC.
pub fn display(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| format!("{} ms", at.0), |moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
