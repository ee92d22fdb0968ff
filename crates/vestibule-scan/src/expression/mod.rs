//! Expressions inside configured texts: what is literal, what is computed, and which earlier fields are used.
//!
//! Texts are taken apart before anything else looks at them, so that a quote or brace inside an expression never ends a value. What an
//! expression computes is not worked out.

mod make;
mod n8n;
mod zapier;

use std::borrow::Cow;

use crate::model::Platform;

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As it is sent.
    Literal(&'t str),
    /// Between the platform's marks, without them.
    Expression(&'t str),
}

/// A field of an earlier step that an expression uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'t> {
    /// The step as expressions call it; `None` for the step before, or where the expression does not say.
    pub step: Option<Cow<'t, str>>,
    /// Members from the step's output to the field, outermost first; array positions are left out.
    pub field: Vec<Cow<'t, str>>,
}

/// The pieces of a text with the byte offset of each (of an expression: of what is between the marks).
pub fn pieces<'t>(platform: Platform, text: &'t str) -> Vec<(usize, Piece<'t>)> {
    let mut found = Vec::new();
    each_piece(platform, text, &mut |at, piece| found.push((at, piece)));
    found
}

fn each_piece<'t>(platform: Platform, text: &'t str, take: &mut dyn FnMut(usize, Piece<'t>)) {
    match platform {
        Platform::Make => make::pieces(text, take),
        Platform::N8n => n8n::pieces(text, take),
        Platform::Zapier => zapier::pieces(text, take),
        Platform::File => take(0, Piece::Literal(text)),
    }
}

/// The fields that an expression uses.
pub fn references<'t>(platform: Platform, expression: &'t str) -> Vec<Reference<'t>> {
    let mut found = Vec::new();
    add_references(platform, expression, &mut found);
    found
}

fn add_references<'t>(platform: Platform, expression: &'t str, found: &mut Vec<Reference<'t>>) {
    match platform {
        Platform::Make => make::references(expression, found),
        Platform::N8n => n8n::references(expression, found),
        Platform::Zapier => zapier::references(expression, found),
        Platform::File => {}
    }
}

/// Where a doubled sign stands at or after `from`: quicker than a general search, which has to be prepared for each text.
pub(crate) fn double(text: &[u8], sign: u8, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(sign, text.get(at..)?)?;
        if text.get(at + 1) == Some(&sign) {
            return Some(at);
        }
        at += 1;
    }
}

/// String literals inside an expression with their byte offsets: a credential can stand in one.
pub fn literals(platform: Platform, expression: &str) -> Vec<(usize, &str)> {
    match platform {
        Platform::Make => make::literals(expression),
        Platform::N8n => n8n::literals(expression),
        Platform::Zapier => zapier::literals(expression),
        Platform::File => Vec::new(),
    }
}

/// All fields that a text uses.
pub fn used<'t>(platform: Platform, text: &'t str) -> Vec<Reference<'t>> {
    let mut found = Vec::new();
    each_piece(platform, text, &mut |_, piece| match piece {
        Piece::Expression(inner) => add_references(platform, inner, &mut found),
        Piece::Literal(_) => {}
    });
    found
}
