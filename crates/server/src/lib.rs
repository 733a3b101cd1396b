//! Socket.IO server with history and exactly-once writes for axum.
#![forbid(unsafe_code)]

pub mod auth;
mod base;
pub mod event;
pub mod front;
pub mod mount;
pub mod settings;
pub mod socket;
pub mod store;
mod websocket;
pub mod write;

/// What the documentation shows is compiled.
#[cfg(doctest)]
mod docs {
    #[doc = include_str!("../../../docs/server/mount.md")]
    mod mount {}
    #[doc = include_str!("../../../docs/server/configure.md")]
    mod configure {}
    #[doc = include_str!("../../../docs/server/backup.md")]
    mod backup {}
    #[doc = include_str!("../../../docs/server/upgrade.md")]
    mod upgrade {}
}
