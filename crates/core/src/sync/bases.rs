//! Bases of queries: what they cover, what they miss, and how they get it (Y2, Y6).

use super::queries::Origin;
use super::ring::Kept;
use super::room::{Room, Stage};
use super::{Sync, refetch};
use crate::connection::Connection;
use crate::ctx::Ctx;
use crate::facts::Facts;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Applied, Event, Output, RefetchReason};

/// A base as the host installs it.
pub(crate) struct Base {
    pub(crate) query: QueryId,
    pub(crate) read: Option<ReadId>,
    pub(crate) positions: Vec<Position>,
    pub(crate) applied: Option<Applied>,
    pub(crate) carries: Vec<WriteId>,
    pub(crate) restored: bool,
}

impl Sync {
    pub(crate) fn bound(
        &mut self,
        id: RoomId,
        queries: Vec<QueryId>,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let room = self.rooms.entry(id.clone()).or_insert_with(Room::new);
        let new: Vec<QueryId> = queries.iter().copied().filter(|q| !room.queries.contains(q)).gather();
        room.queries = queries;
        if room.queries.is_empty() && room.wanted == 0 {
            self.rooms.remove(&id);
            return;
        }
        for query in new {
            self.catch_up(&id, query, link, ctx, facts);
        }
    }

    pub(crate) fn fetch_started(&mut self, query: QueryId, read: ReadId, ctx: &Ctx) {
        self.queries.entry(query).begin(read, ctx.tick);
    }

    pub(crate) fn fetch_failed(&mut self, query: QueryId, read: ReadId) {
        self.queries.fetch_failed(query, read);
    }

    pub(crate) fn base_installed(
        &mut self,
        base: Base,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Base { query, read, positions, applied, carries, restored } = base;
        let rooms = &self.rooms;
        let is_over = |at: &Position| rooms.get(&at.room).is_some_and(|room| room.over.contains(&at.epoch));
        let entry = self.queries.entry(query);
        let Some(origin) = entry.admit(read, &positions, restored, is_over) else {
            ctx.emit(Output::BaseRefused { query });
            return;
        };
        let started = match origin {
            Origin::Host => None,
            Origin::Fetch { started } => started,
        };
        let stands = entry.has_base;
        if !restored && positions.is_empty() && stands && self.is_first_race(query, started) {
            // What stands has the events that came meanwhile, and what is to replace it may not: nobody sees it (Q16, Y6).
            self.queries.entry(query).raced = true;
            ctx.emit(Output::BaseRefused { query });
            refetch(vec![query], RefetchReason::Raced, ctx);
            return;
        }
        let entry = self.queries.entry(query);
        entry.has_base = true;
        (entry.fetched, entry.restored) = match origin {
            Origin::Host => (None, positions.clone()),
            Origin::Fetch { .. } => (Some(positions.clone()), Vec::new()),
        };
        let rooms: Vec<RoomId> =
            self.rooms.iter().filter(|(_, r)| r.queries.contains(&query)).map(|(id, _)| id.clone()).gather();
        if restored || !positions.is_empty() {
            let entry = self.queries.entry(query);
            entry.raced = false;
            entry.covers = positions.into_iter().map(|p| (p.room, (p.epoch, p.offset))).collect();
        } else {
            self.install_unnamed(query, &rooms, started, ctx);
        }
        self.layers.base_installed(query, applied.as_ref(), &carries, started, ctx, facts);
        for room in rooms {
            self.catch_up(&room, query, link, ctx, facts);
        }
    }

    /// Whether something was heard in the query's rooms since its fetch began, and it was not fetched once more for that already.
    fn is_first_race(&self, query: QueryId, started: Option<u64>) -> bool {
        let again = self.queries.get(query).is_some_and(|query| query.raced);
        let mut rooms = self.rooms.values().filter(|room| room.queries.contains(&query));
        !again && rooms.any(|room| room.changed > started.unwrap_or(0))
    }

    /// A fetched base that names no position covers what was heard before its fetch began, if nothing was heard since (Y2).
    fn install_unnamed(&mut self, query: QueryId, rooms: &[RoomId], started: Option<u64>, ctx: &mut Ctx) {
        let rooms: Vec<(&RoomId, &Room)> =
            rooms.iter().filter_map(|id| Some((id, self.rooms.get(id)?))).gather();
        let raced = rooms.iter().any(|(_, room)| room.changed > started.unwrap_or(0));
        let covers =
            rooms.iter().filter_map(|(id, room)| Some(((*id).clone(), room.cursor.clone()?))).collect();
        let entry = self.queries.entry(query);
        entry.covers = covers;
        if raced && !entry.raced {
            entry.raced = true;
            refetch(vec![query], RefetchReason::Raced, ctx);
        } else {
            entry.raced = false;
        }
    }

    /// After an answer to a join, the room's epoch is the server's word: a base of another history is out of date, and one that
    /// was fetched before and names no place is of unknown age. `lost`: bases that are known to have a hole.
    pub(super) fn catch_up_all(
        &mut self,
        id: &RoomId,
        mut lost: Vec<QueryId>,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let queries = self.rooms.get(id).map(|r| r.queries.clone()).unwrap_or_default();
        let mut unplaced = Vec::new();
        for query in queries {
            if lost.contains(&query) {
                continue;
            } else if self.is_of_another_history(id, query) {
                self.queries.entry(query).covers.remove(id);
                lost.push(query);
            } else if self.queries.is_unplaced(query, id) {
                unplaced.push(query);
            } else {
                self.catch_up(id, query, link, ctx, facts);
            }
        }
        refetch(lost, RefetchReason::Reset, ctx);
        refetch(unplaced, RefetchReason::Raced, ctx);
    }

    fn is_of_another_history(&self, id: &RoomId, query: QueryId) -> bool {
        let epoch = self.rooms.get(id).and_then(|r| r.cursor.as_ref()).map(|(epoch, _)| epoch);
        let known = self.queries.get(query).filter(|q| q.has_base).and_then(|q| q.covers.get(id));
        matches!((epoch, known), (Some(epoch), Some((known, _))) if epoch != known)
    }

    /// Brings one base up to what listeners have heard: from the ring, or by asking the server (Y6).
    fn catch_up(
        &mut self,
        id: &RoomId,
        query: QueryId,
        link: &mut Connection,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Some(room) = self.rooms.get(id) else { return };
        let Some((epoch, cursor)) = room.cursor.clone() else { return };
        let member = matches!(room.stage, Stage::In { .. });
        match self.queries.offset_in(query, id, &epoch) {
            Some(at) if at >= cursor => {}
            Some(mut at) => {
                for kept in room.ring.after(at) {
                    at = kept.offset;
                    self.queries.advance(query, id, at);
                    replay(id, &epoch, query, &kept, ctx);
                    if let Some(write) = &kept.write {
                        self.layers.carried_by_event(write, &[query], ctx, facts);
                    }
                }
                if at < cursor && member && self.rooms.get(id).is_some_and(|room| !room.will_send(at)) {
                    self.ask(id, link, ctx);
                }
            }
            None => {
                // The base is newer than the room's history here, or older: only the server can say.
                if member && self.is_of_another_history(id, query) {
                    self.ask(id, link, ctx);
                }
            }
        }
    }

    pub(crate) fn query_gone(&mut self, query: QueryId, ctx: &mut Ctx, facts: &mut Facts) {
        self.queries.remove(query);
        for room in self.rooms.values_mut() {
            room.queries.retain(|q| *q != query);
        }
        self.rooms.retain(|_, room| room.wanted > 0 || !room.queries.is_empty());
        self.layers.query_gone(query, ctx, facts);
    }
}

fn replay(room: &RoomId, epoch: &Epoch, query: QueryId, kept: &Kept, ctx: &mut Ctx) {
    ctx.emit(Output::Event(Event {
        namespace: None,
        attachments: kept.attachments.clone(),
        ack: None,
        body: kept.body,
        skip: kept.skip,
        name: kept.name.clone(),
        position: Some(Position { room: room.clone(), epoch: epoch.clone(), offset: kept.offset }),
        write: kept.write.clone(),
        own: false,
        replayed: true,
        dispatch: false,
        apply: vec![query],
    }));
}
