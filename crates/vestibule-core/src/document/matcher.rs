//! Rules compiled for one pass: which rule, if any, owns each node of a document.
//!
//! **Match order**, total: (1) a rule that names the node itself beats one that names a container around it, and of those the nearest
//! wins; (2) of two rules that name the same node, the first step at which they differ decides: member name or position, then
//! `[key=value]`, then `[*]`. Two rules that could still not be told apart (the same path, or selectors with different keys that might
//! both fit one element) are a tie and do not compile. Matching itself is in `matching`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{FieldPath, Step};

/// What the rules say about one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// The rule at this position in the list given to [`Matcher::compile`] owns the node, by naming it or a container around it.
    Rule(u16),
    /// No rule owns the container, but places below it may be named: it stays, and its members are judged one by one.
    Through,
    /// The member that a selector compared. Its value is the one that the configuration spells out.
    SelectorKey,
    /// No rule names it.
    Unnamed,
}

/// Rules that do not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MatcherError {
    /// Two paths can name the same node and none is more exact.
    #[error("paths {first} and {second} tie")]
    Tie {
        /// Position of the earlier path.
        first: usize,
        /// Position of the later path.
        second: usize,
    },
    /// More paths than can be told apart.
    #[error("more than {MAX_RULES} paths")]
    TooMany,
}

impl MatcherError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tie { .. } => "path.tie",
            Self::TooMany => "path.too_many",
        }
    }
}

const MAX_RULES: usize = 10_000;

/// Compiled paths. Immutable; compile once at load.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(super) states: Vec<State>,
}

/// A place of the rules' common tree. State 0 is the root.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) rule: Option<u16>,
    /// Sorted by length, then bytes.
    pub(super) members: Vec<(Box<str>, u32)>,
    /// Sorted by position.
    pub(super) indexes: Vec<(u32, u32)>,
    pub(super) selectors: Vec<Selector>,
    pub(super) any: Option<u32>,
}

/// All selectors of one place that compare the same member.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    pub(super) key: Box<str>,
    /// Sorted by value.
    pub(super) values: Vec<(Box<str>, u32)>,
}

impl State {
    pub(super) fn member(&self, name: &str) -> Option<u32> {
        let found = self.members.binary_search_by(|(known, _)| (known.len(), &**known).cmp(&(name.len(), name)));
        self.members.get(found.ok()?).map(|(_, state)| *state)
    }

    pub(super) fn index(&self, index: u32) -> Option<u32> {
        let found = self.indexes.binary_search_by_key(&index, |(known, _)| *known);
        self.indexes.get(found.ok()?).map(|(_, state)| *state)
    }

    pub(super) fn has_elements(&self) -> bool {
        !self.indexes.is_empty() || !self.selectors.is_empty() || self.any.is_some()
    }
}

impl Selector {
    pub(super) fn value(&self, value: &str) -> Option<u32> {
        let found = self.values.binary_search_by(|(known, _)| (**known).cmp(value));
        self.values.get(found.ok()?).map(|(_, state)| *state)
    }
}

impl Matcher {
    /// Compiles paths; the position of a path in the list is the number of its rule.
    ///
    /// # Errors
    /// Two paths that tie, or too many paths.
    pub fn compile(paths: &[FieldPath]) -> Result<Matcher, MatcherError> {
        if paths.len() > MAX_RULES {
            return Err(MatcherError::TooMany);
        }
        let mut builder = Builder { states: vec![Growing::default()] };
        for (rule, path) in paths.iter().enumerate() {
            builder.add(rule, path)?;
        }
        refuse_overlapping_selectors(paths)?;
        Ok(Matcher { states: builder.states.into_iter().map(Growing::freeze).collect() })
    }

    /// Whether some rule spells out this member name, so that it may be shown in errors.
    pub fn is_named(&self, name: &str) -> bool {
        self.states
            .iter()
            .any(|state| state.member(name).is_some() || state.selectors.iter().any(|selector| &*selector.key == name))
    }
}

#[derive(Default)]
struct Growing {
    rule: Option<usize>,
    children: BTreeMap<Step, u32>,
}

struct Builder {
    states: Vec<Growing>,
}

impl Builder {
    fn add(&mut self, rule: usize, path: &FieldPath) -> Result<(), MatcherError> {
        let mut at = 0;
        for step in path.steps() {
            let fresh = self.states.len() as u32;
            let Some(state) = self.states.get_mut(at) else {
                break;
            };
            at = *state.children.entry(step.clone()).or_insert(fresh) as usize;
            if at == fresh as usize {
                self.states.push(Growing::default());
            }
        }
        let Some(state) = self.states.get_mut(at) else {
            return Ok(());
        };
        match state.rule.replace(rule) {
            Some(first) => Err(MatcherError::Tie { first, second: rule }),
            None => Ok(()),
        }
    }
}

impl Growing {
    fn freeze(self) -> State {
        let mut state = State { rule: self.rule.and_then(|rule| u16::try_from(rule).ok()), ..State::default() };
        let mut selectors: BTreeMap<String, Vec<(Box<str>, u32)>> = BTreeMap::new();
        for (step, to) in self.children {
            match step {
                Step::Member(name) => state.members.push((name.into(), to)),
                Step::Index(index) => state.indexes.push((index, to)),
                Step::Any => state.any = Some(to),
                Step::Select { key, value } => selectors.entry(key).or_default().push((value.into(), to)),
            }
        }
        state.members.sort_unstable_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
        state.selectors = selectors.into_iter().map(|(key, values)| Selector { key: key.into(), values }).collect();
        state
    }
}

/// Two paths of equal exactness tie if their only differences are selectors that compare different members.
fn refuse_overlapping_selectors(paths: &[FieldPath]) -> Result<(), MatcherError> {
    let selecting = |path: &FieldPath| path.steps().iter().any(|step| matches!(step, Step::Select { .. }));
    let with_selectors: Vec<_> = paths.iter().enumerate().filter(|(_, path)| selecting(path)).collect();
    for (at, (second, path)) in with_selectors.iter().enumerate() {
        for (first, earlier) in with_selectors.iter().take(at) {
            if may_tie(earlier, path) {
                return Err(MatcherError::Tie { first: *first, second: *second });
            }
        }
    }
    Ok(())
}

fn may_tie(a: &FieldPath, b: &FieldPath) -> bool {
    a.steps().len() == b.steps().len()
        && a.steps().iter().zip(b.steps()).all(|(a, b)| match (a, b) {
            (Step::Select { key: a_key, .. }, Step::Select { key: b_key, .. }) if a_key != b_key => true,
            (a, b) => a == b,
        })
}
