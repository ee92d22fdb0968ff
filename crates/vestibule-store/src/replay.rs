//! Which events have been seen, for as long as a repeat must be recognised.
//!
//! Keys are pseudo-random, so an index of them would dirty a page of its own for each event. A key stands in the row of
//! its event instead, which is appended; the newest keys are in memory too. Each time so many have come, they are written
//! once more, sorted, as a *generation* of a few long rows, and leave memory. For each generation a split block Bloom
//! filter (Putze, Sanders, Singler 2007; the layout of Apache Parquet) says whether a look-up is worth it; it never misses
//! a key that is there. Short-lived keys and those that live for ever have generations of their own, so that a generation
//! can be dropped whole when its last key has lapsed.

use crate::StoreError;
use crate::row::bytes;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::EventRow;

/// Keys in memory until they become a generation.
const CAPACITY: usize = 1 << 16;
/// Keys for each block of 32 bytes of a filter: 16 bits each, about one false alarm in a thousand look-ups.
const KEYS_PER_BLOCK: usize = 16;
/// Rows of a generation; the first bits of a key say which.
const BUCKETS: i64 = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 11;
/// Keys that live longer than this when their generation is made go to one of the long-lived.
const SHORT: Span = Span::days(62);

/// What is known of a key that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) body: [u8; 16],
    pub(crate) event: EventRow,
    until: i64,
}

/// The newest keys, and every generation with its filter.
pub(crate) struct Replay {
    newest: HashMap<[u8; 16], Seen>,
    generations: Vec<Generation>,
    next: i64,
}

struct Generation {
    number: i64,
    /// The latest lapse of any of its keys.
    until: i64,
    filter: Filter,
}

impl Replay {
    pub(crate) fn load(conn: &Connection) -> Result<Replay, StoreError> {
        let mut statement =
            conn.prepare_cached("SELECT generation, last, until, filter FROM replay_generation ORDER BY generation")?;
        let mut rows = statement.query([])?;
        let mut generations = Vec::new();
        let mut last = 0;
        while let Some(row) = rows.next()? {
            last = last.max(row.get(1)?);
            generations.push(Generation {
                number: row.get(0)?,
                until: row.get(2)?,
                filter: Filter::from_bytes(&row.get::<_, Vec<u8>>(3)?).ok_or(StoreError::Malformed("replay_generation"))?,
            });
        }
        let next = generations.last().map_or(1, |last| last.number + 1);
        let mut statement =
            conn.prepare_cached("SELECT source_key, body_key, row, repeat_until FROM event WHERE row > ?1 ORDER BY row")?;
        let mut rows = statement.query([last])?;
        let mut newest = HashMap::new();
        while let Some(row) = rows.next()? {
            let seen = Seen { body: bytes(row, 1)?, event: EventRow(row.get(2)?), until: row.get(3)? };
            // a key that had lapsed may have come again: the later event counts
            newest.insert(bytes(row, 0)?, seen);
        }
        Ok(Replay { newest, generations, next })
    }

    /// The event that this key was accepted with, unless it has lapsed.
    pub(crate) fn find(&self, conn: &Connection, key: &[u8; 16], now: Timestamp) -> Result<Option<Seen>, StoreError> {
        let fits = |seen: &Seen| seen.until > now.0;
        if let Some(seen) = self.newest.get(key).filter(|seen| fits(seen)) {
            return Ok(Some(*seen));
        }
        let mark = Mark::of(key);
        for generation in self.generations.iter().rev().filter(|generation| generation.filter.may_hold(&mark)) {
            let entries: Option<Vec<u8>> = conn
                .prepare_cached("SELECT entries FROM replay WHERE bucket = ?1")?
                .query_row([generation.bucket(key)], |row| row.get(0))
                .optional()?;
            let (entries, odd) = entries.as_deref().unwrap_or_default().as_chunks::<ENTRY>();
            if !odd.is_empty() {
                return Err(StoreError::Malformed("replay"));
            }
            let found = entries.iter().map(unpack).find(|(known, _)| known == key);
            if let Some((_, seen)) = found.filter(|(_, seen)| fits(seen)) {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// Remembers the key of an event whose row has been written and that [`Replay::find`] did not find.
    pub(crate) fn insert(
        &mut self,
        conn: &Connection,
        key: &[u8; 16],
        body: &[u8; 16],
        event: EventRow,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let seen = Seen { body: *body, event, until: until.0 };
        self.newest.insert(*key, seen);
        if self.newest.len() >= CAPACITY {
            self.settle(conn, event, now)?;
        }
        Ok(())
    }

    /// Deletes up to about `limit` keys of generations that have lapsed whole; gives how many.
    pub(crate) fn sweep(&mut self, conn: &Connection, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let lapsed = self.generations.iter().position(|one| one.until <= now.0);
        let Some((index, number)) = lapsed.and_then(|index| Some((index, self.generations.get(index)?.number))) else {
            return Ok(0);
        };
        let most = (i64::from(limit) * BUCKETS / CAPACITY as i64).max(1);
        let rows: Vec<(i64, i64)> = conn
            .prepare_cached(
                "SELECT bucket, length(entries) FROM replay WHERE bucket >= ?1 AND bucket < ?2 ORDER BY bucket LIMIT ?3",
            )?
            .query_map((number * BUCKETS, (number + 1) * BUCKETS, most), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (bucket, _) in &rows {
            conn.prepare_cached("DELETE FROM replay WHERE bucket = ?1")?.execute([bucket])?;
        }
        let length: i64 = rows.iter().map(|(_, length)| length).sum();
        if rows.is_empty() {
            // the newest mark stays: it says which events are in memory only
            conn.prepare_cached("DELETE FROM replay_generation WHERE generation = ?1 AND generation < (SELECT max(generation) FROM replay_generation)")?
                .execute([number])?;
            self.generations.remove(index);
        }
        Ok(usize::try_from(length).unwrap_or(0) / ENTRY)
    }

    /// Makes generations of the keys in memory, the last of which came with `event`.
    fn settle(&mut self, conn: &Connection, event: EventRow, now: Timestamp) -> Result<(), StoreError> {
        let newest = std::mem::take(&mut self.newest);
        let (long, short): (Vec<_>, Vec<_>) = newest.into_iter().partition(|(_, seen)| Timestamp(seen.until).since(now) > SHORT);
        for mut keys in [short, long].into_iter().filter(|keys| !keys.is_empty()) {
            keys.sort_unstable_by_key(|(key, _)| *key);
            let mut generation = Generation { number: self.next, until: i64::MIN, filter: Filter::for_keys(keys.len()) };
            self.next += 1;
            let mut insert = conn.prepare_cached("INSERT INTO replay (bucket, entries) VALUES (?1, ?2)")?;
            for bucket in keys.chunk_by(|(a, _), (b, _)| bucket(a) == bucket(b)) {
                let entries: Vec<u8> = bucket.iter().flat_map(pack).collect();
                if let Some((key, _)) = bucket.first() {
                    insert.execute((generation.bucket(key), entries))?;
                }
            }
            for (key, seen) in &keys {
                generation.filter.add(&Mark::of(key));
                generation.until = generation.until.max(seen.until);
            }
            conn.prepare_cached("INSERT INTO replay_generation (generation, last, until, filter) VALUES (?1, ?2, ?3, ?4)")?
                .execute((generation.number, event.0, generation.until, generation.filter.to_bytes()))?;
            self.generations.push(generation);
        }
        Ok(())
    }
}

impl Generation {
    /// The row of a key.
    fn bucket(&self, key: &[u8; 16]) -> i64 {
        self.number * BUCKETS + bucket(key)
    }
}

fn bucket(key: &[u8; 16]) -> i64 {
    let [high, low, ..] = *key;
    i64::from(u16::from_be_bytes([high, low]) >> (16 - BUCKET_BITS))
}

/// Bytes of one key in a generation: key, body key, event and lapse.
const ENTRY: usize = 48;

fn pack((key, seen): &([u8; 16], Seen)) -> Vec<u8> {
    let mut entry = Vec::with_capacity(ENTRY);
    entry.extend(key);
    entry.extend(seen.body);
    entry.extend(seen.event.0.to_be_bytes());
    entry.extend(seen.until.to_be_bytes());
    entry
}

fn unpack(entry: &[u8; ENTRY]) -> ([u8; 16], Seen) {
    let (words, _) = entry.as_chunks::<16>();
    let mut parts = words.iter().copied();
    let mut part = || parts.next().unwrap_or_default();
    let (key, body, rest) = (part(), part(), u128::from_be_bytes(part()));
    let seen = Seen { body, event: EventRow((rest >> 64) as i64), until: rest as i64 };
    (key, seen)
}

/// Where a key stands in a filter: what tells its block, and one bit in each of the block's eight words. Keys come from
/// a keyed function and are uniform, so their bytes are used as they are.
struct Mark {
    place: usize,
    bits: [u32; 8],
}

impl Mark {
    fn of(key: &[u8; 16]) -> Mark {
        const SALT: [u32; 8] =
            [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];
        let [a, b, c, d, e, f, g, h, ..] = *key;
        let low = u32::from_be_bytes([e, f, g, h]);
        Mark { place: u32::from_be_bytes([a, b, c, d]) as usize, bits: SALT.map(|salt| 1 << (low.wrapping_mul(salt) >> 27)) }
    }
}

/// A number of blocks that is a power of two.
struct Filter(Vec<[u32; 8]>);

impl Filter {
    fn for_keys(keys: usize) -> Filter {
        let blocks = keys.div_ceil(KEYS_PER_BLOCK).next_power_of_two();
        Filter(vec![[0; 8]; blocks])
    }

    fn place(&self, mark: &Mark) -> usize {
        mark.place & (self.0.len() - 1)
    }

    fn add(&mut self, mark: &Mark) {
        let place = self.place(mark);
        if let Some(block) = self.0.get_mut(place) {
            block.iter_mut().zip(mark.bits).for_each(|(word, bit)| *word |= bit);
        }
    }

    fn may_hold(&self, mark: &Mark) -> bool {
        self.0.get(self.place(mark)).is_some_and(|block| block.iter().zip(mark.bits).all(|(word, bit)| word & bit != 0))
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let (blocks, odd) = words.as_chunks::<8>();
        (rest.is_empty() && odd.is_empty() && blocks.len().is_power_of_two()).then(|| Filter(blocks.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn key(n: u64) -> [u8; 16] {
        let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut next = || {
            x ^= x >> 33;
            x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
            x ^= x >> 33;
            x
        };
        let (a, b) = (next().to_be_bytes(), next().to_be_bytes());
        [a, b].concat().try_into().unwrap()
    }

    #[test]
    fn a_filter_never_misses_and_rarely_gives_a_false_alarm() {
        let mut filter = Filter::for_keys(CAPACITY);
        (0..CAPACITY as u64).for_each(|n| filter.add(&Mark::of(&key(n))));
        let filter = Filter::from_bytes(&filter.to_bytes()).unwrap();
        assert!((0..CAPACITY as u64).all(|n| filter.may_hold(&Mark::of(&key(n)))));
        let alarms = (1_000_000..1_100_000).filter(|&n| filter.may_hold(&Mark::of(&key(n)))).count();
        assert!(alarms < 400, "{alarms} of 100,000");
    }

    #[test]
    fn a_filter_of_another_size_is_refused() {
        let mut bytes = Filter::for_keys(100).to_bytes();
        assert!(Filter::from_bytes(&bytes).is_some());
        bytes.extend([0; 32]);
        assert!(Filter::from_bytes(&bytes).is_none());
        assert!(Filter::from_bytes(bytes.get(..7).unwrap()).is_none());
        assert!(Filter::from_bytes(&[]).is_none());
    }

    #[test]
    fn entries_come_back_as_they_were() {
        for (n, until) in [(1, i64::MAX), (2, 0), (u64::MAX, -1)] {
            let seen = Seen { body: key(n ^ 7), event: EventRow(until ^ 5), until };
            let packed = pack(&(key(n), seen));
            assert_eq!(unpack(packed.as_slice().try_into().unwrap()), (key(n), seen));
        }
    }

    #[test]
    fn a_key_has_one_row_in_its_generation() {
        let buckets: std::collections::HashSet<i64> = (0..100_000).map(|n| bucket(&key(n))).collect();
        assert_eq!(buckets.len(), BUCKETS as usize);
        assert!(buckets.iter().all(|bucket| (0..BUCKETS).contains(bucket)));
    }
}
