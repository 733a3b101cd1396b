//! Newtypes of everything that has an identity or a unit. Nothing here decides anything.

use std::fmt;

/// Milliseconds of a monotonic clock: deadlines. Its zero is the host's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

/// Milliseconds since 1970 by the wall clock: time to live and `Retry-After` dates only, never order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub u64);

/// A span in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// Both clocks, read by the host at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic.
    pub mono: Timestamp,
    /// Wall.
    pub wall: WallTime,
}

impl Timestamp {
    /// The deadline `span` after this one; saturates.
    #[must_use]
    pub fn after(self, span: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )*};
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub String);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self { $name(text.to_owned()) }
        }
    )*};
}

number_id! {
    /// One attempt at a transport link; made by the engine.
    LinkId(u32);
    /// One HTTP request of the host; made by the engine.
    FetchId(u32);
    /// One request for a token; made by the engine.
    AuthId(u32);
    /// One step of the store; made by the engine.
    PersistId(u32);
    /// One reading of the whole store; made by the engine.
    LoadId(u32);
    /// One emit of the app; made by the host, unique while its acknowledgement is open.
    EmitId(u32);
    /// One pass over the queue; made by the host.
    PassId(u32);
    /// A payload that stays with the host; made by the host, kept until the engine releases it.
    BodyId(u32);
    /// A query of the host's cache; made by the host, one per query key.
    QueryId(u32);
    /// One fetch of a query by the host; made by the host, unique within the query's life.
    ReadId(u32);
    /// A leadership of one tab over the shared store; made by the store, counts up.
    LeaderEpoch(u64);
    /// Place of a write in its client's sequence (protocol section 3); from 1.
    Sequence(u64);
    /// Place of an event in its room's history (protocol section 1); from 1.
    Offset(u64);
}

text_id! {
    /// A room's name.
    RoomId;
    /// The identity of a room's history.
    Epoch;
    /// A write's id: its idempotency key, and the `writeId` of its events.
    WriteId;
    /// A client id (protocol section 3).
    ClientId;
    /// Writes of one lane leave strictly in order (Q6).
    Lane;
    /// Who owns the store's records: (app, environment, user) as one text (Q20).
    Partition;
}

/// A place in a room's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The room.
    pub room: RoomId,
    /// Its history's identity.
    pub epoch: Epoch,
    /// The last event that is covered; 0 for none.
    pub offset: Offset,
}

/// Settled sequences `from..=to` (protocol section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceRange {
    /// First.
    pub from: Sequence,
    /// Last.
    pub to: Sequence,
}
