//! Events on their way to members: live from the feed, or from recent events and the history until a member is live.
//! A member gets the event after its cursor and no other, so order holds by construction (V3). It admits nobody.

use std::collections::BTreeMap;

use crate::Hub;
use crate::event::{Framed, RoomEvent};
use crate::ids::{Offset, RequestId, RoomId, SessionId};
use crate::io::{CloseReason, Note, Output, Unreadable};
use crate::room::Observed;
use crate::session::Busy;

/// Readings of the history that are under way, one for all who want the same (V7).
#[derive(Default)]
pub(crate) struct Reads {
    by_request: BTreeMap<RequestId, Read>,
    by_place: BTreeMap<(RoomId, Offset), RequestId>,
}

struct Read {
    room: RoomId,
    after: Offset,
    waiters: Vec<SessionId>,
}

impl Hub {
    /// Takes events of the feed, in commit order.
    pub(crate) fn committed(&mut self, events: Vec<RoomEvent>) {
        for event in events {
            self.committed_one(event);
        }
    }

    fn committed_one(&mut self, event: RoomEvent) {
        let id = RoomId(event.room.clone());
        // A room that nobody asked for is not kept: its history is in the store.
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let offset = Offset(event.offset);
        match room.observe(event, self.config.ring_events, self.config.ring_bytes) {
            Observed::Known => return,
            Observed::Next => {}
            Observed::Gap { missing } => self.links.note(Note::FeedGap { room: id.clone(), missing }),
            Observed::NewEpoch => {
                for member in room.members.values_mut() {
                    member.cursor = Offset(offset.0.saturating_sub(1));
                    member.reading = None;
                    member.live = true;
                }
            }
        }
        let Some((members, framed)) = room.newest() else { return };
        let mut late = Vec::new();
        for (session, member) in members {
            if !member.live || member.cursor >= offset {
                continue;
            }
            if member.cursor.next() != offset {
                member.live = false;
                late.push(*session);
                continue;
            }
            member.cursor = offset;
            let form = self.links.get(*session).map(|session| session.form()).unwrap_or_default();
            let frame = framed.frame(form);
            self.links.tell(*session, || framed.id(), frame, &[]);
        }
        for session in late {
            self.pump(&id, session);
        }
    }

    /// Sends a member what comes after its cursor, as far as it is at hand and the member's queue is short.
    pub(crate) fn pump(&mut self, id: &RoomId, session: SessionId) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        loop {
            let Some(head) = room.head().map(|head| head.offset) else { return };
            let Some(member) = room.members.get_mut(&session) else { return };
            if member.reading.is_some() {
                return;
            }
            if member.cursor >= head {
                member.live = true;
                return;
            }
            member.live = false;
            // Who is away cannot be brought up to date; who comes back after that is brought up to date then.
            let Some(link) = self.links.open_mut(session) else { return };
            if link.queued() > self.config.catch_up_bytes {
                link.behind.insert(id.clone());
                return;
            }
            let (cursor, form) = (member.cursor, link.form());
            let Some(framed) = room.recent(cursor.next()) else {
                let request = self.read_history(id, cursor, session);
                if let Some(member) = self.rooms.get_mut(id).and_then(|room| room.members.get_mut(&session)) {
                    member.reading = Some(request);
                }
                return;
            };
            let (frame, id_of_event) = (framed.frame(form), framed.id());
            if let Some(member) = room.members.get_mut(&session) {
                member.cursor = cursor.next();
            }
            self.links.tell(session, || id_of_event, frame, &[]);
        }
    }

    /// The connection's queue got shorter.
    pub(crate) fn flushed(&mut self, session: SessionId, bytes: u64) {
        self.links.flushed(session, bytes);
        let Some(link) = self.links.open_mut(session) else { return };
        if link.behind.is_empty() || link.queued() > self.config.catch_up_bytes {
            return;
        }
        for room in std::mem::take(&mut link.behind) {
            self.pump(&room, session);
        }
    }

    /// Asks for the events after a place, unless that is asked already.
    pub(crate) fn read_history(&mut self, room: &RoomId, after: Offset, session: SessionId) -> RequestId {
        let place = (room.clone(), after);
        let known = self.reads.by_place.get(&place).copied();
        let read = known.and_then(|request| self.reads.by_request.get_mut(&request));
        if let (Some(request), Some(read)) = (known, read) {
            read.waiters.push(session);
            return request;
        }
        let request = self.next_request();
        self.reads.by_place.insert(place, request);
        let read = Read { room: room.clone(), after, waiters: vec![session] };
        self.reads.by_request.insert(request, read);
        let limit = self.config.read_events;
        self.links.push(Output::ReadHistory { request, room: room.clone(), after, limit });
        request
    }

    pub(crate) fn history_read(&mut self, request: RequestId, result: Result<Vec<RoomEvent>, Unreadable>) {
        let Some(read) = self.reads.by_request.remove(&request) else { return };
        self.reads.by_place.remove(&(read.room.clone(), read.after));
        let mut events: Option<Vec<Framed>> =
            result.ok().map(|events| events.into_iter().map(Framed::new).collect());
        for session in read.waiters {
            let joins = self.links.get(session).is_some_and(
                |link| matches!(&link.busy, Some(Busy::Reading { request: waits, .. }) if *waits == request),
            );
            if joins {
                self.first_history(session, events.as_deref_mut());
            } else {
                self.more_history(&read.room, session, request, events.as_deref_mut());
            }
        }
    }

    fn more_history(
        &mut self,
        room: &RoomId,
        session: SessionId,
        request: RequestId,
        events: Option<&mut [Framed]>,
    ) {
        let member = self.rooms.get_mut(room).and_then(|room| room.members.get_mut(&session));
        let Some(member) = member.filter(|member| member.reading == Some(request)) else { return };
        member.reading = None;
        match events {
            None => self.links.close(session, CloseReason::Unavailable),
            Some(events) => self.send_history(room, session, events),
        }
    }

    /// Sends a member events of the history, then goes on. They were promised: if they do not continue its cursor, the
    /// connection ends, and the client asks anew and is told.
    pub(crate) fn send_history(&mut self, id: &RoomId, session: SessionId, events: &mut [Framed]) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let Some(epoch) = room.head().map(|head| head.epoch.clone()) else { return };
        let Some(member) = room.members.get_mut(&session) else { return };
        let mut sent = 0;
        for event in events {
            if event.offset() <= member.cursor {
                continue;
            }
            if event.offset() != member.cursor.next() || event.epoch() != &*epoch.0 {
                break;
            }
            let Some(link) = self.links.open_mut(session) else { return };
            if sent > 0 && link.queued() > self.config.catch_up_bytes {
                break;
            }
            let frame = event.frame(link.form());
            member.cursor = event.offset();
            sent += 1;
            let id_of_event = event.id();
            self.links.tell(session, || id_of_event, frame, &[]);
        }
        let cursor = member.cursor;
        let lost = sent == 0
            && room.head().is_some_and(|head| cursor < head.offset)
            && room.recent(cursor.next()).is_none();
        if lost {
            return self.links.close(session, CloseReason::HistoryLost);
        }
        self.pump(id, session);
    }
}
