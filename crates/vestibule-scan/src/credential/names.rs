//! What a value is called decides whether it can be a credential: `X-Api-Key`, `clientSecret`, `smtp_pass`, `contraseña` are slots of
//! credentials; `spaceKey`, `nextPageToken`, `password_hash`, `publicKey` are not.
//!
//! Only names are looked at here, never values. Names are taken apart into words without allocating.

/// What kind of slot a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// No credential belongs here.
    None,
    /// A password: people choose weak ones.
    Password,
    /// A shared secret: chosen by people or drawn.
    Secret,
    /// An API key or token: drawn.
    Token,
    /// The value of an `Authorization` header, with or without its scheme.
    Auth,
    /// Cookies: pairs of names and values.
    Cookie,
    /// Could be a credential (`key`); only a clearly drawn value counts.
    Weak,
}

const MOST_WORDS: usize = 12;

/// Words that name a password wherever they stand.
const PASSWORD: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "senha",
    "contraseña",
    "contrasena",
    "wachtwoord",
    "hasło",
    "haslo",
    "пароль",
    "Пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "pwd",
    "psw",
    "passphrase",
    "passcode",
    "şifre",
    "sifre",
    "jelszo",
    "jelszó",
    "lozinka",
    "heslo",
    "lösenord",
    "losenord",
    "adgangskode",
    "salasana",
    "userpassword",
    "userpass",
    "dbpass",
    "authpass",
    "sshpass",
    "pgpassword",
];

/// Words that void a name when they come last: they say something about a credential and are none.
const TAIL: &str = "\
    id ids name names type types url urls uri endpoint path file filename field fields count limit limits length len size \
    expires expiry expiration exp at in on date time format usage used max min cost costs price version label title \
    placeholder description hint ref reference location prefix suffix param params parameter column symbol address amount \
    decimals hash hashed digest algorithm alg status valid required enabled disabled policy reset strength rotation ttl \
    lifetime budget env var variable source mode method kind scope scopes header host user username email message error \
    text exists present missing changed created updated index number num total details info note notes help link page \
    prompt question regex pattern map mapping property points words word phrases frames stored provider manager service \
    store vault server realm position placement selector management rate issuer audience owner code slot list set \
    fingerprint checksum nonce salt iterations test validation check verified authentication metadata result results data \
    response request schema options settings config configuration takeaways metrics insights features findings topics \
    terms facts people";

/// Words that void a name wherever they stand.
const NEVER: &str = "\
    csrf xsrf csrfmiddlewaretoken public publishable idempotency idempotence timestamp meta postman unsubscribe anti \
    forgery antiforgery requestverification regex placeholder recaptcha captcha sitekey estimated cryptocurrency erc \
    tokens keys secrets passwords keywords keyword has is no need needs use uses require requires show forgot change \
    missing invalid expired generate validate reset hash hashed dedupe deduplication";

/// What a `token` may be of, so that it is none: positions in lists, addresses of devices, counts.
const TOKEN_NOT_OF: &str = "\
    next page prev previous continuation sync max min total prompt completion input output num device push fcm \
    registration stop eos pad bos pagination cursor profile cached reasoning special start end delta since per confirm \
    confirmation invite invitation upload resume skip request response form view nft base quote mint from to erc20";

/// What a `key` may be of, so that it is a credential.
const KEY_OF: &str = "\
    api apis access private secret auth app application consumer subscription encryption encrypt master license licence \
    service account client integration routing signing signature webhook shared storage bot server rest admin function \
    functions deploy ssh sdk write read security anon role hmac aes rsa authorization authentication developer dev prod \
    live x sas ingest ingestion token team org openai anthropic claude gemini google groq mistral deepseek openrouter \
    perplexity stripe sendgrid mailgun airtable hubspot supabase pinecone serp serper serpapi rapidapi rapid apify \
    elevenlabs xi resend twilio notion slack telegram shopify trello clickup firecrawl tavily cohere huggingface replicate \
    aws azure gcp maps youtube github gitlab jira asana brevo mailchimp mailerlite hunter apollo dropcontact lemlist \
    instantly heygen fal kie piapi creatomate blotato scraper scrapingbee brightdata unsplash pexels news weather";

/// What a `key` may be of, so that it is none.
const KEY_NOT_OF: &str = "\
    issue project space site sort partition primary foreign cache public object sheet folder file doc document row record \
    item group field column property label translation i18n locale lang language session memory chat message event entity \
    table view board card epic sprint ticket parent child node index lookup match matching unique composite natural \
    surrogate map dict json output result data binary image video audio media bucket s3 path route state store hot enter \
    escape shift esc tab arrow music piano answer question option choice filter order category tag product variant sku \
    task job run execution workflow flow step queue lock rate bucket topic kv redis config setting settings metric \
    metadata attribute param parameter header query body form input context thread conversation contact lead deal company \
    customer invoice payment transaction dedup merge join name type id the a by for of these this each per single low high \
    value first last one hash citation ref reference note place geo country region zone time date day week month year \
    article post";

/// Compounds without a visible boundary.
const SUFFIXES: &[(&str, Slot)] = &[
    ("password", Slot::Password),
    ("passwd", Slot::Password),
    ("passphrase", Slot::Password),
    ("secret", Slot::Secret),
    ("csrftoken", Slot::None),
    ("xsrftoken", Slot::None),
    ("token", Slot::Token),
    ("apikey", Slot::Token),
    ("secretkey", Slot::Token),
    ("accesskey", Slot::Token),
    ("privatekey", Slot::Token),
    ("authkey", Slot::Token),
    ("appkey", Slot::Token),
    ("masterkey", Slot::Token),
    ("licensekey", Slot::Token),
    ("clientkey", Slot::Token),
];

/// With which letters words of [`PASSWORD`] begin, by their length: nearly all words of names are none of them.
#[allow(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses a place that is not there")]
const FIRST: [u32; 24] = {
    let mut letters = [0; 24];
    let mut rest = PASSWORD;
    while let [word, after @ ..] = rest {
        letters[word.len()] |= letter(word.as_bytes().first());
        rest = after;
    }
    letters
};

/// With which letters [`SUFFIXES`] end.
const LAST: u32 = {
    let mut letters = 0;
    let mut rest = SUFFIXES;
    while let [(suffix, _), after @ ..] = rest {
        letters |= letter(suffix.as_bytes().last());
        rest = after;
    }
    letters
};

/// A letter, in any case, as one bit; others share one with a letter.
const fn letter(byte: Option<&u8>) -> u32 {
    match byte {
        Some(byte) => 1 << (*byte & 31),
        None => 0,
    }
}

/// The slot that a name stands for. `header` is for names of headers, where any `X-…-Key` is one.
pub(super) fn slot(name: &str, header: bool) -> Slot {
    if name.len() < 2 || name.len() > 96 {
        return Slot::None;
    }
    let mut words = [""; MOST_WORDS];
    let count = split(name, &mut words);
    let words = words.get(..count).unwrap_or_default();
    let Some(last) = words.iter().rev().find(|word| !word.bytes().all(|byte| byte.is_ascii_digit())) else {
        return Slot::None;
    };
    let slot = words.iter().enumerate().fold(Slot::None, |slot, (at, word)| stronger(slot, of_word(word, words, at, header)));
    if slot == Slot::None || (words.len() > 1 && is_any(last, TAIL)) || words.iter().any(|word| is_any(word, NEVER)) {
        return Slot::None;
    }
    slot
}

/// Whether words as these are only names of credentials or of their parts: `accessToken`, `CLIENTSECRET`.
pub(super) fn names_a_credential(text: &str) -> bool {
    slot(text, true) != Slot::None
}

fn of_word(word: &str, words: &[&str], at: usize, header: bool) -> Slot {
    let may_be = FIRST.get(word.len()).is_some_and(|letters| letters & letter(word.as_bytes().first()) != 0);
    if may_be && PASSWORD.iter().any(|known| known.len() == word.len() && known.eq_ignore_ascii_case(word)) {
        return Slot::Password;
    }
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
    let is_last = at + 1 == words.len();
    if is("secret") {
        return Slot::Secret;
    }
    if is("token") {
        if is_any(before, TOKEN_NOT_OF) {
            return Slot::None;
        }
        let chosen = is_any(before, "verify verification");
        return if chosen { Slot::Secret } else { Slot::Token };
    }
    if is("apikey") || is("jwt") || is("hapikey") || is("bearer") || (is("pat") && is_last) {
        return Slot::Token;
    }
    if header && words.len() == 1 && is("authentication") {
        return Slot::Auth;
    }
    if is("authorization") || (is("auth") && (is_last || header)) {
        return Slot::Auth;
    }
    if is("cookie") && is_last {
        return Slot::Cookie;
    }
    if is("pass") && is_last {
        return Slot::Password;
    }
    if is("pw") && is_last {
        return Slot::Password;
    }
    if is("passe") && before.eq_ignore_ascii_case("de") {
        return Slot::Password;
    }
    if is("phrase") && before.eq_ignore_ascii_case("pass") {
        return Slot::Password;
    }
    if is("clave") || is("chave") || is("schlüssel") || is("schluessel") || is("密钥") || is("密鑰") || is("clé") {
        return if words.iter().any(|word| is_any(word, "api secreta secreto privada acceso")) {
            Slot::Token
        } else {
            Slot::Weak
        };
    }
    if is("parola") {
        return Slot::Weak;
    }
    if is("key") {
        return of_key(words, at, header);
    }
    if word.len() > 5 && LAST & letter(word.as_bytes().last()) != 0 {
        for (suffix, slot) in SUFFIXES {
            if ends_with(word, suffix) && !is_any(word, NEVER) {
                return *slot;
            }
        }
    }
    Slot::None
}

fn of_key(words: &[&str], at: usize, header: bool) -> Slot {
    let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
    if is_any(before, KEY_NOT_OF) {
        return Slot::None;
    }
    if is_any(before, KEY_OF) || words.get(at + 1).is_some_and(|after| is_any(after, "secret")) {
        return Slot::Token;
    }
    if header && (words.first().is_some_and(|first| first.eq_ignore_ascii_case("x")) || before.is_empty()) {
        return Slot::Token;
    }
    Slot::Weak
}

fn stronger(a: Slot, b: Slot) -> Slot {
    let rank = |slot| match slot {
        Slot::None => 0,
        Slot::Weak => 1,
        Slot::Cookie => 2,
        Slot::Auth => 3,
        Slot::Token => 4,
        Slot::Secret => 5,
        Slot::Password => 6,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// Words of camelCase, snake_case, kebab-case, spaced and numbered names.
fn split<'n>(name: &'n str, words: &mut [&'n str; MOST_WORDS]) -> usize {
    let mut count = 0;
    let mut push = |word: &'n str| {
        if let (false, Some(free)) = (word.is_empty(), words.get_mut(count)) {
            *free = word;
            count += 1;
        }
    };
    let mut start = 0;
    let mut before = Class::Gap;
    let bytes = name.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let class = Class::of(*byte);
        let ends = match (before, class) {
            (Class::Lower, Class::Upper)
            | (Class::Digit, Class::Upper | Class::Lower)
            | (Class::Upper | Class::Lower, Class::Digit) => true,
            // `APIKey`: the last capital belongs to the next word
            (Class::Upper, Class::Upper) => {
                bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)
                    && bytes.get(at + 2).is_none_or(|byte| *byte != b's' || bytes.len() > at + 3)
            }
            (before, class) => (before == Class::Gap) != (class == Class::Gap),
        };
        if ends {
            if before != Class::Gap {
                push(name.get(start..at).unwrap_or_default());
            }
            start = at;
        }
        before = class;
    }
    if before != Class::Gap {
        push(name.get(start..).unwrap_or_default());
    }
    count
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Gap,
}

impl Class {
    fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' | 0x80.. => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            b'0'..=b'9' => Self::Digit,
            _ => Self::Gap,
        }
    }
}

/// Longer words are in no list.
const LONGEST: usize = 30;

/// Whether the word is in a list of words: lower case, with one blank between two.
pub(super) fn is_any(word: &str, list: &str) -> bool {
    let mut room = [b' '; LONGEST + 2];
    let Some(between) = room.get_mut(..word.len() + 2).filter(|_| !word.is_empty() && !word.contains(' ')) else {
        return false;
    };
    let inside = between.iter_mut().skip(1);
    inside.zip(word.bytes()).for_each(|(to, byte)| *to = byte.to_ascii_lowercase());
    let (list, between) = (list.as_bytes(), &*between);
    let (first, last) = (between.get(1..).unwrap_or_default(), between.get(..word.len() + 1).unwrap_or_default());
    list.starts_with(first)
        || list.ends_with(last)
        || first.strip_suffix(b" ") == Some(list)
        || memchr::memmem::find(list, between).is_some()
}

fn ends_with(word: &str, suffix: &str) -> bool {
    word.len().checked_sub(suffix.len()).and_then(|from| word.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_credentials_in_every_spelling() {
        for (name, expected) in [
            ("X-API-KEY", Slot::Token),
            ("x-api-key", Slot::Token),
            ("apikey", Slot::Token),
            ("APIKey", Slot::Token),
            ("xi-api-key", Slot::Token),
            ("clientSecret", Slot::Secret),
            ("CLIENT_SECRET", Slot::Secret),
            ("smtp_pass", Slot::Password),
            ("authPass", Slot::Password),
            ("contraseña", Slot::Password),
            ("Passwort", Slot::Password),
            ("mot de passe", Slot::Password),
            ("accesstoken", Slot::Token),
            ("wstoken", Slot::Token),
            ("Authorization", Slot::Auth),
            ("Ocp-Apim-Subscription-Key", Slot::Token),
            ("Cookie", Slot::Cookie),
            ("key", Slot::Weak),
            ("hub.verify_token", Slot::Secret),
            ("password2", Slot::Password),
            ("serpKey", Slot::Token),
        ] {
            assert_eq!(slot(name, false), expected, "{name}");
        }
        assert_eq!(slot("X-Stock-Key", true), Slot::Token);
    }

    #[test]
    fn lists_are_searched_for_whole_words() {
        for list in [TAIL, NEVER, TOKEN_NOT_OF, KEY_OF, KEY_NOT_OF] {
            for word in list.split(' ') {
                assert!(!word.is_empty() && word.len() <= LONGEST && word == word.to_ascii_lowercase(), "{word:?}");
                assert!(is_any(word, list) && is_any(&word.to_ascii_uppercase(), list), "{word}");
            }
        }
        for word in ["", " ", "id ids", "i", "facts people", "eople", "people ", &"id".repeat(99)] {
            assert!(!is_any(word, TAIL), "{word:?}");
        }
        assert!(is_any("api", "api") && !is_any("ap", "api"));
    }

    #[test]
    fn names_that_only_sound_like_one() {
        for name in [
            "spaceKey",
            "projectKey",
            "issueKey",
            "nextPageToken",
            "page_token",
            "max_tokens",
            "maxTokens",
            "csrf_token",
            "X-CSRF-Token",
            "publicKey",
            "password_hash",
            "passwordField",
            "tokenType",
            "token_url",
            "secretName",
            "keyId",
            "Idempotency-Key",
            "postman-token",
            "profile-token",
            "sessionKey",
            "sortKey",
            "keyboard",
            "secretary",
            "compass",
            "monkey",
            "author",
            "clientId",
            "key_points",
            "fileKey",
            "authentication",
            "sessionId",
        ] {
            assert_eq!(slot(name, false), Slot::None, "{name}");
        }
    }
}
