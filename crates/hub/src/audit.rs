//! The audit of positions (V6): rooms with members are compared with the history from time to time, one after the other, so
//! that a wake that was lost on its way from the store is healed. What the feed brings in time is not touched.

use std::collections::VecDeque;

use crate::hub::Deadline;
use crate::ids::{Offset, RoomId};
use crate::io::{CloseReason, Head, Note, Output, Unreadable};
use crate::limits;
use crate::{Asked, Hub};

/// One round through the rooms.
#[derive(Default)]
pub(crate) struct Audit {
    /// Rooms that are still to be compared in this round.
    rooms: VecDeque<RoomId>,
    /// Rooms whose history was ahead of the feed, with its head; the feed gets a moment.
    behind: Vec<(RoomId, Head)>,
}

impl Hub {
    /// Somebody is in a room: rounds are made from now on.
    pub(crate) fn begin_audit(&mut self) {
        if !self.timers.has(&Deadline::Audit) && self.audit.rooms.is_empty() {
            self.timers.set(Deadline::Audit, self.now.after(self.config.audit_interval));
        }
    }

    pub(crate) fn audit_round(&mut self) {
        let with_members = self.rooms.iter().filter(|(_, room)| !room.members.is_empty());
        self.audit.rooms = with_members.map(|(id, _)| id.clone()).collect();
        self.audit_next();
    }

    fn audit_next(&mut self) {
        let Some(room) = self.audit.rooms.front().cloned() else {
            // Without members nothing can be behind; the next join begins anew.
            if self.rooms.values().any(|room| !room.members.is_empty()) {
                self.begin_audit();
            }
            return;
        };
        let request = self.ask(Asked::Audit);
        self.links.push(Output::ReadHead { request, room });
    }

    pub(crate) fn audited(&mut self, result: Result<Head, Unreadable>) {
        let Some(id) = self.audit.rooms.pop_front() else { return };
        let known = self.rooms.get(&id).and_then(|room| room.head());
        if let (Ok(head), Some(known)) = (result, known)
            && (head.epoch != known.epoch || head.offset > known.offset)
        {
            self.audit.behind.push((id, head));
            if !self.timers.has(&Deadline::Heal) {
                self.timers.set(Deadline::Heal, self.now.after(limits::FEED_TIME));
            }
        }
        self.audit_next();
    }

    /// What the feed has not brought meanwhile is read from the history.
    pub(crate) fn heal(&mut self) {
        for (id, head) in std::mem::take(&mut self.audit.behind) {
            let Some(room) = self.rooms.get_mut(&id) else { continue };
            let Some(known) = room.head().cloned() else { continue };
            let members: Vec<_> = room.members.keys().copied().collect();
            if known.epoch == head.epoch && known.offset < head.offset {
                room.catch_up(head.offset);
                self.links.note(Note::FeedGap { room: id.clone(), missing: known.offset.next() });
                for member in members {
                    self.pump(&id, member);
                }
            } else if known.epoch != head.epoch {
                self.links.note(Note::FeedGap { room: id.clone(), missing: Offset(1) });
                room.begin_anew(head);
                for member in members {
                    self.links.close(member, CloseReason::HistoryLost);
                }
            }
        }
    }
}
