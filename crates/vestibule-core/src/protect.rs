//! What happens to each value of an incoming document: kept, replaced by a token, or dropped.
//!
//! [`Rules::plan`] walks a validated document once and says which values must be sealed and which members disappear;
//! the vault seals them; [`Plan::write`] puts the tokens in their places. A value that no rule names never passes: it
//! is dropped or replaced, with its name if that is not a plain field word. Bytes that stay are copied through.

use crate::category;
use crate::document::{Assignment, Document, Edits, FieldPath, Kind, Matcher, MatcherError, NodeId, escape_string};
use crate::names;
use crate::token::TokenText;
use std::borrow::Cow;

/// The category of values that no rule names.
pub const ANY: u16 = 1;

/// What a rule does with the value it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Passes to the platform as it is.
    Keep,
    /// Is sealed and replaced by a token.
    Tokenize {
        /// Category code of the value.
        category: u16,
        /// Whether the same value of the same subject gets the same token again.
        stable: bool,
    },
    /// Disappears.
    Drop,
}

/// What happens to values that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// They disappear.
    Drop,
    /// They are sealed and replaced by tokens, at any depth.
    Tokenize,
    /// The whole event waits, sealed, until its owner has named them.
    Hold,
}

/// One rule: a place and what happens there.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The place.
    pub path: FieldPath,
    /// What happens.
    pub treatment: Treatment,
}

/// Something computed from the document that the platform may see.
#[derive(Clone, Debug)]
pub struct Derive {
    /// The name of the member added to the top-level object.
    pub name: String,
    /// The function.
    pub function: Function,
    /// What it looks at.
    pub path: FieldPath,
}

/// The functions a derived member can use. Each gives away little about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The part of an e-mail address behind the `@`, lower case; null where there is none.
    Domain,
    /// Whether a value is there and not empty.
    Present,
    /// How many elements a list has, or how many places the path finds.
    Count,
    /// How many characters a text has; null where there is none.
    Length,
    /// The first four digits of a date, as a number.
    Year,
}

/// The compiled rules of a route.
pub struct Rules {
    matcher: Matcher,
    rules: Vec<(String, Treatment)>,
    otherwise: Otherwise,
    derive: Vec<(String, Function, Matcher)>,
}

impl Rules {
    /// Compiles the rules; two that name the same place are an error.
    pub fn compile(rules: &[Rule], otherwise: Otherwise, derive: &[Derive]) -> Result<Rules, MatcherError> {
        let paths: Vec<FieldPath> = rules.iter().map(|rule| rule.path.clone()).collect();
        let matcher = Matcher::compile(&paths)?;
        let derive = derive
            .iter()
            .filter_map(|item| {
                let matcher = Matcher::compile(std::slice::from_ref(&item.path)).ok()?;
                Some((item.name.clone(), item.function, matcher))
            })
            .collect();
        Ok(Rules {
            matcher,
            rules: rules.iter().map(|rule| (rule.path.to_string(), rule.treatment)).collect(),
            otherwise,
            derive,
        })
    }

    /// The configured name of a rule.
    pub fn field(&self, rule: u16) -> &str {
        self.rules.get(usize::from(rule)).map_or("", |(name, _)| name)
    }

    /// The special-category fields: their slots are present even when the value is not.
    pub fn special(&self) -> impl Iterator<Item = (u16, u16)> {
        self.rules.iter().zip(0u16..).filter_map(|((_, treatment), rule)| match treatment {
            Treatment::Tokenize { category, .. } if category::by_code(*category).is_some_and(|c| c.special) => {
                Some((rule, *category))
            }
            _ => None,
        })
    }

    /// Says what happens to every value of `doc`.
    pub fn plan<'r, 'd>(&'r self, doc: &'d Document<'d>) -> Plan<'r, 'd> {
        let assigned = self.matcher.assign(doc);
        let kept = Vec::with_capacity(self.rules.len());
        let mut plan = Plan { rules: self, doc, items: Vec::new(), kept, removed: Vec::new(), replaced: Vec::new(), unnamed: 0 };
        plan.visit(doc.root(), &assigned, None);
        plan
    }
}

/// Which part of a member is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A string, number or boolean.
    Scalar,
    /// An object or array, as its JSON text.
    Subtree,
    /// The name of the member.
    Name,
}

/// A value that must be sealed.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The node of the value (or of the member whose name it is).
    pub node: NodeId,
    /// Which part of it.
    pub part: Part,
    /// The category; [`ANY`] where no rule names the value.
    pub category: u16,
    /// The rule, if one names it.
    pub rule: Option<u16>,
    /// Whether the token is stable.
    pub stable: bool,
}

/// What will happen to a document.
pub struct Plan<'r, 'd> {
    rules: &'r Rules,
    doc: &'d Document<'d>,
    items: Vec<Item>,
    kept: Vec<(NodeId, u16)>,
    removed: Vec<NodeId>,
    replaced: Vec<(NodeId, Vec<u8>)>,
    unnamed: u32,
}

impl<'r, 'd> Plan<'r, 'd> {
    /// The values to seal, in document order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The values that rules keep, topmost, with their rule.
    pub fn kept(&self) -> &[(NodeId, u16)] {
        &self.kept
    }

    /// Asks once for each value that a rule would keep, and removes those that do not pass.
    pub fn keep_if(&mut self, mut passes: impl FnMut(NodeId, u16) -> bool) {
        let (kept, removed) = (&mut self.kept, &mut self.removed);
        kept.retain(|(node, rule)| {
            let passes = passes(*node, *rule);
            if !passes {
                removed.push(*node);
            }
            passes
        });
    }

    /// Puts other JSON in the place of a value that a rule would keep.
    pub fn put(&mut self, node: NodeId, json: Vec<u8>) {
        self.replaced.push((node, json));
    }

    /// What kind of value an item is.
    pub fn kind(&self, item: &Item) -> Kind {
        self.doc.node(item.node).kind()
    }

    /// How many values no rule names.
    pub fn unnamed(&self) -> u32 {
        self.unnamed
    }

    /// Whether the event must wait for its owner.
    pub fn must_wait(&self) -> bool {
        self.rules.otherwise == Otherwise::Hold && self.unnamed > 0
    }

    /// The configured name of an item's field; `*` where no rule names it.
    pub fn field(&self, item: &Item) -> &'r str {
        item.rule.map_or("*", |rule| self.rules.field(rule))
    }

    /// For each node of the document the entry that it stands in: of the outermost list, or of an object whose members are
    /// named by data, such as one record under each id. None outside any such entry.
    pub fn entries(&self) -> Vec<Option<NodeId>> {
        let mut entries = vec![None];
        for (id, node) in self.doc.nodes().skip(1) {
            // parents stand before their children
            let outer = entries.get(node.parent().index()).copied().flatten();
            let begins = || self.doc.node(node.parent()).kind() == Kind::Array || !self.is_showable(id);
            entries.push(outer.or_else(|| begins().then_some(id)));
        }
        entries
    }

    /// The plaintext of an item: decoded text for strings and names, the original text for everything else.
    pub fn value(&self, item: &Item) -> Cow<'d, [u8]> {
        match item.part {
            Part::Name => into_bytes(self.doc.name(item.node).unwrap_or_default()),
            Part::Scalar if self.doc.node(item.node).kind() == Kind::String => into_bytes(self.doc.string(item.node)),
            Part::Scalar | Part::Subtree => Cow::Borrowed(self.doc.text(item.node)),
        }
    }

    /// The document the platform gets: `tokens` stand in for the items, in the same order. `token_domain` shapes
    /// e-mail tokens.
    pub fn write(&self, tokens: &[TokenText], token_domain: &str) -> Vec<u8> {
        let mut edits = Edits::with_room(self.items.len() + self.replaced.len(), 0);
        for (item, token) in self.items.iter().zip(tokens) {
            match item.part {
                Part::Name => edits.rename(item.node, token.as_str()),
                Part::Scalar | Part::Subtree => {
                    edits.replace(item.node, token_json(token, item.category, token_domain));
                }
            }
        }
        for (node, json) in &self.replaced {
            edits.replace(*node, json.clone());
        }
        edits.remove_all(&self.removed);
        self.derive(&mut edits);
        edits.apply(self.doc)
    }

    fn visit(&mut self, node: NodeId, assigned: &[Assignment], inherited: Option<u16>) {
        match assigned.get(node.index()).copied().unwrap_or(Assignment::Unnamed) {
            Assignment::SelectorKey => {}
            Assignment::Through if self.doc.node(node).kind().is_container() => self.visit_children(node, assigned, None),
            Assignment::Through => self.visit_unnamed(node, assigned),
            Assignment::Rule(rule) => match self.rules.rules.get(usize::from(rule)).map(|(_, treatment)| *treatment) {
                // the rule names the container; a name of somebody's own inside it is data like any other
                Some(Treatment::Keep) if inherited == Some(rule) && !self.is_showable(node) => self.visit_unnamed(node, assigned),
                Some(Treatment::Keep) => {
                    if inherited != Some(rule) {
                        self.kept.push((node, rule));
                    }
                    self.visit_children(node, assigned, Some(rule));
                }
                Some(Treatment::Drop) | None => self.removed.push(node),
                Some(Treatment::Tokenize { category, stable }) if self.has_inner_rules(node, rule, assigned) => {
                    self.seal_around(node, assigned, rule, category, stable);
                }
                Some(Treatment::Tokenize { category, stable }) => self.seal(node, category, Some(rule), stable),
            },
            Assignment::Unnamed if inherited.is_some() => self.visit_children(node, assigned, inherited),
            Assignment::Unnamed => self.visit_unnamed(node, assigned),
        }
    }

    /// Whether rules of their own stand inside a container that this rule seals.
    fn has_inner_rules(&self, node: NodeId, rule: u16, assigned: &[Assignment]) -> bool {
        let inside = assigned.get(node.index()..self.doc.node(node).next().index()).unwrap_or_default();
        inside.iter().any(|assignment| matches!(assignment, Assignment::Rule(other) if *other != rule))
    }

    /// Seals a container member by member, so that a nearer rule (another category, `drop`) is not swallowed by it.
    fn seal_around(&mut self, node: NodeId, assigned: &[Assignment], rule: u16, category: u16, stable: bool) {
        let doc = self.doc;
        for child in doc.children(node) {
            if assigned.get(child.index()) != Some(&Assignment::Rule(rule)) {
                self.visit(child, assigned, None);
                continue;
            }
            if !self.is_showable(child) {
                self.items.push(Item { node: child, part: Part::Name, category, rule: Some(rule), stable: false });
                self.seal(child, category, Some(rule), stable);
            } else if self.has_inner_rules(child, rule, assigned) {
                self.seal_around(child, assigned, rule, category, stable);
            } else {
                self.seal(child, category, Some(rule), stable);
            }
        }
    }

    /// Whether a member's name may pass: a rule spells it out, or it is made of field words.
    fn is_showable(&self, node: NodeId) -> bool {
        self.doc.name(node).is_none_or(|name| self.rules.matcher.is_named(&name) || names::is_known_name(&name))
    }

    fn visit_children(&mut self, node: NodeId, assigned: &[Assignment], inherited: Option<u16>) {
        let doc = self.doc;
        for child in doc.children(node) {
            self.visit(child, assigned, inherited);
        }
    }

    fn visit_unnamed(&mut self, node: NodeId, assigned: &[Assignment]) {
        if self.rules.otherwise != Otherwise::Tokenize {
            self.unnamed += 1;
            self.removed.push(node);
            return;
        }
        if !self.is_showable(node) {
            self.unnamed += 1;
            self.items.push(Item { node, part: Part::Name, category: ANY, rule: None, stable: false });
            self.seal(node, ANY, None, false);
            return;
        }
        match self.doc.node(node).kind() {
            Kind::Array | Kind::Object => self.visit_children(node, assigned, None),
            _ => {
                self.unnamed += 1;
                self.seal(node, ANY, None, false);
            }
        }
    }

    /// Null and empty values pass: they say that nothing is there, and the platform learns the structure from them.
    fn seal(&mut self, node: NodeId, category: u16, rule: Option<u16>, stable: bool) {
        if self.doc.is_empty(node) {
            return;
        }
        let (part, stable) = match self.doc.node(node).kind() {
            Kind::Array | Kind::Object => (Part::Subtree, false),
            Kind::String => (Part::Scalar, stable),
            _ => (Part::Scalar, false),
        };
        self.items.push(Item { node, part, category, rule, stable });
    }

    fn derive(&self, edits: &mut Edits) {
        if self.rules.derive.is_empty() || self.doc.node(self.doc.root()).kind() != Kind::Object {
            return;
        }
        let mut members = Vec::new();
        for (name, function, matcher) in &self.rules.derive {
            let places = places(self.doc, matcher);
            members.push((name.clone(), compute(self.doc, *function, &places)));
            let taken = self.doc.children(self.doc.root()).find(|child| self.doc.name(*child).as_deref() == Some(name));
            taken.into_iter().for_each(|node| edits.remove(node));
        }
        edits.insert_members(self.doc.root(), members);
    }
}

/// A token as the JSON string that stands in the platform's document.
pub fn token_json(token: &TokenText, category: u16, token_domain: &str) -> Vec<u8> {
    let email = category::by_code(category).is_some_and(|c| c.shape == category::Shape::Email);
    let text = if email { format!("\"{}@{token_domain}\"", token.as_str()) } else { format!("\"{}\"", token.as_str()) };
    text.into_bytes()
}

/// The topmost nodes a path names.
pub fn places(doc: &Document<'_>, matcher: &Matcher) -> Vec<NodeId> {
    let assigned = matcher.assign(doc);
    let named = |node: NodeId| matches!(assigned.get(node.index()), Some(Assignment::Rule(_)));
    doc.nodes().filter(|(id, node)| named(*id) && (*id == doc.root() || !named(node.parent()))).map(|(id, _)| id).collect()
}

fn compute(doc: &Document<'_>, function: Function, places: &[NodeId]) -> Vec<u8> {
    let text = || places.iter().copied().find(|node| doc.node(*node).kind() == Kind::String).map(|node| doc.string(node));
    match function {
        Function::Present => {
            let present = places.iter().any(|node| !doc.is_empty(*node));
            present.to_string().into_bytes()
        }
        Function::Count => {
            let count = match places {
                [node] if doc.node(*node).kind() == Kind::Array => doc.children(*node).count(),
                [node] if doc.is_empty(*node) => 0,
                _ => places.len(),
            };
            count.to_string().into_bytes()
        }
        Function::Domain => {
            let domain = text().and_then(|text| domain(&text));
            domain.map_or_else(|| b"null".to_vec(), |domain| escape_string(&domain))
        }
        Function::Length => {
            let length = text().map(|text| text.chars().count());
            length.map_or_else(|| b"null".to_vec(), |length| length.to_string().into_bytes())
        }
        Function::Year => {
            let year = text().and_then(|text| year(&text));
            year.map_or_else(|| b"null".to_vec(), |year| year.to_string().into_bytes())
        }
    }
}

/// The domain of a text that is one e-mail address and nothing else: what stands behind an `@` in a free text is not for
/// the platform.
fn domain(text: &str) -> Option<String> {
    let address = category::by_alias("email").and_then(|email| (email.normalise)(text))?;
    let (_, domain) = address.split_once('@')?;
    let label = |label: &str| {
        let edge = |c: char| c.is_alphanumeric();
        label.chars().count() <= 63
            && label.starts_with(edge)
            && label.ends_with(edge)
            && label.chars().all(|c| edge(c) || c == '-')
    };
    let last_is_word = domain.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(char::is_alphabetic));
    (domain.len() <= 253 && last_is_word && domain.split('.').all(label)).then(|| domain.to_owned())
}

/// The year of a text that is a year or a date beginning with one; the first digits of any other number stay unsaid.
fn year(text: &str) -> Option<u16> {
    let (digits, rest) = text.trim().split_at_checked(4)?;
    let is_date = rest.is_empty()
        || rest.strip_prefix(['-', '/', '.']).is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit())
                && rest.split(['-', '/', '.', 'T', ' ']).take(2).all(|part| part.len() <= 2)
        });
    let year = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    (is_date && (1800..2200).contains(&year)).then_some(year)
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests;
