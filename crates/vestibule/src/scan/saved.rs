//! Saved results.
