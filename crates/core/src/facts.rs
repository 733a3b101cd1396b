//! What one sub-machine has to tell another within one call. The engine carries them; nothing here leaves it.

use std::collections::VecDeque;

use crate::ids::*;
use crate::io::Named;
use crate::secret::Payload;

/// A fact.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A write came from the store or another tab; its layer should stand at its place.
    LayerFound(LayerSeed),
    /// Its layer must go: refused, cancelled, discarded, parked.
    LayerDropped(WriteId),
    /// As what it is sent; absent: that is void again.
    Claimed { write: WriteId, claim: Option<(ClientId, Sequence)> },
    /// The server applied it.
    Acknowledged(WriteId),
    /// A temporary id has its real name.
    Renamed(Named),
    /// Its layer stands nowhere any more.
    LayerFinished(WriteId),
}

/// What a layer is made from.
#[derive(Clone, Debug)]
pub(crate) struct LayerSeed {
    pub(crate) write: WriteId,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) variables: Payload,
    /// Writes above it, whose layers must be put on again, lowest first.
    pub(crate) above: Vec<WriteId>,
}

/// The facts of one call, in order.
#[derive(Debug, Default)]
pub(crate) struct Facts(VecDeque<Fact>);

impl Facts {
    #[inline(never)]
    pub(crate) fn push(&mut self, fact: Fact) {
        self.0.push_back(fact);
    }

    pub(crate) fn pop(&mut self) -> Option<Fact> {
        self.0.pop_front()
    }
}

impl Extend<Fact> for Facts {
    fn extend<T: IntoIterator<Item = Fact>>(&mut self, iter: T) {
        iter.into_iter().for_each(|fact| self.push(fact));
    }
}
