//! References to secrets, and literal secrets that should be references.
//!
//! Resolving a reference is not done here: no variable and no file is read.

use std::ops::Range;
use std::path::PathBuf;

use toml::de::DeValue;

use super::diagnostic::Diagnostic;
use super::model::{SecretRef, SecretSource};
use super::read::{Context, Node, Text};

/// Most secrets of one route: each is tried, so their number bounds the work of a forged request.
pub(super) const MOST_SECRETS: usize = 4;

/// Reads a reference where only a reference may stand. Whatever else stands there is taken for a secret.
pub(super) fn reference(context: &mut Context, text: &Text<'_>) -> Option<SecretRef> {
    let span = text.span.clone();
    let source = match text.value.split_once(':') {
        Some(("env", name)) if is_variable(name) => SecretSource::Env(name.to_owned()),
        Some(("file", path)) if path.starts_with('/') => SecretSource::File(PathBuf::from(path)),
        Some(("credential", name)) if is_credential(name) => SecretSource::Credential(name.to_owned()),
        Some(("env" | "file" | "credential", _)) => {
            context.push(
                Diagnostic::error("config.bad_secret_ref", span, "this reference to a secret is not readable").help(
                    "write `env:` and the name of a variable, `file:` and an absolute path, or `credential:` and the name of a systemd credential",
                ),
            );
            return None;
        }
        Some(("vault" | "aws" | "gcp" | "azure" | "op" | "keyring" | "secret", _)) => {
            context.push(
                Diagnostic::error("config.bad_secret_ref", span, "there is no such place for secrets")
                    .help("use `env:`, `file:` or `credential:`; most secret managers can write to one of these"),
            );
            return None;
        }
        _ => {
            literal(context, span);
            return None;
        }
    };
    Some(SecretRef { source, span })
}

/// Reads 1 to 4 references.
pub(super) fn references(context: &mut Context, texts: &[Text<'_>], span: Range<usize>) -> Option<Vec<SecretRef>> {
    if texts.len() > MOST_SECRETS {
        context.push(
            Diagnostic::error("config.too_many", span.clone(), format!("more than {MOST_SECRETS} secrets"))
                .note("every request may try all of them, so their number bounds the work of a forged one"),
        );
    }
    if texts.is_empty() {
        context.push(
            Diagnostic::error("config.missing_key", span, "the list of secrets is empty")
                .help("name at least one secret, for example \"env:CAREERS_SIGNING_SECRET\""),
        );
    }
    let all: Vec<_> = texts.iter().map(|text| reference(context, text)).collect();
    all.into_iter().collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// Reports every text of the file that looks like a secret, wherever it stands.
pub(super) fn scan(context: &mut Context, node: Node<'_>) {
    match node.get_ref() {
        DeValue::String(text) => {
            let is_reference = ["env:", "file:", "credential:"].iter().any(|prefix| text.starts_with(prefix));
            if !is_reference && looks_like_one(text) && !context.secrets.contains(&node.span()) {
                literal(context, node.span());
            }
        }
        DeValue::Array(list) => list.iter().for_each(|item| scan(context, item)),
        DeValue::Table(table) => table.iter().for_each(|(_, item)| scan(context, item)),
        _ => {}
    }
}

/// Whether a text has the prefix of a known kind of credential, or holds a long run that looks drawn at random.
pub(super) fn looks_like_one(text: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "whsec_",
        "vst_live_",
        "vst_test_",
        "vroot1_",
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "xoxb-",
        "xoxp-",
        "ghp_",
        "gho_",
        "github_pat_",
        "glpat-",
        "AKIA",
        "ASIA",
        "AIza",
        "SG.",
        "eyJ",
        "Bearer ",
        "Basic ",
        "-----BEGIN",
        "AGE-SECRET-KEY-",
        "pat-na1-",
        "pat-eu1-",
        "shpat_",
    ];
    let prefixed = |part: &str| PREFIXES.iter().any(|prefix| part.starts_with(prefix) && part.len() > prefix.len() + 6);
    if is_path(text) {
        // folders of temporary files have random names
        return text.split('/').any(prefixed);
    }
    prefixed(text) || text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-+=".contains(c))).any(is_random)
}

/// An absolute path, with or without the scheme of a database.
fn is_path(text: &str) -> bool {
    let path = text.strip_prefix("sqlite:").unwrap_or(text);
    path.starts_with('/') && path.matches('/').count() >= 2
}

/// The file with secrets replaced by asterisks of the same length, so that places stay where they are.
pub(super) fn blot(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        // a file that is no TOML has no known places: anything that looks like a secret goes
        if looks_like_one(word) {
            out.extend(std::iter::repeat_n('*', word.len()));
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for (at, c) in text.char_indices() {
        if secrets.iter().any(|span| span.start < at && at + c.len_utf8() < span.end) {
            flush(&mut word, &mut out);
            out.extend(std::iter::repeat_n(if c == '\n' { '\n' } else { '*' }, c.len_utf8()));
        } else if c.is_ascii_graphic() && !"\"'`,{}[]()<>#;".contains(c) {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// Places of texts beside keys that hold secrets, in a file that is no TOML and so has no better known places.
pub(super) fn suspects(text: &str) -> Vec<Range<usize>> {
    const KEYS: &[&str] =
        &["secret", "url", "value", "basic", "bearer", "root", "signing", "credential", "password", "token", "key", "header"];
    let mut places = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let key = |word: &str| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
        if let Some(at) = line.find('=').filter(|_| KEYS.iter().any(|word| key(word))) {
            let mut at = start + at + 1;
            for word in text.get(at..start + line.len()).unwrap_or_default().split_inclusive([' ', '"', '\'', ',', '\n']) {
                let is_reference = ["env:", "file:", "credential:"].iter().any(|prefix| word.starts_with(prefix));
                let is_key = KEYS.contains(&word.trim_end());
                if !is_reference && !is_key && word.contains(char::is_alphanumeric) {
                    // one place before and one after stay, as the quotes of a text do
                    places.push(at.saturating_sub(1)..at + word.len());
                }
                at += word.len();
            }
        }
        start += line.len();
    }
    places
}

fn literal(context: &mut Context, span: Range<usize>) {
    context.secrets.push(span.clone());
    context.push(
        Diagnostic::error("config.literal_secret", span, "a secret stands in the file itself")
            .label("expected a reference to it")
            .help("write `env:` and the name of a variable, `file:` and a path, or `credential:` and a name, and replace the secret: it counts as leaked")
            .note("a configuration is copied, reviewed and kept in version control; whoever reads it there could use the secret"),
    );
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_credential(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// Long, changing often between letters and digits, and with few repeats: over 3.2 bits a character. A UUID is an
/// identifier: vendors put account numbers of that form into their URLs.
fn is_random(run: &str) -> bool {
    let kinds = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    let pairs = run.as_bytes().iter().zip(run.as_bytes().iter().skip(1));
    let changes = pairs.filter(|(a, b)| matches!((kinds(a), kinds(b)), ((true, _), (_, true)) | ((_, true), (true, _))));
    if run.len() < 20 || changes.count() < 4 || is_uuid(run) {
        return false;
    }
    let length = run.len() as f64;
    let mut counts = [0u32; 128];
    for byte in run.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum();
    entropy > 3.2
}

fn is_uuid(run: &str) -> bool {
    let lengths: Vec<usize> = run.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && run.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_no_secrets() {
        for path in ["/tmp/vestibule-dev-c8fc5b431313/gateway.pem", "sqlite:/tmp/vestibule-dev-c8fc5b431313/data/vestibule.db"] {
            assert!(!looks_like_one(path), "{path}");
        }
        assert!(looks_like_one("/srv/whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/x"));
    }

    #[test]
    fn secrets_are_told_from_words() {
        for secret in [
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "https://hook.eu1.make.com/a7f3k9q2m4x8z1c5v6b0n3l7p2w9e4r8",
            "https://user:3kd9Fj2lQx8ZmN4pRt7v@ats.example.com",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "Bearer abcdefgh",
        ] {
            assert!(looks_like_one(secret), "{secret}");
        }
        for word in [
            "https://harvest.greenhouse.io/v1",
            "/var/lib/vestibule-keys/keys",
            "POST /candidates/{id}/activity_feed/notes",
            "employment.recruitment",
            "answers[ref=salary].value",
            "2001:db8:85a3::8a2e:370:7334",
            "sha256=",
            "30 days",
            "same-subject | @example.com",
            "https://api.example.com/accounts/a41d6f9e-3b57-4c2a-9d18-70e2c5b8f413",
            "projects_2024_applications_eu_west_1",
        ] {
            assert!(!looks_like_one(word), "{word}");
        }
    }

    #[test]
    fn blotting_keeps_every_place_and_no_secret() {
        let text = "a = \"päss wörd\"\nb = \"whsec_C2FVsBQIhrscChlQIMV\"\nc = 1 # fine\n";
        let blotted = blot(text, std::slice::from_ref(&(4..17)));
        assert_eq!(blotted.len(), text.len());
        assert!(!blotted.contains("wörd") && !blotted.contains("whsec"), "{blotted}");
        assert!(blotted.ends_with("c = 1 # fine\n") && blotted.starts_with("a = \"*"), "{blotted}");
    }
}
