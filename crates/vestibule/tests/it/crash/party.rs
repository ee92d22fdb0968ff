//! The platform: it keeps what it is told, and often enough it hangs up, fails, or is told the same twice.

use super::dice::Dice;
use crate::world::peer::PATIENCE;
use crate::world::{Peer, Reply, Seen};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;
use vestibule::net::tls::ServerTls;

/// What was delivered.
#[derive(Default)]
pub struct Delivered {
    /// Bodies by `webhook-id`.
    bodies: HashMap<String, Vec<u8>>,
    /// The `webhook-id` of each event of the source, by the job's id, which passes as it is.
    ids: HashMap<String, String>,
    /// How often something came that was there already.
    pub again: u64,
    /// What may not happen.
    pub findings: Vec<String>,
    calm: bool,
}

struct Board {
    delivered: Mutex<Delivered>,
    arrived: Condvar,
}

/// The platform and what it has been told.
pub struct Party {
    peer: Peer,
    board: Arc<Board>,
}

impl Party {
    pub fn start(tls: ServerTls, mut dice: Dice) -> Party {
        let board = Arc::new(Board { delivered: Mutex::default(), arrived: Condvar::new() });
        let peer = Peer::start(tls, Reply::Close);
        let shared = Arc::clone(&board);
        peer.otherwise(move |seen| {
            let mut delivered = shared.delivered.lock().unwrap();
            let reply = if delivered.calm {
                Reply::status(200)
            } else {
                match dice.below(12) {
                    0 => Reply::Close,
                    1 => Reply::status(503),
                    _ => Reply::status(200),
                }
            };
            delivered.note(seen);
            shared.arrived.notify_all();
            reply
        });
        Party { peer, board }
    }

    pub fn address(&self) -> SocketAddr {
        self.peer.address
    }

    pub fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.board.delivered.lock().unwrap()
    }

    /// From here on it answers well.
    pub fn calm_down(&self) {
        self.delivered().calm = true;
    }

    /// Waits until all of these jobs were delivered; hands back those that were not.
    pub fn wait_for(&self, jobs: &[&str]) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut delivered = self.delivered();
        loop {
            let missing = jobs.iter().filter(|job| !delivered.ids.contains_key(**job));
            let missing: Vec<String> = missing.map(|job| (*job).to_owned()).collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if missing.is_empty() || left.is_zero() {
                return missing;
            }
            delivered = self.board.arrived.wait_timeout(delivered, left).unwrap().0;
        }
    }
}

impl Delivered {
    /// The event id under which a job was delivered.
    pub fn event(&self, job: &str) -> Option<&str> {
        self.ids.get(job).map(String::as_str)
    }

    /// The token that stands for the address in a job's delivery.
    pub fn token(&self, job: &str) -> Option<String> {
        let body = self.bodies.get(self.event(job)?)?;
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        body["candidate"]["email"].as_str().map(str::to_owned)
    }

    fn note(&mut self, seen: &Seen) {
        let id = seen.header("webhook-id").unwrap_or_default().to_owned();
        let job = seen.json()["job"]["id"].as_str().unwrap_or_default().to_owned();
        match self.bodies.get(&id) {
            Some(body) if *body != seen.body => self.findings.push(format!("{id} came with two bodies")),
            Some(_) => self.again += 1,
            None => {
                self.bodies.insert(id.clone(), seen.body.clone());
            }
        }
        if let Some(other) = self.ids.insert(job.clone(), id.clone()).filter(|other| *other != id) {
            self.findings.push(format!("{job} was delivered as {other} and as {id}"));
        }
    }
}
