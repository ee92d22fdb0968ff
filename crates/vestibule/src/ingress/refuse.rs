//! How a request that does not become an event ends: one uniform answer for strangers, a problem for a known source.

use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::net::body::BodyError;
use crate::respond::{self, Answer};
use vestibule_core::audit::{Actor, Direction};

/// Why a request does not become an event.
pub enum Refused {
    /// The sender has proven nothing. It learns nothing; the code is counted for the owner.
    Stranger(&'static str),
    /// The source is known: it gets code, place and fix, and the refusal stands in the log.
    Known {
        /// The stable code.
        code: &'static str,
        /// The place at fault, without any value.
        place: Option<String>,
    },
}

impl Refused {
    /// A refusal of a known source without a place.
    pub fn known(code: &'static str) -> Refused {
        Refused::Known { code, place: None }
    }

    /// The code under which the refusal is counted.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::Stranger(code) | Refused::Known { code, .. } => code,
        }
    }

    /// The answer to the sender.
    pub async fn answer(self, worker: &Worker, route: &InRoute, request: &str) -> Answer {
        let (code, place) = match self {
            Refused::Known { code, place } => (code, place),
            // it says nothing about the sender or the route, and a good source must not take it for a refusal
            Refused::Stranger(code) if code == BodyError::Budget.code() => return respond::busy(),
            Refused::Stranger(_) => return respond::stranger(),
        };
        let answer = respond::problem(code, place.as_deref(), request);
        let mut leaf = worker.app.leaf(Actor::Source(route.name.as_str().into()), "event.refuse", route.mode);
        leaf.route = route.name.as_str().into();
        leaf.direction = Direction::In;
        leaf.outcome = code.into();
        leaf.status = answer.status().as_u16();
        leaf.request = request.into();
        worker.append(&leaf).await;
        answer
    }
}
