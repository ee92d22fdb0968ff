//! Finding tokens, and what was once a token, inside any text.
//!
//! **What counts.** A token is 33 characters in a row that check out, wherever they stand: a letter or digit directly before or after
//! does not hide it. Everything that still has the shape of a token is a fault, never nothing:
//! - 33 characters that check out once separators between them are left out;
//! - `vt1` and at least 17 more letters and digits in one case with hardly any letter that tokens do not use, or 28 more of 30 where one
//!   other character stands in between: cut, lengthened or altered tokens;
//! - a run of letters and digits whose last 30 check out behind a restored `vt1`: tokens whose start was damaged.
//!
//! The limits are chosen so that prose, other identifiers and megabytes of base64 do not meet them. HTML entities and percent escapes
//! are undone once, in this order; what shows only after undoing them again is a fault, and so is every look-alike.

use super::fold::{is_invisible, is_odd_at, look_alike};
use super::view::{self, Cell, HTML, PERCENT, UPPER};
use super::{Block, PREFIX, TOKEN_LEN, TokenFault, digit, read};
use crate::runs::runs;

/// How a token was written into the text; what takes its place must be escaped the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// As it is, in any case.
    Plain,
    /// With percent escapes.
    Percent,
    /// With HTML entities.
    Html,
    /// With percent escapes inside HTML entities.
    HtmlPercent,
}

/// A token, or something of its shape, in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Byte offset of its first character in the text.
    pub start: usize,
    /// Byte offset after its last character; `@` and the token domain belong to it.
    pub end: usize,
    /// What the token carries, or what is wrong with it.
    pub block: Result<Block, TokenFault>,
    /// Whether it is shaped as an e-mail address of the token domain.
    pub email: bool,
    /// How it was written.
    pub carrier: Carrier,
}

/// All tokens and faults in `text`, in order and not overlapping. `token_domain` is the domain of e-mail tokens, empty for none.
pub fn find(text: &str, token_domain: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        let end = boundary(text, start + PIECE);
        let piece = text.get(start..end).unwrap_or_default();
        let own_from = if start == 0 { 0 } else { MARGIN };
        let own_to = if end == text.len() { piece.len() } else { piece.len().saturating_sub(MARGIN) };
        let own = find_in_piece(piece, token_domain).into_iter().filter(|found| (own_from..own_to).contains(&found.start));
        found.extend(own.map(|found| Found { start: found.start + start, end: found.end + start, ..found }));
        if end == text.len() {
            return found;
        }
        start = boundary(text, end.saturating_sub(2 * MARGIN));
    }
}

/// Whether a text holds anything of a token's shape, in any carrier, damaged or not: what sources may not send.
pub fn contains_token_shape(text: &str) -> bool {
    !find(text, "").is_empty()
}

/// Rounds of decoding after the first that are looked into, so that nothing hides behind a second escaping.
const FURTHER_ROUNDS: usize = 3;
/// Letters and digits in a row, `vt1` included, from which on a piece has the shape of a token.
const SHAPE: usize = 20;
/// Letters and digits, of 33, from which on a piece with one other character or look-alikes in it has the shape of a token.
const SHAPE_WITH_GAP: usize = 31;
/// Letters that tokens do not use (i, l, o, u) in a piece that still has their shape.
const FOREIGN: usize = 3;
/// Characters after the prefix.
const TAIL: usize = TOKEN_LEN - PREFIX.len();

/// Long texts are searched in pieces of this many bytes, so that memory stays small whatever comes.
const PIECE: usize = 16 * 1024;
/// What starts this close to the inner border of a piece is left to the neighbour, which sees it whole: no token takes so many bytes.
const MARGIN: usize = 1024;

/// `at`, or the start of the character it lies in.
fn boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn find_in_piece(text: &str, token_domain: &str) -> Vec<Found> {
    if !may_hold(text) {
        return Vec::new();
    }
    let (mut cells, mut undone) = view::decode_once(&view::cells(text));
    let mut found = search(&view::fold(&cells), token_domain);
    for _ in 0..FURTHER_ROUNDS {
        let (plain, backslash) = view::decode_backslash(&cells);
        if !undone && !backslash {
            break;
        }
        let (next, more) = view::decode_once(&plain);
        if !more && !backslash {
            break;
        }
        (cells, undone) = (next, more);
        let hidden = search(&view::fold(&cells), token_domain);
        let fresh: Vec<_> =
            hidden.into_iter().filter(|new| found.iter().all(|old| new.end <= old.start || old.end <= new.start)).collect();
        found.extend(fresh.into_iter().map(|new| Found { block: Err(TokenFault::Near), ..new }));
    }
    found.sort_by_key(|found| found.start);
    found
}

/// A cheap test that lets no text with a token shape go; most texts end here. Without it, a text holds nothing that
/// [`find`] or [`super::whole`] would report.
pub fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < SHAPE {
        return false;
    }
    if memchr::memchr3(b'%', b'&', b'\\', bytes).is_some() {
        return true;
    }
    if !text.is_ascii() {
        return may_hold_folded(text);
    }
    // control characters are invisible: the slow path sees through them
    let odd = |byte: &u8| *byte < b' ' && !byte.is_ascii_whitespace() || *byte == 0x7F;
    // no stop at the first: so it is done for many bytes at once
    if bytes.iter().fold(false, |any, byte| any | odd(byte)) {
        return true;
    }
    has_prefix(bytes) || has_headless(bytes)
}

/// The same for text with characters that may look like others: the start of a token, or a run as long as the rest of one.
fn may_hold_folded(text: &str) -> bool {
    let (mut run, mut gap) = (0, 0);
    let mut last = ['\0'; 2];
    for c in text.chars() {
        let folded = match c {
            'A'..='Z' => Some(c.to_ascii_lowercase()),
            'a'..='z' | '0'..='9' => Some(c),
            _ if c.is_ascii() && !c.is_ascii_control() => None,
            _ if is_invisible(c) => continue,
            _ => look_alike(c),
        };
        let Some(folded) = folded else {
            (run, gap) = (0, gap + 1);
            continue;
        };
        if gap > 5 {
            last = ['\0'; 2];
        }
        (run, gap) = (run + 1, 0);
        if run >= TAIL || (folded == '1' && last == ['v', 't']) {
            return true;
        }
        last = [last[1], folded];
    }
    false
}

/// `v`, `t`, `1` with at most two other characters between.
fn has_prefix(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'1', bytes).any(|at| {
        let before = bytes.get(at.saturating_sub(6)..at).unwrap_or_default();
        let Some(t) = before.iter().rposition(u8::is_ascii_alphanumeric) else {
            return false;
        };
        let (before, t) = before.split_at(t);
        let v = before.iter().rfind(|byte| byte.is_ascii_alphanumeric());
        t.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&b't')) && v.is_some_and(|byte| byte.eq_ignore_ascii_case(&b'v'))
    })
}

/// A run of letters and digits that ends like a token.
fn has_headless(bytes: &[u8]) -> bool {
    let mut tails = runs(bytes, TAIL, |byte| byte.is_ascii_alphanumeric()).filter_map(|run| run.last_chunk::<TAIL>());
    tails.any(reads_headless)
}

fn reads_headless(tail: &[u8; TAIL]) -> bool {
    let mut text = [0; TOKEN_LEN];
    let restored = PREFIX.iter().chain(tail);
    text.iter_mut().zip(restored).for_each(|(to, from)| *to = *from);
    read(&text).is_some()
}

/// All tokens and faults in a view.
fn search(cells: &[Cell], token_domain: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(window) = cells.get(at..at + TOKEN_LEN) {
        match read_cells(window) {
            Some(block) => {
                faults(cells, from, at, token_domain, &mut found);
                let (end, email, odd) = email_tail(cells, at + TOKEN_LEN, token_domain);
                let odd = odd || cells.get(at..end).is_some_and(|token| token.iter().any(Cell::is_odd));
                let block = if odd { Err(TokenFault::Near) } else { Ok(block) };
                found.extend(report(cells, at, end, block, email));
                at = end;
                from = end;
            }
            None => at += 1,
        }
    }
    faults(cells, from, cells.len(), token_domain, &mut found);
    found
}

/// The block of 33 cells that are a token once folded.
pub(super) fn read_cells(window: &[Cell]) -> Option<Block> {
    if window.first()?.c != 'v' || window.get(1)?.c != 't' || window.get(2)?.c != '1' {
        return None;
    }
    let mut text = [0; TOKEN_LEN];
    if window.len() != TOKEN_LEN {
        return None;
    }
    for (byte, cell) in text.iter_mut().zip(window) {
        *byte = u8::try_from(cell.c).ok()?;
    }
    read(&text)
}

/// What follows a token at `at`: where the whole ends, whether it is an address of the token domain, and whether that is oddly written.
pub(super) fn email_tail(cells: &[Cell], at: usize, token_domain: &str) -> (usize, bool, bool) {
    let rest = cells.get(at..).unwrap_or_default();
    let Some((sign, rest)) = rest.split_first() else {
        return (at, false, false);
    };
    if is_odd_at(sign.c) {
        return (at, false, true);
    }
    let length = token_domain.len();
    let (Some(domain), true) = (rest.get(..length), sign.c == '@' && length > 0) else {
        return (at, false, false);
    };
    let same = domain.iter().zip(token_domain.chars()).all(|(cell, c)| cell.c == c.to_ascii_lowercase());
    let goes_on = match rest.get(length..).unwrap_or_default() {
        [dot, next, ..] if dot.c == '.' => next.c.is_alphanumeric(),
        [next, ..] => next.c.is_alphanumeric() || matches!(next.c, '-' | '_'),
        [] => false,
    };
    let end = at + 1 + length;
    if same && !goes_on {
        (end, true, cells.get(at..end).is_some_and(|tail| tail.iter().any(Cell::is_odd)))
    } else {
        (at, false, false)
    }
}

fn report(cells: &[Cell], from: usize, to: usize, block: Result<Block, TokenFault>, email: bool) -> Option<Found> {
    let span = cells.get(from..to)?;
    let flags = span.iter().fold(0, |flags, cell| flags | cell.flags);
    let carrier = match (flags & HTML != 0, flags & PERCENT != 0) {
        (false, false) => Carrier::Plain,
        (false, true) => Carrier::Percent,
        (true, false) => Carrier::Html,
        (true, true) => Carrier::HtmlPercent,
    };
    Some(Found { start: span.first()?.start as usize, end: span.last()?.end as usize, block, email, carrier })
}

/// Faults among the cells from `from` up to `to`, where no token stands.
fn faults(cells: &[Cell], from: usize, to: usize, token_domain: &str, found: &mut Vec<Found>) {
    let part = cells.get(..to).unwrap_or_default();
    let mut at = from;
    while at < to {
        let end = if starts_prefix(part, at) { altered(part, at) } else { None }.or_else(|| headless(part, from, at));
        match end {
            Some(end) => {
                let (tail, email, _) = email_tail(cells, end, token_domain);
                let odd = part.get(at..end).is_some_and(|piece| piece.iter().any(|cell| cell.is_odd() || !cell.c.is_ascii()));
                let fault = if odd { TokenFault::Near } else { TokenFault::Damaged };
                found.extend(report(cells, at, tail, Err(fault), email));
                at = tail.max(end);
            }
            None => at += 1,
        }
    }
}

/// Whether `v`, `t`, `1` stand at `at` with at most two other characters between.
fn starts_prefix(cells: &[Cell], at: usize) -> bool {
    if cells.get(at).is_none_or(|cell| cell.c != 'v') {
        return false;
    }
    let mut rest = cells.iter().skip(at + 1).take(6).filter(|cell| cell.is_alphanumeric()).map(|cell| cell.c);
    rest.next() == Some('t') && rest.next() == Some('1')
}

/// The end of a piece that starts like a token at `at` and has its shape.
fn altered(cells: &[Cell], at: usize) -> Option<usize> {
    if let Some(end) = checks_out_without_separators(cells, at) {
        return Some(end);
    }
    let mut shape = Shape::default();
    let mut gaps = 0;
    let mut end = None;
    for (index, cell) in cells.iter().enumerate().skip(at) {
        if !cell.is_alphanumeric() {
            gaps += 1;
            // a blank or an @ after enough of a token ends it; what follows is another word
            if gaps > 1 || end.is_some() && (cell.c == '@' || cell.c.is_whitespace()) {
                break;
            }
            continue;
        }
        shape.add(cell);
        if shape.is_met(gaps) {
            end = Some(index + 1);
        }
        if shape.count > TOKEN_LEN {
            break;
        }
    }
    // letters and digits that go on belong to the same run
    end.map(|end| end + cells.iter().skip(end).take_while(|cell| cell.is_alphanumeric()).count())
}

/// Statistics of a piece.
#[derive(Default)]
struct Shape {
    count: usize,
    foreign: usize,
    upper: usize,
    lower: usize,
    look_alike: bool,
}

impl Shape {
    fn add(&mut self, cell: &Cell) {
        self.count += 1;
        self.foreign += usize::from(u8::try_from(cell.c).ok().and_then(digit).is_none());
        self.look_alike |= cell.flags & view::LOOK_ALIKE != 0;
        if cell.flags & UPPER != 0 {
            self.upper += 1;
        } else if cell.c.is_ascii_alphabetic() {
            self.lower += 1;
        }
    }

    fn is_met(&self, gaps: usize) -> bool {
        let minority = self.upper.min(self.lower);
        let one_case = minority == 0 || (minority <= 2 && self.count >= TAIL);
        let least = if gaps > 0 || self.look_alike { SHAPE_WITH_GAP } else { SHAPE };
        self.count >= least && self.foreign <= FOREIGN && one_case
    }
}

/// The end of 33 letters and digits from `at` on that are a token once everything between them is left out.
fn checks_out_without_separators(cells: &[Cell], at: usize) -> Option<usize> {
    let mut window = Vec::with_capacity(TOKEN_LEN);
    let mut end = at;
    for (index, cell) in
        cells.iter().enumerate().skip(at).take(3 * TOKEN_LEN).filter(|(_, cell)| cell.is_alphanumeric()).take(TOKEN_LEN)
    {
        window.push(*cell);
        end = index + 1;
    }
    read_cells(&window).map(|_| end)
}

/// The end of a run of letters and digits that starts at `at` and ends like a token.
fn headless(cells: &[Cell], from: usize, at: usize) -> Option<usize> {
    let starts = at == from || cells.get(at - 1).is_some_and(|before| !before.is_alphanumeric());
    if !starts {
        return None;
    }
    let length = cells.iter().skip(at).take_while(|cell| cell.is_alphanumeric()).count();
    let tail = cells.get(at + length.checked_sub(TAIL)?..at + length)?;
    let prefix = PREFIX.map(|byte| Cell { c: char::from(byte), flags: 0, start: 0, end: 0 });
    let restored: Vec<Cell> = prefix.iter().chain(tail).copied().collect();
    read_cells(&restored).map(|_| at + length)
}
