//! Keys, sealing, tokens, blind indexes and reveal: the only crate of Vestibule that can decrypt.
//!
//! It reaches neither network nor database nor file system, runs no async code and reads no clock: bytes, times and
//! [`draw::Draw`]s of randomness come in, bytes go out. `aws-lc-rs` is the only provider of primitives (the `age` crate,
//! used for backups alone, brings its own). Plaintext leaves in one way, [`reveal::Revealed::into_wire`], which consumes
//! the permit it was opened under.
//!
//! Where to read first: [`labels`] lists every derivation label, `context` how they are encoded, `sealbox` the one
//! way anything is sealed, [`record`] how the protected fields of an event lie in their row.
#![warn(missing_docs)]

pub mod apikey;
pub mod backup;
pub mod body;
mod bytes;
pub mod chain;
pub mod cobblestone;
mod context;
pub mod draw;
pub mod error;
pub mod file;
pub mod fingerprint;
pub mod index;
pub mod keyring;
pub mod keystore;
pub mod labels;
pub mod mac;
pub mod mark;
pub mod record;
pub mod reveal;
pub mod root;
pub mod rotation;
mod sealbox;
pub mod subject;
pub mod token;

pub use draw::Draw;
pub use error::VaultError;
pub use keyring::Keyring;
pub use keystore::{KeyStore, Kind};
pub use root::Root;
pub use subject::SubjectKey;

#[cfg(test)]
mod tests;
