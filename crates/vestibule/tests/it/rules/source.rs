//! A Rust file as tokens: comments and the contents of literals are gone, code that only tests compile is marked.
//!
//! This is a reader for rules, not a parser: it knows comments, literals, attributes, `use` trees and paths, no types.

/// One identifier, punctuation character, `::`, or literal (whose contents are dropped).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Line in the file, from 1.
    pub(super) line: usize,
    /// Whether only a test build compiles it.
    pub(super) test: bool,
}

/// A path such as `std::net::TcpStream`, written out or taken out of a `use` tree.
pub(super) struct NamedPath {
    pub(super) parts: Vec<String>,
    pub(super) line: usize,
    pub(super) test: bool,
}

/// One Rust file.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) tokens: Vec<Token>,
    /// The text of every comment with its line.
    pub(super) comments: Vec<(usize, String)>,
}

impl Source {
    /// Reads `text`; what lies in `tests`, `examples` or `benches` never ships and counts as test code.
    pub(super) fn read(path: &str, text: &str) -> Source {
        let mut source = Source { path: path.to_owned(), tokens: Vec::new(), comments: Vec::new() };
        Lexer { text: text.as_bytes(), at: 0, line: 1 }.run(&mut source);
        mark_test_items(&mut source.tokens);
        if path.split('/').any(|part| matches!(part, "tests" | "examples" | "benches")) {
            source.mark_as_test();
        }
        source
    }

    /// Marks the whole file as compiled by tests only.
    pub(super) fn mark_as_test(&mut self) {
        self.tokens.iter_mut().for_each(|token| token.test = true);
    }

    /// Files that this one declares as test-only modules, as paths without `.rs`.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let stem = name.trim_end_matches(".rs");
        let base = match stem {
            "mod" | "lib" | "main" => folder.to_owned(),
            _ => format!("{folder}/{stem}"),
        };
        let modules = self.tokens.windows(3).filter(|three| three[0].test && three[0].text == "mod" && three[2].text == ";");
        modules.map(|three| format!("{base}/{}", three[1].text)).collect()
    }

    /// Lines at which the tokens of `pattern` follow each other; `pattern` is written with spaces between tokens.
    pub(super) fn find(&self, pattern: &str) -> Vec<&Token> {
        let wanted: Vec<&str> = pattern.split(' ').collect();
        let places = self.tokens.windows(wanted.len()).enumerate();
        places
            .filter(|(_, run)| run.iter().map(|token| token.text.as_str()).eq(wanted.iter().copied()))
            .filter(|(at, _)| !self.is_definition(*at))
            .map(|(_, run)| &run[0])
            .collect()
    }

    /// Every path with at least two parts, and every one-part `use`; groups are written out, `as` names are left off.
    pub(super) fn paths(&self) -> Vec<NamedPath> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.tokens[at].text == "use" && self.tokens.get(at + 1).is_some_and(|next| next.text != "<") {
                at = self.use_tree(at + 1, &[], &mut paths);
            } else if is_word(&self.tokens[at].text) {
                let (parts, after) = self.run_of_path(at);
                if parts.len() > 1 {
                    paths.push(NamedPath { parts, line: self.tokens[at].line, test: self.tokens[at].test });
                }
                at = after;
            } else {
                at += 1;
            }
        }
        paths
    }

    /// Modules that this file declares.
    pub(super) fn modules(&self) -> Vec<&str> {
        let declared =
            self.tokens.windows(3).filter(|three| three[0].text == "mod" && matches!(three[2].text.as_str(), ";" | "{"));
        declared.map(|three| three[1].text.as_str()).collect()
    }

    fn is_definition(&self, at: usize) -> bool {
        at > 0 && self.tokens[at - 1].text == "fn"
    }

    fn run_of_path(&self, start: usize) -> (Vec<String>, usize) {
        let mut parts = vec![self.tokens[start].text.clone()];
        let mut at = start + 1;
        while self.is(at, "::") && self.tokens.get(at + 1).is_some_and(|token| is_word(&token.text)) {
            parts.push(self.tokens[at + 1].text.clone());
            at += 2;
        }
        (parts, at)
    }

    /// Reads one branch of a `use` tree from `at`; gives the position of the `,`, `}` or `;` that ends it.
    fn use_tree(&self, start: usize, prefix: &[String], paths: &mut Vec<NamedPath>) -> usize {
        let mut parts = prefix.to_vec();
        let mut at = start;
        while let Some(token) = self.tokens.get(at) {
            match token.text.as_str() {
                "::" => at += 1,
                "{" => {
                    at += 1;
                    while at < self.tokens.len() && !self.is(at, "}") {
                        at = self.use_tree(at, &parts, paths);
                        at += usize::from(self.is(at, ","));
                    }
                    return at + 1;
                }
                "as" => at += 2,
                "," | "}" | ";" => break,
                word => {
                    parts.push(word.to_owned());
                    at += 1;
                }
            }
        }
        if let Some(token) = self.tokens.get(start) {
            paths.push(NamedPath { parts, line: token.line, test: token.test });
        }
        at
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text == text)
    }
}

/// Whether a token is an identifier or a keyword.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

/// Marks what follows `#[cfg(test)]`, `#[cfg(any(test, …))]` and `#[test]`, up to its closing brace or semicolon.
fn mark_test_items(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        let Some(end) = attribute_end(tokens, at) else {
            at += 1;
            continue;
        };
        let words: Vec<&str> = tokens[at..end].iter().map(|token| token.text.as_str()).collect();
        let cfg_test = words.get(2) == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not");
        if cfg_test || words.get(2) == Some(&"test") {
            let last = item_end(tokens, end);
            tokens[at..last].iter_mut().for_each(|token| token.test = true);
            at = last;
        } else {
            at = end;
        }
    }
}

fn attribute_end(tokens: &[Token], at: usize) -> Option<usize> {
    let opens = tokens.get(at)?.text == "#" && tokens.get(at + 1)?.text == "[";
    opens.then(|| matching(tokens, at + 1))
}

fn item_end(tokens: &[Token], mut at: usize) -> usize {
    while let Some(end) = attribute_end(tokens, at) {
        at = end;
    }
    // a field, variant or match arm ends at a comma; in an item commas stand between parameters
    let is_item = |word: &Token| {
        matches!(word.text.as_str(), "fn" | "impl" | "mod" | "struct" | "enum" | "trait" | "use" | "const" | "static" | "type")
    };
    let item = tokens[at..].iter().take_while(|token| is_word(&token.text) || token.text == "(").any(is_item);
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ";" => return at + 1,
            "," if !item => return at + 1,
            "{" => return matching(tokens, at),
            "(" | "[" => at = matching(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// The position after the bracket that closes the one at `at`.
fn matching(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[at..].iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + offset + 1;
        }
    }
    tokens.len()
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Lexer<'_> {
    fn run(mut self, source: &mut Source) {
        while let Some(&byte) = self.text.get(self.at) {
            let (start, line) = (self.at, self.line);
            match byte {
                b'/' if self.starts("//") => {
                    self.skip_while(|byte| byte != b'\n');
                    source.comments.push((line, self.since(start)));
                    continue;
                }
                b'/' if self.starts("/*") => {
                    self.block_comment();
                    source.comments.push((line, self.since(start)));
                    continue;
                }
                b'"' => self.string(),
                b'\'' => self.char_or_lifetime(),
                _ if self.raw_string() => {}
                b'b' | b'c' if self.starts("b\"") || self.starts("c\"") => {
                    self.step(1);
                    self.string();
                }
                b'b' if self.starts("b'") => {
                    self.step(1);
                    self.char_or_lifetime();
                }
                _ if byte == b'_' || byte >= 0x80 || byte.is_ascii_alphanumeric() => {
                    self.skip_while(|byte| byte == b'_' || byte >= 0x80 || byte.is_ascii_alphanumeric());
                    self.push(source, line, self.since(start));
                    continue;
                }
                _ if byte.is_ascii_whitespace() => {
                    self.step(1);
                    continue;
                }
                b':' if self.starts("::") => {
                    self.step(2);
                    self.push(source, line, "::".to_owned());
                    continue;
                }
                _ => {
                    self.step(1);
                    self.push(source, line, char::from(byte).to_string());
                    continue;
                }
            }
            self.push(source, line, "\"\"".to_owned());
        }
    }

    fn push(&self, source: &mut Source, line: usize, text: String) {
        source.tokens.push(Token { text, line, test: false });
    }

    fn starts(&self, text: &str) -> bool {
        self.text[self.at..].starts_with(text.as_bytes())
    }

    fn since(&self, start: usize) -> String {
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn step(&mut self, count: usize) {
        for _ in 0..count {
            self.line += usize::from(self.text.get(self.at) == Some(&b'\n'));
            self.at = (self.at + 1).min(self.text.len());
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.text.get(self.at).is_some_and(|byte| wanted(*byte)) {
            self.step(1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            if self.starts("/*") {
                depth += 1;
                self.step(2);
            } else if self.starts("*/") {
                depth -= 1;
                self.step(2);
            } else {
                self.step(1);
            }
            if depth == 0 || self.at >= self.text.len() {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.step(1);
        while let Some(&byte) = self.text.get(self.at) {
            self.step(if byte == b'\\' { 2 } else { 1 });
            if byte == b'"' {
                return;
            }
        }
    }

    /// `r"…"`, `r#"…"#`, `br#"…"#`, `cr"…"`; `r#name` is an identifier and left alone.
    fn raw_string(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let prefix = usize::from(matches!(rest.first(), Some(b'b' | b'c')));
        if rest.get(prefix) != Some(&b'r') {
            return false;
        }
        let hashes = rest[prefix + 1..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(prefix + 1 + hashes) != Some(&b'"') {
            return false;
        }
        self.step(prefix + 2 + hashes);
        let close = format!("\"{}", "#".repeat(hashes));
        while self.at < self.text.len() && !self.starts(&close) {
            self.step(1);
        }
        self.step(close.len());
        true
    }

    fn char_or_lifetime(&mut self) {
        let rest = &self.text[self.at + 1..];
        if rest.first() == Some(&b'\\') {
            self.step(3);
            self.skip_while(|byte| byte != b'\'');
            self.step(1);
            return;
        }
        let width = rest.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count() + 1;
        if rest.get(width) == Some(&b'\'') {
            self.step(width + 2);
        } else {
            self.step(1);
            self.skip_while(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        }
    }
}

#[test]
fn comments_and_literals_hold_no_code() {
    let text = r##"
        //! a::b
        /* c::d /* nested e::f */ g::h */
        fn x<'a>(y: &'a str) -> char { let _ = ("i::j", r#"k::"l"#, b"m::n", '"', '\'', b'\\', 'é'); o::p }
    "##;
    let source = Source::read("crates/x/src/x.rs", text);
    let paths: Vec<String> = source.paths().iter().map(|path| path.parts.join("::")).collect();
    assert_eq!(paths, ["o::p"]);
    assert_eq!(source.comments.len(), 2);
    assert_eq!(source.comments[0], (2, "//! a::b".to_owned()));
}

#[test]
fn use_trees_are_written_out() {
    let text = "use std::{fs, net::{self, TcpStream as T}, io::*};\nuse ::tokio;\npub use a::b as _;";
    let source = Source::read("crates/x/src/x.rs", text);
    let paths: Vec<String> = source.paths().iter().map(|path| path.parts.join("::")).collect();
    assert_eq!(paths, ["std::fs", "std::net::self", "std::net::TcpStream", "std::io::*", "tokio", "a::b"]);
}

#[test]
fn test_code_is_told_from_the_rest() {
    let text = "fn a() { one::two() }\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn b<A, B>() { three::four() } }\n#[test]\nfn e<A, B>() { nine::ten() }\n\
                #[cfg(not(test))] fn c() { five::six() }\n#[cfg(test)] mod far;\nfn d() { seven::eight() }";
    let source = Source::read("crates/x/src/y.rs", text);
    let of = |test: bool| -> Vec<String> {
        source.paths().iter().filter(|path| path.test == test).map(|path| path.parts.join("::")).collect()
    };
    assert_eq!(of(true), ["three::four", "nine::ten"]);
    assert_eq!(of(false), ["one::two", "five::six", "seven::eight"]);
    assert_eq!(source.test_modules(), ["crates/x/src/y/far"]);
}
