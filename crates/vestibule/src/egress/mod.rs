//! Data out. [`call`] is the picture of it: a workflow calls here instead of the vendor.
//!
//! ```text
//! authenticate workflow -> decide() -> Allowed -> audit record -> Permit -> reveal -> inject credential -> send -> protect answer
//! ```
//! Real values exist between `reveal` and `send` only, in [`wire`]. Without a durable audit record there is no permit,
//! and without a permit nothing opens.

mod answer;
mod authenticate;
mod ledger;
mod needles;
mod reflect;
mod refuse;
mod repeat;
mod request;
mod tokens;
mod wire;

use crate::app::routes::OutRoute;
use crate::app::worker::Worker;
use crate::respond::{self, Answer};
use http::Request;
use hyper::body::Incoming;
use refuse::Refused;
use std::rc::Rc;
use std::sync::Arc;
use vestibule_core::id::Mode;
use vestibule_core::inflight::InFlight;
use vestibule_core::policy::{self, Call};
use vestibule_core::stage::Permit;

pub use ledger::Caller;

/// Makes one call for a workflow. Runs as a task of its own, so that a caller who hangs up cannot undo half of it.
pub fn call(worker: Rc<Worker>, name: String, request: Request<Incoming>) -> impl Future<Output = Answer> {
    // boxed, because it goes through several hands, and each would have room for it
    answer(worker, name, Box::new(request))
}

async fn answer(worker: Rc<Worker>, name: String, request: Box<Request<Incoming>>) -> Answer {
    // a name that the configuration does not have is anybody's text: it goes neither into counts nor into the log
    let name = if worker.routes().outbound.contains_key(&name) { name } else { String::new() };
    let in_flight = InFlight::begin(worker.app.counters.as_ref(), &name);
    let id = worker.app.request_id();
    let principal = match authenticate::authenticate(&worker, request.headers()) {
        Ok(principal) => principal,
        Err(code) => {
            in_flight.end(code);
            return respond::stranger();
        }
    };
    let caller = Caller { principal, route: name.clone(), request: id };
    match pass(&worker, &caller, request).await {
        Ok(answer) => {
            in_flight.end("ok");
            answer
        }
        Err(refused) => {
            in_flight.end(refused.code);
            refused.answer(&worker, &caller).await
        }
    }
}

async fn pass(worker: &Worker, caller: &Caller, request: Box<Request<Incoming>>) -> Result<Answer, Refused> {
    // the revision is read first: a reload in between must not lend old grants a new revision
    let revision = worker.app.grant_revision.load(std::sync::atomic::Ordering::SeqCst);
    let routes = worker.routes();
    let route = routes.outbound.get(&caller.route).ok_or(Refused::new("route.unknown"))?;
    authenticate::still_works(&routes, caller, worker.app.clock.now())?;
    let destination = match caller.principal.mode {
        Mode::Live => &route.live,
        Mode::Test => route.test.as_ref().ok_or(Refused::new("grant.no_test"))?,
    };
    let received = request::read(worker, caller, request).await?;
    let path = received.path()?;
    let now = worker.app.clock.now();
    let (index, grant) = policy::select(&route.grants, &caller.principal.workflow, received.method(), &path, now)?;
    let detail = route.details.get(index).ok_or(Refused::new("internal.lost"))?;

    authenticate::keeps_keys(&received, detail)?;
    let draft = tokens::find(&received, &path, detail, &routes.token_domain)?;
    let mut opened = tokens::open(worker, caller, &draft)?;
    let reached = tokens::reached(&draft, detail, grant.call.open(&path));
    let addressees = tokens::addressees(&draft, &mut opened, &reached);
    let call = Call {
        workflow: &caller.principal.workflow,
        mode: caller.principal.mode,
        method: received.method(),
        path: &path,
        host: destination.target.host(),
        uses: &opened.uses,
        addressees: &addressees,
    };
    let allowed = policy::decide(&call, grant, now)?;

    let repeat = match repeat::begin(worker, caller, &draft).await? {
        repeat::Begun::Answered(answer) => return Ok(answer),
        repeat::Begun::Call(repeat) => repeat,
    };
    opened.claim = repeat;
    let sent = send(worker, caller, route, destination, draft, &opened, allowed, revision).await;
    let (finished, undone) = match sent {
        Ok(sent) => {
            let undone = repeat::is_undone(&sent.response);
            // the vendor has acted, whatever becomes of its answer: a repeat must not make it act again
            (answer::protect(worker, caller, detail, &opened, &sent).await.map_err(Refused::after_sending), undone)
        }
        Err(refused) => {
            let undone = !refused.maybe_sent;
            (Err(refused), undone)
        }
    };
    let finished =
        if undone || (repeat.is_none() && received.is_idempotent()) { finished } else { finished.map_err(Refused::once_only) };
    match repeat {
        None => finished,
        // boxed, as few calls are claimed: all have room for what they await
        Some(claim) if undone => Box::pin(repeat::give_back(worker, caller, claim, finished)).await,
        Some(claim) => Box::pin(repeat::finish(worker, caller, claim, opened.subject(), finished)).await,
    }
}

/// From the decision to the vendor's answer: record, permit, reveal, send.
#[expect(clippy::too_many_arguments, reason = "each is one stage of the call, named in the picture above")]
async fn send<'d>(
    worker: &Worker,
    caller: &Caller,
    route: &Arc<OutRoute>,
    destination: &'d crate::app::destination::Destination,
    draft: tokens::Draft<'_>,
    opened: &tokens::Opened,
    allowed: policy::Allowed,
    revision: u64,
) -> Result<answer::Sent<'d>, Refused> {
    let keys = tokens::unwrap(worker, opened)?;
    let receipt = ledger::record(worker, caller, &draft, opened, &keys, destination, revision).await?;
    let leaf = receipt.leaf();
    let permit = Permit::new(allowed, receipt);
    let wire = wire::reveal(worker, permit, &draft, opened, &keys, destination)?;
    // not needed while the vendor thinks, and others can use the room
    drop(draft);
    let (request, guard) = wire.into_request();
    match worker.client.send(&destination.target, request).await {
        Ok(response) => {
            let host = destination.target.host();
            Ok(answer::Sent { response, guard, keys, leaf, host, max: route.max_answer })
        }
        Err(error) => {
            ledger::outcome(worker, caller, leaf, destination.target.host(), error.code(), 0);
            Err(Refused::upstream(error.code(), error.maybe_sent()))
        }
    }
}
