//! JSON as other programs write it: for reading files that are audited, never for data on its way through.
//!
//! Everything of RFC 8259 still holds except three rules of ours: names may repeat, and strings may hold NUL and lone surrogates as
//! escapes. Repeated names stay on the tape, each with its value, so that nothing can hide behind the last one. A [`Loose`] is not a
//! [`Document`] by type: what only takes strict JSON cannot be given one by mistake.

use super::{Document, Limits, ParseError, parse};

/// A document that may repeat names and hold odd escapes.
#[derive(Debug)]
pub struct Loose<'a>(Document<'a>);

impl<'a> Loose<'a> {
    /// Lays `bytes` out as a tape.
    ///
    /// # Errors
    /// Anything but one JSON value within the limits; the error tells where and which rule, never the content.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, ParseError> {
        match parse::parse::<true>(bytes, limits) {
            Ok((text, nodes)) => Ok(Self(Document { text, nodes })),
            Err(fault) => Err(ParseError::locate(fault.code, bytes, fault.offset)),
        }
    }

    /// The tape, for reading only.
    pub fn tape(&self) -> &Document<'a> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_only_odd_is_read_and_nothing_hides() {
        let text = br#"{"a":1,"a":"\ud800x\u0000","\u0061":2}"#;
        assert_eq!(Document::parse(text, &Limits::default()).unwrap_err().code(), "json.duplicate_name");
        let loose = Loose::parse(text, &Limits::default()).unwrap();
        let tape = loose.tape();
        let seen: Vec<_> = tape.children(tape.root()).map(|id| (tape.name(id).unwrap(), tape.raw(id))).collect();
        assert_eq!(seen, [("a".into(), "1"), ("a".into(), r#""\ud800x\u0000""#), ("a".into(), "2")]);
        assert!(tape.string(tape.member(tape.root(), "a").unwrap()).is_empty());
        assert_eq!(tape.string(tape.children(tape.root()).nth(1).unwrap()), "\u{FFFD}x\0");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "\"\u{1}\"", "[1] 2", "{'a':1}", "\"\\x\"", "\"\\u12\""] {
            assert!(Loose::parse(text.as_bytes(), &Limits::default()).is_err(), "{text:?}");
        }
    }
}
