//! What an app can watch: the connection, the queue, and what deserves a line in its log.

use std::fmt;

use futures_util::{Stream, stream};
use tidewire_core::{ConnectionState, Note, OutboxStatus, QuarantineReason};

use tokio::sync::watch;

use crate::store::{Damage, Durability};

/// The state of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The connection.
    pub connection: ConnectionState,
    /// The queue. It is empty and not `ready` until the store has been read.
    pub outbox: OutboxStatus,
    /// What a durable write survives.
    pub durability: Durability,
}

/// What a place holds now and after each change; changes that follow each other faster than they are read are skipped.
pub(crate) fn changes<T: Clone + Send + Sync + 'static>(
    place: watch::Receiver<T>,
) -> impl Stream<Item = T> + Send + Unpin + use<T> {
    Box::pin(stream::unfold((place, true), |(mut place, first)| async move {
        if !first {
            place.changed().await.ok()?;
        }
        let now = place.borrow_and_update().clone();
        Some((now, (place, false)))
    }))
}

/// Something that an app may want to log. It never holds a payload or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The store found bytes that it cannot use.
    Damage(Damage),
    /// The engine set a record aside.
    Quarantined {
        /// Its key.
        key: String,
        /// Why.
        reason: QuarantineReason,
    },
    /// The store cannot be read; it is tried again.
    StoreUnreadable(String),
    /// A step of the store failed.
    StoreFailed(String),
    /// The store belongs to a newer build: nothing is read or written any more.
    ReloadNeeded,
    /// A note of the engine.
    Note(Note),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Damage(damage) => write!(f, "store: {damage}"),
            Notice::Quarantined { key, reason } => {
                let why = match reason {
                    QuarantineReason::Corrupt => "is corrupt",
                    QuarantineReason::Newer => "was written by a newer version",
                    QuarantineReason::Foreign => "belongs to another user",
                    QuarantineReason::Sealed => "is encrypted with a key that is not here",
                    QuarantineReason::UnknownName => "names a mutation that this build does not have",
                    QuarantineReason::NotUpcast => "could not be brought to this build's version",
                };
                write!(f, "store: the record {key:?} {why}; it is kept, but not used")
            }
            Notice::StoreUnreadable(error) => write!(f, "store: cannot be read, trying again: {error}"),
            Notice::ReloadNeeded => f.write_str("store: it belongs to a newer build; start that one"),
            Notice::StoreFailed(error) => write!(f, "store: {error}"),
            Notice::Note(note) => f.write_str(match note {
                Note::ClientReset => "the server asked for a new client id",
                Note::LateFrame => "a frame came for a link that is gone",
                Note::StrayAck => "an acknowledgement came that nobody waits for",
                Note::GapSeen => "events are missing in a room: asking for them",
                Note::StoreFailed => "a step of the store failed",
                Note::StoreEmptied => "the store came back empty: writing it again",
                Note::UnmarkedAnswer => {
                    "an answer did not come from the Tidewire server (a captive portal or proxy?)"
                }
            }),
        }
    }
}
