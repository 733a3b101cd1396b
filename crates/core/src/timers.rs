//! One table of deadlines; each entry says why it exists.

use crate::map::{Map, Set};

use crate::ids::*;

/// The reason of a deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// The attempt to connect takes too long.
    Attempt,
    /// The next attempt to connect is due.
    Backoff,
    /// Nothing was heard from the peer for interval + timeout.
    Heartbeat,
    /// A probe went unanswered.
    Probe,
    /// The session is old enough to forget earlier failures.
    Stable,
    /// The platform says offline: it may be wrong.
    OfflineProbe,
    /// The token is to be renewed, or a step of that takes too long.
    Token,
    /// The attempt at a link that is to take over takes too long.
    Takeover,
    /// A namespace is asked for again, or its answer is missing.
    Namespace(String),
    /// An answer to a `room:join` is missing.
    Join(RoomId),
    /// An emit's acknowledgement, or its place in the buffer, expires.
    Emit(EmitId),
    /// The store is read again after a failure.
    Reload,
    /// A step of the store is tried again after a failure.
    StoreRetry,
    /// The platform says offline, and something waits to be sent.
    OfflineSend,
    /// A request takes too long.
    Request(FetchId),
    /// The leader has not said that it lives, or is to be asked again.
    Challenge,
    /// This origin's pause ends.
    OriginPause(String),
    /// Nobody has decided a conflict.
    Conflict(WriteId),
    /// The next write is too old, or the queue's clock is to be stored.
    Expiry,
    /// A write waits after an answer about itself.
    WriteRetry(WriteId),
    /// An acknowledged write was not seen in the base in time.
    Layer(WriteId),
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    by_kind: Map<TimerKind, Timestamp>,
    by_time: Set<(Timestamp, TimerKind)>,
}

impl Timers {
    /// Sets the deadline, replacing an earlier one of the same kind.
    pub(crate) fn set(&mut self, kind: TimerKind, at: Timestamp) {
        self.stop(&kind);
        self.by_time.insert((at, kind.clone()));
        self.by_kind.insert(kind, at);
    }

    pub(crate) fn stop(&mut self, kind: &TimerKind) {
        if let Some(at) = self.by_kind.remove(kind) {
            self.by_time.remove(&(at, kind.clone()));
        }
    }

    pub(crate) fn get(&self, kind: &TimerKind) -> Option<Timestamp> {
        self.by_kind.get(kind).copied()
    }

    /// Removes and returns the earliest deadline that has passed.
    pub(crate) fn expired(&mut self, now: Timestamp) -> Option<TimerKind> {
        let (at, kind) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let kind = kind.clone();
        self.stop(&kind);
        Some(kind)
    }

    pub(crate) fn next(&self) -> Option<(Timestamp, &TimerKind)> {
        self.by_time.first().map(|(at, kind)| (*at, kind))
    }
}
