//! One connection to an upstream: HTTP/1.1 driven by the task that waits for the answer.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Connection, OutboundError, OutboundLimits, Wait, Wanted};
use crate::net::alarm::Alarm;
use crate::net::body::{self, BodyBudget, BodyError, Whole};
use crate::net::tls::ClientStream;

/// Bytes of an answer's head, and of one read of its body.
const BUFFER: usize = 64 * 1024;
/// A connection idle for less was in use a moment ago; asking the system about it would cost a call a request.
const FRESH: Duration = Duration::from_secs(1);
/// How long a body that nobody wants may take before its connection is given up.
const UNWANTED: Duration = Duration::from_secs(1);

/// Why an exchange failed, as far as trying again is concerned.
pub(super) enum Failure {
    /// The connection was closed before the request was taken up.
    Unsent(Box<Request<Full<Bytes>>>),
    /// The connection was closed, and not a byte of an answer had come.
    Silent,
    /// Not to be tried again here.
    Final(OutboundError),
}

/// An open connection.
pub(super) struct Live {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
    marks: Rc<Marks>,
    alarm: Alarm,
    idle_since: Instant,
}

impl Live {
    pub(super) async fn open(line: Line) -> Result<Self, OutboundError> {
        let marks = Rc::new(Marks::default());
        let stream = TokioIo::new(Marked { line, marks: marks.clone() });
        let opened = http1::Builder::new().max_buf_size(BUFFER).handshake(stream).await;
        let (sender, connection) = opened.map_err(|_| OutboundError::Broken)?;
        let now = Instant::now();
        let driver = Driver { connection: Box::pin(connection), over: false };
        Ok(Self { sender, driver, marks, alarm: Alarm::new(now), idle_since: now })
    }

    pub(super) const fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// Whether the peer has neither closed the connection nor spoken out of turn.
    pub(super) async fn is_still_open(&mut self, now: Instant) -> bool {
        self.marks.probe.set(now.saturating_duration_since(self.idle_since) >= FRESH);
        let open = self.is_ready().await;
        self.marks.probe.set(false);
        open
    }

    /// Whether the exchange ended such that another one can follow.
    pub(super) async fn is_reusable(&mut self) -> bool {
        self.idle_since = Instant::now();
        self.is_ready().await
    }

    /// Sends a request and reads the answer, as much of it as is wanted.
    pub(super) async fn exchange(
        &mut self,
        request: Box<Request<Full<Bytes>>>,
        limits: &OutboundLimits,
        budget: &BodyBudget,
        wanted: Wanted,
    ) -> Result<Response<Whole>, Failure> {
        let start = Instant::now();
        self.alarm.set(start + limits.first_byte.min(limits.total));
        self.marks.answered.set(false);
        let (parts, body) = self.head(request).await?.into_parts();
        let driven = Driven { driver: &mut self.driver, body };
        let mut deadline = start + limits.total;
        if wanted == Wanted::Head {
            deadline = deadline.min(Instant::now() + UNWANTED);
        }
        let whole = match body::read(driven, limits.body, budget, deadline).await {
            Ok(whole) => whole,
            Err(_) if wanted == Wanted::Head => {
                // what is left of the body would stand before the next answer
                self.driver.over = true;
                Whole::empty(budget)
            }
            Err(BodyError::TooLarge) => return Err(Failure::Final(OutboundError::TooLarge)),
            Err(BodyError::Budget) => return Err(Failure::Final(OutboundError::Budget)),
            Err(BodyError::Slow) => return Err(Failure::Final(OutboundError::Timeout { wait: Wait::Answer })),
            Err(BodyError::Broken) => return Err(Failure::Final(OutboundError::Broken)),
        };
        Ok(Response::from_parts(parts, whole))
    }

    async fn head(&mut self, request: Box<Request<Full<Bytes>>>) -> Result<Response<Incoming>, Failure> {
        let (driver, alarm) = (&mut self.driver, &mut self.alarm);
        let mut answer = pin!(self.sender.try_send_request(*request));
        // only the driver can bring the answer, and it is polled right before: no waker of its own is needed
        let mut unwoken = Context::from_waker(Waker::noop());
        let outcome = poll_fn(|cx| {
            driver.poll(cx);
            match answer.as_mut().poll(&mut unwoken) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending => alarm.poll(cx).map(|()| None),
            }
        })
        .await;
        match outcome {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(request) => Failure::Unsent(Box::new(request)),
                None if self.marks.answered.get() => Failure::Final(OutboundError::Broken),
                None => Failure::Silent,
            }),
            None => Err(Failure::Final(OutboundError::Timeout { wait: Wait::FirstByte })),
        }
    }

    async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| {
            self.driver.poll(cx);
            Poll::Ready(!self.driver.over && self.sender.is_ready())
        })
        .await
    }
}

struct Driver {
    connection: Pin<Box<http1::Connection<TokioIo<Marked>, Full<Bytes>>>>,
    over: bool,
}

impl Driver {
    /// Moves the connection on. Its errors reach the waiting side by themselves.
    fn poll(&mut self, cx: &mut Context<'_>) {
        self.over = self.over || self.connection.as_mut().poll(cx).is_ready();
    }
}

/// An answer's body that moves its connection on when it needs more.
struct Driven<'a> {
    driver: &'a mut Driver,
    body: Incoming,
}

impl Body for Driven<'_> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        this.driver.poll(cx);
        Pin::new(&mut this.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is known about a connection below HTTP.
#[derive(Default)]
struct Marks {
    /// A byte came since the last request.
    answered: Cell<bool>,
    /// The next read asks the system first, even if no event came.
    probe: Cell<bool>,
}

/// The stream, with TLS or, for the benchmark, without.
pub(super) enum Line {
    Plain(Connection),
    Tls(Box<ClientStream<Connection>>),
}

impl Line {
    /// Whether an idle connection is open and silent. Anything to read means closed, or about to be.
    fn is_quiet(&self) -> bool {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0.get_ref(),
        };
        let mut byte = [std::mem::MaybeUninit::uninit()];
        SockRef::from(stream).peek(&mut byte).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

struct Marked {
    line: Line,
    marks: Rc<Marks>,
}

impl AsyncRead for Marked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.marks.probe.get() && !self.line.is_quiet() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let before = buffer.filled().len();
        let done = match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Line::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        ready!(done)?;
        if buffer.filled().len() > before {
            self.marks.answered.set(true);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Marked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Line::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            Line::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.line {
            Line::Plain(stream) => stream.is_write_vectored(),
            Line::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Line::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Line::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
