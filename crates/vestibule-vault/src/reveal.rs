//! Reveal: the only way from sealed slots to plaintext.
//!
//! [`Keyring::reveal`] wants a fresh [`Permit`], which exists only with the receipt of a durable audit leaf, and opens
//! only slots that the permit names, each only with the random part of its own token. What it returns has no accessor,
//! no `Debug` and no `Clone`; [`Revealed::into_wire`] consumes it together with the permit, lends the values to the one
//! function that composes the outgoing request, and wipes them. If one slot fails, nothing is revealed.

use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::record::{PackedRecord, SlotContext, ValueKind, open_slot};
use crate::sealbox::MessageKey;
use crate::subject::SubjectKey;
use crate::token::TokenRef;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::ops::Range;
use std::sync::Arc;
use vestibule_core::clock::Timestamp;
use vestibule_core::id::{RecordNo, Slot};
use vestibule_core::secret::Wiped;
use vestibule_core::stage::Permit;

/// One token to open, with the row it lies in.
pub struct Open<'a> {
    /// The key of the row's subject.
    pub key: &'a SubjectKey,
    /// The row's first record number.
    pub first: RecordNo,
    /// The row.
    pub packed: &'a PackedRecord,
    /// What the token names.
    pub token: TokenRef,
}

/// Plaintext that nobody can look at yet. In the order of the tokens.
pub struct Revealed {
    buffer: Wiped,
    values: Vec<(ValueKind, u16, Range<usize>)>,
    leaf: i64,
}

/// A value lent to the composer of a request.
pub struct PlainValue<'a> {
    /// What it was in its document.
    pub kind: ValueKind,
    /// The category's stored code.
    pub category: u16,
    /// The value.
    pub bytes: &'a [u8],
}

/// Why no request was composed.
#[derive(Debug, thiserror::Error)]
pub enum WireError<E> {
    /// The permit is older than a second.
    #[error("the permit is no longer fresh")]
    Stale,
    /// The values were opened under another permit.
    #[error("the values were opened under another permit")]
    OtherPermit,
    /// The composer refused.
    #[error("the request could not be composed")]
    Compose(E),
}

impl Keyring {
    /// Opens the slots of these tokens under a permit.
    ///
    /// # Errors
    /// [`VaultError::PermitStale`], [`VaultError::NotPermitted`], [`VaultError::TokenMismatch`] if the row does not hold
    /// the slot or its random part differs, [`VaultError::Sealed`] for anything that does not open.
    pub fn reveal(&self, permit: &Permit, now: Timestamp, opens: &[Open<'_>]) -> Result<Revealed, VaultError> {
        if !permit.is_fresh(now) {
            return Err(VaultError::PermitStale);
        }
        let allowed = permit.allowed();
        open_all(opens, |record, slot| allowed.opens(record, slot), permit.leaf())
    }
}

impl Revealed {
    /// Consumes values and permit: `compose` sees the values once and makes the bytes that go out.
    ///
    /// # Errors
    /// [`WireError`]; `compose` does not run unless the permit is fresh and the one the values were opened under.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is good for one use")]
    pub fn into_wire<W, E>(
        self,
        permit: Permit,
        now: Timestamp,
        compose: impl FnOnce(&[PlainValue<'_>]) -> Result<W, E>,
    ) -> Result<W, WireError<E>> {
        if permit.leaf() != self.leaf {
            return Err(WireError::OtherPermit);
        }
        if !permit.is_fresh(now) {
            return Err(WireError::Stale);
        }
        compose(&self.plain()).map_err(WireError::Compose)
    }

    fn plain(&self) -> Vec<PlainValue<'_>> {
        self.values
            .iter()
            .map(|(kind, category, range)| PlainValue {
                kind: *kind,
                category: *category,
                bytes: self.buffer.get(range.clone()).unwrap_or_default(),
            })
            .collect()
    }
}

/// A row being opened: the key of each record in it is derived once for all tokens that lie there.
struct Current<'a> {
    packed: &'a PackedRecord,
    first: RecordNo,
    subject: *const SubjectKey,
    keys: Vec<(RecordNo, Arc<MessageKey>, SlotContext)>,
}

fn open_all(opens: &[Open<'_>], may_open: impl Fn(RecordNo, Slot) -> bool, leaf: i64) -> Result<Revealed, VaultError> {
    // Everything that needs no key comes first, so that a refusal has touched nothing.
    if !opens.iter().all(|open| may_open(open.token.record, open.token.slot)) {
        return Err(VaultError::NotPermitted);
    }
    let mut rows: Vec<Current<'_>> = Vec::with_capacity(1);
    let mut plan = Vec::with_capacity(opens.len());
    let mut total = 0;
    for open in opens {
        let known = rows.iter().position(|row| row.is_for(open));
        let at = match known {
            Some(at) => at,
            None => {
                rows.push(Current::new(open));
                rows.len() - 1
            }
        };
        let row = rows.get(at).ok_or(VaultError::Primitive)?;
        let slot = row.packed.slot(open.first, open.token.record, open.token.slot).ok_or(VaultError::TokenMismatch)?;
        verify_slices_are_equal(&slot.random, &open.token.random).map_err(|_| VaultError::TokenMismatch)?;
        total += slot.padded_len();
        plan.push((open, at, slot));
    }
    let mut buffer = Wiped::new(vec![0; total]);
    let mut values = Vec::with_capacity(opens.len());
    let mut rest = buffer.as_mut_slice();
    let mut start = 0;
    for (open, at, slot) in plan {
        let row = rows.get_mut(at).ok_or(VaultError::Primitive)?;
        let (out, after) = rest.split_at_mut_checked(slot.padded_len()).ok_or(VaultError::Primitive)?;
        rest = after;
        let (key, context) = row.record(open)?;
        let len = open_slot(key, context, open.token.slot, &slot, out)?;
        values.push((slot.kind, slot.category, start + 4..start + 4 + len));
        start += slot.padded_len();
    }
    Ok(Revealed { buffer, values, leaf })
}

impl<'a> Current<'a> {
    fn new(open: &Open<'a>) -> Current<'a> {
        Current { packed: open.packed, first: open.first, subject: open.key, keys: Vec::with_capacity(1) }
    }

    fn is_for(&self, open: &Open<'_>) -> bool {
        std::ptr::eq(self.packed, open.packed) && std::ptr::eq(self.subject, open.key) && self.first == open.first
    }

    fn record(&mut self, open: &Open<'_>) -> Result<(&MessageKey, &mut SlotContext), VaultError> {
        let record = open.token.record;
        let at = match self.keys.iter().position(|(known, ..)| *known == record) {
            Some(at) => at,
            None => {
                let key = self.packed.key(open.key, open.first, record)?;
                let context = SlotContext::new(open.key, record);
                self.keys.push((record, key, context));
                self.keys.len() - 1
            }
        };
        let (_, key, context) = self.keys.get_mut(at).ok_or(VaultError::Primitive)?;
        Ok((key, context))
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Opening without a permit, for this crate's own tests only.
    use super::*;

    /// Kind, category and value of each token, with everything permitted.
    pub(crate) fn open(opens: &[Open<'_>]) -> Result<Vec<(ValueKind, u16, Vec<u8>)>, VaultError> {
        open_where(opens, |_, _| true)
    }

    /// The same for chosen slots.
    pub(crate) fn open_where(
        opens: &[Open<'_>],
        may_open: impl Fn(RecordNo, Slot) -> bool,
    ) -> Result<Vec<(ValueKind, u16, Vec<u8>)>, VaultError> {
        let revealed = open_all(opens, may_open, 1)?;
        let values = revealed.plain();
        Ok(values.iter().map(|value| (value.kind, value.category, value.bytes.to_vec())).collect())
    }
}
