//! The server's pure half: sessions, rooms, positions in their histories, presence, slow readers.
//!
//! Facts go in ([`Input`]), effects come out ([`Output`]). The hub never reads a clock, a random number, a socket or a
//! database, and never parses an application payload.
//!
//! # The run loop
//!
//! A host does this, and nothing else, for ever:
//!
//! 1. It hands the hub one [`Input`] with [`Hub::handle`].
//! 2. It drains [`Hub::poll_output`] until `None` and performs the outputs in that order. None of them calls back into
//!    the hub while it is performed: what results is a later input.
//! 3. It asks [`Hub::poll_timeout`] and arranges for [`Input::Timeout`] at that time, replacing any earlier arrangement.
//!
//! Every question (`Authenticate`, `Authorize`, `ReadHead`, `ReadHistory`, `Dispatch`) carries an id that comes back in
//! its answer; each is answered once (a `Dispatch` of several events once for each), and answers with an unknown id are
//! ignored. Committed events are handed in only after their transaction is visible to `ReadHead` and `ReadHistory`, in the
//! order of their offsets.
#![forbid(unsafe_code)]

mod acks;
mod audit;
mod connect;
mod emit;
mod event;
mod farewell;
mod feed;
mod frames;
mod hub;
mod ids;
mod io;
mod join;
pub mod limits;
mod msgpack;
mod presence;
mod rate;
mod recovery;
mod room;
mod session;
mod streams;
mod timers;
mod token;

pub use event::{Frame, RoomEvent};
pub(crate) use hub::Asked;
pub use hub::{Config, Hub};
pub use ids::*;
pub use io::*;
pub use rate::{Bucket, Rate};
