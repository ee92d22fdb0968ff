//! Whether a whole value is one token, after the short list of tolerated encodings, each undone once.
//!
//! Tolerated: surrounding white space, upper case, HTML entities, then percent escapes, then `mailto:`, and `@` with the token domain.
//! Anything else with a token in it is deliberately not whole; [`super::find`] tells what it holds.

use super::search::{email_tail, find, may_hold, read_cells};
use super::view::{self, Cell};
use super::{Block, TOKEN_LEN, TokenFault, read};

/// What a whole value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Not one token; it may hold some.
    None,
    /// Exactly one token.
    Token {
        /// What it carries.
        block: Block,
        /// Whether it is shaped as an e-mail address of the token domain.
        email: bool,
    },
    /// Exactly one damaged or oddly written token.
    Fault(TokenFault),
}

/// Reads a value as one token. `token_domain` is the domain of e-mail tokens, empty for none.
pub fn whole(text: &str, token_domain: &str) -> Whole {
    if let Some(token) = plain(text, token_domain) {
        return token;
    }
    if !may_hold(text) {
        return Whole::None;
    }
    let decoded = view::fold(&view::decode_once(&view::cells(text)).0);
    let cells = without_mailto(trimmed(&decoded));
    if let Some(block) = cells.get(..TOKEN_LEN).and_then(read_cells) {
        let (end, email, odd) = email_tail(cells, TOKEN_LEN, token_domain);
        if end == cells.len() && !odd && !cells.iter().any(Cell::is_odd) {
            return Whole::Token { block, email };
        }
    }
    match (find(text, token_domain).as_slice(), cells) {
        ([found], [first, .., last]) if found.start <= first.start as usize => match found.block {
            Err(fault) if found.end >= last.end as usize || at_sign_follows(cells, found.end) => Whole::Fault(fault),
            _ => Whole::None,
        },
        _ => Whole::None,
    }
}

/// The common case of [`whole`]: nothing around it, nothing encoded.
pub(crate) fn plain(text: &str, token_domain: &str) -> Option<Whole> {
    let (token, rest) = text.as_bytes().split_first_chunk::<TOKEN_LEN>()?;
    let email = match rest.split_first() {
        None => false,
        Some((b'@', domain)) if !domain.is_empty() && domain.eq_ignore_ascii_case(token_domain.as_bytes()) => true,
        Some(_) => return None,
    };
    read(token).map(|block| Whole::Token { block, email })
}

fn trimmed(cells: &[Cell]) -> &[Cell] {
    let is_text = |cell: &Cell| !cell.c.is_whitespace();
    let start = cells.iter().position(is_text).unwrap_or(cells.len());
    let end = cells.iter().rposition(is_text).map_or(start, |last| last + 1);
    cells.get(start..end).unwrap_or_default()
}

fn without_mailto(cells: &[Cell]) -> &[Cell] {
    const SCHEME: &str = "mailto:";
    match cells.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.iter().map(|cell| cell.c).eq(SCHEME.chars()) => rest,
        _ => cells,
    }
}

/// Whether what comes after byte `end` is an `@` and one word: the address part of a damaged e-mail token.
fn at_sign_follows(cells: &[Cell], end: usize) -> bool {
    let mut rest = cells.iter().skip_while(|cell| (cell.start as usize) < end);
    rest.next().is_some_and(|cell| cell.c == '@') && rest.all(|cell| !cell.c.is_whitespace() && cell.c != '@')
}
