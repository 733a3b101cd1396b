//! What a handler of a client's event can do: who sent it, and ways to react. It does not know in which order handlers run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use tidewire_hub::{
    AckId, Ephemeral, Input, Json, Millis, Namespace, RoomId, SessionId, SocketId, Unanswered,
};
use tokio::sync::oneshot;

use super::core::{Core, FromSocket};
use super::packet::Packet;
use crate::auth::User;

/// Why an event could not be sent.
#[derive(Debug)]
pub enum BroadcastError {
    /// The payload does not become JSON.
    Payload(serde_json::Error),
    /// The socket server has stopped.
    Stopped,
}

impl fmt::Display for BroadcastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BroadcastError::Payload(error) => write!(f, "the payload does not become JSON: {error}"),
            BroadcastError::Stopped => f.write_str("the socket server has stopped"),
        }
    }
}

impl std::error::Error for BroadcastError {}

/// Why a client did not acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckError {
    /// Its session has ended, it owes too many, or the event's name is none.
    Gone,
    /// Not in time.
    TimedOut,
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AckError::Gone => "the client's session has ended before it acknowledged",
            AckError::TimedOut => "the client did not acknowledge in time",
        })
    }
}

impl std::error::Error for AckError {}

/// What the app tells the hub, in order.
pub(crate) enum Fact {
    Input(Input),
    Socket(FromSocket),
    /// An event that is to be acknowledged to `answer`.
    Ask {
        session: SessionId,
        name: Arc<str>,
        packet: Packet,
        within: Millis,
        answer: oneshot::Sender<Result<Packet, AckError>>,
    },
}

impl From<Input> for Fact {
    fn from(input: Input) -> Self {
        Fact::Input(input)
    }
}

impl From<FromSocket> for Fact {
    fn from(message: FromSocket) -> Self {
        Fact::Socket(message)
    }
}

/// Who sent an event, and ways to react to it.
#[derive(Clone)]
pub struct Context {
    about: Arc<About>,
}

/// Made once for events that are handled one directly after the other.
struct About {
    session: SessionId,
    socket: SocketId,
    namespace: Namespace,
    user: User,
    core: Arc<Core>,
}

impl Context {
    pub(super) fn new(
        session: SessionId,
        socket: SocketId,
        namespace: Namespace,
        user: User,
        core: Arc<Core>,
    ) -> Context {
        Context { about: Arc::new(About { session, socket, namespace, user, core }) }
    }

    pub(super) fn session(&self) -> SessionId {
        self.about.session
    }

    pub(super) fn in_namespace(&self) -> &Namespace {
        &self.about.namespace
    }

    /// Who sent it.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.about.user
    }

    /// The public id of the session that it came over.
    #[must_use]
    pub fn socket_id(&self) -> &str {
        &self.about.socket.0
    }

    /// The namespace that it was sent to.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.about.namespace.0
    }

    /// Sends an ephemeral event (typing, presence) to the members of a room but the sender. It has no place in history.
    /// Nothing is sent if the sender is no member of the room.
    pub fn broadcast(&self, room: &str, name: &str, payload: &impl Serialize) -> Result<(), BroadcastError> {
        let args = Json(serde_json::to_string(payload).map_err(BroadcastError::Payload)?);
        let event =
            Ephemeral { room: RoomId::from(room), from: Some(self.about.session), name: name.into(), args };
        self.tell(Input::Broadcast(event))
    }

    /// Sends an event to this session alone.
    pub fn emit(&self, name: &str, packet: Packet) -> Result<(), BroadcastError> {
        let args = packet.into_args();
        self.tell(Input::Emit { session: self.about.session, name: name.into(), args, ack: None })
    }

    /// Sends an event to this session and waits for its acknowledgement. Do not wait in the handler of an event that the
    /// client needs handled first: its next event waits for this one.
    pub async fn ask(&self, name: &str, packet: Packet, within: Duration) -> Result<Packet, AckError> {
        let (answer, answered) = oneshot::channel();
        let within = Millis(u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
        let ask = Fact::Ask { session: self.about.session, name: name.into(), packet, within, answer };
        self.about.core.tell(ask);
        answered.await.unwrap_or(Err(AckError::Gone))
    }

    /// Ends this session; the connection stays for others.
    pub fn disconnect(&self) {
        self.about.core.dismissals.fetch_add(1, Ordering::SeqCst);
        // A hub that has stopped has no sessions.
        self.tell(Input::Dismissed { session: self.about.session }).ok();
    }

    fn tell(&self, input: Input) -> Result<(), BroadcastError> {
        if self.about.core.is_stopped() {
            return Err(BroadcastError::Stopped);
        }
        self.about.core.tell(input);
        Ok(())
    }
}

/// Questions to clients that wait for their answer.
#[derive(Default)]
pub(crate) struct Asked {
    waiting: BTreeMap<AckId, oneshot::Sender<Result<Packet, AckError>>>,
    last: u64,
}

impl Asked {
    pub(crate) fn add(&mut self, answer: oneshot::Sender<Result<Packet, AckError>>) -> AckId {
        self.last += 1;
        let ack = AckId(self.last);
        self.waiting.insert(ack, answer);
        ack
    }

    pub(crate) fn settle(&mut self, ack: AckId, answer: Result<tidewire_hub::Args, Unanswered>) {
        let Some(waiting) = self.waiting.remove(&ack) else { return };
        let answer = answer.map(Packet::from).map_err(|error| match error {
            Unanswered::Gone => AckError::Gone,
            Unanswered::TimedOut => AckError::TimedOut,
        });
        // Nobody may wait any more.
        waiting.send(answer).ok();
    }
}
