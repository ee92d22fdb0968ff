//! Accounts at Make and n8n: what is asked for, what becomes of the answers, and what is kept of an audit.
//!
//! The platforms are parties on loopback that answer as the vendors document it; no live account was ever met.

mod n8n;
mod make;
mod platform;
mod saved;
