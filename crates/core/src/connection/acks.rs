//! Acknowledgements that are awaited on the current link.

use std::collections::BTreeMap;

use crate::ids::*;

/// Who waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AckFor {
    /// The app.
    Emit(EmitId),
    /// A room.
    Join(RoomId),
    /// The connection itself.
    Probe,
}

#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// Never reused, also not on the next link: a late answer finds nobody.
    last: u64,
    open: BTreeMap<u64, AckFor>,
}

impl Acks {
    pub(crate) fn open(&mut self, what: AckFor) -> u64 {
        let id = self.pass();
        self.open.insert(id, what);
        id
    }

    /// An id whose answer nobody waits for.
    pub(crate) fn pass(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Whether this id was given out: its answer is late or not needed, but no stray.
    pub(crate) fn was_passed(&self, id: u64) -> bool {
        (1..=self.last).contains(&id)
    }

    pub(crate) fn take(&mut self, id: u64) -> Option<AckFor> {
        self.open.remove(&id)
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.open.remove(&id);
    }

    pub(crate) fn forget_emit(&mut self, emit: EmitId) {
        self.open.retain(|_, what| *what != AckFor::Emit(emit));
    }

    pub(crate) fn clear(&mut self) -> Vec<AckFor> {
        std::mem::take(&mut self.open).into_values().collect()
    }
}
