//! A file store that ends the process at one of its steps.

use rustix::process::{Signal, getpid, kill_process};
use tidewire::store::{Durability, FileStore, Loaded, Step, Store, StoreFault};

/// The store of a life that ends.
pub(crate) struct Mortal {
    inner: FileStore,
    done: u32,
    /// 0: it lives.
    dies_at: u32,
}

impl Mortal {
    pub(crate) fn new(inner: FileStore, dies_at: u32) -> Mortal {
        Mortal { inner, done: 0, dies_at }
    }

    /// Between two steps.
    fn between(&mut self) {
        self.done += 1;
        if self.done == self.dies_at {
            kill_process(getpid(), Signal::KILL).unwrap();
            // Nothing of this thread comes after it.
            loop {
                std::thread::park();
            }
        }
    }
}

impl Store for Mortal {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        self.between();
        self.inner.load()
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        self.between();
        self.inner.put(step)
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        self.between();
        let done = self.inner.commit();
        // On disk, and nobody knows.
        self.between();
        done
    }

    fn maintain(&mut self) -> Result<(), StoreFault> {
        self.inner.maintain()
    }
}
