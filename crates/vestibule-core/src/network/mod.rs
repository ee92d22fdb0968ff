//! Where outbound connections may go: classes of addresses, and the strict reading of a configured origin.
//!
//! Pure rules. Nothing here resolves a name or opens a socket; the outbound client of the binary asks these
//! functions before it connects, and the configuration asks them when it is loaded.

mod address;
mod origin;
mod origin_error;
mod punycode;

pub use address::{AddressClass, classify, is_metadata};
pub use origin::{Host, Origin, check_pinned, is_path};
pub use origin_error::OriginError;
