//! The gateway of a world while it runs: listener, delivery, and outbound connections that never leave the machine.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use http::Request;
use hyper::body::Incoming;
use tokio::sync::watch;
use vestibule::app::App;
use vestibule::app::worker::Worker;
use vestibule::net::outbound::{Client, Dial, Dialing, Resolver, Resolving, System};
use vestibule::net::server::{Peer, Server, ServerConfig};
use vestibule::respond::{self, Answer};
use vestibule::{deliver, egress, ingress};
use vestibule_core::inflight::Sink as _;

/// Every address the gateway wanted to connect to.
pub type Dialed = Arc<Mutex<Vec<SocketAddr>>>;

/// A running gateway.
pub struct Gate {
    pub address: SocketAddr,
    server: Option<Server>,
    stop: watch::Sender<bool>,
    background: Option<JoinHandle<()>>,
}

impl Gate {
    /// Answers and delivers.
    pub fn start(app: &Arc<App>, listen: ServerConfig, dialed: &Dialed) -> Gate {
        let mut gate = Gate::start_listener(app, listen, dialed);
        let stopped = gate.stop.subscribe();
        let (shared, dialing) = (Arc::clone(app), Arc::clone(dialed));
        gate.background = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, deliver::run(shared, Rc::new(client(&dialing)), stopped));
        }));
        gate
    }

    /// Answers only.
    pub fn start_listener(app: &Arc<App>, listen: ServerConfig, dialed: &Dialed) -> Gate {
        let (shared, dialing) = (Arc::clone(app), Arc::clone(dialed));
        let server = Server::start(listen, move || {
            let worker = Rc::new(Worker::new(&shared, client(&dialing)).unwrap());
            move |request: Request<Incoming>, peer: Peer| route(Rc::clone(&worker), request, peer)
        })
        .unwrap();
        let (stop, _) = watch::channel(false);
        Gate { address: server.address().unwrap(), server: Some(server), stop, background: None }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            let _cut = server.stop(Duration::from_secs(1));
        }
        if let Some(background) = self.background.take() {
            let _panicked = background.join();
        }
    }
}

async fn route(worker: Rc<Worker>, request: Request<Incoming>, peer: Peer) -> Answer {
    let path = request.uri().path();
    let task = if let Some(rest) = path.strip_prefix("/out/") {
        let name = rest.split('/').next().unwrap_or_default().to_owned();
        tokio::task::spawn_local(egress::call(worker, name, request, peer))
    } else if let Some(route) = worker.routes().inbound.get(path).cloned() {
        tokio::task::spawn_local(ingress::accept(worker, route, request, peer))
    } else {
        worker.app.counters.ended("", "route.unknown");
        return respond::unknown_route();
    };
    task.await.unwrap_or_else(|_| respond::problem("internal.lost", None, ""))
}

fn client(dialed: &Dialed) -> Client {
    let wire = Rc::new(Wire { dialed: Arc::clone(dialed), asked: RefCell::default() });
    Client::with(wire.clone(), wire)
}

/// The names that resolve, and sockets that open to loopback only.
struct Wire {
    dialed: Dialed,
    asked: RefCell<Vec<String>>,
}

impl Resolver for Wire {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        self.asked.borrow_mut().push(host.to_owned());
        let found = match host {
            "private.example" => Ok(vec![SocketAddr::from(([10, 0, 0, 7], port))]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(std::future::ready(found))
    }
}

impl Dial for Wire {
    fn dial(&self, address: SocketAddr) -> Dialing<'_> {
        self.dialed.lock().unwrap().push(address);
        if address.ip().is_loopback() {
            return System.dial(address);
        }
        Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
    }
}
