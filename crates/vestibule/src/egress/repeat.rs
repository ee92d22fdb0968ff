//! `Idempotency-Key`: a call that writes and is repeated within a day gets the first answer, and the vendor no second
//! candidate.

use super::Caller;
use super::refuse::Refused;
use super::request::IDEMPOTENCY_KEY;
use super::tokens::Draft;
use crate::app::row::Row;
use crate::app::subject::unwrap;
use crate::app::worker::Worker;
use crate::net::body::Whole;
use crate::respond::{self, Answer};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use vestibule_core::clock::{Span, Timestamp};
use vestibule_core::id::{Scope, SubjectNumber, SubjectRow};
use vestibule_store::{Abandon, Begin, Finish};
use vestibule_vault::body::{self, BodyPurpose};
use vestibule_vault::{Draw, Keyring, SubjectKey};

/// How long a first answer is kept.
const LIFETIME: Span = Span::hours(24);
/// The longest key.
const MAX_KEY: usize = 255;

/// What is known of a call before it is made.
pub enum Begun {
    /// It was made before: this was the answer.
    Answered(Answer),
    /// It has to be made; with a claim, if the workflow marked it.
    Call(Option<[u8; 16]>),
}

/// Claims the call's key, if it carries one and writes.
pub(super) async fn begin(worker: &Worker, caller: &Caller, draft: &Draft<'_>) -> Result<Begun, Refused> {
    let received = draft.received;
    let Some(value) = received.headers().get(IDEMPOTENCY_KEY) else { return Ok(Begun::Call(None)) };
    if matches!(received.method(), "GET" | "HEAD") {
        return Ok(Begun::Call(None));
    }
    let text = value.to_str().ok().filter(|text| (1..=MAX_KEY).contains(&text.len()));
    let text = text.ok_or(Refused::at("request.header", "the header idempotency-key"))?;
    let keyring = worker.app.keeper.keyring();
    let now = worker.app.clock.now();
    let (key, fingerprint) = claim(worker, caller, draft, text, &keyring, now)?;
    match worker.app.write(Begin { key, fingerprint, now, until: now.plus(LIFETIME) }).await? {
        vestibule_store::Begun::Fresh => Ok(Begun::Call(Some(key))),
        vestibule_store::Begun::InFlight { .. } => Err(Refused::new("idempotency.in_flight")),
        vestibule_store::Begun::Conflict => Err(Refused::new("idempotency.conflict")),
        vestibule_store::Begun::Erased => Err(Refused::new("token.erased")),
        vestibule_store::Begun::Done { answer, subject } => {
            let subject = worker.reader.subject(subject)?.ok_or(Refused::new("token.erased"))?;
            let sealing = unwrap(&keyring, &subject)?;
            let plain = keyring.open_body(&sealing, BodyPurpose::Answer, &key, &answer)?;
            Ok(Begun::Answered(decode(&plain, caller).ok_or(Refused::new("store.tampered"))?))
        }
    }
}

/// The fingerprints under which a call is claimed: of workflow, route and key, and of everything the vendor would see. A
/// call claimed before the replay key was rotated goes on under the version it was claimed with.
fn claim(
    worker: &Worker,
    caller: &Caller,
    draft: &Draft<'_>,
    text: &str,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<([u8; 16], [u8; 16]), Refused> {
    let received = draft.received;
    let scope = Scope::of(caller.principal.mode);
    let source = format!("idempotency/{}/{}", caller.principal.workflow, caller.route);
    let mut parts: Vec<&[u8]> = vec![received.method().as_bytes(), received.raw_path().as_bytes()];
    parts.extend([received.query().unwrap_or_default().as_bytes(), received.body()]);
    let mut headers: Vec<&str> = draft.headers().map(|(name, _)| name.as_str()).collect();
    headers.sort_unstable();
    for name in headers {
        parts.extend([name.as_bytes(), received.headers().get(name).map_or(&[] as &[u8], HeaderValue::as_bytes)]);
    }
    let keys = keyring.replay_keys(scope, &source, &[text.as_bytes()], b"");
    let calls = keyring.replay_keys(scope, "idempotency/call", &parts, b"");
    let mut versions = keys.iter().zip(&calls).map(|(key, call)| (key.event, call.event));
    let active = versions.next().ok_or(Refused::new("internal.lost"))?;
    for (key, fingerprint) in versions {
        if worker.reader.is_claimed(&key, now)? {
            return Ok((key, fingerprint));
        }
    }
    Ok(active)
}

/// Whether the vendor says that it has done nothing, and that the same call may succeed later: it wants fewer calls or a
/// pause, or did not know the credential.
pub(super) fn is_undone(response: &Response<Whole>) -> bool {
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => true,
        StatusCode::SERVICE_UNAVAILABLE => response.headers().contains_key(RETRY_AFTER),
        _ => false,
    }
}

/// Gives the claim of a call back that certainly had no effect: the same call may be made again.
pub(super) async fn give_back(
    worker: &Worker,
    caller: &Caller,
    key: [u8; 16],
    ended: Result<Answer, Refused>,
) -> Result<Answer, Refused> {
    if let Err(error) = worker.write(Abandon { key }).await {
        // the claim stands until its end; how the call ended is told all the same
        worker.app.counters_ended(&caller.route, error.code());
    }
    ended
}

/// Keeps the answer of a claimed call: the vendor may have acted, and a repeat must not make it act again.
pub(super) async fn finish(
    worker: &Worker,
    caller: &Caller,
    key: [u8; 16],
    about: Option<&Row>,
    ended: Result<Answer, Refused>,
) -> Result<Answer, Refused> {
    let answer = ended.unwrap_or_else(|refused| refused.problem(caller));
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
    let plain = encode(parts.status, parts.headers.get(CONTENT_TYPE), parts.headers.get(respond::ERROR_HEADER), &bytes);
    match keep(worker, caller, key, about, &plain).await {
        Ok(()) => Ok(Response::from_parts(parts, Full::new(bytes))),
        Err(refused) => {
            // how the call ended stands in the log already, without this
            worker.app.counters_ended(&caller.route, refused.code);
            Err(refused.after_sending().once_only())
        }
    }
}

async fn keep(worker: &Worker, caller: &Caller, key: [u8; 16], about: Option<&Row>, plain: &[u8]) -> Result<(), Refused> {
    let scope = Scope::of(caller.principal.mode);
    let (subject, sealing) = sealing_subject(worker, scope, about).await?;
    let keyring = worker.app.keeper.keyring();
    let sealed = keyring.seal_body(&sealing, BodyPurpose::Answer, &key, plain, &mut Draw::new(body::DRAW)?)?;
    worker.write(Finish { key, answer: sealed, subject: subject.0 }).await?;
    Ok(())
}

async fn sealing_subject(
    worker: &Worker,
    scope: Scope,
    about: Option<&Row>,
) -> Result<((SubjectRow, SubjectNumber), SubjectKey), Refused> {
    match about {
        Some(row) => Ok(((row.subject.row, row.subject.number), unwrap(&worker.app.keeper.keyring(), &row.subject)?)),
        None => worker.app.pending_subject(scope, LIFETIME).await.map_err(|error| Refused::new(error.code())),
    }
}

/// Status, whose error it is, length of the content type, content type, body.
fn encode(status: StatusCode, media_type: Option<&HeaderValue>, error: Option<&HeaderValue>, body: &[u8]) -> Vec<u8> {
    let media_type = media_type.map_or(&[] as &[u8], HeaderValue::as_bytes);
    let mut out = status.as_u16().to_be_bytes().to_vec();
    out.push(match error.map(HeaderValue::as_bytes) {
        Some(b"upstream") => 2,
        Some(_) => 1,
        None => 0,
    });
    out.push(u8::try_from(media_type.len()).unwrap_or(0));
    out.extend(media_type.iter().take(usize::from(u8::MAX)));
    out.extend(body);
    out
}

fn decode(plain: &[u8], caller: &Caller) -> Option<Answer> {
    let (head, rest) = plain.split_first_chunk::<4>()?;
    let [high, low, whose, length] = *head;
    let (media_type, body) = rest.split_at_checked(usize::from(length))?;
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body)));
    *answer.status_mut() = StatusCode::from_u16(u16::from_be_bytes([high, low])).ok()?;
    let headers = answer.headers_mut();
    if !media_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(media_type).ok()?);
    }
    if whose > 0 {
        headers.insert(respond::ERROR_HEADER, HeaderValue::from_static(if whose == 2 { "upstream" } else { "gateway" }));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("idempotent-replay", HeaderValue::from_static("true"));
    headers.insert(respond::REQUEST_ID, HeaderValue::from_str(&caller.request).ok()?);
    Some(answer)
}
