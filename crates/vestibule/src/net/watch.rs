//! What a server connection is doing and since when, told by its reads and writes; and the count of connections.
//!
//! One coarse clock a thread serves all its connections, so that no request needs a timer of its own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The phases that have a deadline each, and `Busy`, which has none here: the service sets its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The TLS handshake.
    Handshake,
    /// Open, and not a byte of a request yet.
    Fresh,
    /// A request head has begun.
    Head,
    /// A service is at work.
    Busy,
    /// The answer is being written, or the connection waits for the next request.
    Idle,
    /// The last answer is out and our side is closed; what the peer still sends is read and dropped.
    Leaving,
}

/// Bytes that a peer may still send after the last answer. One that sends more is not listening for it.
const LEAVING_BYTES: usize = 32 * 1024 * 1024;

/// The state of one connection.
pub(super) struct Watch {
    clock: Rc<Cell<Instant>>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    closing: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// Bytes dropped in [`Phase::Leaving`].
    dropped: Cell<usize>,
}

impl Watch {
    pub(super) fn new(clock: Rc<Cell<Instant>>, phase: Phase) -> Self {
        let since = Cell::new(clock.get());
        let (closing, waker, dropped) = (Cell::new(false), RefCell::new(None), Cell::new(0));
        Self { clock, phase: Cell::new(phase), since, closing, waker, dropped }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.clock.get());
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// How long nothing has happened in this phase.
    pub(super) fn age(&self) -> Duration {
        self.clock.get().saturating_duration_since(self.since.get())
    }

    /// Asks the connection to end after the request at hand.
    pub(super) fn close(&self) {
        self.closing.set(true);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Whether the connection was asked to end; remembers whom to wake when it is.
    pub(super) fn is_closing(&self, cx: &Context<'_>) -> bool {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        self.closing.get()
    }

    fn bytes_came(&self) {
        if matches!(self.phase.get(), Phase::Fresh | Phase::Idle) {
            self.enter(Phase::Head);
        }
    }

    fn bytes_left(&self) {
        if self.phase.get() == Phase::Idle {
            self.since.set(self.clock.get());
        }
    }

    /// Whether a peer that sent `bytes` more after its last answer has sent too many.
    fn drops(&self, bytes: usize) -> bool {
        self.dropped.set(self.dropped.get().saturating_add(bytes));
        self.dropped.get() > LEAVING_BYTES
    }
}

/// A stream that tells its [`Watch`] of every byte, and that closes without taking the last answer back.
pub(super) struct Watched<T> {
    pub(super) stream: T,
    pub(super) watch: Rc<Watch>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.watch.bytes_came();
        }
        done
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if done.is_ready() {
            self.watch.bytes_left();
        }
        done
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        if done.is_ready() {
            self.watch.bytes_left();
        }
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes our side, then reads on until the peer has closed too, sent too much, or used up its time: to close over
    /// bytes that nobody read resets the connection, and the peer, still sending, would never see why it was refused
    /// (RFC 9112, section 9.6). A server that stops waits for no peer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, watch } = &mut *self;
        if watch.phase() != Phase::Leaving {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            watch.enter(Phase::Leaving);
        }
        let mut memory = [const { MaybeUninit::uninit() }; 8192];
        loop {
            let mut buffer = ReadBuf::uninit(&mut memory);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && !watch.drops(buffer.filled().len()) => {}
                Poll::Pending if !watch.is_closing(cx) => return Poll::Pending,
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Counts connections, in all and by address, over all threads of a server. Touched when one opens or ends only.
pub(super) struct Gate {
    limit: usize,
    limit_per_ip: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    total: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// One connection's place, given back when dropped.
pub(super) struct Pass {
    gate: Arc<Gate>,
    ip: Option<IpAddr>,
}

impl Gate {
    pub(super) fn new(limit: usize, limit_per_ip: usize) -> Arc<Self> {
        Arc::new(Self { limit, limit_per_ip, inside: Mutex::default() })
    }

    /// A place for one more connection, unless all places, or those of its address, are taken. Local sockets
    /// have no address and count in the total only.
    pub(super) fn enter(self: &Arc<Self>, ip: Option<IpAddr>) -> Option<Pass> {
        let ip = ip.map(network_of);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.total >= self.limit {
            return None;
        }
        if let Some(ip) = ip {
            let count = inside.by_ip.entry(ip).or_default();
            if *count >= self.limit_per_ip {
                return None;
            }
            *count += 1;
        }
        inside.total += 1;
        Some(Pass { gate: self.clone(), ip })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.total = inside.total.saturating_sub(1);
        let Some(ip) = self.ip else { return };
        if let Some(count) = inside.by_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                inside.by_ip.remove(&ip);
            }
        }
    }
}

/// An IPv6 subscriber holds a /64, so that is what counts as one address.
fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn the_gate_counts_in_all_and_by_network() {
        let gate = Gate::new(3, 2);
        let ip = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        let first = gate.enter(ip("2001:db8::1")).expect("a place");
        let second = gate.enter(ip("2001:db8::2")).expect("a place");
        assert!(gate.enter(ip("2001:db8::3")).is_none(), "one /64 is one address");
        let third = gate.enter(ip("2001:db8:0:1::1")).expect("a place");
        assert!(gate.enter(ip("192.0.2.1")).is_none(), "the total is full");
        drop(first);
        let fourth = gate.enter(ip("192.0.2.1")).expect("a place");
        drop((second, third, fourth));
        assert!(gate.inside.lock().expect("not poisoned").by_ip.is_empty());
        assert_eq!(gate.inside.lock().expect("not poisoned").total, 0);
    }
}
