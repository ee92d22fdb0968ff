//! Which fields of earlier steps a piece of JavaScript reads: `$json.a.b`, `$('Step').item.json["a"]` and their older forms.

use std::borrow::Cow;

use super::super::Reference;
use super::token::{Token, Tokens};

/// The references of an expression or of code.
pub(super) fn all<'t>(expression: &'t str, found: &mut Vec<Reference<'t>>) {
    if let Some(field) = plain(expression.trim_matches([' ', '\t', '\r', '\n'])) {
        return found.push(Reference { step: None, field });
    }
    // most texts that are no expression end here
    if memchr::memchr2(b'$', b'_', expression.as_bytes()).is_none()
        && memchr::memmem::find(expression.as_bytes(), b"item").is_none()
    {
        return;
    }
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity((expression.len() / 3).min(256));
    tokens.extend(Tokens::new(expression).map(|(_, token)| token));
    let mut reader = Reader { tokens: &tokens, at: 0, found };
    while let Some(token) = reader.tokens.get(reader.at).copied() {
        let member = reader.at > 0 && reader.tokens.get(reader.at - 1) == Some(&Token::Sign(b'.')) && !reader.after_spread();
        reader.at += 1;
        if let Token::Word(word) = token {
            reader.word(word, member);
        }
    }
}

/// The members of `$json.a.b` and nothing else, as most expressions are written.
fn plain(expression: &str) -> Option<Vec<Cow<'_, str>>> {
    let is_word = |word: &str| {
        word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let path = expression.strip_prefix("$json.")?;
    path.split('.').all(is_word).then(|| path.split('.').map(Cow::Borrowed).collect())
}

struct Reader<'a, 't> {
    tokens: &'a [Token<'t>],
    at: usize,
    found: &'a mut Vec<Reference<'t>>,
}

/// How a value is reached: `.name`, `["name"]`, `[0]`, a call with its first text, or something that is worked out.
enum Access<'t> {
    Member(Cow<'t, str>),
    Position,
    Call(Option<Cow<'t, str>>),
    Computed,
}

impl<'t> Reader<'_, 't> {
    fn word(&mut self, word: &'t str, member: bool) {
        let name = match word.strip_prefix(['$', '_']) {
            Some(name) => name,
            // of code: `items[0].json.a`, `item.json.a`
            None if !member && (word == "items" || word == "item") => {
                return self.items(None, true);
            }
            None => return,
        };
        // `$item(0).$node["Step"].json.a` is `$node[…]` with a place in front
        match name {
            "json" | "data" => self.fields(None),
            "binary" => self.binary(None),
            "input" => self.items(None, false),
            "node" if word == "$node" || !member => {
                let step = match self.access() {
                    Some(Access::Member(step)) => Some(step),
                    _ => return,
                };
                self.items(step, true);
            }
            "items" => {
                let step = match self.access() {
                    Some(Access::Call(step)) => step,
                    _ => return,
                };
                self.items(step, true);
            }
            "" if word == "$" => {
                let step = match self.access() {
                    Some(Access::Call(step)) => step,
                    _ => return,
                };
                self.items(step, false);
            }
            _ => {}
        }
    }

    /// From a list of items to the fields of one: `.item`, `.first()`, `[0]`, `.all()[0]`, then `.json` or `.binary`.
    fn items(&mut self, step: Option<Cow<'t, str>>, direct: bool) {
        let mut selected = direct;
        loop {
            let before = self.at;
            match self.access() {
                Some(Access::Position | Access::Call(_)) => {}
                Some(Access::Member(name)) => match name.as_ref() {
                    "item" | "first" | "last" | "all" | "itemMatching" | "pairedItem" | "at" | "items" => selected = true,
                    "json" | "data" if selected || name == "json" => return self.fields(step),
                    "binary" => return self.binary(step),
                    // parameters and state of a step are no data of the run
                    _ => return,
                },
                Some(Access::Computed) => return,
                None => {
                    self.at = before;
                    return;
                }
            }
        }
    }

    fn binary(&mut self, step: Option<Cow<'t, str>>) {
        self.fields_after(step, vec![Cow::Borrowed("binary")]);
    }

    fn fields(&mut self, step: Option<Cow<'t, str>>) {
        self.fields_after(step, Vec::new());
    }

    fn fields_after(&mut self, step: Option<Cow<'t, str>>, mut field: Vec<Cow<'t, str>>) {
        loop {
            if self.is_call() {
                // the last name was that of a method; what it is called with is read like everything else
                field.pop();
                break;
            }
            let before = self.at;
            match self.access() {
                Some(Access::Member(name)) => field.push(name),
                Some(Access::Position) => {}
                Some(Access::Call(_) | Access::Computed) | None => {
                    self.at = before;
                    break;
                }
            }
        }
        self.found.push(Reference { step, field });
    }

    /// Whether the sign before is the end of `...`.
    fn after_spread(&self) -> bool {
        self.at >= 3
            && self.tokens.get(self.at - 3..self.at).is_some_and(|before| before.iter().all(|token| *token == Token::Sign(b'.')))
    }

    fn is_call(&self) -> bool {
        self.sign(0) == Some(b'(') || self.sign(0) == Some(b'?') && self.sign(1) == Some(b'.') && self.sign(2) == Some(b'(')
    }

    fn sign(&self, ahead: usize) -> Option<u8> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }

    /// The next step along the path; `None` where the path ends.
    fn access(&mut self) -> Option<Access<'t>> {
        // `?.` before a name, a bracket or a call
        if self.sign(0) == Some(b'?') && self.sign(1) == Some(b'.') {
            self.at += if matches!(self.sign(2), Some(b'[' | b'(')) { 2 } else { 1 };
        }
        match self.sign(0)? {
            b'.' => {
                let Some(Token::Word(name)) = self.tokens.get(self.at + 1).copied() else {
                    return None;
                };
                self.at += 2;
                Some(Access::Member(Cow::Borrowed(name)))
            }
            b'[' => {
                let inner = self.tokens.get(self.at + 1).copied();
                let closed = self.sign(2) == Some(b']');
                match inner {
                    Some(Token::Text(name)) if closed => {
                        self.at += 3;
                        Some(Access::Member(unescaped(name)))
                    }
                    Some(Token::Number(_)) if closed => {
                        self.at += 3;
                        Some(Access::Position)
                    }
                    _ => Some(Access::Computed),
                }
            }
            b'(' => {
                let first = match self.tokens.get(self.at + 1).copied() {
                    Some(Token::Text(name)) => Some(unescaped(name)),
                    _ => None,
                };
                let mut depth = 0_u32;
                while let Some(token) = self.tokens.get(self.at) {
                    self.at += 1;
                    match token {
                        Token::Sign(b'(') => depth += 1,
                        Token::Sign(b')') => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                Some(Access::Call(first))
            }
            _ => None,
        }
    }
}

/// A name out of a string: `\'` is `'`. Other escapes are too rare in names to be worked out.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut escaped = false;
    let kept = text.chars().filter(|char| {
        escaped = *char == '\\' && !escaped;
        !escaped
    });
    Cow::Owned(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expression: &str) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        all(expression, &mut found);
        found
    }

    fn read(expression: &str) -> Vec<String> {
        found(expression)
            .into_iter()
            .map(|reference| format!("{}:{}", reference.step.as_deref().unwrap_or("-"), reference.field.join(".")))
            .collect()
    }

    #[test]
    fn every_way_to_name_a_field_is_read() {
        let cases: [(&str, &[&str]); 40] = [
            ("$json.a.b", &["-:a.b"]),
            ("$json[\"a b\"]['c']", &["-:a b.c"]),
            ("$json?.a?.[0]?.b", &["-:a.b"]),
            ("$json[`a`]", &["-:a"]),
            ("$json.a[0].b", &["-:a.b"]),
            ("$json.email.toLowerCase().trim()", &["-:email"]),
            ("$json.list.map(x => x.name).join($json.sep)", &["-:list", "-:sep"]),
            ("$json[$json.key].rest", &["-:", "-:key"]),
            ("JSON.stringify($json)", &["-:"]),
            ("$node[\"Get user\"].json.email", &["Get user:email"]),
            ("$node[\"Get user\"].json[\"e mail\"]", &["Get user:e mail"]),
            ("$node.Webhook.json.body.x", &["Webhook:body.x"]),
            ("$node[\"W\"].data[\"x\"]", &["W:x"]),
            ("$node[\"W\"].parameter.url", &[]),
            ("$node[\"W\"].binary.file.fileName", &["W:binary.file.fileName"]),
            ("$('Step').item.json.x", &["Step:x"]),
            ("$('Step').first().json.x.y", &["Step:x.y"]),
            ("$('Step').last().json['x']", &["Step:x"]),
            ("$('Step').all()[0].json.x", &["Step:x"]),
            ("$('Step').itemMatching(0).json.x", &["Step:x"]),
            ("$(\"It\\'s\").item.json.x", &["It's:x"]),
            ("$('Step').params.url", &[]),
            ("$('Step').item?.json?.x", &["Step:x"]),
            ("$input.item.json.x", &["-:x"]),
            ("$input.first().json.x", &["-:x"]),
            ("$input.all()[2].json.x", &["-:x"]),
            ("$input.params.x", &[]),
            ("items[0].json.x", &["-:x"]),
            ("item.json.x + item.binary.y", &["-:x", "-:binary.y"]),
            ("$items(\"Step\")[0].json.x", &["Step:x"]),
            ("$items()[0].json.x", &["-:x"]),
            ("$item(0).$node[\"A\"].json.x", &["A:x"]),
            ("$binary.data", &["-:binary.data"]),
            ("$fromAI('email', 'the address', 'string')", &[]),
            ("$vars.key + $env.KEY + $workflow.id + $now.json", &[]),
            ("'$json.a'", &[]),
            ("`${$json.a} and ${$('B').item.json.c}`", &["-:a", "B:c"]),
            ("{...$json, a: $json.b}", &["-:", "-:b"]),
            ("_input.first().json.x", &["-:x"]),
            ("cart.items[0].json", &[]),
        ];
        for (expression, expected) in cases {
            assert_eq!(read(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        for text in [
            "$", "$(", "$('", "$('a", "$('a')", "$json[", "$json['a", "$json.", "$node[", "items[", "$json?.", "$items(",
            "$(('a'",
        ] {
            let _ = read(text);
        }
        assert!(found(&"$json.a(".repeat(200_000)).len() == 200_000);
        let _ = found(&"$('a').first(".repeat(200_000));
        assert_eq!(read("$json.a."), ["-:a"]);
    }
}
