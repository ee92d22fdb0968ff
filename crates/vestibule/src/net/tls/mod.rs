//! Everything that names rustls: server and client configurations, the trial certificate authority, and the
//! reasons why a handshake failed.
//!
//! Streams are generic, so that sockets are opened elsewhere. There is no switch to turn verification off.

mod client;
mod fault;
mod server;
mod single;
mod trial;

pub use client::{ClientStream, ClientTls};
pub use fault::{TlsError, TlsFault};
pub use server::{ServerStream, ServerTls};
pub use trial::{Issued, TrialCa, Validity};

#[cfg(test)]
mod tests;
