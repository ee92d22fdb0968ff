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
    let percent = rewrite(&html, '%', percent_escape);
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

/// Cells that one escape takes at most: four percent escapes, which make up one character.
const ESCAPE: usize = 12;

/// Copies cells, letting `undo` replace what starts at each `mark`; it tells how many cells it took. It sees one escape and
/// no more, so that a text is read once, whatever stands in it.
fn rewrite(cells: &[Cell], mark: char, undo: impl Fn(&[Cell], &mut Vec<Cell>) -> Option<usize>) -> Vec<Cell> {
    let mut out = Vec::with_capacity(cells.len());
    let mut rest = cells;
    while let Some((cell, tail)) = rest.split_first() {
        let escape = || rest.get(..ESCAPE).unwrap_or(rest);
        rest = match if cell.c == mark { undo(escape(), &mut out) } else { None } {
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
    let end = rest.iter().position(|cell| cell.c == ';')?;
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

/// The percent escapes of one character in UTF-8. What is not UTF-8 stays as it is, and hides nothing beside it.
fn percent_escape(rest: &[Cell], out: &mut Vec<Cell>) -> Option<usize> {
    let byte = |at: usize| match rest.get(at * 3..at * 3 + 3)? {
        [mark, digits @ ..] if mark.c == '%' => Some(number(digits, 16)? as u8),
        _ => None,
    };
    let first = byte(0)?;
    let width = first.leading_ones().max(1) as usize;
    let bytes = (0..width.min(4)).map(byte).collect::<Option<Vec<u8>>>()?;
    let c = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    out.push(merged(rest.get(..width * 3)?, c, PERCENT)?);
    Some(width * 3)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::cell::Cell as Count;

    type Undo = fn(&[Cell], &mut Vec<Cell>) -> Option<usize>;

    #[test]
    fn the_work_grows_with_the_length_of_a_text_and_no_faster() {
        let undos: [(char, Undo); 2] = [('%', percent_escape), ('&', entity)];
        for text in ["%ff", "%41%ff", "%c3", "%e2%82", "%41", "%", "&", "&#38;", "&amp", "%25252525252541 "] {
            let cells = cells(&text.repeat(2_000));
            for (mark, undo) in undos {
                let seen = Count::new(0);
                rewrite(&cells, mark, |rest, out| {
                    seen.set(seen.get() + rest.len());
                    undo(rest, out)
                });
                assert!(seen.get() <= ESCAPE * cells.len(), "{text}: {} of {}", seen.get(), cells.len());
            }
        }
    }

    #[test]
    fn escapes_that_are_no_text_stay_and_the_others_are_undone() {
        let read = |text: &str| decode_once(&cells(text)).0.iter().map(|cell| cell.c).collect::<String>();
        for (text, undone) in [
            ("%41%ff%42", "A%ffB"),
            ("%ff%41", "%ffA"),
            ("%c3%41", "%c3A"),
            ("%e2%82%41", "%e2%82A"),
            ("%e2%82%ac%F0%9F%98%80%c3%a4", "\u{20ac}\u{1f600}\u{e4}"),
            ("%f8%88%80%80%80", "%f8%88%80%80%80"),
            ("%c3", "%c3"),
            ("%4", "%4"),
        ] {
            assert_eq!(read(text), undone);
        }
    }
}
