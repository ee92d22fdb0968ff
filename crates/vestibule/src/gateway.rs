//! The gateway as it runs: data listener, local socket, and one thread for delivery and periodic work.

use crate::app::App;
use crate::app::worker::Worker;
use crate::net::outbound::{Client, Dial, Resolver, System};
use crate::net::server::{Limits, LocalPeer, Peer, Server, ServerConfig, ServerError};
use crate::respond::{self, Answer};
use crate::{admin, deliver, egress, ingress, jobs};
use http::Request;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use vestibule_core::inflight::Sink as _;

/// How long requests at work may go on after a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);

/// How the running gateway reaches the network. Tests put their own in; the checks stay.
pub type MakeClient = Arc<dyn Fn() -> Client + Send + Sync>;

/// The client of the machine.
pub fn system_client() -> Client {
    Client::with(Rc::new(System) as Rc<dyn Resolver>, Rc::new(System) as Rc<dyn Dial>)
}

/// What runs, and how.
pub struct Plan {
    /// The data listener.
    pub data: ServerConfig,
    /// The local socket for commands; none where nobody needs one.
    pub socket: Option<PathBuf>,
    /// How outbound connections are made.
    pub client: MakeClient,
    /// Whether deliveries are made. The benchmark measures acceptance alone.
    pub deliver: bool,
    /// Whether what a minute brings is done as each passes. Tests that move the clock say themselves when one has passed.
    pub minutes: bool,
}

/// A running gateway.
pub struct Gateway {
    app: Arc<App>,
    data: Server,
    local: Option<Server>,
    stop: watch::Sender<bool>,
    background: Option<JoinHandle<()>>,
}

/// Why the gateway cannot run.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A listener cannot be opened.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Gateway {
    /// Starts everything. When this returns, requests are answered.
    pub fn start(app: &Arc<App>, plan: Plan) -> Result<Gateway, GatewayError> {
        let (stop, stopped) = watch::channel(false);
        // what arrives as an answer counts as much as what arrives as a request (P16)
        let (make, budget) = (plan.client, app.budget.clone());
        let client: MakeClient = Arc::new(move || make().within(budget.clone()));
        let background = background(Arc::clone(app), Arc::clone(&client), plan.deliver, plan.minutes, stopped)?;
        let shared = Arc::clone(app);
        let data = Server::start(plan.data, move || {
            let worker = Worker::new(&shared, client()).map(Rc::new);
            if let Err(error) = &worker {
                shared.counters.ended("gateway", error.code());
            }
            let worker = worker.ok();
            move |request: Request<Incoming>, peer: Peer| {
                let begun = worker.clone().map(|worker| begin(worker, request, peer));
                async move {
                    match begun {
                        Some(Begun::Task(task)) => match task.await {
                            Ok(answer) => answer,
                            // the panic has been counted as lost when the work in flight was dropped
                            Err(_) => respond::problem("internal.lost", None, ""),
                        },
                        Some(Begun::Unknown) => respond::unknown_route(),
                        None => respond::problem("store.io", None, ""),
                    }
                }
            }
        })?;
        let local = match plan.socket {
            None => None,
            Some(path) => {
                let shared = Arc::clone(app);
                Some(Server::start_local(&path, Limits::default(), move || {
                    let shared = Arc::clone(&shared);
                    move |request: Request<Incoming>, _: LocalPeer| admin::answer(Arc::clone(&shared), request)
                })?)
            }
        };
        Ok(Gateway { app: Arc::clone(app), data, local, stop, background: Some(background) })
    }

    /// The address of the data listener.
    pub fn address(&self) -> Option<SocketAddr> {
        self.data.address()
    }

    /// The gateway's shared part.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Stops accepting, finishes what is at work, and writes the newest head into the key store.
    pub fn stop(mut self) {
        self.stop.send_replace(true);
        let cut = self.data.stop(GRACE);
        if cut > 0 {
            self.app.counters.ended("gateway", "request.cut_at_stop");
        }
        if let Some(local) = self.local.take() {
            let _cut = local.stop(GRACE);
        }
        if let Some(background) = self.background.take()
            && background.join().is_err()
        {
            self.app.counters.ended("deliver", vestibule_core::inflight::LOST);
        }
        let leaf = self.app.service_leaf("gateway.stop");
        if self.app.writer.call(vestibule_store::AppendLeaf { leaf: leaf.to_bytes() }).is_err() || self.app.save_head().is_err() {
            self.app.counters.ended("gateway", "store.io");
        }
    }
}

/// A request whose work has begun.
enum Begun {
    Task(tokio::task::JoinHandle<Answer>),
    Unknown,
}

/// Finds what a request is for. Work runs in a task of its own, so that a peer who hangs up cannot undo half of it.
fn begin(worker: Rc<Worker>, request: Request<Incoming>, peer: Peer) -> Begun {
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/out/") {
        let name = rest.split('/').next().unwrap_or_default().to_owned();
        // boxed, because a task is moved several times on its way to its place, and this one is large
        Begun::Task(tokio::task::spawn_local(Box::pin(egress::call(worker, name, request))))
    } else if let Some(route) = worker.routes().inbound.get(path).cloned() {
        Begun::Task(tokio::task::spawn_local(ingress::accept(worker, route, request, peer)))
    } else {
        worker.app.counters.ended("", "route.unknown");
        Begun::Unknown
    }
}

fn background(
    app: Arc<App>,
    client: MakeClient,
    delivers: bool,
    minutes: bool,
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, GatewayError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name("vestibule-background".into()).spawn(move || {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let deliveries = async {
                if delivers {
                    deliver::run(Arc::clone(&app), Rc::new(client()), stopped.clone()).await;
                }
            };
            let minutes = async {
                if minutes {
                    jobs::run(Arc::clone(&app), stopped.clone()).await;
                }
            };
            tokio::join!(deliveries, minutes);
        });
    })?;
    Ok(thread)
}
