//! The Tidewire engine: connection, durable outbox and cache sync as one pure state machine.
//!
//! Facts go in ([`Input`], [`Command`]), effects come out ([`Output`]). The engine never reads a clock, a random
//! number, a socket or a disk, and never parses an application payload.
//!
//! # The run loop
//!
//! A host does this, and nothing else, for ever:
//!
//! 1. It hands the engine one [`Input`] with [`Engine::handle`], or one [`Command`] with [`Engine::command`].
//! 2. It drains [`Engine::poll_output`] until `None` and performs the outputs in that order. None of them calls back into the
//!    engine while it is performed: what results is a later input.
//! 3. It asks [`Engine::poll_timeout`] and arranges for [`Input::Timeout`] at that time, replacing any earlier arrangement.
//!
//! Every `Open`, `Fetch`, `FetchAuth`, `Load` and `Persist` carries an id that comes back in its answer. Answers with an unknown id are
//! ignored, so a host needs no care with late ones.
#![forbid(unsafe_code)]

mod connection;
mod ctx;
mod emits;
mod engine;
mod facts;
pub mod ids;
pub mod io;
pub mod limits;
mod outbox;
mod rng;
pub mod secret;
mod sync;
mod timers;

pub use engine::{Config, Engine, Server};
pub use ids::*;
pub use io::*;
pub use secret::{Blob, Payload};
pub use timers::TimerKind;
