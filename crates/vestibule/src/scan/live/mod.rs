//! Live accounts.
