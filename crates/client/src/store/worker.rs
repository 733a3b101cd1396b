//! Who owns the store: a thread of its own, or, where no call of it waits for anything, the host itself. Jobs are done in order; steps that
//! wait together share one commit. Decides nothing.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use tidewire_core::{Blob, LoadId, PersistId};
use tokio::sync::oneshot;

use super::{Damage, Loaded, Step, Store, StoreFault};

/// Work for the store.
pub(crate) enum Job {
    /// Read everything.
    Load(LoadId),
    /// Read one record.
    Read(LoadId, String),
    /// A step of the engine.
    Persist(PersistId, Step),
    /// A step of the host.
    Put(Step, oneshot::Sender<Result<(), StoreFault>>),
    /// Read one value for the host.
    Get(String, oneshot::Sender<Result<Option<Blob>, StoreFault>>),
    /// Remove every key with one of these beginnings.
    Forget(Vec<&'static str>, oneshot::Sender<Result<(), StoreFault>>),
}

/// What the store says.
pub(crate) enum Told {
    Loaded(LoadId, Result<Loaded, StoreFault>),
    Persisted(PersistId, Result<(), StoreFault>),
    Damaged(Damage),
}

/// Steps that share one commit at most.
const BATCH: usize = 64;

type Tell = Box<dyn Fn(Told) + Send>;

/// The host's end.
pub(crate) enum Worker {
    Thread(Sender<Job>, JoinHandle<()>),
    /// Done when it is given.
    Here(Keeper),
}

impl Worker {
    /// Starts it.
    pub(crate) fn start(
        store: Box<dyn Store>,
        tell: impl Fn(Told) + Send + 'static,
    ) -> std::io::Result<Worker> {
        let mut keeper = Keeper { tell: Box::new(tell), store };
        if !keeper.store.blocks() {
            return Ok(Worker::Here(keeper));
        }
        let (sender, jobs) = channel();
        let thread = Builder::new().name("tidewire-store".into()).spawn(move || keeper.run(&jobs))?;
        Ok(Worker::Thread(sender, thread))
    }

    /// Hands over a job. If the store's thread is gone, its answer never comes, and nothing is promised.
    pub(crate) fn give(&mut self, job: Job) {
        match self {
            Worker::Thread(jobs, _) => drop(jobs.send(job)),
            Worker::Here(keeper) => drop(keeper.work(job, None)),
        }
    }

    /// Does what was given, and lets go of the store.
    pub(crate) async fn end(self) {
        if let Worker::Thread(jobs, thread) = self {
            drop(jobs);
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

enum Waiting {
    Engine(PersistId),
    Host(oneshot::Sender<Result<(), StoreFault>>),
}

/// The store and who is told.
pub(crate) struct Keeper {
    store: Box<dyn Store>,
    tell: Tell,
}

impl Keeper {
    /// Until the sender is dropped and all jobs are done.
    fn run(&mut self, jobs: &Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
            next = self.work(job, Some(jobs));
        }
    }

    /// Does a job, and those that wait behind it and can be done together with it. Returns the first that cannot.
    fn work(&mut self, job: Job, behind: Option<&Receiver<Job>>) -> Option<Job> {
        let next = match job {
            Job::Load(id) => {
                let loaded = self.load();
                (self.tell)(Told::Loaded(id, loaded));
                None
            }
            Job::Read(id, key) => {
                let mut loaded = self.load();
                if let Ok(loaded) = &mut loaded {
                    loaded.records.retain(|record| record.key == key);
                }
                (self.tell)(Told::Loaded(id, loaded));
                None
            }
            Job::Get(key, reply) => {
                let found = self
                    .load()
                    .map(|l| l.records.into_iter().find(|record| record.key == key).map(|r| r.value));
                let _ = reply.send(found);
                None
            }
            Job::Forget(beginnings, reply) => {
                let _ = reply.send(forget(&mut *self.store, &beginnings));
                None
            }
            Job::Persist(id, step) => self.commit((step, Waiting::Engine(id)), behind),
            Job::Put(step, reply) => self.commit((step, Waiting::Host(reply)), behind),
        };
        if next.is_none() {
            // Not done now is no loss: it is tried again after the next commit.
            let _ = self.store.maintain();
        }
        next
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        let mut loaded = self.store.load()?;
        loaded.damage.drain(..).for_each(|damage| (self.tell)(Told::Damaged(damage)));
        Ok(loaded)
    }

    /// Commits a step together with those that wait behind it. Returns the first job that is none.
    fn commit(&mut self, first: (Step, Waiting), behind: Option<&Receiver<Job>>) -> Option<Job> {
        let mut steps = vec![first];
        let mut next = None;
        while let Some(jobs) = behind.filter(|_| steps.len() < BATCH) {
            match jobs.try_recv() {
                Ok(Job::Persist(id, step)) => steps.push((step, Waiting::Engine(id))),
                Ok(Job::Put(step, reply)) => steps.push((step, Waiting::Host(reply))),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let store = &mut self.store;
        let together = steps.iter().try_for_each(|(step, _)| store.put(step)).and_then(|()| store.commit());
        if together.is_ok() || steps.len() == 1 {
            let mut result = together;
            for (_, waiting) in steps {
                self.answer(waiting, std::mem::replace(&mut result, Ok(())));
            }
            return next;
        }
        // One of them does not fit: it alone fails, a small step (an outcome) must not wait for a large one's room.
        // What was staged before the failure is committed with the first of them, and putting it again changes nothing.
        for (step, waiting) in steps {
            let result = self.store.put(&step).and_then(|()| self.store.commit());
            self.answer(waiting, result);
        }
        next
    }

    fn answer(&self, waiting: Waiting, result: Result<(), StoreFault>) {
        match waiting {
            Waiting::Engine(id) => (self.tell)(Told::Persisted(id, result)),
            Waiting::Host(reply) => {
                let _ = reply.send(result);
            }
        }
    }
}

fn forget(store: &mut dyn Store, beginnings: &[&str]) -> Result<(), StoreFault> {
    let keys = store.load()?.records.into_iter().map(|record| record.key);
    for key in keys.filter(|key| beginnings.iter().any(|beginning| key.starts_with(beginning))) {
        store.put(&Step { key, value: None })?;
    }
    store.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Durability, MemoryStore};

    /// Takes steps whose key is not "big", and counts commits.
    struct Picky {
        inner: MemoryStore,
        staged_big: bool,
    }

    impl Store for Picky {
        fn durability(&self) -> Durability {
            Durability::Memory
        }
        fn load(&mut self) -> Result<Loaded, StoreFault> {
            self.inner.load()
        }
        fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
            self.staged_big |= step.key == "big";
            if step.key == "big" { Ok(()) } else { self.inner.put(step) }
        }
        fn commit(&mut self) -> Result<(), StoreFault> {
            if std::mem::take(&mut self.staged_big) {
                self.inner = MemoryStore::new();
                return Err(StoreFault::Full);
            }
            self.inner.commit()
        }
    }

    #[test]
    fn q1_a_store_that_waits_for_nothing_has_done_a_job_when_it_is_given() {
        let (told, results) = channel();
        let tell = move |fact| {
            if let Told::Persisted(id, result) = fact {
                told.send((id.0, result.is_ok())).unwrap();
            }
        };
        let mut worker = Worker::start(Box::new(MemoryStore::new()), tell).unwrap();
        for (id, key) in [(1, "a"), (2, "b")] {
            let step = Step { key: key.into(), value: Some(Blob(vec![1])) };
            worker.give(Job::Persist(PersistId(id), step));
        }
        assert_eq!(results.try_iter().collect::<Vec<_>>(), [(1, true), (2, true)]);
        let (reply, mut found) = oneshot::channel();
        worker.give(Job::Get("b".into(), reply));
        assert_eq!(found.try_recv().unwrap().unwrap(), Some(Blob(vec![1])));
    }

    #[test]
    fn q2_in_a_batch_that_does_not_fit_only_the_step_that_does_not_fit_fails() {
        let (jobs, receiver) = channel();
        for (id, key) in [(1, "a"), (2, "big"), (3, "c")] {
            let step = Step { key: key.into(), value: Some(Blob(vec![1])) };
            jobs.send(Job::Persist(PersistId(id), step)).unwrap();
        }
        drop(jobs);
        let (told, results) = channel();
        let tell = move |fact| {
            if let Told::Persisted(id, result) = fact {
                told.send((id.0, result.is_ok())).unwrap();
            }
        };
        let store = Box::new(Picky { inner: MemoryStore::new(), staged_big: false });
        Keeper { store, tell: Box::new(tell) }.run(&receiver);
        assert_eq!(results.iter().collect::<Vec<_>>(), [(1, true), (2, false), (3, true)]);
    }
}
