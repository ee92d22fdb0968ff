//! The connections of one thread: admitted, served, counted, told to end.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::Instant;

use super::{Counters, Limits};
use crate::net::tls::ServerTls;
use crate::net::watch::{Gate, Pass, Phase, Watch, Watched};

/// What the connections of one thread share.
pub(super) struct Hall<S> {
    service: S,
    pub(super) tls: Option<ServerTls>,
    pub(super) limits: Limits,
    pub(super) counters: Arc<Counters>,
    /// The time, as of the last sweep.
    pub(super) clock: Rc<Cell<Instant>>,
    pub(super) inside: RefCell<HashMap<u64, Entry>>,
    gate: Arc<Gate>,
    next: Cell<u64>,
    left: Notify,
}

/// One connection, as the sweeper sees it.
pub(super) struct Entry {
    pub(super) watch: Rc<Watch>,
    pub(super) task: AbortHandle,
}

/// A connection's name in the hall, taken off when its task ends, however it ends.
struct Guest<S> {
    hall: Rc<Hall<S>>,
    number: u64,
    _pass: Pass,
}

impl<S> Drop for Guest<S> {
    fn drop(&mut self) {
        let mut inside = self.hall.inside.borrow_mut();
        inside.remove(&self.number);
        if inside.is_empty() {
            self.hall.left.notify_one();
        }
    }
}

impl<S: 'static> Hall<S> {
    pub(super) fn new(service: S, tls: Option<ServerTls>, limits: Limits, gate: Arc<Gate>, counters: Arc<Counters>) -> Self {
        Self {
            service,
            tls,
            limits,
            counters,
            clock: Rc::new(Cell::new(Instant::now())),
            inside: RefCell::default(),
            gate,
            next: Cell::new(0),
            left: Notify::new(),
        }
    }

    /// Starts to serve a connection, or closes it where a cap is reached.
    pub(super) fn admit<T, P, F, B>(self: &Rc<Self>, stream: T, peer: P, ip: Option<IpAddr>)
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
        P: Copy + 'static,
        S: Fn(Request<Incoming>, P) -> F,
        F: Future<Output = Response<B>> + 'static,
        B: Body<Data = Bytes> + Default + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Some(pass) = self.gate.enter(ip) else {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        // a deadline counts from here, also where no sweep has been for a while
        self.clock.set(Instant::now());
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let phase = if self.tls.is_some() { Phase::Handshake } else { Phase::Fresh };
        let watch = Rc::new(Watch::new(self.clock.clone(), phase));
        let guest = Guest { hall: self.clone(), number, _pass: pass };
        let task = spawn_local(greet(guest, watch.clone(), stream, peer)).abort_handle();
        self.inside.borrow_mut().insert(number, Entry { watch, task });
    }

    /// Lets requests at work finish for at most `grace`, then cuts; returns how many connections were cut.
    pub(super) async fn empty(&self, grace: Duration) -> usize {
        for entry in self.inside.borrow().values() {
            match entry.watch.phase() {
                Phase::Handshake | Phase::Fresh => entry.task.abort(),
                Phase::Head | Phase::Busy | Phase::Idle | Phase::Leaving => entry.watch.close(),
            }
        }
        // an error is the end of the grace
        let _ = tokio::time::timeout(grace, self.wait_until_empty()).await;
        let cut = self.inside.borrow().values().map(|entry| entry.task.abort()).count();
        self.wait_until_empty().await;
        cut
    }

    async fn wait_until_empty(&self) {
        while !self.inside.borrow().is_empty() {
            self.left.notified().await;
        }
    }
}

/// The handshake, where there is one, then the requests.
async fn greet<T, P, S, F, B>(guest: Guest<S>, watch: Rc<Watch>, stream: T, peer: P)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    P: Copy + 'static,
    S: Fn(Request<Incoming>, P) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body<Data = Bytes> + Default + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Some(tls) = guest.hall.tls.clone() else {
        return converse(&guest.hall, watch, stream, peer).await;
    };
    match tls.accept(stream).await {
        Ok(stream) => {
            watch.enter(Phase::Fresh);
            converse(&guest.hall, watch, stream, peer).await;
        }
        Err(_) => {
            guest.hall.counters.handshakes_failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn converse<T, P, S, F, B>(hall: &Rc<Hall<S>>, watch: Rc<Watch>, stream: T, peer: P)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    P: Copy + 'static,
    S: Fn(Request<Incoming>, P) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body<Data = Bytes> + Default + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let work = RefCell::new(None);
    talk(hall, &watch, stream, peer, &work).await;
    // what a request has begun goes on when its peer is gone, and a stop waits for this connection until it has ended
    watch.enter(Phase::Busy);
    let _unheard = finish(&work).await;
}

/// What a request has begun.
type Work<F> = RefCell<Option<Pin<Box<F>>>>;

/// Goes on with what was begun, to its end; nothing where nothing was.
async fn finish<F: Future>(work: &Work<F>) -> Option<F::Output> {
    let done = poll_fn(|cx| match work.borrow_mut().as_mut() {
        Some(work) => work.as_mut().poll(cx).map(Some),
        None => Poll::Ready(None),
    })
    .await;
    work.replace(None);
    done
}

/// Takes requests and writes answers, until the connection ends.
async fn talk<T, P, S, F, B>(hall: &Rc<Hall<S>>, watch: &Rc<Watch>, stream: T, peer: P, work: &Work<F>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    P: Copy + 'static,
    S: Fn(Request<Incoming>, P) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body<Data = Bytes> + Default + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(|request: Request<Incoming>| {
        watch.enter(Phase::Busy);
        // a server in front may have measured such a request by another length: what follows it here is not read
        let is_last = request.headers().contains_key(TRANSFER_ENCODING);
        work.replace((request.headers().len() <= hall.limits.headers).then(|| Box::pin((hall.service)(request, peer))));
        async move {
            let mut answer = match finish(work).await {
                Some(answer) => answer,
                None => {
                    let mut refusal = Response::new(B::default());
                    *refusal.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                    refusal
                }
            };
            if is_last {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // answers that are ready in one turn go out together: a peer that is awake with the first need not be woken for
            // the rest
            tokio::task::yield_now().await;
            watch.enter(Phase::Idle);
            Ok::<_, Infallible>(answer)
        }
    });
    let stream = TokioIo::new(Watched { stream, watch: watch.clone() });
    // the deadlines are the sweeper's; hyper's own would cost a timer a request
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(hall.limits.header_bytes.max(8192))
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let mut told = false;
    // an error here is the peer's: gone, or not speaking HTTP
    let _ = poll_fn(|cx| {
        if watch.is_closing(cx) && !told {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
}
