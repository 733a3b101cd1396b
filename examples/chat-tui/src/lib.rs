//! A chat in a terminal, over the Activities server. What is written in a tunnel stands on the screen at once and on the disk before it is
//! sent; a restart in the tunnel shows it again, and it arrives once.
//!
//! Three parts: `chat` knows what is said and what waits, `session` speaks with the client, `ui` draws.
#![forbid(unsafe_code)]

pub mod chat;
pub mod session;
pub mod ui;
