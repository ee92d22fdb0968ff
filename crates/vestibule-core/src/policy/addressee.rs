//! Addressees: who may receive what a call reveals, when the address itself stands in the call.
//!
//! A grant's `where` names places and the conditions on them: `same-subject | @example.com | team@example.com`. All
//! addresses found at such a place are checked before anything is revealed.

use crate::id::SubjectNumber;

/// The alternatives of one condition; one of them must hold for every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressees {
    /// A token of the call's own subject.
    pub same_subject: bool,
    /// Domains, lower case, without `@`.
    pub domains: Vec<String>,
    /// Whole addresses, lower case.
    pub addresses: Vec<String>,
}

/// What stands at an addressee place.
#[derive(Clone, Debug)]
pub enum Addressee<'a> {
    /// A token, and whose it is.
    Token(SubjectNumber),
    /// A literal text.
    Literal(&'a str),
}

/// A condition that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an addressee condition is `same-subject`, `@domain` or an address, joined by `|`")]
pub struct AddresseesError;

impl Addressees {
    /// Reads `same-subject | @example.com | team@example.com`.
    pub fn parse(text: &str) -> Result<Addressees, AddresseesError> {
        let mut out = Addressees { same_subject: false, domains: Vec::new(), addresses: Vec::new() };
        for part in text.split('|').map(str::trim) {
            if part == "same-subject" {
                out.same_subject = true;
            } else if let Some(domain) = part.strip_prefix('@').filter(|domain| is_domain(domain)) {
                out.domains.push(domain.to_ascii_lowercase());
            } else if split_address(part).is_some() {
                out.addresses.push(part.to_ascii_lowercase());
            } else {
                return Err(AddresseesError);
            }
        }
        Ok(out)
    }

    /// Whether this addressee may be written to in a call about `subject`.
    pub fn admit(&self, addressee: &Addressee<'_>, subject: Option<SubjectNumber>) -> bool {
        match addressee {
            Addressee::Token(owner) => self.same_subject && subject == Some(*owner),
            Addressee::Literal(text) => match split_address(text) {
                Some((_, domain)) => {
                    let domain = domain.to_ascii_lowercase();
                    self.domains.contains(&domain) || self.addresses.contains(&text.to_ascii_lowercase())
                }
                None => false,
            },
        }
    }
}

/// Whether a text would be taken for an address or a list of addresses: bare, with a name before it, or as a link. A text
/// that mentions an address among other words is none.
pub fn reads_as_address(text: &str) -> bool {
    let bare = |part: &str| {
        let part = part.trim();
        let inner = part.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(part);
        let inner = inner.trim().trim_start_matches("mailto:").trim_matches(['"', '\'']);
        let parts = inner.rsplit_once('@');
        parts.is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains(|c: char| c.is_alphanumeric()) && !inner.contains(char::is_whitespace)
        })
    };
    text.contains('@') && text.split([',', ';', '\n']).any(bare)
}

/// Whether a restored value is one addressee and no more: one line, no list, no second address, no display name.
pub fn is_one_addressee(value: &str) -> bool {
    let one_line = !value.trim().is_empty() && !value.contains(|c: char| c.is_control());
    let mut signs = value.matches('@');
    let is_address = signs.next().is_some();
    let bare = !value.contains([',', ';', '<', '>']);
    let plain = !value.trim().contains(|c: char| c.is_whitespace() || "()[]:\"\\".contains(c));
    one_line && bare && signs.next().is_none() && (!is_address || plain)
}

/// One plain address `local@domain`. Display names, comments, quotes, lists and anything else that mail software reads
/// in its own way are no address here, so that a literal cannot smuggle a second recipient.
fn split_address(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_once('@')?;
    let local_ok = (1..=64).contains(&local.len()) && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-'".contains(&b));
    (local_ok && is_domain(domain)).then_some((local, domain))
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const DANA: SubjectNumber = SubjectNumber([1; 16]);
    const EVE: SubjectNumber = SubjectNumber([2; 16]);

    #[test]
    fn tokens_are_admitted_by_their_owner() {
        let rule = Addressees::parse("same-subject").unwrap();
        assert!(rule.admit(&Addressee::Token(DANA), Some(DANA)));
        assert!(!rule.admit(&Addressee::Token(EVE), Some(DANA)));
        assert!(!rule.admit(&Addressee::Token(EVE), None));
        assert!(!rule.admit(&Addressee::Literal("x@example.com"), Some(DANA)));
    }

    #[test]
    fn literals_are_admitted_by_domain_or_whole() {
        let rule = Addressees::parse("same-subject | @example.com | team@example.org").unwrap();
        for good in ["a@example.com", "A@EXAMPLE.COM", "Team@example.org"] {
            assert!(rule.admit(&Addressee::Literal(good), None), "{good}");
        }
        let bad = [
            "a@example.com.evil.test",
            "a@evil.test",
            "other@example.org",
            "a@sub.example.com",
            "evil@evil.test,a@example.com",
            "a@example.com,evil@evil.test",
            "a@example.com\r\nBcc: evil@evil.test",
            "<a@example.com>",
            "Dana <a@example.com>",
            "a@evil.test@example.com",
            "\"a@evil.test\"@example.com",
            "a@example.com ",
            "@example.com",
            "example.com",
            "",
            "a b@example.com",
            "a@exämple.com",
            "a(b)@example.com",
            "a;b@example.com",
        ];
        for text in bad {
            assert!(!rule.admit(&Addressee::Literal(text), None), "{text}");
        }
    }

    #[test]
    fn one_addressee_is_one() {
        for one in ["dana@example.org", " dana+x@example.org ", "dana@ex\u{e4}mple.de", "+49 (0)30 901820", "U024BE7LH"] {
            assert!(is_one_addressee(one), "{one}");
        }
        let more = [
            "",
            " ",
            "a@b.de,c@d.de",
            "a@b.de;c",
            "a@b.de c@d.de",
            "a@b.de\r\nBcc: c",
            "Dana <a@b.de>",
            "a@b@c.de",
            "\"a b\"@c.de",
            "+49, +50",
        ];
        for value in more {
            assert!(!is_one_addressee(value), "{value}");
        }
    }

    #[test]
    fn addresses_are_told_from_texts() {
        for text in ["a@b.de", "x, a@b.de", "Dana <a@b.de>", "\"Dana\" <a@b.de>;", "mailto:a@b.de", "a@localhost", " a@b.de\n"] {
            assert!(reads_as_address(text), "{text}");
        }
        for text in ["", "@dana", "a@", "mail a@b.de now", "Meet @ 9", "100 @ 5"] {
            assert!(!reads_as_address(text), "{text}");
        }
    }

    #[test]
    fn conditions_that_cannot_be_read_are_refused() {
        for bad in ["", "anyone", "@", "@localhost", "same-subject |", "a@b@c.de", "*@example.com"] {
            assert_eq!(Addressees::parse(bad), Err(AddresseesError), "{bad}");
        }
    }
}
