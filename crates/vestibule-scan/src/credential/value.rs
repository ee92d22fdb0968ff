//! What a value looks like: drawn at random, chosen by a person, or words.
//!
//! Only ever asked about values in slots of credentials. Entropy alone says little about short values; what counts is how much of the
//! value is left when everything that reads like a word is taken away.

/// A value measured.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) length: usize,
    lower: usize,
    upper: usize,
    digits: usize,
    /// Characters other than letters, digits and `-_.`.
    pub(super) symbols: usize,
    spaces: usize,
    /// Different bytes.
    distinct: usize,
    /// Characters that belong to no word.
    residue: usize,
    hex: bool,
    only_token: bool,
}

/// Longer values are no credentials of one piece.
const MOST: usize = 4096;

impl Shape {
    /// Measures a value.
    pub(super) fn of(value: &str) -> Self {
        let mut shape = Self { length: value.len(), hex: true, only_token: value.len() <= MOST, ..Self::default() };
        let mut seen = [false; 256];
        for byte in value.bytes().take(MOST) {
            if let Some(seen) = seen.get_mut(usize::from(byte)) {
                shape.distinct += usize::from(!*seen);
                *seen = true;
            }
            shape.hex &= byte.is_ascii_hexdigit();
            match byte {
                b'a'..=b'z' => shape.lower += 1,
                b'A'..=b'Z' => shape.upper += 1,
                b'0'..=b'9' => shape.digits += 1,
                b'-' | b'_' | b'.' => {}
                b' ' | b'\t' | b'\n' | b'\r' => {
                    shape.spaces += 1;
                    shape.only_token = false;
                }
                b'+' | b'/' | b'=' | b'~' | b':' | b'|' | b'%' | b'!' | b'@' | b'#' | b'$' | b'^' | b'&' | b'*' | b'?' => {
                    shape.symbols += 1
                }
                _ => {
                    shape.symbols += 1;
                    shape.only_token = false;
                }
            }
        }
        shape.residue = residue(value.get(..boundary(value, MOST)).unwrap_or_default());
        shape
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }

    /// Drawn at random and long enough to be a key: hex, UUID, base62, base64.
    pub(super) fn is_drawn(&self, value: &str) -> bool {
        if !self.only_token
            || self.length < 8
            || self.distinct < 6
            || is_sequence(value)
            || is_path_or_date(value)
            || is_public_address(value)
        {
            return false;
        }
        if is_uuid(value) {
            return true;
        }
        if self.hex {
            return match (self.digits, self.letters()) {
                (0, _) => false,
                (_, 0) => self.length >= 16 && self.distinct >= 7,
                _ => self.length >= 16 || (self.length >= 12 && self.digits >= 3 && self.letters() >= 3),
            };
        }
        if self.letters() == 0 {
            return self.digits >= 16 && self.symbols == 0;
        }
        if self.length < 16 {
            return self.digits >= 2 && self.letters() >= 3 && self.residue * 5 >= self.length * 4 && self.symbols <= 2;
        }
        let mixed = self.upper > 1 && self.lower > 1;
        let enough = self.residue >= 12 && self.residue * 2 >= self.length;
        enough && (self.digits >= 2 || (mixed && self.residue * 10 >= self.length * 7) || self.residue * 10 >= self.length * 8)
    }

    /// Drawn and as long as keys are made today: counts even where the name says little.
    pub(super) fn is_long_drawn(&self, value: &str) -> bool {
        self.length >= 20 && !is_uuid(value) && self.symbols <= 4 && self.is_drawn(value)
    }

    /// Chosen by a person for a machine: words with digits, no spaces.
    pub(super) fn is_chosen(&self, value: &str) -> bool {
        let enough = self.digits >= 2 || (self.digits == 1 && self.length >= 16 && !value.contains('.'));
        self.only_token
            && self.length >= 8
            && enough
            && self.letters() >= 3
            && self.symbols <= 3
            && !is_sequence(value)
            && !is_path_or_date(value)
    }

    /// Good enough for a password: a letter and a digit or a sign, or a long number; at most a phrase.
    pub(super) fn is_password(&self, value: &str) -> bool {
        if self.length < 4 || self.length > 128 || self.spaces > 7 || value.contains(['\n', '\r', '\t']) || is_sequence(value) {
            return false;
        }
        if self.is_grouped(value) {
            return true;
        }
        let signs = value.chars().filter(|sign| is_sign(*sign)).count();
        if self.letters() == 0 {
            return (self.digits >= 6 && signs == 0 && self.distinct >= 4)
                || (self.digits > 2 && signs > 0 && !is_path_or_date(value));
        }
        if self.spaces > 0 && value.trim_end().ends_with(['.', ':', '?', '…']) {
            return false;
        }
        let looks_like_address = value.contains('@')
            && value.rsplit('@').next().is_some_and(|host| host.contains('.'))
            && !value.contains(['!', '#', '$']);
        (self.digits > 0 || signs > 0) && !looks_like_address && !is_path_or_date(value)
    }

    /// `abcd efgh ijkl mnop`: an application password, as Google and WordPress draw them.
    fn is_grouped(&self, value: &str) -> bool {
        let group = |group: &str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_alphanumeric());
        matches!(self.spaces, 3 | 5) && value.split(' ').all(group) && self.residue * 2 >= self.length - self.spaces
    }

    /// One plain word of letters.
    pub(super) fn is_word(&self) -> bool {
        self.length >= 6 && self.letters() == self.length && self.upper <= 1
    }
}

/// What people put into passwords to satisfy a policy.
fn is_sign(sign: char) -> bool {
    matches!(sign, '!' | '@' | '#' | '$' | '%' | '^' | '&' | '*' | '+' | '=' | '~' | '?' | ',' | ';' | '§' | '€')
}

/// The last boundary between characters at or before `at`.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (at.saturating_sub(3)..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first line of a text, at most `most` bytes of it: looking for the end of a line must not depend on how long lines are.
pub(super) fn line(text: &str, most: usize) -> &str {
    text.get(..boundary(text, most)).and_then(|head| head.lines().next()).unwrap_or_default()
}

/// 8-4-4-4-12 hex digits.
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `123456789`, `abcdef`, `0000…`, `deadbeef…`: typed, not drawn.
pub(super) fn is_sequence(value: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut steps = 0_usize;
    let mut total = 0_usize;
    let mut bytes = value.bytes().filter(plain);
    let Some(mut before) = bytes.next() else {
        return true;
    };
    for byte in bytes {
        let next = byte == before.wrapping_add(1)
            || byte == before
            || (before == b'9' && (byte == b'0' || byte == b'a' || byte == b'A'))
            || byte.wrapping_add(1) == before;
        steps += usize::from(next);
        total += 1;
        before = byte;
    }
    total == 0 || steps * 10 >= total * 7
}

/// An account or contract of a blockchain, `0x` and 40 hex digits: public.
fn is_public_address(value: &str) -> bool {
    value.len() == 42 && value.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Paths, hosts, dates, versions and numbers with units.
fn is_path_or_date(value: &str) -> bool {
    let has_date = value.as_bytes().windows(8).any(
        |part| matches!(part, [b'2', b'0', a, b, b'-', c, d, b'-'] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit())),
    );
    let digits = |from: usize, to: usize| value.as_bytes().get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date = digits(0, 4)
        && value.as_bytes().get(4) == Some(&b'-')
        && digits(5, 7)
        && matches!(value.as_bytes().get(7), Some(b'-') | None);
    date || has_date
        || value.starts_with(['/', '.', '#', '?'])
        || value.contains("://")
        || value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b':' | b'-' | b' ' | b'%'))
            && !value.bytes().all(|byte| byte.is_ascii_digit())
        || [".com", ".json", ".txt", ".pem", ".js", ".png", ".pdf", ".io", ".org", ".net", ".csv", ".html"]
            .iter()
            .any(|end| value.ends_with(end))
}

/// Characters that belong to no word. A word is a run of at least three letters, all small, all capital or with one leading capital, that
/// can be pronounced; `APIKey` are two.
fn residue(value: &str) -> usize {
    let bytes = value.as_bytes();
    let mut left = 0;
    let mut start = 0;
    for at in 0..=bytes.len() {
        let (before, here, next) = (bytes.get(at.wrapping_sub(1)), bytes.get(at), bytes.get(at + 1));
        let small = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_lowercase);
        let capital = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_uppercase);
        let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let new_word = (small(before) && capital(here)) || (capital(before) && capital(here) && small(next));
        if !letter(before) || !letter(here) || new_word {
            let run = bytes.get(start..at).unwrap_or_default();
            if letter(run.first()) && !is_pronounceable(run) {
                left += run.len();
            }
            start = at;
        }
        left += usize::from(here.is_some_and(u8::is_ascii_digit));
    }
    left
}

fn is_pronounceable(run: &[u8]) -> bool {
    if run.len() < 3 {
        return false;
    }
    let common = run.windows(2).filter(|pair| matches!(pair, [a, b] if is_common(*a, *b))).count();
    common * 10 >= (run.len() - 1) * 8
}

/// Pairs of letters that are common in words of European languages: bit `b` of row `a`.
fn is_common(a: u8, b: u8) -> bool {
    let row = a.to_ascii_lowercase().wrapping_sub(b'a');
    let bit = b.to_ascii_lowercase().wrapping_sub(b'a');
    COMMON.get(usize::from(row)).is_some_and(|followers| followers.bytes().any(|letter| letter.wrapping_sub(b'a') == bit))
}

/// For each letter, what commonly follows it.
const COMMON: [&str; 26] = [
    "bcdfgilmnprstuvyk",   // a
    "aeilorusy",           // b
    "aehiklortuy",         // c
    "aeiorsuy",            // d
    "acdefilmnoprstvwxy",  // e
    "aefiloru",            // f
    "aehilnoru",           // g
    "aeiortuy",            // h
    "abcdefglmnoprstvz",   // i
    "aeou",                // j
    "aeilnosy",            // k
    "adefikloprstuy",      // l
    "abeimopsu",           // m
    "acdefgiknostuy",      // n
    "abcdfgiklmnoprstuvw", // o
    "aehiloprstuy",        // p
    "u",                   // q
    "acdegiklmnorstuvy",   // r
    "acehiklmopqstuwy",    // s
    "aehiorstuwy",         // t
    "abcdegilmnprstf",     // u
    "aeioy",               // v
    "aehinor",             // w
    "aceipty",             // x
    "aeiloprst",           // y
    "aeiouy",              // z
];

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(value: &str) -> bool {
        Shape::of(value).is_drawn(value)
    }

    #[test]
    fn drawn_values_are_told_from_words() {
        for value in [
            "9f2b7c41d08e5a6633c1b7e0f4a92d58",
            "7d2e9a10-4c1b-4f7e-9a55-0b6c3d2e1f48",
            "Kq8vT2mZ0xYb4LrPw6Nc",
            "a8Kd92mZ",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy==",
            "xkQwRtPzLmVbNcHgFdSj",
            "wq7x3kz9m2v5",
        ] {
            assert!(drawn(value), "{value}");
        }
        for value in [
            "accessToken",
            "gitlabToken",
            "SUPADATA_API_KEY",
            "CLIENTSECRET",
            "user_token_2",
            "support-chat-4471",
            "httpHeaderAuth",
            "oauth2Api",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "1234567890abcdef1234567890",
            "2024-01-15T10:00:00Z",
            "https://example.com/a8Kd92mZ7q",
            "gpt-4o-mini-2024-07-18",
            "genericCredentialType",
            "192.168.100.200",
            "12.345.678",
            "the quick brown fox 12345",
            "predefinedCredentialType",
            "text-embedding-3-large",
        ] {
            assert!(!drawn(value), "{value}");
        }
    }

    #[test]
    fn passwords_may_be_weak() {
        for value in [
            "Summer2024!",
            "hafen-Nord7",
            "9Hafer!korn",
            "See hund9",
            "48213377",
            "Fels-Kante-402",
            "qzrk wbfh xjdt mcvp",
            "k3Fd Zw8q L0ab 7Hxr vPq2 9tNs",
        ] {
            assert!(Shape::of(value).is_password(value), "{value}");
        }
        for value in
            ["user_password", "will", "12", "anna@example.org", "123456", "One sentence, with words.", "this that with from"]
        {
            assert!(!Shape::of(value).is_password(value), "{value}");
        }
    }
}
