//! What each query's base covers. Decides nothing about rooms; answers questions about positions.

use crate::map::Map;

use crate::ids::*;

/// One query of the host's cache.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// A base is installed.
    pub(crate) has_base: bool,
    /// What it covers, per room; a room that is missing is unknown.
    pub(crate) covers: Map<RoomId, (Epoch, Offset)>,
    /// The base came from the server, not from the app or the store.
    pub(crate) fetched: bool,
    /// The tick at which the fetch that is under way began.
    pub(crate) fetching: Option<u64>,
    /// It was already fetched a second time because events raced with it.
    pub(crate) raced: bool,
}

/// What an event is to a query's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The base covers it already.
    Covered,
    /// It is the next one.
    Next,
    /// Events between are missing.
    Behind,
    /// Nothing is known: no base, or one without a position in this history.
    Unknown,
}

#[derive(Debug, Default)]
pub(crate) struct Queries(Map<QueryId, Query>);

impl Queries {
    pub(crate) fn get(&self, query: QueryId) -> Option<&Query> {
        self.0.get(&query)
    }

    pub(crate) fn entry(&mut self, query: QueryId) -> &mut Query {
        self.0.entry(query).or_default()
    }

    pub(crate) fn remove(&mut self, query: QueryId) {
        self.0.remove(&query);
    }

    pub(crate) fn fetch_failed(&mut self, query: QueryId) {
        if let Some(query) = self.0.get_mut(&query) {
            query.fetching = None;
        }
    }

    /// The base was fetched, and nothing tells where in this room's history: events cannot keep it right.
    pub(crate) fn is_unplaced(&self, query: QueryId, room: &RoomId) -> bool {
        self.0
            .get(&query)
            .is_some_and(|q| q.has_base && q.fetched && q.fetching.is_none() && !q.covers.contains_key(room))
    }

    /// The offset that the base covers in this history.
    pub(crate) fn offset_in(&self, query: QueryId, room: &RoomId, epoch: &Epoch) -> Option<Offset> {
        let query = self.0.get(&query).filter(|q| q.has_base)?;
        let (known, offset) = query.covers.get(room)?;
        (known == epoch).then_some(*offset)
    }

    pub(crate) fn fit(&self, query: QueryId, room: &RoomId, epoch: &Epoch, offset: Offset) -> Fit {
        match self.offset_in(query, room, epoch) {
            None => Fit::Unknown,
            Some(at) if offset <= at => Fit::Covered,
            Some(at) if offset.0 == at.0 + 1 => Fit::Next,
            Some(_) => Fit::Behind,
        }
    }

    /// The base covers this event from now on.
    pub(crate) fn advance(&mut self, query: QueryId, room: &RoomId, offset: Offset) {
        if let Some(query) = self.0.get_mut(&query)
            && let Some((_, at)) = query.covers.get_mut(room)
        {
            *at = offset;
        }
    }
}
