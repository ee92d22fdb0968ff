//! The gateway of a world while it runs, with outbound connections that never leave the machine.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use vestibule::app::App;
use vestibule::gateway::{Gateway, Plan};
use vestibule::net::outbound::{Client, Dial, Dialing, Resolver, Resolving, System};
use vestibule::net::server::ServerConfig;

/// Every address the gateway wanted to connect to.
pub type Dialed = Arc<Mutex<Vec<SocketAddr>>>;

/// A running gateway. It stops as a whole when dropped.
pub struct Gate {
    pub address: SocketAddr,
    gateway: Option<Gateway>,
}

impl Gate {
    /// Answers, and delivers where asked to.
    pub fn start(app: &Arc<App>, data: ServerConfig, dialed: &Dialed, deliver: bool) -> Gate {
        let dialed = Arc::clone(dialed);
        let client = Arc::new(move || {
            let wire = Rc::new(Wire(Arc::clone(&dialed)));
            Client::with(wire.clone(), wire)
        });
        let gateway = Gateway::start(app, Plan { data, socket: None, client, deliver, minutes: false }).unwrap();
        Gate { address: gateway.address().unwrap(), gateway: Some(gateway) }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop();
        }
    }
}

/// The names that resolve, and sockets that open to loopback only.
struct Wire(Dialed);

impl Resolver for Wire {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        let found = match host {
            "private.example" => Ok(vec![SocketAddr::from(([10, 0, 0, 7], port))]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(std::future::ready(found))
    }
}

impl Dial for Wire {
    fn dial(&self, address: SocketAddr) -> Dialing<'_> {
        self.0.lock().unwrap().push(address);
        if address.ip().is_loopback() {
            return System.dial(address);
        }
        Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
    }
}
