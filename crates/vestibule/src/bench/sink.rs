//! The checking backend: stands where nginx stands in the measured part, for a
//! few requests only, and keeps what it receives, so that a gateway that does
//! not restore the real values or inject the credential cannot win. Not fast,
//! and never under load.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::BenchError;
use super::people;
use crate::net::tls::ServerTls;

/// One request as the backend got it.
pub(super) struct Received {
    /// Value of its `authorization` header.
    pub(super) credential: Option<String>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Sink {
    addr: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Listens on a free loopback port.
    pub(super) fn start(tls: Option<ServerTls>) -> Result<Self, BenchError> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let received = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let log = Arc::clone(&received);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("bench-sink".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(listener, tls, log) => {}
                }
            });
        })?;
        Ok(Self { addr, received, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What came in so far, and forgets it.
    pub(super) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, tls: Option<ServerTls>, log: Arc<Mutex<Vec<Received>>>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (tcp, _) = listener.accept().await?;
        let (tls, log) = (tls.clone(), Arc::clone(&log));
        tokio::spawn(async move {
            match tls {
                None => serve(tcp, &log).await,
                Some(tls) => {
                    let stream = tls.accept(tcp).await.map_err(|fault| io::Error::other(fault.name()))?;
                    serve(stream, &log).await
                }
            }
        });
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, log: &Mutex<Vec<Received>>) -> io::Result<()> {
    let answer = people::answer();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
    let mut bytes = Vec::new();
    loop {
        let Some((request, used)) = complete(&bytes) else {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        bytes.drain(..used);
        log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}

/// The first whole request in these bytes, and its length.
fn complete(bytes: &[u8]) -> Option<(Received, usize)> {
    let end = memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let header = |wanted: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").map_or(Some(0), |l| l.parse().ok())?;
    let used = end + 4 + length;
    let body = bytes.get(end + 4..used)?.to_vec();
    let credential = header("authorization");
    Some((Received { credential, body }, used))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::certs::Certificates;
    use super::super::load::{Check, send_each};
    use super::super::requests::Calls;
    use super::super::wire::Target;
    use super::*;

    fn round(tls: bool) {
        let certificates = Certificates::new().unwrap();
        let sink = Sink::start(tls.then(|| certificates.server().unwrap())).unwrap();
        let target = Target { party: "sink", addr: sink.addr(), tls: tls.then(|| certificates.client().unwrap()) };
        let rows = [people::values(5), people::values(6)];
        let calls = Calls::new(sink.addr(), "/x", "k", &rows);
        send_each(&target, calls, 3, Check::Unchanged).unwrap();
        let received = sink.take();
        assert_eq!(received.len(), 3);
        for (request, person) in received.iter().zip([5, 6, 5]) {
            assert_eq!(request.body, people::call(&people::values(person)));
            assert_eq!(request.credential.as_deref(), Some("Bearer k"));
        }
        assert!(sink.take().is_empty());
    }

    #[test]
    fn keeps_what_it_received() {
        round(false);
    }

    #[test]
    fn keeps_what_it_received_over_tls() {
        round(true);
    }
}
