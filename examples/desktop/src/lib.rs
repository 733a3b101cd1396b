//! Activities in a window. The window's thread has no runtime and waits for nothing: the client brings a thread of its own, what is new
//! comes over a channel, and what is tapped stands on the screen at once and on the disk before it is sent.
//!
//! Three parts: `model` knows what activities are, which events change them and what can be done; `session` speaks with the client; `app`
//! draws.
#![forbid(unsafe_code)]

pub mod app;
pub mod model;
pub mod session;
