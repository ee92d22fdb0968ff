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
    match platform {
        Platform::Make => make::pieces(text),
        Platform::N8n => n8n::pieces(text),
        Platform::Zapier => zapier::pieces(text),
        Platform::File => vec![(0, Piece::Literal(text))],
    }
}

/// The fields that an expression uses.
pub fn references<'t>(platform: Platform, expression: &'t str) -> Vec<Reference<'t>> {
    match platform {
        Platform::Make => make::references(expression),
        Platform::N8n => n8n::references(expression),
        Platform::Zapier => zapier::references(expression),
        Platform::File => Vec::new(),
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
    let expressions = pieces(platform, text).into_iter().filter_map(|(_, piece)| match piece {
        Piece::Expression(inner) => Some(inner),
        Piece::Literal(_) => None,
    });
    expressions.flat_map(|inner| references(platform, inner)).collect()
}
