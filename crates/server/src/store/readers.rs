//! A few reading connections, used on blocking threads. Each run sees one snapshot. Knows no tables.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use super::error::StoreError;
use super::limits;

#[derive(Clone)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut idle = Vec::with_capacity(limits::READERS);
        for _ in 0..limits::READERS {
            let connection = super::connect(path)?;
            connection.pragma_update(None, "query_only", "ON")?;
            idle.push(connection);
        }
        Ok(Self { idle: Arc::new(Mutex::new(idle)), permits: Arc::new(Semaphore::new(limits::READERS)) })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = self.idle.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit; // given back after the connection is
            let mut connection = lock(&idle).pop().ok_or(StoreError::Closed)?;
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // DEFERRED in WAL: the first read fixes the snapshot for all others.
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                work(&transaction)
            }));
            lock(&idle).push(connection);
            result.unwrap_or(Err(StoreError::Panicked))
        });
        task.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
