//! One table of deadlines, each with its reason as the key. It does not know what happens at them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Timestamp;

/// Deadlines keyed by their reason; setting one again replaces it.
pub(crate) struct Timers<K> {
    queue: BTreeSet<(Timestamp, K)>,
    at: BTreeMap<K, Timestamp>,
}

impl<K: Ord + Clone> Timers<K> {
    pub(crate) fn new() -> Self {
        Timers { queue: BTreeSet::new(), at: BTreeMap::new() }
    }

    pub(crate) fn set(&mut self, key: K, at: Timestamp) {
        self.clear(&key);
        self.queue.insert((at, key.clone()));
        self.at.insert(key, at);
    }

    pub(crate) fn clear(&mut self, key: &K) -> bool {
        match self.at.remove(key) {
            Some(at) => self.queue.remove(&(at, key.clone())),
            None => false,
        }
    }

    pub(crate) fn has(&self, key: &K) -> bool {
        self.at.contains_key(key)
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes one deadline that is due, with its time.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, K)> {
        if self.next()? > now {
            return None;
        }
        let (at, key) = self.queue.pop_first()?;
        self.at.remove(&key);
        Some((at, key))
    }
}
