//! The protected fields of one event, sealed slot by slot and packed in one row.
//!
//! ```text
//! row    = 0x01 | records u16 | record…
//! record = slots u16 (1 to 256) | salt 24 | commitment 32 | slot…
//! slot   = kind u8 | category u16 | random 6 | field length u8 | field | sealed length u32 | sealed
//! sealed = AES-256-GCM(key, base nonce XOR slot number, length u32 | value | zeros) | tag 16
//!
//! record context = LP(1) LP("record") LP(scope) LP(subject) LP(DEK id) LP(record number u64) LP(slots u16)
//! slot context   = LP(1) LP("slot")   LP(scope) LP(subject) LP(DEK id) LP(record number u64) LP(slot u8) LP(slot header)
//! ```
//! Integers are big-endian. Key, base nonce and commitment come from the subject's key over salt and record context (see
//! `sealbox`); the slot context, with every header byte, is the associated data. The plaintext is padded to
//! 16, 32, 64, 128 … bytes. The n-th record of a row has the n-th record number after the row's first, so a row of an
//! event with more than 256 fields takes consecutive numbers. Slots without a value can be sealed too; whether one was
//! given does not show. Opening is [`crate::reveal`]'s matter: here is only what needs no permit.

use crate::bytes::Reader;
use crate::context::Context;
use crate::draw::Draw;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::labels;
use crate::sealbox::{COMMITMENT, MessageKey, SALT, SALT_DRAW, TAG};
use crate::subject::SubjectKey;
use std::ops::Range;
use std::sync::Arc;
use vestibule_core::id::{RecordNo, Slot};

const FORMAT: u8 = 1;
/// Slots of one record.
pub const SLOTS: usize = 256;
/// Where the name of the field begins in a slot's header.
const NAME: usize = 10;
/// The longest value of one slot, in bytes; a larger one belongs in a file.
pub const MAX_VALUE: usize = 64 << 20;

/// What a value was in its document, so that it comes back as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ValueKind {
    /// A string; the value is its text.
    String = 1,
    /// A number; the value is its text, unchanged.
    Number = 2,
    /// The literal `true` or `false`.
    Bool = 3,
    /// The name of a member.
    Name = 4,
    /// A whole JSON subtree, unchanged.
    Json = 5,
    /// The bytes of a file.
    Bytes = 6,
}

impl ValueKind {
    fn from_code(code: u8) -> Option<ValueKind> {
        Some(match code {
            1 => ValueKind::String,
            2 => ValueKind::Number,
            3 => ValueKind::Bool,
            4 => ValueKind::Name,
            5 => ValueKind::Json,
            6 => ValueKind::Bytes,
            _ => return None,
        })
    }
}

/// One value to seal, with the header that stands readable beside it.
pub struct SlotValue<'a> {
    /// The category's stored code.
    pub category: u16,
    /// The configured name of the field, at most 255 bytes; never data.
    pub field: &'a str,
    /// What the value was.
    pub kind: ValueKind,
    /// The random part that the slot's token carries too.
    pub random: [u8; 6],
    /// The value; empty for a slot that is present only so that its absence does not show.
    pub value: &'a [u8],
}

/// Random bytes that sealing `fields` fields takes, the random parts of their tokens included.
pub const fn draw_len(fields: usize) -> usize {
    fields.div_ceil(SLOTS) * SALT_DRAW + fields * 6
}

/// How many record numbers `fields` fields take.
pub const fn records(fields: usize) -> usize {
    fields.div_ceil(SLOTS)
}

/// Where field `index` of a row that starts at `first` lies.
pub fn place(first: RecordNo, index: usize) -> Option<(RecordNo, Slot)> {
    let record = first.offset(u64::try_from(index / SLOTS).ok()?)?;
    Some((record, Slot(u8::try_from(index % SLOTS).ok()?)))
}

impl Keyring {
    /// Seals the fields of one event as a row; takes 32 random bytes for each 256 fields or part of them.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] for a field id over 255 bytes, a value over [`MAX_VALUE`] or too many fields;
    /// [`VaultError::RecordNotCovered`] if the record numbers run out; [`VaultError::DrawExhausted`].
    pub fn seal_record(
        &self,
        key: &SubjectKey,
        first: RecordNo,
        fields: &[SlotValue<'_>],
        draw: &mut Draw,
    ) -> Result<Vec<u8>, VaultError> {
        let records = u16::try_from(records(fields.len())).map_err(|_| VaultError::TooLong("fields"))?;
        let mut capacity = 3 + usize::from(records) * (2 + SALT + COMMITMENT);
        for field in fields {
            if field.value.len() > MAX_VALUE {
                return Err(VaultError::TooLong("value"));
            }
            capacity += 14 + field.field.len() + padded(field.value.len()) + TAG;
        }
        // Plaintext is encrypted where it is copied to; a vector that grew would leave copies of it behind.
        let mut row = Vec::with_capacity(capacity);
        row.push(FORMAT);
        row.extend_from_slice(&records.to_be_bytes());
        for (n, slots) in (0..).zip(fields.chunks(SLOTS)) {
            let record = first.offset(n).ok_or(VaultError::RecordNotCovered)?;
            self.seal_one(key, record, slots, &draw.take()?, &mut row)?;
        }
        Ok(row)
    }

    fn seal_one(
        &self,
        key: &SubjectKey,
        record: RecordNo,
        slots: &[SlotValue<'_>],
        random: &[u8; SALT_DRAW],
        row: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let count = u16::try_from(slots.len()).map_err(|_| VaultError::TooLong("slots"))?;
        let headers = slots.iter().map(header).collect::<Result<Vec<_>, _>>()?;
        let lengths: Vec<_> = slots.iter().map(|slot| length(slot.value)).collect();
        let context = record_context(key, record, count);
        let salt = self.salter.salt(
            random,
            &context,
            slots
                .iter()
                .zip(&headers)
                .zip(&lengths)
                .flat_map(|((slot, header), length)| [header.as_slice(), length.as_slice(), slot.value]),
        );
        let message = MessageKey::for_context(key.expander(), &context, &salt)?;
        row.extend_from_slice(&count.to_be_bytes());
        row.extend_from_slice(&salt);
        row.extend_from_slice(&message.commitment);
        let mut aad = SlotContext::new(key, record);
        for (i, (slot, header)) in (0u8..=255).zip(slots.iter().zip(&headers)) {
            row.extend_from_slice(header);
            let padded = padded(slot.value.len());
            let sealed = u32::try_from(padded + TAG).map_err(|_| VaultError::TooLong("value"))?;
            row.extend_from_slice(&sealed.to_be_bytes());
            let start = row.len();
            row.extend_from_slice(&length(slot.value));
            row.extend_from_slice(slot.value);
            row.resize(start + padded, 0);
            let data = row.get_mut(start..).ok_or(VaultError::Primitive)?;
            let tag = message.seal_in_place(u64::from(i), aad.slot(Slot(i), header), data)?;
            row.extend_from_slice(&tag);
        }
        Ok(())
    }
}

/// One slot of a parsed row: its readable header and its sealed bytes. The header is authenticated when the slot opens,
/// not before.
#[derive(Clone, Copy)]
pub struct PackedSlot<'a> {
    /// What the value was.
    pub kind: ValueKind,
    /// The category's stored code.
    pub category: u16,
    /// The random part of the slot's token.
    pub random: [u8; 6],
    header: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> PackedSlot<'a> {
    /// The configured name of the field.
    pub fn field(&self) -> &'a str {
        // it was read as text when the row was taken apart
        self.header.get(NAME..).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// The padded length of the value, so without its exact size.
    pub(crate) fn padded_len(&self) -> usize {
        self.sealed.len().saturating_sub(TAG)
    }
}

struct PackedOne {
    start: usize,
    count: u16,
    salt: [u8; SALT],
    commitment: [u8; COMMITMENT],
}

/// Where a slot lies in its row, and what its header says in numbers.
struct PlacedSlot {
    kind: ValueKind,
    category: u16,
    random: [u8; 6],
    header: Range<usize>,
    sealed: Range<usize>,
}

/// A row taken apart. Reading headers needs no key.
pub struct PackedRecord {
    row: Vec<u8>,
    records: Vec<PackedOne>,
    slots: Vec<PlacedSlot>,
}

impl PackedRecord {
    /// Takes a row apart, strictly: no byte may be missing or left over.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn parse(row: Vec<u8>) -> Result<PackedRecord, VaultError> {
        let (records, slots) = take_apart(&row).ok_or(VaultError::Sealed)?;
        Ok(PackedRecord { row, records, slots })
    }

    /// How many record numbers the row takes.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// How many bytes the row takes.
    pub fn size(&self) -> usize {
        self.row.len()
    }

    /// Every slot with its place, for a row whose first record is `first`.
    pub fn slots(&self, first: RecordNo) -> impl Iterator<Item = (RecordNo, Slot, PackedSlot<'_>)> {
        self.slots.iter().enumerate().filter_map(move |(i, slot)| {
            let (record, number) = place(first, i)?;
            Some((record, number, self.packed(slot)?))
        })
    }

    /// The slot at a place, for a row whose first record is `first`.
    pub fn slot(&self, first: RecordNo, record: RecordNo, slot: Slot) -> Option<PackedSlot<'_>> {
        let one = self.one(first, record)?;
        if u16::from(slot.0) >= one.count {
            return None;
        }
        self.packed(self.slots.get(one.start + usize::from(slot.0))?)
    }

    fn packed(&self, slot: &PlacedSlot) -> Option<PackedSlot<'_>> {
        let header = self.row.get(slot.header.clone())?;
        let sealed = self.row.get(slot.sealed.clone())?;
        Some(PackedSlot { kind: slot.kind, category: slot.category, random: slot.random, header, sealed })
    }

    fn one(&self, first: RecordNo, record: RecordNo) -> Option<&PackedOne> {
        let n = record.as_u64().checked_sub(first.as_u64())?;
        (record.writer() == first.writer()).then_some(())?;
        self.records.get(usize::try_from(n).ok()?)
    }

    /// The key of one record of the row, after its commitment was checked.
    pub(crate) fn key(&self, key: &SubjectKey, first: RecordNo, record: RecordNo) -> Result<Arc<MessageKey>, VaultError> {
        let one = self.one(first, record).ok_or(VaultError::Sealed)?;
        let context = record_context(key, record, one.count);
        let message = key.record_key(context, &one.salt)?;
        message.check(&one.commitment)?;
        Ok(message)
    }
}

fn take_apart(row: &[u8]) -> Option<(Vec<PackedOne>, Vec<PlacedSlot>)> {
    let mut reader = Reader::new(row);
    if reader.u8()? != FORMAT {
        return None;
    }
    let count = reader.u16()?;
    let mut records = Vec::with_capacity(usize::from(count.min(64)));
    let mut slots = Vec::with_capacity(16);
    for n in 1..=count {
        let in_record = reader.u16()?;
        // Every record but the last is full, else places and numbers would not agree.
        let full = usize::from(in_record) == SLOTS;
        if in_record == 0 || usize::from(in_record) > SLOTS || (n < count && !full) {
            return None;
        }
        records.push(PackedOne { start: slots.len(), count: in_record, salt: *reader.array()?, commitment: *reader.array()? });
        for _ in 0..in_record {
            slots.push(read_slot(row.len(), &mut reader)?);
        }
    }
    reader.is_empty().then_some((records, slots))
}

/// Decrypts one slot into `out`, which has the slot's padded length, and returns the length of the value within: it
/// starts at byte 4.
pub(crate) fn open_slot(
    message: &MessageKey,
    aad: &mut SlotContext,
    number: Slot,
    slot: &PackedSlot<'_>,
    out: &mut [u8],
) -> Result<usize, VaultError> {
    let context = aad.slot(number, slot.header);
    message.open_into(u64::from(number.0), context, slot.sealed, out)?;
    let mut reader = Reader::new(out);
    let len = reader.u32().and_then(|len| usize::try_from(len).ok());
    match len {
        Some(len) if reader.rest().len() >= len && padded(len) == out.len() => Ok(len),
        _ => Err(VaultError::Sealed),
    }
}

/// The slot contexts of one record: the common part is encoded once.
pub(crate) struct SlotContext {
    context: Context,
    common: usize,
}

impl SlotContext {
    pub(crate) fn new(key: &SubjectKey, record: RecordNo) -> SlotContext {
        let context = key.context(labels::SLOT).with(&record.as_u64().to_be_bytes());
        SlotContext { common: context.len(), context }
    }

    fn slot(&mut self, number: Slot, header: &[u8]) -> &[u8] {
        self.context.truncate(self.common);
        self.context.push(&[number.0]);
        self.context.push(header);
        self.context.bytes()
    }
}

/// 16, 32, 64, 128 …: the smallest that holds the length field and the value.
pub(crate) fn padded(len: usize) -> usize {
    (len + 4).next_power_of_two().max(16)
}

fn record_context(key: &SubjectKey, record: RecordNo, slots: u16) -> Context {
    key.context(labels::RECORD).with(&record.as_u64().to_be_bytes()).with(&slots.to_be_bytes())
}

fn header(slot: &SlotValue<'_>) -> Result<Vec<u8>, VaultError> {
    let len = u8::try_from(slot.field.len()).map_err(|_| VaultError::TooLong("field"))?;
    let mut out = Vec::with_capacity(NAME + slot.field.len());
    out.push(slot.kind as u8);
    out.extend_from_slice(&slot.category.to_be_bytes());
    out.extend_from_slice(&slot.random);
    out.push(len);
    out.extend_from_slice(slot.field.as_bytes());
    Ok(out)
}

fn length(value: &[u8]) -> [u8; 4] {
    u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn read_slot(end: usize, reader: &mut Reader<'_>) -> Option<PlacedSlot> {
    let at = |reader: &Reader<'_>| end - reader.rest().len();
    let start = at(reader);
    let kind = ValueKind::from_code(reader.u8()?)?;
    let category = reader.u16()?;
    let random = *reader.array()?;
    let length = reader.u8()?;
    std::str::from_utf8(reader.take(usize::from(length))?).ok()?;
    let header = start..at(reader);
    let sealed = reader.lp()?.len();
    let sealed = at(reader) - sealed..at(reader);
    (sealed.len() >= 16 + TAG).then_some(PlacedSlot { kind, category, random, header, sealed })
}
