//! Tests of the byte border that need sample values of every type.

mod border;
mod codec;
mod record;
mod vectors;
