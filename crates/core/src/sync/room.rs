//! One room: whether it is wanted, how far its events were heard, and the last ones for bases that come late.

use super::ring::Ring;
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{Output, RoomState};
use crate::limits;
use crate::timers::TimerKind;

/// How far a room's membership has come on this link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No link, or not wanted.
    Out,
    /// Asked with this `since`; the answer comes under this acknowledgement.
    Asked { ack: u64, since: Option<(Epoch, Offset)> },
    /// A member. Events up to `head` are history; `sent` is the last one that the server has sent, or passed over.
    In { head: Offset, recovered: bool, sent: Offset },
    /// Refused.
    Denied,
}

#[derive(Debug)]
pub(crate) struct Room {
    /// How often it is wanted.
    pub(crate) wanted: u32,
    pub(crate) stage: Stage,
    /// The last event that listeners got, in this history.
    pub(crate) cursor: Option<(Epoch, Offset)>,
    /// Histories that are over, newest last.
    pub(crate) over: Vec<Epoch>,
    /// The last events up to the cursor, for bases that come late.
    pub(crate) ring: Ring,
    pub(crate) queries: Vec<QueryId>,
    /// The tick of the last event, join or reset: a fetch that began before raced with it.
    pub(crate) changed: u64,
    /// The refusal that the app knows of; until the answer is another one, asking again is not its business (C7).
    pub(crate) refused: Option<String>,
    reported: Option<RoomState>,
}

impl Room {
    pub(crate) fn new() -> Room {
        Room {
            wanted: 0,
            stage: Stage::Out,
            cursor: None,
            over: Vec::new(),
            ring: Ring::default(),
            queries: Vec::new(),
            changed: 0,
            refused: None,
            reported: None,
        }
    }

    /// It has a new history from here on, or events of the one that it has were passed over.
    pub(crate) fn begin(&mut self, head: (Epoch, Offset)) {
        if let Some((before, _)) = self.cursor.replace(head.clone())
            && before != head.0
        {
            self.over.retain(|epoch| *epoch != head.0);
            if self.over.len() == limits::ENDED_EPOCHS {
                self.over.remove(0);
            }
            self.over.push(before);
        }
    }

    /// Whether everything after `offset` is still to come on this membership.
    pub(crate) fn will_send(&self, offset: Offset) -> bool {
        matches!(self.stage, Stage::In { sent, .. } if sent <= offset)
    }

    /// Nobody wants it any more: nothing is known of it.
    pub(crate) fn leave(&mut self, ctx: &mut Ctx) {
        self.stage = Stage::Out;
        self.cursor = None;
        self.refused = None;
        self.reported = None;
        self.ring.clear(ctx);
    }

    /// It was asked for, if the link took that.
    pub(crate) fn asked(
        &mut self,
        room: &RoomId,
        ack: Option<u64>,
        since: Option<(Epoch, Offset)>,
        ctx: &mut Ctx,
    ) {
        match ack {
            Some(ack) => {
                self.stage = Stage::Asked { ack, since };
                let at = ctx.deadline(limits::JOIN_TIMEOUT);
                ctx.timers.set(TimerKind::Join(room.clone()), at);
                self.report_unless_refused(room, RoomState::Joining {}, ctx);
            }
            None => {
                self.stage = Stage::Out;
                self.report_unless_refused(room, RoomState::Waiting {}, ctx);
            }
        }
    }

    /// A refusal is told once: until there is another answer, it stands.
    pub(crate) fn report_unless_refused(&mut self, room: &RoomId, state: RoomState, ctx: &mut Ctx) {
        if self.refused.is_none() {
            self.report(room, state, ctx);
        }
    }

    /// Tells the app, if it changed.
    pub(crate) fn report(&mut self, room: &RoomId, state: RoomState, ctx: &mut Ctx) {
        if self.reported.as_ref() != Some(&state) {
            ctx.emit(Output::Room { room: room.clone(), state: state.clone() });
            self.reported = Some(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Both sides of core::ENDED_EPOCHS.
    #[test]
    fn y2_so_many_ended_histories_are_known_and_the_oldest_is_forgotten() {
        let epoch = |n: usize| Epoch::from(n.to_string().as_str());
        let mut room = Room::new();
        for n in 0..=limits::ENDED_EPOCHS {
            room.begin((epoch(n), Offset(0)));
        }
        assert!(room.over.contains(&epoch(0)), "that many");
        room.begin((epoch(limits::ENDED_EPOCHS + 1), Offset(0)));
        assert!(!room.over.contains(&epoch(0)), "one more");
        assert_eq!(room.over.len(), limits::ENDED_EPOCHS);
        assert!(room.over.contains(&epoch(1)));
    }
}
