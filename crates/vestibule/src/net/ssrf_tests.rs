//! P14: outbound connections go only to listed hosts on public addresses. Every entry of the list, with an
//! injected resolver and counted connects; answers that try to lead elsewhere, from a real TLS server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::Value;
use vestibule_core::network::{AddressClass, Host, Origin, classify};

use super::body::Whole;
use super::outbound::{Client, OutboundError, OutboundLimits, Target};
use super::server::{Peer, Server, ServerConfig};
use super::testing::{Counting, block_on, today, watched};
use super::tls::{ClientTls, ServerTls, TrialCa, Validity};

const PUBLIC: &str = "93.184.216.34";

/// The list of what must be refused, from the folder of vectors beside the project.
fn targets() -> Option<Value> {
    let folder = std::env::var_os("VESTIBULE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    let bytes = std::fs::read(folder.join("ssrf/ssrf_targets.json")).ok()?;
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

fn list(targets: &Value, member: &str) -> Vec<String> {
    targets[member].as_array().expect("a list").iter().map(|entry| entry.as_str().expect("text").to_owned()).collect()
}

fn tls() -> ClientTls {
    let ca = TrialCa::new(Validity::around(today(), 2)).expect("an authority");
    ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client")
}

fn target(origin: &Origin) -> Target {
    Target::new(origin, None, tls(), OutboundLimits::default()).expect("a target")
}

fn request(target: &Target) -> Request<Full<Bytes>> {
    Request::get(target.uri("/").expect("a path")).header("authorization", "Bearer key").body(Full::default()).expect("a request")
}

fn send(client: &Client, origin: &Origin) -> Result<Response<Whole>, OutboundError> {
    let target = target(origin);
    block_on(client.send(&target, request(&target)))
}

fn example() -> Origin {
    Origin::parse("https://api.example.com").expect("an origin")
}

/// What a lenient resolver makes of a host of the list: the address it means, or loopback.
fn meant(host: &str) -> IpAddr {
    host.trim_matches(['[', ']']).parse().unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

/// Refused when it is configured, or else when its address is known; and also if a public-looking name led there.
fn host_is_refused(host: &str, connects: &mut usize) {
    let address = meant(host).to_string();
    let (client, _, dial) = watched(&[&[&address]]);
    if let Ok(origin) = Origin::parse(&format!("https://{host}/")) {
        let error = send(&client, &origin).err();
        assert!(matches!(error, Some(OutboundError::AddressRefused { .. })), "{host}: {error:?}");
    }
    let error = send(&client, &example()).err();
    assert!(matches!(error, Some(OutboundError::AddressRefused { class }) if class != AddressClass::Public), "{host}: {error:?}");
    let pinned = SocketAddr::new(meant(host), 443);
    if classify(pinned.ip()) == AddressClass::Metadata {
        assert!(Origin::parse_pinned("https://api.example.com", pinned).is_err(), "{host}");
        let target = Target::new(&example(), Some(pinned), tls(), OutboundLimits::default()).expect("a target");
        let error = block_on(client.send(&target, request(&target))).err();
        assert_eq!(error, Some(OutboundError::AddressRefused { class: AddressClass::Metadata }), "{host}");
    }
    let pin = SocketAddr::from(([10, 0, 0, 1], 443));
    match Origin::parse_pinned(&format!("https://{host}/"), pin) {
        Ok(origin) if matches!(origin.host(), Host::Ip(_)) => {
            assert!(send(&client, &origin).is_err(), "{host}: an IP literal whose pin was lost");
        }
        _ => {}
    }
    *connects += dial.dialed.borrow().len();
}

fn url_is_refused(url: &str, connects: &mut usize) {
    let (client, _, dial) = watched(&[&["127.0.0.1"]]);
    assert!(Origin::parse(url).is_err(), "{url:?}");
    let pin = SocketAddr::from(([127, 0, 0, 1], 443));
    assert!(Origin::parse_pinned(url, pin).is_err(), "{url:?} with a pinned address");
    drop(client);
    *connects += dial.dialed.borrow().len();
}

/// Each behaviour: the answers of consecutive look-ups, the class that must be named, and at which call.
fn dns_is_refused(behaviour: &str, connects: &mut usize) {
    let (answers, calls_before): (&[&[&str]], usize) = match behaviour {
        text if text.starts_with("A answer public then private") => (&[&[PUBLIC], &["10.0.0.5"]], 1),
        text if text.starts_with("A public + AAAA ::1") => (&[&[PUBLIC, "::1"]], 0),
        text if text.starts_with("CNAME chain") => (&[&["192.168.7.7"]], 0),
        text if text.starts_with("A list mixing") => (&[&[PUBLIC, "1.1.1.1", "10.1.1.1", "8.8.8.8"]], 0),
        text if text.starts_with("answer 0.0.0.0") => (&[&["0.0.0.0"]], 0),
        text if text.starts_with("IPv4-mapped") => (&[&["::ffff:8.8.8.8"]], 0),
        text if text.starts_with("NAT64") => (&[&["64:ff9b::808:808"]], 0),
        other => panic!("no case for `{other}`"),
    };
    let (client, resolver, dial) = watched(answers);
    for _ in 0..calls_before {
        assert_eq!(send(&client, &example()).err(), Some(OutboundError::Connect), "the public address is dialed, in vain");
        assert_eq!(*dial.dialed.borrow(), [SocketAddr::new(PUBLIC.parse().expect("an address"), 443)]);
        assert_eq!(resolver.asked.borrow().len(), 1, "one look-up a connection: nothing to rebind");
    }
    let error = send(&client, &example()).err();
    assert!(matches!(error, Some(OutboundError::AddressRefused { .. })), "{behaviour}: {error:?}");
    *connects += dial.dialed.borrow().iter().filter(|address| !classify(address.ip()).is_public()).count();
    assert_eq!(dial.dialed.borrow().len(), calls_before, "{behaviour}");
}

/// An upstream whose answer to `/` is what the closure says; it reports the `Authorization` it saw.
fn upstream(
    answer: impl Fn() -> Response<Full<Bytes>> + Send + Sync + Clone + 'static,
) -> (Server, Target, mpsc::Receiver<bool>) {
    let ca = TrialCa::new(Validity::around(today(), 2)).expect("an authority");
    let issued = ca.issue(&["ats.example"]).expect("issued");
    let tls = ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).expect("tls");
    let (saw, seen) = mpsc::channel();
    let saw = Mutex::new(saw);
    let config = ServerConfig::https("127.0.0.1:0".parse().expect("an address"), tls);
    let server = Server::start(config, move || {
        let (saw, answer) = (saw.lock().expect("not poisoned").clone(), answer.clone());
        move |request: Request<Incoming>, _: Peer| {
            saw.send(request.headers().contains_key("authorization")).expect("heard");
            std::future::ready(answer())
        }
    })
    .expect("a server");
    let address = server.address().expect("an address");
    let origin = Origin::parse_pinned("https://ats.example", address).expect("an origin");
    let client_tls = ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client");
    let target = Target::new(&origin, Some(address), client_tls, OutboundLimits::default()).expect("a target");
    (server, target, seen)
}

/// Calls twice; every request must be one we asked for, on the one connection to the pinned address.
fn http_leads_nowhere(status: u16, header: &'static str, value: String, elsewhere: &TcpListener, connects: &mut usize) {
    let (server, target, seen) = upstream(move || {
        let answer = Response::builder().status(status).header(header, value.clone());
        answer.body(Full::new(Bytes::from_static(b"x"))).expect("an answer")
    });
    let (client, resolver, dial) = watched(&[&["127.0.0.1"]]);
    block_on(async {
        for _ in 0..2 {
            let answer = client.send(&target, request(&target)).await;
            match StatusCode::from_u16(status).expect("a status").is_redirection() {
                true => assert_eq!(answer.err(), Some(OutboundError::Redirect { status })),
                false => assert_eq!(**answer.expect("an answer").body(), "x"),
            }
        }
    });
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [true, true], "two requests, as sent");
    assert_eq!(dial.dialed.borrow().first(), server.address().as_ref());
    assert!(resolver.asked.borrow().is_empty());
    *connects += dial.dialed.borrow().len() - 1;
    assert!(elsewhere.accept().is_err(), "{header} was followed");
}

fn tripwire() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.set_nonblocking(true).expect("set");
    listener
}

fn http_is_refused(behaviour: &str, connects: &mut usize) {
    let elsewhere = tripwire();
    let port = elsewhere.local_addr().expect("an address").port();
    let to = |text: String| text;
    match behaviour {
        text if text.starts_with("301/302/303/307/308") => {
            for status in [301, 302, 303, 307, 308] {
                http_leads_nowhere(status, "location", to("http://169.254.169.254/".into()), &elsewhere, connects);
            }
        }
        text if text.starts_with("redirect to another host") => {
            http_leads_nowhere(302, "location", to(format!("https://127.0.0.1:{port}/")), &elsewhere, connects)
        }
        text if text.starts_with("redirect chain") => {
            http_leads_nowhere(307, "location", to("/next".into()), &elsewhere, connects)
        }
        text if text.starts_with("Location with userinfo") => {
            http_leads_nowhere(301, "location", to(format!("https://ats.example@127.0.0.1:{port}/")), &elsewhere, connects)
        }
        text if text.starts_with("Alt-Svc") => {
            http_leads_nowhere(200, "alt-svc", to(format!("h2=\"127.0.0.1:{port}\"; ma=3600")), &elsewhere, connects)
        }
        text if text.starts_with("Refresh") => {
            http_leads_nowhere(200, "refresh", to(format!("0; url=http://127.0.0.1:{port}/")), &elsewhere, connects)
        }
        text if text.starts_with("proxy env vars") => proxies_are_not_read(connects),
        other => panic!("no case for `{other}`"),
    }
}

/// Runs [`a_plain_call`] in a process whose environment names a proxy everywhere.
fn proxies_are_not_read(connects: &mut usize) {
    let proxy = tripwire();
    let address = format!("http://{}", proxy.local_addr().expect("an address"));
    let mut child = std::process::Command::new(std::env::current_exe().expect("this test"));
    child.args(["--exact", "net::ssrf_tests::a_plain_call"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, &address).env(name.to_lowercase(), &address);
    }
    let output = child.output().expect("run");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the call went through");
    *connects += usize::from(proxy.accept().is_ok());
}

#[test]
fn a_plain_call() {
    let (server, target, seen) = upstream(|| Response::new(Full::new(Bytes::from_static(b"direct"))));
    let client = Client::new();
    assert_eq!(**block_on(client.send(&target, request(&target))).expect("an answer").body(), "direct");
    assert_eq!(seen.try_iter().count(), 1);
    drop(client);
    assert_eq!(server.stop(Duration::from_secs(5)), 0);
}

#[test]
fn nothing_on_the_list_is_connected_to() {
    let mut connects = 0;
    let Some(targets) = targets() else {
        println!("ssrf: not run: no vectors");
        return;
    };
    let (hosts, urls) = (list(&targets, "literal_hosts"), list(&targets, "urls"));
    let (dns, http) = (list(&targets, "dns_behaviours"), list(&targets, "http_behaviours"));
    hosts.iter().for_each(|host| host_is_refused(host, &mut connects));
    urls.iter().for_each(|url| url_is_refused(url, &mut connects));
    dns.iter().for_each(|behaviour| dns_is_refused(behaviour, &mut connects));
    http.iter().for_each(|behaviour| http_is_refused(behaviour, &mut connects));
    println!(
        "ssrf: {} hosts, {} urls, {} dns, {} http behaviours, connects {connects}",
        hosts.len(),
        urls.len(),
        dns.len(),
        http.len()
    );
    assert_eq!(connects, 0);
    assert!(hosts.len() >= 60 && urls.len() >= 29 && dns.len() == 7 && http.len() == 7, "the whole list ran");
}

#[test]
fn the_count_sees_a_connect() {
    let (client, resolver, dial) = watched(&[&[PUBLIC, "2606:4700::1111"]]);
    assert_eq!(send(&client, &example()).err(), Some(OutboundError::Connect));
    assert_eq!(dial.dialed.borrow().len(), 2, "both public addresses were tried");
    assert_eq!(*resolver.asked.borrow(), ["api.example.com"]);
    let counted: Rc<Counting> = dial;
    assert!(counted.dialed.borrow().iter().all(|address| address.port() == 443));
}
