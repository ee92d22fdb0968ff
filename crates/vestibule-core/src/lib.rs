//! Words and rules of Vestibule, shared by every other crate.
//!
//! This crate does no I/O and holds no async code, no SQL, no cryptography, no clock and no randomness:
//! the same input gives the same output, always. What time it is, what the dice say and what a key makes of
//! some bytes are parameters. The vault computes what this crate says should be sealed, signed or compared.

pub mod audit;
pub mod category;
pub mod clock;
pub mod document;
pub mod id;
pub mod inflight;
pub mod names;
pub mod network;
pub mod outgoing;
pub mod policy;
pub mod problem;
pub mod protect;
pub mod retry;
pub mod runs;
pub mod scheme;
pub mod secret;
pub mod stage;
pub mod token;
