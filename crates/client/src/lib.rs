//! Tidewire for Rust apps.
#![forbid(unsafe_code)]

pub mod store;
