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
//!
//! ```
//! use tidewire_core::*;
//!
//! # let mut written = Vec::new();
//! let now = Now { mono: Timestamp(0), wall: WallTime(1_790_000_000_000) };
//! let mut engine = Engine::new(Config::new("app|prod|ana".into()), [7; 32], now);
//!
//! let write = Submission { method: "POST".into(), path: "/api/activities/7/like".into(), ..Submission::default() };
//! engine.command(Command::Submit { write }, now).expect("accepted");
//! engine.handle(Input::Leader { epoch: LeaderEpoch(1) }, now);
//!
//! while let Some(output) = engine.poll_output() {
//!     match output {
//!         Output::Load { load } => engine.handle(Input::Loaded { load, records: vec![] }, now),
//!         Output::Persist { persist, key, .. } => {
//!             written.push(key); // ... to the disk, and then:
//!             engine.handle(Input::Persisted { persist }, now);
//!         }
//!         Output::Fetch { request, .. } => assert_eq!(request.path, "/api/activities/7/like"),
//!         _ => {}
//!     }
//! }
//! # assert_eq!(written.len(), 3); // the client id, the record, its claim
//! // Then sleep until `engine.poll_timeout()`, and hand in `Input::Timeout {}`.
//! assert!(engine.poll_timeout().is_some());
//! ```
#![forbid(unsafe_code)]

mod connection;
mod ctx;
mod emits;
mod engine;
mod facts;
mod gather;
pub mod ids;
pub mod io;
pub mod limits;
mod map;
mod outbox;
mod rng;
pub mod secret;
mod sync;
mod timers;

pub use engine::{Config, Engine, ForeignJoin, KeyStyle, OriginKind, OriginRule, QueueLimits, Server};
pub use ids::*;
pub use io::*;
pub use secret::{Blob, Payload};
pub use timers::TimerKind;
