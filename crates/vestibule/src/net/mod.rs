//! Sockets: the listeners, TLS, bodies read into memory, and the one client for outbound connections.
//!
//! [`server`] and [`outbound`] are the only files that name TCP sockets, [`server`] and [`local`] the only ones
//! that name Unix sockets, and [`tls`] the only folder that names rustls. No proxy variable of the environment is
//! read anywhere. What a request means is decided elsewhere; here are only connections, limits and deadlines.

pub mod body;
pub mod local;
pub mod outbound;
pub mod server;
pub mod tls;

mod alarm;
mod watch;

#[cfg(test)]
mod ssrf_tests;
#[cfg(test)]
mod testing;
