//! Identifiers and numbers that cross crates, each a type of its own so that none can stand in for another.
//!
//! Nothing here draws a random number: random identifiers are made by whoever holds the random draw.

use std::fmt;

/// Whether data, keys and tokens belong to the trial of a route or to real people.
///
/// The mode stands in every sealing context, so a test token never opens in a live call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Made-up data; calls go to the route's `test_to`.
    Test,
    /// Real people; calls go to the system of record.
    Live,
}

impl Mode {
    /// `test` or `live`, as written in keys, logs and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Test => "test",
            Mode::Live => "live",
        }
    }

    /// The number stored in the database and in contexts: 0 test, 1 live.
    pub fn code(self) -> u8 {
        match self {
            Mode::Test => 0,
            Mode::Live => 1,
        }
    }

    /// The mode with this stored number, if there is one.
    pub fn from_code(code: u8) -> Option<Mode> {
        match code {
            0 => Some(Mode::Test),
            1 => Some(Mode::Live),
            _ => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Tenant and mode: what every sealing context begins with. There is one tenant today, number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Number of the tenant.
    pub tenant: u32,
    /// Test or live.
    pub mode: Mode,
}

impl Scope {
    /// The scope of today's only tenant in this mode.
    pub fn of(mode: Mode) -> Scope {
        Scope { tenant: 1, mode }
    }

    /// Five bytes: the tenant big-endian, then the mode.
    pub fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.tenant.to_be_bytes();
        [a, b, c, d, self.mode.code()]
    }
}

/// A random number of a data subject; it goes into contexts and into the erasure list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct SubjectNumber(pub [u8; 16]);

/// The row of a subject in the database: sequential, so that look-ups and writes stay in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct SubjectRow(pub i64);

/// The random name a subject has in the audit log; after erasure nobody can map it back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pseudonym(pub [u8; 16]);

/// Names one data-encryption key of a subject.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DekId(pub [u8; 16]);

/// The version of a key of any kind; for key-encryption keys it is the epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct KeyVersion(pub u32);

/// The number of a record: 16 bits of writer, 40 bits of counter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct RecordNo(u64);

impl RecordNo {
    /// The largest counter a writer can reach.
    pub const MAX_COUNTER: u64 = (1 << 40) - 1;

    /// A record number, unless the counter is past 40 bits.
    pub fn new(writer: u16, counter: u64) -> Option<RecordNo> {
        (counter <= Self::MAX_COUNTER).then_some(RecordNo((u64::from(writer) << 40) | counter))
    }

    /// The number as stored, unless it is past 56 bits.
    pub fn from_u64(value: u64) -> Option<RecordNo> {
        (value >> 56 == 0).then_some(RecordNo(value))
    }

    /// The number as stored: always below 2^56.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The writer that leased the range.
    pub fn writer(self) -> u16 {
        (self.0 >> 40) as u16
    }

    /// The record `n` further on in the same range, unless that leaves the writer's counters.
    pub fn offset(self, n: u64) -> Option<RecordNo> {
        let counter = (self.0 & Self::MAX_COUNTER).checked_add(n)?;
        RecordNo::new(self.writer(), counter)
    }
}

/// The place of a value within its record, 0 to 255.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Slot(pub u8);

/// The row of an event in the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct EventRow(pub i64);

/// The row of a delivery in the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct DeliveryRow(pub i64);

/// Lower-case Crockford base32 without checksum, for identifiers people may read aloud.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q',
        'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
    ];
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut acc, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        acc = (acc << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let index = ((acc >> bits) & 31) as usize;
            out.extend(ALPHABET.get(index));
        }
        acc &= (1 << bits) - 1;
    }
    if bits > 0 {
        let index = ((acc << (5 - bits)) & 31) as usize;
        out.extend(ALPHABET.get(index));
    }
    out
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 });
    let mut out = String::with_capacity(bytes.len() * 2);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn record_numbers_keep_writer_and_counter_apart() {
        let number = RecordNo::new(7, RecordNo::MAX_COUNTER).unwrap();
        assert_eq!(number.writer(), 7);
        assert_eq!(number.offset(1), None);
        assert_eq!(RecordNo::new(7, RecordNo::MAX_COUNTER + 1), None);
        assert_eq!(RecordNo::from_u64(1 << 56), None);
    }

    #[test]
    fn base32_matches_hand_computed_values() {
        assert_eq!(base32(&[0xff, 0xff, 0xff, 0xff, 0xff]), "zzzzzzzz");
        assert_eq!(base32(&[0x08]), "10");
    }
}
