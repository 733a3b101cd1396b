//! Tidewire for Rust apps: a real-time connection that comes back by itself, events that are neither missed nor doubled, and
//! writes that survive the loss of network, process and power.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use tidewire::{Client, Write, store::FileStore};
//!
//! let client = Client::builder("http://127.0.0.1:4680")
//!     .user("ana")
//!     .token("eyJ...")
//!     .store(FileStore::open("state")?)
//!     .build()?;
//! client.connect().await?;
//!
//! let like = client.submit(Write::new("POST", "/api/activities/7/like")).await?;
//! like.durable().await?; // on disk: it will be sent, whatever happens
//! let answer = like.acknowledged().await?; // applied by the server, exactly once
//!
//! let mut events = client.events();
//! let room = client.join("activities").await?;
//! room.joined().await?;
//! while let Some(event) = events.next().await {
//!     println!("{} {}", event.name(), event.payload());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Beside sending, the queue offers: names that only the server can give ([`Client::temp_id`]), dependence and coalescing ([`Write`]),
//! definitions that outlive a build and decide about conflicts and lost answers ([`Mutation`]), a list of everything that waits
//! ([`Client::writes`]), retry, edit, discard and export, and leaving it ([`Client::logout`]).
//!
//! Live data: [`Client::query`] is what the server says at a path, kept right by [`Rules`] for events, shown with the own writes that wait.
//!
//! It runs within a tokio runtime or, without one, on a thread of its own; its futures may be awaited on any executor. Each error says
//! what to do next, and [`Fault`] who can do it.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `tls` | yes | `https` and `wss` with rustls; without it only `http` and `ws` origins are accepted |
//! | `encryption` | no | `store::EncryptedStore`: records sealed with AES-256-GCM |
//! | `network` | no | `watch_network`: the addresses of the system's interfaces tell when the network comes, goes and changes |
//! | `recording` | no | `Builder::record`: what was said to the engine, as a file for `tidewire replay` |
//!
//! # Inside
//!
//! All decisions are made by the engine, `tidewire-core`; this crate is its host on tokio. The modules, from the app
//! inwards: `client` and its handles; `host`, the task that owns the engine; `net` and [`store`], which touch the world.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The guide of `docs/guides/rust.md`, so that its snippets are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/rust.md")]
mod guide {}

mod builder;
mod cache;
mod client;
mod emit;
mod event;
mod fault;
mod handle;
mod host;
mod listen;
mod mutation;
mod names;
mod namespace;
mod net;
mod network;
mod query;
mod queue;
#[cfg(feature = "recording")]
mod record;
mod runtime;
mod status;
pub mod store;
mod token;
mod tokens;
mod typed;
mod write;

pub use builder::{BuildError, Builder};
pub use cache::{Entity, LayerWriter, Place, QueryKey, Rule, RuleContext, Rules};
pub use client::{Client, Closed, ConnectError, JoinError, RoomHandle, down};
pub use emit::{Acknowledgement, Args, EmitError, EmitOptions};
pub use event::{Event, Events, Heard, QUEUE, Queue};
pub use fault::Fault;
pub use handle::WriteHandle;
pub use listen::{ListenError, Listener};
pub use mutation::{Conflict, Decision, Doubt, Mutation, Verdict, WhenParked};
pub use names::{Renamed, TempId};
pub use namespace::{NamespaceError, NamespaceHandle};
pub use net::{Http, HttpAnswer, HttpError, HttpRequest, Origin, OriginError};
#[cfg(feature = "network")]
pub use network::{NetworkWatcher, watch_network};
pub use query::{Query, QueryError, QueryState, Reader};
pub use queue::{PassResult, Unsent, WriteInfo, WriteStage};
#[cfg(feature = "recording")]
pub use record::{RecordOptions, Recording};
pub use status::{Notice, Status};
pub use token::{Token, TokenAnswer};
pub use typed::{EventType, PayloadError, Typed, TypedEvents};
pub use write::{Answer, SubmitError, Write, WriteError};

pub use tidewire_core::{
    AppSignal, Blocked, ConnectionState, DownReason, EmitClass, Epoch, ForeignJoin, KeyStyle, NamespaceState,
    NetworkSignal, Note, Offset, OriginKind, OutboxStatus, ParkReason, PauseReason, Position,
    QuarantineReason, QueueLimits, Refusal, RoomId, RoomState, StoreError, Timestamp, WriteId,
};
