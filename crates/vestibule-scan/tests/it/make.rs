//! Tests of make.
