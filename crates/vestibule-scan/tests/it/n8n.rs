//! Tests of n8n.
