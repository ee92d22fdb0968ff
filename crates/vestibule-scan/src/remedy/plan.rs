//! `--fix-plan`: the `vestibule.toml` that the scanned scenarios would need to go through the gateway.
//!
//! It is a proposal that a person finishes: what no file can say is marked `# decide:`. It passes `vestibule check` as it is, and it
//! holds no credential, only the name of the variable that will. What cannot go through the gateway is listed at its end.

mod inbound;
mod places;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use vestibule_core::category::{self, Category};

use self::places::Place;
use super::{Proof, Through, proof, slug, through, workflow_name};
use crate::credential::{self, CredentialKind};
use crate::finding::Finding;
use crate::model::{Auth, EntryBy, Kind, Scenario, Step};
use crate::run::{Settings, Visit};
use crate::source::Source;
use crate::vendor;

/// Collects what the scenarios of a run need; one for all its files.
pub struct Plan<'s> {
    settings: &'s Settings<'s>,
    workflows: Vec<Workflow>,
    outs: Vec<Out>,
    ins: Vec<In>,
    /// What stays outside the gateway, a line each.
    outside: Vec<String>,
}

/// `[workflow.NAME]`.
struct Workflow {
    name: String,
    title: String,
    file: String,
    platform: &'static str,
    owner: Option<String>,
}

/// `[out.NAME]` with its grants.
struct Out {
    name: String,
    origin: String,
    /// A name or address inside somebody's network, which must be pinned by hand.
    is_private: bool,
    proof: Needed,
    grants: Vec<Grant>,
}

/// What the gateway must add to a call, as far as the scenario shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Needed {
    #[default]
    Unknown,
    Bearer,
    Basic,
    Header(String),
    /// In the query or the body, where the gateway adds none.
    Elsewhere,
    /// In the platform's own store; its kind there.
    Stored(String),
}

/// `[[out.NAME.grant]]`.
struct Grant {
    workflow: String,
    method: String,
    method_is_known: bool,
    path: Vec<Segment>,
    reveal: Places,
    in_text: Places,
    query: Places,
    header: Places,
    notes: BTreeSet<String>,
    from: Vec<String>,
}

/// Places with the categories that are restored there.
type Places = BTreeMap<String, BTreeSet<&'static str>>;

/// One segment of the path of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
    /// A token stands there.
    Reveal(String, &'static str),
}

/// `[in.NAME]`.
struct In {
    name: String,
    workflow: String,
    fields: BTreeMap<String, Option<&'static str>>,
    from: String,
    method: Option<String>,
    by: EntryBy,
}

impl<'s> Plan<'s> {
    /// An empty plan; the settings say where the gateway will be.
    pub fn new(settings: &'s Settings<'s>) -> Self {
        Self { settings, workflows: Vec::new(), outs: Vec::new(), ins: Vec::new(), outside: Vec::new() }
    }

    /// Whether nothing was found that could go through the gateway.
    pub fn is_empty(&self) -> bool {
        self.outs.is_empty() && self.ins.is_empty()
    }

    /// The whole configuration.
    pub fn toml(&self) -> String {
        write::file(self)
    }

    /// How many lines of [`Plan::toml`] wait for a decision.
    pub fn open(&self) -> usize {
        self.toml().matches("# decide:").count()
    }

    fn workflow(&mut self, scenario: &Scenario<'_>, file: &str) -> String {
        let name = unused(&workflow_name(scenario), |name| self.workflows.iter().any(|known| known.name == name));
        self.workflows.push(Workflow {
            name: name.clone(),
            title: scenario.name.to_string(),
            file: file.to_owned(),
            platform: match scenario.platform.as_str() {
                "file" => "other",
                platform => platform,
            },
            owner: scenario.owner.as_ref().and_then(|owner| address(&owner.value)),
        });
        name
    }

    fn request(&mut self, scenario: &Scenario<'_>, step: &Step<'_>, workflow: &str, from: &str, needed: Needed) {
        let Some(way) = through(step, self.settings) else {
            if !step.url().is_some_and(|url| super::goes_through(&url.value, self.settings)) {
                self.outside.push(format!("{from}: the address is only known when it runs; give it a fixed host first"));
            }
            return;
        };
        let called = step.request().and_then(|request| request.method.as_deref()).unwrap_or("POST");
        if !matches!(called, "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
            self.outside.push(format!("{from}: the gateway passes no {called}"));
            return;
        }
        let grant = Grant { from: vec![from.to_owned()], ..Grant::of(scenario, step, &way, workflow) };
        self.out(&way, needed, grant);
    }

    /// Puts a grant into the section of its destination; another destination of the same name gets a number.
    fn out(&mut self, way: &super::Through, needed: Needed, grant: Grant) {
        if !self.outs.iter().any(|out| out.origin == way.origin) {
            let starts_well = way.name.starts_with(|first: char| first.is_ascii_lowercase());
            let base = if starts_well { way.name.clone() } else { format!("host-{}", way.name) };
            let name = unused(base.trim_end_matches('-'), |name| self.outs.iter().any(|out| out.name == name));
            let (origin, proof) = (way.origin.clone(), Needed::Unknown);
            self.outs.push(Out { name, origin, is_private: way.is_private(), proof, grants: Vec::new() });
        }
        let Some(out) = self.outs.iter_mut().find(|out| out.origin == way.origin) else {
            return;
        };
        if rank(&needed) > rank(&out.proof) {
            out.proof = needed;
        }
        out.take(grant);
    }
}

impl Visit for Plan<'_> {
    fn scenario(&mut self, source: &Source<'_>, scenario: &Scenario<'_>, _: &[Finding]) {
        let credentials = credential::find(scenario);
        let requests =
            || scenario.steps.iter().enumerate().filter(|(_, step)| matches!(step.kind, Kind::Request(_)) && !step.disabled);
        let entries = || scenario.steps.iter().filter(|step| !step.disabled && step.entry().is_some_and(inbound::comes_in));
        let moves = requests().any(|(_, step)| through(step, self.settings).is_some()) || entries().next().is_some();
        let workflow = if moves { self.workflow(scenario, source.path) } else { String::new() };
        let says = |step: &Step<'_>| {
            let (_, line, _) = source.locate(&step.place);
            format!("{} › {} ({}:{line})", scenario.name, step.shown(), source.path)
        };
        for (index, step) in requests() {
            let mut found = credentials.iter().filter(|found| found.step == index && found.kind != CredentialKind::SecretUrl);
            let typed = found.find_map(|found| step.spots.get(found.spot));
            let needed = typed.map_or_else(
                || stored(step),
                |spot| match proof(spot) {
                    Proof::Basic => Needed::Basic,
                    Proof::Bearer => Needed::Bearer,
                    Proof::Header(name) => Needed::Header(name.to_ascii_lowercase()),
                    Proof::Elsewhere | Proof::None => Needed::Elsewhere,
                },
            );
            self.request(scenario, step, &workflow, &says(step), needed);
        }
        for (index, step) in scenario.steps.iter().enumerate().filter(|(_, step)| !step.disabled) {
            if let Some(entry) = step.entry().filter(|entry| inbound::comes_in(entry)) {
                let base = if entries().count() > 1 { format!("{workflow}-{}", slug(&step.name)) } else { workflow.clone() };
                let name = unused(base.trim_end_matches('-'), |name| self.ins.iter().any(|known| known.name == name));
                let fields = inbound::fields(scenario, index);
                let method = entry.method.clone();
                self.ins.push(In { name, workflow: workflow.clone(), fields, from: says(step), method, by: entry.by });
            } else if let Some(why) = inbound::outside(scenario, index, step) {
                self.outside.push(format!("{}: {why}", says(step)));
            }
        }
    }
}

/// The grant for the call of one step as a remedy shows it, with the places of the `wanted` categories.
pub(super) fn grant(scenario: &Scenario<'_>, step: &Step<'_>, way: &Through, wanted: Option<fn(&Category) -> bool>) -> String {
    let mut grant = Grant::of(scenario, step, way, &workflow_name(scenario));
    let is_wanted = |alias: &str| wanted.is_some_and(|wanted| category::by_alias(alias).is_some_and(wanted));
    for places in [&mut grant.reveal, &mut grant.in_text, &mut grant.query, &mut grant.header] {
        places.values_mut().for_each(|aliases| aliases.retain(|alias| is_wanted(alias)));
        places.retain(|_, aliases| !aliases.is_empty());
    }
    for segment in &mut grant.path {
        if matches!(segment, Segment::Reveal(_, alias) if !is_wanted(alias)) {
            *segment = Segment::Any;
        }
    }
    if wanted.is_none() {
        grant.notes.clear();
    }
    write::remedy(&way.name, &grant)
}

impl Grant {
    /// What the call of a step needs, as far as the scenario shows it.
    fn of(scenario: &Scenario<'_>, step: &Step<'_>, way: &Through, workflow: &str) -> Grant {
        let known = step.request().and_then(|request| request.method.as_deref());
        let mut grant = Grant {
            workflow: workflow.to_owned(),
            method: known.unwrap_or("POST").to_owned(),
            method_is_known: known.is_some(),
            path: places::path(scenario, way),
            reveal: Places::new(),
            in_text: Places::new(),
            query: Places::new(),
            header: Places::new(),
            notes: BTreeSet::new(),
            from: Vec::new(),
        };
        places::of(scenario, step, way, &mut |place| match place {
            Place::Body(path, category) => add(&mut grant.reveal, path, category),
            Place::Text(path, category) => add(&mut grant.in_text, path, category),
            Place::Query(name, category) => add(&mut grant.query, name, category),
            Place::Header(name, category) => add(&mut grant.header, name, category),
            Place::Unclear(note) => {
                grant.notes.insert(note);
            }
        });
        grant
    }
}

impl Out {
    /// Takes a grant in; one that fits the same calls of the same workflow is widened instead, because two would tie.
    fn take(&mut self, grant: Grant) {
        let same = |known: &&mut Grant| {
            known.workflow == grant.workflow && known.method == grant.method && same_calls(&known.path, &grant.path)
        };
        let Some(known) = self.grants.iter_mut().find(same) else {
            self.grants.push(grant);
            return;
        };
        for (into, from) in [
            (&mut known.reveal, grant.reveal),
            (&mut known.in_text, grant.in_text),
            (&mut known.query, grant.query),
            (&mut known.header, grant.header),
        ] {
            from.into_iter().for_each(|(place, categories)| into.entry(place).or_default().extend(categories));
        }
        for (into, from) in known.path.iter_mut().zip(grant.path) {
            if matches!(into, Segment::Any) {
                *into = from;
            }
        }
        known.notes.extend(grant.notes);
        known.from.extend(grant.from);
    }
}

/// As the configuration compares calls: what varies is the same whatever it is called.
fn same_calls(a: &[Segment], b: &[Segment]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Literal(_), _) | (_, Segment::Literal(_)) => false,
            _ => true,
        })
}

fn add(places: &mut Places, place: String, category: &'static str) {
    places.entry(place).or_default().insert(category);
}

/// What the step shows if nothing was typed into it.
fn stored(step: &Step<'_>) -> Needed {
    let is_stored = step.request().is_some_and(|request| request.auth == Auth::Stored);
    let kind = step.connections.first().and_then(|connection| connection.kind.as_deref()).unwrap_or_default();
    match kind {
        _ if !is_stored => Needed::Unknown,
        "httpBasicAuth" => Needed::Basic,
        "httpBearerAuth" => Needed::Bearer,
        kind => Needed::Stored(kind.to_owned()),
    }
}

fn rank(needed: &Needed) -> u8 {
    match needed {
        Needed::Unknown => 0,
        Needed::Elsewhere => 1,
        Needed::Stored(_) => 2,
        Needed::Bearer | Needed::Basic | Needed::Header(_) => 3,
    }
}

/// `base`, or `base` with the first number that makes it new.
fn unused(base: &str, known: impl Fn(&str) -> bool) -> String {
    let base = base.get(..base.len().min(54)).unwrap_or(base);
    if !known(base) {
        return base.to_owned();
    }
    let mut number = 2_usize;
    loop {
        let name = format!("{base}-{number}");
        if !known(&name) {
            return name;
        }
        number += 1;
    }
}

/// A mail address in a text such as `Dana Example <dana@example.com>`.
fn address(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "<>(),;\"'".contains(c));
    let is_address = |word: &&str| {
        let at = word.split_once('@');
        at.is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.ends_with('.')
        })
    };
    words.into_iter().find(is_address).map(str::to_owned)
}

/// What people call the vendor behind a host.
fn vendor_of(origin: &str) -> Option<&'static str> {
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let host = host.split(':').next().unwrap_or_default();
    vendor::by_host(host).map(|vendor| vendor.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_mail_addresses() {
        assert_eq!(address("Dana Example <dana@example.com>").as_deref(), Some("dana@example.com"));
        assert_eq!(address("dana@example.com").as_deref(), Some("dana@example.com"));
        for text in ["", "17", "Dana", "@example.com", "a@b", "a@b@c.de"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_new_and_short() {
        assert_eq!(unused("a", |name| name == "a" || name == "a-2"), "a-3");
        assert_eq!(unused(&"x".repeat(80), |_| false).len(), 54);
    }

    #[test]
    fn calls_that_would_tie_are_one() {
        let literal = |text: &str| Segment::Literal(text.to_owned());
        let named = Segment::Reveal("id".to_owned(), "user_id");
        assert!(same_calls(&[literal("a"), Segment::Any], &[literal("a"), named.clone()]));
        assert!(!same_calls(&[literal("a"), Segment::Any], &[literal("a"), literal("b")]));
        assert!(!same_calls(&[literal("a")], &[literal("a"), named]));
    }
}
