//! The vendor's answer on its way to the platform: typed kept fields pass, the rest is dropped or tokenized, and
//! nothing of the call comes back in the clear.

use super::ledger::{self, Caller};
use super::reflect::{Guard, Reflection};
use super::refuse::Refused;
use super::tokens::{Keys, Opened};
use crate::app::audience;
use crate::app::routes::{AnswerRules, GrantDetail};
use crate::app::worker::Worker;
use crate::config::JsonType;
use crate::ingress::is_json;
use crate::net::body::Whole;
use crate::respond::{self, Answer};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use std::collections::HashMap;
use vestibule_core::clock::Span;
use vestibule_core::document::{Document, Kind, Limits, NodeId, escape_string};
use vestibule_core::id::{Scope, SubjectNumber};
use vestibule_core::inflight::Sink as _;
use vestibule_core::protect::{self, Item, Plan};
use vestibule_core::token::{Block, TokenText};
use vestibule_store::{AnswerPart, AnswerRecord, AnswerReply, NewRecord, SubjectUse};
use vestibule_vault::record::{self, SlotValue, ValueKind};
use vestibule_vault::{Draw, SubjectKey};

/// How long values of an answer about nobody known are kept.
const PENDING: Span = Span::days(30);
/// Most entries of an answer about nobody known: each needs a subject and a record.
const ENTRIES: usize = 4096;

/// A call that the vendor has answered.
pub struct Sent<'d> {
    pub(super) response: Response<Whole>,
    pub(super) guard: Guard,
    pub(super) keys: Keys,
    pub(super) leaf: i64,
    pub(super) host: &'d str,
    pub(super) max: usize,
}

/// Protects the vendor's answer and hands it to the workflow.
pub(super) async fn protect(
    worker: &Worker,
    caller: &Caller,
    detail: &GrantDetail,
    opened: &Opened,
    sent: &Sent<'_>,
) -> Result<Answer, Refused> {
    let status = sent.response.status();
    let body = match body(worker, caller, &detail.answer, opened, sent).await {
        Ok(Body { bytes, logged }) => {
            if !logged {
                ledger::outcome(worker, caller, sent.leaf, sent.host, outcome_code(sent), status.as_u16());
            }
            bytes
        }
        Err(refused) => {
            ledger::outcome(worker, caller, sent.leaf, sent.host, refused.code, status.as_u16());
            return Err(refused);
        }
    };
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !is_fine(status) {
        headers.insert(respond::ERROR_HEADER, HeaderValue::from_static("upstream"));
    }
    if !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(after) = sent.response.headers().get(http::header::RETRY_AFTER).filter(|value| is_seconds(value)) {
        headers.insert(http::header::RETRY_AFTER, after.clone());
    }
    if let Ok(value) = HeaderValue::from_str(&caller.request) {
        headers.insert(respond::REQUEST_ID, value);
    }
    Ok(answer)
}

/// How a call ends whose answer may pass.
fn outcome_code(sent: &Sent<'_>) -> &'static str {
    if is_fine(sent.response.status()) { "ok" } else { "upstream.status" }
}

/// Whether the vendor did what it was asked to; "not modified" is what a call with a condition asked for.
fn is_fine(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::NOT_MODIFIED
}

fn is_seconds(value: &HeaderValue) -> bool {
    !value.is_empty() && value.len() <= 6 && value.as_bytes().iter().all(u8::is_ascii_digit)
}

/// A body as the workflow gets it.
struct Body {
    bytes: Vec<u8>,
    /// Whether the leaf about how the call ended has been written, together with the tokens of this body.
    logged: bool,
}

/// The protected body; empty where the vendor sent none.
async fn body(worker: &Worker, caller: &Caller, rules: &AnswerRules, opened: &Opened, sent: &Sent<'_>) -> Result<Body, Refused> {
    let bytes = sent.response.body();
    if bytes.is_empty() {
        return Ok(Body { bytes: Vec::new(), logged: false });
    }
    if bytes.len() > sent.max {
        return Err(Refused::upstream("upstream.too_large", true));
    }
    let media_type = sent.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(is_json) {
        return Err(Refused::upstream("upstream.not_json", true));
    }
    let doc = Document::parse(bytes, &Limits::default()).map_err(|_| Refused::upstream("upstream.bad_json", true))?;
    let mut plan = rules.rules.plan(&doc);
    plan.keep_if(|node, rule| {
        let fits = rules.types.get(usize::from(rule)).is_some_and(|kind| has_type(&doc, node, *kind));
        let foreign = fits && doc.node(node).kind() == Kind::String && sent.guard.is_foreign(&doc.string(node));
        if foreign {
            worker.app.counters.ended(&caller.route, "upstream.token_shaped");
        }
        fits && !foreign
    });
    reflect(worker, caller, &doc, &mut plan, &sent.guard);
    let (tokens, logged) = tokens(worker, caller, rules, opened, &plan, sent).await?;
    Ok(Body { bytes: plan.write(&tokens, &worker.routes().token_domain), logged })
}

/// A null passes for every type: it says that there is nothing.
fn has_type(doc: &Document<'_>, node: NodeId, kind: JsonType) -> bool {
    match (doc.node(node).kind(), kind) {
        (Kind::Null, _) | (Kind::Number, JsonType::Number) | (Kind::String, JsonType::String) => true,
        (Kind::True | Kind::False, JsonType::Boolean) => true,
        (Kind::Number, JsonType::Integer) => !doc.raw(node).contains(['.', 'e', 'E']),
        _ => false,
    }
}

/// Kept values that repeat something of the call become tokens or go.
fn reflect(worker: &Worker, caller: &Caller, doc: &Document<'_>, plan: &mut Plan<'_, '_>, guard: &Guard) {
    let text = |node: NodeId| match doc.node(node).kind() {
        Kind::String => Some(doc.string(node)),
        Kind::Number => Some(doc.raw(node).into()),
        _ => None,
    };
    if guard.is_clean(plan.kept().iter().filter_map(|(node, _)| text(*node))) {
        return;
    }
    let mut replaced = Vec::new();
    plan.keep_if(|node, _| match text(node).map_or(Reflection::Clean, |text| guard.check(&text)) {
        Reflection::Clean => true,
        Reflection::Replaced(text) => {
            replaced.push((node, escape_string(&text)));
            true
        }
        Reflection::Leak => {
            worker.app.counters.ended(&caller.route, "upstream.reflected_secret");
            false
        }
    });
    replaced.into_iter().for_each(|(node, json)| plan.put(node, json));
}

/// Tokens for the values that no rule keeps: an old one for a value of this call, new ones for the rest. New ones are
/// written in one transaction with the leaf about how the call ended; the flag says that this was done.
async fn tokens(
    worker: &Worker,
    caller: &Caller,
    rules: &AnswerRules,
    opened: &Opened,
    plan: &Plan<'_, '_>,
    sent: &Sent<'_>,
) -> Result<(Vec<TokenText>, bool), Refused> {
    let guard = &sent.guard;
    let items = plan.items();
    let Some(retention) = rules.retention.filter(|_| !items.is_empty()) else { return Ok((Vec::new(), false)) };
    let known: Vec<Option<TokenText>> = items.iter().map(|item| guard.token_of(&plan.value(item))).collect();
    let fresh: Vec<&Item> = items.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(item, _)| item).collect();
    if fresh.is_empty() {
        return Ok((known.into_iter().flatten().collect(), false));
    }
    let now = worker.app.clock.now();
    let parts = parts(worker, caller, opened, sent, plan, &fresh)?;
    let mut counts = Vec::with_capacity(parts.len());
    for part in &parts {
        let count = u32::try_from(record::records(part.positions.len()));
        counts.push(count.map_err(|_| Refused::new("document.too_many_values"))?);
    }
    let mut first = worker.lease.take(counts.iter().sum()).await?;
    // after the numbers: a keyring that is older than a number may give it to a token key that ends before it
    let keyring = worker.app.keeper.keyring();
    let workflow = caller.principal.workflow.as_str();
    let values: Vec<std::borrow::Cow<'_, [u8]>> = fresh.iter().map(|item| plan.value(item)).collect();
    let mut blocks = vec![None; fresh.len()];
    let mut written = Vec::with_capacity(parts.len());
    for (part, count) in parts.into_iter().zip(counts) {
        let mut draw = Draw::new(record::draw_len(part.positions.len()) + 6 * part.positions.len())?;
        let mut slots = Vec::with_capacity(part.positions.len());
        for (index, position) in part.positions.iter().enumerate() {
            let lost = || Refused::new("internal.lost");
            let (item, value) = fresh.get(*position).zip(values.get(*position)).ok_or_else(lost)?;
            let (number, slot) = record::place(first, index).ok_or(Refused::new("document.too_many_values"))?;
            let random = draw.take()?;
            slots.push(SlotValue { category: item.category, field: plan.field(item), kind: kind(plan, item), random, value });
            *blocks.get_mut(*position).ok_or_else(lost)? = Some(Block(keyring.token(number, slot, random)?));
        }
        let record = NewRecord {
            first,
            count,
            created: now,
            expires: Some(now.plus(retention)),
            audience: audience::write(&keyring, first, part.number, &[workflow]),
            sealed: keyring.seal_record(part.key.get(), first, &slots, &mut draw)?,
        };
        written.push(AnswerPart {
            subject: part.subject,
            record,
            stable: Vec::new(),
            absent_stable: Vec::new(),
            audience_updates: Vec::new(),
        });
        first = first.offset(u64::from(count)).ok_or(Refused::new("document.too_many_values"))?;
    }
    let leaf = {
        let status = sent.response.status().as_u16();
        let mut leaf = ledger::outcome_leaf(worker, caller, sent.leaf, sent.host, outcome_code(sent), status);
        leaf.others = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        leaf.to_bytes()
    };
    match worker.write(AnswerRecord { now, parts: written, leaf }).await? {
        AnswerReply::Committed { .. } => {}
        AnswerReply::Stale(_) => return Err(Refused::upstream("token.erased", true)),
    }
    let mut fresh = blocks.iter().flatten().map(TokenText::new);
    let tokens = known.into_iter().map(|known| known.or_else(|| fresh.next()));
    Ok((tokens.collect::<Option<Vec<_>>>().ok_or(Refused::new("internal.lost"))?, true))
}

/// The new values of one subject.
struct Part<'s> {
    subject: SubjectUse,
    number: SubjectNumber,
    key: Key<'s>,
    /// Which of the new values.
    positions: Vec<usize>,
}

/// A subject's key: of the call, or made with its subject.
enum Key<'s> {
    Known(&'s SubjectKey),
    New(Box<SubjectKey>),
}

impl Key<'_> {
    fn get(&self) -> &SubjectKey {
        match self {
            Key::Known(key) => key,
            Key::New(key) => key,
        }
    }
}

/// Whose the new values are. An answer to a call about one person is about that person. Of any other it is not known how
/// many people it tells of: each entry of a list could be somebody else, and what stands outside of lists is of none of
/// them. So every entry gets a subject of its own that nobody can name, and two entries are two subjects to `same-subject`
/// and to the rule of one subject a call.
fn parts<'s>(
    worker: &Worker,
    caller: &Caller,
    opened: &Opened,
    sent: &'s Sent<'_>,
    plan: &Plan<'_, '_>,
    fresh: &[&Item],
) -> Result<Vec<Part<'s>>, Refused> {
    if let Some(row) = opened.subject() {
        let (row, number) = (row.subject.row, row.subject.number);
        let subject = SubjectUse::Existing { row, number };
        let key = Key::Known(sent.keys.of(number)?);
        return Ok(vec![Part { subject, number, key, positions: (0..fresh.len()).collect() }]);
    }
    let mut entries: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    let entry_of = plan.entries();
    for (position, item) in fresh.iter().enumerate() {
        let entry = entry_of.get(item.node.index()).copied().flatten();
        let at = *known.entry(entry).or_insert(entries.len());
        match entries.get_mut(at) {
            Some(positions) => positions.push(position),
            None => entries.push(vec![position]),
        }
    }
    if entries.len() > ENTRIES {
        return Err(Refused::upstream("upstream.too_many_entries", true));
    }
    let scope = Scope::of(caller.principal.mode);
    let part = |positions| {
        let (row, key) = worker.app.nobody(scope, PENDING)?;
        Ok(Part { number: row.number, subject: SubjectUse::New(row), key: Key::New(Box::new(key)), positions })
    };
    entries.into_iter().map(part).collect()
}

fn kind(plan: &Plan<'_, '_>, item: &Item) -> ValueKind {
    match (item.part, plan.kind(item)) {
        (protect::Part::Name, _) => ValueKind::Name,
        (protect::Part::Subtree, _) => ValueKind::Json,
        (protect::Part::Scalar, Kind::String) => ValueKind::String,
        (protect::Part::Scalar, Kind::Number) => ValueKind::Number,
        (protect::Part::Scalar, _) => ValueKind::Bool,
    }
}
