//! A store that forgets: for tests and for apps that want no file. It promises `memory` and says so.

use std::collections::BTreeMap;

use tidewire_core::{Blob, StoredRecord};

use super::{Durability, KEY_BYTES, Loaded, Step, Store, StoreFault, VALUE_BYTES};

/// Records in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    records: BTreeMap<String, Blob>,
    staged: Vec<Step>,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }
}

impl Store for MemoryStore {
    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn blocks(&self) -> bool {
        false
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        let records = self
            .records
            .iter()
            .map(|(key, value)| StoredRecord { key: key.clone(), value: value.clone() })
            .collect();
        Ok(Loaded { records, damage: Vec::new() })
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        let value = step.value.as_ref().map_or(0, |value| value.0.len());
        if step.key.len() > KEY_BYTES || value > VALUE_BYTES {
            return Err(StoreFault::TooLarge);
        }
        self.staged.push(step.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        for step in self.staged.drain(..) {
            match step.value {
                Some(value) => self.records.insert(step.key, value),
                None => self.records.remove(&step.key),
            };
        }
        Ok(())
    }
}
