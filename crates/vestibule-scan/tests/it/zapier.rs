//! Tests of zapier.
