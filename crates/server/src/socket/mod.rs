//! The socket half of the server: Engine.IO and Socket.IO over WebSocket and long-polling, mounted into any axum app, around the hub.
//! It knows no database and no HTTP API.

mod access;
mod connection;
mod context;
mod core;
mod handlers;
mod http;
mod mailbox;
mod packet;
mod polling;
mod questions;
mod random;
mod tally;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_hub::{Ephemeral, Hub, Input, Json, RoomId, SessionId, UserId};
use tokio::sync::{mpsc, watch};

pub use access::{Access, Denied, RoomAuthorizer};
pub use context::{AckError, BroadcastError, Context};
pub use packet::Packet;
pub use tidewire_hub::{Config, Farewell, Millis, Rate};

pub use crate::front::serve;

use self::core::{App, Core};
use crate::auth::{Authenticator, User};
use crate::event::{History, RoomEvent};
use handlers::Handlers;
use polling::Polls;
use tally::{Gauges, Tally};

/// The namespace that every connection begins with.
const MAIN: &str = "/";
/// Where Socket.IO's own clients look.
const PATH: &str = "/socket.io";

/// Something without which there is no socket server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(&'static str);

impl Missing {
    pub(crate) const AUTHENTICATOR: Missing = Missing("an authenticator");
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the socket server needs {}: give it to the builder", self.0)
    }
}

impl std::error::Error for Missing {}

/// What a socket server is made of. See [`SocketServer::builder`].
#[derive(Default)]
#[must_use]
pub struct Builder {
    authenticator: Option<Arc<dyn Authenticator>>,
    authorizer: Option<Arc<dyn RoomAuthorizer>>,
    history: Option<Arc<dyn History>>,
    feed: Option<mpsc::UnboundedReceiver<Vec<RoomEvent>>>,
    handlers: Handlers,
    config: Config,
    origins: Option<Vec<String>>,
    path: Option<String>,
    deflate: bool,
}

impl Builder {
    /// Who is who.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Who may be in which room.
    pub fn authorizer(mut self, authorizer: Arc<dyn RoomAuthorizer>) -> Self {
        self.authorizer = Some(authorizer);
        self
    }

    /// What rooms have seen.
    pub fn history(mut self, history: Arc<dyn History>) -> Self {
        self.history = Some(history);
        self
    }

    /// What is committed from now on: the other end of the channel that the store was opened with. Each transaction's
    /// events must be visible in the history before they are sent here.
    pub fn feed(mut self, feed: mpsc::UnboundedReceiver<Vec<RoomEvent>>) -> Self {
        self.feed = Some(feed);
        self
    }

    /// Handles an event of clients. `payload` is its first argument, `null` if it has none; the returned value is the
    /// acknowledgement's, if the client asked for one. The connection's next event waits until this one is handled. A
    /// handler must not block its thread: it may run on the task of this connection or of another one.
    pub fn on<F, R>(mut self, name: &str, handler: F) -> Self
    where
        F: Fn(Context, Value) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Value>> + Send + 'static,
    {
        self.handlers.add(MAIN, name, handler);
        self
    }

    /// Like [`Builder::on`], with types of the app's own. A first argument that is none of its type is answered with
    /// `{"error":"BadRequest"}`, and the handler does not hear of it.
    pub fn on_typed<P, A, F, R>(mut self, name: &str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Context, P) -> R + Send + Sync + 'static,
        R: Future<Output = Option<A>> + Send + 'static,
    {
        self.handlers.add(MAIN, name, handler);
        self
    }

    /// Like [`Builder::on`], with all arguments and attachments, and those of the acknowledgement; `None` does not
    /// acknowledge.
    pub fn on_packet<F, R>(mut self, name: &str, handler: F) -> Self
    where
        F: Fn(Context, Packet) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Packet>> + Send + 'static,
    {
        self.handlers.add_packet(MAIN, name, handler);
        self
    }

    /// Runs when somebody has got a session, before their first event is handled.
    pub fn on_connect<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.handlers.add_connect(MAIN, handler);
        self
    }

    /// One more namespace, with handlers of its own. It has no rooms.
    pub fn namespace(
        mut self,
        name: &str,
        describe: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.handlers.add_namespace(name);
        let described = describe(NamespaceBuilder { name: name.to_owned(), handlers: self.handlers });
        self.handlers = described.handlers;
        self
    }

    /// Clients may speak MessagePack (`socket.io-msgpack-parser`); which one does shows by its first packet.
    pub fn msgpack(mut self) -> Self {
        self.config.msgpack = true;
        self
    }

    /// Socket.IO's own recovery of sessions, for clients that do not speak the dialect: for two minutes a client that comes
    /// back goes on where it was, and every event has one more argument, an offset.
    pub fn recovery(mut self) -> Self {
        self.config.recovery = true;
        self
    }

    /// Compresses messages from 256 bytes on (permessage-deflate) for clients that offer it, as browsers do. Each message stands
    /// for itself, so a connection costs no more memory; what it costs is time. Off unless this is called. Do not let secrets and what others
    /// may choose stand in one message.
    pub fn deflate(mut self) -> Self {
        self.deflate = true;
        self
    }

    /// Served at this path instead of `/socket.io`.
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.trim_end_matches('/').to_owned());
        self
    }

    /// Other limits and times than the defaults.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Members of this room are told `user:online` and `user:offline`.
    pub fn presence_room(mut self, room: &str) -> Self {
        self.config.presence_room = Some(RoomId::from(room));
        self
    }

    /// Browsers are let in from these origins only (`https://app.example`). Needed where cookies authenticate; a token in
    /// CONNECT cannot be sent by a foreign page.
    pub fn origins(mut self, origins: impl IntoIterator<Item = String>) -> Self {
        self.origins = Some(origins.into_iter().collect());
        self
    }

    /// Starts the hub on the current tokio runtime.
    pub fn build(mut self) -> Result<SocketServer, Missing> {
        if self.config.instance.is_empty() {
            self.config.instance = random::random_id().into();
        }
        let app = App {
            authenticator: self.authenticator.ok_or(Missing::AUTHENTICATOR)?,
            authorizer: self.authorizer.ok_or(Missing("a room authorizer"))?,
            history: self.history.ok_or(Missing("a history"))?,
            handlers: self.handlers,
        };
        self.config.namespaces = app.handlers.namespaces();
        self.config.batch_events = tidewire_hub::limits::BATCH_EVENTS;
        let feed = self.feed.ok_or(Missing("the feed of committed events"))?;
        let frame_bytes = usize::try_from(self.config.frame_bytes).unwrap_or(usize::MAX);
        // The hub allows for a quarter of what it lets wait.
        let report_bytes = self.config.catch_up_bytes / 4;
        let tally = Arc::<Tally>::default();
        let core = Core::start(Hub::new(self.config), app, tally.clone(), feed);
        let shared = Shared {
            core,
            frame_bytes,
            deflate: self.deflate,
            report_bytes,
            origins: self.origins,
            path: self.path.unwrap_or_else(|| PATH.to_owned()),
            polls: Polls::default(),
            last_session: AtomicU64::new(0),
            open: watch::channel(0).0,
            tally,
        };
        Ok(SocketServer { shared: Arc::new(shared) })
    }
}

/// Describes a namespace. See [`Builder::namespace`].
#[must_use]
pub struct NamespaceBuilder {
    name: String,
    handlers: Handlers,
}

impl NamespaceBuilder {
    /// Like [`Builder::on`].
    pub fn on<F, R>(mut self, name: &str, handler: F) -> Self
    where
        F: Fn(Context, Value) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Value>> + Send + 'static,
    {
        self.handlers.add(&self.name, name, handler);
        self
    }

    /// Like [`Builder::on_typed`].
    pub fn on_typed<P, A, F, R>(mut self, name: &str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Context, P) -> R + Send + Sync + 'static,
        R: Future<Output = Option<A>> + Send + 'static,
    {
        self.handlers.add(&self.name, name, handler);
        self
    }

    /// Like [`Builder::on_packet`].
    pub fn on_packet<F, R>(mut self, name: &str, handler: F) -> Self
    where
        F: Fn(Context, Packet) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Packet>> + Send + 'static,
    {
        self.handlers.add_packet(&self.name, name, handler);
        self
    }

    /// Like [`Builder::on_connect`].
    pub fn on_connect<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.handlers.add_connect(&self.name, handler);
        self
    }
}

pub(crate) struct Shared {
    core: Arc<Core>,
    frame_bytes: usize,
    deflate: bool,
    report_bytes: u64,
    origins: Option<Vec<String>>,
    path: String,
    polls: Polls,
    last_session: AtomicU64,
    /// Connections whose task runs.
    open: watch::Sender<usize>,
    tally: Arc<Tally>,
}

/// Counts a connection while its task runs.
pub(crate) struct Open(Arc<Shared>);

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        shared.open.send_modify(|count| *count += 1);
        Open(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|count| *count -= 1);
    }
}

impl Shared {
    fn next_session(&self) -> SessionId {
        SessionId(self.last_session.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A running socket server. Cheap to clone.
#[derive(Clone)]
pub struct SocketServer {
    shared: Arc<Shared>,
}

impl SocketServer {
    /// Starts to describe one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Routes to merge into the app's: `/socket.io/`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        http::router(self.shared.clone())
    }

    /// Sends an ephemeral event to everybody in a room. It has no place in history.
    pub fn broadcast(&self, room: &str, name: &str, payload: &impl Serialize) -> Result<(), BroadcastError> {
        let args = Json(serde_json::to_string(payload).map_err(BroadcastError::Payload)?);
        let event = Ephemeral { room: RoomId::from(room), from: None, name: name.into(), args };
        if self.shared.core.is_stopped() {
            return Err(BroadcastError::Stopped);
        }
        self.shared.core.tell(Input::Broadcast(event));
        Ok(())
    }

    /// Takes a person out of a room, on all their connections; call it after the change that the authorizer sees is
    /// committed. Joins that are on their way are refused (V3).
    pub fn revoke(&self, user: &User, room: &str) {
        self.shared.core.tell(Input::Revoked { user: UserId(user.id.clone()), room: RoomId::from(room) });
    }

    /// Ends all connections of a person who is forgotten, and sends nothing of these rooms from memory any more; call it with
    /// what [`Tidewire::forget`](crate::write::Tidewire::forget) answered (V10).
    pub fn forget(&self, user: &User, rooms: &[String]) {
        let rooms = rooms.iter().map(|room| RoomId::from(room.as_str())).collect();
        self.shared.core.tell(Input::Forgotten { user: UserId(user.id.clone()), rooms });
    }

    /// What an operator looks at first of the connections, in the text format of Prometheus; for the app's `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> String {
        let waiting = self.shared.core.waiting();
        self.shared.tally.text(&Gauges { connections: self.connections(), waiting })
    }

    /// Connections at this moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        *self.shared.open.borrow()
    }

    /// Sends every client away with close code 1012 and lets nobody in any more; our own clients are told to come back one
    /// after the other. Completes when the connections have ended, at the latest 10 s later.
    pub async fn shutdown(&self) {
        self.send_away(Farewell::default()).await;
    }

    /// Like [`SocketServer::shutdown`], with a word about when and where to return.
    pub async fn send_away(&self, farewell: Farewell) {
        self.shared.core.tell(Input::Drain(farewell));
        self.shared.open.subscribe().wait_for(|count| *count == 0).await.ok();
    }
}
