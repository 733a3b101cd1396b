//! What there is to see: states and reasons, for people and their screens.

use super::*;
use crate::ids::*;
use crate::secret::Payload;

/// State of a wanted room (C7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// Not connected; it is joined as soon as possible.
    Waiting {},
    /// The join is under way, or missed events are coming.
    Joining {},
    /// Joined and up to date with the head at the time of the answer.
    Joined {
        /// Whether everything missed was replayed.
        recovered: bool,
        /// The last event of the room when the server answered: what comes has a later place. Absent on a foreign server.
        head: Option<Position>,
    },
    /// Refused, with the server's reason.
    Denied {
        /// The reason.
        reason: String,
    },
}

/// Why queries are fetched again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefetchReason {
    /// History could not be replayed.
    Reset,
    /// The server keeps no positions: after a reconnect everything may have changed (Y3).
    Foreign,
    /// The base was fetched while events arrived and names no position (Y2).
    Raced,
    /// A settled write has not been seen in the base in time (Q17).
    WriteUnseen,
    /// An event came for a base whose position leaves a hole that history cannot fill.
    Gap,
}

/// State of the connection (C10). Each state has only its own data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not wanted.
    Idle {},
    /// Being made.
    Connecting {
        /// From 1.
        attempt: u32,
    },
    /// The session is up.
    Connected {
        /// The session id.
        sid: String,
        /// Whether the server speaks the dialect.
        tidewire: bool,
    },
    /// Waiting for the next attempt.
    Waiting {
        /// The attempt to come, from 1.
        attempt: u32,
        /// When.
        until: Timestamp,
        /// Why the last link ended.
        reason: DownReason,
    },
    /// The platform says there is no network, or the app is in the background.
    Paused {
        /// Which of the two.
        reason: PauseReason,
    },
    /// Terminal until `Connect`: the server refuses this user.
    Refused {
        /// `AUTH`, or the server's code.
        code: String,
        /// The server's sentence.
        message: String,
    },
}

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// It could not be reached.
    Unreachable,
    /// It broke.
    Lost,
    /// Nothing was heard for interval + timeout, or a probe went unanswered.
    Silent,
    /// An attempt took longer than its limit.
    AttemptTimeout,
    /// The peer closed the session.
    ServerClosed,
    /// The peer is overloaded.
    Overloaded,
    /// The peer broke the protocol: a malformed frame.
    Malformed,
    /// A frame above the limit.
    Oversized,
    /// No token could be had.
    NoToken,
    /// The server refused the session.
    Refused,
}

/// Why nothing is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Known to be offline.
    Offline,
    /// In the background.
    Background,
}

/// Numbers of the queue (Q22).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// The store has been read.
    pub ready: bool,
    /// Waiting or in flight.
    pub pending: u32,
    /// In flight.
    pub in_flight: u32,
    /// Parked.
    pub parked: u32,
    /// Quarantined: this build cannot send them (Q21).
    pub quarantined: u32,
    /// Bytes of pending records.
    pub bytes: u64,
    /// Why nothing is sent although something is pending; absent when it is.
    pub blocked: Option<Blocked>,
    /// When the next attempt is due, if it waits for a time.
    pub next_attempt: Option<Timestamp>,
    /// When the oldest pending write was made.
    pub oldest: Option<WallTime>,
}

/// Why pending writes wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// The store is being read.
    Loading,
    /// Another tab sends.
    Follower,
    /// Stopped by `SetProcessing`.
    Stopped,
    /// The platform says there is no network.
    Offline,
    /// The origin does not answer; waiting.
    Unreachable,
    /// The origin asks for the token again.
    Auth,
    /// The origin answers others but never this request: perhaps its CORS rules refuse it (Q9).
    Cors,
    /// The user has left.
    Suspended,
    /// The store belongs to a newer build.
    ReloadNeeded,
}

/// State of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteState {
    /// On disk; not sent. Told again when what it waits for changes.
    Durable {
        /// The write that must go first: in its lane, or as its parent (Q6).
        behind: Option<WriteId>,
    },
    /// The store refused it: it is gone, its layer too.
    Refused {
        /// Why.
        error: StoreError,
    },
    /// A request is under way.
    Sending {
        /// From 1.
        attempt: u32,
    },
    /// The last attempt gave no definite outcome; it waits for the next.
    Retrying {
        /// Status of the last answer, or 0.
        status: u16,
    },
    /// Definite: the server applied it.
    Acknowledged {
        /// Its status.
        status: u16,
        /// Its body, if it was text.
        body: Option<Payload>,
        /// The stored answer of an earlier application.
        replayed: bool,
    },
    /// Kept, not sent any more until `Retry`.
    Parked {
        /// Why.
        reason: ParkReason,
        /// Status of the last answer, or 0.
        status: u16,
        /// Body of that answer, if it was text.
        body: Option<Payload>,
    },
    /// Kept, not sent by this build; a later one may (Q21).
    Quarantined {
        /// Why.
        reason: QuarantineReason,
    },
    /// The server says that somebody else changed it: the lane waits for `Resolve` (Q10).
    Conflict {
        /// 409 or 412.
        status: u16,
        /// Body of that answer, if it was text.
        body: Option<Payload>,
    },
    /// Another write stands for it: it was replaced, edited, or is the same (Q8, Q13).
    Merged {
        /// Which.
        into: WriteId,
    },
    /// It and the write that it undoes were never sent and never will be (Q8).
    Cancelled {},
    /// Cancelled or discarded.
    Discarded {},
    /// Acknowledged and carried by every base that its layer touched; its record is gone.
    Settled {},
}

/// Why a write is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkReason {
    /// A definite refusal (4xx).
    Permanent,
    /// 409 or 412: somebody else changed it.
    Conflict,
    /// Out of tries (5xx).
    OutOfTries,
    /// Older than its time to live.
    Expired,
    /// It was sent and nobody can say whether it was applied.
    Unknown,
    /// The key was used with another payload: a bug.
    KeyReused,
    /// A write that it depends on was parked or given up (Q7).
    ParentFailed,
    /// The write that it depends on succeeded, but its answer did not name what this one mentions (Q7).
    Unnamed,
}

/// Why a record was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineReason {
    /// The checksum does not match: torn or flipped.
    Corrupt,
    /// Written by a newer build.
    Newer,
    /// It belongs to another partition.
    Foreign,
    /// It is encrypted with a key that this device does not have (any more) (Q23).
    Sealed,
    /// No definition has its name (Q21).
    UnknownName,
    /// The definition could not bring it to this build's version (Q21).
    NotUpcast,
}

/// A line for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The server asked for a new client id.
    ClientReset,
    /// A frame came for a link that is gone.
    LateFrame,
    /// An acknowledgement nobody waits for.
    StrayAck,
    /// A hole in a room's offsets: asking again.
    GapSeen,
    /// A step of the store failed.
    StoreFailed,
    /// The store came back empty; what memory holds is written again.
    StoreEmptied,
    /// An answer without the server's mark (a captive portal?).
    UnmarkedAnswer,
}
