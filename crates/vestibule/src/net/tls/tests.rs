//! Handshakes in memory: what is accepted, and the reason for each refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use jiff::civil::date;
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;
use crate::net::testing::{block_on, today};

type Ends = (Result<ClientStream<DuplexStream>, TlsFault>, Result<ServerStream<DuplexStream>, TlsFault>);

async fn shake(client: &ClientTls, server: &ServerTls, host: &str) -> Ends {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::join!(client.connect(host, ours), server.accept(theirs))
}

fn fault(client: &ClientTls, server: &ServerTls, host: &str) -> TlsFault {
    block_on(shake(client, server, host)).0.expect_err("refused")
}

fn ca() -> TrialCa {
    TrialCa::new(Validity::around(today(), 30)).expect("an authority")
}

fn server(issued: &Issued) -> ServerTls {
    ServerTls::new(issued.chain.as_bytes(), issued.key.as_bytes()).expect("a server")
}

#[test]
fn verified_then_resumed() {
    let ca = ca();
    let server = server(&ca.issue(&["ats.example", "127.0.0.1"]).expect("issued"));
    let client = ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client");
    block_on(async {
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (ours, theirs) = shake(&client, &server, "ats.example").await;
            let (mut ours, mut theirs) = (ours.expect("verified"), theirs.expect("accepted"));
            let kind = ours.get_ref().1.handshake_kind();
            let full = matches!(kind, Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest));
            assert_eq!(full, expected == HandshakeKind::Full, "{kind:?}");
            assert_eq!(ours.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            theirs.write_all(b"x").await.expect("written");
            theirs.flush().await.expect("flushed");
            // the ticket arrives with the first byte
            assert_eq!(ours.read_u8().await.expect("read"), b'x');
        }
    });
    assert!(block_on(shake(&client, &server, "127.0.0.1")).0.is_ok(), "an IP in the certificate");
}

#[test]
fn each_bad_certificate_has_its_reason() {
    let (trusted, other) = (ca(), ca());
    let client = ClientTls::with_ca(trusted.certificate().as_bytes()).expect("a client");
    let fine = server(&trusted.issue(&["ats.example"]).expect("issued"));
    assert_eq!(fault(&client, &fine, "crm.example"), TlsFault::WrongName);
    assert_eq!(fault(&client, &fine, "10.0.0.1"), TlsFault::WrongName);
    assert_eq!(fault(&client, &server(&other.issue(&["ats.example"]).expect("issued")), "ats.example"), TlsFault::Untrusted);
    let past = Validity::between(date(2020, 1, 1), date(2021, 1, 1));
    let future = Validity::between(date(2090, 1, 1), date(2091, 1, 1));
    assert_eq!(
        fault(&client, &server(&trusted.issue_for(&["ats.example"], past).expect("issued")), "ats.example"),
        TlsFault::Expired
    );
    assert_eq!(
        fault(&client, &server(&trusted.issue_for(&["ats.example"], future).expect("issued")), "ats.example"),
        TlsFault::NotYetValid
    );
    let lone = rcgen::generate_simple_self_signed(vec!["ats.example".to_owned()]).expect("self-signed");
    let lone = ServerTls::new(lone.cert.pem().as_bytes(), lone.signing_key.serialize_pem().as_bytes()).expect("a server");
    assert_eq!(fault(&client, &lone, "ats.example"), TlsFault::Untrusted);
    assert!(block_on(shake(&client, &fine, "ats.example")).0.is_ok(), "and the good one is accepted");
}

#[test]
fn the_machines_authorities_do_not_know_the_trial() {
    let ca = ca();
    let server = server(&ca.issue(&["ats.example"]).expect("issued"));
    match ClientTls::platform() {
        Ok(client) => assert_eq!(fault(&client, &server, "ats.example"), TlsFault::Untrusted),
        Err(error) => assert_eq!(error, TlsError::NoRoots),
    }
}

#[test]
fn a_peer_without_tls_and_one_that_hangs_up() {
    let client = ClientTls::with_ca(ca().certificate().as_bytes()).expect("a client");
    block_on(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
        assert_eq!(client.connect("ats.example", ours).await.err(), Some(TlsFault::Protocol));
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        drop(theirs);
        assert_eq!(client.connect("ats.example", ours).await.err(), Some(TlsFault::Closed));
    });
}

#[test]
fn a_reloaded_certificate_serves_the_next_handshake() {
    let ca = ca();
    let (first, second) = (ca.issue(&["one.example"]).expect("issued"), ca.issue(&["two.example"]).expect("issued"));
    let server = server(&first);
    let shared = server.clone();
    let client = ClientTls::with_ca(ca.certificate().as_bytes()).expect("a client");
    assert!(block_on(shake(&client, &server, "one.example")).0.is_ok());
    assert_eq!(server.reload(second.chain.as_bytes(), first.key.as_bytes()), Err(TlsError::Mismatch));
    assert!(block_on(shake(&client, &shared, "one.example")).0.is_ok(), "an error changes nothing");
    server.reload(second.chain.as_bytes(), second.key.as_bytes()).expect("reloaded");
    assert!(block_on(shake(&client, &shared, "two.example")).0.is_ok());
}

#[test]
fn unusable_pem_is_told_apart() {
    let ca = ca();
    let issued = ca.issue(&["ats.example"]).expect("issued");
    let (chain, key) = (issued.chain.as_bytes(), issued.key.as_bytes());
    let error = |chain: &[u8], key: &[u8]| ServerTls::new(chain, key).err();
    assert_eq!(error(b"", key), Some(TlsError::NoCertificate));
    assert_eq!(error(key, key), Some(TlsError::NoCertificate));
    assert_eq!(error(chain, chain), Some(TlsError::NoKey));
    assert_eq!(error(chain, ca.issue(&["x.example"]).expect("issued").key.as_bytes()), Some(TlsError::Mismatch));
    assert_eq!(ClientTls::with_ca(key).err(), Some(TlsError::NoCertificate));
    assert_eq!(ca.issue(&["not a name\u{fc}"]).err(), Some(TlsError::BadCertificate));
}
