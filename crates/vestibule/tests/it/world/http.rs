//! HTTP as bytes: requests written and answers read by hand, so that a test can send what no client library would.
//!
//! It speaks HTTP/1.1 with `Content-Length` only; that is all the gateway answers with.

use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vestibule::net::tls::ClientTls;

/// The name in the gateway's certificate.
pub const GATE: &str = "gate.test";

/// A request, in the parts that a test wants to change.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Request {
        Request { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// One more header, even if there is one of this name.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Without every header of this name.
    pub fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With this header instead of every one of its name.
    pub fn with(self, name: &str, value: &str) -> Request {
        self.without(name).header(name, value)
    }

    pub fn json(self, body: impl Into<Vec<u8>>) -> Request {
        self.typed("application/json", body)
    }

    pub fn typed(self, media_type: &str, body: impl Into<Vec<u8>>) -> Request {
        let mut request = self.with("content-type", media_type);
        request.body = body.into();
        request
    }

    /// The bytes on the wire. A length is written unless the request frames itself.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\nhost: {GATE}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        let framed = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding"));
        if !framed {
            out.extend(format!("content-length: {}\r\n", self.body.len()).bytes());
        }
        out.extend(b"\r\n");
        out.extend(&self.body);
        out
    }
}

/// An answer, and the bytes it came as.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub raw: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON in {}: {}", self.status, self.text()))
    }

    /// The code of a problem body; empty where there is none.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// A connection to the gateway.
pub struct Connection {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Connection {
    pub async fn tls(address: SocketAddr, tls: &ClientTls) -> Connection {
        let stream = TcpStream::connect(address).await.expect("the gateway accepts");
        let stream = tls.connect(GATE, stream).await.expect("the gateway's certificate verifies");
        Connection { stream: Box::new(stream), unread: Vec::new() }
    }

    pub async fn plain(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("the gateway accepts");
        Connection { stream: Box::new(stream), unread: Vec::new() }
    }

    /// Writes bytes; a peer that has closed already is told by the next read.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await;
        let _gone = self.stream.flush().await;
    }

    /// Says that nothing more will come.
    pub async fn finish(&mut self) {
        let _gone = self.stream.shutdown().await;
    }

    /// The next answer; none if the connection ends before it is whole.
    pub async fn read(&mut self) -> Option<Answer> {
        let head_end = loop {
            if let Some(at) = memchr::memmem::find(&self.unread, b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.unread[..head_end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        while self.unread.len() < head_end + length {
            self.more().await?;
        }
        let rest = self.unread.split_off(head_end + length);
        let raw = std::mem::replace(&mut self.unread, rest);
        Some(Answer { status, headers, body: raw[head_end..].to_vec(), raw })
    }

    /// Every answer until the connection ends.
    pub async fn read_all(&mut self) -> Vec<Answer> {
        let mut out = Vec::new();
        while let Some(answer) = self.read().await {
            out.push(answer);
        }
        out
    }

    pub async fn send(&mut self, request: &Request) -> Option<Answer> {
        self.write(&request.bytes()).await;
        self.read().await
    }

    async fn more(&mut self) -> Option<()> {
        let mut chunk = [0; 16 * 1024];
        let count = self.stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        self.unread.extend(&chunk[..count]);
        Some(())
    }
}
