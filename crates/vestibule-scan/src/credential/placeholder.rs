//! Values that stand where a credential belongs and are none: `YOUR_API_KEY`, `<token>`, `xxxx`, `••••`, `$OPENAI_API_KEY`, `accessToken`.

use super::names::{self, is_any};

/// What is in the place of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standin {
    /// Someone is to put a credential here.
    Placeholder,
    /// The name of a field or variable, a masked value, nothing.
    Nothing,
}

/// Words that only stand in texts written for a reader who is to replace them.
const MARKERS: &str = "\
    your yours replace insert here enter put paste changeme changeit change todo dummy fake placeholder example sample \
    redacted removed masked hidden deleted sanitized sanitised censored obfuscated undefined dein deine deinen ihr ihre \
    hier tu su aqui aquí votre ici seu sua uw jouw twoj twój mytoken mykey myapikey mysecret yourtoken yourkey yourapikey \
    yoursecret yourpassword foobar lorem xxx xxxx tbd";

/// Words that credentials are called by; a value made of nothing else names one.
const VOCABULARY: &str = "\
    api app key keys token tokens secret secrets password passwort passwd pass pwd auth authorization bearer basic access \
    client user username login my the a value id name test testing demo credential credentials private public super strong \
    secure random string some new old abc abcd abcdef foo bar baz none null nil na true false empty default apikey \
    accesstoken authtoken clientsecret hunter qwerty letmein header query webhook verify service role n8n n make zapier \
    workflow env vars var variable input output data json body params param config openai anthropic google gemini telegram \
    slack github gitlab stripe hubspot notion airtable supabase bot account oauth oauth2 type field sk pk live prod \
    production staging dev session refresh signing encryption jwt hash this is not real long and or to in from with for of \
    generated generate use using same as set get stored store see required optional text hidden reset forgot confirm \
    current host internal contraseña senha clave predefined generic http digest custom ssh db database smtp email mail \
    server";

/// How keys begin that vendors print in their own documentation: Binance, AWS, Stripe.
const PRINTED: [&str; 5] = ["vmPUZE6mv9SD5VNHk4", "NhqPtmdSJYdKjVHjA7", "wJalrXUtnFEMI/K7", "4eC39HqLyjWDar", "BQokikJOvBiI2H"];

/// What is numbered in documents and data.
const SERIES: &str = "\
    page item row step node column field record section version task job chapter table line user value option question \
    answer group test example sample col cell id rec file key label name";

/// Names of accounts: nothing by themselves, but with digits they are the passwords that people choose.
const ACCOUNTS: &str = "\
    admin root guest postgres mysql administrator sa support info";

/// Whether the value stands in for a credential; `None` when it may be one.
pub(super) fn judge(value: &str) -> Option<Standin> {
    let value = value.trim();
    if value.len() < 3 {
        return Some(Standin::Nothing);
    }
    if is_masked(value) {
        return Some(Standin::Nothing);
    }
    if is_enclosed(value) {
        return Some(Standin::Placeholder);
    }
    if is_lookup(value) {
        return Some(Standin::Nothing);
    }
    if is_printed(value) {
        return Some(Standin::Nothing);
    }
    let checksum = ["sha1", "sha256", "sha384", "sha512", "md5"]
        .iter()
        .any(|hash| value.strip_prefix(hash).is_some_and(|rest| rest.starts_with([':', '=', '-'])));
    if is_numbered(value) || value.ends_with(":latest") || checksum {
        return Some(Standin::Nothing);
    }
    let told = words(value);
    if told.marker && (!told.scrambled || has_marked_words(value)) {
        return Some(Standin::Placeholder);
    }
    if told.only_vocabulary {
        if told.policy {
            return None;
        }
        return Some(if told.screaming { Standin::Placeholder } else { Standin::Nothing });
    }
    if told.screaming && names::names_a_credential(value) {
        return Some(Standin::Placeholder);
    }
    (told.plain && names::names_a_credential(value)).then_some(Standin::Nothing)
}

/// The part of a vendor's key after its beginning: drawn, or a stand-in such as `xxxx`, `your-key`, `1234567890`.
pub(super) fn is_drawn_body(body: &str) -> bool {
    if is_masked(body) || super::value::is_sequence(body) || is_printed(body) {
        return false;
    }
    let mut seen = [false; 128];
    let mut distinct = 0;
    let mut digits = 0;
    for byte in body.bytes() {
        digits += usize::from(byte.is_ascii_digit());
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            distinct += usize::from(!*seen);
            *seen = true;
        }
    }
    let told = words(body);
    // alphabet runs such as `abcdefghijklmnop` inside, `EXAMPLE` at the end
    let upper = body.len() >= 7 && (body.contains("EXAMPLE") || body.contains("example"));
    let typed = longest_run(body) >= 9;
    let says = told.only_vocabulary || (told.marker && has_marked_words(body));
    distinct >= 7 && !upper && !typed && !says && (digits > 0 || !told.plain)
}

fn is_printed(value: &str) -> bool {
    PRINTED.iter().any(|start| value.starts_with(start))
}

/// How long the longest `abcdef…`, `12345…` or `aaaa…` is.
fn longest_run(text: &str) -> usize {
    let mut longest = 1;
    let mut run = 1;
    for pair in text.as_bytes().windows(2) {
        let goes_on = matches!(pair, [a, b] if *b == a.wrapping_add(1) || a == b || (*a == b'9' && *b == b'0'));
        run = if goes_on { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    longest
}

/// `****`, `••••3f9a`, `xxxx-xxxx`, `sk-…`, `abc...`: cut or covered.
fn is_masked(value: &str) -> bool {
    let covers = value.chars().filter(|sign| matches!(sign, '*' | '•' | '●' | '█' | '…' | '·' | '░' | '⋯' | '∗')).count();
    let crosses = value.bytes().filter(|byte| matches!(byte, b'x' | b'X')).count();
    let letters = value.bytes().filter(u8::is_ascii_alphanumeric).count();
    let zeros = value.bytes().filter(|byte| *byte == b'0').count();
    covers >= 3
        || value.contains('…')
        || value.contains("...")
        || value.contains('•')
        || (crosses >= 3 && crosses * 2 >= letters)
        || longest_cross(value) >= 5
        || (letters >= 6 && zeros * 10 >= letters * 8)
        || letters == 0
}

fn longest_cross(value: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for byte in value.bytes() {
        run = if matches!(byte, b'x' | b'X') { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// `<token>`, `{token}`, `[YOUR TOKEN]`, `%TOKEN%`, `__TOKEN__`, `((token))`.
fn is_enclosed(value: &str) -> bool {
    let pairs = [('<', '>'), ('{', '}'), ('[', ']'), ('%', '%'), ('(', ')'), ('«', '»'), ('#', '#')];
    pairs.iter().any(|(open, close)| value.len() > 2 && value.starts_with(*open) && value.ends_with(*close))
        || (value.len() > 4 && value.starts_with("__") && value.ends_with("__"))
        || (value.contains('<') && value.contains('>'))
        || (value.contains('[') && value.contains(']') && value.contains(' '))
}

/// `page-0166`, `item_12`, `step 3`: one of a series.
fn is_numbered(value: &str) -> bool {
    let word = value.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let word = word.strip_suffix(['-', '_', ' ']).unwrap_or(word);
    word.len() < value.len() && is_any(word, SERIES)
}

/// `$TOKEN`, `${TOKEN}`, `$env.X`, `process.env.X`, `os.environ[…]`, `vault:kv/x`, `env:X`, `@secret`.
fn is_lookup(value: &str) -> bool {
    let dollar = value.strip_prefix('$').is_some_and(|rest| {
        let rest = rest.trim_start_matches(['{', '(']);
        rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && rest.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'.' | b'}' | b')' | b'[' | b']' | b':' | b'-' | b'"' | b'\'')
            })
            && (rest.bytes().all(|byte| !byte.is_ascii_lowercase())
                || rest.contains(['.', '_'])
                || names::names_a_credential(rest.trim_end_matches(['}', ')']))
                || value.contains('{'))
    });
    let starts = [
        "process.env",
        "os.environ",
        "os.getenv",
        "env.",
        "env:",
        "file:",
        "vault:",
        "secretsmanager:",
        "ssm:",
        "op://",
        "keyring:",
        "credentials.",
        "secrets.",
        "vars.",
        "config.",
        "this.",
        "item.",
        "items[",
        "data.",
        "json.",
        "$json",
        "input.",
        "args.",
        "params.",
        "response.",
        "res.",
        "req.",
        "body.",
    ];
    dollar
        || value.contains("${")
        || value.contains("{{")
        || value.contains("<%")
        || starts.iter().any(|start| value.starts_with(start))
}

#[derive(Debug, Default)]
struct Told {
    /// A word that only placeholders have.
    marker: bool,
    /// Nothing but words that credentials are called by, and trivial digits.
    only_vocabulary: bool,
    /// A sign, a digit and a capital: what a policy asks for.
    policy: bool,
    /// Capitals and underscores only.
    screaming: bool,
    /// Letters, `_`, `-`, `.`, and at most a trailing digit or two.
    plain: bool,
    /// Letters and digits change often: the words may be chance.
    scrambled: bool,
}

fn words(value: &str) -> Told {
    let mut told = Told { only_vocabulary: true, screaming: true, plain: true, ..Told::default() };
    let mut any = false;
    let mut digit_runs = 0;
    for piece in value.split(|sign: char| !sign.is_alphanumeric()) {
        for word in camel(piece) {
            let letters = word.trim_matches(|sign: char| sign.is_ascii_digit());
            if letters.is_empty() {
                let trivial =
                    super::value::is_sequence(word) || word.len() <= 2 || matches!(word, "2023" | "2024" | "2025" | "2026");
                told.only_vocabulary &= trivial;
                digit_runs += usize::from(!word.is_empty());
                continue;
            }
            any = true;
            told.marker |= is_any(letters, MARKERS);
            let account = letters.len() == value.len() && is_any(letters, ACCOUNTS);
            told.only_vocabulary &= account || is_any(letters, VOCABULARY) || is_any(letters, MARKERS);
        }
    }
    let bytes = value.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    told.screaming = bytes
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_' || *byte == b'-' || *byte == b' ')
        && digits <= 2;
    told.plain = digits <= 2 && value.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.' | ' ' | '/'));
    told.only_vocabulary &= any;
    told.policy = !told.marker
        && digits > 0
        && value.contains(['!', '#', '$', '&'])
        && bytes.iter().any(u8::is_ascii_uppercase)
        && !value.contains([' ', '{', '(']);
    let changes = bytes.windows(2).filter(|pair| matches!(pair, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
    told.scrambled = changes >= 4 && digit_runs + changes >= 4;
    told
}

/// A marker that stands alone between separators, not by chance between digits and capitals.
fn has_marked_words(value: &str) -> bool {
    value.split(|sign: char| !sign.is_alphanumeric()).any(|piece| is_any(piece, MARKERS))
        || ["your", "YOUR"].iter().any(|start| value.starts_with(start))
}

/// Pieces of `camelCase`.
fn camel(piece: &str) -> impl Iterator<Item = &str> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let cut = bytes.windows(2).position(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase() || a.is_ascii_digit() != b.is_ascii_digit()));
        let (word, left) = rest.split_at_checked(cut.map_or(rest.len(), |cut| cut + 1)).unwrap_or((rest, ""));
        rest = left;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        for value in [
            "YOUR_API_KEY",
            "your-api-key",
            "<API_KEY>",
            "{token}",
            "[YOUR TOKEN]",
            "PASTE_YOUR_TOKEN_HERE",
            "SUPADATA_API_KEY",
            "CLIENTSECRET",
            "changeme",
            "sk_your_secret_here",
            "REPLACE_ME",
            "yourApiKey123",
            "DEIN_TOKEN",
        ] {
            assert_eq!(judge(value), Some(Standin::Placeholder), "{value}");
        }
    }

    #[test]
    fn names_masks_and_look_ups() {
        for value in [
            "gitlabToken",
            "accessToken",
            "user_token",
            "xxxxxxxxxxxx",
            "••••••3f9a",
            "sk-…",
            "sk-abc...",
            "$OPENAI_API_KEY",
            "${TOKEN}",
            "$env.TOKEN",
            "process.env.TOKEN",
            "********",
            "api_key",
            "password",
            "password123",
            "null",
            "vmPUZE6mv9SD5VNHk4HlWFsOr6",
        ] {
            assert_eq!(judge(value), Some(Standin::Nothing), "{value}");
        }
    }

    #[test]
    fn values_that_may_be_true() {
        for value in [
            "Kq8vT2mZ0xYb4LrPw6Nc",
            "Summer2024!",
            "hafen-Nord7",
            "$2y!Kraut9",
            "9f2b7c41d08e5a6633c1b7e0f4a92d58",
            "a1HereB2c3D4e5F6g7",
        ] {
            assert_eq!(judge(value), None, "{value}");
        }
    }

    #[test]
    fn bodies_of_vendor_keys() {
        assert!(is_drawn_body("a8Kd92mZ7qLw3Pxv"));
        for body in [
            "xxxxxxxxxxxxxxxxxxxx",
            "your-key-here-1234567",
            "1234567890abcdefghij",
            "IOSFODNN7EXAMPLE",
            "00000000000000000000",
            "abcdefghijklmnopqrstuvwx",
        ] {
            assert!(!is_drawn_body(body), "{body}");
        }
    }
}
