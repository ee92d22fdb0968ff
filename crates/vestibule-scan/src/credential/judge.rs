//! Judges one literal in one slot: vendor's key, our own key, token that says what it is, drawn value, chosen password, stand-in, nothing.

use std::borrow::Cow;

use super::names::Slot;
use super::placeholder::{self, Standin};
use super::value::{Shape, is_uuid};
use super::{CredentialKind, basic, jwt, own, pem, vendors};
use crate::finding::Confidence;

/// Where the literal stands; decides how much it must show of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A header, query parameter or password of a request: sent as it stands.
    Sent,
    /// Another value of its own: a setting, a field, a variable.
    Typed,
    /// In quotes inside a text.
    Quoted,
    /// Without quotes inside a text.
    Loose,
    /// Kept from a run.
    Sample,
}

/// What was seen in a literal.
#[derive(Debug)]
pub(super) struct Seen<'t> {
    pub(super) kind: CredentialKind,
    pub(super) label: Cow<'static, str>,
    pub(super) confidence: Confidence,
    pub(super) vendor: Option<&'static str>,
    /// How it begins, where that is no secret.
    pub(super) prefix: &'static str,
    /// The secret inside the literal.
    pub(super) secret: &'t str,
    /// What else is known of it, such as until when it is valid.
    pub(super) more: String,
}

impl<'t> Seen<'t> {
    pub(super) fn secret(label: impl Into<Cow<'static, str>>, confidence: Confidence, secret: &'t str) -> Self {
        Self {
            kind: CredentialKind::Secret,
            label: label.into(),
            confidence,
            vendor: None,
            prefix: "",
            secret,
            more: String::new(),
        }
    }

    fn placeholder(label: &'static str, text: &'t str) -> Self {
        Self { kind: CredentialKind::Placeholder, ..Self::secret(label, Confidence::Medium, text) }
    }

    /// How it may be shown.
    pub(super) fn shown(&self) -> String {
        let begins = if self.prefix.is_empty() { String::new() } else { format!("`{}…`, ", self.prefix) };
        format!("{begins}{} characters{}", self.secret.chars().count(), self.more)
    }
}

/// Schemes of the `Authorization` header, in any spelling.
const SCHEMES: [&str; 17] = [
    "bearer",
    "basic",
    "token",
    "key",
    "apikey",
    "api-key",
    "apitoken",
    "jwt",
    "bot",
    "secret",
    "accesskey",
    "oauth",
    "sso-key",
    "app",
    "ssws",
    "geniekey",
    "ghost",
];

/// The scheme and what follows it.
pub(super) fn scheme(value: &str) -> Option<(&str, &str)> {
    let (word, rest) = value.split_once([' ', '\u{a0}'])?;
    let known = SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word.trim_end_matches(':')));
    // a vendor's own: `Klaviyo-API-Key`, `Zoho-oauthtoken`, `DeepL-Auth-Key`
    let rest = rest.trim();
    let coined = || ["-key", "-token", "-oauthtoken"].iter().any(|end| ends_with(word, end)) && Shape::of(rest).is_drawn(rest);
    ((known || coined()) && !rest.is_empty()).then_some((word, rest))
}

fn ends_with(word: &str, end: &str) -> bool {
    word.len().checked_sub(end.len()).and_then(|from| word.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Longer values are texts: they are read, not judged.
const LONGEST: usize = 16 * 1024;

/// What a literal is, given its slot.
pub(super) fn literal<'t>(value: &'t str, slot: Slot, trust: Trust) -> Option<Seen<'t>> {
    let value = value.trim().trim_matches(['"', '\'', '`']);
    if slot == Slot::None || value.len() < 3 || vendors::is_public(value) {
        return None;
    }
    if let Some(seen) = built(value, false) {
        return Some(seen);
    }
    if value.len() > LONGEST {
        return None;
    }
    match slot {
        Slot::None => None,
        Slot::Cookie => cookie(value),
        Slot::Password => password(value, trust),
        Slot::Auth | Slot::Token | Slot::Secret | Slot::Weak => match scheme(value) {
            Some((word, rest)) => after_scheme(word, rest, slot, trust),
            None if slot == Slot::Auth => user_and_password(value, trust).or_else(|| opaque(value, Slot::Token, trust)),
            None => opaque(value, slot, trust),
        },
    }
}

/// Credentials that show by their own build what they are; with `anywhere`, only those that cannot be mistaken.
pub(super) fn built<'t>(value: &'t str, anywhere: bool) -> Option<Seen<'t>> {
    if let Some(length) = own::length(value) {
        let secret = value.get(..length)?;
        return Some(Seen {
            vendor: Some("vestibule"),
            prefix: own::PREFIX,
            ..Seen::secret("Vestibule key", Confidence::High, secret)
        });
    }
    if let Some(found) = jwt::read(value) {
        let secret = value.get(..found.length)?;
        return Some(Seen { prefix: "eyJ", more: found.more, ..Seen::secret(found.label, found.confidence, secret) });
    }
    if let Some((length, label)) = pem::length(value) {
        return Some(Seen::secret(label, Confidence::High, value.get(..length)?));
    }
    let (pattern, length) = vendors::at_start(value, anywhere)?;
    let secret = value.get(..length)?;
    let seen =
        Seen { vendor: Some(pattern.vendor), prefix: pattern.prefix, ..Seen::secret(pattern.label, Confidence::High, secret) };
    if placeholder::is_drawn_body(secret.get(pattern.prefix.len()..)?) {
        return Some(seen);
    }
    Some(Seen { kind: CredentialKind::Placeholder, confidence: Confidence::Medium, vendor: None, ..seen })
}

fn after_scheme<'t>(word: &str, rest: &'t str, slot: Slot, trust: Trust) -> Option<Seen<'t>> {
    if word.eq_ignore_ascii_case("basic") {
        if let Some(seen) = basic_pair(rest) {
            return seen;
        }
    } else if vendors::is_public(rest) {
        return None;
    } else if let Some(seen) = built(rest, false) {
        return Some(seen);
    }
    let rest = rest.strip_prefix("token=").unwrap_or(rest).trim_matches(['"', '\'']);
    let slot = if slot == Slot::Weak || slot == Slot::Auth { Slot::Token } else { slot };
    let seen = opaque(rest, slot, trust)?;
    let label = match word {
        _ if word.eq_ignore_ascii_case("bearer") => "bearer token",
        _ if word.eq_ignore_ascii_case("basic") => "user and password (Basic)",
        _ => return Some(seen),
    };
    Some(Seen { label: label.into(), ..seen })
}

/// `Basic` decoded. `Some(None)`: decoded, and nothing in it.
fn basic_pair(encoded: &str) -> Option<Option<Seen<'_>>> {
    let (encoded, pair) = basic::decode(encoded)?;
    let (user, pass) = pair.split_once(':')?;
    Some(match basic::judge(user, pass) {
        basic::Pair::Credential { vendor } => {
            Some(Seen { vendor, ..Seen::secret("user and password (Basic)", Confidence::High, encoded) })
        }
        basic::Pair::Placeholder => Some(Seen::placeholder("user and password (Basic)", encoded)),
        basic::Pair::Nothing => None,
    })
}

/// `user:pass` and Zapier's `user|pass`, as some settings called `auth` take them.
fn user_and_password(value: &str, trust: Trust) -> Option<Seen<'_>> {
    let (user, pass) = value.split_once('|').or_else(|| value.split_once(':'))?;
    let plain = |user: &str| !user.is_empty() && user.len() <= 80 && !user.contains([' ', '/', '{']);
    (plain(user) && !pass.contains(['{', '/']))
        .then(|| password(pass, trust))
        .flatten()
        .filter(|seen| seen.kind == CredentialKind::Secret)
}

fn password(value: &str, trust: Trust) -> Option<Seen<'_>> {
    match placeholder::judge(value) {
        Some(Standin::Placeholder) => return Some(Seen::placeholder("password", value)),
        Some(Standin::Nothing) => return None,
        None => {}
    }
    let shape = Shape::of(value);
    let confidence = match trust {
        Trust::Sent | Trust::Typed | Trust::Quoted if shape.is_password(value) => Confidence::High,
        Trust::Sent if shape.is_word() => Confidence::Low,
        Trust::Sample if !value.contains(' ') && shape.length >= 6 && shape.is_password(value) => Confidence::Low,
        Trust::Loose if !value.contains(' ') && shape.length >= 6 && shape.is_password(value) => Confidence::Medium,
        _ if shape.is_drawn(value) => Confidence::High,
        _ => return None,
    };
    Some(Seen::secret("password", confidence, value))
}

fn opaque(value: &str, slot: Slot, trust: Trust) -> Option<Seen<'_>> {
    let label = if slot == Slot::Secret { "secret" } else { "API key or token" };
    match placeholder::judge(value) {
        Some(Standin::Placeholder) => return (slot != Slot::Weak).then(|| Seen::placeholder(label, value)),
        Some(Standin::Nothing) => return None,
        None => {}
    }
    let shape = Shape::of(value);
    let drawn = shape.is_drawn(value);
    let confidence = match (slot, trust) {
        (Slot::Weak, Trust::Sample) => return None,
        (Slot::Weak, Trust::Sent) if is_uuid(value) => Confidence::Medium,
        (Slot::Weak, _) if shape.is_long_drawn(value) => Confidence::Medium,
        (Slot::Weak, _) => return None,
        (_, Trust::Sample) if drawn && shape.length >= 16 => Confidence::Low,
        (_, Trust::Sample) => return None,
        (_, Trust::Sent) if drawn => Confidence::High,
        (_, _) if drawn => Confidence::Medium,
        (_, Trust::Sent) if shape.is_chosen(value) => Confidence::Medium,
        (Slot::Secret, Trust::Typed | Trust::Quoted) if shape.is_chosen(value) => Confidence::Medium,
        (Slot::Secret, Trust::Sent | Trust::Typed | Trust::Quoted)
            if shape.symbols > 0 && shape.length >= 8 && shape.is_password(value) && !value.contains([' ', '/', ':']) =>
        {
            Confidence::Medium
        }
        _ => return None,
    };
    Some(Seen::secret(label, confidence, value))
}

/// The first cookie that holds a session or a token.
fn cookie(value: &str) -> Option<Seen<'_>> {
    value.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let of_session = ["sess", "sid", "auth", "token", "jwt", "login", "remember", "ticket", "identity"]
            .iter()
            .any(|part| contains_ignoring_case(name, part));
        let harmless =
            ["csrf", "xsrf", "_ga", "_gid", "consent", "visitor"].iter().any(|part| contains_ignoring_case(name, part));
        let value = value.trim_matches('"');
        let drawn = of_session
            && !harmless
            && placeholder::judge(value).is_none()
            && value.len() >= 16
            && (Shape::of(value).is_drawn(value) || value.contains('%'));
        drawn.then(|| Seen::secret("session cookie", Confidence::Medium, value))
    })
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    fn kind(value: &str, slot: Slot) -> Option<CredentialKind> {
        literal(value, slot, Trust::Sent).map(|seen| seen.kind)
    }

    #[test]
    fn authorization_in_its_forms() {
        for value in [
            "Bearer Kq8vT2mZ0xYb4LrPw6Nc",
            "Token token=9f2b7c41d08e5a6633c1b7e0f4a92d58",
            "9f2b7c41d08e5a6633c1b7e0f4a92d58",
            "Basic c3ZjOkg0ZmVyIWtvcm4=",
            "Key 7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48",
            "robot|Kelp-Wald-88",
            "Klaviyo-API-Key pk_9f2b7c41d08e5a6633c1b7e0f4a92d58a1",
            "SSWS 00Kq8vT2mZ0xYb4LrPw6NcHd71sGfA3eJu9iQo",
        ] {
            assert_eq!(kind(value, Slot::Auth), Some(CredentialKind::Secret), "{value}");
        }
        for value in [
            "Bearer undefined",
            "sort-key created-at-2024",
            "Bearer <token>",
            "Bearer",
            "Basic dXNlcm5hbWU6cGFzc3dvcmQ=",
            "httpHeaderAuth",
            "predefinedCredentialType",
        ] {
            assert_ne!(kind(value, Slot::Auth), Some(CredentialKind::Secret), "{value}");
        }
    }

    #[test]
    fn nothing_of_the_value_is_shown() {
        let seen = literal("sk-proj-a8Kd92mZ7qLw3Pxv81Tr", Slot::Token, Trust::Sent).expect("a key");
        assert_eq!(seen.shown(), "`sk-proj-…`, 28 characters");
    }
}
