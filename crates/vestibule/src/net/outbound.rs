//! The one client that opens outbound connections, and the only file that does.
//!
//! A host is resolved, *all* its addresses are checked, and one of them is connected to: never resolved twice,
//! so no second look-up can lead elsewhere. Answers are read whole, under a limit. It does not follow redirects,
//! read proxies from the environment, decode compressed answers, or skip verification; it knows no credentials
//! and no personal data, only bytes.
//!
//! A [`Client`] belongs to one thread and keeps connections alive for each [`Target`]. The connection is driven
//! by the task that waits for the answer, which saves two wake-ups a request over a task of its own.

mod error;
mod line;
mod pool;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use vestibule_core::network::{AddressClass, Host, Origin, check_pinned, classify};

pub use self::error::{OutboundError, Wait};
use self::line::{Failure, Line, Live};
use self::pool::Pool;
use super::body::{BodyBudget, Whole};
use super::tls::ClientTls;

/// A TCP connection; the name under which [`line`] knows it.
type Connection = TcpStream;

/// Addresses of one host that are tried, one after the other.
const ATTEMPTS: usize = 4;

/// Bytes that all answers of a client may hold together, where nobody gives it a budget.
const ANSWERS: usize = 256 * 1024 * 1024;

/// How much of an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Head and body.
    Whole,
    /// The head alone.
    Head,
}

/// A look-up at work.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + 'a>>;
/// A connect at work.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + 'a>>;

/// Finds the addresses of a host.
pub trait Resolver {
    /// All addresses of `host`, which is a DNS name.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// Opens TCP connections.
pub trait Dial {
    /// Connects to exactly this address.
    fn dial(&self, address: SocketAddr) -> Dialing<'_>;
}

/// The resolver and the sockets of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Resolver for System {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

impl Dial for System {
    fn dial(&self, address: SocketAddr) -> Dialing<'_> {
        Box::pin(TcpStream::connect(address))
    }
}

/// Time and size limits of the calls to a destination.
#[derive(Debug, Clone, Copy)]
pub struct OutboundLimits {
    /// For look-up, connect and TLS handshake together.
    pub connect: Duration,
    /// From sending until the head of the answer.
    pub first_byte: Duration,
    /// From sending until the end of the answer.
    pub total: Duration,
    /// Bytes of the answer's body.
    pub body: usize,
}

impl Default for OutboundLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            total: Duration::from_secs(90),
            body: 10 * 1024 * 1024,
        }
    }
}

/// A destination that may be connected to. Clones are the same target and share its kept connections.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    host: String,
    /// The host, and the address it is pinned to.
    shown: String,
    reach: Reach,
    link: Link,
    port: u16,
    host_header: HeaderValue,
    base_path: String,
    limits: OutboundLimits,
}

/// How the address is found.
enum Reach {
    /// By DNS; every address must be public.
    Resolve,
    /// Given by the operator.
    Pinned(SocketAddr),
    /// An IP literal that nobody pinned: refused.
    Literal(IpAddr),
}

enum Link {
    Tls(ClientTls),
    /// The benchmark's backend on loopback.
    Plain,
}

impl Target {
    /// A destination at `origin`, found by DNS or pinned to an address.
    ///
    /// # Errors
    /// [`OutboundError::Request`] where the origin cannot stand in a `Host` header, which no parsed origin is.
    pub fn new(
        origin: &Origin,
        pinned: Option<SocketAddr>,
        tls: ClientTls,
        limits: OutboundLimits,
    ) -> Result<Self, OutboundError> {
        let reach = match (pinned, origin.host()) {
            (Some(address), _) => Reach::Pinned(address),
            (None, Host::Domain(_)) => Reach::Resolve,
            (None, Host::Ip(ip)) => Reach::Literal(*ip),
        };
        let host = origin.host_text();
        let shown = pinned.map_or_else(|| host.clone(), |address| format!("{host} ({address})"));
        Ok(Self(Arc::new(Inner {
            host,
            shown,
            reach,
            link: Link::Tls(tls),
            port: origin.port(),
            host_header: HeaderValue::from_str(origin.authority()).map_err(|_| OutboundError::Request)?,
            base_path: origin.base_path().to_owned(),
            limits,
        })))
    }

    /// Plain HTTP to a port of 127.0.0.1, for the benchmark. No type of the configuration can express it.
    pub(crate) fn plain_for_bench(port: u16, limits: OutboundLimits) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self(Arc::new(Inner {
            host: String::new(),
            shown: format!(" ({address})"),
            reach: Reach::Pinned(address),
            link: Link::Plain,
            port,
            host_header: HeaderValue::from_static("127.0.0.1"),
            base_path: String::new(),
            limits,
        }))
    }

    /// The URI of a call: the base path, then `path_and_query` as it stands, which begins with `/`.
    ///
    /// # Errors
    /// [`OutboundError::Request`] where that is no path.
    pub fn uri(&self, path_and_query: &str) -> Result<Uri, OutboundError> {
        if !path_and_query.starts_with('/') {
            return Err(OutboundError::Request);
        }
        let joined = if self.0.base_path.is_empty() {
            path_and_query.parse()
        } else {
            [self.0.base_path.as_str(), path_and_query].concat().parse()
        };
        joined.map_err(|_| OutboundError::Request)
    }

    /// The host, for decisions and audit leaves.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The host, with the address it is pinned to if it is, for the audit leaves of reveals.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.0.shown
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}:{})", self.0.host, self.0.port)
    }
}

/// Sends requests to targets. One a thread.
pub struct Client {
    resolver: Rc<dyn Resolver>,
    dial: Rc<dyn Dial>,
    budget: BodyBudget,
    pool: Pool,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client with the system's resolver and sockets.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Rc::new(System), Rc::new(System))
    }

    /// A client with another resolver and other sockets; the checks stay.
    #[must_use]
    pub fn with(resolver: Rc<dyn Resolver>, dial: Rc<dyn Dial>) -> Self {
        Self { resolver, dial, budget: BodyBudget::new(ANSWERS), pool: Pool::default() }
    }

    /// The same, whose answers count against this budget.
    #[must_use]
    pub fn within(self, budget: BodyBudget) -> Self {
        Self { budget, ..self }
    }

    /// Sends one request and reads the whole answer, which counts against the budget until it is dropped. The URI is what
    /// [`Target::uri`] gave. `Host` and `Accept-Encoding` are set here, hop-by-hop headers removed.
    ///
    /// A request on a kept connection that turns out closed is sent again once, on a new one: always if nothing
    /// of it was sent, and if it is idempotent also when not a byte of the answer came.
    ///
    /// Dropping the future ends the connection.
    ///
    /// # Errors
    /// [`OutboundError`]; its [`OutboundError::maybe_sent`] tells whether the upstream may have seen the request.
    pub fn send(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Whole>, OutboundError>> {
        // boxed, because it goes through several hands, and each would have room for it
        self.send_boxed(target, Box::new(request), Wanted::Whole)
    }

    /// Sends one request, of whose answer only the head is wanted. The body is read, shortly, so that the connection can be
    /// kept, and thrown away: one that is too long, compressed, slow or broken changes nothing.
    ///
    /// # Errors
    /// [`OutboundError`], as for [`Client::send`].
    pub async fn tell(&self, target: &Target, request: Request<Full<Bytes>>) -> Result<Response<()>, OutboundError> {
        let answer = self.send_boxed(target, Box::new(request), Wanted::Head).await?;
        Ok(answer.map(drop))
    }

    async fn send_boxed(
        &self,
        target: &Target,
        mut request: Box<Request<Full<Bytes>>>,
        wanted: Wanted,
    ) -> Result<Response<Whole>, OutboundError> {
        prepare(target, &mut request)?;
        if let Some(live) = self.pool.take(target).await {
            let spare = request.method().is_idempotent().then(|| request.clone());
            match self.exchange(target, live, request, wanted).await {
                Ok(answer) => return answer,
                Err(Failure::Unsent(unsent)) => request = unsent,
                Err(Failure::Silent) => request = spare.ok_or(OutboundError::Broken)?,
                Err(Failure::Final(error)) => return Err(error),
            }
        }
        // boxed, as calls seldom need a new connection: all have room for what they await
        let live = Box::pin(self.connect(target)).await?;
        match self.exchange(target, live, request, wanted).await {
            Ok(answer) => answer,
            Err(Failure::Final(error)) => Err(error),
            Err(Failure::Unsent(_) | Failure::Silent) => Err(OutboundError::Broken),
        }
    }

    async fn exchange(
        &self,
        target: &Target,
        mut live: Live,
        request: Box<Request<Full<Bytes>>>,
        wanted: Wanted,
    ) -> Result<Result<Response<Whole>, OutboundError>, Failure> {
        // every other request that is ready comes first, so that what they send goes out together: an upstream that is awake
        // with the first need not be woken for the rest
        tokio::task::yield_now().await;
        let answer = live.exchange(request, &target.0.limits, &self.budget, wanted).await?;
        if live.is_reusable().await {
            self.pool.keep(target, live);
        }
        Ok(refuse(answer, wanted))
    }

    async fn connect(&self, target: &Target) -> Result<Live, OutboundError> {
        let deadline = Instant::now() + target.0.limits.connect;
        let opened = timeout_at(deadline, async {
            let addresses = self.addresses(target).await?;
            let stream = self.dial_one_of(&addresses, deadline).await?;
            // a connection that is already gone will tell at its first write
            let _ = stream.set_nodelay(true);
            let line = match &target.0.link {
                Link::Plain => Line::Plain(stream),
                Link::Tls(tls) => {
                    let stream = tls.connect(&target.0.host, stream).await.map_err(|fault| OutboundError::Tls { fault })?;
                    Line::Tls(Box::new(stream))
                }
            };
            Live::open(line).await
        });
        opened.await.map_err(|_| OutboundError::Timeout { wait: Wait::Connect })?
    }

    /// The addresses that may be connected to. One that may not refuses them all: a name that mixes public and
    /// private addresses is not trusted to mean the public one.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, OutboundError> {
        match target.0.reach {
            Reach::Literal(ip) => Err(OutboundError::AddressRefused { class: classify(ip) }),
            Reach::Pinned(address) => match check_pinned(address) {
                Ok(()) => Ok(vec![address]),
                Err(_) => Err(OutboundError::AddressRefused { class: classify(address.ip()) }),
            },
            Reach::Resolve => {
                let found = self.resolver.resolve(&target.0.host, target.0.port).await.map_err(|_| OutboundError::Dns)?;
                let classes = found.iter().map(|address| classify(address.ip()));
                if let Some(class) = classes.into_iter().find(|class| *class != AddressClass::Public) {
                    return Err(OutboundError::AddressRefused { class });
                }
                Ok(found.into_iter().take(ATTEMPTS).map(|address| SocketAddr::new(address.ip(), target.0.port)).collect())
            }
        }
    }

    /// Each address gets an even share of the time that is left.
    async fn dial_one_of(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, OutboundError> {
        let mut last = OutboundError::Dns;
        for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(u32::MAX);
            match timeout_at(now + share, self.dial.dial(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(_)) => last = OutboundError::Connect,
                Err(_) => last = OutboundError::Timeout { wait: Wait::Connect },
            }
        }
        Err(last)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

fn prepare(target: &Target, request: &mut Request<Full<Bytes>>) -> Result<(), OutboundError> {
    let uri = request.uri();
    if uri.authority().is_some() || !uri.path().starts_with('/') || matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(OutboundError::Request);
    }
    let headers = request.headers_mut();
    for hop in [CONNECTION, UPGRADE, TE, TRANSFER_ENCODING, EXPECT] {
        headers.remove(hop);
    }
    headers.insert(HOST, target.0.host_header.clone());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(())
}

/// Answers that are never handed on: redirects, switches of protocol, compressed bodies.
fn refuse(answer: Response<Whole>, wanted: Wanted) -> Result<Response<Whole>, OutboundError> {
    match answer.status() {
        // it leads nowhere: what the caller has is still true
        StatusCode::NOT_MODIFIED => Ok(answer),
        status if status.is_redirection() => Err(OutboundError::Redirect { status: status.as_u16() }),
        status if status.is_informational() => Err(OutboundError::Broken),
        _ if wanted == Wanted::Whole && super::body::compressed(answer.headers()) => Err(OutboundError::Compressed),
        _ => Ok(answer),
    }
}

#[cfg(test)]
mod tests;
