//! Names and values inside texts: JSON-like bodies with expressions in them, forms, header blocks, code, commands, connection strings,
//! Markdown.
//!
//! There is no parser per language. The reader stops at words that names of credentials have, looks for the separator behind the name and
//! takes the value behind that. All these languages write a name, a separator and a value in this order.

mod pair;

use super::anchors::{self, Anchor};
use super::judge::{self, Seen, Trust};
use super::names::{self, Slot};
use super::url;
use super::value::line;
use super::{CredentialKind, expression};
use crate::finding::Confidence;
use crate::model::Role;

/// Reports what stands inside a text, with the name it has there.
pub(super) fn read<'t>(text: &'t str, role: Role, trust: Trust, report: &mut dyn FnMut(&'t str, Seen<'t>)) {
    let mut at = 0;
    while let Some((anchor, start, end)) = anchors::next(text, at) {
        at = end.max(look(text, role, trust, (anchor, start, end), report));
    }
}

/// Looks at one anchor; returns how far it has read.
fn look<'t>(
    text: &'t str,
    role: Role,
    trust: Trust,
    (anchor, start, end): (Anchor, usize, usize),
    report: &mut dyn FnMut(&'t str, Seen<'t>),
) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    match anchor {
        Anchor::Name => name(text, role, trust, start, end, report),
        Anchor::Short => name(text, role, trust, start, start + 2, report).max(start + 2),
        Anchor::Login => login(text, role, end, report),
        Anchor::Url => {
            let Some(range) = url::extent(text, start) else {
                return end;
            };
            let past = range.end;
            let address = text.get(range).unwrap_or_default();
            let sent = if role == Role::Url { Trust::Sent } else { trust };
            url::read(address, sent, &mut |seen| report("", seen));
            past
        }
        Anchor::Vendor(pattern) => {
            if follows_word(text, start) {
                return end;
            }
            let Some(length) = pattern.matches(rest) else {
                return end;
            };
            if let Some(seen) = judge::built(rest, true) {
                report("", seen);
            }
            start + length
        }
        Anchor::Built => {
            if follows_word(text, start) {
                return end;
            }
            judge::built(rest, true).map_or(end, |seen| {
                let past = start + seen.secret.len();
                report("", seen);
                past
            })
        }
        Anchor::Scheme => {
            if follows_word(text, start) {
                return end;
            }
            let word = rest.get(..end - start + token_length(after)).unwrap_or_default();
            let decodes = !rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("basic"));
            // in prose `basic` and `bearer` are ordinary words
            match judge::literal(word, Slot::Auth, Trust::Quoted)
                .filter(|seen| seen.kind == CredentialKind::Secret && (decodes || seen.confidence == Confidence::High))
            {
                Some(seen) => {
                    report("Authorization", seen);
                    start + word.len()
                }
                None => end,
            }
        }
        Anchor::User => user(after, end, report),
        Anchor::Command => command(after, end, report),
        Anchor::Encode => encode(after, end, report),
        Anchor::Telegram => telegram(text, start, report),
        Anchor::Mailhook => mailhook(text, start, report),
    }
}

fn name<'t>(
    text: &'t str,
    role: Role,
    trust: Trust,
    start: usize,
    end: usize,
    report: &mut dyn FnMut(&'t str, Seen<'t>),
) -> usize {
    let Some(named) = pair::name_around(text, start, end) else {
        return end;
    };
    let header = named.quoted || matches!(role, Role::Headers | Role::Command);
    let slot = names::slot(named.text, header);
    if slot == Slot::None {
        return named.end.max(end);
    }
    let Some(found) = pair::value_after(text, &named, role) else {
        return end;
    };
    let past = found.end;
    let trust = match trust {
        Trust::Sample => Trust::Sample,
        _ if !found.quoted => Trust::Loose,
        _ if role == Role::Headers => Trust::Sent,
        _ => Trust::Quoted,
    };
    if found.value.contains("{{") {
        expression::judge(found.value, slot, trust, &mut |seen| report(named.text, seen));
        // an address or another pair may stand inside
        return end;
    }
    if found.value.contains("://") {
        return end;
    }
    match judge::literal(found.value, slot, trust) {
        Some(seen) if found.allows(&seen, slot) => {
            report(named.text, seen);
            past
        }
        _ => end,
    }
}

/// The anchor is the inside of a longer word, of a name or of encoded data.
fn follows_word(text: &str, start: usize) -> bool {
    let before = text.get(..start).and_then(|head| head.bytes().next_back());
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
        && !text.get(..start).is_some_and(|head| head.ends_with("\\n") || head.ends_with("%20"))
}

fn token_length(text: &str) -> usize {
    text.bytes()
        .take(4096)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b':' | b'~' | b'|')
        })
        .count()
}

/// `-u user:pass`
fn user<'t>(after: &'t str, end: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let (word, _) = pair::shell_word(after);
    let Some((name, pass)) = word.split_once(':') else {
        return end;
    };
    if pass.starts_with("//") || name.contains(' ') {
        return end;
    }
    let found = if pass.is_empty() {
        judge::literal(name, Slot::Weak, Trust::Typed)
    } else {
        judge::literal(pass, Slot::Password, Trust::Typed)
    };
    if let Some(seen) = found {
        report("-u", seen);
    }
    end
}

/// `login("user", "pass")`, `HTTPBasicAuth('user', 'pass')`, and in notes `Login: user / pass`.
fn login<'t>(text: &'t str, role: Role, end: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let after = text.get(end..).unwrap_or_default();
    let pass = if text.get(..end).is_some_and(|head| head.ends_with('(')) {
        pair::second_argument(after)
    } else if role == Role::Note {
        let line = line(after, 512);
        line.split_once(" / ").filter(|(user, _)| !user.trim().contains(' ')).map(|(_, pass)| pair::shell_word(pass).0)
    } else {
        None
    };
    let seen = pass
        .and_then(|pass| judge::literal(pass, Slot::Password, Trust::Quoted))
        .filter(|seen| seen.kind == CredentialKind::Secret);
    if let Some(seen) = seen {
        report("login", seen);
    }
    end
}

/// `sshpass -p pass`, `mysql -ppass`
fn command<'t>(after: &'t str, end: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let line = line(after, 512);
    if let Some(at) = line.find("-p") {
        let (word, _) = pair::shell_word(line.get(at + 2..).unwrap_or_default().trim_start());
        if let Some(seen) = judge::literal(word, Slot::Password, Trust::Typed).filter(|_| !word.starts_with('-')) {
            report("-p", seen);
        }
    }
    end
}

/// `btoa('user:pass')`
fn encode<'t>(after: &'t str, end: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let after = line(after, 512).trim_start().trim_start_matches(['b', 'f']);
    let Some(quote) = after.chars().next().filter(|sign| matches!(sign, '"' | '\'' | '`')) else {
        return end;
    };
    let literal = after.get(1..).and_then(|body| body.split_once(quote)).map(|(literal, _)| literal).unwrap_or_default();
    if let Some((name, pass)) = literal.split_once(':')
        && !literal.contains(['$', '{', ' '])
    {
        let found = if pass.is_empty() {
            judge::literal(name, Slot::Weak, Trust::Typed)
        } else {
            judge::literal(pass, Slot::Password, Trust::Quoted)
        };
        if let Some(seen) = found {
            report("", seen);
        }
    }
    end
}

/// `123456789:AA…` wherever it stands.
fn telegram<'t>(text: &'t str, colon: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let before = text.get(..colon).unwrap_or_default();
    let digits = before.bytes().rev().take(12).take_while(u8::is_ascii_digit).count();
    let start = colon - digits;
    let length = text
        .get(colon + 1..)
        .unwrap_or_default()
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    let token = text.get(start..colon + 1 + length).unwrap_or_default();
    if url::is_telegram(token) {
        report("", Seen { vendor: Some("telegram"), ..Seen::secret("Telegram bot token", Confidence::High, token) });
        return start + token.len();
    }
    colon + 1
}

/// `x8k2…@hook.eu1.make.com`
fn mailhook<'t>(text: &'t str, at: usize, report: &mut dyn FnMut(&'t str, Seen<'t>)) -> usize {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@');
    let before = text.get(..at).unwrap_or_default().bytes().rev().take(80).take_while(plain).count();
    let length = text.get(at..).unwrap_or_default().bytes().take(80).take_while(plain).count();
    let address = text.get(at - before..at + length).unwrap_or_default().trim_end_matches('.');
    let (user, host) = address.split_once('@').unwrap_or_default();
    let ours =
        host == "hook.integromat.com" || (host.starts_with("hook.") && host.ends_with(".make.com")) || host == "robot.zapier.com";
    if ours && user.len() >= 12 && super::placeholder::judge(user).is_none() {
        report(
            "",
            Seen { kind: CredentialKind::SecretUrl, ..Seen::secret("address that starts a scenario", Confidence::High, address) },
        );
    }
    at + length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, role: Role) -> Vec<String> {
        let mut found = Vec::new();
        read(text, role, Trust::Typed, &mut |_, seen| {
            if seen.kind != CredentialKind::Placeholder {
                found.push(seen.secret.to_owned());
            }
        });
        found
    }

    const KEY: &str = "Kq8vT2mZ0xYb4LrPw6Nc";

    #[test]
    fn pairs_in_many_languages() {
        for (text, role) in [
            (r#"{"a": 1, "api_key": "§"}"#, Role::Body),
            (r#"{\"api_key\": \"§\"}"#, Role::Body),
            (r#"{"name": "X-Api-Key", "value": "§"}"#, Role::Body),
            (r#"{"to":"{{1.email}}","apikey":"§","s":"{{if(1.l = "de"; "a"; "b")}}"}"#, Role::Body),
            ("const apiKey = \"§\";", Role::Code),
            ("const k = process.env.API_KEY || '§';", Role::Code),
            ("headers: { 'Authorization': 'Bearer §' }", Role::Code),
            ("headers = {'Authorization': f'Bearer §'}", Role::Code),
            ("headers['X-Api-Key'] = '§'", Role::Code),
            ("req.setHeader('X-Api-Key', '§')", Role::Code),
            ("os.getenv(\"API_KEY\", \"§\")", Role::Code),
            ("CREATE USER report WITH PASSWORD '§';", Role::Body),
            ("api_key=§&x=1", Role::Body),
            ("curl -H 'X-API-Key: §' https://x.example.com", Role::Command),
            ("curl -H \"Authorization: Bearer §\"", Role::Command),
            ("curl -u robot:§ https://x.example.com", Role::Command),
            ("tool --api-key § run", Role::Command),
            ("export API_TOKEN=§", Role::Command),
            ("<login><apiKey>§</apiKey></login>", Role::Body),
            ("API key: `§`", Role::Note),
            ("**Token:** §", Role::Note),
            ("| Token | § |", Role::Note),
            ("API key for the staging tenant: `§`", Role::Note),
            ("Server=tcp:x,1433;User ID=a;Password=§;Encrypt=True", Role::Setting),
            ("X-Api-Key: §\nAccept: x", Role::Headers),
            ("x = btoa('robot:§')", Role::Code),
        ] {
            assert_eq!(found(&text.replace('§', KEY), role), [KEY], "{text}");
        }
    }

    #[test]
    fn no_pairs() {
        for (text, role) in [
            ("const apiKey = $env.API_KEY2;", Role::Code),
            ("const token = item.json.token2 ?? 'missing';", Role::Code),
            ("const password = generatePassword16(16);", Role::Code),
            ("const re = /api[_-]?key=([a-z0-9]{32})/i;", Role::Code),
            ("{\"token\":\"accessToken\",\"password\":\"user_password\"}", Role::Body),
            ("{\"password\":{\"type\":\"string\",\"minLength\":8}}", Role::Body),
            ("The password is stored in the vault. Token: see vault. Key points: none.", Role::Note),
            ("The password: will follow. Code 2024A", Role::Note),
            ("SELECT token FROM users WHERE token = '{{ $json.token }}'", Role::Setting),
            ("keyboard: QWERTZ105x9", Role::Body),
            ("curl -H \"Authorization: Bearer $GITLAB_TOKEN\"", Role::Command),
        ] {
            assert_eq!(found(text, role), Vec::<String>::new(), "{text}");
        }
    }

    /// Work must not grow with the square of a text: nothing here closes what it opens.
    #[test]
    fn hostile_texts_cost_no_more_than_their_length() {
        for piece in [
            "key:\"{{",
            "password is ",
            "-----BEGIN PRIVATE KEY-----",
            " -u '",
            "btoa('",
            "a@hook.",
            "bearer ",
            "token ",
            "https://x?key={{",
            "login: a",
            "'key','",
            "eyJ.",
            "api key (",
            ":aa",
            "mysql -p'",
            "auth=('",
        ] {
            let took = |bytes: usize| {
                let text = piece.repeat(bytes / piece.len());
                let started = std::time::Instant::now();
                read(&text, Role::Note, Trust::Typed, &mut |_, _| {});
                started.elapsed()
            };
            let (small, large) = (took(8_000), took(64_000));
            // eight times the text; sixty-four times the work would be the square
            assert!(large < small * 32 + std::time::Duration::from_millis(500), "{piece}: {small:?}, then {large:?}");
        }
    }
}
