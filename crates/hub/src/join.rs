//! Becoming a member of a room and ceasing to be one (V3): authorise, find the place, and then in one step add the member
//! with its cursor, answer, and let the feed do the rest. It does not know how events are sent.

use tidewire_wire::dialect::{self, JoinRequest};

use crate::event::{Frame, Framed};
use crate::ids::{Epoch, Offset, RequestId, RoomId, SessionId, UserId};
use crate::io::{Access, Denied, Head, Note, Output, Unreadable};
use crate::room::Member;
use crate::session::{Busy, Join};
use crate::{Asked, Hub};

const UNAUTHORIZED: &str = "Unauthorized";
const BAD_REQUEST: &str = "BadRequest";
const TOO_MANY_ROOMS: &str = "TooManyRooms";
const UNAVAILABLE: &str = "Unavailable";

/// Where a join continues.
enum Place {
    /// At `since`; everything after it is at hand.
    Since(Offset),
    /// At the head: what came before is not to be had.
    Head,
    /// At `since` if the history still begins there.
    Read(Offset),
    /// At `since` if the history is as far already; the feed is not.
    Verify,
}

impl Hub {
    /// `room:join` came in.
    pub(crate) fn join(&mut self, session: SessionId, args: &str, ack: Option<u64>) {
        let Ok(asked) = JoinRequest::parse(args) else {
            return self.refuse_join(session, None, ack, BAD_REQUEST);
        };
        let room = RoomId::from(&*asked.room);
        let since = asked.since.map(|since| (Epoch::from(&*since.epoch), Offset(since.offset)));
        let Some(link) = self.links.open_mut(session) else { return };
        if link.rooms.len() >= self.config.rooms && !link.rooms.contains(&room) {
            return self.refuse_join(session, Some(&room), ack, TOO_MANY_ROOMS);
        }
        let Some(user) = link.user().cloned() else { return };
        let request = self.ask(Asked::Authorize(session));
        let join =
            Join { room: room.clone(), since, ack, earliest: Offset(0), asked: request, authorized: request };
        self.wait(session, Busy::Authorizing { join });
        self.links.push(Output::Authorize { request, user, room });
    }

    pub(crate) fn authorized(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Access, Denied>,
    ) {
        // An answer to an earlier join, which was refused meanwhile, says nothing about this one.
        let waits = |busy: &Busy| matches!(busy, Busy::Authorizing { join } if join.asked == answered);
        let Some(mut join) = self.take_join(session, waits) else { return };
        match result {
            Ok(access) => {
                join.earliest = access.earliest;
                self.place(session, join);
            }
            Err(denied) => {
                let error = match denied {
                    Denied::Unauthorized => UNAUTHORIZED,
                    Denied::Unavailable => UNAVAILABLE,
                };
                // Access that was taken away removes a member, too.
                if denied == Denied::Unauthorized {
                    self.drop_member(&join.room, session);
                }
                self.refuse_join(session, Some(&join.room), join.ack, error);
            }
        }
    }

    fn place(&mut self, session: SessionId, mut join: Join) {
        let room = self.rooms.entry(join.room.clone()).or_default();
        let Some(head) = room.head().cloned() else {
            let first = room.waiters.is_empty();
            room.waiters.push(session);
            let id = join.room.clone();
            self.wait(session, Busy::Loading { join });
            if first {
                let request = self.ask(Asked::RoomHead(id.clone()));
                self.links.push(Output::ReadHead { request, room: id });
            }
            return;
        };
        match self.find_place(&join, &head) {
            Place::Since(offset) => self.admit(session, join, offset, true, &mut []),
            Place::Head => self.admit(session, join, head.offset, false, &mut []),
            Place::Read(offset) => {
                let request = self.read_history(&join.room, offset, session);
                self.wait(session, Busy::Reading { request, join });
            }
            Place::Verify => {
                let request = self.ask(Asked::VerifyHead(session));
                self.links.push(Output::ReadHead { request, room: join.room.clone() });
                join.asked = request;
                self.wait(session, Busy::Verifying { join });
            }
        }
    }

    fn find_place(&mut self, join: &Join, head: &Head) -> Place {
        let Some((epoch, since)) = &join.since else { return Place::Head };
        let missed = head.offset.0.saturating_sub(since.0);
        if *epoch != head.epoch || since.next() < join.earliest || missed > self.config.missed_events {
            Place::Head
        } else if *since > head.offset {
            Place::Verify
        } else if missed == 0 {
            Place::Since(*since)
        } else {
            let at_hand =
                self.rooms.get_mut(&join.room).is_some_and(|room| room.recent(since.next()).is_some());
            if at_hand { Place::Since(*since) } else { Place::Read(*since) }
        }
    }

    /// The head of a room is known: joins that waited for it go on.
    pub(crate) fn head_read(&mut self, id: RoomId, result: Result<Head, Unreadable>) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if let Ok(head) = result {
            room.learn_head(head);
        }
        let known = room.head().is_some();
        for session in std::mem::take(&mut room.waiters) {
            let waits = |busy: &Busy| matches!(busy, Busy::Loading { join } if join.room == id);
            let Some(join) = self.take_join(session, waits) else { continue };
            if known {
                self.place(session, join);
            } else {
                self.refuse_join(session, Some(&id), join.ack, UNAVAILABLE);
            }
            self.run(session);
        }
        self.retire(&id);
    }

    pub(crate) fn verified(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Head, Unreadable>,
    ) {
        let waits = |busy: &Busy| matches!(busy, Busy::Verifying { join } if join.asked == answered);
        let Some(join) = self.take_join(session, waits) else { return };
        let (Ok(read), Some(since)) = (result, join.since.clone()) else {
            return self.refuse_join(session, Some(&join.room), join.ack, UNAVAILABLE);
        };
        let Some(head) = self.rooms.get(&join.room).and_then(|room| room.head().cloned()) else {
            return self.place(session, join);
        };
        if since.1 <= head.offset {
            // The feed has caught up meanwhile.
            self.place(session, join);
        } else if since.0 == read.epoch && read.epoch == head.epoch && since.1 <= read.offset {
            self.admit(session, join, since.1, true, &mut []);
        } else {
            self.admit(session, join, head.offset, false, &mut []);
        }
    }

    /// The first events after `since` are there, or are not to be had.
    pub(crate) fn first_history(&mut self, session: SessionId, events: Option<&mut [Framed]>) {
        let Some(join) = self.take_join(session, |busy| matches!(busy, Busy::Reading { .. })) else { return };
        let head = self.rooms.get(&join.room).and_then(|room| room.head().cloned());
        match (events, head) {
            (Some(events), Some(head)) => match &join.since {
                Some((epoch, since))
                    if *epoch == head.epoch
                        && events.first().is_some_and(|first| {
                            first.offset() == since.next() && first.epoch() == &*epoch.0
                        }) =>
                {
                    let cursor = *since;
                    self.admit(session, join, cursor, true, events);
                }
                Some(_) | None => self.admit(session, join, head.offset, false, &mut []),
            },
            // The room was forgotten meanwhile.
            (Some(_), None) => self.place(session, join),
            (None, _) => self.refuse_join(session, Some(&join.room), join.ack, UNAVAILABLE),
        }
        self.run(session);
    }

    /// The one step: member with cursor, answer, history.
    fn admit(
        &mut self,
        session: SessionId,
        join: Join,
        cursor: Offset,
        recovered: bool,
        events: &mut [Framed],
    ) {
        let Some(room) = self.rooms.get_mut(&join.room) else { return };
        let Some(head) = room.head().cloned() else { return };
        let Some(link) = self.links.open_mut(session) else { return };
        link.rooms.insert(join.room.clone());
        link.behind.remove(&join.room);
        let (live, authorized) = (cursor >= head.offset, join.authorized);
        room.members.insert(session, Member { cursor, live, reading: None, authorized });
        self.begin_audit();
        if let Some(ack) = join.ack {
            let offset = head.offset.max(cursor);
            let answer = dialect::join_answer(ack, &head.epoch.0, offset.0, recovered);
            self.links.send(session, answer.into());
        }
        self.send_presence(&join.room, session);
        if events.is_empty() {
            self.pump(&join.room, session);
        } else {
            self.send_history(&join.room, session, events);
        }
    }

    fn refuse_join(
        &mut self,
        session: SessionId,
        room: Option<&RoomId>,
        ack: Option<u64>,
        error: &'static str,
    ) {
        if let Some(ack) = ack {
            self.links.send(session, dialect::join_refusal(ack, error).into());
        }
        if let Some(room) = room {
            self.links.note(Note::JoinRefused { session, room: room.clone(), error });
            self.retire(room);
        }
    }

    /// `room:leave` came in.
    pub(crate) fn leave(&mut self, session: SessionId, args: &str, ack: Option<u64>) {
        let answer = match dialect::leave_request(args) {
            Ok(room) => {
                self.drop_member(&RoomId::from(&*room), session);
                ack.map(dialect::leave_answer)
            }
            Err(_) => ack.map(|ack| dialect::join_refusal(ack, BAD_REQUEST)),
        };
        if let Some(answer) = answer {
            self.links.send(session, Frame::from(answer));
        }
    }

    pub(crate) fn leave_all(&mut self, session: SessionId) {
        let Some(link) = self.links.get_mut(session) else { return };
        for room in std::mem::take(&mut link.rooms) {
            self.drop_member(&room, session);
        }
    }

    /// Access was taken away: members leave, joins on their way are refused, whatever was answered about them before.
    pub(crate) fn revoke(&mut self, user: &UserId, room: &RoomId) {
        for session in self.links.ids() {
            if self.links.get(session).and_then(|link| link.user()) != Some(user) {
                continue;
            }
            self.drop_member(room, session);
            let asks = |busy: &Busy| busy.join().is_some_and(|join| join.room == *room);
            if let Some(join) = self.take_join(session, asks) {
                self.refuse_join(session, Some(room), join.ack, UNAUTHORIZED);
                self.run(session);
            }
        }
    }

    pub(crate) fn drop_member(&mut self, id: &RoomId, session: SessionId) {
        if let Some(link) = self.links.get_mut(session) {
            link.rooms.remove(id);
            link.behind.remove(id);
        }
        if let Some(room) = self.rooms.get_mut(id) {
            room.members.remove(&session);
        }
        self.retire(id);
    }

    /// Keeps the recent events of a room without members for a while, because whole crowds reconnect; not for ever.
    pub(crate) fn retire(&mut self, id: &RoomId) {
        let Some(room) = self.rooms.get(id).filter(|room| room.is_idle()) else { return };
        if room.head().is_none() {
            self.rooms.remove(id);
            return;
        }
        if self.idle.back() != Some(id) {
            self.idle.push_back(id.clone());
        }
        while self.idle.len() > self.config.idle_rooms {
            let Some(old) = self.idle.pop_front() else { return };
            if self.rooms.get(&old).is_some_and(|room| room.is_idle()) {
                self.rooms.remove(&old);
            }
        }
    }

    /// The join that a connection waits for, if it waits for this.
    fn take_join(&mut self, session: SessionId, waits: impl Fn(&Busy) -> bool) -> Option<Join> {
        self.links.get_mut(session)?.busy.take_if(|busy| waits(busy))?.into_join()
    }

    pub(crate) fn wait(&mut self, session: SessionId, busy: Busy) {
        if let Some(link) = self.links.get_mut(session) {
            link.busy = Some(busy);
        }
    }

    pub(crate) fn next_request(&mut self) -> RequestId {
        self.last_request.0 += 1;
        self.last_request
    }

    pub(crate) fn ask(&mut self, asked: Asked) -> RequestId {
        let request = self.next_request();
        self.asked.insert(request, asked);
        request
    }
}
