//! The database: one writing connection on a thread of its own, a few reading ones, and what they do in transactions.
//! Knows rooms and the ledger of writes; knows no HTTP and no sockets.

mod error;
pub(crate) mod ledger;
pub mod limits;
mod place;
mod postgres;
mod readers;
pub(crate) mod rooms;
mod schema;
pub(crate) mod sql;
mod sqlite;
mod value;
pub(crate) mod writer;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedSender;

pub use error::StoreError;
pub use place::Place;
pub use value::{FromValue, Row, Value};
pub use writer::Counts;

use crate::event::{BoxFuture, History, HistoryError, RoomEvent};
use place::Database;
use readers::Readers;
use rooms::EpochSeed;
use sql::Connection;
use writer::Writer;

/// A wall clock in milliseconds since 1970, for retention and for [`Tx::now`](crate::write::Tx::now).
pub type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How to open a store.
pub struct StoreOptions {
    /// The database.
    pub place: Place,
    /// The app's own schema, in the words of its database: one SQL script per version. Append to it, never change what was released.
    pub migrations: Vec<&'static str>,
    /// The clock.
    pub clock: WallClock,
}

impl StoreOptions {
    /// A store in this file, or in the PostgreSQL database of a `postgres://` URL, with the system's clock.
    #[must_use]
    pub fn new(place: impl Into<Place>) -> Self {
        Self { place: place.into(), migrations: Vec::new(), clock: Arc::new(system_clock) }
    }
}

fn system_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The store. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    seed: EpochSeed,
}

impl Store {
    /// Opens or makes the database. The events of each committed transaction go to `events`, in commit order.
    /// Blocks on the disk: call it before serving.
    pub fn open(options: StoreOptions, events: UnboundedSender<Vec<RoomEvent>>) -> Result<Self, StoreError> {
        apart(move || Self::open_here(options, events))
    }

    fn open_here(options: StoreOptions, events: UnboundedSender<Vec<RoomEvent>>) -> Result<Self, StoreError> {
        let mut database = Database::open(&options.place)?;
        schema::migrate(&mut database, &options.migrations)?;
        let seed = database.read(EpochSeed::load)?;
        let readers = Readers::open(&options.place)?;
        let writer = Writer::start(database, seed, options.clock, events)?;
        Ok(Self { writer, readers, seed })
    }

    /// Gives every room a new history, under a new epoch (V6): for a database that was restored from a backup, whose offsets
    /// have been used for other events since. Clients fetch what they show anew. No server may run on it meanwhile.
    pub fn begin_epoch(place: impl Into<Place>) -> Result<(), StoreError> {
        let place = place.into();
        if let Place::File(path) = &place
            && !path.exists()
        {
            return Err(StoreError::Storage(format!("there is no database at {}", path.display())));
        }
        apart(move || {
            let mut database = Database::open(&place)?;
            schema::migrate_own(&mut database)?;
            let mut seed = [0_u8; 16];
            getrandom::fill(&mut seed).map_err(|error| StoreError::Storage(error.to_string()))?;
            database.write(|connection| Ok((true, rooms::begin_epoch(connection, seed)?)))
        })
    }

    /// What has been committed since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.writer.counts()
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) fn seed(&self) -> EpochSeed {
        self.seed
    }

    /// Runs `work` on a reading connection, all of it in one snapshot.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await
    }
}

impl History for Store {
    fn head<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<(Arc<str>, u64), HistoryError>> {
        let (room, seed) = (room.to_owned(), self.seed);
        Box::pin(async move {
            self.snapshot(move |connection| rooms::head(connection, &seed, &room)).await.map_err(unavailable)
        })
    }

    fn after<'a>(
        &'a self,
        room: &'a str,
        offset: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RoomEvent>, HistoryError>> {
        let (room, seed) = (room.to_owned(), self.seed);
        Box::pin(async move {
            self.snapshot(move |connection| rooms::after(connection, &seed, &room, offset, limit))
                .await
                .map_err(unavailable)
        })
    }
}

/// On a thread of its own: PostgreSQL's driver waits on a runtime of its own, which must not happen where another one runs.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or(Err(StoreError::Panicked))
}

fn unavailable(error: StoreError) -> HistoryError {
    HistoryError::Unavailable(error.to_string())
}
