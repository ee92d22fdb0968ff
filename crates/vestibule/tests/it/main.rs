//! The integration tests of the binary, in one executable.

mod rules;
