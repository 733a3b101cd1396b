//! Rooms, positions, gaps and layers: which event is new, which base still needs it, and what to ask for (Y1 to Y3, C7).

mod bases;
mod foreign;
mod layers;
mod queries;
mod ring;
mod room;

use crate::gather::Gather;
use crate::map::{Map, Set};

use crate::connection::{AckFor, Connection};
use crate::ctx::Ctx;
use crate::engine::ForeignJoin;
use crate::facts::Facts;
use crate::ids::*;
use crate::io::{AckToken, Event, Note, Output, RefetchReason, Refusal, RoomState};
use crate::limits;
use crate::timers::TimerKind;
use queries::{Fit, Queries};
use ring::Kept;
use room::{Room, Stage};
use tidewire_wire::dialect::{JOIN, JoinRequest, LEAVE, Since};
use tidewire_wire::head::{JoinAnswer, Meta};

pub(crate) use bases::Base;
pub(crate) use layers::Layers;

/// The reason of a refusal that only means: not now.
const UNAVAILABLE: &str = "Unavailable";

/// The room events of one connection, and the bases that they change.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    rooms: Map<RoomId, Room>,
    queries: Queries,
    /// To be fetched again once their rooms have answered (Y3).
    outdated: Vec<QueryId>,
    pub(crate) layers: Layers,
    /// How a foreign server is asked for rooms.
    join: Option<ForeignJoin>,
}

/// An event as it came.
pub(crate) struct Arrived<'a> {
    pub(crate) namespace: Option<String>,
    pub(crate) body: BodyId,
    pub(crate) attachments: Vec<BodyId>,
    pub(crate) skip: u8,
    pub(crate) name: &'a str,
    pub(crate) own: bool,
    pub(crate) ack: Option<AckToken>,
}

impl Arrived<'_> {
    /// Everything that the host keeps for it.
    fn bodies(&self) -> Vec<BodyId> {
        std::iter::once(self.body).chain(self.attachments.iter().copied()).gather()
    }
}

impl Sync {
    pub(crate) fn new(join: Option<ForeignJoin>) -> Sync {
        Sync { join, ..Sync::default() }
    }

    // ---- wanting rooms

    pub(crate) fn join(&mut self, room: RoomId, link: &mut Connection, ctx: &mut Ctx) -> Result<(), Refusal> {
        if !tidewire_wire::names::is_name(&room.0) {
            return Err(Refusal::Malformed);
        }
        let others = self.rooms.iter().filter(|(id, r)| r.wanted > 0 && **id != room).count();
        if others >= limits::ROOMS {
            return Err(Refusal::TooManyRooms);
        }
        let entry = self.rooms.entry(room.clone()).or_insert_with(Room::new);
        entry.wanted = entry.wanted.saturating_add(1);
        if entry.wanted == 1 || entry.stage == Stage::Denied {
            entry.refused = None;
            self.ask(&room, link, ctx);
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, room: &RoomId, link: &mut Connection, ctx: &mut Ctx) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        entry.wanted = entry.wanted.saturating_sub(1);
        if entry.wanted > 0 {
            return;
        }
        if matches!(entry.stage, Stage::Asked { .. } | Stage::In { .. }) {
            match self.join.as_ref().filter(|_| !link.dialect()) {
                None => {
                    let request = JoinRequest { room: room.0.as_str().into(), since: None };
                    link.tell(LEAVE, &request.encode(), true, ctx);
                }
                Some(ForeignJoin { leave: Some(event), key, answers, .. }) => {
                    link.tell(event, &foreign::argument(room, key.as_deref()), *answers, ctx);
                }
                Some(ForeignJoin { leave: None, .. }) => {}
            }
        }
        link.forget_session();
        if let Stage::Asked { ack, .. } = entry.stage {
            link.forget(ack);
        }
        entry.leave(ctx);
        ctx.timers.stop(&TimerKind::Join(room.clone()));
        if entry.queries.is_empty() {
            self.rooms.remove(room);
        }
        self.refetch_outdated(ctx);
    }

    /// Asks to be let in, from the oldest position that a base or a listener needs (Y2).
    fn ask(&mut self, id: &RoomId, link: &mut Connection, ctx: &mut Ctx) {
        let since = self.since(id);
        let Some(room) = self.rooms.get_mut(id) else { return };
        if let Stage::Asked { ack, .. } = room.stage {
            link.forget(ack);
        }
        if let Some(join) = self.join.as_ref().filter(|_| !link.dialect()) {
            return foreign::ask(join, id, room, link, ctx);
        }
        let request = JoinRequest {
            room: id.0.as_str().into(),
            since: since
                .as_ref()
                .map(|(epoch, offset)| Since { epoch: epoch.0.as_str().into(), offset: offset.0 }),
        };
        let ack = link.request(JOIN, &request.encode(), AckFor::Join(id.clone()), ctx);
        room.asked(id, ack, since, ctx);
    }

    fn since(&self, id: &RoomId) -> Option<(Epoch, Offset)> {
        let room = self.rooms.get(id)?;
        let mut since = room.cursor.clone();
        for query in &room.queries {
            let Some(query) = self.queries.get(*query).filter(|q| q.has_base) else { continue };
            let Some((epoch, offset)) = query.covers.get(id) else { continue };
            match &mut since {
                None => since = Some((epoch.clone(), *offset)),
                Some((known, oldest)) if known == epoch => *oldest = (*oldest).min(*offset),
                // Of another history: the answer will show which of the two is over.
                Some(_) => {}
            }
        }
        since
    }

    // ---- the link

    pub(crate) fn link_up(&mut self, again: bool, restored: bool, link: &mut Connection, ctx: &mut Ctx) {
        let wanted: Vec<RoomId> =
            self.rooms.iter().filter(|(_, r)| r.wanted > 0).map(|(id, _)| id.clone()).gather();
        for id in wanted {
            self.ask(&id, link, ctx);
        }
        if again && !restored && !link.dialect() {
            // Y3: nobody can say what was missed.
            let mut queries: Vec<QueryId> =
                self.rooms.values().flat_map(|r| r.queries.iter().copied()).gather();
            queries.sort_unstable();
            queries.dedup();
            queries.retain(|q| self.queries.get(*q).is_some_and(|q| q.has_base));
            self.outdated = queries;
            self.refetch_outdated(ctx);
        }
    }

    /// A fetch that ran beside the join could miss what happens between the two: it begins once the query's rooms have answered.
    fn refetch_outdated(&mut self, ctx: &mut Ctx) {
        let is_asked = |room: &Room| room.wanted > 0 && matches!(room.stage, Stage::Asked { .. });
        let waiting: Set<QueryId> = self
            .rooms
            .values()
            .filter(|room| is_asked(room))
            .flat_map(|room| room.queries.iter().copied())
            .collect();
        let (later, now) =
            std::mem::take(&mut self.outdated).into_iter().partition(|query| waiting.contains(query));
        self.outdated = later;
        refetch(now, RefetchReason::Foreign, ctx);
    }

    pub(crate) fn link_down(&mut self, ctx: &mut Ctx) {
        self.outdated.clear();
        for (id, room) in self.rooms.iter_mut() {
            if room.wanted > 0 {
                room.stage = Stage::Out;
                room.report_unless_refused(id, RoomState::Waiting {}, ctx);
                ctx.timers.stop(&TimerKind::Join(id.clone()));
            }
        }
    }

    /// All wanted rooms are joined and caught up, or refused.
    pub(crate) fn is_synced(&self) -> bool {
        self.rooms.values().filter(|r| r.wanted > 0).all(|room| match &room.stage {
            Stage::Denied => true,
            Stage::In { head, .. } => room.cursor.as_ref().is_none_or(|(_, at)| at >= head),
            Stage::Out | Stage::Asked { .. } => false,
        })
    }

    /// A write of ours may have opened a door (C7).
    pub(crate) fn retry_denied(&mut self, link: &mut Connection, ctx: &mut Ctx) {
        let denied = self.rooms.iter().filter(|(_, r)| r.wanted > 0 && r.stage == Stage::Denied);
        for id in denied.map(|(id, _)| id.clone()).gather() {
            self.ask(&id, link, ctx);
        }
    }

    /// The app asks again (C7).
    pub(crate) fn rejoin(&mut self, id: &RoomId, link: &mut Connection, ctx: &mut Ctx) {
        if let Some(room) = self.rooms.get_mut(id).filter(|room| room.wanted > 0 && room.refused.is_some()) {
            room.refused = None;
            self.ask(id, link, ctx);
        }
    }

    pub(crate) fn on_join_timeout(&mut self, id: &RoomId, link: &mut Connection, ctx: &mut Ctx) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        if !matches!(room.stage, Stage::Asked { .. }) {
            return;
        }
        if link.dialect() {
            self.ask(id, link, ctx);
        } else {
            // A foreign server need not answer.
            self.joined_foreign(id, ctx);
        }
    }

    pub(crate) fn on_join_answer(
        &mut self,
        id: &RoomId,
        ack: u64,
        answer: &JoinAnswer<'_>,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let since = match &room.stage {
            Stage::Asked { ack: asked, since } if *asked == ack => since.clone(),
            Stage::Asked { .. } | Stage::Out | Stage::In { .. } | Stage::Denied => return,
        };
        if matches!(answer, JoinAnswer::Denied { reason } if reason == UNAVAILABLE) {
            return; // Not now (protocol section 2): asked again when the time for this question is over.
        }
        ctx.timers.stop(&TimerKind::Join(id.clone()));
        room.changed = ctx.tick;
        match answer {
            JoinAnswer::Joined { epoch, offset, recovered } => {
                let head = (Epoch(epoch.clone().into_owned()), Offset(*offset));
                let lost = self.joined(id, since, head, *recovered, ctx);
                self.catch_up_all(id, lost, link, ctx, facts);
                self.report_joined(id, ctx);
            }
            JoinAnswer::Denied { reason } => {
                room.stage = Stage::Denied;
                let reason = reason.clone().into_owned();
                room.refused = Some(reason.clone());
                room.report(id, RoomState::Denied { reason }, ctx);
                self.refetch_outdated(ctx);
            }
            JoinAnswer::Foreign => self.joined_foreign(id, ctx),
        }
    }

    fn joined_foreign(&mut self, id: &RoomId, ctx: &mut Ctx) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        room.stage = Stage::In { head: Offset(0), recovered: false, sent: Offset(0) };
        room.refused = None;
        room.report(id, RoomState::Joined { recovered: false, head: None }, ctx);
        self.refetch_outdated(ctx);
    }

    fn joined(
        &mut self,
        id: &RoomId,
        since: Option<(Epoch, Offset)>,
        head: (Epoch, Offset),
        recovered: bool,
        ctx: &mut Ctx,
    ) -> Vec<QueryId> {
        let Some(room) = self.rooms.get_mut(id) else { return Vec::new() };
        room.refused = None;
        let sent = since.as_ref().filter(|_| recovered).map_or(head.1, |(_, offset)| *offset);
        room.stage = Stage::In { head: head.1, recovered, sent };
        match since {
            Some(since) if recovered => {
                // The cursor of listeners stays: what a base needs below it is not news to them.
                room.cursor.get_or_insert(since);
            }
            Some(_) => {
                room.ring.clear(ctx);
                room.begin(head.clone());
                return self.reset_queries(id, &head);
            }
            None => {
                room.cursor.get_or_insert(head);
            }
        }
        Vec::new()
    }

    /// What was missed cannot be replayed: returns the bases that do not cover it.
    fn reset_queries(&mut self, id: &RoomId, head: &(Epoch, Offset)) -> Vec<QueryId> {
        let Some(room) = self.rooms.get(id) else { return Vec::new() };
        let mut lost = Vec::new();
        for query in room.queries.clone() {
            let covered = self.queries.offset_in(query, id, &head.0).is_some_and(|at| at >= head.1);
            let entry = self.queries.entry(query);
            if entry.has_base && !covered {
                entry.covers.remove(id);
                lost.push(query);
            }
        }
        lost
    }

    fn report_joined(&mut self, id: &RoomId, ctx: &mut Ctx) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        if let Stage::In { head: offset, recovered, .. } = room.stage {
            let behind = room.cursor.as_ref().is_some_and(|(_, at)| *at < offset);
            let head = room.cursor.as_ref().map(|(epoch, _)| Position {
                room: id.clone(),
                epoch: epoch.clone(),
                offset,
            });
            let state = if behind { RoomState::Joining {} } else { RoomState::Joined { recovered, head } };
            room.report(id, state, ctx);
        }
    }

    // ---- events

    /// A room event in the dialect.
    pub(crate) fn on_room_event(
        &mut self,
        meta: &Meta<'_>,
        event: Arrived<'_>,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let id = RoomId(meta.room.clone().into_owned());
        let offset = Offset(meta.offset);
        let room = self.rooms.get_mut(&id).filter(|r| r.wanted > 0);
        let Some((room, (epoch, cursor))) = room.and_then(|r| r.cursor.clone().map(|cursor| (r, cursor)))
        else {
            ctx.emit(Output::Release { bodies: event.bodies() });
            return;
        };
        let asking = !matches!(room.stage, Stage::In { .. });
        if epoch.0 != meta.epoch || offset.0 > cursor.0 + 1 {
            ctx.emit(Output::Release { bodies: event.bodies() });
            if !asking {
                ctx.emit(Output::Log { note: Note::GapSeen });
                self.ask(&id, link, ctx);
            }
            return;
        }
        let dispatch = offset > cursor;
        let head = match &mut room.stage {
            Stage::In { head, sent, .. } => {
                *sent = offset;
                *head
            }
            Stage::Out | Stage::Asked { .. } | Stage::Denied => Offset(u64::MAX),
        };
        room.changed = ctx.tick;
        if dispatch {
            room.cursor = Some((epoch.clone(), offset));
        }
        let write = (!meta.write_id.is_empty()).then(|| WriteId(meta.write_id.clone().into_owned()));
        let (apply, covering, behind) = self.sort_queries(&id, &epoch, offset);
        ctx.emit(Output::Event(Event {
            namespace: None,
            attachments: event.attachments.clone(),
            ack: event.ack.clone().filter(|_| dispatch),
            body: event.body,
            skip: event.skip,
            name: event.name.to_owned(),
            position: Some(Position { room: id.clone(), epoch, offset }),
            write: write.clone(),
            own: event.own,
            replayed: offset <= head,
            dispatch,
            apply: apply.clone(),
        }));
        if let Some(write) = &write {
            let carrying: Vec<QueryId> = apply.into_iter().chain(covering).gather();
            self.layers.carried_by_event(write, &carrying, ctx, facts);
        }
        let (body, skip, name) = (event.body, event.skip, event.name.to_owned());
        let kept = Kept { offset, body, attachments: event.attachments, skip, name, write };
        if let Some(room) = self.rooms.get_mut(&id) {
            room.ring.keep(kept, ctx);
        }
        if dispatch && behind && !asking {
            self.ask(&id, link, ctx);
        } else {
            self.report_joined(&id, ctx);
        }
    }

    /// Which bases take this event, which have it, and whether one misses earlier ones.
    fn sort_queries(
        &mut self,
        id: &RoomId,
        epoch: &Epoch,
        offset: Offset,
    ) -> (Vec<QueryId>, Vec<QueryId>, bool) {
        let (mut apply, mut covering, mut behind) = (Vec::new(), Vec::new(), false);
        let queries = self.rooms.get(id).map(|r| r.queries.clone()).unwrap_or_default();
        for query in queries {
            match self.queries.fit(query, id, epoch, offset) {
                Fit::Next => {
                    self.queries.advance(query, id, offset);
                    apply.push(query);
                }
                Fit::Covered => covering.push(query),
                Fit::Behind => behind = true,
                Fit::Unknown => {}
            }
        }
        (apply, covering, behind)
    }

    /// An event without a position: ephemeral, or of a foreign server.
    pub(crate) fn on_plain_event(&mut self, event: Arrived<'_>, dialect: bool, ctx: &mut Ctx) {
        let mut apply = Vec::new();
        let bodies = event.bodies();
        if !dialect && event.namespace.is_none() {
            for room in self.rooms.values_mut() {
                room.changed = ctx.tick;
                apply.extend(room.queries.iter().copied());
            }
            apply.sort_unstable();
            apply.dedup();
            apply.retain(|q| self.queries.get(*q).is_some_and(|q| q.has_base));
        }
        ctx.emit(Output::Event(Event {
            namespace: event.namespace,
            attachments: event.attachments,
            ack: event.ack,
            body: event.body,
            skip: event.skip,
            name: event.name.to_owned(),
            position: None,
            write: None,
            own: false,
            replayed: false,
            dispatch: true,
            apply,
        }));
        ctx.emit(Output::Release { bodies });
    }
}

fn refetch(queries: Vec<QueryId>, reason: RefetchReason, ctx: &mut Ctx) {
    if !queries.is_empty() {
        ctx.emit(Output::Refetch { queries, reason });
    }
}
