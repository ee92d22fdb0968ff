//! A text as a reader of tokens sees it: encodings undone, look-alikes folded, invisible characters noted, each character with the span
//! of the input it came from. It deliberately does not know what a token is.

use super::fold::{is_invisible, look_alike};

/// The character came out of a percent escape.
pub(super) const PERCENT: u8 = 1;
/// The character came out of an HTML entity.
pub(super) const HTML: u8 = 2;
/// The character only looks like the one it stands for.
pub(super) const LOOK_ALIKE: u8 = 4;
/// An invisible character touches this one.
pub(super) const INVISIBLE: u8 = 8;
/// The character was an upper-case letter.
pub(super) const UPPER: u8 = 16;

/// One character: ASCII letters in lower case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) c: char,
    pub(super) flags: u8,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Cell {
    pub(super) fn is_alphanumeric(&self) -> bool {
        self.c.is_ascii_alphanumeric()
    }

    /// Whether it is written in a way that a token never is.
    pub(super) fn is_odd(&self) -> bool {
        self.flags & (LOOK_ALIKE | INVISIBLE) != 0
    }
}

/// The characters of `text`, nothing decoded.
pub(super) fn cells(text: &str) -> Vec<Cell> {
    let cell = |(start, c): (usize, char)| Cell { c, flags: 0, start: start as u32, end: (start + c.len_utf8()) as u32 };
    text.char_indices().map(cell).collect()
}

/// Undoes HTML entities once, then percent escapes once; tells whether there were any.
pub(super) fn decode_once(cells: &[Cell]) -> (Vec<Cell>, bool) {
    let html = rewrite(cells, '&', entity);
    let percent = rewrite(&html, '%', percent_run);
    let changed = percent.len() != cells.len();
    (percent, changed)
}

/// Undoes escapes that are no carrier of tokens: `\u0076` and `\x76`.
pub(super) fn decode_backslash(cells: &[Cell]) -> (Vec<Cell>, bool) {
    let out = rewrite(cells, '\\', |rest, out| {
        let digits = match rest.get(1)?.c {
            'u' => 4,
            'x' => 2,
            _ => return None,
        };
        let code = number(rest.get(2..2 + digits)?, 16)?;
        out.push(merged(rest.get(..2 + digits)?, char::from_u32(code)?, 0)?);
        Some(2 + digits)
    });
    let changed = out.len() != cells.len();
    (out, changed)
}

/// Lower case, look-alikes as ASCII, invisible characters dropped but noted on their neighbours.
pub(super) fn fold(cells: &[Cell]) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut after_invisible = false;
    for cell in cells {
        if is_invisible(cell.c) {
            after_invisible = true;
            if let Some(last) = out.last_mut() {
                last.flags |= INVISIBLE;
            }
            continue;
        }
        let mut cell = *cell;
        if std::mem::take(&mut after_invisible) {
            cell.flags |= INVISIBLE;
        }
        if cell.c.is_ascii_uppercase() {
            cell.flags |= UPPER;
            cell.c = cell.c.to_ascii_lowercase();
        } else if let (false, Some(ascii)) = (cell.c.is_ascii(), look_alike(cell.c)) {
            cell.flags |= LOOK_ALIKE;
            cell.c = ascii;
        }
        out.push(cell);
    }
    out
}

/// Copies cells, letting `undo` replace what starts at each `mark`; it tells how many cells it took.
fn rewrite(cells: &[Cell], mark: char, undo: impl Fn(&[Cell], &mut Vec<Cell>) -> Option<usize>) -> Vec<Cell> {
    let mut out = Vec::with_capacity(cells.len());
    let mut rest = cells;
    while let Some((cell, tail)) = rest.split_first() {
        rest = match if cell.c == mark { undo(rest, &mut out) } else { None } {
            Some(taken) => rest.get(taken..).unwrap_or_default(),
            None => {
                out.push(*cell);
                tail
            }
        };
    }
    out
}

/// One HTML character reference, ended by its semicolon: numeric, or one of the names that stand for what a token may meet.
fn entity(rest: &[Cell], out: &mut Vec<Cell>) -> Option<usize> {
    const LONGEST: usize = 12;
    let end = rest.iter().take(LONGEST).position(|cell| cell.c == ';')?;
    let body = rest.get(1..end)?;
    let c = match body.first()?.c {
        '#' => {
            let (digits, radix) = match body.get(1)?.c {
                'x' | 'X' => (body.get(2..)?, 16),
                _ => (body.get(1..)?, 10),
            };
            char::from_u32(number(digits, radix)?)?
        }
        _ => match body.iter().map(|cell| cell.c).collect::<String>().as_str() {
            "commat" => '@',
            "period" => '.',
            "colon" => ':',
            "percnt" => '%',
            "amp" | "AMP" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{A0}',
            "Tab" => '\t',
            "NewLine" => '\n',
            "shy" => '\u{AD}',
            "zwnj" => '\u{200C}',
            "zwj" => '\u{200D}',
            "lrm" => '\u{200E}',
            "rlm" => '\u{200F}',
            _ => return None,
        },
    };
    out.push(merged(rest.get(..=end)?, c, HTML)?);
    Some(end + 1)
}

/// A run of percent escapes, read as UTF-8; what is not UTF-8 stays as it is.
fn percent_run(rest: &[Cell], out: &mut Vec<Cell>) -> Option<usize> {
    let mut bytes = Vec::new();
    while let Some([mark, digits @ ..]) = rest.get(bytes.len() * 3..bytes.len() * 3 + 3) {
        match number(digits, 16) {
            Some(byte) if mark.c == '%' => bytes.push(byte as u8),
            _ => break,
        }
    }
    let mut taken = 0;
    for c in std::str::from_utf8(&bytes).ok()?.chars() {
        let width = c.len_utf8() * 3;
        out.push(merged(rest.get(taken..taken + width)?, c, PERCENT)?);
        taken += width;
    }
    (taken > 0).then_some(taken)
}

/// One cell in the place of several.
fn merged(cells: &[Cell], c: char, flag: u8) -> Option<Cell> {
    let flags = cells.iter().fold(flag, |flags, cell| flags | cell.flags);
    Some(Cell { c, flags, start: cells.first()?.start, end: cells.last()?.end })
}

fn number(digits: &[Cell], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    digits.iter().try_fold(0, |value, cell| Some(value * radix + cell.c.to_digit(radix)?))
}
