//! The thread that owns the store. Jobs are done in order; steps that wait together share one commit. Decides nothing.

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

/// Starts the thread. It ends, and lets go of the store, when the sender is dropped and all jobs are done.
pub(crate) fn start(
    store: Box<dyn Store>,
    tell: impl Fn(Told) + Send + 'static,
) -> std::io::Result<(Sender<Job>, JoinHandle<()>)> {
    let (sender, jobs) = channel();
    let thread = Builder::new().name("tidewire-store".into()).spawn(move || run(store, &jobs, &tell))?;
    Ok((sender, thread))
}

enum Waiting {
    Engine(PersistId),
    Host(oneshot::Sender<Result<(), StoreFault>>),
}

fn run(mut store: Box<dyn Store>, jobs: &Receiver<Job>, tell: &impl Fn(Told)) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
        match job {
            Job::Load(id) => {
                let mut loaded = store.load();
                report(&mut loaded, tell);
                tell(Told::Loaded(id, loaded));
            }
            Job::Read(id, key) => {
                let mut loaded = store.load();
                report(&mut loaded, tell);
                if let Ok(loaded) = &mut loaded {
                    loaded.records.retain(|record| record.key == key);
                }
                tell(Told::Loaded(id, loaded));
            }
            Job::Get(key, reply) => {
                let mut loaded = store.load();
                report(&mut loaded, tell);
                let found =
                    loaded.map(|l| l.records.into_iter().find(|record| record.key == key).map(|r| r.value));
                let _ = reply.send(found);
            }
            Job::Forget(beginnings, reply) => {
                let _ = reply.send(forget(&mut *store, &beginnings));
            }
            Job::Persist(id, step) => {
                next = commit(&mut *store, (step, Waiting::Engine(id)), jobs, tell);
            }
            Job::Put(step, reply) => {
                next = commit(&mut *store, (step, Waiting::Host(reply)), jobs, tell);
            }
        }
        if next.is_none() {
            // Not done now is no loss: it is tried again after the next commit.
            let _ = store.maintain();
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

/// Commits a step together with those that wait behind it. Returns the first job that is none.
fn commit(
    store: &mut dyn Store,
    first: (Step, Waiting),
    jobs: &Receiver<Job>,
    tell: &impl Fn(Told),
) -> Option<Job> {
    let mut steps = vec![first];
    let mut next = None;
    while steps.len() < BATCH {
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
    let together = steps.iter().try_for_each(|(step, _)| store.put(step)).and_then(|()| store.commit());
    if together.is_ok() || steps.len() == 1 {
        let mut result = together;
        for (_, waiting) in steps {
            answer(waiting, std::mem::replace(&mut result, Ok(())), tell);
        }
        return next;
    }
    // One of them does not fit: it alone fails, a small step (an outcome) must not wait for a large one's room.
    // What was staged before the failure is committed with the first of them, and putting it again changes nothing.
    for (step, waiting) in steps {
        let result = store.put(&step).and_then(|()| store.commit());
        answer(waiting, result, tell);
    }
    next
}

fn answer(waiting: Waiting, result: Result<(), StoreFault>, tell: &impl Fn(Told)) {
    match waiting {
        Waiting::Engine(id) => tell(Told::Persisted(id, result)),
        Waiting::Host(reply) => {
            let _ = reply.send(result);
        }
    }
}

fn report(loaded: &mut Result<Loaded, StoreFault>, tell: &impl Fn(Told)) {
    if let Ok(loaded) = loaded {
        loaded.damage.drain(..).for_each(|damage| tell(Told::Damaged(damage)));
    }
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
    fn q2_in_a_batch_that_does_not_fit_only_the_step_that_does_not_fit_fails() {
        let (jobs, receiver) = channel();
        for (id, key) in [(1, "a"), (2, "big"), (3, "c")] {
            let step = Step { key: key.into(), value: Some(Blob(vec![1])) };
            jobs.send(Job::Persist(PersistId(id), step)).unwrap();
        }
        drop(jobs);
        let (told, results) = channel();
        run(Box::new(Picky { inner: MemoryStore::new(), staged_big: false }), &receiver, &move |fact| {
            if let Told::Persisted(id, result) = fact {
                told.send((id.0, result.is_ok())).unwrap();
            }
        });
        assert_eq!(results.iter().collect::<Vec<_>>(), [(1, true), (2, false), (3, true)]);
    }
}
