//! Document tests.
