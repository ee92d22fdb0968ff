//! The auditor of Make scenarios, Zaps and n8n workflows.
//!
//! [`scan`] is the main path: bytes become a [`source::Source`], a source becomes [`model::Scenario`] graphs, every check looks at each
//! graph, and what it finds is a [`Finding`] with a place, a reason and a remedy. Readers know one platform each and no check; checks
//! know the graph and no platform's syntax; outputs know findings only.
//!
//! It opens no file and no connection, asks no clock and has no cryptography: bytes, today's date and the keyed mark that stands for a
//! secret value come from the caller. It never prints a value.

pub mod baseline;
pub mod check;
pub mod credential;
pub mod expression;
pub mod finding;
mod hash;
pub mod model;
pub mod output;
pub mod personal;
pub mod remedy;
mod run;
pub mod source;
pub mod suppress;
pub mod vendor;

pub use finding::{Confidence, Coverage, Finding, Severity};
pub use run::{Scanned, Settings, Visit, across, scan};
