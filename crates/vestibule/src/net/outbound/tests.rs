//! The client against upstreams that behave and upstreams that do not, over real loopback sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::JoinHandle;

use http::header::AUTHORIZATION;
use hyper::body::Incoming;

use super::*;
use crate::net::server::{Peer, Server, ServerConfig};
use crate::net::testing::{block_on, today, watched};
use crate::net::tls::{ServerTls, TlsFault, TrialCa, Validity};

fn quick() -> OutboundLimits {
    OutboundLimits { body: 1000, ..OutboundLimits::default() }
}

fn get(target: &Target, path: &str) -> Request<Full<Bytes>> {
    Request::get(target.uri(path).expect("a path")).body(Full::default()).expect("a request")
}

fn post(target: &Target, path: &str) -> Request<Full<Bytes>> {
    Request::post(target.uri(path).expect("a path")).body(Full::new(Bytes::from_static(b"{}"))).expect("a request")
}

/// What a scripted upstream does with each of its connections, one after the other.
enum Act {
    /// Reads one request, says this, keeps the connection.
    Say(&'static str),
    /// Says this for ever, until the peer is gone.
    Repeat(&'static str),
    /// Reads one request and answers nothing.
    Read,
    /// Waits until the peer closes.
    Wait,
}

/// Plays one list of acts a connection, then closes it. Returns what it read.
fn scripted(connections: Vec<Vec<Act>>) -> (u16, JoinHandle<Vec<String>>, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let (closed, has_closed) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut heard = Vec::new();
        for acts in connections {
            let (mut stream, _) = listener.accept().expect("accepted");
            for act in acts {
                let mut buffer = [0; 65_536];
                match act {
                    Act::Say(text) => {
                        let read = stream.read(&mut buffer).expect("a request");
                        heard.push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                        stream.write_all(text.as_bytes()).expect("written");
                    }
                    Act::Repeat(text) => while stream.write_all(text.as_bytes()).is_ok() {},
                    Act::Read => {
                        let read = stream.read(&mut buffer).expect("a request");
                        heard.push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                    }
                    Act::Wait => while stream.read(&mut buffer).is_ok_and(|read| read > 0) {},
                }
            }
            drop(stream);
            let _ = closed.send(());
        }
        heard
    });
    (port, thread, has_closed)
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

#[test]
fn verified_kept_alive_and_clean() {
    let ca = TrialCa::new(Validity::around(today(), 2)).expect("an authority");
    let issued = ca.issue(&["ats.example"]).expect("issued");
    let tls = ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).expect("tls");
    let config = ServerConfig::https("127.0.0.1:0".parse().expect("an address"), tls);
    let server = Server::start(config, || {
        |request: Request<Incoming>, peer: Peer| async move {
            let headers = request.headers();
            let text = |name: &str| headers.get(name).map_or("-", |value| value.to_str().expect("text")).to_owned();
            assert!(peer.tls);
            let seen = [text("host"), text("accept-encoding"), text("te"), text("expect"), request.uri().to_string()].join(" ");
            Response::new(Full::new(Bytes::from(seen)))
        }
    })
    .expect("a server");
    let address = server.address().expect("an address");
    let client_tls = ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client");
    let origin = Origin::parse_pinned(&format!("https://ats.example:{}/v1", address.port()), address).expect("an origin");
    let target = Target::new(&origin, Some(address), client_tls, quick()).expect("a target");
    let (client, resolver, dial) = watched(&[&["127.0.0.1"]]);
    block_on(async {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let mut request = get(&target, "/people?x=1");
            *request.method_mut() = method;
            for (name, value) in
                [("host", "evil.example"), ("te", "trailers"), ("expect", "100-continue"), ("accept-encoding", "gzip")]
            {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            let answer = client.send(&target, request).await.expect("an answer");
            let expected = format!("ats.example:{} identity - - /v1/people?x=1", address.port());
            assert_eq!(**answer.body(), expected);
        }
        let (one, two) = tokio::join!(client.send(&target, get(&target, "/a")), client.send(&target, get(&target, "/b")));
        assert!(one.is_ok() && two.is_ok());
    });
    assert_eq!(*dial.dialed.borrow(), [address; 2], "one connection, and one more for two at a time");
    assert!(resolver.asked.borrow().is_empty(), "a pinned address is not looked up");
    assert_eq!((target.host(), target.shown()), ("ats.example", format!("ats.example ({address})").as_str()));
}

#[test]
fn each_bad_certificate_is_refused_with_its_reason_and_sees_no_request() {
    let (ca, other) =
        (TrialCa::new(Validity::around(today(), 2)).expect("a ca"), TrialCa::new(Validity::around(today(), 2)).expect("a ca"));
    let past = Validity::between(jiff::civil::date(2020, 1, 1), jiff::civil::date(2021, 1, 1));
    let trusted = ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client");
    for (issued, expected) in [
        (ca.issue_for(&["ats.example"], past), TlsFault::Expired),
        (ca.issue(&["crm.example"]), TlsFault::WrongName),
        (other.issue(&["ats.example"]), TlsFault::Untrusted),
    ] {
        let issued = issued.expect("issued");
        let tls = ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).expect("tls");
        let config = ServerConfig::https("127.0.0.1:0".parse().expect("an address"), tls);
        let (saw, seen) = mpsc::channel();
        let saw = std::sync::Mutex::new(saw);
        let server = Server::start(config, move || {
            let saw = saw.lock().expect("not poisoned").clone();
            move |_: Request<Incoming>, _: Peer| {
                saw.send(()).expect("heard");
                async { Response::new(Full::<Bytes>::default()) }
            }
        })
        .expect("a server");
        let address = server.address().expect("an address");
        let origin = Origin::parse_pinned("https://ats.example", address).expect("an origin");
        let target = Target::new(&origin, Some(address), trusted.clone(), quick()).expect("a target");
        let error = block_on(Client::new().send(&target, get(&target, "/"))).err();
        assert_eq!(error, Some(OutboundError::Tls { fault: expected }));
        assert!(!error.expect("an error").maybe_sent());
        assert_eq!(server.stop(Duration::from_secs(5)), 0);
        assert!(seen.try_recv().is_err());
    }
}

#[test]
fn a_kept_connection_that_was_closed_is_replaced() {
    let (port, thread, has_closed) = scripted(vec![vec![Act::Say(FINE)], vec![Act::Say(FINE)]]);
    let target = Target::plain_for_bench(port, quick());
    let (client, _, dial) = watched(&[&[]]);
    block_on(async {
        assert_eq!(**client.send(&target, post(&target, "/")).await.expect("an answer").body(), "fine");
        has_closed.recv().expect("closed");
        // lets the runtime see the end of the connection
        tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.expect_err("pending");
        assert_eq!(**client.send(&target, post(&target, "/")).await.expect("an answer").body(), "fine");
    });
    assert_eq!(dial.dialed.borrow().len(), 2);
    assert_eq!(thread.join().expect("played").len(), 2);
}

#[test]
fn a_request_without_an_answer_is_sent_again_only_if_that_is_safe() {
    let (port, thread, _) = scripted(vec![vec![Act::Say(FINE), Act::Read], vec![Act::Say(FINE)]]);
    let target = Target::plain_for_bench(port, quick());
    let (client, _, dial) = watched(&[&[]]);
    block_on(async {
        client.send(&target, get(&target, "/1")).await.expect("an answer");
        assert_eq!(**client.send(&target, get(&target, "/2")).await.expect("an answer").body(), "fine");
    });
    assert_eq!(dial.dialed.borrow().len(), 2);
    let heard = thread.join().expect("played");
    assert!(heard[1].starts_with("GET /2") && heard[2].starts_with("GET /2"), "idempotent: once more, on a new connection");

    let (port, thread, _) = scripted(vec![vec![Act::Say(FINE), Act::Read]]);
    let target = Target::plain_for_bench(port, quick());
    let (client, _, dial) = watched(&[&[]]);
    block_on(async {
        client.send(&target, post(&target, "/1")).await.expect("an answer");
        let error = client.send(&target, post(&target, "/2")).await.err();
        assert_eq!(error, Some(OutboundError::Broken));
        assert!(error.expect("an error").maybe_sent() && error.expect("an error").retryable());
    });
    assert_eq!(dial.dialed.borrow().len(), 1);
    assert_eq!(thread.join().expect("played").len(), 2, "the upstream may have acted on it: not again");

    let (port, thread, _) = scripted(vec![vec![Act::Say(FINE), Act::Say("HTTP/1.1 20")]]);
    let target = Target::plain_for_bench(port, quick());
    let (client, _, dial) = watched(&[&[]]);
    block_on(async {
        client.send(&target, get(&target, "/1")).await.expect("an answer");
        assert_eq!(client.send(&target, get(&target, "/2")).await.err(), Some(OutboundError::Broken));
    });
    assert_eq!(dial.dialed.borrow().len(), 1, "a part of an answer came: not again");
    assert_eq!(thread.join().expect("played").len(), 2);
}

#[test]
fn answers_that_are_never_handed_on() {
    for (text, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", OutboundError::TooLarge),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://b.example/\r\ncontent-length: 0\r\n\r\n",
            OutboundError::Redirect { status: 302 },
        ),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", OutboundError::Compressed),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", OutboundError::Broken),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", OutboundError::Broken),
        ("SSH-2.0-OpenSSH\r\n", OutboundError::Broken),
    ] {
        let (port, thread, _) = scripted(vec![vec![Act::Say(text)]]);
        let target = Target::plain_for_bench(port, quick());
        assert_eq!(block_on(Client::new().send(&target, get(&target, "/"))).err(), Some(expected), "{text}");
        thread.join().expect("played");
    }
    let (port, thread, _) =
        scripted(vec![vec![Act::Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Act::Repeat("4\r\nabcd\r\n")]]);
    let target = Target::plain_for_bench(port, quick());
    assert_eq!(block_on(Client::new().send(&target, get(&target, "/"))).err(), Some(OutboundError::TooLarge));
    thread.join().expect("the endless answer was cut");
    let (port, thread, _) = scripted(vec![vec![Act::Read, Act::Repeat("HTTP/1.1 100 Continue\r\nx: 0123456789\r\n\r\n")]]);
    let limits = OutboundLimits { first_byte: Duration::from_millis(200), ..quick() };
    let target = Target::plain_for_bench(port, limits);
    assert!(block_on(Client::new().send(&target, get(&target, "/"))).is_err(), "interim answers without end");
    thread.join().expect("cut");
}

#[test]
fn answers_share_a_budget_until_they_are_dropped() {
    let full = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsixsix";
    let (port, thread, _) = scripted(vec![vec![Act::Say(full), Act::Say(full)], vec![Act::Say(full)], vec![Act::Say(full)]]);
    let target = Target::plain_for_bench(port, quick());
    let budget = BodyBudget::new(10);
    let client = Client::new().within(budget.clone());
    block_on(async {
        let first = client.send(&target, get(&target, "/")).await.expect("an answer");
        assert_eq!((budget.used(), first.body().as_ref()), (6, b"sixsix".as_slice()));
        let refused = client.send(&target, post(&target, "/")).await.expect_err("no room");
        assert!(refused == OutboundError::Budget && refused.maybe_sent(), "{refused}");
        assert_eq!(client.tell(&target, get(&target, "/")).await.expect("its head is enough").status(), StatusCode::OK);
        drop(first);
        assert_eq!(budget.used(), 0);
        assert!(client.send(&target, get(&target, "/")).await.is_ok());
    });
    drop(client);
    assert_eq!(budget.used(), 0);
    thread.join().expect("played");
}

#[test]
fn errors_of_the_upstream_are_answers() {
    let (port, thread, _) = scripted(vec![vec![Act::Say("HTTP/1.1 503 No\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n")]]);
    let target = Target::plain_for_bench(port, quick());
    let answer = block_on(Client::new().send(&target, get(&target, "/"))).expect("an answer");
    assert_eq!(
        (answer.status(), &answer.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("9"))
    );
    thread.join().expect("played");
}

#[test]
fn each_wait_has_its_end() {
    // each case has one short limit, so that a slow minute cannot make it another
    let long = Duration::from_secs(60);
    let limits = OutboundLimits { connect: long, first_byte: long, total: long, body: 1000 };
    let (port, thread, _) = scripted(vec![vec![Act::Read, Act::Wait]]);
    let target = Target::plain_for_bench(port, OutboundLimits { first_byte: Duration::from_millis(60), ..limits });
    let error = block_on(Client::new().send(&target, post(&target, "/"))).expect_err("an error");
    assert_eq!(error, OutboundError::Timeout { wait: Wait::FirstByte });
    assert!(error.maybe_sent());
    thread.join().expect("the connection was closed");

    let (port, thread, _) = scripted(vec![vec![Act::Say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nslow"), Act::Wait]]);
    let target = Target::plain_for_bench(port, OutboundLimits { total: Duration::from_secs(1), ..limits });
    let error = block_on(Client::new().send(&target, get(&target, "/"))).err();
    assert_eq!(error, Some(OutboundError::Timeout { wait: Wait::Answer }));
    thread.join().expect("the connection was closed");

    struct Never;
    impl Dial for Never {
        fn dial(&self, _address: SocketAddr) -> Dialing<'_> {
            Box::pin(std::future::pending())
        }
    }
    impl Resolver for Never {
        fn resolve<'a>(&'a self, _host: &'a str, _port: u16) -> Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    let tls =
        ClientTls::with_ca(TrialCa::new(Validity::around(today(), 2)).expect("a ca").certificate().as_bytes()).expect("a client");
    let limits = OutboundLimits { connect: Duration::from_millis(60), ..limits };
    let target = Target::new(&Origin::parse("https://api.example.com").expect("an origin"), None, tls, limits).expect("a target");
    let (_, resolver, _) = watched(&[&["93.184.216.34", "93.184.216.35"]]);
    for client in [Client::with(Rc::new(Never), Rc::new(System)), Client::with(resolver, Rc::new(Never))] {
        let error = block_on(client.send(&target, post(&target, "/"))).expect_err("an error");
        assert_eq!(error, OutboundError::Timeout { wait: Wait::Connect });
        assert!(!error.maybe_sent() && error.retryable());
    }
}

#[test]
fn a_caller_who_gives_up_ends_the_connection() {
    let (port, thread, _) = scripted(vec![vec![Act::Read, Act::Wait]]);
    let target = Target::plain_for_bench(port, quick());
    let client = Client::new();
    block_on(async {
        let sent = tokio::time::timeout(Duration::from_millis(30), client.send(&target, post(&target, "/"))).await;
        assert!(sent.is_err());
    });
    thread.join().expect("the upstream saw the end");
}

#[test]
fn requests_that_cannot_be_sent_and_hosts_that_do_not_exist() {
    let target = Target::plain_for_bench(9, quick());
    assert_eq!(target.uri("no slash").err(), Some(OutboundError::Request));
    assert_eq!(target.uri("/bad path").err(), Some(OutboundError::Request));
    let (client, _, dial) = watched(&[&[]]);
    for (method, uri) in
        [(Method::GET, "https://evil.example/"), (Method::TRACE, "/"), (Method::CONNECT, "/"), (Method::OPTIONS, "*")]
    {
        let mut request = Request::new(Full::default());
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().expect("a uri");
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert_eq!(block_on(client.send(&target, request)).err(), Some(OutboundError::Request), "{uri}");
    }
    assert!(dial.dialed.borrow().is_empty());
    let tls =
        ClientTls::with_ca(TrialCa::new(Validity::around(today(), 2)).expect("a ca").certificate().as_bytes()).expect("a client");
    let target =
        Target::new(&Origin::parse("https://api.example.com").expect("an origin"), None, tls, quick()).expect("a target");
    assert_eq!(block_on(client.send(&target, get(&target, "/"))).err(), Some(OutboundError::Dns), "no address");
}
