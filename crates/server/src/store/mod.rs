//! The database: one writing connection on a thread of its own, a few reading ones, and what they do in transactions.
//! Knows rooms and the ledger of writes; knows no HTTP and no sockets.

mod error;
pub(crate) mod ledger;
pub mod limits;
mod readers;
pub(crate) mod rooms;
mod schema;
pub(crate) mod sql;
mod value;
pub(crate) mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::UnboundedSender;

pub use error::StoreError;
pub use value::{FromValue, Row, Value};
pub use writer::Counts;

use crate::event::{BoxFuture, History, HistoryError, RoomEvent};
use readers::Readers;
use rooms::EpochSeed;
use writer::Writer;

/// A wall clock in milliseconds since 1970, for retention and for [`Tx::now`](crate::write::Tx::now).
pub type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How to open a store.
pub struct StoreOptions {
    /// The database file; made if absent.
    pub path: PathBuf,
    /// The app's own schema: one SQL script per version. Append to it, never change what was released.
    pub migrations: Vec<&'static str>,
    /// The clock.
    pub clock: WallClock,
}

impl StoreOptions {
    /// A store in this file, with the system's clock.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), migrations: Vec::new(), clock: Arc::new(system_clock) }
    }
}

fn system_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The embedded SQLite store. Cheap to clone; the last clone closes it.
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
        let mut connection = connect(&options.path)?;
        schema::migrate(&mut connection, &options.migrations)?;
        let seed = EpochSeed::load(&connection)?;
        let readers = Readers::open(&options.path)?;
        let writer = Writer::start(connection, seed, options.clock, events)?;
        Ok(Self { writer, readers, seed })
    }

    /// Gives every room a new history, under a new epoch (V6): for a database that was restored from a backup, whose offsets
    /// have been used for other events since. Clients fetch what they show anew. No server may run on it meanwhile.
    pub fn begin_epoch(path: impl AsRef<Path>) -> Result<(), StoreError> {
        if !path.as_ref().exists() {
            return Err(StoreError::Storage(format!("there is no database at {}", path.as_ref().display())));
        }
        let mut connection = connect(path.as_ref())?;
        schema::migrate_own(&mut connection)?;
        let mut seed = [0_u8; 16];
        getrandom::fill(&mut seed).map_err(|error| StoreError::Storage(error.to_string()))?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rooms::begin_epoch(&transaction, seed)?;
        Ok(transaction.commit()?)
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
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
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

fn unavailable(error: StoreError) -> HistoryError {
    HistoryError::Unavailable(error.to_string())
}

/// WAL, so that readers never wait for the writer; FULL, so that a commit survives a power loss.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}
