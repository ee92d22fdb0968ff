//! What the words of Vestibule promise, seen through the public interface only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod generate;
mod jsontestsuite;
mod matching;
mod rewriting;
