//! A party behind the gateway, over TLS on loopback: the platform's webhook or a destination. It keeps every byte it
//! gets, and answers what the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use vestibule::net::tls::ServerTls;

/// What a test waits for comes within this time, or never.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Head and body, byte for byte.
    pub raw: Vec<u8>,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the party does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with these bytes.
    Bytes(Vec<u8>),
    /// Keeps the connection and says nothing.
    Silence,
    /// Closes the connection without a word.
    Close,
}

impl Reply {
    pub fn status(status: u16) -> Reply {
        Reply::with(status, &[], b"")
    }

    pub fn json(status: u16, body: &str) -> Reply {
        Reply::with(status, &[("content-type", "application/json")], body.as_bytes())
    }

    pub fn with(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut out = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len()).into_bytes();
        for (name, value) in headers {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        out.extend(b"\r\n");
        out.extend(body);
        Reply::Bytes(out)
    }
}

type Behaviour = Box<dyn FnMut(&Seen) -> Reply + Send>;

struct State {
    seen: Mutex<Vec<Seen>>,
    arrived: Condvar,
    next: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Behaviour>,
}

/// The party. It stops when dropped.
pub struct Peer {
    pub address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Peer {
    /// A party on a free port that answers `otherwise` to everything.
    pub fn start(tls: ServerTls, otherwise: Reply) -> Peer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            seen: Mutex::default(),
            arrived: Condvar::new(),
            next: Mutex::default(),
            otherwise: Mutex::new(Box::new(move |_| otherwise.clone())),
        });
        let (stop, mut stopped) = watch::channel(false);
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                loop {
                    tokio::select! {
                        Ok((stream, _)) = listener.accept() => {
                            let (tls, state) = (tls.clone(), Arc::clone(&shared));
                            tokio::task::spawn_local(async move {
                                if let Ok(stream) = tls.accept(stream).await {
                                    serve(stream, &state).await;
                                }
                            });
                        }
                        _ = stopped.changed() => return,
                    }
                }
            });
        });
        Peer { address, state, stop, thread: Some(thread) }
    }

    /// What the next requests get, each one of these.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.next.lock().unwrap().extend(replies);
    }

    /// What every other request gets.
    pub fn otherwise(&self, behaviour: impl FnMut(&Seen) -> Reply + Send + 'static) {
        *self.state.otherwise.lock().unwrap() = Box::new(behaviour);
    }

    /// Everything it got so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.state.seen.lock().unwrap().len()
    }

    /// Waits until it has got this many requests, and hands back all of them.
    pub fn wait_for(&self, count: usize) -> Vec<Seen> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.state.seen.lock().unwrap();
        while seen.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} requests came", seen.len());
            seen = self.state.arrived.wait_timeout(seen, left).unwrap().0;
        }
        seen.clone()
    }

    /// Waits for one request more than `before`, and hands it back.
    pub fn wait_after(&self, before: usize) -> Seen {
        self.wait_for(before + 1)[before].clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn serve<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(mut stream: T, state: &State) {
    let mut buffer = Vec::new();
    while let Some(seen) = read(&mut stream, &mut buffer).await {
        let reply = state.next.lock().unwrap().pop_front();
        let reply = reply.unwrap_or_else(|| (state.otherwise.lock().unwrap())(&seen));
        state.seen.lock().unwrap().push(seen);
        state.arrived.notify_all();
        match reply {
            Reply::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Reply::Silence => {
                // until the gateway has had enough and closes
                let _end = stream.read(&mut [0]).await;
                return;
            }
            Reply::Close => return,
        }
    }
}

async fn read<T: tokio::io::AsyncRead + Unpin>(stream: &mut T, buffer: &mut Vec<u8>) -> Option<Seen> {
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(seen) = whole(buffer) {
            return Some(seen);
        }
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        buffer.extend(&chunk[..count]);
    }
}

fn whole(buffer: &mut Vec<u8>) -> Option<Seen> {
    let head_end = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    if buffer.len() < head_end + length {
        return None;
    }
    let rest = buffer.split_off(head_end + length);
    let raw = std::mem::replace(buffer, rest);
    Some(Seen { method, target, headers, body: raw[head_end..].to_vec(), raw })
}
