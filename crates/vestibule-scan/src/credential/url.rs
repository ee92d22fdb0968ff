//! Addresses inside texts: where one ends, and its user, password and query parameters.
//!
//! Expressions of the platform may stand anywhere in it and are stepped over.

use std::borrow::Cow;
use std::ops::Range;

use super::judge::{self, Seen, Trust};
use super::names::{self, Slot};
use super::value::boundary;
use super::{CredentialKind, expression};
use super::{path_key, secret_url};
use crate::finding::Confidence;

/// Longer addresses are cut.
const MOST: usize = 8192;

/// An address taken apart, without decoding.
#[derive(Debug, Default)]
pub(super) struct Parts<'t> {
    pub(super) user: &'t str,
    pub(super) password: Option<&'t str>,
    pub(super) host: &'t str,
    /// With its leading slash.
    pub(super) path: &'t str,
    query: &'t str,
}

impl<'t> Parts<'t> {
    /// Takes apart `scheme://user:password@host:port/path?query#fragment`.
    pub(super) fn of(url: &'t str) -> Self {
        let Some((_, rest)) = url.split_once("://") else {
            return Self::default();
        };
        let end = outside(rest, |byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match userinfo.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (userinfo, None),
        };
        let host = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(host, |(host, _)| host);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self { user, password, host, path, query }
    }

    /// Names and values of the query and of a fragment that looks like one.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        self.query.split(['&', ';']).filter_map(|pair| pair.split_once('=')).map(|(name, value)| {
            // a `#` begins a fragment, but a password may hold one
            let fragment = value.split_once('#').filter(|(_, fragment)| fragment.is_empty() || fragment.contains('='));
            (name, fragment.map_or(value, |(value, _)| value))
        })
    }

    /// The first parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&'t str> {
        self.parameters().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Where the address that has its `://` at `at` begins and ends.
pub(super) fn extent(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.get(..at)?;
    let scheme = before
        .bytes()
        .rev()
        .take(16)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    let rest = text.get(at + 3..)?;
    let stop = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|' | b'^');
    let length = outside(rest, stop).unwrap_or(rest.len()).min(MOST);
    let rest = rest.get(..boundary(rest, length))?;
    let rest = rest.get(..end_of_part(rest))?;
    // Markdown and prose around an address
    let length = rest.trim_end_matches(['.', ',', ';', ')', ']', '*']).len();
    (scheme > 0).then_some(at - scheme..at + 3 + length)
}

/// `Endpoint=sb://…;SharedAccessKey=…`: a semicolon ends an address inside a connection string, but not in `&amp;`.
fn end_of_part(address: &str) -> usize {
    let ends = |at: &usize| !address.get(..*at).is_some_and(|head| head.ends_with("&amp"));
    address.match_indices(';').map(|(at, _)| at).find(ends).unwrap_or(address.len())
}

/// What is secret in an address: at most one thing of each part.
pub(super) fn read<'t>(url: &'t str, trust: Trust, report: &mut dyn FnMut(Seen<'t>)) {
    let parts = Parts::of(url);
    if let Some(known) = secret_url::judge(&parts) {
        if known.short_lived && trust == Trust::Sample {
            return;
        }
        let kind = if known.placeholder { CredentialKind::Placeholder } else { CredentialKind::SecretUrl };
        let vendor = (!known.vendor.is_empty()).then_some(known.vendor);
        report(Seen { kind, vendor, ..Seen::secret(known.label, known.confidence, url) });
        return;
    }
    user_info(&parts, report);
    if is_for_one_click(&parts) {
        return;
    }
    telegram(&parts, report);
    if let Some(known) = path_key::find(&parts, trust == Trust::Sample) {
        report(Seen::secret(known.label, known.confidence, known.segment));
    }
    for (name, value) in parts.parameters() {
        parameter(&parts, name, value, trust, report);
    }
}

fn user_info<'t>(parts: &Parts<'t>, report: &mut dyn FnMut(Seen<'t>)) {
    let dynamic = |text: &str| text.contains("{{") || text.contains("${") || text.starts_with(['$', '<', '{', ':']);
    match parts.password {
        Some(password) if !password.is_empty() && !dynamic(password) => {
            let seen = through_decoding(password, |text| {
                let seen = judge::literal(text, Slot::Password, Trust::Typed)?;
                Some((seen.kind, seen.confidence, seen.vendor, seen.prefix))
            });
            if let Some((kind, confidence, vendor, prefix)) = seen {
                report(Seen { kind, confidence, vendor, prefix, ..Seen::secret("password in an address", confidence, password) });
            }
        }
        _ if parts.user.len() >= 20 && !dynamic(parts.user) => {
            if let Some(seen) = judge::literal(parts.user, Slot::Weak, Trust::Sent) {
                report(seen);
            }
        }
        _ => {}
    }
}

/// Links that mails carry: whoever opens one leaves a list or confirms an address, no more.
fn is_for_one_click(parts: &Parts<'_>) -> bool {
    let has = |word: &str| parts.path.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
    ["unsubscribe", "opt-out", "optout", "/confirm", "/invite"].into_iter().any(has)
}

/// `https://api.telegram.org/bot<id>:<token>/sendMessage`
fn telegram<'t>(parts: &Parts<'t>, report: &mut dyn FnMut(Seen<'t>)) {
    let Some(rest) = parts.path.strip_prefix("/bot").or_else(|| parts.path.strip_prefix("/file/bot")) else {
        return;
    };
    let token = rest.split('/').next().unwrap_or_default();
    if is_telegram(token) {
        report(Seen { vendor: Some("telegram"), ..Seen::secret("Telegram bot token", Confidence::High, token) });
    }
}

/// `123456789:AA…`
pub(super) fn is_telegram(token: &str) -> bool {
    token.split_once(':').is_some_and(|(id, secret)| {
        (8..=10).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && (33..=37).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && super::placeholder::is_drawn_body(secret)
    })
}

fn parameter<'t>(parts: &Parts<'t>, name: &str, value: &'t str, trust: Trust, report: &mut dyn FnMut(Seen<'t>)) {
    if value.len() < 4 {
        return;
    }
    let slot = parameter_slot(parts.host, name.rsplit(['[', '.']).next().unwrap_or(name).trim_end_matches(']'));
    if slot == Slot::None {
        return;
    }
    if value.contains("{{") {
        expression::judge(value, slot, trust, report);
        return;
    }
    let trust = if trust == Trust::Typed { Trust::Sent } else { trust };
    let seen = through_decoding(value, |text| {
        let seen = judge::literal(text, slot, trust)?;
        Some((seen.kind, seen.label, seen.confidence, seen.vendor, seen.prefix))
    });
    if let Some((kind, label, confidence, vendor, prefix)) = seen {
        report(Seen { kind, vendor, prefix, ..Seen::secret(label, confidence, value) });
    }
}

/// The slot of a query parameter; some vendors' keys have names that say nothing.
pub(super) fn parameter_slot(host: &str, name: &str) -> Slot {
    let ends = |end: &str| {
        host.len() >= end.len() && host.get(host.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if (is("appid") && ends("openweathermap.org")) || (is("code") && ends("azurewebsites.net")) || (is("wskey") || is("hapikey"))
    {
        return Slot::Token;
    }
    // their keys are numbers of six or seven digits
    if is("apikey") && (ends("callmebot.com") || ends("textmebot.com")) {
        return Slot::Password;
    }
    names::slot(name, false)
}

/// Judges the percent-decoded text where it is encoded.
fn through_decoding<R>(text: &str, judge: impl for<'a> Fn(&'a str) -> Option<R>) -> Option<R> {
    judge(&decoded(text))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The first byte that `stop` wants, outside `{{ }}`.
fn outside(text: &str, stop: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'{' && bytes.get(at + 1) == Some(&b'{') {
            let Some(end) = expression::end(text, at) else {
                return Some(at);
            };
            at = end;
            continue;
        }
        if stop(*byte) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(url: &str) -> Vec<(CredentialKind, String)> {
        let mut found = Vec::new();
        read(url, Trust::Sent, &mut |seen| found.push((seen.kind, seen.secret.to_owned())));
        found
    }

    #[test]
    fn parts_with_keys() {
        for (url, secret) in [
            ("https://reporter:zW3-lampe@files.example.org/x", "zW3-lampe"),
            ("postgres://app:kiesel88Tor@db.example.org:5432/app", "kiesel88Tor"),
            ("redis://:Kq8vT2mZ0xYb4LrPw6Nc@cache.internal:6379/0", "Kq8vT2mZ0xYb4LrPw6Nc"),
            (
                "https://x.example.com/a?q={{ $json.a ? 'b' : 'c' }}&api_key=9f2b7c41d08e5a6633c1b7e0f4a92d58",
                "9f2b7c41d08e5a6633c1b7e0f4a92d58",
            ),
            ("https://api.openweathermap.org/data?appid=9f2b7c41d08e5a6633c1b7e0f4a92d58", "9f2b7c41d08e5a6633c1b7e0f4a92d58"),
            ("https://api.callmebot.com/whatsapp.php?phone=49301234567&text={{ $json.t }}&apikey=7730418", "7730418"),
            ("https://v6.exchangerate-api.com/v6/5d1fa0937bc24e6618d3fa07/latest/USD", "5d1fa0937bc24e6618d3fa07"),
        ] {
            assert_eq!(labels(url), [(CredentialKind::Secret, secret.to_owned())], "{url}");
        }
    }

    #[test]
    fn parts_without() {
        for url in [
            "https://user:password@files.example.org",
            "https://{{ $json.u }}:{{ $json.p }}@x.example.org",
            "https://api.example.com/x?page_token=Kq8vT2mZ0xYb4LrPw6Nc",
            "https://shop.example.com/x?apikey=7730418",
            "https://cdn.example.com/a/9f2b7c41d08e5a6633c1b7e0f4a92d58.png?v=8c",
            "postgres://postgres:postgres@localhost/app",
        ] {
            assert_eq!(labels(url), [], "{url}");
        }
    }

    #[test]
    fn an_address_ends_before_what_surrounds_it() {
        let text = "see (https://example.com/a?b={{ 1 > 2 }}&c=d), then";
        let at = text.find("://").unwrap_or_default();
        assert_eq!(extent(text, at).and_then(|range| text.get(range)), Some("https://example.com/a?b={{ 1 > 2 }}&c=d"));
    }
}
