//! How long keys live: R and the restore window, as the configuration says, kept where the periodic work finds them.
//!
//! They stand in the database under the authority's MAC. Whoever writes to the database can put an older pair back, not
//! a new one; a pair that does not verify counts as the strict default.

use crate::app::{App, LoadError};
use crate::config;
use vestibule_core::clock::Span;
use vestibule_store::SetMeta;

/// The meta value and the label of its MAC.
const NAME: &str = "key-schedule";

/// The lives of epoch keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// R: an epoch key is destroyed at most this many days after its first use.
    pub erasure_days: u32,
    /// How old a backup may be and still be restored.
    pub restore_window_days: u32,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { erasure_days: 30, restore_window_days: 14 }
    }
}

impl Schedule {
    /// R as a span.
    pub fn erasure(&self) -> Span {
        Span::days(i64::from(self.erasure_days))
    }

    /// The restore window as a span.
    pub fn restore_window(&self) -> Span {
        Span::days(i64::from(self.restore_window_days))
    }

    fn bytes(self) -> [u8; 8] {
        let [a, b, c, d] = self.erasure_days.to_be_bytes();
        let [e, f, g, h] = self.restore_window_days.to_be_bytes();
        [a, b, c, d, e, f, g, h]
    }

    fn from_bytes(bytes: [u8; 8]) -> Schedule {
        let [a, b, c, d, e, f, g, h] = bytes;
        Schedule { erasure_days: u32::from_be_bytes([a, b, c, d]), restore_window_days: u32::from_be_bytes([e, f, g, h]) }
    }
}

/// Takes over what the configuration says. Called whenever a configuration is loaded.
pub fn set(app: &App, keys: &config::Keys) -> Result<(), LoadError> {
    let wanted = Schedule { erasure_days: keys.erasure_days, restore_window_days: keys.restore_window_days };
    if stored(app)? == Some(wanted) {
        return Ok(());
    }
    let bytes = wanted.bytes();
    let mac = app.keeper.keyring().authority_mac(NAME, &[&bytes]);
    app.writer.call(SetMeta { name: NAME.into(), value: [&bytes[..], &mac[..]].concat() })?;
    Ok(())
}

/// The schedule in force.
pub fn schedule(app: &App) -> Result<Schedule, LoadError> {
    Ok(stored(app)?.unwrap_or_default())
}

fn stored(app: &App) -> Result<Option<Schedule>, LoadError> {
    let Some(value) = app.store.reader()?.meta(NAME)? else { return Ok(None) };
    let Some((bytes, mac)) = value.split_first_chunk::<8>() else { return Ok(None) };
    let fits = mac.try_into().is_ok_and(|mac| app.keeper.keyring().authority_mac_verify(NAME, &[bytes], mac));
    Ok(fits.then(|| Schedule::from_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ops::testing::World;

    #[test]
    fn what_was_not_written_here_counts_as_the_default() {
        let world = World::new();
        let mut keys = world.config.keys.clone();
        keys.erasure_days = 60;
        set(&world.app, &keys).unwrap();
        assert_eq!(schedule(&world.app).unwrap().erasure_days, 60);
        let forged = [Schedule { erasure_days: 9999, restore_window_days: 1 }.bytes().as_slice(), &[0; 16]].concat();
        world.app.writer.call(SetMeta { name: NAME.into(), value: forged }).unwrap();
        assert_eq!(schedule(&world.app).unwrap(), Schedule::default());
    }
}
