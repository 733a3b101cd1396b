//! What each query's base covers. Decides nothing about rooms; answers questions about positions.

use crate::map::Map;

use crate::ids::*;
use crate::limits;

/// One query of the host's cache.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// A base is installed.
    pub(crate) has_base: bool,
    /// What it covers, per room; a room that is missing is unknown.
    pub(crate) covers: Map<RoomId, (Epoch, Offset)>,
    /// What the server named for the base when it was read; absent if the app or the store brought it. Events move only `covers` on.
    pub(crate) fetched: Option<Vec<Position>>,
    /// What the store's base names, while no fetch has brought another: another tab may have stored it, later than a slow fetch was read.
    pub(crate) restored: Vec<Position>,
    /// The fetches that are under way, in the order of their starts, with the ticks of these.
    reads: Vec<(ReadId, u64)>,
    /// It was already fetched a second time because events raced with it.
    pub(crate) raced: bool,
}

/// Where a new base came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The app or the store.
    Host,
    /// A fetch that began in this tick, if that was told.
    Fetch { started: Option<u64> },
}

impl Query {
    /// A fetch begins.
    pub(crate) fn begin(&mut self, read: ReadId, tick: u64) {
        self.reads.retain(|(open, _)| *open != read);
        if self.reads.len() == limits::READS {
            self.reads.remove(0);
        }
        self.reads.push((read, tick));
    }

    fn end(&mut self, read: ReadId) {
        self.reads.retain(|(open, _)| *open != read);
    }

    /// Whether a base may take the place of the one that stands, and where it came from. Its fetch is over, and those that began before it
    /// are superseded.
    pub(crate) fn admit(
        &mut self,
        read: Option<ReadId>,
        positions: &[Position],
        restored: bool,
        is_over: impl Fn(&Position) -> bool,
    ) -> Option<Origin> {
        let standing = self.fetched.as_deref();
        if restored {
            return standing.is_none().then_some(Origin::Host);
        }
        let at = read.and_then(|read| self.reads.iter().position(|(open, _)| *open == read));
        let superseded = read.is_some() && at.is_none();
        // What stands has events that no ring brings back, and what is to replace it is asked for already.
        let is_gone = self.has_base && positions.iter().any(is_over);
        if is_gone
            || is_older(positions, &self.restored)
            || standing.is_some_and(|standing| is_older(positions, standing) || superseded)
        {
            if let Some(at) = at {
                self.reads.remove(at);
            }
            return None;
        }
        let started = at.and_then(|at| self.reads.drain(..=at).next_back()).map(|(_, tick)| tick);
        Some(Origin::Fetch { started })
    }
}

/// Whether one snapshot was read before another: behind in a history that both name, and nowhere ahead.
fn is_older(positions: &[Position], than: &[Position]) -> bool {
    let mut behind = false;
    for one in positions {
        match than.iter().find(|other| other.room == one.room) {
            Some(other) if other.epoch == one.epoch && one.offset <= other.offset => {
                behind |= one.offset < other.offset;
            }
            Some(_) => return false,
            None => {}
        }
    }
    behind
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

    pub(crate) fn fetch_failed(&mut self, query: QueryId, read: ReadId) {
        if let Some(query) = self.0.get_mut(&query) {
            query.end(read);
        }
    }

    /// The base was fetched, and nothing tells where in this room's history: events cannot keep it right.
    pub(crate) fn is_unplaced(&self, query: QueryId, room: &RoomId) -> bool {
        self.0.get(&query).is_some_and(|q| {
            q.has_base && q.fetched.is_some() && q.reads.is_empty() && !q.covers.contains_key(room)
        })
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
