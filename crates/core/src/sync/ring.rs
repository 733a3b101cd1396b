//! The last events of one room, live or replayed, for bases that come late. It knows no query and no position but its own.

use std::collections::VecDeque;

use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::Output;
use crate::limits;

/// An event that is kept for bases that come late.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) offset: Offset,
    pub(crate) body: BodyId,
    pub(crate) attachments: Vec<BodyId>,
    pub(crate) skip: u8,
    pub(crate) name: String,
    pub(crate) write: Option<WriteId>,
}

impl Kept {
    /// Everything that the host keeps for it.
    fn bodies(self) -> Vec<BodyId> {
        std::iter::once(self.body).chain(self.attachments).gather()
    }
}

/// In the order of their offsets. Where a replay is under way there are holes.
#[derive(Debug, Default)]
pub(crate) struct Ring(VecDeque<Kept>);

impl Ring {
    /// Keeps an event that it does not have; of too many the oldest go.
    pub(crate) fn keep(&mut self, kept: Kept, ctx: &mut Ctx) {
        let at = self.0.partition_point(|other| other.offset < kept.offset);
        let over = if self.0.get(at).is_some_and(|other| other.offset == kept.offset) {
            Some(kept)
        } else {
            self.0.insert(at, kept);
            (self.0.len() > limits::ROOM_RING).then(|| self.0.pop_front()).flatten()
        };
        if let Some(over) = over {
            ctx.emit(Output::Release { bodies: over.bodies() });
        }
    }

    /// What comes right after `offset`, up to the first hole.
    pub(crate) fn after(&self, offset: Offset) -> Vec<Kept> {
        let first = self.0.partition_point(|kept| kept.offset <= offset);
        let next = |(kept, at): &(&Kept, u64)| kept.offset.0 == *at;
        self.0.range(first..).zip(offset.0 + 1..).take_while(next).map(|(kept, _)| kept.clone()).gather()
    }

    pub(crate) fn clear(&mut self, ctx: &mut Ctx) {
        let bodies: Vec<BodyId> = self.0.drain(..).flat_map(Kept::bodies).gather();
        if !bodies.is_empty() {
            ctx.emit(Output::Release { bodies });
        }
    }
}
