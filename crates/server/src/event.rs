//! What the two halves of the server agree on: events of rooms and where their history is read.
//! Knows no database, no socket and no HTTP.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future behind a pointer, so that the traits here can be used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub use tidewire_hub::RoomEvent;

/// Why a history could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// The store failed; asking again may help.
    Unavailable(String),
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the history of the room cannot be read now: {why}"),
        }
    }
}

impl std::error::Error for HistoryError {}

/// Where the hub reads what a room has seen.
pub trait History: Send + Sync {
    /// The room's epoch and the offset of its last event; 0 for a room without history.
    fn head<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<(Arc<str>, u64), HistoryError>>;

    /// Events after `offset`, oldest first, at most `limit`. The first one follows `offset` unless retention took it.
    fn after<'a>(
        &'a self,
        room: &'a str,
        offset: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RoomEvent>, HistoryError>>;
}

/// No history: what happens in a room is told to whoever is in it, and gone. For servers without rooms, and where nobody minds what
/// they missed.
#[derive(Clone, Debug)]
pub struct NoHistory {
    epoch: Arc<str>,
}

impl NoHistory {
    /// `epoch` is that of the events which are sent ([`RoomEvent::epoch`]): another one after each start, since offsets begin anew.
    #[must_use]
    pub fn new(epoch: impl Into<Arc<str>>) -> NoHistory {
        NoHistory { epoch: epoch.into() }
    }
}

impl History for NoHistory {
    fn head<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(Arc<str>, u64), HistoryError>> {
        Box::pin(std::future::ready(Ok((Arc::clone(&self.epoch), 0))))
    }

    fn after<'a>(
        &'a self,
        _: &'a str,
        _: u64,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<RoomEvent>, HistoryError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}
