//! One keep-alive HTTP/1.1 connection of the load generator: writes prepared
//! bytes, reads one answer. As small as can be, because it shares the machine
//! with what is measured: no pipelining, no chunked answers, no redirects, no
//! reconnecting. Connects to the loopback peers of a run only.

use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::certs;
use super::error::BenchError;
use crate::net::tls::ClientTls;

/// Longest answer, head and body.
const LONGEST: usize = 64 * 1024;

/// Where a load goes.
#[derive(Clone)]
pub(super) struct Target {
    /// Name in reports.
    pub(super) party: &'static str,
    pub(super) addr: SocketAddr,
    /// TLS to `localhost`, or plain.
    pub(super) tls: Option<ClientTls>,
}

/// An answer, borrowed from the connection's buffer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

pub(super) struct Connection {
    party: &'static str,
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(target: &Target) -> Result<Self, BenchError> {
        let broken = |error: io::Error| broken(target.party, &error);
        let tcp = TcpStream::connect(target.addr).await.map_err(broken)?;
        tcp.set_nodelay(true).map_err(broken)?;
        let stream: Box<dyn Stream> = match &target.tls {
            None => Box::new(tcp),
            Some(tls) => Box::new(
                tls.connect(certs::NAME, tcp)
                    .await
                    .map_err(|fault| BenchError::Broken { party: target.party, reason: format!("TLS: {}", fault.name()) })?,
            ),
        };
        Ok(Self { party: target.party, stream, buffer: vec![0; 8 * 1024] })
    }

    /// Sends one request and reads its whole answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, BenchError> {
        let party = self.party;
        self.stream.write_all(request).await.map_err(|error| broken(party, &error))?;
        let mut filled = 0;
        let head = loop {
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(room).await.map_err(|error| broken(party, &error))?;
            if read == 0 {
                return Err(broken(party, &io::ErrorKind::UnexpectedEof.into()));
            }
            filled += read;
            let seen = self.buffer.get(..filled).unwrap_or_default();
            match Head::parse(seen) {
                Parsed::Head(head) if head.end + head.length == filled => break head,
                Parsed::Head(head) if head.end + head.length < filled => {
                    return Err(malformed(party));
                }
                Parsed::Malformed => return Err(malformed(party)),
                Parsed::Head(_) | Parsed::Short => {}
            }
            if filled == self.buffer.len() {
                if filled >= LONGEST {
                    return Err(malformed(party));
                }
                self.buffer.resize(filled * 2, 0);
            }
        };
        let body = self.buffer.get(head.end..filled).unwrap_or_default();
        Ok(Answer { status: head.status, body })
    }
}

/// Whether something accepts connections there.
pub(super) fn listens(addr: SocketAddr) -> bool {
    StdStream::connect_timeout(&addr, Duration::from_secs(1)).is_ok()
}

struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    length: usize,
}

enum Parsed {
    Short,
    Malformed,
    Head(Head),
}

impl Head {
    fn parse(bytes: &[u8]) -> Parsed {
        let Some(last) = memmem::find(bytes, b"\r\n\r\n") else {
            return Parsed::Short;
        };
        let head = bytes.get(..last).and_then(|h| std::str::from_utf8(h).ok());
        match head.and_then(|head| Self::of(head, last + 4)) {
            Some(head) => Parsed::Head(head),
            None => Parsed::Malformed,
        }
    }

    fn of(head: &str, end: usize) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let mut length = None;
        for line in lines {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse().ok()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return None;
            }
        }
        let length = match (length, status) {
            (Some(length), _) => length,
            (None, 204) => 0,
            (None, _) => return None,
        };
        Some(Self { status, end, length })
    }
}

fn broken(party: &'static str, error: &io::Error) -> BenchError {
    BenchError::Broken { party, reason: error.to_string() }
}

fn malformed(party: &'static str) -> BenchError {
    BenchError::WrongAnswer { party, reason: "an HTTP/1.1 answer with a content length" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(u16, usize, usize)> {
        match Head::parse(text.as_bytes()) {
            Parsed::Head(head) => Some((head.status, head.end, head.length)),
            Parsed::Short | Parsed::Malformed => None,
        }
    }

    #[test]
    fn heads_are_read() {
        let text = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(parse(text), Some((200, text.len() - 5, 5)));
        let text = "HTTP/1.1 503 Busy\r\ncontent-length:0\r\n\r\n";
        assert_eq!(parse(text), Some((503, text.len(), 0)));
        let text = "HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(parse(text), Some((204, text.len(), 0)));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for text in [
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
            "HTTP/1.1 2",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
