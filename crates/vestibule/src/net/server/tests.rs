//! Listeners over real loopback sockets: limits, deadlines, caps, stopping, the local socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream as StdStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use http::StatusCode;
use http_body_util::Full;
use tokio::sync::Notify;

use super::*;
use crate::net::body::{self, BodyBudget, BodyError};
use crate::net::local;
use crate::net::testing::{block_on, today};
use crate::net::tls::{TrialCa, Validity};

const MIB: usize = 1024 * 1024;

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

/// Reads each body (at most 10 MiB, 16 MiB over all) and answers with its length.
fn counting(limits: Limits, budget: &BodyBudget) -> Server {
    let budget = budget.clone();
    let config = ServerConfig::plain_loopback(any()).expect("loopback").limits(limits);
    Server::start(config, move || {
        let budget = budget.clone();
        move |request: Request<Incoming>, _peer: Peer| {
            let budget = budget.clone();
            async move {
                let read = body::read(request.into_body(), 10 * MIB, &budget, Instant::now() + Duration::from_secs(20)).await;
                let (status, text) = match read {
                    Ok(whole) => (StatusCode::OK, whole.len().to_string()),
                    Err(BodyError::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, String::new()),
                    Err(_) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
                };
                let mut answer = Response::new(Full::new(Bytes::from(text)));
                *answer.status_mut() = status;
                answer
            }
        }
    })
    .expect("a server")
}

fn plain() -> Server {
    counting(Limits::default(), &BodyBudget::new(16 * MIB))
}

fn connect(server: &Server) -> StdStream {
    let stream = StdStream::connect(server.address().expect("an address")).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    stream
}

/// The rest of what the server says, until it closes. A reset counts as closed.
fn rest(stream: &mut StdStream) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("not closed: {error}"),
        }
    }
    String::from_utf8(all).expect("text")
}

/// One answer with a length, on a connection that stays open.
fn answer(stream: &mut StdStream) -> String {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer");
        all.push(byte[0]);
    }
    let head = String::from_utf8(all).expect("text");
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).expect("a body");
    format!("{head}{}", String::from_utf8(body).expect("text"))
}

fn post(stream: &mut StdStream, body: &str) -> String {
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("written");
    answer(stream)
}

#[test]
fn answers_and_keeps_the_connection() {
    let server = plain();
    let mut stream = connect(&server);
    for body in ["", "abc", "abcdef"] {
        let text = post(&mut stream, body);
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with(&format!("\r\n\r\n{}", body.len())), "{text}");
        assert!(!text.to_lowercase().contains("server:"), "no banner");
    }
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        .expect("written");
    assert!(answer(&mut stream).ends_with("\r\n\r\n5"));
    assert_eq!(server.counters().accepted.load(Ordering::Relaxed), 1);
    assert_eq!(server.stop(Duration::from_secs(5)), 0);
}

#[test]
fn slow_connections_are_closed_and_a_working_one_is_not() {
    let limits = Limits { header: Duration::from_secs(1), idle: Duration::from_secs(2), ..Limits::default() };
    let server = counting(limits, &BodyBudget::new(MIB));
    let mut working = connect(&server);
    write!(working, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n").expect("written");
    let mut silent = connect(&server);
    let mut slow = connect(&server);
    write!(slow, "POST / HTTP/1.1\r\nho").expect("written");
    let mut idle = connect(&server);
    post(&mut idle, "x");
    assert_eq!(rest(&mut silent), "", "no byte ever");
    assert_eq!(rest(&mut slow), "", "half a head");
    assert_eq!(rest(&mut idle), "", "keep-alive");
    // all three deadlines have passed by now, and the one whose service waits for its body is still there
    write!(working, "abc").expect("written");
    assert!(answer(&mut working).ends_with("\r\n\r\n3"));
    assert!(server.counters().timed_out.load(Ordering::Relaxed) >= 3);
}

#[test]
fn a_reader_that_stops_reading_is_closed() {
    let limits = Limits { idle: Duration::from_millis(300), header: Duration::from_millis(100), ..Limits::default() };
    let config = ServerConfig::plain_loopback(any()).expect("loopback").limits(limits);
    let server = Server::start(config, || {
        |_: Request<Incoming>, _: Peer| async { Response::new(Full::new(Bytes::from(vec![b'x'; 64 * MIB]))) }
    })
    .expect("a server");
    let mut stream = connect(&server);
    write!(stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    // each of these lasts as long as the server waits for half a head, together longer than it waits for a reader
    for _ in 0..6 {
        let mut other = connect(&server);
        write!(other, "GET / HTTP/1.1\r\n").expect("written");
        rest(&mut other);
    }
    assert_eq!(server.counters().timed_out.load(Ordering::Relaxed), 7);
    assert!(rest(&mut stream).len() < 64 * MIB);
}

#[test]
fn a_handshake_that_never_comes_is_closed() {
    let ca = TrialCa::new(Validity::around(today(), 2)).expect("an authority");
    let issued = ca.issue(&["127.0.0.1"]).expect("issued");
    let tls = ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).expect("tls");
    let limits = Limits { handshake: Duration::from_secs(1), ..Limits::default() };
    let config = ServerConfig::https(any(), tls).limits(limits);
    let server = Server::start(config, || |_: Request<Incoming>, _: Peer| async { Response::new(Full::<Bytes>::default()) })
        .expect("a server");
    assert_eq!(rest(&mut connect(&server)), "");
    let mut plain = connect(&server);
    write!(plain, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    assert!(!rest(&mut plain).contains("HTTP"), "no plain answer on a TLS port");
    let counters = server.counters();
    assert_eq!(server.stop(Duration::from_secs(5)), 0);
    assert_eq!(counters.timed_out.load(Ordering::Relaxed), 1);
    assert_eq!(counters.handshakes_failed.load(Ordering::Relaxed), 1);
}

#[test]
fn connections_over_a_cap_are_closed_and_places_come_back() {
    for limits in [Limits { connections: 2, ..Limits::default() }, Limits { connections_per_ip: 2, ..Limits::default() }] {
        let server = counting(limits, &BodyBudget::new(MIB));
        let (mut first, mut second) = (connect(&server), connect(&server));
        post(&mut first, "x");
        post(&mut second, "x");
        assert_eq!(rest(&mut connect(&server)), "");
        assert_eq!(server.counters().refused.load(Ordering::Relaxed), 1);
        drop(first);
        let found = (0..10_000).any(|_| {
            let mut next = connect(&server);
            let sent = write!(next, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            sent.is_ok() && rest(&mut next).contains("200 OK")
        });
        assert!(found, "the place of a closed connection");
        post(&mut second, "still here");
    }
}

#[test]
fn bodies_over_the_limit_are_refused() {
    let budget = BodyBudget::new(64 * MIB);
    let server = counting(Limits::default(), &budget);
    let mut declared = connect(&server);
    write!(declared, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 10 * MIB + 1).expect("written");
    assert!(rest(&mut declared).starts_with("HTTP/1.1 413"), "before a byte of it is read");
    let mut endless = connect(&server);
    write!(endless, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").expect("written");
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    let sent = (0..100_000).take_while(|_| endless.write_all(&chunk).is_ok()).count();
    assert!(sent < 1000, "sent {sent} chunks");
    assert_eq!(budget.used(), 0);
    let mut fits = connect(&server);
    write!(fits, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 10 * MIB).expect("written");
    fits.write_all(&vec![b'x'; 10 * MIB]).expect("written");
    assert!(answer(&mut fits).ends_with(&format!("\r\n\r\n{}", 10 * MIB)));
}

#[test]
fn a_refusal_reaches_a_client_that_still_sends() {
    let server = counting(Limits { leaving: Duration::from_secs(3600), ..Limits::default() }, &BodyBudget::new(16 * MIB));
    let eleven_mib = vec![b'x'; 11 * MIB];
    for round in 0..20 {
        let mut stream = connect(&server);
        write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", eleven_mib.len()).expect("written");
        // as most clients do: it looks at the answer only when all is sent
        stream.write_all(&eleven_mib).expect("nobody hangs up on it");
        let said = rest(&mut stream);
        assert!(said.starts_with("HTTP/1.1 413"), "round {round}: {said:?}");
    }
    assert_eq!(server.counters().timed_out.load(Ordering::Relaxed), 0);
}

#[test]
fn a_refused_peer_that_never_closes_is_closed() {
    let server = counting(Limits { leaving: Duration::from_millis(200), ..Limits::default() }, &BodyBudget::new(MIB));
    let mut stream = connect(&server);
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 11 * MIB).expect("written");
    assert!(rest(&mut stream).starts_with("HTTP/1.1 413"), "its side is closed at once");
    // ours stays open: the last connection is gone when its deadline has passed
    while stream.write_all(b"x").is_ok() {}
    assert_eq!(server.counters().timed_out.load(Ordering::Relaxed), 1);
    assert_eq!(server.stop(Duration::from_secs(20)), 0);
}

#[test]
fn stopping_does_not_wait_for_a_refused_peer() {
    let server = counting(Limits { leaving: Duration::from_secs(3600), ..Limits::default() }, &BodyBudget::new(MIB));
    let mut stream = connect(&server);
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 11 * MIB).expect("written");
    assert!(rest(&mut stream).starts_with("HTTP/1.1 413"));
    assert_eq!(server.stop(Duration::from_secs(3600)), 0, "it has its answer");
}

#[test]
fn heads_over_the_limit_and_ambiguous_lengths_are_refused() {
    let server = plain();
    for (head, expected) in [
        ("a: b\r\n".repeat(65), "HTTP/1.1 431"),
        (format!("a: {}\r\n", "x".repeat(20_000)), "HTTP/1.1 431"),
        ("content-length: 1\r\ncontent-length: 2\r\n".to_owned(), "HTTP/1.1 400"),
        ("content-length: +1\r\n".to_owned(), "HTTP/1.1 400"),
        ("transfer-encoding: gzip\r\n".to_owned(), "HTTP/1.1 400"),
        ("a\u{0}: b\r\n".to_owned(), "HTTP/1.1 400"),
    ] {
        let mut stream = connect(&server);
        write!(stream, "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}\r\n").expect("written");
        let said = rest(&mut stream);
        assert!(said.starts_with(expected), "{said}");
    }
    let mut both = connect(&server);
    write!(both, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    let said = rest(&mut both);
    assert_eq!(said.matches("HTTP/1.1").count(), 1, "nothing behind two lengths is a request: {said}");
}

/// Answers when told to, and tells when a request has come.
fn waiting() -> (Server, mpsc::Receiver<()>, Arc<Notify>) {
    let (came, has_come) = mpsc::channel();
    let (came, go) = (Mutex::new(came), Arc::new(Notify::new()));
    let told = go.clone();
    let config = ServerConfig::plain_loopback(any()).expect("loopback");
    let server = Server::start(config, move || {
        let (came, told) = (came.lock().expect("not poisoned").clone(), told.clone());
        move |_: Request<Incoming>, _: Peer| {
            came.send(()).expect("heard");
            let told = told.clone();
            async move {
                told.notified().await;
                Response::new(Full::new(Bytes::from_static(b"done")))
            }
        }
    });
    (server.expect("a server"), has_come, go)
}

#[test]
fn stopping_lets_a_request_finish_and_accepts_no_other() {
    let (server, has_come, go) = waiting();
    let address = server.address().expect("an address");
    let (mut at_work, mut silent) = (connect(&server), connect(&server));
    write!(at_work, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    has_come.recv().expect("a request");
    let stopping = std::thread::spawn(move || server.stop(Duration::from_secs(20)));
    assert_eq!(rest(&mut silent), "", "a connection without a request ends at once");
    let refused = (0..100_000).any(|_| StdStream::connect(address).is_err());
    assert!(refused, "the listener is gone");
    go.notify_one();
    let said = rest(&mut at_work);
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("connection: close") && said.ends_with("done"), "{said}");
    assert_eq!(stopping.join().expect("stopped"), 0);
}

#[test]
fn stopping_waits_for_work_whose_peer_is_gone() {
    let (server, has_come, _go) = waiting();
    let mut stream = connect(&server);
    write!(stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    has_come.recv().expect("a request");
    drop(stream);
    assert_eq!(server.stop(Duration::from_millis(50)), 1, "it was waited for, then cut");
}

#[test]
fn stopping_cuts_what_outlasts_the_grace() {
    let (server, has_come, _go) = waiting();
    let mut stream = connect(&server);
    write!(stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    has_come.recv().expect("a request");
    assert_eq!(server.stop(Duration::from_millis(50)), 1);
    assert_eq!(rest(&mut stream), "");
}

#[test]
fn each_thread_makes_its_service_and_a_panic_stays_in_its_connection() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let config = ServerConfig::plain_loopback(any()).expect("loopback").threads(3);
    let server = Server::start(config, move || {
        count.fetch_add(1, Ordering::SeqCst);
        // not Send: it stays on its thread
        let calls = Rc::new(std::cell::Cell::new(0));
        move |request: Request<Incoming>, peer: Peer| {
            calls.set(calls.get() + 1);
            let calls = calls.clone();
            async move {
                assert!(request.uri().path() != "/panic", "as asked");
                assert!(!peer.tls && calls.get() > 0);
                Response::new(Full::new(Bytes::from_static(b"fine")))
            }
        }
    })
    .expect("a server");
    for _ in 0..20 {
        let mut stream = connect(&server);
        write!(stream, "GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
        assert_eq!(rest(&mut stream), "");
        let mut stream = connect(&server);
        write!(stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
        assert!(answer(&mut stream).ends_with("fine"));
    }
    assert_eq!(server.stop(Duration::from_secs(5)), 0);
    assert_eq!(made.load(Ordering::SeqCst), 3);
}

#[test]
fn a_second_server_and_plain_http_beyond_loopback_are_refused() {
    let server = plain();
    let again = ServerConfig::plain_loopback(server.address().expect("an address")).expect("loopback").threads(2);
    let second = Server::start(again, || |_: Request<Incoming>, _: Peer| async { Response::new(Full::<Bytes>::default()) });
    let address = server.address().expect("an address").to_string();
    assert!(matches!(second, Err(ServerError::InUse { at }) if at == address), "it names the address");
    for address in ["0.0.0.0:0", "10.0.0.1:80", "[::]:0"] {
        let config = ServerConfig::plain_loopback(address.parse().expect("an address"));
        assert!(matches!(config, Err(ServerError::PlainBeyondLoopback)));
    }
}

#[test]
fn the_local_socket_is_private_and_replaced_only_when_nobody_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("admin.sock");
    let start = || {
        Server::start_local(&path, Limits::default(), || {
            |request: Request<Incoming>, peer: LocalPeer| async move {
                Response::new(Full::new(Bytes::from(format!("{} {}", request.uri().path(), peer.uid))))
            }
        })
    };
    let call = || {
        let request = Request::get("/status").body(Full::<Bytes>::default()).expect("a request");
        block_on(local::call(&path, request, 1000, Duration::from_secs(5)))
    };
    assert_eq!(call().err(), Some(local::LocalError::NoServer));
    let server = start().expect("a server");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(call().expect("an answer").body(), &Bytes::from(format!("/status {uid}")));
    assert!(matches!(start(), Err(ServerError::InUse { .. })));
    assert_eq!(server.stop(Duration::from_secs(5)), 0);
    assert!(!path.exists(), "removed at the end");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
    let server = start().expect("a stale file is replaced");
    assert!(call().is_ok());
    drop(server);
    fs::write(&path, "not a socket").expect("written");
    assert!(matches!(start(), Err(ServerError::NotASocket)));
    assert_eq!(fs::read(&path).expect("still there"), b"not a socket");
}
