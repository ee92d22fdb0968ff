//! Opening listening sockets: shared between the threads of one server, refused to a second server.

use std::fmt::Display;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::ServerError;

const BACKLOG: i32 = 1024;

/// One listening socket a thread, all on one address. `SO_REUSEPORT` would let another server of this user join
/// in unseen, so a socket without it asks first whether the address is free.
pub(super) fn tcp(address: SocketAddr, threads: usize) -> Result<Vec<Socket>, ServerError> {
    shared(address, threads).map_err(|error| refused(address, error))
}

fn shared(address: SocketAddr, threads: usize) -> io::Result<Vec<Socket>> {
    if address.port() != 0 {
        drop(bound(address, false)?);
    }
    let mut address = address;
    let mut sockets = Vec::with_capacity(threads);
    for _ in 0..threads {
        let socket = bound(address, threads > 1)?;
        if let Some(bound) = socket.local_addr()?.as_socket() {
            address = bound;
        }
        sockets.push(socket);
    }
    for socket in &sockets {
        socket.listen(BACKLOG)?;
    }
    Ok(sockets)
}

/// A local socket for this user only: it gets its permissions before it listens, and until then nobody can connect.
pub(super) fn local(path: &Path) -> Result<Socket, ServerError> {
    let failed = |error| refused(path.display(), error);
    let address = SockAddr::unix(path).map_err(failed)?;
    if let Ok(found) = fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(ServerError::NotASocket);
        }
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
        if probe.connect(&address).is_ok() {
            return Err(failed(io::ErrorKind::AddrInUse.into()));
        }
        fs::remove_file(path).map_err(failed)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    socket.bind(&address).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    socket.listen(BACKLOG).map_err(failed)?;
    Ok(socket)
}

fn bound(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // without this a restart has to wait for the last connections of the former process to fade
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

pub(super) fn refused(at: impl Display, error: io::Error) -> ServerError {
    let at = at.to_string();
    if error.kind() == io::ErrorKind::AddrInUse { ServerError::InUse { at } } else { ServerError::Bind { at, error } }
}
