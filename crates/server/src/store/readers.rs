//! A few reading connections, used on blocking threads. Each run sees one snapshot. Knows no tables.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::error::StoreError;
use super::limits;
use super::place::{Database, Place};
use super::sql::Connection;

#[derive(Clone)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Database>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        let mut idle = Vec::with_capacity(limits::READERS);
        for _ in 0..limits::READERS {
            idle.push(Database::open_reader(place)?);
        }
        Ok(Self { idle: Arc::new(Mutex::new(idle)), permits: Arc::new(Semaphore::new(limits::READERS)) })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = self.idle.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit; // given back after the connection is
            let mut database = lock(&idle).pop().ok_or(StoreError::Closed)?;
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| database.read(work)));
            lock(&idle).push(database);
            result.unwrap_or(Err(StoreError::Panicked))
        });
        task.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::{Store, StoreOptions};
    use super::*;

    // Both sides of store::READERS.
    #[tokio::test]
    async fn v7_so_many_reads_run_at_once_and_one_more_waits() {
        let dir = tempfile::tempdir().expect("a directory");
        let events = tokio::sync::mpsc::unbounded_channel().0;
        let store = Store::open(StoreOptions::new(dir.path().join("db")), events).expect("a store");
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, may_go_on) = channel::<()>();
        let may_go_on = Arc::new(Mutex::new(may_go_on));
        let reads: Vec<_> = (0..limits::READERS)
            .map(|_| {
                let (readers, begun, gate) = (store.readers.clone(), begun.clone(), may_go_on.clone());
                tokio::spawn(async move {
                    let work = move |_: &dyn Connection| {
                        begun.send(()).ok();
                        gate.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
                        Ok(())
                    };
                    readers.run(work).await
                })
            })
            .collect();
        for _ in 0..limits::READERS {
            let minute = std::time::Duration::from_secs(60);
            tokio::time::timeout(minute, has_begun.recv()).await.expect("all of them at once");
        }
        assert_eq!(store.readers.permits.available_permits(), 0);
        drop(go_on);
        for read in reads {
            read.await.expect("no panic").expect("read");
        }
        assert_eq!(store.readers.permits.available_permits(), limits::READERS);
    }
}
