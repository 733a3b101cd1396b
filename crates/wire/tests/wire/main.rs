//! Tests of the wire formats, in one binary: golden vectors, limits, properties, errors.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod errors;
mod inband;
mod limits;
mod properties;
mod retry_after;
mod support;
mod vectors;
