//! Data in. [`accept`] is the picture of it; each step is a file that proves one thing about a request.
//!
//! ```text
//! bytes -> Received -> Authenticated -> Validated -> Protected -> one transaction -> 2xx
//! ```
//! A step consumes the stage before and is the only place that can make its own, so what has been proven stands in the
//! type. Only [`Protected`] can be stored. Delivery to the platform happens later, from the store.

mod authenticate;
mod commit;
mod protect;
mod receive;
mod refuse;
mod release;
mod validate;

pub use authenticate::Authenticated;
pub use protect::Protected;
pub(crate) use protect::{STABLE, SUBJECT, USER_ID, bound_to, store_tag, vault_tag};
pub use receive::Received;
pub use release::release;
pub use validate::Validated;
pub(crate) use validate::{document, essence, is_json, is_utf8, is_wanted};

use crate::app::routes::InRoute;
use crate::app::worker::Worker;
use crate::net::server::Peer;
use crate::respond::Answer;
use http::Request;
use hyper::body::Incoming;
use refuse::Refused;
use std::rc::Rc;
use std::sync::Arc;
use vestibule_core::inflight::InFlight;

/// Takes in one event of a source. Runs as a task of its own, so that a sender who hangs up cannot undo half of it.
pub async fn accept(worker: Rc<Worker>, route: Arc<InRoute>, request: Request<Incoming>, peer: Peer) -> Answer {
    let in_flight = InFlight::begin(worker.app.counters.as_ref(), &route.name);
    let id = worker.app.request_id();
    match pass(&worker, &route, request, peer, &id).await {
        Ok(answer) => {
            in_flight.end("ok");
            answer
        }
        Err(refused) => {
            in_flight.end(refused.code());
            refused.answer(&worker, &route, &id).await
        }
    }
}

async fn pass(
    worker: &Worker,
    route: &Arc<InRoute>,
    request: Request<Incoming>,
    peer: Peer,
    id: &str,
) -> Result<Answer, Refused> {
    let received = receive::receive(worker, route, request, peer).await?;
    // from the first keyed look-up to the commit
    let _work = worker.app.keeper.begin();
    let authenticated = authenticate::authenticate(worker, route, received)?;
    let validated = validate::validate(&authenticated)?;
    if !validated.is_wanted(route) {
        worker.app.counters.ignored(&route.name);
        return Ok(commit::ignored(worker, route, id).await);
    }
    commit::commit(worker, route, &validated, id).await
}
