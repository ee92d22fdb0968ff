//! The stand-ins: an automation that forwards what it gets, and an ATS that wants HTTP Basic. Both are real HTTPS
//! servers on loopback and write down every byte they are shown.

use super::sample;
use crate::net::outbound::{Client, Target};
use crate::net::server::{Peer, Server, ServerConfig};
use crate::net::tls::{Issued, ServerTls};
use crate::respond::{self, Answer};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use vestibule_core::secret::Secret;

/// What a party was shown in one exchange.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The id of the event, if the exchange carries one.
    pub event: Option<String>,
    /// Request line and headers as received (credentials of the party itself included).
    pub head: String,
    /// The body as received.
    pub body: Vec<u8>,
}

/// What both parties have seen of one event.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What the automation received.
    pub delivered: Shown,
    /// What the automation received as the answer to its call.
    pub answered: Shown,
    /// What the ATS received.
    pub arrived: Shown,
}

/// Everything recorded, and where a finished round is announced.
pub struct Record {
    ats: Mutex<Vec<Shown>>,
    done: Sender<Seen>,
}

impl Record {
    /// An empty record.
    pub fn new(done: Sender<Seen>) -> Arc<Record> {
        Arc::new(Record { ats: Mutex::new(Vec::new()), done })
    }
}

/// What the automation needs to call the gateway: known once the gateway runs.
pub struct Line {
    /// The gateway.
    pub gateway: Target,
    /// The workflow's key.
    pub key: Secret<String>,
}

/// The automation: receives deliveries at `/hook`, maps them as a scenario would, and calls the ATS through the gateway.
pub fn automation(certificate: &Issued, record: Arc<Record>, line: Arc<OnceLock<Line>>) -> anyhow::Result<Server> {
    serve(certificate, move || {
        let (record, line) = (Arc::clone(&record), Arc::clone(&line));
        let client = Rc::new(Client::new());
        // one event at a time, so that what arrives at the ATS belongs to it
        let turn = Rc::new(tokio::sync::Mutex::new(()));
        move |request: Request<Incoming>, _: Peer| {
            let (record, line) = (Arc::clone(&record), Arc::clone(&line));
            let (client, turn) = (Rc::clone(&client), Rc::clone(&turn));
            async move {
                let _turn = turn.lock().await;
                scenario(request, &record, &line, client).await
            }
        }
    })
}

/// The ATS: wants HTTP Basic, answers as such systems do, with more about the person than anybody asked for.
pub fn ats(certificate: &Issued, record: Arc<Record>, credential: String) -> anyhow::Result<Server> {
    let credential = Arc::new(Secret::new(credential));
    serve(certificate, move || {
        let (record, credential) = (Arc::clone(&record), Arc::clone(&credential));
        move |request: Request<Incoming>, _: Peer| {
            let (record, credential) = (Arc::clone(&record), Arc::clone(&credential));
            async move { candidates(request, &record, &credential).await }
        }
    })
}

fn serve<M, S, F>(certificate: &Issued, make: M) -> anyhow::Result<Server>
where
    M: Fn() -> S + Send + Sync + 'static,
    S: Fn(Request<Incoming>, Peer) -> F + 'static,
    F: Future<Output = Answer> + 'static,
{
    let tls = ServerTls::new(certificate.chain.as_bytes(), certificate.key.as_bytes())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(Server::start(ServerConfig::https(address, tls), make)?)
}

async fn scenario(request: Request<Incoming>, record: &Arc<Record>, line: &OnceLock<Line>, client: Rc<Client>) -> Answer {
    let event = text_of(request.headers(), "webhook-id");
    let Some(delivered) = shown(request, event.clone()).await else { return empty(StatusCode::BAD_REQUEST) };
    let Some(line) = line.get() else { return empty(StatusCode::SERVICE_UNAVAILABLE) };
    let Some((path, body)) = sample::mapped(&delivered.body) else { return empty(StatusCode::BAD_REQUEST) };
    let Some(call) = call(line, &path, body) else { return empty(StatusCode::INTERNAL_SERVER_ERROR) };
    let answered = match client.send(&line.gateway, call).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let head = head(&format!("HTTP/1.1 {}", parts.status), &parts.headers);
            Shown { event: event.clone(), head, body: body.to_vec() }
        }
        Err(error) => Shown { event: event.clone(), head: format!("no answer: {}\r\n", error.code()), body: Vec::new() },
    };
    let arrived = record.ats.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let arrived = arrived.unwrap_or(Shown { event, head: "nothing arrived\r\n".into(), body: Vec::new() });
    // the receiver is gone when the trial is ending
    drop(record.done.send(Seen { delivered, answered, arrived }));
    empty(StatusCode::OK)
}

/// The call a scenario makes: the gateway's address, the workflow's key, and the tokens.
fn call(line: &Line, path: &str, body: Vec<u8>) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = line.gateway.uri(path).ok()?;
    let mut key = HeaderValue::from_str(&format!("Bearer {}", line.key.expose())).ok()?;
    key.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, key);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(request)
}

async fn candidates(request: Request<Incoming>, record: &Arc<Record>, credential: &Secret<String>) -> Answer {
    let known = text_of(request.headers(), AUTHORIZATION.as_str());
    if known.as_deref() != Some(credential.expose().as_str()) {
        return respond::json(StatusCode::UNAUTHORIZED, r#"{"message":"Invalid Basic Auth credentials"}"#);
    }
    let Some(shown) = shown(request, None).await else { return empty(StatusCode::BAD_REQUEST) };
    let answer = sample::ats_answer(&shown.body);
    record.ats.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
    respond::json(StatusCode::CREATED, answer)
}

async fn shown(request: Request<Incoming>, event: Option<String>) -> Option<Shown> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes().to_vec();
    let head = head(&format!("{} {} HTTP/1.1", parts.method, parts.uri), &parts.headers);
    Some(Shown { event, head, body })
}

fn head(first: &str, headers: &HeaderMap) -> String {
    let mut out = format!("{first}\r\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    out
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = respond::json(status, Bytes::new());
    answer.headers_mut().remove(CONTENT_TYPE);
    answer
}
