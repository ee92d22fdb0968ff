//! Fourth: the person is found, the fields are sealed, and tokens take their places.
//!
//! Nothing is written here. What was looked up and found absent is handed on, so that the transaction can see whether it
//! still is; if not, the event is protected again.

use super::refuse::Refused;
use super::validate::Validated;
use crate::app::audience;
use crate::app::recent::Unwrapped;
use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use std::collections::HashMap;
use std::rc::Rc;
use vestibule_core::audit;
use vestibule_core::category::{self, Category};
use vestibule_core::clock::Timestamp;
use vestibule_core::document::{Document, Kind, Matcher};
use vestibule_core::id::{EventRow, Mode, Pseudonym, RecordNo, Scope, SubjectNumber};
use vestibule_core::protect::{Item, Part, Plan};
use vestibule_core::token::{Block, TokenText};
use vestibule_core::{clock::Span, protect};
use vestibule_store::{
    HeldBody, IndexRow, NewDelivery, NewRecord, NewSubjectRow, Reader, StableRow, SubjectData, SubjectUse, Tag,
};
use vestibule_vault::body::BodyPurpose;
use vestibule_vault::record::{self, SlotValue, ValueKind};
use vestibule_vault::{Draw, Keyring, VaultError, body, subject};

/// How long the values of somebody nobody can name are kept.
const PENDING: Span = Span::days(30);
/// The category under which a source's own identifier of a person is indexed.
pub(crate) const USER_ID: &str = "user_id";
/// Fingerprints of at most this many tokens go into one leaf; the rest is counted.
const FINGERPRINTS: usize = 64;

/// An event in the form in which it may be stored: tokens, sealed bytes and numbers.
pub struct Protected {
    pub(super) subject: SubjectUse,
    pub(super) index: Vec<IndexRow>,
    pub(super) absent_subjects: Vec<Tag>,
    pub(super) record: NewRecord,
    pub(super) stable: Vec<StableRow>,
    pub(super) absent_stable: Vec<Tag>,
    pub(super) audience_updates: Vec<(RecordNo, Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) held: Option<HeldBody>,
    pub(super) delivery: Option<NewDelivery>,
    pub(super) pseudonym: Pseudonym,
    pub(super) fields: Vec<String>,
    pub(super) others: u32,
    pub(super) fingerprints: Vec<[u8; 8]>,
    /// Whether its address is another person's than its id. It is the id's: an id is given to one, an address is shared,
    /// mistyped and passed on.
    pub(super) two_people: bool,
}

/// The person of an event.
struct Person {
    used: SubjectUse,
    unwrapped: Rc<Unwrapped>,
    index: Vec<IndexRow>,
    absent: Vec<Tag>,
    two_people: bool,
}

/// What happens to an event with values that no rule names, on a route that holds them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
    /// It waits for its owner.
    Wait,
    /// The owner has decided, or his time is over: they are dropped from this held event.
    Leave(EventRow),
}

/// Protects a validated event. `event_id` is bound into its sealed body. `again`: what was looked up has changed, so it is to
/// be looked up as it is now.
pub(super) async fn protect(
    worker: &Worker,
    route: &InRoute,
    validated: &Validated<'_>,
    unnamed: Unnamed,
    event_id: &str,
    again: bool,
    now: Timestamp,
) -> Result<Protected, Refused> {
    let doc = validated.document();
    let plan = route.rules.plan(doc);
    let slots = plan.items().len() + route.rules.special().count();
    let count = u32::try_from(record::records(slots).max(1)).map_err(|_| Refused::known("document.too_many_values"))?;
    // the numbers first: a keyring that is older than a number may give it to a token key that ends before it
    let first = worker.lease.take(count).await.map_err(|error| Refused::known(error.code()))?;
    let keyring = worker.app.keeper.keyring();
    let mut draw = draw(subject::CREATE_DRAW + record::draw_len(slots.max(1)) + 6 * slots + body::DRAW)?;
    let reader = if again { &worker.reader } else { worker.glance().map_err(store)? };
    let person = find_person(worker, reader, route, doc, &keyring, &mut draw, now)?;
    let workflow = route.deliver.as_ref().map(|deliver| deliver.workflow.as_str());

    let mut sealing = Sealing {
        keyring: &keyring,
        reader,
        route,
        first,
        person: &person,
        slots: Vec::with_capacity(slots),
        stable: Vec::new(),
        fresh: HashMap::new(),
        absent_stable: Vec::new(),
        audience_updates: Vec::new(),
    };
    let mut blocks = Vec::with_capacity(plan.items().len());
    for item in plan.items() {
        blocks.push(sealing.place(&plan, item, workflow, &mut draw)?);
    }
    sealing.add_absent_special(&plan, &mut draw)?;
    let Sealing { slots, stable, absent_stable, audience_updates, .. } = sealing;

    let values: Vec<SlotValue<'_>> = slots
        .iter()
        .map(|slot| SlotValue {
            category: slot.category,
            field: slot.field,
            kind: slot.kind,
            random: slot.random,
            value: &slot.value,
        })
        .collect();
    let sealed = keyring.seal_record(&person.unwrapped.key, first, &values, &mut draw).map_err(vault)?;
    let tokens: Vec<TokenText> = blocks.iter().map(TokenText::new).collect();
    let bound = bound_to(event_id, &route.name, route.mode);
    let (queued, held, delivery) = if plan.must_wait() && unnamed == Unnamed::Wait {
        let until = now.plus(route.hold.unwrap_or(PENDING));
        let sealed = keyring.seal_body(&person.unwrapped.key, BodyPurpose::Held, bound.as_bytes(), doc.bytes(), &mut draw);
        (Vec::new(), Some(HeldBody { until, sealed: sealed.map_err(vault)? }), None)
    } else if let Some(deliver) = &route.deliver {
        let document = plan.write(&tokens, &worker.routes().token_domain);
        let sealed = keyring.seal_body(&person.unwrapped.key, BodyPurpose::Queued, bound.as_bytes(), &document, &mut draw);
        let delivery = NewDelivery { workflow: deliver.workflow.clone(), next_at: now };
        (sealed.map_err(vault)?, None, Some(delivery))
    } else {
        (Vec::new(), None, None)
    };
    let number = number_of(&person.used);
    let audience: Vec<&str> = workflow.into_iter().collect();
    let is_named = |item: &&Item| item.rule.is_some();
    let fields = audit::fields(plan.items().iter().filter(is_named).map(|item| plan.field(item)));
    let unlisted = plan.items().iter().skip(FINGERPRINTS).filter(is_named).count();
    let fingerprints = blocks.iter().take(FINGERPRINTS).map(|block| keyring.fingerprint_token(&block.0));
    Ok(Protected {
        record: NewRecord {
            first,
            count,
            created: now,
            expires: None,
            audience: audience::write(&keyring, first, number, &audience),
            sealed,
        },
        stable,
        absent_stable,
        audience_updates,
        body: queued,
        held,
        delivery,
        pseudonym: person.unwrapped.pseudonym,
        fields: fields.into_iter().map(std::borrow::Cow::into_owned).collect(),
        others: plan.unnamed().saturating_add(u32::try_from(unlisted).unwrap_or(u32::MAX)),
        fingerprints: fingerprints.collect::<Result<_, _>>().map_err(vault)?,
        subject: person.used,
        index: person.index,
        absent_subjects: person.absent,
        two_people: person.two_people,
    })
}

/// A value on its way into the record.
struct SlotDraft<'a> {
    category: u16,
    field: &'a str,
    kind: ValueKind,
    random: [u8; 6],
    value: std::borrow::Cow<'a, [u8]>,
}

struct Sealing<'a> {
    keyring: &'a Keyring,
    reader: &'a Reader,
    route: &'a InRoute,
    first: RecordNo,
    person: &'a Person,
    slots: Vec<SlotDraft<'a>>,
    stable: Vec<StableRow>,
    /// The tokens of these rows, by tag.
    fresh: HashMap<Tag, Block>,
    absent_stable: Vec<Tag>,
    audience_updates: Vec<(RecordNo, Vec<u8>, Vec<u8>)>,
}

impl<'a> Sealing<'a> {
    /// The token for one item: an old one if the same value of the same person has a stable token, else a new slot.
    fn place(&mut self, plan: &Plan<'a, 'a>, item: &Item, workflow: Option<&str>, draw: &mut Draw) -> Result<Block, Refused> {
        let value = plan.value(item);
        let tags = self.stable_tags(item, &value)?;
        if let Some(tags) = &tags
            && let Some(block) = self.known_token(tags, workflow)?
        {
            return Ok(block);
        }
        let (record, slot) = record::place(self.first, self.slots.len()).ok_or_else(too_many)?;
        let random = draw.take().map_err(vault)?;
        let block = Block(self.keyring.token(record, slot, random).map_err(vault)?);
        self.slots.push(SlotDraft { category: item.category, field: plan.field(item), kind: kind(plan, item), random, value });
        if let Some((tag, older)) = tags.as_deref().and_then(<[Tag]>::split_first) {
            let parts: [&[u8]; 3] = [&record.as_u64().to_be_bytes(), &[slot.0], &random];
            let mac = self.keyring.index_mac(STABLE, &vault_tag(tag), &parts).map_err(vault)?;
            self.stable.push(StableRow { tag: *tag, record, slot, random, mac });
            self.fresh.insert(*tag, block);
            self.absent_stable.extend(older);
        }
        Ok(block)
    }

    fn stable_tags(&self, item: &Item, value: &[u8]) -> Result<Option<Vec<Tag>>, Refused> {
        if !item.stable {
            return Ok(None);
        }
        let text = std::str::from_utf8(value).unwrap_or_default();
        // a stable token keeps the first spelling for ever: one with blanks or line breaks around it would break the
        // calls of everybody who sends the value properly later
        if text.trim() != text {
            return Ok(None);
        }
        let Some(normalised) = category::by_code(item.category).and_then(|category| (category.normalise)(text)) else {
            return Ok(None);
        };
        let scope = Scope::of(self.route.mode);
        let number = number_of(&self.person.used);
        let tags = self.keyring.stable_tags(scope, &self.route.realm, item.category, number, normalised.as_bytes());
        Ok(Some(tags.map_err(vault)?.iter().map(store_tag).collect()))
    }

    /// The stable token that stands under one of these tags; its record's audience grows by the workflow.
    fn known_token(&mut self, tags: &[Tag], workflow: Option<&str>) -> Result<Option<Block>, Refused> {
        // two places of one document may hold the same value: the second gets the token of the first
        if let Some(block) = tags.iter().find_map(|tag| self.fresh.get(tag)) {
            return Ok(Some(*block));
        }
        if matches!(self.person.used, SubjectUse::New(_)) {
            return Ok(None);
        }
        let Some(hit) = self.reader.stable_by_tags(tags).map_err(store)? else { return Ok(None) };
        let parts: [&[u8]; 3] = [&hit.record.as_u64().to_be_bytes(), &[hit.slot.0], &hit.random];
        if !self.keyring.index_mac_verify(STABLE, &vault_tag(&hit.tag), &parts, &hit.mac) {
            return Err(Refused::known("store.tampered"));
        }
        let stored = self.reader.record(hit.record).map_err(store)?;
        let number = number_of(&self.person.used);
        let Some((first, old)) = stored.and_then(|record| Some((record.first, record.audience?))) else {
            return Ok(None);
        };
        let members = audience::read(self.keyring, first, number, &old).ok_or_else(|| Refused::known("store.tampered"))?;
        if let Some(workflow) = workflow.filter(|name| !audience::admits(&members, name, hit.record, hit.slot)) {
            let known = self.audience_updates.iter().position(|(record, _, _)| *record == first);
            let added = audience::one(workflow, hit.record, hit.slot);
            // two stable values of one record make one update
            let before = known.map(|at| self.audience_updates.swap_remove(at));
            let members = match &before {
                Some((_, _, new)) => audience::read(self.keyring, first, number, new).unwrap_or(members),
                None => members,
            };
            let grown: Vec<&str> = members.iter().copied().chain([added.as_str()]).take(audience::MOST).collect();
            let new = audience::write(self.keyring, first, number, &grown);
            self.audience_updates.push((first, old.clone(), new));
        }
        Ok(Some(Block(self.keyring.token(hit.record, hit.slot, hit.random).map_err(vault)?)))
    }

    /// Special-category slots are there even when the value is not, so that the stored shape does not tell.
    fn add_absent_special(&mut self, plan: &Plan<'a, 'a>, draw: &mut Draw) -> Result<(), Refused> {
        for (rule, category) in self.route.rules.special() {
            if plan.items().iter().all(|item| item.rule != Some(rule)) {
                let random = draw.take().map_err(vault)?;
                let value = std::borrow::Cow::Borrowed(&[] as &[u8]);
                let field = self.route.rules.field(rule);
                self.slots.push(SlotDraft { category, field, kind: ValueKind::String, random, value });
            }
        }
        Ok(())
    }
}

/// Labels of the two indexes in their rows' MACs.
pub(crate) const STABLE: &str = "stable";
/// See [`STABLE`].
pub(crate) const SUBJECT: &str = "subject";

/// What the body of an event is bound to besides its person: put beside another event, route or mode it does not open (P7).
/// None of the three holds a blank.
pub(crate) fn bound_to(event_id: &str, route: &str, mode: Mode) -> String {
    format!("{event_id} {route} {mode}")
}

fn find_person(
    worker: &Worker,
    reader: &Reader,
    route: &InRoute,
    doc: &Document<'_>,
    keyring: &Keyring,
    draw: &mut Draw,
    now: Timestamp,
) -> Result<Person, Refused> {
    let scope = Scope::of(route.mode);
    let mut wanted: Vec<Vec<Tag>> = Vec::new();
    // an id means somebody only together with who gave it; an address means the same whoever sends it
    let ways = [(&route.subject_id, USER_ID, Some(route.sender.as_str())), (&route.subject_email, "email", None)];
    for (matcher, alias, sender) in ways {
        let category = category::by_alias(alias).ok_or_else(|| Refused::known("internal.lost"))?;
        if let Some(normalised) = matcher.as_ref().and_then(|matcher| identifier(doc, matcher, category)) {
            let tags = keyring.subject_tags(scope, &route.realm, category.code, normalised.as_bytes(), sender);
            wanted.push(tags.map_err(vault)?.iter().map(store_tag).collect());
        }
    }
    let mut found: Option<SubjectData> = None;
    let mut missing: Vec<Vec<Tag>> = Vec::new();
    let mut two_people = false;
    for tags in wanted {
        match reader.subject_by_tags(&tags).map_err(store)? {
            Some(hit) => {
                let number = hit.subject.number;
                if !keyring.index_mac_verify(SUBJECT, &vault_tag(&hit.tag), &[&number.0], &hit.mac) {
                    return Err(Refused::known("store.tampered"));
                }
                let first = found.get_or_insert(hit.subject);
                two_people |= first.number != number;
            }
            None => missing.push(tags),
        }
    }
    let (used, unwrapped) = match found {
        Some(subject) => {
            let unwrapped = worker.recent.key(keyring, &subject).map_err(|error| Refused::known(error.code()))?;
            (SubjectUse::Existing { row: subject.row, number: subject.number }, unwrapped)
        }
        None => {
            let new = keyring.create_subject(scope, draw).map_err(vault)?;
            let row = NewSubjectRow {
                number: new.number,
                mode: route.mode,
                realm: route.realm.clone(),
                dek_id: new.dek_id,
                epoch: new.wrapped.epoch,
                wrapped: new.wrapped.bytes,
                sealed_pseudonym: new.sealed_pseudonym,
                pending_until: missing.is_empty().then(|| now.plus(PENDING)),
            };
            (SubjectUse::New(row), Rc::new(Unwrapped { key: new.key, pseudonym: new.pseudonym }))
        }
    };
    let number = number_of(&used);
    let mut index = Vec::new();
    let mut absent = Vec::new();
    for tags in missing {
        if let Some((tag, older)) = tags.split_first() {
            let mac = keyring.index_mac(SUBJECT, &vault_tag(tag), &[&number.0]).map_err(vault)?;
            index.push(IndexRow { tag: *tag, mac });
            absent.extend(older);
        }
    }
    Ok(Person { used, unwrapped, index, absent, two_people })
}

/// The normalised value of the first place a subject path names.
fn identifier(doc: &Document<'_>, matcher: &Matcher, category: &Category) -> Option<String> {
    let node = *protect::places(doc, matcher).first()?;
    let text = match doc.node(node).kind() {
        Kind::String => doc.string(node),
        Kind::Number => doc.raw(node).into(),
        _ => return None,
    };
    (category.normalise)(&text).filter(|text| !text.is_empty())
}

fn kind(plan: &Plan<'_, '_>, item: &Item) -> ValueKind {
    match item.part {
        Part::Name => ValueKind::Name,
        Part::Subtree => ValueKind::Json,
        Part::Scalar => match plan.kind(item) {
            Kind::String => ValueKind::String,
            Kind::Number => ValueKind::Number,
            _ => ValueKind::Bool,
        },
    }
}

pub(super) fn number_of(used: &SubjectUse) -> SubjectNumber {
    match used {
        SubjectUse::Existing { number, .. } => *number,
        SubjectUse::New(row) => row.number,
    }
}

pub(crate) fn store_tag(tag: &vestibule_vault::index::Tag) -> Tag {
    Tag { epoch: tag.epoch, bytes: tag.bytes }
}

pub(crate) fn vault_tag(tag: &Tag) -> vestibule_vault::index::Tag {
    vestibule_vault::index::Tag { epoch: tag.epoch, bytes: tag.bytes }
}

fn draw(length: usize) -> Result<Draw, Refused> {
    Draw::new(length).map_err(vault)
}

fn too_many() -> Refused {
    Refused::known("document.too_many_values")
}

pub(super) fn vault(error: VaultError) -> Refused {
    Refused::known(error.code())
}

pub(super) fn store(error: vestibule_store::StoreError) -> Refused {
    Refused::known(error.code())
}
