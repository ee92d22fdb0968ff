//! The client side of the local admin socket, for commands that run beside a server.
//!
//! One connection a call. Who may call is decided by the socket's permissions and by the server.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::body::{BodyError, read_frames};

/// Why a call to the server beside us failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    #[error("no server listens on the socket")]
    NoServer,
    #[error("the socket belongs to another user")]
    Denied,
    #[error("the server did not answer in time")]
    Slow,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the connection broke")]
    Broken,
}

impl LocalError {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoServer => "local.no_server",
            Self::Denied => "local.denied",
            Self::Slow => "local.slow",
            Self::TooLarge => "local.too_large",
            Self::Broken => "local.broken",
        }
    }
}

/// Sends one request (its URI a path) over the socket at `path` and reads the whole answer, at most `limit` bytes.
///
/// # Errors
/// [`LocalError`].
pub async fn call(
    path: &Path,
    request: Request<Full<Bytes>>,
    limit: usize,
    within: Duration,
) -> Result<Response<Bytes>, LocalError> {
    let deadline = Instant::now() + within;
    tokio::time::timeout_at(deadline, exchange(path, request, limit, deadline)).await.map_err(|_| LocalError::Slow)?
}

async fn exchange(
    path: &Path,
    request: Request<Full<Bytes>>,
    limit: usize,
    deadline: Instant,
) -> Result<Response<Bytes>, LocalError> {
    let stream = UnixStream::connect(path).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => LocalError::Denied,
        _ => LocalError::NoServer,
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| LocalError::Broken)?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await.map_err(|_| LocalError::Broken)?.into_parts();
        let bytes = read_frames(body, limit, deadline, |_| Ok(())).await.map_err(|error| match error {
            BodyError::TooLarge | BodyError::Budget => LocalError::TooLarge,
            BodyError::Slow => LocalError::Slow,
            BodyError::Broken => LocalError::Broken,
        })?;
        Ok(Response::from_parts(parts, bytes))
    };
    let (mut connection, mut answer) = (pin!(connection), pin!(answer));
    let mut over = false;
    poll_fn(|cx| {
        over = over || connection.as_mut().poll(cx).is_ready();
        answer.as_mut().poll(cx)
    })
    .await
}
