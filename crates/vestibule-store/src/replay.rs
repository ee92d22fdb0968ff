//! Which events have been seen, for as long as a repeat must be recognised.
//!
//! Keys are pseudo-random, so one large index would dirty a page of its own for each event. They stand in generations of
//! bounded size instead: inserts go to the few pages of the open generation, and for each older one a split block Bloom
//! filter (Putze, Sanders, Singler 2007; the layout of Apache Parquet) in memory says whether a look-up is worth it. A
//! filter never misses a key that is there. Short-lived keys and those that live for ever have generations of their own,
//! so that a generation can be dropped whole when its last key has lapsed.

use crate::StoreError;
use crate::row::{bytes, time};
use rusqlite::{Connection, OptionalExtension};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::EventRow;

/// Keys in a generation.
const CAPACITY: usize = 1 << 16;
/// Blocks of 32 bytes in a filter: 16 bits for each key, about one false alarm in a thousand look-ups.
const BLOCKS: usize = CAPACITY * 16 / 256;
/// Keys that live longer than this from their arrival go to the lane of the long-lived.
const SHORT: Span = Span::days(62);

/// The first word of each generation's story: what is known of a key that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) body: [u8; 16],
    pub(crate) event: EventRow,
}

/// Every generation with its filter.
pub(crate) struct Replay {
    generations: Vec<Generation>,
    next: i64,
}

struct Generation {
    number: i64,
    lane: i64,
    /// Keys in it; only counted while it is open.
    count: usize,
    /// The latest lapse of any of its keys; only kept while it is open.
    until: i64,
    open: bool,
    filter: Filter,
}

impl Replay {
    pub(crate) fn load(conn: &Connection) -> Result<Replay, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT generation, lane, until, filter FROM replay_generation ORDER BY generation",
        )?;
        let mut rows = statement.query([])?;
        let mut generations = Vec::new();
        while let Some(row) = rows.next()? {
            let (number, lane, until): (i64, i64, Option<i64>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            generations.push(match until {
                Some(until) => {
                    let filter = Filter::from_bytes(&row.get::<_, Vec<u8>>(3)?)
                        .ok_or(StoreError::Malformed("replay_generation"))?;
                    Generation {
                        number,
                        lane,
                        count: CAPACITY,
                        until,
                        open: false,
                        filter,
                    }
                }
                None => reopen(conn, number, lane)?,
            });
        }
        let next = generations.last().map_or(1, |last| last.number + 1);
        Ok(Replay { generations, next })
    }

    /// The event that this key was accepted with, unless it has lapsed.
    pub(crate) fn find(
        &self,
        conn: &Connection,
        key: &[u8; 16],
        now: Timestamp,
    ) -> Result<Option<Seen>, StoreError> {
        let mark = Mark::of(key);
        for generation in self
            .generations
            .iter()
            .rev()
            .filter(|generation| generation.filter.may_hold(&mark))
        {
            let found = conn
                .prepare_cached(
                    "SELECT body, event, until FROM replay WHERE generation = ?1 AND key = ?2",
                )?
                .query_row((generation.number, key), |row| {
                    Ok((
                        Seen {
                            body: bytes(row, 0)?,
                            event: EventRow(row.get(1)?),
                        },
                        time(row, 2)?,
                    ))
                })
                .optional()?;
            if let Some((seen, until)) = found
                && until > now
            {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// Remembers a key that [`Replay::find`] did not find.
    pub(crate) fn insert(
        &mut self,
        conn: &Connection,
        key: &[u8; 16],
        body: &[u8; 16],
        event: EventRow,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let lane = i64::from(until.since(now) > SHORT);
        let index = match self
            .generations
            .iter()
            .rposition(|one| one.open && one.lane == lane)
        {
            Some(index) => index,
            None => self.start(conn, lane)?,
        };
        let Some(generation) = self.generations.get_mut(index) else {
            return Err(StoreError::Lost);
        };
        // A lapsed row with this key may stand in the same generation.
        conn.prepare_cached("INSERT OR REPLACE INTO replay (generation, key, body, event, until) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((generation.number, key, body, event.0, until.0))?;
        generation.filter.add(&Mark::of(key));
        generation.count += 1;
        generation.until = generation.until.max(until.0);
        if generation.count >= CAPACITY {
            generation.open = false;
            conn.prepare_cached(
                "UPDATE replay_generation SET until = ?2, filter = ?3 WHERE generation = ?1",
            )?
            .execute((
                generation.number,
                generation.until,
                generation.filter.to_bytes(),
            ))?;
        }
        Ok(())
    }

    /// Deletes up to `limit` keys of closed generations that have lapsed whole; gives how many.
    pub(crate) fn sweep(
        &mut self,
        conn: &Connection,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let Some(index) = self
            .generations
            .iter()
            .position(|one| !one.open && one.until <= now.0)
        else {
            return Ok(0);
        };
        let Some(number) = self.generations.get(index).map(|one| one.number) else {
            return Ok(0);
        };
        let deleted = conn
            .prepare_cached(
                "DELETE FROM replay WHERE generation = ?1 AND key IN \
                 (SELECT key FROM replay WHERE generation = ?1 ORDER BY key LIMIT ?2)",
            )?
            .execute((number, limit))?;
        if deleted < limit as usize {
            conn.prepare_cached("DELETE FROM replay_generation WHERE generation = ?1")?
                .execute([number])?;
            self.generations.remove(index);
        }
        Ok(deleted)
    }

    fn start(&mut self, conn: &Connection, lane: i64) -> Result<usize, StoreError> {
        let number = self.next;
        conn.prepare_cached("INSERT INTO replay_generation (generation, lane) VALUES (?1, ?2)")?
            .execute((number, lane))?;
        self.next += 1;
        self.generations.push(Generation {
            number,
            lane,
            count: 0,
            until: 0,
            open: true,
            filter: Filter::new(),
        });
        Ok(self.generations.len() - 1)
    }
}

/// The filter of an open generation is made again from its keys.
fn reopen(conn: &Connection, number: i64, lane: i64) -> Result<Generation, StoreError> {
    let mut generation = Generation {
        number,
        lane,
        count: 0,
        until: 0,
        open: true,
        filter: Filter::new(),
    };
    let mut statement =
        conn.prepare_cached("SELECT key, until FROM replay WHERE generation = ?1")?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        generation.filter.add(&Mark::of(&bytes(row, 0)?));
        generation.count += 1;
        generation.until = generation.until.max(row.get(1)?);
    }
    Ok(generation)
}

/// Where a key stands in a filter: its block, and one bit in each of the block's eight words. Keys come from a keyed
/// function and are uniform, so their bytes are used as they are.
struct Mark {
    block: usize,
    bits: [u32; 8],
}

impl Mark {
    fn of(key: &[u8; 16]) -> Mark {
        const SALT: [u32; 8] = [
            0x47b6_137b,
            0x4497_4d91,
            0x8824_ad5b,
            0xa2b7_289d,
            0x7054_95c7,
            0x2df1_424b,
            0x9efc_4947,
            0x5c6b_fb31,
        ];
        let [a, b, c, d, e, f, g, h, ..] = *key;
        let low = u32::from_be_bytes([e, f, g, h]);
        Mark {
            block: u32::from_be_bytes([a, b, c, d]) as usize % BLOCKS,
            bits: SALT.map(|salt| 1 << (low.wrapping_mul(salt) >> 27)),
        }
    }
}

struct Filter(Vec<[u32; 8]>);

impl Filter {
    fn new() -> Filter {
        Filter(vec![[0; 8]; BLOCKS])
    }

    fn add(&mut self, mark: &Mark) {
        if let Some(block) = self.0.get_mut(mark.block) {
            block
                .iter_mut()
                .zip(mark.bits)
                .for_each(|(word, bit)| *word |= bit);
        }
    }

    fn may_hold(&self, mark: &Mark) -> bool {
        self.0.get(mark.block).is_some_and(|block| {
            block
                .iter()
                .zip(mark.bits)
                .all(|(word, bit)| word & bit != 0)
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0
            .iter()
            .flatten()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let (blocks, odd) = words.as_chunks::<8>();
        (rest.is_empty() && odd.is_empty() && blocks.len() == BLOCKS)
            .then(|| Filter(blocks.to_vec()))
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
        let mut filter = Filter::new();
        (0..CAPACITY as u64).for_each(|n| filter.add(&Mark::of(&key(n))));
        let filter = Filter::from_bytes(&filter.to_bytes()).unwrap();
        assert!((0..CAPACITY as u64).all(|n| filter.may_hold(&Mark::of(&key(n)))));
        let alarms = (1_000_000..1_100_000)
            .filter(|&n| filter.may_hold(&Mark::of(&key(n))))
            .count();
        assert!(alarms < 400, "{alarms} of 100,000");
    }

    #[test]
    fn a_filter_of_another_size_is_refused() {
        let mut bytes = Filter::new().to_bytes();
        bytes.pop();
        assert!(Filter::from_bytes(&bytes).is_none());
    }
}
