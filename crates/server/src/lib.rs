//! Socket.IO server with history and exactly-once writes for axum.
#![forbid(unsafe_code)]

pub mod auth;
mod base;
pub mod event;
pub mod front;
pub mod settings;
pub mod socket;
pub mod store;
pub mod write;
