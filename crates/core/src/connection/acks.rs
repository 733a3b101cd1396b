//! Acknowledgements that are awaited, each on its link.

use crate::gather::Gather;
use crate::map::Map;

use crate::ids::*;

/// Who waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AckFor {
    /// The app, for an emit of class plain or volatile.
    Emit(EmitId),
    /// The app, for a reliable emit.
    Reliable(EmitId),
    /// A room.
    Join(RoomId),
    /// The connection itself: a probe.
    Probe,
    /// The connection itself: a fresh token.
    Token,
}

#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// Never reused, also not on the next link: a late answer finds nobody.
    last: u64,
    open: Map<u64, (LinkId, AckFor)>,
}

impl Acks {
    pub(crate) fn open(&mut self, link: LinkId, what: AckFor) -> u64 {
        let id = self.pass();
        self.open.insert(id, (link, what));
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

    /// Only the link that was asked can answer.
    pub(crate) fn take(&mut self, link: LinkId, id: u64) -> Option<AckFor> {
        if self.open.get(&id)?.0 != link {
            return None;
        }
        self.open.remove(&id).map(|(_, what)| what)
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.open.remove(&id);
    }

    /// The link is gone: nothing is answered on it any more.
    pub(crate) fn clear(&mut self, link: LinkId) -> Vec<AckFor> {
        let lost: Vec<u64> = self.open.iter().filter(|(_, (on, _))| *on == link).map(|(id, _)| *id).gather();
        lost.into_iter().filter_map(|id| self.open.remove(&id)).map(|(_, what)| what).gather()
    }
}
