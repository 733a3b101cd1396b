//! The notes example: an app over axum and sqlx ([`app`]) to which Tidewire was added ([`live`]).
#![forbid(unsafe_code)]

pub mod app;
pub mod live;
