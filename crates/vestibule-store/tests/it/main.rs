//! What every backend of the store must do, seen through its public interface only.
//!
//! Only `support::Fixture` knows which backend runs; a second backend is a second fixture.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod accept;
mod backup;
mod batch;
mod deliveries;
mod erasure;
mod full;
mod idempotency;
mod keys;
mod log;
mod moment;
mod opening;
mod replay;
mod rewrap;
mod scan;
mod support;
