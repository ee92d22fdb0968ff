//! The auditor as a whole: readers over fixtures and published files, checks over theirs, credentials over the labelled corpus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod checks;
mod corpus;
mod files;
mod make;
mod n8n;
mod rewire;
mod zapier;
