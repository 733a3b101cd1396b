//! The writes of the queue as the app sees them: what each is, how far it has come, and who waits for it. What happens to one
//! is decided in the engine; here it is only told on.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::Value;
use tidewire_core::{Payload, Submission, WriteId, WriteState};
use tokio::sync::watch;

use crate::handle::Progress;
use crate::names;
use crate::queue::{WriteInfo, WriteStage};

/// What a write is.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) variables: Payload,
}

impl From<&Submission> for Facts {
    fn from(submission: &Submission) -> Facts {
        let Submission { name, version, variables, .. } = submission;
        Facts { name: name.clone(), version: *version, variables: variables.clone() }
    }
}

impl Facts {
    /// True: its variables mentioned the temporary id.
    pub(super) fn rename(&mut self, temp: &str, real: &str) -> bool {
        if !self.variables.0.contains(temp) {
            return false;
        }
        let Ok(mut value) = serde_json::from_str::<Value>(&self.variables.0) else { return false };
        names::rename(&mut value, temp, real);
        self.variables = Payload(value.to_string());
        true
    }
}

struct Entry {
    facts: Facts,
    stage: WriteStage,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
pub(crate) struct Writes {
    /// By the order in which they were heard of, which is that of the queue.
    entries: BTreeMap<u64, (WriteId, Entry)>,
    numbers: HashMap<WriteId, u64>,
    next: u64,
}

impl Writes {
    /// A write exists. What is known already stays.
    pub(super) fn add(&mut self, write: &WriteId, facts: Facts) -> watch::Receiver<Progress> {
        if let Some(known) = self.watch(write) {
            return known;
        }
        self.next += 1;
        self.numbers.insert(write.clone(), self.next);
        let (progress, receiver) = watch::channel(Progress::default());
        self.entries.insert(self.next, (write.clone(), Entry { facts, stage: WriteStage::Queued, progress }));
        receiver
    }

    pub(super) fn watch(&self, write: &WriteId) -> Option<watch::Receiver<Progress>> {
        self.get(write).map(|entry| entry.progress.subscribe())
    }

    fn get(&self, write: &WriteId) -> Option<&Entry> {
        self.entries.get(self.numbers.get(write)?).map(|(_, entry)| entry)
    }

    pub(super) fn facts(&self, write: &WriteId) -> Option<&Facts> {
        self.get(write).map(|entry| &entry.facts)
    }

    /// `Write`.
    pub(super) fn changed(&mut self, write: &WriteId, state: &WriteState) {
        let follows = if let WriteState::Merged { into } = state { self.watch(into) } else { None };
        let Some(number) = self.numbers.get(write).copied() else { return };
        let Some((_, entry)) = self.entries.get_mut(&number) else { return };
        let mut last = false;
        entry.progress.send_modify(|progress| last = progress.advance(state, follows));
        if let Some(stage) = WriteStage::of(state) {
            entry.stage = stage;
        }
        if last {
            self.numbers.remove(write);
            self.entries.remove(&number);
        }
    }

    /// `Renamed`: what is shown of writes that mention the temporary id.
    pub(super) fn renamed(&mut self, temp: &str, real: &str) {
        for (_, entry) in self.entries.values_mut() {
            entry.facts.rename(temp, real);
        }
    }

    pub(super) fn list(&self) -> Vec<WriteInfo> {
        let info = |(write, entry): &(WriteId, Entry)| WriteInfo {
            id: write.clone(),
            name: entry.facts.name.clone(),
            version: entry.facts.version,
            variables: serde_json::from_str(&entry.facts.variables.0).unwrap_or_default(),
            stage: entry.stage.clone(),
        };
        self.entries.values().map(info).collect()
    }
}
