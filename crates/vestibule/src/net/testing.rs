//! What the tests of this folder share: a runtime, a trial server, a resolver and sockets that are watched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use super::outbound::{Client, Dial, Dialing, Resolver, Resolving, System};

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Answers each look-up with the next of its lists, the last one for ever; notes what was asked.
pub(crate) struct Scripted {
    answers: RefCell<Vec<Vec<IpAddr>>>,
    pub(crate) asked: RefCell<Vec<String>>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&[&str]]) -> Rc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().expect("an address")).collect();
        Rc::new(Self { answers: RefCell::new(answers.iter().map(parse).collect()), asked: RefCell::default() })
    }
}

impl Resolver for Scripted {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        self.asked.borrow_mut().push(host.to_owned());
        let mut answers = self.answers.borrow_mut();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    }
}

/// Notes every connect; performs those to loopback and refuses the rest, so that no packet leaves.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) dialed: RefCell<Vec<SocketAddr>>,
}

impl Dial for Counting {
    fn dial(&self, address: SocketAddr) -> Dialing<'_> {
        self.dialed.borrow_mut().push(address);
        if address.ip().is_loopback() {
            System.dial(address)
        } else {
            Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
        }
    }
}

/// A client over these two, and the two.
pub(crate) fn watched(answers: &[&[&str]]) -> (Client, Rc<Scripted>, Rc<Counting>) {
    let (resolver, dial) = (Scripted::new(answers), Rc::new(Counting::default()));
    (Client::with(resolver.clone(), dial.clone()), resolver, dial)
}
