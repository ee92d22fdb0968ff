//! The requests of a load, as bytes ready to be written. Signing is given in
//! from outside and its time belongs to the load generator; no key is held here.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use memchr::memmem;

use super::people;

/// Computes the Standard Webhooks signature header of an event from its id,
/// its time in seconds and its body.
pub type Signer = Box<dyn Fn(&str, u64, &[u8]) -> String>;

/// Gives one request after the other.
pub(super) trait Requests {
    /// Replaces `out` by the next request.
    fn next(&mut self, out: &mut Vec<u8>);
}

/// A fixed set of requests, in turn.
pub(super) struct Calls {
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Calls {
    /// One call for each row of 8 values or tokens, with this bearer key.
    pub(super) fn new(addr: SocketAddr, path: &str, key: &str, rows: &[[String; 8]]) -> Self {
        let extra = format!("authorization: Bearer {key}\r\n");
        let requests = rows
            .iter()
            .map(|row| {
                let body = people::call(row);
                let mut request = Vec::with_capacity(body.len() + 512);
                write_head(&mut request, addr, path, &extra, body.len());
                request.extend_from_slice(&body);
                request
            })
            .collect();
        Self { requests, next: 0 }
    }
}

impl Requests for Calls {
    fn next(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if let Some(request) = self.requests.get(self.next) {
            out.extend_from_slice(request);
        }
        self.next = (self.next + 1) % self.requests.len().max(1);
    }
}

/// Signed events: people in turn, each event with an id and an e-mail address
/// that were never sent before.
pub(super) struct Events {
    addr: SocketAddr,
    path: String,
    sign: Signer,
    /// One body for each person, and where its serial number stands.
    bodies: Vec<(Vec<u8>, usize)>,
    serial: u64,
    body: Vec<u8>,
}

/// Digits of the serial number in an event's e-mail address.
const DIGITS: usize = 12;

impl Events {
    pub(super) fn new(addr: SocketAddr, path: &str, sign: Signer) -> Self {
        let bodies = (0..people::PEOPLE)
            .filter_map(|person| {
                let mut body = Vec::new();
                people::write_event(&mut body, person, 0);
                let place = memmem::find(&body, b"\"a000000000000@")? + 2;
                Some((body, place))
            })
            .collect();
        Self { addr, path: path.to_owned(), sign, bodies, serial: 0, body: Vec::new() }
    }
}

/// Signed events that make each known person known, in turn: a call's values.
pub(super) struct Known {
    addr: SocketAddr,
    path: String,
    sign: Signer,
    next: u32,
}

impl Known {
    pub(super) fn new(addr: SocketAddr, path: &str, sign: Signer) -> Self {
        Self { addr, path: path.to_owned(), sign, next: 0 }
    }
}

impl Requests for Known {
    fn next(&mut self, out: &mut Vec<u8>) {
        let body = people::call(&people::values(self.next));
        let id = format!("known_{}", self.next);
        write_signed(out, self.addr, &self.path, &self.sign, &id, &body);
        self.next += 1;
    }
}

impl Requests for Events {
    fn next(&mut self, out: &mut Vec<u8>) {
        let people = self.bodies.len().max(1) as u64;
        let person = usize::try_from(self.serial % people).unwrap_or(0);
        let serial = format!("{:0DIGITS$}", self.serial);
        self.body.clear();
        if let Some((body, place)) = self.bodies.get(person) {
            self.body.extend_from_slice(body);
            if let Some(digits) = self.body.get_mut(*place..*place + DIGITS) {
                digits.copy_from_slice(serial.as_bytes());
            }
        }
        let id = format!("msg_{serial}");
        write_signed(out, self.addr, &self.path, &self.sign, &id, &self.body);
        self.serial += 1;
    }
}

/// One signed event, of this moment.
fn write_signed(out: &mut Vec<u8>, addr: SocketAddr, path: &str, sign: &Signer, id: &str, body: &[u8]) {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let signature = sign(id, time, body);
    let extra = format!("webhook-id: {id}\r\nwebhook-timestamp: {time}\r\nwebhook-signature: {signature}\r\n");
    out.clear();
    write_head(out, addr, path, &extra, body.len());
    out.extend_from_slice(body);
}

fn write_head(out: &mut Vec<u8>, addr: SocketAddr, path: &str, extra: &str, length: usize) {
    use std::io::Write;
    // writing to a Vec cannot fail
    let _ = write!(
        out,
        "POST {path} HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\naccept: application/json\r\n{extra}content-length: {length}\r\n\r\n",
        addr.port()
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::HashSet;

    fn addr() -> SocketAddr {
        "127.0.0.1:8443".parse().unwrap()
    }

    fn split(request: &[u8]) -> (String, serde_json::Value) {
        let text = String::from_utf8(request.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn every_event_is_fresh_and_its_people_are_known() {
        let sign: Signer = Box::new(|id, _, body| format!("v1,{id}/{}", body.len()));
        let mut events = Events::new(addr(), "/in", sign);
        let (mut heads, mut mails, mut people) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut out = Vec::new();
        for _ in 0..2_500 {
            events.next(&mut out);
            let (head, body) = split(&out);
            assert!(head.starts_with("POST /in HTTP/1.1\r\nhost: localhost:8443\r\n"));
            heads.insert(head);
            let candidate = body.get("candidate").unwrap();
            mails.insert(candidate.get("email").unwrap().to_string());
            people.insert(candidate.get("id").unwrap().to_string());
        }
        assert_eq!((heads.len(), mails.len(), people.len()), (2_500, 2_500, 1_000));
    }

    #[test]
    fn the_signature_is_over_what_is_sent() {
        let sign: Signer = Box::new(|id, time, body| format!("{id}.{time}.{}", body.iter().map(|b| u64::from(*b)).sum::<u64>()));
        let mut events = Events::new(addr(), "/in", sign);
        let mut out = Vec::new();
        events.next(&mut out);
        events.next(&mut out);
        let at = memmem::find(&out, b"\r\n\r\n").unwrap() + 4;
        let sum: u64 = out.iter().skip(at).map(|b| u64::from(*b)).sum();
        let (head, _) = split(&out);
        let value = |name: &str| {
            let line = head.lines().find(|l| l.starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        let expected = format!("{}.{}.{sum}", value("webhook-id"), value("webhook-timestamp"));
        assert_eq!(value("webhook-signature"), expected);
    }

    #[test]
    fn calls_come_in_turn() {
        let rows = [people::values(1), people::values(2)];
        let mut calls = Calls::new(addr(), "/out/ats", "key", &rows);
        let mut out = Vec::new();
        let mut names = Vec::new();
        for _ in 0..3 {
            calls.next(&mut out);
            let (head, body) = split(&out);
            assert!(head.contains("\r\nauthorization: Bearer key\r\n"));
            names.push(body.get("last_name").unwrap().as_str().unwrap().to_owned());
        }
        assert_eq!(names, ["Surname0001", "Surname0002", "Surname0001"]);
    }
}
