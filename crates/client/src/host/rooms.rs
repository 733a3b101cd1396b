//! Who watches which room, and who listens to its events. A listener with a stored place is a query whose base is that
//! place: the engine says which events it has not had.

use std::collections::{BTreeMap, HashMap};

use tidewire_core::{QueryId, RoomId, RoomState};
use tokio::sync::watch;

use crate::cache::QueryIds;
use crate::event::{Event, Feed, Heard};

struct Listening {
    room: RoomId,
    feed: Feed<Heard>,
    /// The engine knows its place, and names it in `apply`. Otherwise it hears what all hear.
    placed: bool,
}

pub(super) struct Rooms {
    states: HashMap<RoomId, watch::Sender<RoomState>>,
    listeners: BTreeMap<QueryId, Listening>,
    ids: QueryIds,
}

impl Rooms {
    pub(super) fn new(ids: QueryIds) -> Rooms {
        Rooms { states: HashMap::new(), listeners: BTreeMap::new(), ids }
    }

    pub(super) fn watch(&mut self, room: &RoomId) -> watch::Receiver<RoomState> {
        self.states.entry(room.clone()).or_insert_with(|| watch::channel(RoomState::Waiting {}).0).subscribe()
    }

    pub(super) fn set_state(&mut self, room: &RoomId, state: &RoomState) {
        if let Some(sender) = self.states.get(room) {
            sender.send_replace(state.clone());
        }
        for listening in self.listeners.values().filter(|listening| listening.room == *room) {
            listening.feed.push(Heard::Room(state.clone()));
        }
    }

    pub(super) fn listen(&mut self, room: &RoomId, placed: bool, feed: Feed<Heard>) -> QueryId {
        let query = self.ids.fresh();
        self.listeners.insert(query, Listening { room: room.clone(), feed, placed });
        query
    }

    pub(super) fn unlisten(&mut self, query: QueryId) -> Option<RoomId> {
        self.listeners.remove(&query).map(|listening| listening.room)
    }

    /// The listeners of a room whose places the engine knows.
    pub(super) fn queries(&self, room: &RoomId) -> Vec<QueryId> {
        let placed = self.listeners.iter().filter(|(_, one)| one.placed && one.room == *room);
        placed.map(|(query, _)| *query).collect()
    }

    pub(super) fn is_full(&self) -> bool {
        self.listeners.values().any(|listening| listening.feed.is_full())
    }

    pub(super) fn hear(&mut self, event: &Event, dispatch: bool, apply: &[QueryId]) {
        for (query, listening) in &self.listeners {
            let heard = match &event.position {
                // Without a position nobody can say which room it belongs to.
                None => dispatch,
                Some(position) if position.room != listening.room => false,
                Some(_) if listening.placed => apply.contains(query),
                Some(_) => dispatch,
            };
            if heard {
                listening.feed.push(Heard::Event(event.clone()));
            }
        }
    }

    /// The engine cannot bring this listener up to date: it hears so, and goes on with what all hear.
    pub(super) fn missed(&mut self, query: QueryId) {
        if let Some(listening) = self.listeners.get_mut(&query) {
            listening.placed = false;
            listening.feed.push(Heard::Missed);
        }
    }
}
