//! One query: its base, who looks at it, the fetch that is under way, and what is shown of it. Knows neither rules nor the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tidewire_core::{Applied, Position, QueryId, ReadId, RoomId, Timestamp, WriteId};
use tokio::sync::watch;

use super::key::QueryKey;
use crate::query::{QueryError, Reader};

/// What asks the server.
pub(crate) type Fetcher =
    Arc<dyn Fn(Reader) -> Pin<Box<dyn Future<Output = Result<Value, QueryError>> + Send>> + Send + Sync>;

/// What a fetch brought.
pub(crate) struct Fetched {
    pub(crate) data: Value,
    pub(crate) positions: Vec<Position>,
    pub(crate) applied: Option<Applied>,
}

/// What handles see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) data: Option<Arc<Value>>,
    pub(crate) unconfirmed: bool,
    pub(crate) fetching: bool,
    pub(crate) stale: bool,
    pub(crate) error: Option<QueryError>,
}

/// What the server said, at the positions that it covers, with the writes that it has already.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) data: Value,
    pub(super) positions: BTreeMap<RoomId, Position>,
    /// Writes whose layers do not stand on it any more.
    pub(super) carries: BTreeSet<WriteId>,
    /// When it was fetched, by the wall clock, in milliseconds.
    pub(super) updated_at: u64,
}

pub(super) struct Entry {
    /// New for each life of a query.
    pub(super) id: QueryId,
    pub(super) key: QueryKey,
    pub(super) base: Option<Base>,
    /// What stood before the base that the engine is told of: it may refuse that.
    pub(super) before: Option<Base>,
    /// Who looks at it.
    pub(super) handles: usize,
    pub(super) fetcher: Option<Fetcher>,
    /// The fetch that is under way.
    pub(super) read: Option<ReadId>,
    /// To be fetched again when somebody looks at it.
    pub(super) stale: bool,
    /// When it was fetched last in this process.
    pub(super) fetched_at: Option<Timestamp>,
    /// Fetches that failed one after another, and when the next is due.
    pub(super) failures: u32,
    pub(super) retry_at: Option<Timestamp>,
    /// Grows with each use: the oldest goes first.
    pub(super) used: u64,
    pub(super) cell: watch::Sender<Shown>,
}

impl Entry {
    pub(super) fn new(id: QueryId, key: QueryKey) -> Entry {
        Entry {
            id,
            key,
            base: None,
            before: None,
            handles: 0,
            fetcher: None,
            read: None,
            stale: false,
            fetched_at: None,
            failures: 0,
            retry_at: None,
            used: 0,
            cell: watch::channel(Shown::default()).0,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.handles > 0
    }

    /// Tells what is known beside the data.
    pub(super) fn tell(&self) {
        let (fetching, stale) = (self.read.is_some(), self.stale);
        self.cell.send_if_modified(|shown| {
            let changed = shown.fetching != fetching || shown.stale != stale;
            (shown.fetching, shown.stale) = (fetching, stale);
            changed
        });
    }

    pub(super) fn tell_error(&self, error: Option<QueryError>) {
        self.cell.send_if_modified(|shown| {
            let changed = shown.error.is_some() || error.is_some();
            shown.error = error;
            changed
        });
    }

    pub(super) fn show(&self, data: Value, unconfirmed: bool) {
        self.cell.send_if_modified(|shown| {
            let same = shown.data.as_deref() == Some(&data);
            if !same {
                shown.data = Some(Arc::new(data));
            }
            let changed = !same || shown.unconfirmed != unconfirmed;
            shown.unconfirmed = unconfirmed;
            changed
        });
    }
}
