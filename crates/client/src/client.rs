//! What an app holds: a cheap handle to the host. Every method sends its order at once; the future that it returns only
//! waits for the result, so dropping it cancels nothing.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::Stream;
use serde_json::Value;
use tidewire_core::Submission;
use tidewire_core::{
    Command, ConnectionState, DownReason, Partition, PauseReason, QueryId, Refusal, RoomId, RoomState,
    WriteId,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::builder::Builder;
use crate::emit::{Acknowledgement, Args, EmitError, EmitOptions};
use crate::event::{Events, queue};
use crate::handle::WriteHandle;
use crate::host::{Order, Queued};
use crate::listen::{self, ListenError, Listener};
use crate::names::{Known, Maker};
use crate::namespace::{NamespaceError, NamespaceHandle};
use crate::net::{Http, HttpAnswer, HttpError, HttpRequest};
use crate::runtime::Runtime;
use crate::status::{Status, changes};
use crate::store::worker::Job;
use crate::store::{Step, StoreFault};
use crate::token::TokenAnswer;
use crate::tokens::Tokens;
use crate::write::{SubmitError, Write, refused};

/// How an emit ended.
pub(crate) type Answered = Result<Acknowledgement, EmitError>;

/// A Tidewire client. Clones are the same client; it works until the last handle of any kind is gone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) client_id: watch::Receiver<Option<String>>,
    pub(crate) freed: Arc<Notify>,
    pub(crate) partition: Partition,
    pub(crate) http: Http,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) runtime: Runtime,
    /// Ticks when a write has changed.
    pub(crate) changed: watch::Receiver<()>,
    pub(crate) names: watch::Receiver<Known>,
    pub(crate) temps: Maker,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("http", &self.inner.http).finish_non_exhaustive()
    }
}

/// Why there is no connection. The wish to be connected stays, except after `Refused`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server does not accept this user.
    Refused {
        /// `AUTH`, or the server's code.
        code: String,
        /// The server's sentence.
        message: String,
    },
    /// The first attempt failed; it is tried again.
    Failed(DownReason),
    /// There is no network, or the app is in the background.
    Paused(PauseReason),
    /// `disconnect` was called, or the client was shut down.
    Closed,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Refused { code, message } => {
                write!(f, "the server refused the connection ({code}): {message}")
            }
            ConnectError::Failed(reason) => f.write_str(down(*reason)),
            ConnectError::Paused(PauseReason::Offline) => f.write_str("there is no network"),
            ConnectError::Paused(PauseReason::Background) => f.write_str("the app is in the background"),
            ConnectError::Closed => f.write_str("the connection is not wanted any more"),
        }
    }
}

impl std::error::Error for ConnectError {}

/// A sentence for each way in which a link ends.
#[must_use]
pub fn down(reason: DownReason) -> &'static str {
    match reason {
        DownReason::Unreachable => "the server cannot be reached",
        DownReason::Lost => "the connection was lost",
        DownReason::Silent => "the server went silent",
        DownReason::AttemptTimeout => "the server did not answer in time",
        DownReason::ServerClosed => "the server closed the connection",
        DownReason::Overloaded => "the server is overloaded",
        DownReason::Malformed => "the server sent a malformed frame",
        DownReason::Oversized => "the server sent a frame above the limit",
        DownReason::NoToken => "no token could be had",
        DownReason::Refused => "the server refused the session",
    }
}

/// Why a room was not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The server denies it. It is asked again after a write of ours succeeded.
    Denied {
        /// Its reason.
        reason: String,
    },
    /// The name is malformed, or there are too many rooms.
    Refused(Refusal),
    /// The client was shut down.
    Closed,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Denied { reason } => write!(f, "the server denies the room: {reason}"),
            JoinError::Refused(refusal) => f.write_str(refused(*refusal)),
            JoinError::Closed => f.write_str("the client was shut down"),
        }
    }
}

impl std::error::Error for JoinError {}

/// A room that is wanted. Dropping it changes nothing; [`RoomHandle::leave`] takes the wish back.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    room: RoomId,
    state: watch::Receiver<RoomState>,
    client: Client,
}

impl RoomHandle {
    /// Its state now.
    #[must_use]
    pub fn state(&self) -> RoomState {
        self.state.borrow().clone()
    }

    /// Resolves when the room is joined and up to date; says whether everything missed was replayed.
    ///
    /// # Errors
    /// The server denies it, or the client was shut down.
    pub async fn joined(&self) -> Result<bool, JoinError> {
        let mut state = self.state.clone();
        loop {
            match &*state.borrow_and_update() {
                RoomState::Joined { recovered, .. } => return Ok(*recovered),
                RoomState::Denied { reason } => return Err(JoinError::Denied { reason: reason.clone() }),
                RoomState::Waiting {} | RoomState::Joining {} => {}
            }
            state.changed().await.map_err(|_| JoinError::Closed)?;
        }
    }

    /// Its state now and after each change; changes that follow each other faster than they are read are skipped.
    pub fn changes(&self) -> impl Stream<Item = RoomState> + Send + Unpin + use<> {
        changes(self.state.clone())
    }

    /// Asks again for a room that was denied.
    pub fn rejoin(&self) {
        self.client.order(Order::Rejoin(self.room.clone()));
    }

    /// Takes back one wish; wishes are counted.
    pub fn leave(self) {
        self.client.order(Order::Leave(self.room.clone()));
    }
}

impl Client {
    /// Begins to make a client of the server at this origin.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    pub(crate) fn from_inner(inner: Inner) -> Client {
        Client { inner: Arc::new(inner) }
    }

    pub(crate) fn order(&self, order: Order) {
        // A host that has ended drops the order and with it the sender of its reply, which says `Closed`.
        let _ = self.inner.orders.send(order);
    }

    // ---- connection

    /// Wants to be connected from now on, through every loss. The future tells how the first attempt ends.
    pub fn connect(&self) -> impl Future<Output = Result<(), ConnectError>> + Send + use<> {
        let mut status = self.inner.status.clone();
        let (reply, begun) = oneshot::channel();
        self.order(Order::Connect(reply));
        async move {
            // What the status said before the host took the order is an old story.
            begun.await.map_err(|_| ConnectError::Closed)?;
            loop {
                match &status.borrow_and_update().connection {
                    ConnectionState::Connected { .. } => return Ok(()),
                    // After a first refusal the engine asks for a fresh token and tries once more.
                    ConnectionState::Connecting { .. }
                    | ConnectionState::Waiting { reason: DownReason::Refused, .. } => {}
                    ConnectionState::Idle {} => return Err(ConnectError::Closed),
                    ConnectionState::Waiting { reason, .. } => return Err(ConnectError::Failed(*reason)),
                    ConnectionState::Paused { reason } => return Err(ConnectError::Paused(*reason)),
                    ConnectionState::Refused { code, message } => {
                        let (code, message) = (code.clone(), message.clone());
                        return Err(ConnectError::Refused { code, message });
                    }
                }
                status.changed().await.map_err(|_| ConnectError::Closed)?;
            }
        }
    }

    /// Stops being connected.
    pub fn disconnect(&self) {
        self.order(Order::Disconnect);
    }

    /// The state now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.inner.status.borrow().clone()
    }

    /// The state now and after each change; changes that follow each other faster than they are read are skipped.
    pub fn status_changes(&self) -> impl Stream<Item = Status> + Send + Unpin + use<> {
        changes(self.inner.status.clone())
    }

    /// Waits until the state is as wanted.
    ///
    /// # Errors
    /// The client was shut down.
    pub async fn when(&self, mut wanted: impl FnMut(&Status) -> bool) -> Result<Status, Closed> {
        let mut status = self.inner.status.clone();
        let found = status.wait_for(|status| wanted(status)).await.map_err(|_| Closed)?;
        Ok(found.clone())
    }

    // ---- events

    /// All events from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        let (feed, events) = queue(Arc::clone(&self.inner.freed));
        self.order(Order::Subscribe(feed));
        events
    }

    /// Wants a room from now on, through every reconnect.
    ///
    /// # Errors
    /// The room's name is malformed, or there are too many. Whether the server lets us in is told by the handle.
    pub fn join<R: Into<String>>(
        &self,
        room: R,
    ) -> impl Future<Output = Result<RoomHandle, JoinError>> + Send + use<R> {
        let room = RoomId(room.into());
        let (reply, joined) = oneshot::channel();
        self.order(Order::Join(room.clone(), reply));
        let client = self.clone();
        async move {
            let state = joined.await.map_err(|_| JoinError::Closed)?.map_err(JoinError::Refused)?;
            Ok(RoomHandle { room, state, client })
        }
    }

    /// Listens to a room and goes on, after a restart of the process, behind the last handled event: see [`Listener`].
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn listen(&self, room: impl Into<String>) -> Result<Listener, ListenError> {
        let room = RoomId(room.into());
        let (reply, stored) = oneshot::channel();
        self.order(Order::Store(Job::Get(listen::key(&room), reply)));
        let stored = stored.await.map_err(|_| ListenError::Closed)?.map_err(ListenError::Store)?;
        let since = stored.and_then(|value| listen::decode(&self.inner.partition, &room, &value));
        let (feed, queue) = queue(Arc::clone(&self.inner.freed));
        let (reply, listening) = oneshot::channel();
        self.order(Order::Listen { room: room.clone(), since: since.clone(), feed, reply });
        let query = listening.await.map_err(|_| ListenError::Closed)?.map_err(ListenError::Refused)?;
        Ok(Listener { room, query, queue, client: self.clone(), since })
    }

    pub(crate) fn unlisten(&self, query: QueryId) {
        self.order(Order::Unlisten(query));
    }

    pub(crate) fn partition(&self) -> &Partition {
        &self.inner.partition
    }

    pub(crate) async fn put(&self, step: Step) -> Result<(), StoreFault> {
        let (reply, done) = oneshot::channel();
        self.order(Order::Store(Job::Put(step, reply)));
        done.await.unwrap_or(Err(StoreFault::Broken))
    }

    /// Sends an event. It waits a short time for a connection. The future tells whether it was sent.
    pub fn emit<N: Into<String>, A: Into<Args>>(
        &self,
        name: N,
        args: A,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + use<N, A> {
        let answer = self.emit_order(name.into(), args.into(), false, EmitOptions::default());
        async move { answer.await.unwrap_or(Err(EmitError::Closed)).map(drop) }
    }

    /// Sends an event and waits for the arguments of its acknowledgement; it always ends.
    pub fn emit_with_ack<N: Into<String>, A: Into<Args>>(
        &self,
        name: N,
        args: A,
    ) -> impl Future<Output = Result<Vec<Value>, EmitError>> + Send + use<N, A> {
        let answer = self.emit_order(name.into(), args.into(), true, EmitOptions::default());
        async move { answer.await.unwrap_or(Err(EmitError::Closed)).map(|answer| answer.args) }
    }

    /// Sends an event of any class, in any namespace. A reliable one resolves when it is known to have arrived.
    pub fn emit_as<N: Into<String>, A: Into<Args>>(
        &self,
        name: N,
        args: A,
        options: EmitOptions,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + use<N, A> {
        let answer = self.emit_order(name.into(), args.into(), false, options);
        async move { answer.await.unwrap_or(Err(EmitError::Closed)).map(drop) }
    }

    /// The same, and waits for its acknowledgement; it always ends.
    pub fn emit_as_with_ack<N: Into<String>, A: Into<Args>>(
        &self,
        name: N,
        args: A,
        options: EmitOptions,
    ) -> impl Future<Output = Result<Acknowledgement, EmitError>> + Send + use<N, A> {
        let answer = self.emit_order(name.into(), args.into(), true, options);
        async move { answer.await.unwrap_or(Err(EmitError::Closed)) }
    }

    /// Wants a session in another namespace, on the same connection, until the handle is dropped.
    ///
    /// # Errors
    /// The name is malformed, or there are too many. Whether the server grants it is told by the handle.
    pub fn open_namespace<N: Into<String>>(
        &self,
        name: N,
    ) -> impl Future<Output = Result<NamespaceHandle, NamespaceError>> + Send + use<N> {
        let name = name.into();
        let (reply, opened) = oneshot::channel();
        self.order(Order::OpenNamespace(name.clone(), reply));
        let client = self.clone();
        async move {
            let state = opened.await.map_err(|_| NamespaceError::Closed)?.map_err(NamespaceError::Refused)?;
            Ok(NamespaceHandle { name, state, client })
        }
    }

    fn emit_order(
        &self,
        name: String,
        args: Args,
        ack: bool,
        options: EmitOptions,
    ) -> oneshot::Receiver<Answered> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Emit { name, args, ack, options, reply });
        answer
    }

    // ---- writes

    /// Queues a durable write. It is sent whether or not anybody holds its handle.
    pub fn submit(
        &self,
        write: Write,
    ) -> impl Future<Output = Result<WriteHandle, SubmitError>> + Send + use<> {
        self.queue(write, Order::Submit)
    }

    pub(crate) fn queue<O>(
        &self,
        write: Write,
        order: O,
    ) -> impl Future<Output = Result<WriteHandle, SubmitError>> + Send + use<O>
    where
        O: FnOnce(Box<Submission>, oneshot::Sender<Queued>) -> Order,
    {
        let (reply, queued) = oneshot::channel();
        let broken =
            write.into_submission().map(|submission| self.order(order(Box::new(submission), reply))).err();
        let client = self.clone();
        async move {
            if let Some(error) = broken {
                return Err(error);
            }
            let (id, progress) =
                queued.await.map_err(|_| SubmitError::Closed)?.map_err(SubmitError::Refused)?;
            Ok(WriteHandle { id, progress, _client: client })
        }
    }

    /// Takes back a write. On our own server one that may have been sent is voided there first, and its handle tells what came of it.
    ///
    /// # Errors
    /// It is unknown, is being sent, or a foreign server may have it.
    pub async fn cancel(&self, write: &WriteId) -> Result<(), SubmitError> {
        self.act(Command::Cancel { write: write.clone() }).await
    }

    /// Sends a parked write again.
    ///
    /// # Errors
    /// It is unknown or not parked.
    pub async fn retry(&self, write: &WriteId) -> Result<(), SubmitError> {
        self.act(Command::Retry { write: write.clone() }).await
    }

    /// Gives up a parked or quarantined write. One that may have been applied is voided at our server first.
    ///
    /// # Errors
    /// It is unknown or not parked.
    pub async fn discard(&self, write: &WriteId) -> Result<(), SubmitError> {
        self.act(Command::Discard { write: write.clone() }).await
    }

    pub(crate) async fn act(&self, command: Command) -> Result<(), SubmitError> {
        let (reply, done) = oneshot::channel();
        self.order(Order::Act(Box::new(command), reply));
        done.await.map_err(|_| SubmitError::Closed)?.map_err(SubmitError::Refused)
    }

    // ---- requests and end

    /// A request beside the queue, with the token, and with the client id that makes the server name what its answer covers.
    ///
    /// # Errors
    /// There was no answer.
    pub fn fetch(
        &self,
        mut request: HttpRequest,
    ) -> impl Future<Output = Result<HttpAnswer, HttpError>> + Send + use<> {
        let client_id = self.inner.client_id.borrow().clone();
        request.headers.extend(client_id.map(|id| (tidewire_wire::http::CLIENT.to_owned(), id)));
        let (http, tokens) = (self.inner.http.clone(), Arc::clone(&self.inner.tokens));
        let asked = self.inner.runtime.during(async move {
            let token = match tokens.known_or_ask().await {
                TokenAnswer::Token(token) => Some(token),
                TokenAnswer::Anonymous | TokenAnswer::SignedOut | TokenAnswer::Unavailable => None,
            };
            http.send(request, token.as_ref()).await
        });
        async move { asked.await.unwrap_or_else(|| Err(HttpError::Network("the client has ended".into()))) }
    }

    /// Says goodbye to the server and lets go of the store. Writes that were not sent stay in it for the next start.
    pub async fn shutdown(&self) {
        let (done, ended) = oneshot::channel();
        self.order(Order::Shutdown(done));
        let _ = ended.await;
    }
}

/// The client was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client was shut down")
    }
}

impl std::error::Error for Closed {}
