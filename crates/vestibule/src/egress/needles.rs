//! The texts that an answer is searched for, all at once: a call may carry thousands of values, and its answer as many
//! texts. What the texts are encoded in is deliberately not known here.

use memchr::memmem;
use std::ops::Range;
use vestibule_core::secret::{Secret, Wiped};

/// Up to this many needles, each is searched for by itself.
const FEW: usize = 16;
/// Bytes by whose hash a place of a text is passed over. A needle that is shorter is searched for by itself.
const START: usize = 4;
/// Signs of a needle that are looked for before the needle itself.
const SIGNS: usize = 4;

/// What is searched for: where it stands as it is, and where in lower case.
pub(super) struct Needle {
    pub(super) plain: Range<usize>,
    pub(super) lower: Range<usize>,
}

impl Needle {
    /// A needle without its first and last byte: these share characters of base64 with what stands beside them, which may be
    /// missing.
    pub(super) fn inner(&self) -> Range<usize> {
        if self.plain.len() < 2 { self.plain.clone() } else { self.plain.start + 1..self.plain.end - 1 }
    }
}

/// The texts of all needles of a call, one behind the other: there are many, and each is short.
pub(super) struct Needles(Secret<Wiped>);

impl Needles {
    /// Keeps the texts of all needles.
    pub(super) fn new(texts: Wiped) -> Needles {
        Needles(Secret::new(texts))
    }

    /// One of the texts.
    pub(super) fn text(&self, range: &Range<usize>) -> &[u8] {
        self.0.expose().get(range.clone()).unwrap_or_default()
    }
}

/// Adds a needle to the texts of all.
pub(super) fn add(texts: &mut Wiped, text: &[u8]) -> Needle {
    let mut put = |text: &[u8]| {
        texts.extend_from_slice(text);
        texts.len() - text.len()..texts.len()
    };
    let plain = put(text);
    let lower = match std::str::from_utf8(text) {
        Ok(text) if !text.is_ascii() => put(&Wiped::new(text.to_lowercase().into_bytes())),
        _ => {
            let lower = put(text);
            texts.get_mut(lower.clone()).unwrap_or_default().make_ascii_lowercase();
            lower
        }
    };
    Needle { plain, lower }
}

/// Needles in order: those that begin like a place of a text stand side by side, so that a text is gone through once,
/// however many they are.
pub(super) struct Sorted {
    entries: Vec<Entry>,
    short: Vec<Range<usize>>,
    /// The hashes that needles begin with, a bit for each; empty where the needles are few.
    starts: Vec<u64>,
}

struct Entry {
    text: Range<usize>,
    /// The length of the shortest needle that this one begins with.
    least: usize,
    /// What the caller calls it.
    index: usize,
}

impl Sorted {
    /// These needles, each with what the caller calls it.
    pub(super) fn new(needles: &Needles, texts: impl Iterator<Item = (Range<usize>, usize)>) -> Sorted {
        let (mut entries, mut short) = (Vec::with_capacity(texts.size_hint().0), Vec::new());
        for (text, index) in texts {
            match text.len() {
                0 => {}
                1..START => short.push(text),
                least => entries.push(Entry { text, least, index }),
            }
        }
        entries.sort_by(|a, b| needles.text(&a.text).cmp(needles.text(&b.text)));
        short.sort_by(|a, b| needles.text(a).cmp(needles.text(b)));
        short.dedup_by(|a, b| needles.text(a) == needles.text(b));
        let mut root: &[u8] = &[];
        let mut starts = if entries.len() > FEW { vec![0; 1024] } else { Vec::new() };
        for entry in &mut entries {
            let text = needles.text(&entry.text);
            if root.is_empty() || !text.starts_with(root) {
                root = text;
            }
            entry.least = root.len();
            if let Some((word, bit)) = text.first_chunk().map(place)
                && let Some(word) = starts.get_mut(word)
            {
                *word |= bit;
            }
        }
        Sorted { entries, short, starts }
    }

    /// Whether any of them stands in the text.
    pub(super) fn stand_in(&self, needles: &Needles, text: &[u8]) -> bool {
        let found = |needle: &Range<usize>| stands_in(needles.text(needle), text);
        self.short.iter().any(found)
            || if self.starts.is_empty() {
                self.entries.iter().any(|entry| found(&entry.text))
            } else {
                self.places(text)
                    .any(|(_, rest)| self.nearest(needles, rest).is_some_and(|(entry, shared)| shared >= entry.least))
            }
    }

    /// At each place of the text where some of them begin, the longest: where it stands and what the caller calls it.
    pub(super) fn longest_in(&self, needles: &Needles, text: &[u8]) -> Vec<(Range<usize>, usize)> {
        let longest = |(at, rest)| self.longest(needles, rest).map(|entry| (at..at + entry.text.len(), entry.index));
        self.places(text).filter_map(longest).collect()
    }

    /// The places of a text where one of them may begin.
    fn places<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = (usize, &'t [u8])> {
        let starts = |window: &[u8]| {
            let place = window.first_chunk().map(place);
            place.is_some_and(|(word, bit)| self.starts.get(word).is_none_or(|word| word & bit != 0))
        };
        let places = text.windows(START).enumerate().filter(move |(_, window)| starts(window));
        places.map(|(at, _)| (at, text.get(at..).unwrap_or_default()))
    }

    /// The longest that `rest` begins with.
    fn longest(&self, needles: &Needles, mut rest: &[u8]) -> Option<&Entry> {
        loop {
            let (entry, shared) = self.nearest(needles, rest)?;
            if shared == entry.text.len() {
                return Some(entry);
            }
            if shared < entry.least {
                return None;
            }
            rest = rest.get(..shared)?;
        }
    }

    /// The last in order up to `rest`, and how many bytes they share. Every needle that `rest` begins with is also what this
    /// one begins with.
    fn nearest(&self, needles: &Needles, rest: &[u8]) -> Option<(&Entry, usize)> {
        let after = self.entries.partition_point(|entry| needles.text(&entry.text) <= rest);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        let shared = needles.text(&entry.text).iter().zip(rest).take_while(|(a, b)| a == b).count();
        Some((entry, shared))
    }
}

/// Where the bit of a start stands.
fn place(start: &[u8; START]) -> (usize, u64) {
    let hash = u32::from_le_bytes(*start).wrapping_mul(0x9E37_79B1) >> 16;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// Whether one needle stands in a text. Its signs are rare in words: looking for them is a quick no for most addresses,
/// numbers and links.
fn stands_in(needle: &[u8], text: &[u8]) -> bool {
    let mut signs = needle.iter().filter(|byte| byte.is_ascii_punctuation()).take(SIGNS);
    needle.len() <= text.len() && signs.all(|sign| memchr::memchr(*sign, text).is_some()) && memmem::find(text, needle).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn sorted(texts: &[String]) -> (Needles, Sorted) {
        let mut room = Wiped::new(Vec::new());
        let added: Vec<Needle> = texts.iter().map(|text| add(&mut room, text.as_bytes())).collect();
        let needles = Needles::new(room);
        let sorted = Sorted::new(&needles, added.iter().map(|needle| needle.plain.clone()).zip(0..));
        (needles, sorted)
    }

    proptest! {
        #[test]
        fn many_are_found_as_each_by_itself(
            texts in proptest::collection::vec("[ab]{1,8}", 0..60),
            text in "[abc]{0,60}",
        ) {
            let (needles, sorted) = sorted(&texts);
            prop_assert_eq!(sorted.stand_in(&needles, text.as_bytes()), texts.iter().any(|needle| text.contains(needle)));
            let found = sorted.longest_in(&needles, text.as_bytes());
            let expected: Vec<_> = (0..text.len())
                .filter_map(|at| {
                    let begins = |needle: &&String| needle.len() >= START && text.get(at..).unwrap().starts_with(needle.as_str());
                    let length = texts.iter().filter(begins).map(String::len).max()?;
                    Some(at..at + length)
                })
                .collect();
            prop_assert_eq!(found.iter().map(|(range, _)| range.clone()).collect::<Vec<_>>(), expected);
            for (range, index) in found {
                prop_assert_eq!(text.get(range), texts.get(index).map(String::as_str));
            }
        }
    }

    #[test]
    fn few_places_of_a_text_are_compared_with_many_needles() {
        let texts: Vec<String> = (0..4_000).map(|n| format!("{n:x}@example.org")).collect();
        let (needles, sorted) = sorted(&texts);
        let text = "lorem ipsum dolor sit amet ".repeat(1_000);
        let compared = sorted.places(text.as_bytes()).count();
        assert!(compared * 2 < text.len(), "{compared}");
        assert!(!sorted.stand_in(&needles, text.as_bytes()));
        assert!(sorted.stand_in(&needles, format!("{text}f9f@example.org").as_bytes()));
    }
}
