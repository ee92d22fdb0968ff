//! Listeners: one thread a core, each with its own runtime, its own socket (`SO_REUSEPORT`) and its own service.
//!
//! A service is made on its thread and stays there, so it may hold what is not `Send`. HTTP/1.1 only. Plain HTTP
//! is possible on loopback and on the local admin socket, nowhere else. Bodies are read by the service
//! ([`super::body`]), which also sets the deadline of a request; the phases before and after have theirs here:
//!
//! | phase | deadline |
//! |---|---|
//! | TLS handshake | [`Limits::handshake`] |
//! | request head, and a new connection's first byte | [`Limits::header`] |
//! | keep-alive, and an answer of which nothing can be written | [`Limits::idle`] |
//! | a peer that goes on sending after its last answer | [`Limits::leaving`] |
//!
//! A connection past its deadline, or over a cap, is closed without an answer. One that is refused in the middle of its
//! body still gets its answer: see `Watched`.

mod hall;
mod open;

use std::fs;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;

use self::hall::Hall;
use super::tls::ServerTls;
use super::watch::{Gate, Phase};

/// How long accepting rests after an error such as "too many open files", which would else repeat at once.
const REST: Duration = Duration::from_millis(50);

/// Deadlines and caps of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a request head to its last; also for the first byte of a connection.
    pub header: Duration,
    /// Without a byte between requests, and while an answer is written.
    pub idle: Duration,
    /// From our closing to the peer's.
    pub leaving: Duration,
    /// Connections of all addresses.
    pub connections: usize,
    /// Connections of one IPv4 address or IPv6 /64.
    pub connections_per_ip: usize,
    /// Headers of a request; more are answered 431.
    pub headers: usize,
    /// Bytes of a request head, at least 8,192; more are answered 431.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            leaving: Duration::from_secs(5),
            connections: 10_000,
            connections_per_ip: 512,
            headers: 64,
            header_bytes: 16 * 1024,
        }
    }
}

/// Where to listen, and how.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    address: SocketAddr,
    tls: Option<ServerTls>,
    threads: usize,
    limits: Limits,
}

impl ServerConfig {
    /// HTTPS on any address. Port 0 takes a free one.
    #[must_use]
    pub fn https(address: SocketAddr, tls: ServerTls) -> Self {
        Self { address, tls: Some(tls), threads: 1, limits: Limits::default() }
    }

    /// Plain HTTP, on loopback only: the console, and the benchmark.
    ///
    /// # Errors
    /// [`ServerError::PlainBeyondLoopback`] for every other address.
    pub fn plain_loopback(address: SocketAddr) -> Result<Self, ServerError> {
        if address.ip().is_loopback() {
            Ok(Self { address, tls: None, threads: 1, limits: Limits::default() })
        } else {
            Err(ServerError::PlainBeyondLoopback)
        }
    }

    /// Threads to run, at least one.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Deadlines and caps.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address the connection came from.
    pub addr: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// Who is at the other end of the local socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPeer {
    /// The user id, as the kernel tells it.
    pub uid: u32,
}

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("plain HTTP is served on loopback only")]
    PlainBeyondLoopback,
    #[error("another process listens on `{at}`")]
    InUse {
        /// The address, or the path of the local socket.
        at: String,
    },
    #[error("`{at}` cannot be listened on: {error}")]
    Bind {
        /// The address, or the path of the local socket.
        at: String,
        /// What the system said.
        error: io::Error,
    },
    #[error("the path of the local socket is taken by something else")]
    NotASocket,
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
}

impl ServerError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PlainBeyondLoopback => "listen.plain",
            Self::InUse { .. } => "listen.in_use",
            Self::Bind { .. } => "listen.bind",
            Self::NotASocket => "listen.not_a_socket",
            Self::Thread(_) => "listen.thread",
        }
    }
}

/// Counts since the start, over all threads of a server.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections let in.
    pub accepted: AtomicU64,
    /// Connections closed at once because of a cap.
    pub refused: AtomicU64,
    /// Handshakes that failed.
    pub handshakes_failed: AtomicU64,
    /// Connections closed at a deadline.
    pub timed_out: AtomicU64,
}

/// A running listener. Dropping it cuts every connection; [`Server::stop`] lets requests finish.
#[derive(Debug)]
pub struct Server {
    address: Option<SocketAddr>,
    stop: watch::Sender<Option<Duration>>,
    threads: Vec<JoinHandle<usize>>,
    counters: Arc<Counters>,
    socket_file: Option<PathBuf>,
}

impl Server {
    /// Opens the listener and starts its threads. `make` runs once on each thread; what it returns answers the
    /// requests of that thread's connections, each on its connection's task. Inside it, `spawn_local` works.
    ///
    /// # Errors
    /// [`ServerError`]. A second server on the same address is refused, although the threads of one share it.
    pub fn start<M, S, F, B>(config: ServerConfig, make: M) -> Result<Self, ServerError>
    where
        M: Fn() -> S + Send + Sync + 'static,
        S: Fn(Request<Incoming>, Peer) -> F + 'static,
        F: Future<Output = Response<B>> + 'static,
        B: Body<Data = Bytes> + Default + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let sockets = open::tcp(config.address, config.threads)?;
        let address = sockets.first().and_then(|socket| socket.local_addr().ok()).and_then(|address| address.as_socket());
        let mut doors = Vec::with_capacity(sockets.len());
        for socket in sockets {
            let runtime = runtime()?;
            let listener = {
                let _inside = runtime.enter();
                TcpListener::from_std(socket.into()).map_err(|error| open::refused(config.address, error))?
            };
            doors.push((runtime, listener));
        }
        Self::run(doors, address, config.tls, config.limits, make)
    }

    /// Opens a local socket that only this user can connect to, on one thread. A socket file that nobody listens
    /// on is replaced; the file is removed when the server stops.
    ///
    /// # Errors
    /// [`ServerError`]; [`ServerError::InUse`] where another process answers there.
    pub fn start_local<M, S, F, B>(path: &Path, limits: Limits, make: M) -> Result<Self, ServerError>
    where
        M: Fn() -> S + Send + Sync + 'static,
        S: Fn(Request<Incoming>, LocalPeer) -> F + 'static,
        F: Future<Output = Response<B>> + 'static,
        B: Body<Data = Bytes> + Default + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let socket = open::local(path)?;
        let runtime = runtime()?;
        let listener = {
            let _inside = runtime.enter();
            UnixListener::from_std(socket.into()).map_err(|error| open::refused(path.display(), error))?
        };
        let mut server = Self::run(vec![(runtime, listener)], None, None, limits, make)?;
        server.socket_file = Some(path.to_owned());
        Ok(server)
    }

    /// The address listened on; none for a local socket.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Stops accepting, lets requests at work finish for at most `grace`, cuts the rest, and waits for the
    /// threads. Blocks; returns how many connections were cut.
    #[must_use]
    pub fn stop(mut self, grace: Duration) -> usize {
        self.stop.send_replace(Some(grace));
        let threads = std::mem::take(&mut self.threads);
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    }

    fn run<D, M, S, F, B>(
        doors: Vec<(Runtime, D)>,
        address: Option<SocketAddr>,
        tls: Option<ServerTls>,
        limits: Limits,
        make: M,
    ) -> Result<Self, ServerError>
    where
        D: Door + Send + 'static,
        M: Fn() -> S + Send + Sync + 'static,
        S: Fn(Request<Incoming>, D::Peer) -> F + 'static,
        F: Future<Output = Response<B>> + 'static,
        B: Body<Data = Bytes> + Default + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (stop, _) = watch::channel(None);
        let make = Arc::new(make);
        let gate = Gate::new(limits.connections, limits.connections_per_ip);
        let mut server = Self { address, stop, threads: Vec::new(), counters: Arc::default(), socket_file: None };
        for (runtime, door) in doors {
            let (make, gate, counters) = (make.clone(), gate.clone(), server.counters.clone());
            let (stop, tls) = (server.stop.subscribe(), tls.clone());
            let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
                LocalSet::new().block_on(&runtime, async move {
                    let hall = Rc::new(Hall::new((*make)(), tls, limits, gate, counters));
                    serve(hall, door, stop).await
                })
            });
            server.threads.push(thread.map_err(ServerError::Thread)?);
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(path) = self.socket_file.take() {
            // a file that is already gone needs no removing
            let _ = fs::remove_file(path);
        }
    }
}

/// What accepts: a TCP or a local socket.
trait Door {
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;
    type Peer: Copy + 'static;

    /// The next connection, who it is, and the address it counts under.
    async fn accept(&self, tls: bool) -> io::Result<(Self::Stream, Self::Peer, Option<IpAddr>)>;
}

impl Door for TcpListener {
    type Stream = TcpStream;
    type Peer = Peer;

    async fn accept(&self, tls: bool) -> io::Result<(TcpStream, Peer, Option<IpAddr>)> {
        let (stream, addr) = Self::accept(self).await?;
        // fails only where the connection is already gone, which its first read will tell
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer { addr, tls }, Some(addr.ip())))
    }
}

impl Door for UnixListener {
    type Stream = UnixStream;
    type Peer = LocalPeer;

    async fn accept(&self, _tls: bool) -> io::Result<(UnixStream, LocalPeer, Option<IpAddr>)> {
        let (stream, _) = Self::accept(self).await?;
        let uid = stream.peer_cred()?.uid();
        Ok((stream, LocalPeer { uid }, None))
    }
}

/// Accepts until told to stop; returns how many connections were cut at the end.
async fn serve<D, S, F, B>(hall: Rc<Hall<S>>, door: D, mut stop: watch::Receiver<Option<Duration>>) -> usize
where
    D: Door,
    S: Fn(Request<Incoming>, D::Peer) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body<Data = Bytes> + Default + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let sweeper = spawn_local(sweep(hall.clone()));
    loop {
        let accepted = tokio::select! {
            accepted = door.accept(hall.tls.is_some()) => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer, ip)) => hall.admit(stream, peer, ip),
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
    drop(door);
    // the sender is gone where the server was dropped: nobody waits for requests to finish
    let grace = stop.borrow().unwrap_or(Duration::ZERO);
    let cut = hall.empty(grace).await;
    sweeper.abort();
    cut
}

/// Closes connections past the deadline of their phase, and moves the clock that they read.
async fn sweep<S>(hall: Rc<Hall<S>>) {
    let limits = hall.limits;
    let shortest = limits.handshake.min(limits.header).min(limits.idle).min(limits.leaving);
    let period = (shortest / 8).clamp(Duration::from_millis(5), Duration::from_secs(1));
    loop {
        tokio::time::sleep(period).await;
        hall.clock.set(Instant::now());
        for entry in hall.inside.borrow().values() {
            let deadline = match entry.watch.phase() {
                Phase::Handshake => limits.handshake,
                Phase::Fresh | Phase::Head => limits.header,
                Phase::Idle => limits.idle,
                Phase::Leaving => limits.leaving,
                Phase::Busy => continue,
            };
            if entry.watch.age() >= deadline {
                hall.counters.timed_out.fetch_add(1, Ordering::Relaxed);
                entry.task.abort();
            }
        }
    }
}

fn runtime() -> Result<Runtime, ServerError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServerError::Thread)
}

#[cfg(test)]
mod tests;
