//! What several checks need to know of a scenario, worked out once: where steps lead, which personal fields they send, what each
//! credential found is to be called. It reports nothing.

use std::collections::{HashMap, HashSet};

use vestibule_core::category::Category;

use super::credentials::{self, Verdict};
use crate::credential::{Credential, CredentialKind};
use crate::expression::{self, Reference};
use crate::model::{EntryBy, Kind, Platform, Reach, Role, Scenario, Spot, Step};
use crate::personal::{self, Reading};
use crate::remedy;
use crate::remedy::address::Address;
use crate::run::Settings;
use crate::vendor::{self, Vendor, VendorKind};

/// Steps that are looked back over to find whose output `$json` is.
const HOPS: usize = 16;

/// The facts of a scenario.
pub struct Facts<'s> {
    /// By index of the step.
    pub steps: Vec<StepFacts<'s>>,
    /// What each credential is to be called, by index in the list of credentials.
    pub verdicts: Vec<Verdict>,
    /// Personal data passes through the scenario, as far as names say.
    pub personal: bool,
    ids: HashMap<&'s str, usize>,
    previous: Vec<Option<usize>>,
}

/// The facts of a step.
#[derive(Default)]
pub struct StepFacts<'s> {
    /// Whose module, or whose host.
    pub vendor: Option<&'static Vendor>,
    /// The address of its request.
    pub address: Option<Address<'s>>,
    /// It goes through the gateway already.
    pub through_gateway: bool,
    /// Personal fields that it sends away, in the order of its values.
    pub sent: Vec<Sent>,
    /// A whole record that it sends away: the value, and the step the record is from.
    pub whole: Option<(usize, usize)>,
    /// A credential is typed into it.
    pub holds_credential: bool,
    /// Its address is itself a key.
    pub secret_address: bool,
}

/// A personal field that a step sends away.
#[derive(Clone, Copy)]
pub struct Sent {
    /// Of which kind.
    pub category: &'static Category,
    /// Index of the value in the step.
    pub spot: usize,
    /// The step it comes from, where the expression says it.
    pub source: Option<usize>,
}

impl<'s> Facts<'s> {
    /// Works them out, in one pass over steps and values.
    pub fn of(scenario: &'s Scenario<'_>, credentials: &[Credential], settings: &Settings<'_>) -> Self {
        let mut facts = Self {
            steps: scenario.steps.iter().map(|step| outline(scenario.platform, step, settings)).collect(),
            verdicts: credentials.iter().map(|credential| credentials::verdict(scenario, credential)).collect(),
            personal: false,
            ids: HashMap::new(),
            previous: vec![None; scenario.steps.len()],
        };
        for credential in credentials.iter().filter(|credential| credential.kind != CredentialKind::Placeholder) {
            if let Some(step) = facts.steps.get_mut(credential.step) {
                step.holds_credential = true;
                step.secret_address |= credential.kind == CredentialKind::SecretUrl;
            }
        }
        if scenario.platform != Platform::File {
            facts.ids = scenario.steps.iter().enumerate().map(|(index, step)| (step.id.as_ref(), index)).collect();
            facts.link(scenario);
            facts.follow(scenario);
        }
        facts
    }

    /// The facts of a step; none for an index that is not there.
    pub fn step(&self, index: usize) -> Option<&StepFacts<'s>> {
        self.steps.get(index)
    }

    /// The step whose output an expression in `user` reads.
    pub fn source(&self, scenario: &Scenario<'_>, user: usize, reference: &Reference<'_>) -> Option<usize> {
        match &reference.step {
            Some(id) => self.ids.get(id.as_ref()).copied(),
            None => self.before(scenario, user),
        }
    }

    /// The nearest earlier step that makes data, rather than passing it on.
    pub fn before(&self, scenario: &Scenario<'_>, user: usize) -> Option<usize> {
        let mut at = user;
        for _ in 0..HOPS {
            at = self.previous.get(at).copied().flatten()?;
            if !matches!(scenario.steps.get(at)?.kind, Kind::Flow | Kind::Note | Kind::Reply) {
                return Some(at);
            }
        }
        None
    }

    fn link(&mut self, scenario: &Scenario<'_>) {
        for (from, to) in &scenario.links {
            let is_flow = scenario.steps.get(*from).is_some_and(|step| step.reach != Reach::Tool && !is_part(step));
            if let Some(slot) = self.previous.get_mut(*to).filter(|slot| slot.is_none() && is_flow) {
                *slot = Some(*from);
            }
        }
    }

    fn follow(&mut self, scenario: &Scenario<'_>) {
        let mut open: Vec<(usize, Sent)> = Vec::new();
        let mut about_people: HashSet<usize> = HashSet::new();
        for (index, step) in scenario.steps.iter().enumerate() {
            for (at, spot) in step.spots.iter().enumerate().filter(|(_, spot)| reads(spot)) {
                let sends = sends(step, spot);
                let mut said = false;
                let used = expression::used(scenario.platform, &spot.value);
                for reference in &used {
                    let source = self.source(scenario, index, reference);
                    if sends && self.is_whole_record(scenario, source, reference) {
                        let whole = self.steps.get_mut(index).map(|step| &mut step.whole);
                        whole.and_then(|whole| source.map(|source| whole.get_or_insert((at, source))));
                    }
                    let Some(Reading { category, sure, .. }) = personal::read(&reference.field) else {
                        continue;
                    };
                    said = true;
                    self.personal |= sure;
                    if sure && let Some(source) = source {
                        about_people.insert(source);
                    }
                    match (sends, sure) {
                        (true, true) => self.send(index, Sent { category, spot: at, source }),
                        (true, false) => open.push((index, Sent { category, spot: at, source })),
                        (false, _) => {}
                    }
                }
                // a column `2` says nothing, the field `email` it is mapped to does
                if sends
                    && !said
                    && !used.is_empty()
                    && let Some(category) = self.by_target(step, spot, index)
                {
                    self.personal = true;
                    let source = used.first().and_then(|reference| self.source(scenario, index, reference));
                    self.send(index, Sent { category, spot: at, source });
                }
            }
        }
        // a company or a message is about a person where it goes along with one
        for (index, sent) in open {
            let along = self.steps.get(index).is_some_and(|step| !step.sent.is_empty());
            if along && sent.source.is_some_and(|source| about_people.contains(&source)) {
                self.send(index, sent);
            }
        }
    }

    fn send(&mut self, index: usize, sent: Sent) {
        if let Some(step) = self.steps.get_mut(index).filter(|step| !step.through_gateway) {
            step.sent.push(sent);
        }
    }

    fn by_target(&self, step: &Step<'_>, spot: &Spot<'_>, index: usize) -> Option<&'static Category> {
        /// How mail services call the addressee.
        const TO: [&str; 8] = ["to", "sendto", "toemail", "to_email", "cc", "bcc", "recipient", "recipients"];
        let is_mail = self.step(index).and_then(|facts| facts.vendor).is_some_and(|vendor| vendor.kind == VendorKind::Mail);
        if is_mail && TO.iter().any(|name| spot.name.eq_ignore_ascii_case(name)) {
            return vestibule_core::category::by_alias("email");
        }
        // headers and queries are called by protocols and vendors
        (spot.role == Role::Field && !matches!(step.kind, Kind::Reply))
            .then(|| personal::read(&[spot.name.as_ref()]).filter(|reading| reading.alone).map(|reading| reading.category))
            .flatten()
    }

    /// Whether the expression takes all that somebody has sent, rather than fields of it.
    fn is_whole_record(&self, scenario: &Scenario<'_>, source: Option<usize>, reference: &Reference<'_>) -> bool {
        let all = match reference.field.as_slice() {
            [] => true,
            [only] => matches!(only.as_ref(), "body" | "__IMTBODY__"),
            _ => false,
        };
        let (true, Some(source)) = (all, source) else {
            return false;
        };
        match scenario.steps.get(source).map(|step| &step.kind) {
            Some(Kind::Entry(entry)) => {
                use EntryBy::{AppWebhook, Form, Mail, Polling, Webhook};
                let by_person = matches!(entry.by, Webhook | Form | Mail);
                by_person || (matches!(entry.by, AppWebhook | Polling) && self.holds_people(source))
            }
            Some(Kind::App { .. }) => self.holds_people(source),
            _ => false,
        }
    }

    fn holds_people(&self, step: usize) -> bool {
        let kind = self.step(step).and_then(|facts| facts.vendor).map(|vendor| vendor.kind);
        matches!(kind, Some(VendorKind::Hr | VendorKind::Crm | VendorKind::Mail | VendorKind::Forms))
    }
}

fn outline<'s>(platform: Platform, step: &'s Step<'_>, settings: &Settings<'_>) -> StepFacts<'s> {
    let url = step.url();
    let address = url.and_then(|url| Address::of(platform, &url.value));
    let host = address.and_then(|address| address.known_host());
    StepFacts {
        vendor: vendor::by_module(platform, &step.module).or_else(|| host.and_then(vendor::by_host)),
        address,
        through_gateway: url.is_some_and(|url| remedy::goes_through(&url.value, settings)),
        ..StepFacts::default()
    }
}

/// Whether a value may read fields of earlier steps.
fn reads(spot: &Spot<'_>) -> bool {
    let role = !matches!(spot.role, Role::Code | Role::Note | Role::Pinned | Role::Label);
    role && spot.dynamic && expression::double(spot.value.as_bytes(), b'{', 0).is_some()
}

/// Whether the step sends the value to somebody.
fn sends(step: &Step<'_>, spot: &Spot<'_>) -> bool {
    match step.kind {
        Kind::Request(_) | Kind::Reply | Kind::App { .. } => spot.leaves(),
        _ => false,
    }
}

/// A model, memory or parser belongs to its agent; it is not the agent's input.
fn is_part(step: &Step<'_>) -> bool {
    const PARTS: [&str; 8] = ["lm", "memory", "outputParser", "embeddings", "tool", "retriever", "textSplitter", "document"];
    let part = step.module.strip_prefix("@n8n/n8n-nodes-langchain.");
    part.is_some_and(|part| PARTS.iter().any(|prefix| part.starts_with(prefix)))
}
