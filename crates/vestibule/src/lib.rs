//! The binary of Vestibule: sockets, files, time and wiring.
//!
//! The two paths are [`ingress`] (data in) and [`egress`] (data out); read `ingress::accept` and `egress::call` first.
//! [`app`] is what all threads share, [`gateway`] what runs. What a request may do is decided in `vestibule-core`, what
//! is secret is done in `vestibule-vault`, what is kept is kept by `vestibule-store`.

pub mod admin;
pub mod app;
pub mod bench;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod dev;
pub mod egress;
pub mod files;
pub mod gateway;
pub mod ingress;
pub mod jobs;
pub mod net;
pub mod ops;
pub mod respond;
pub mod scan;
pub mod system;
pub mod terminal;
