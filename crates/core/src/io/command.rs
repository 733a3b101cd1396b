//! What an app wants: commands, what they carry, and how one is taken or refused.

use crate::ids::*;
use crate::secret::Payload;

// Named by the documentation only.
#[cfg(doc)]
use super::{Event, Output, WriteState};

/// An intent of the app. A refusal is typed and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Be connected from now on, through every loss, until `Disconnect`.
    Connect {},
    /// Stop being connected; no signal undoes it (C3).
    Disconnect {},
    /// Send an event (C6). The host keeps `body` and `attachments` until [`Output::Emitted`]: they may be sent more than once.
    Emit {
        /// The host's id for the acknowledgement.
        emit: EmitId,
        /// In which namespace; absent: the one of [`crate::Config`].
        namespace: Option<String>,
        /// The event's name.
        name: String,
        /// Its arguments as JSON without the outer brackets, kept by the host; absent for no arguments.
        body: Option<BodyId>,
        /// Binary parts, in the order of the placeholders `{"_placeholder":true,"num":0}` that the host put into the JSON.
        attachments: Vec<BodyId>,
        /// Size of that JSON in bytes (or UTF-16 units) and of the attachments in bytes, for the limits.
        size: u32,
        /// Ask for an acknowledgement.
        ack: bool,
        /// How long the acknowledgement, or the place in the buffer, is kept.
        timeout: Millis,
        /// What is promised about it.
        class: EmitClass,
    },
    /// Answer an event that asked for it ([`Event::ack`]); refused with `LinkGone` where nobody waits any more. The host may
    /// drop the bodies once the outputs of this command are performed.
    Reply {
        /// Which.
        ack: AckToken,
        /// The answer's arguments as JSON without the outer brackets; absent for none.
        body: Option<BodyId>,
        /// Binary parts, as in `Emit`.
        attachments: Vec<BodyId>,
        /// Size of all of it.
        size: u32,
    },
    /// Want a session in another namespace on the same link; counted: each needs a `CloseNamespace`.
    OpenNamespace {
        /// Which, beginning with `/`.
        namespace: String,
    },
    /// Want it no more.
    CloseNamespace {
        /// Which.
        namespace: String,
    },
    /// Want a room; counted: each `Join` needs a `Leave`.
    Join {
        /// The room.
        room: RoomId,
    },
    /// Want it no more.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Ask again for a room that was refused (C7).
    Rejoin {
        /// The room.
        room: RoomId,
    },
    /// Queue a durable write.
    Submit {
        /// The write.
        write: Submission,
    },
    /// Take back a write. One that may have been sent is voided at the server first: [`Accepted::Asked`].
    Cancel {
        /// The write.
        write: WriteId,
    },
    /// Send a parked write again, with the same bytes and a new count of tries.
    Retry {
        /// The write.
        write: WriteId,
    },
    /// Give up a parked write. One that may have been applied is voided at the server first: [`Accepted::Asked`].
    Discard {
        /// The write.
        write: WriteId,
    },
    /// Put another write in the place of one that is parked or was never sent (Q13): a new id, new bytes, the same place in its lane.
    Edit {
        /// The write.
        write: WriteId,
        /// What takes its place.
        submission: Submission,
    },
    /// Answer [`WriteState::Conflict`] (Q10).
    Resolve {
        /// The write.
        write: WriteId,
        /// What becomes of it.
        resolution: Resolution,
    },
    /// Hand out all pending and parked writes, for a bug report or another device: [`Output::Exported`].
    Export {},
    /// Forget waiting times and try everything that is eligible now: [`Output::PassDone`] (A4).
    Process {
        /// The host's id for the answer; a pass that runs already answers it too.
        pass: PassId,
    },
    /// Allow or forbid sending; queueing goes on (A4).
    SetProcessing {
        /// Whether writes may be sent.
        on: bool,
    },
    /// Give up everything that may be given up; what was sent is resolved first (A4, Q20).
    Clear {},
    /// The user leaves (Q20): from now on nothing is connected, sent or accepted for this partition. Answers to requests under way
    /// are still stored; when the last one is, `Quiet` is told.
    Suspend {},
}

/// What is promised about an emit (C6); it belongs to the event's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EmitClass {
    /// Buffered while offline, with a time to live; in flight when the link dies: maybe lost.
    #[default]
    Plain,
    /// In order and exactly once on our server, in memory only; elsewhere it ends as unknown when the link dies.
    Reliable {
        /// Sending it again is harmless wherever it goes, so it is, and never ends as unknown.
        idempotent: bool,
    },
    /// Never buffered offline. While the link takes no more, the latest of each key waits and the others are dropped.
    Volatile {
        /// What it replaces; absent: nothing waits.
        key: Option<String>,
    },
}

/// Where an acknowledgement that the peer asked for goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckToken {
    /// The link that the event came on.
    pub link: LinkId,
    /// Its namespace; absent: the one of [`crate::Config`].
    pub namespace: Option<String>,
    /// The peer's number.
    pub id: u64,
}

/// What the app hands over for one write.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Submission {
    /// Name of the mutation's definition; empty for an unnamed one, which has no layer after a restart.
    pub name: String,
    /// Version of that definition.
    pub version: u32,
    /// The variables, as JSON.
    pub variables: Payload,
    /// HTTP method.
    pub method: String,
    /// Path with query, beginning with `/`, or an absolute URL.
    pub path: String,
    /// The body, as JSON; absent for none.
    pub body: Option<Payload>,
    /// Lane; absent: the path without its query.
    pub lane: Option<Lane>,
    /// Whether a layer stands on the screen until the write is seen in the base.
    pub optimistic: bool,
    /// Whether a parked write's layer stays (a message marked 'not sent') or goes (a like).
    pub keep_layer_when_parked: bool,
    /// Whether sending it again after a lost answer is harmless on a foreign server. PUT and DELETE always are.
    pub idempotent: bool,
    /// Whether the app can find out what became of it on a foreign server ([`Output::Verify`]).
    pub verify: bool,
    /// Time to live before it is parked as expired; absent: the default (24 h).
    pub ttl: Option<Millis>,
    /// Queries that its layer changed at the tap.
    pub touched: Vec<QueryId>,
    /// Writes that must have succeeded before it leaves (Q7). Those whose temporary ids it mentions are added. One that the queue does not hold counts as done.
    pub depends_on: Vec<WriteId>,
    /// Temporary ids that its answer gives real names to (Q7): 8 to 64 of `[A-Za-z0-9_-]`, unguessable, so that they can be found in text.
    pub temp_ids: Vec<String>,
    /// A second write with this key, right behind the first in its lane, is the first (Q8).
    pub dedupe_key: Option<String>,
    /// What it does to the last write of its lane, if that was never sent (Q8).
    pub coalesce: Coalesce,
    /// The app decides what becomes of a conflict (409, 412): [`WriteState::Conflict`] (Q10).
    pub on_conflict: bool,
    /// How many answers about it (5xx) it takes until it is parked (Q11): 1 to 100; absent: 3.
    pub tries: Option<u32>,
}

/// What a new write does to the last one of its lane, if that was never sent (Q8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coalesce {
    /// Nothing.
    None {},
    /// Takes its place, if that has the same name.
    Replace {},
    /// If that has this name, neither is sent: like, unlike.
    CancelPair {
        /// The name of the other one's definition.
        name: String,
    },
}

impl Default for Coalesce {
    fn default() -> Coalesce {
        Coalesce::None {}
    }
}

/// The app's answer to a conflict (Q10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "one at a time, never stored")]
pub enum Resolution {
    /// Send the same bytes once more.
    SendAgain {},
    /// Send this instead.
    Replace {
        /// What takes its place.
        submission: Submission,
    },
    /// Park it.
    Park {},
    /// Give it up.
    Discard {},
}

/// What a command answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing to tell.
    Done {},
    /// The write was queued under this id.
    Queued {
        /// The write.
        write: WriteId,
    },
    /// Nothing was queued: it is the same as this one (Q8).
    Merged {
        /// The write that stands for it.
        into: WriteId,
    },
    /// It may have been sent: the server is asked first, and the write's states tell what came of it (Q13).
    Asked {},
}

/// Why a command was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue holds its limit of writes or bytes (Q15).
    QueueFull,
    /// One write is larger than the limit; send a reference instead.
    TooLarge,
    /// As many rooms are wanted as may be.
    TooManyRooms,
    /// As many namespaces are wanted as may be.
    TooManyNamespaces,
    /// The namespace was not opened.
    UnknownNamespace,
    /// The link on which the peer waited for the answer is gone.
    LinkGone,
    /// The emit buffer is full (C6).
    BufferFull,
    /// A name, room, namespace, path or method is empty, too long or malformed, or there are too many attachments or tries.
    Malformed,
    /// No such write.
    UnknownWrite,
    /// The write was sent and its outcome is not known yet: it can be neither cancelled nor discarded.
    AlreadySent,
    /// The write is not parked.
    NotParked,
    /// Another tab sends and may be sending this write: act there.
    Follower,
    /// The write does not wait for the app's answer to a conflict.
    NoConflict,
    /// The user has left ([`Command::Suspend`]).
    Suspended,
    /// The store belongs to a newer build: load that one (Q21).
    ReloadNeeded,
}
