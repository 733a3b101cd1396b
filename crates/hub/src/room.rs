//! One room: its members with their cursors, its head, and its recent events. It does not know who may be a member, and
//! it sends nothing.

use std::collections::{BTreeMap, VecDeque};

use crate::event::{Framed, RoomEvent};
use crate::ids::{Epoch, Offset, RequestId, SessionId};
use crate::io::Head;

/// A member's place in the room's history.
pub(crate) struct Member {
    /// The last event that was sent to it, or that it has from elsewhere. May be ahead of what the feed has brought.
    pub(crate) cursor: Offset,
    /// It is up to date: what the feed brings goes straight to it.
    pub(crate) live: bool,
    /// The history that it waits for.
    pub(crate) reading: Option<RequestId>,
    /// The question whose answer let it in.
    pub(crate) authorized: RequestId,
}

/// What an event of the feed means for its room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// It was known already.
    Known,
    /// It is the next one.
    Next,
    /// Some before it are missing.
    Gap { missing: Offset },
    /// The room has another history now.
    NewEpoch,
}

/// A room with members, joins on their way, or recent events.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) members: BTreeMap<SessionId, Member>,
    /// Connections whose join waits for the head.
    pub(crate) waiters: Vec<SessionId>,
    /// As far as the feed, or the one reading of the head, has told. `None` before that.
    head: Option<Head>,
    ring: VecDeque<Framed>,
    ring_bytes: u64,
}

impl Room {
    pub(crate) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The head as the history has it. What the feed told stays, because the feed will tell the rest.
    pub(crate) fn learn_head(&mut self, head: Head) {
        self.head.get_or_insert(head);
    }

    /// The history is as far as this, and the feed has not told of it.
    pub(crate) fn catch_up(&mut self, offset: Offset) {
        if let Some(head) = &mut self.head {
            head.offset = offset;
        }
        self.forget_ring();
    }

    /// The room has another history, and the feed has not told of it.
    pub(crate) fn begin_anew(&mut self, head: Head) {
        self.head = Some(head);
        self.forget_ring();
    }

    /// Takes an event of the feed in.
    pub(crate) fn observe(&mut self, event: RoomEvent, ring_events: usize, ring_bytes: u64) -> Observed {
        let offset = Offset(event.offset);
        let observed = match &mut self.head {
            None => {
                self.head = Some(Head { epoch: Epoch(event.epoch.clone()), offset });
                Observed::Next
            }
            Some(head) if *head.epoch.0 != *event.epoch => {
                *head = Head { epoch: Epoch(event.epoch.clone()), offset };
                self.forget_ring();
                Observed::NewEpoch
            }
            Some(head) if offset <= head.offset => return Observed::Known,
            Some(head) => {
                let next = head.offset.next();
                head.offset = offset;
                if offset == next {
                    Observed::Next
                } else {
                    self.forget_ring();
                    Observed::Gap { missing: next }
                }
            }
        };
        let framed = Framed::new(event);
        self.ring_bytes += framed.payload_bytes();
        self.ring.push_back(framed);
        while self.ring.len() > ring_events.max(1) || (self.ring_bytes > ring_bytes && self.ring.len() > 1) {
            if let Some(old) = self.ring.pop_front() {
                self.ring_bytes -= old.payload_bytes();
            }
        }
        observed
    }

    /// A recent event.
    pub(crate) fn recent(&mut self, offset: Offset) -> Option<&mut Framed> {
        let first = self.ring.front()?.offset();
        let index = usize::try_from(offset.0.checked_sub(first.0)?).ok()?;
        self.ring.get_mut(index)
    }

    /// The members and the newest event.
    pub(crate) fn newest(&mut self) -> Option<(&mut BTreeMap<SessionId, Member>, &mut Framed)> {
        Some((&mut self.members, self.ring.back_mut()?))
    }

    /// Whether nobody is in it or on the way into it.
    pub(crate) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.waiters.is_empty()
    }

    pub(crate) fn forget_ring(&mut self) {
        self.ring.clear();
        self.ring_bytes = 0;
    }
}
