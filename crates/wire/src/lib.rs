//! Tidewire's wire formats: Engine.IO 4 packets, Socket.IO 5 packets, the Tidewire dialect and its HTTP headers.
//!
//! Text in, values out, and back. This crate knows no socket, no clock, no session and no payload: JSON of the app is
//! passed through as raw text. It is what both sides share, so neither may depend on anything else to agree.
//!
//! A frame is read from the outside in: [`engine::parse`] takes the Engine.IO type off, [`socket::parse`] the Socket.IO
//! header; a client uses [`head::parse`], which does both and needs only the beginning of a frame. Encoders in [`socket`]
//! and [`dialect`] return whole frames, Engine.IO type included.
#![forbid(unsafe_code)]

mod answers;
pub mod dialect;
pub mod engine;
mod error;
pub mod head;
pub mod http;
pub mod inband;
pub mod json;
pub mod limits;
pub mod msgpack;
pub mod names;
pub mod socket;

pub use error::{FrameError, HeaderError};
