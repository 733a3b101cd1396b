//! Newtypes of everything that has an identity or a unit. Nothing here decides anything.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Milliseconds of a monotonic clock. Its zero is the host's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

/// A span in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Timestamp {
    /// The deadline `span` after this one; saturates.
    #[must_use]
    pub fn after(self, span: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )*};
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Arc<str>);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self { $name(text.into()) }
        }
    )*};
}

number_id! {
    /// One connection; made by the host, never used again.
    SessionId;
    /// One question of the app to a client, made by the host; comes back with the answer.
    AckId;
    /// One question of the hub to its host; comes back with the answer.
    RequestId;
    /// Place of an event in its room's history (protocol section 1); from 1, 0 for none.
    Offset;
}

impl Offset {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Offset {
        Offset(self.0.saturating_add(1))
    }
}

text_id! {
    /// A room's name.
    RoomId;
    /// The identity of a room's history.
    Epoch;
    /// Who is signed in.
    UserId;
    /// A Socket.IO namespace; `/` is the main one.
    Namespace;
    /// A Socket.IO session's public id.
    SocketId;
}
