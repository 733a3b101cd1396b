//! The one writer: a thread that owns the writing connection and runs transactions one after another.
//! It publishes the events of a transaction after its COMMIT and before the next one begins, so that they leave in commit
//! order. Knows nothing of keys, answers or HTTP.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;

use super::error::StoreError;
use super::place::Database;
use super::rooms::{self, Cause, Draft, EpochSeed};
use super::sql::Connection;
use super::{WallClock, ledger, limits};
use crate::event::RoomEvent;

/// What a transaction ends with.
pub(crate) enum Ending<T> {
    /// Draw offsets for these events, store them, commit, publish them.
    Commit { drafts: Vec<Draft>, cause: Cause, result: T },
    /// Take everything back.
    Rollback { result: T },
}

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// A handle to the writer's thread, which ends when the last handle is gone.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    tally: Arc<Tally>,
}

/// What the writer has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Committed transactions.
    pub commits: u64,
    /// Published events.
    pub events: u64,
}

#[derive(Default)]
struct Tally {
    commits: AtomicU64,
    events: AtomicU64,
}

struct Desk {
    database: Database,
    seed: EpochSeed,
    clock: WallClock,
    events: UnboundedSender<Vec<RoomEvent>>,
    tally: Arc<Tally>,
    clients_swept: Option<u64>,
}

impl Writer {
    pub(super) fn start(
        database: Database,
        seed: EpochSeed,
        clock: WallClock,
        events: UnboundedSender<Vec<RoomEvent>>,
    ) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(limits::WRITE_QUEUE);
        let tally = Arc::<Tally>::default();
        let mut desk = Desk { database, seed, clock, events, tally: tally.clone(), clients_swept: None };
        desk.sweep()?;
        std::thread::Builder::new()
            .name("tidewire-writer".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut desk);
                }
            })
            .map_err(|error| StoreError::Storage(error.to_string()))?;
        Ok(Self { jobs, tally })
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            commits: self.tally.commits.load(Ordering::Relaxed),
            events: self.tally.events.load(Ordering::Relaxed),
        }
    }

    /// Runs `work(connection, now)` in one transaction. Once queued it runs to its end, also if the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Connection, u64) -> Result<Ending<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            // Nobody may be waiting any more: the transaction stands all the same.
            let _ = answer.send(desk.transaction(work));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Desk {
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&dyn Connection, u64) -> Result<Ending<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let now = (self.clock)();
        let Self { database, seed, .. } = self;
        let (events, result) = database.write(|connection| {
            let ending = catch_unwind(AssertUnwindSafe(|| work(connection, now)))
                .unwrap_or(Err(StoreError::Panicked))?;
            Ok(match ending {
                Ending::Rollback { result } => (false, (None, result)),
                Ending::Commit { drafts, cause, result } => {
                    (true, (Some(rooms::append(connection, seed, drafts, &cause, now)?), result))
                }
            })
        })?;
        let Some(events) = events else { return Ok(result) };
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        self.tally.events.fetch_add(count, Ordering::Relaxed);
        if count > 0 {
            // Without a hub (a tool, a test of the HTTP half) the history alone has them.
            let _ = self.events.send(events);
        }
        let before = self.tally.commits.fetch_add(1, Ordering::Relaxed);
        if before % limits::SWEEP_COMMITS == limits::SWEEP_COMMITS - 1 {
            // What is too old may stay a little longer; the write that stands must not fail for it.
            let _ = self.sweep();
        }
        Ok(result)
    }

    fn sweep(&mut self) -> Result<(), StoreError> {
        let now = (self.clock)();
        // A wall clock that was set back only makes it earlier.
        let recent = self.clients_swept.is_some_and(|at| now.abs_diff(at) < limits::CLIENT_SWEEP_MILLIS);
        self.database.write(|connection| {
            rooms::sweep(connection, now)?;
            ledger::sweep(connection, now)?;
            if !recent {
                ledger::sweep_clients(connection, now)?;
            }
            Ok((true, ()))
        })?;
        if !recent {
            self.clients_swept = Some(now);
        }
        Ok(())
    }
}
