//! What to stop at when reading a text: one automaton over the beginnings of vendors' keys and the words that names of credentials have.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::vendors::{PATTERNS, Pattern};

/// What was met.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    /// The beginning of a vendor's key.
    Vendor(&'static Pattern),
    /// Part of a name that may be a slot.
    Name,
    /// `pw:`, `pw=`: a name of two letters with its separator.
    Short,
    /// `login(`, `login:`: user and password follow.
    Login,
    /// `://`
    Url,
    /// `Bearer `, `Basic `: a value follows.
    Scheme,
    /// Something that [`super::judge::built`] reads: PEM, JWT, our own keys.
    Built,
    /// `-u `, `--user `: user and password of a command follow.
    User,
    /// `sshpass`, `mysql`: `-p` of the command is a password.
    Command,
    /// `btoa(`, `Buffer.from(`: user and password may be encoded here.
    Encode,
    /// `:AA`, as in the tokens of Telegram bots.
    Telegram,
    /// `@hook.`, `@robot.zapier.com`: an e-mail address that starts something.
    Mailhook,
}

const WORDS: &[(&str, Anchor)] = &[
    ("key", Anchor::Name),
    ("token", Anchor::Name),
    ("secret", Anchor::Name),
    ("pass", Anchor::Name),
    ("pwd", Anchor::Name),
    ("psw", Anchor::Name),
    ("senha", Anchor::Name),
    ("contrase", Anchor::Name),
    ("kennwort", Anchor::Name),
    ("wachtwoord", Anchor::Name),
    ("lösenord", Anchor::Name),
    ("hasło", Anchor::Name),
    ("heslo", Anchor::Name),
    ("salasana", Anchor::Name),
    ("пароль", Anchor::Name),
    ("Пароль", Anchor::Name),
    ("密码", Anchor::Name),
    ("密碼", Anchor::Name),
    ("密钥", Anchor::Name),
    ("パスワード", Anchor::Name),
    ("비밀번호", Anchor::Name),
    ("şifre", Anchor::Name),
    ("clave", Anchor::Name),
    ("chave", Anchor::Name),
    ("schlüssel", Anchor::Name),
    ("auth", Anchor::Name),
    ("cookie", Anchor::Name),
    ("jwt", Anchor::Name),
    ("pw:", Anchor::Short),
    ("pw=", Anchor::Short),
    ("login(", Anchor::Login),
    ("basicauth(", Anchor::Login),
    ("auth=(", Anchor::Login),
    ("login: ", Anchor::Login),
    ("zugang: ", Anchor::Login),
    ("acceso: ", Anchor::Login),
    ("credentials: ", Anchor::Login),
    ("bearer ", Anchor::Scheme),
    ("basic ", Anchor::Scheme),
    ("://", Anchor::Url),
    ("-----begin ", Anchor::Built),
    ("eyj", Anchor::Built),
    ("vst_", Anchor::Built),
    (" -u ", Anchor::User),
    ("--user ", Anchor::User),
    ("sshpass ", Anchor::Command),
    ("mysql ", Anchor::Command),
    ("mysqldump ", Anchor::Command),
    ("docker login ", Anchor::Command),
    ("btoa(", Anchor::Encode),
    ("buffer.from(", Anchor::Encode),
    ("b64encode(", Anchor::Encode),
    ("base64(", Anchor::Encode),
    (":aa", Anchor::Telegram),
    ("@hook.", Anchor::Mailhook),
    ("@robot.zapier.com", Anchor::Mailhook),
];

struct Anchors {
    /// `None` cannot happen: the patterns are constants that a test builds.
    automaton: Option<AhoCorasick>,
    meanings: Vec<Anchor>,
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
    let vendors = PATTERNS.iter().filter(|pattern| pattern.anywhere).map(|pattern| (pattern.prefix, Anchor::Vendor(pattern)));
    let all: Vec<(&str, Anchor)> = vendors.chain(WORDS.iter().copied()).collect();
    let mut builder = AhoCorasick::builder();
    // every byte of every text goes through it: a table of half a megabyte is read twice as fast as the compact form
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::DFA));
    let automaton = builder.build(all.iter().map(|(text, _)| text)).ok();
    Anchors { automaton, meanings: all.into_iter().map(|(_, anchor)| anchor).collect() }
});

/// The next anchor at or after `from`: what it is, where it begins and ends.
pub(super) fn next(text: &str, from: usize) -> Option<(Anchor, usize, usize)> {
    let anchors = &*ANCHORS;
    let found = anchors.automaton.as_ref()?.find(Input::new(text).range(from.min(text.len())..))?;
    Some((*anchors.meanings.get(found.pattern().as_usize())?, found.start(), found.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_automaton_builds_and_finds_the_longest() {
        assert!(ANCHORS.automaton.is_some());
        assert!(matches!(next("x sk-ant-y", 0), Some((Anchor::Vendor(pattern), 2, 9)) if pattern.vendor == "anthropic"));
        assert!(matches!(next("X-API-KEY", 0), Some((Anchor::Name, 6, 9))));
        assert!(next("nothing here", 0).is_none());
    }
}
