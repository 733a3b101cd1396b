//! The hub's border: facts that go in, effects that come out. Plain values; nothing here decides anything.

use std::fmt;
use std::sync::Arc;

use tidewire_wire::FrameError;

use crate::event::{Frame, RoomEvent};
use crate::ids::{AckId, Epoch, Millis, Namespace, Offset, RequestId, RoomId, SessionId, SocketId, UserId};
use crate::limits;

/// A client's token. It never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Raw JSON of the app. It never shows in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Json(pub String);

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.0.len())
    }
}

/// Bytes beside the JSON. They never show in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Binary(pub Arc<[u8]>);

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

/// Arguments of an event or an acknowledgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// Raw JSON without brackets; an attachment stands there as `{"_placeholder":true,"num":<its place>}`.
    pub json: Json,
    /// The attachments.
    pub attachments: Vec<Binary>,
}

impl From<Json> for Args {
    fn from(json: Json) -> Self {
        Args { json, attachments: Vec::new() }
    }
}

impl Args {
    /// What they weigh in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.0.len() + self.attachments.iter().map(|part| part.0.len()).sum::<usize>()
    }
}

/// An event of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Args,
}

/// How a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// It will stay as it is.
    WebSocket,
    /// HTTP long-polling, from which it may move to a WebSocket.
    Polling,
}

/// How the handling of an event ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With an acknowledgement, sent if one was asked for.
    Acknowledged(Args),
    /// The handler does not acknowledge.
    Silent,
    /// There is no handler.
    Unhandled,
}

/// Why a client's acknowledgement will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Its session has ended.
    Gone,
    /// Not in time.
    TimedOut,
}

/// What a transport brought.
#[derive(Clone, PartialEq, Eq)]
pub enum Inbound {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// A frame above the limit; the host did not keep it.
    Oversized,
    /// Bytes that are no WebSocket frame.
    Unreadable,
    /// A text that is no UTF-8.
    NoText,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inbound::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Inbound::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Inbound::Oversized => f.write_str("Oversized"),
            Inbound::Unreadable => f.write_str("Unreadable"),
            Inbound::NoText => f.write_str("NoText"),
        }
    }
}

/// Who a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The person.
    pub user: UserId,
    /// A fresh random id for this Socket.IO session.
    pub socket: SocketId,
    /// The token's remaining life; `None` for a session without end.
    pub expires_in: Option<Millis>,
    /// The app wants to hear of the session: its first [`Output::Dispatch`] has the name `connect`.
    pub greet: bool,
    /// A fresh random secret, which brings the session back if Socket.IO's own recovery is on.
    pub pid: Arc<str>,
}

/// Why a CONNECT is refused: the code for the program (protocol section 1), the sentence for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `AUTH`, `TIMEOUT`, `OVERLOADED`.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What goes with it instead of the code, as raw JSON.
    pub data: Option<Json>,
}

/// What a person may read of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The first event that this person may read.
    pub earliest: Offset,
}

/// The app's authoriser says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// This person may not.
    Unauthorized,
    /// It could not be found out.
    Unavailable,
}

/// The history could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Where a room's history ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its identity.
    pub epoch: Epoch,
    /// Its last event; 0 for none.
    pub offset: Offset,
}

/// An event for whoever is there now: no position, no history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ephemeral {
    /// To the members of this room.
    pub room: RoomId,
    /// The connection that it comes from: it must be a member, and does not get it. `None`: the app itself.
    pub from: Option<SessionId>,
    /// Its name.
    pub name: Arc<str>,
    /// Its arguments as raw JSON without brackets.
    pub args: Json,
}

/// How a server that goes down sends its clients away (C2, protocol section 8). Clients that speak the dialect are told when
/// to come back: one after the other, so that they do not come all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Nobody before this.
    pub after: Millis,
    /// The last one at most so much later.
    pub spread: Millis,
    /// Where to, for this once; `None`: where they were.
    pub url: Option<Arc<str>>,
}

impl Default for Farewell {
    fn default() -> Self {
        Farewell { after: limits::RETURN_AFTER, spread: limits::RETURN_SPREAD, url: None }
    }
}

/// Facts.
#[derive(Debug)]
pub enum Input {
    /// A transport is open.
    Opened {
        /// The connection.
        session: SessionId,
        /// A fresh random id for the Engine.IO handshake.
        sid: String,
        /// How it came.
        transport: Transport,
    },
    /// A frame came in.
    Received {
        /// The connection.
        session: SessionId,
        /// The frame.
        frame: Inbound,
    },
    /// Frames were handed to the operating system. May be reported in lumps of up to a quarter of
    /// [`CATCH_UP_BYTES`](crate::limits::CATCH_UP_BYTES).
    Flushed {
        /// The connection.
        session: SessionId,
        /// Their bytes.
        bytes: u64,
    },
    /// The transport is gone, for whatever reason.
    Closed {
        /// The connection.
        session: SessionId,
    },
    /// Answer to [`Output::Authenticate`].
    Authenticated {
        /// Which.
        request: RequestId,
        /// Who it is, or why not.
        result: Result<Grant, Refusal>,
    },
    /// Answer to [`Output::Authorize`].
    Authorized {
        /// Which.
        request: RequestId,
        /// What may be read, or why not.
        result: Result<Access, Denied>,
    },
    /// Answer to [`Output::ReadHead`].
    HeadRead {
        /// Which.
        request: RequestId,
        /// Where the history ends.
        result: Result<Head, Unreadable>,
    },
    /// Answer to [`Output::ReadHistory`].
    HistoryRead {
        /// Which.
        request: RequestId,
        /// The events, oldest first, as far as they are kept.
        result: Result<Vec<RoomEvent>, Unreadable>,
    },
    /// Answer to [`Output::Dispatch`]: a handler has finished. One for each event, in their order.
    Handled {
        /// Which.
        request: RequestId,
        /// How it ended.
        answer: Answer,
    },
    /// The last events of an [`Output::Dispatch`], handed back: their handlers have not begun, and will not before the hub asks again.
    Returned {
        /// Which.
        request: RequestId,
        /// These, in their order.
        events: Vec<Event>,
    },
    /// Events of committed transactions, in commit order.
    Committed(Vec<RoomEvent>),
    /// An ephemeral event.
    Broadcast(Ephemeral),
    /// An event for one session.
    Emit {
        /// The session.
        session: SessionId,
        /// The event's name.
        name: Arc<str>,
        /// Its arguments.
        args: Args,
        /// If it is to be acknowledged: what comes back in [`Output::Acked`], and within which time.
        ack: Option<(AckId, Millis)>,
    },
    /// The app ends a session; the connection stays for others.
    Dismissed {
        /// The session.
        session: SessionId,
    },
    /// A person may be in a room no more.
    Revoked {
        /// The person.
        user: UserId,
        /// The room.
        room: RoomId,
    },
    /// A person is forgotten: their connections end, as with a token that is not accepted any more.
    Forgotten {
        /// The person.
        user: UserId,
        /// Rooms whose histories have lost their beginning with it: nothing of them may be sent from memory.
        rooms: Vec<RoomId>,
    },
    /// The time of [`Hub::poll_timeout`](crate::Hub::poll_timeout) has come.
    Timeout,
    /// The server goes down: everybody is sent away, nobody is let in.
    Drain(Farewell),
}

/// Effects.
#[derive(Debug)]
#[must_use]
pub enum Output {
    /// Queue a frame for a connection.
    Send {
        /// The connection.
        session: SessionId,
        /// The frame.
        frame: Frame,
    },
    /// Close a connection after what is queued, or at once if [`CloseReason::at_once`]. The hub has forgotten it.
    Close {
        /// The connection.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// Read nothing from a connection: its handlers are behind.
    Pause {
        /// The connection.
        session: SessionId,
    },
    /// Read again.
    Resume {
        /// The connection.
        session: SessionId,
    },
    /// Ask who a token stands for.
    Authenticate {
        /// Comes back in [`Input::Authenticated`].
        request: RequestId,
        /// The connection that it came over.
        link: SessionId,
        /// Where to.
        namespace: Namespace,
        /// The token, if the client sent one.
        token: Option<Token>,
        /// All that the client says, as raw JSON; empty for nothing.
        auth: Json,
    },
    /// Ask whether a person may be in a room.
    Authorize {
        /// Comes back in [`Input::Authorized`].
        request: RequestId,
        /// The person.
        user: UserId,
        /// The room.
        room: RoomId,
    },
    /// Read where a room's history ends.
    ReadHead {
        /// Comes back in [`Input::HeadRead`].
        request: RequestId,
        /// The room.
        room: RoomId,
    },
    /// Read events of a room's history.
    ReadHistory {
        /// Comes back in [`Input::HistoryRead`].
        request: RequestId,
        /// The room.
        room: RoomId,
        /// Those after this one.
        after: Offset,
        /// At most so many.
        limit: usize,
    },
    /// Run the app's handler of an event. The connection's next event waits for it.
    Dispatch {
        /// Comes back in [`Input::Handled`].
        request: RequestId,
        /// The connection.
        session: SessionId,
        /// Its public id.
        socket: SocketId,
        /// Where it was sent to.
        namespace: Namespace,
        /// Who sent it.
        user: UserId,
        /// The event's name.
        name: String,
        /// Its arguments.
        args: Args,
        /// Events behind it, at most as many as [`Config::batch_events`](crate::Config::batch_events) allows. The host may run their handlers as well, one after the
        /// other, while none waits for anything; all others it hands back ([`Input::Returned`]).
        behind: Vec<Event>,
    },
    /// A client has acknowledged an event, or will not. Every [`Input::Emit`] that asks gets one.
    Acked {
        /// Which.
        ack: AckId,
        /// What it said.
        answer: Result<Args, Unanswered>,
    },
    /// Something worth a line in the log.
    Log(Note),
}

/// Something worth a line in the log; never a payload or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The hub closed a connection.
    Closed {
        /// The connection.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// A CONNECT was refused.
    Refused {
        /// The connection.
        session: SessionId,
        /// The code.
        code: String,
    },
    /// A fresh token was refused; the connection keeps the one that it has.
    TokenRefused {
        /// The connection.
        session: SessionId,
        /// The code.
        code: String,
    },
    /// Somebody may be in a room no more, and was taken out.
    Removed {
        /// The connection.
        session: SessionId,
        /// The room.
        room: RoomId,
    },
    /// Somebody sends too much: nothing is read of this connection for a while.
    Limited {
        /// The connection.
        session: SessionId,
        /// For so long.
        pause: Millis,
    },
    /// A join was refused.
    JoinRefused {
        /// The connection.
        session: SessionId,
        /// The room.
        room: RoomId,
        /// The error that the client got.
        error: &'static str,
    },
    /// An ephemeral event came from outside its room, or has a bad name, and went nowhere.
    BroadcastRefused {
        /// The room.
        room: RoomId,
    },
    /// The feed of a room skipped events; members are brought up to date from the history.
    FeedGap {
        /// The room.
        room: RoomId,
        /// First missing.
        missing: Offset,
    },
}

/// Why the hub closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said so.
    Client,
    /// No granted CONNECT in time (V2).
    NoConnect,
    /// A frame for a namespace that was not connected.
    NotConnected,
    /// A second CONNECT.
    AlreadyConnected,
    /// The client has come back over another connection.
    Replaced,
    /// A frame that cannot be read (C11).
    Malformed(FrameError),
    /// Bytes that are no WebSocket frame (C11).
    WebSocket,
    /// A text that is no UTF-8 (C11).
    NoText,
    /// A frame above the limit (V9).
    Oversized,
    /// A binary frame that no packet announced, or a text frame instead of one that was.
    Binary,
    /// The client did not answer a ping.
    PingTimeout,
    /// The client reads too slowly; it recovers by offset (V8).
    Slow,
    /// The token expired, and the grace after it (V2).
    TokenExpired,
    /// Events that this client was promised left the history; it must start anew.
    HistoryLost,
    /// The history cannot be read now.
    Unavailable,
    /// The server goes down.
    Drain,
}

impl CloseReason {
    /// A short, stable name for logs and the close frame.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CloseReason::Client => "client",
            CloseReason::NoConnect => "no-connect",
            CloseReason::NotConnected => "not-connected",
            CloseReason::AlreadyConnected => "already-connected",
            CloseReason::Replaced => "replaced",
            CloseReason::Malformed(error) => error.code(),
            CloseReason::WebSocket => "websocket",
            CloseReason::NoText => "no-text",
            CloseReason::Oversized => "oversized",
            CloseReason::Binary => "binary",
            CloseReason::PingTimeout => "ping-timeout",
            CloseReason::Slow => "slow",
            CloseReason::TokenExpired => "token-expired",
            CloseReason::HistoryLost => "history-lost",
            CloseReason::Unavailable => "unavailable",
            CloseReason::Drain => "drain",
        }
    }

    /// The WebSocket close code (RFC 6455 section 7.4; 3000 and up are ours).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            CloseReason::Client | CloseReason::Replaced => 1000,
            CloseReason::NotConnected
            | CloseReason::AlreadyConnected
            | CloseReason::Malformed(_)
            | CloseReason::WebSocket => 1002,
            CloseReason::Binary => 1003,
            CloseReason::NoText => 1007,
            CloseReason::NoConnect => 1008,
            CloseReason::Oversized => 1009,
            CloseReason::Drain => 1012,
            CloseReason::HistoryLost | CloseReason::Unavailable => 1013,
            CloseReason::PingTimeout => 3000,
            CloseReason::TokenExpired => 3005,
            CloseReason::Slow => 3008,
        }
    }

    /// Whether what is still queued is thrown away, because the client does not take it.
    #[must_use]
    pub const fn at_once(self) -> bool {
        matches!(self, CloseReason::Slow | CloseReason::PingTimeout)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
