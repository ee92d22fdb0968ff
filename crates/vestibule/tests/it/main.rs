//! The integration tests of the binary, in one executable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod answers;
mod bad_input;
mod both_ways;
mod canary;
mod crash;
mod delivery;
mod erasure;
mod first_steps;
mod forged;
mod idempotency;
mod interop;
mod keys;
mod outbound;
mod people;
mod replay;
mod review;
mod rotation;
mod rules;
mod scan;
mod scan_live;
mod scan_plan;
mod world;
