//! JavaScript as words, texts and signs: enough to know where strings, comments and regular expressions begin and end.

/// A piece of JavaScript that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// An identifier or keyword; `$` and `_` belong to it.
    Word(&'t str),
    /// A number.
    Number(&'t str),
    /// What stands between quotes, escapes as written; of a template literal, one for each part between its `${}`.
    Text(&'t str),
    /// Any other sign, byte by byte. The braces of `${}` are signs too.
    Sign(u8),
}

/// The tokens of a text with the byte offset of each; of a [`Token::Text`], of what is between the quotes.
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// For each open `${`, how many braces are open inside it.
    templates: Vec<u32>,
    /// The part of a template literal that begins here comes next.
    in_template: bool,
    /// A `/` here would begin a regular expression.
    operand: bool,
    /// Bytes that may still be read in search of ends that are not there; keeps broken texts linear.
    searches: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, templates: Vec::new(), in_template: false, operand: true, searches: text.len() + 4096 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `from` up to where `while_true` ends.
    fn run(&mut self, while_true: impl Fn(u8) -> bool) -> &'t str {
        let from = self.at;
        let length = self.rest().iter().position(|byte| !while_true(*byte)).unwrap_or(self.rest().len());
        self.at += length;
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// A part of a template literal: up to its end or the next `${`.
    fn template_part(&mut self) -> (usize, Token<'t>) {
        let from = self.at;
        let mut at = from;
        self.in_template = false;
        self.operand = false;
        loop {
            match self.byte(at) {
                Some(b'\\') => at += 2,
                Some(b'`') => {
                    self.at = at + 1;
                    break;
                }
                Some(b'$') if self.byte(at + 1) == Some(b'{') => {
                    self.templates.push(0);
                    self.at = at + 1;
                    self.operand = true;
                    break;
                }
                Some(_) => at += 1,
                None => {
                    at = self.text.len();
                    self.at = at;
                    break;
                }
            }
        }
        (from, Token::Text(self.text.get(from..at).unwrap_or_default()))
    }

    /// A string in quotes; `None` where it does not end on its line, so that an apostrophe alone is only a sign.
    fn quoted(&mut self, quote: u8) -> Option<(usize, Token<'t>)> {
        let from = self.at + 1;
        let mut at = from;
        loop {
            match self.byte(at) {
                Some(byte) if byte == quote => break,
                Some(byte) if byte != b'\n' && at - from < self.searches => at += if byte == b'\\' { 2 } else { 1 },
                _ => {
                    self.searches = self.searches.saturating_sub(at - from);
                    return None;
                }
            }
        }
        self.at = at + 1;
        Some((from, Token::Text(self.text.get(from..at).unwrap_or_default())))
    }

    /// Passes a comment or a regular expression; `false` where the `/` is neither.
    fn pass_slash(&mut self) -> bool {
        match self.byte(self.at + 1) {
            Some(b'*') => {
                let end = memchr::memmem::find(self.rest().get(2..).unwrap_or_default(), b"*/");
                self.at = end.map_or(self.text.len(), |end| self.at + end + 4);
                return true;
            }
            Some(b'/') => {
                self.at = memchr::memchr(b'\n', self.rest()).map_or(self.text.len(), |end| self.at + end);
                return true;
            }
            _ if !self.operand => return false,
            _ => {}
        }
        let mut at = self.at + 1;
        let mut in_class = false;
        loop {
            match self.byte(at) {
                None | Some(b'\n') => {
                    self.searches = self.searches.saturating_sub(at - self.at);
                    return false;
                }
                Some(_) if at - self.at >= self.searches => {
                    self.searches = 0;
                    return false;
                }
                Some(b'\\') => at += 1,
                Some(b'[') => in_class = true,
                Some(b']') => in_class = false,
                Some(b'/') if !in_class => break,
                Some(_) => {}
            }
            at += 1;
        }
        self.at = (at + 1).min(self.text.len());
        self.operand = false;
        true
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (usize, Token<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.in_template {
                return Some(self.template_part());
            }
            let byte = self.byte(self.at)?;
            let from = self.at;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.pass_slash() => {}
                b'\'' | b'"' => {
                    let text = self.quoted(byte);
                    self.operand = false;
                    if text.is_some() {
                        return text;
                    }
                    self.at += 1;
                }
                b'`' => {
                    self.at += 1;
                    self.in_template = true;
                }
                b'0'..=b'9' => {
                    self.operand = false;
                    return Some((from, Token::Number(self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))));
                }
                _ if is_word(byte) => {
                    let word = self.run(is_word);
                    self.operand = matches!(word, "return" | "typeof" | "case" | "in" | "of" | "else");
                    return Some((from, Token::Word(word)));
                }
                b'{' | b'}' => {
                    self.at += 1;
                    self.operand = true;
                    self.brace(byte);
                    return Some((from, Token::Sign(byte)));
                }
                _ => {
                    self.at += 1;
                    self.operand = !matches!(byte, b')' | b']');
                    return Some((from, Token::Sign(byte)));
                }
            }
        }
    }
}

impl Tokens<'_> {
    /// Keeps count of braces inside `${}`, so that its end is known.
    fn brace(&mut self, brace: u8) {
        let Some(open) = self.templates.last_mut() else {
            return;
        };
        if brace == b'{' {
            *open += 1;
        } else {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.templates.pop();
                self.in_template = true;
            }
        }
    }
}

/// Letters of any script may stand in a word.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Tokens::new(text)
            .filter_map(|(_, token)| match token {
                Token::Word(word) | Token::Number(word) | Token::Text(word) => Some(word),
                Token::Sign(_) => None,
            })
            .collect()
    }

    #[test]
    fn strings_comments_and_patterns_are_kept_apart() {
        assert_eq!(words("a / b / c"), ["a", "b", "c"]);
        assert_eq!(words("x.match(/[/'\"]+/g).y"), ["x", "match", "g", "y"]);
        assert_eq!(words("a // b 'c\nd"), ["a", "d"]);
        assert_eq!(words("`a${b+`c${d}`}e`+f"), ["a", "b", "c", "d", "", "e", "f"]);
        assert_eq!(words("`${ {a:1}.a }`"), ["", "a", "1", "a", ""]);
        assert_eq!(words("don't"), ["don", "t"]);
        assert_eq!(words("$('Größe').x_1"), ["$", "Größe", "x_1"]);
    }

    #[test]
    fn broken_texts_take_linear_time() {
        for text in ["'\\", "/[", "`${", "\"\\'\\", "/\\"] {
            let _ = Tokens::new(&text.repeat(300_000)).count();
        }
    }

    #[test]
    fn what_is_cut_off_ends() {
        for text in ["'", "`", "`${", "/", "/*", "//", "\\", "'\\", "`\\", "/\\", "`${`${'"] {
            assert!(Tokens::new(text).count() < 10, "{text}");
        }
    }
}
