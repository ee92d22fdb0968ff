//! Typed reading of TOML tables that reports every fault with its place and goes on.
//!
//! A table is opened with the [`Section`] that documents it: a key that the section does not list is an error, and a key
//! that nobody documented cannot be read. Meaning is checked by the modules that call this one.

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vestibule_core::clock::Timestamp;
use vestibule_core::problem::closest;

use super::diagnostic::Diagnostic;
use super::schema::{self, Section};

/// A value with its place.
pub(super) type Node<'d> = &'d Spanned<DeValue<'d>>;

/// A text with its place (quotes included).
#[derive(Clone, Debug)]
pub(super) struct Text<'d> {
    pub(super) value: &'d str,
    pub(super) span: Range<usize>,
}

/// What all readers share: the time, the names that exist and the faults found so far.
pub(super) struct Context {
    pub(super) now: Timestamp,
    pub(super) systems: Vec<String>,
    pub(super) workflows: Vec<String>,
    pub(super) findings: Vec<Diagnostic>,
    pub(super) secrets: Vec<Range<usize>>,
    pub(super) read: HashSet<(&'static str, &'static str)>,
    /// The domain of e-mail tokens; none where a wrong one was told already.
    pub(super) token_domain: Option<String>,
}

impl Context {
    pub(super) fn new(now: Timestamp) -> Context {
        Context {
            now,
            systems: Vec::new(),
            workflows: Vec::new(),
            findings: Vec::new(),
            secrets: Vec::new(),
            read: HashSet::new(),
            token_domain: Some(super::base::NO_TOKEN_DOMAIN.to_owned()),
        }
    }

    pub(super) fn push(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// Reports a wrong type; `None` so that callers can end with it.
    pub(super) fn wrong_type<T>(&mut self, node: Node<'_>, what: &str, expected: &str) -> Option<T> {
        let found = match node.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.push(
            Diagnostic::error("config.wrong_type", node.span(), format!("{what} is {found}"))
                .label(format!("expected {expected}"))
                .help(format!("write {expected}")),
        );
        None
    }

    pub(super) fn text<'d>(&mut self, node: Node<'d>, what: &str) -> Option<Text<'d>> {
        match node.get_ref() {
            DeValue::String(value) => Some(Text { value: value.as_ref(), span: node.span() }),
            _ => self.wrong_type(node, what, "a text in quotes"),
        }
    }

    pub(super) fn integer(&mut self, node: Node<'_>, what: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(number) = node.get_ref() else {
            return self.wrong_type(node, what, "a whole number");
        };
        let value = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok();
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            let (low, high) = (range.start(), range.end());
            self.push(
                Diagnostic::error("config.out_of_range", node.span(), format!("{what} is out of range"))
                    .help(format!("choose a number from {low} to {high}")),
            );
        }
        value
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, text: &Text<'_>, what: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            let list: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let near = closest(text.value, words.iter().map(|(word, _)| *word));
            let help = match near {
                Some(near) => format!("did you mean `{near}`? the words are {}", list.join(", ")),
                None => format!("use one of {}", list.join(", ")),
            };
            self.push(
                Diagnostic::error("config.bad_value", text.span.clone(), format!("{what} does not know this word")).help(help),
            );
        }
        found
    }

    /// A name that a table of the file defines.
    pub(super) fn reference(&mut self, text: &Text<'_>, code: &'static str, kind: &str) -> String {
        let names = if kind == "system" { &self.systems } else { &self.workflows };
        if !names.iter().any(|name| name == text.value) {
            let help = match closest(text.value, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add a table [{kind}.NAME] with this name"),
            };
            let message = format!("there is no {kind} with this name");
            self.push(Diagnostic::error(code, text.span.clone(), message).help(help));
        }
        text.value.to_owned()
    }
}

/// A table whose keys are documented.
pub(super) struct Fields<'d> {
    entries: &'d DeTable<'d>,
    pub(super) span: Range<usize>,
    section: &'static Section,
    pub(super) name: Option<&'d str>,
}

impl<'d> Fields<'d> {
    /// Opens a table and reports the keys that its section does not list.
    pub(super) fn open(context: &mut Context, node: Node<'d>, section: &'static Section) -> Option<Fields<'d>> {
        Fields::open_named(context, node, section, None)
    }

    /// The same for a table such as `[in.NAME]`, of this name.
    pub(super) fn open_named(
        context: &mut Context,
        node: Node<'d>,
        section: &'static Section,
        name: Option<&'d str>,
    ) -> Option<Fields<'d>> {
        let DeValue::Table(entries) = node.get_ref() else {
            return context.wrong_type(node, &heading(section, name), "a table");
        };
        Some(Fields::made(context, entries, node.span(), section, name))
    }

    pub(super) fn of(
        context: &mut Context,
        entries: &'d DeTable<'d>,
        span: Range<usize>,
        section: &'static Section,
    ) -> Fields<'d> {
        Fields::made(context, entries, span, section, None)
    }

    fn made(
        context: &mut Context,
        entries: &'d DeTable<'d>,
        span: Range<usize>,
        section: &'static Section,
        name: Option<&'d str>,
    ) -> Fields<'d> {
        for (key, _) in entries {
            if section.keys.iter().all(|known| known.name != key.get_ref()) {
                context.push(unknown_key(section, name, key.get_ref(), key.span()));
            }
        }
        Fields { entries, span, section, name }
    }

    pub(super) fn node(&self, context: &mut Context, key: &'static str) -> Option<Node<'d>> {
        context.read.insert((self.section.heading, key));
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, node)| node)
    }

    /// The place of a key's name, or of the whole table.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.entries.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or(self.span.clone(), |(name, _)| name.span())
    }

    pub(super) fn missing<T>(&self, context: &mut Context, key: &'static str) -> Option<T> {
        let example = self.section.keys.iter().find(|known| known.name == key).map_or("", |known| known.example);
        let help = match schema::ALL.iter().any(|section| section.heading == format!("[{key}]")) {
            true => format!("add a table `[{key}]`"),
            false => format!("add `{key} = {example}`"),
        };
        let message = format!("`{key}` is missing in {}", heading(self.section, self.name));
        context.push(Diagnostic::error("config.missing_key", self.span.clone(), message).help(help));
        None
    }

    pub(super) fn text(&self, context: &mut Context, key: &'static str) -> Option<Text<'d>> {
        let node = self.node(context, key)?;
        context.text(node, &format!("`{key}`"))
    }

    pub(super) fn need_text(&self, context: &mut Context, key: &'static str) -> Option<Text<'d>> {
        match self.node(context, key) {
            Some(node) => context.text(node, &format!("`{key}`")),
            None => self.missing(context, key),
        }
    }

    pub(super) fn owned(&self, context: &mut Context, key: &'static str) -> Option<String> {
        self.text(context, key).map(|text| text.value.to_owned())
    }

    pub(super) fn integer(&self, context: &mut Context, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let node = self.node(context, key)?;
        context.integer(node, &format!("`{key}`"), range)
    }

    pub(super) fn boolean(&self, context: &mut Context, key: &'static str) -> Option<bool> {
        let node = self.node(context, key)?;
        match node.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => context.wrong_type(node, &format!("`{key}`"), "true or false without quotes"),
        }
    }

    pub(super) fn word<T: Copy>(&self, context: &mut Context, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(context, key)?;
        context.word(&text, &format!("`{key}`"), words)
    }

    /// One text or a list of texts.
    pub(super) fn texts(&self, context: &mut Context, key: &'static str) -> Option<Vec<Text<'d>>> {
        let node = self.node(context, key)?;
        texts(context, node, &format!("`{key}`"))
    }

    /// A table with keys of the user's own, such as field paths.
    pub(super) fn pairs(&self, context: &mut Context, key: &'static str) -> Vec<(Text<'d>, Node<'d>)> {
        match self.node(context, key) {
            Some(node) => pairs(context, node, &format!("`{key}`")),
            None => Vec::new(),
        }
    }

    /// Bytes: a number, or a text such as "10 MiB".
    pub(super) fn size(&self, context: &mut Context, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let node = self.node(context, key)?;
        let (low, high) = (*range.start(), *range.end());
        let value = match node.get_ref() {
            DeValue::Integer(number) => number.as_str().replace('_', "").parse().ok(),
            DeValue::String(text) => size(text),
            _ => return context.wrong_type(node, &format!("`{key}`"), "a size such as \"10 MiB\""),
        };
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            context.push(
                Diagnostic::error("config.out_of_range", node.span(), format!("`{key}` is no usable size")).help(format!(
                    "write a size such as \"10 MiB\", from {} to {}",
                    show_size(low),
                    show_size(high)
                )),
            );
        }
        value
    }

    /// A date, good until its end in UTC, or a moment with an offset.
    pub(super) fn expiry(&self, context: &mut Context, key: &'static str) -> Option<Timestamp> {
        const FORM: &str = "a date without quotes such as 2027-01-31";
        let node = self.node(context, key)?;
        let DeValue::Datetime(moment) = node.get_ref() else {
            return context.wrong_type(node, &format!("`{key}`"), FORM);
        };
        let parsed = match (moment.date, moment.time, moment.offset) {
            (Some(_), None, None) => moment
                .to_string()
                .parse::<jiff::civil::Date>()
                .ok()
                .and_then(|date| date.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())),
            (Some(_), Some(_), Some(_)) => moment.to_string().parse().ok(),
            _ => None,
        };
        let Some(parsed) = parsed else {
            return context.wrong_type(node, &format!("`{key}`"), FORM);
        };
        let expires = Timestamp(parsed.as_millisecond());
        if expires <= context.now {
            context.push(Diagnostic::warning("config.expired", node.span(), format!("`{key}` is in the past")));
        }
        Some(expires)
    }
}

/// One text or a list of texts.
pub(super) fn texts<'d>(context: &mut Context, node: Node<'d>, what: &str) -> Option<Vec<Text<'d>>> {
    match node.get_ref() {
        DeValue::String(_) => context.text(node, what).map(|text| vec![text]),
        DeValue::Array(list) => {
            let all: Vec<_> = list.iter().map(|item| context.text(item, what)).collect();
            all.into_iter().collect()
        }
        _ => context.wrong_type(node, what, "a text in quotes, or a list of them"),
    }
}

/// The entries of a table with keys of the user's own.
pub(super) fn pairs<'d>(context: &mut Context, node: Node<'d>, what: &str) -> Vec<(Text<'d>, Node<'d>)> {
    let DeValue::Table(entries) = node.get_ref() else {
        context.wrong_type::<()>(node, what, "a table such as { \"field\" = \"email\" }");
        return Vec::new();
    };
    let text = |key: &'d Spanned<toml::de::DeString<'d>>| Text { value: key.get_ref().as_ref(), span: key.span() };
    entries.iter().map(|(key, node)| (text(key), node)).collect()
}

/// What a section is called where the name of its table is known.
fn heading(section: &Section, name: Option<&str>) -> String {
    match name.filter(|name| super::is_name(name)) {
        Some(name) => section.heading.replace("NAME", name),
        None => section.heading.to_owned(),
    }
}

fn unknown_key(section: &'static Section, table: Option<&str>, name: &str, span: Range<usize>) -> Diagnostic {
    let message = format!("{} has no key `{}`", heading(section, table), shown(name));
    let error = Diagnostic::error("config.unknown_key", span, message);
    let error = error.label("nothing reads this");
    if let Some(near) = closest(name, section.keys.iter().map(|key| key.name)) {
        return error.help(format!("did you mean `{near}`?"));
    }
    if let Some(other) = schema::ALL.iter().find(|other| other.keys.iter().any(|key| key.name == name)) {
        return error.help(format!("`{name}` belongs into {}", other.heading));
    }
    let names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
    error.help(format!("remove it; the keys are {}", names.join(", ")))
}

/// A key as far as a message repeats it: what was pasted into the wrong place may be long, or a secret.
fn shown(name: &str) -> String {
    let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain && !super::secret::looks_like_one(name) { name.to_owned() } else { "…".to_owned() }
}

fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn show_size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}
