//! Running compiled paths over a document or a form: one pass, in document order. It deliberately decides nothing but ownership.

use super::matcher::State;
use super::{Assignment, Document, Form, Kind, Matcher, NodeId};

/// Room for what most documents need on the way down.
const DEEP: usize = 8;

impl Matcher {
    /// One entry a node, parallel to the tape.
    pub fn assign(&self, doc: &Document<'_>) -> Vec<Assignment> {
        let (mut states, open) = (Vec::with_capacity(DEEP), Vec::with_capacity(DEEP));
        states.push(0);
        let mut walk = Walk { matcher: self, doc, out: vec![Assignment::Unnamed; doc.len()], states, open };
        walk.run();
        walk.out
    }

    /// One entry a pair of a form, in order. A name that occurs once is a member; one that occurs several times is an array, so that
    /// `name` means all of them, `name[*]` each and `name[0]` the first. `name[0]` and `name[*]` also fit a name that occurs once.
    pub fn assign_form(&self, form: &Form) -> Vec<Assignment> {
        let Some(root) = self.states.first() else {
            return Vec::new();
        };
        let own = |(name, nth): (&str, u32)| {
            let state = self.state(root.member(name)?)?;
            let element = |to: Option<u32>| to.and_then(|to| self.state(to)).and_then(|state| state.rule);
            element(state.index(nth)).or_else(|| element(state.any)).or(state.rule)
        };
        let inherited = root.rule.map_or(Assignment::Unnamed, Assignment::Rule);
        form.addresses().map(|address| own(address).map_or(inherited, Assignment::Rule)).collect()
    }

    fn state(&self, id: u32) -> Option<&State> {
        self.states.get(id as usize)
    }
}

/// A container that is being gone through.
struct Open {
    /// First node after it.
    end: u32,
    /// Its states: a range of `Walk::states`, the most exact first.
    from: usize,
    to: usize,
    /// The rule that owns it and, by default, everything in it.
    rule: Option<u16>,
}

struct Walk<'m, 'd, 'a> {
    matcher: &'m Matcher,
    doc: &'d Document<'a>,
    out: Vec<Assignment>,
    states: Vec<u32>,
    open: Vec<Open>,
}

impl Walk<'_, '_, '_> {
    fn run(&mut self) {
        for (id, node) in self.doc.nodes() {
            while self.open.last().is_some_and(|open| open.end as usize <= id.index()) {
                self.open.pop();
            }
            let from = match self.open.last() {
                Some(open) => open.to,
                None => 0,
            };
            if id != NodeId::ROOT {
                self.states.truncate(from);
                self.step(id);
            }
            let inherited = self.open.last().and_then(|open| open.rule);
            let rule = self.assign(id, from, inherited);
            if node.kind().is_container() {
                let end = node.next().index() as u32;
                self.open.push(Open { end, from, to: self.states.len(), rule });
            }
        }
    }

    /// Pushes the states of node `id` from those of its container, keeping the most exact first.
    fn step(&mut self, id: NodeId) {
        let Some(&Open { from, to, .. }) = self.open.last() else {
            return;
        };
        for at in from..to {
            let Some(state) = self.states.get(at).and_then(|state| self.matcher.state(*state)) else {
                continue;
            };
            if self.doc.node(id).has_name() {
                if !state.members.is_empty() {
                    let name = self.doc.name(id).unwrap_or_default();
                    self.states.extend(state.member(&name));
                }
            } else {
                self.states.extend(state.index(self.doc.node(id).position()));
                self.select(id, state);
                self.states.extend(state.any);
            }
        }
    }

    /// Pushes the states behind selectors that fit the element `id`, and marks the members they compared.
    fn select(&mut self, id: NodeId, state: &State) {
        for selector in &state.selectors {
            let Some(key) = self.doc.member(id, &selector.key) else {
                continue;
            };
            let Some(found) = self.doc.selector_text(key).and_then(|text| selector.value(&text)) else {
                continue;
            };
            self.states.push(found);
            if let Some(out) = self.out.get_mut(key.index()) {
                *out = Assignment::SelectorKey;
            }
        }
    }

    /// Decides node `id`, whose states start at `from`; gives the rule that owns it.
    fn assign(&mut self, id: NodeId, from: usize, inherited: Option<u16>) -> Option<u16> {
        let kind = self.doc.node(id).kind();
        let states = self.states.iter().skip(from).filter_map(|state| self.matcher.state(*state));
        let own = states.clone().find_map(|state| state.rule);
        let through =
            || states.clone().any(|state| if kind == Kind::Object { !state.members.is_empty() } else { state.has_elements() });
        let out = self.out.get_mut(id.index())?;
        *out = match (own, *out, inherited) {
            (Some(rule), _, _) => Assignment::Rule(rule),
            (None, Assignment::SelectorKey, _) => Assignment::SelectorKey,
            (None, _, Some(rule)) => Assignment::Rule(rule),
            (None, _, None) if kind.is_container() && through() => Assignment::Through,
            (None, _, None) => Assignment::Unnamed,
        };
        own.or(inherited)
    }
}
