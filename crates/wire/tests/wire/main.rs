//! Tests of the wire formats, in one binary: golden vectors, limits, properties, errors.

mod errors;
mod limits;
mod properties;
mod support;
mod vectors;
