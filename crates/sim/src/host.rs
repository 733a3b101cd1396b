//! What `@tidewire/react` is to the engine, in small: bases with positions, layers, one fold, what is dirty. It decides
//! nothing about when a layer goes; the engine says so.

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::{BodyId, Event, Payload, QueryId, WriteId};

use crate::base::Base;
use crate::ids::{QUERIES, Room, Tag, rooms_of};

/// The optimistic change of one write.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Whose change.
    pub write: WriteId,
    /// The room that it adds to.
    pub room: Room,
    /// What it adds.
    pub tag: Tag,
    /// Its mutation, and what the app's layer is given.
    pub asks: (String, String),
    touched: BTreeSet<usize>,
}

/// One query of the cache.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What the server said, if it has said something.
    pub base: Option<Base>,
    /// The fetch that is under way, the last of several.
    pub fetching: Option<u32>,
    /// What stood before the last base was installed: the engine may refuse that.
    before: Option<Base>,
    /// A fetch failed, or one was asked for while none could be made.
    pub stale: bool,
    /// Fetches that failed in a row.
    pub failures: u32,
}

/// What a person sees of a query.
pub type Screen = BTreeMap<Room, Vec<Tag>>;

/// The cache.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// By number of the query.
    pub queries: [Query; QUERIES],
    /// In the order in which they stand.
    pub layers: Vec<Layer>,
    /// Frames that the engine has not released.
    pub bodies: BTreeMap<BodyId, String>,
    /// Writes whose record is gone while their layer stands.
    ended: BTreeSet<WriteId>,
    /// Refused or voided.
    not_applied: BTreeSet<WriteId>,
    /// Queries whose stored base is out of date.
    pub dirty: BTreeSet<usize>,
    /// The client id for reads.
    pub client: Option<String>,
    last_body: u32,
    last_fetch: u32,
}

/// The engine's number of a query.
#[must_use]
pub fn query_id(query: usize) -> QueryId {
    QueryId(query as u32 + 1)
}

/// Which query the engine means.
#[must_use]
pub fn query_of(id: QueryId) -> usize {
    (id.0 as usize).saturating_sub(1).min(QUERIES - 1)
}

/// The variables of a write: what its layer needs.
#[must_use]
pub fn variables(room: Room, tag: Tag) -> Payload {
    Payload(format!("{} {}", room.0, tag.0))
}

fn read_variables(text: &str) -> Option<(Room, Tag, &str)> {
    let (room, rest) = text.split_once(' ')?;
    let (tag, text) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((Room(room.parse().ok()?), Tag(tag.parse().ok()?), text))
}

impl Host {
    /// Keeps a frame for the engine.
    pub fn keep(&mut self, text: &str) -> BodyId {
        self.last_body += 1;
        let body = BodyId(self.last_body);
        self.bodies.insert(body, text.to_owned());
        body
    }

    /// A fetch of this query begins. Answers its number.
    pub fn begin_fetch(&mut self, query: usize) -> u32 {
        self.last_fetch += 1;
        self.queries[query].fetching = Some(self.last_fetch);
        self.last_fetch
    }

    /// The tag in an event's frame, which is its last element.
    #[must_use]
    pub fn tag_of(&self, body: BodyId) -> Option<Tag> {
        let text = self.bodies.get(&body)?;
        let (_, last) = text.rsplit_once(',')?;
        Some(Tag(last.trim_end_matches(']').parse().ok()?))
    }

    /// Applies an event to the bases that the engine names.
    pub fn event(&mut self, event: &Event) {
        let Some(position) = &event.position else { return };
        let (Some(room), Some(tag)) = (Room::named(&position.room.0), self.tag_of(event.body)) else {
            return;
        };
        for id in &event.apply {
            let query = query_of(*id);
            if let Some(base) = &mut self.queries[query].base {
                base.tags.entry(room).or_default().push(tag);
                base.positions.insert(room, (position.epoch.clone(), position.offset.0));
                self.dirty.insert(query);
            }
        }
    }

    /// A layer stands, on top.
    pub fn layer_added(&mut self, write: &WriteId, name: &str, variables: &Payload) {
        self.layers.retain(|layer| layer.write != *write);
        if let Some((room, tag, text)) = read_variables(&variables.0) {
            let asks = (name.to_owned(), text.to_owned());
            self.layers.push(Layer { write: write.clone(), room, tag, asks, touched: BTreeSet::new() });
        }
    }

    /// A layer goes: from one query, whose base has the write, or from everywhere.
    pub fn layer_retired(&mut self, write: &WriteId, query: Option<QueryId>) {
        match query {
            None => {
                self.layers.retain(|layer| layer.write != *write);
                if self.ended.remove(write) {
                    self.forget_carried(write);
                }
            }
            // Told again of a layer that was put elsewhere.
            Some(_) if self.not_applied.contains(write) => {}
            Some(id) => {
                let query = query_of(id);
                if let Some(base) = &mut self.queries[query].base {
                    base.carries.insert(write.clone());
                    self.dirty.insert(query);
                }
            }
        }
    }

    /// The write's record is gone.
    pub fn settled(&mut self, write: &WriteId) {
        if self.layers.iter().any(|layer| layer.write == *write) {
            self.ended.insert(write.clone());
        } else {
            self.forget_carried(write);
        }
    }

    /// What is said of the write now: that it was refused or voided, so that no base has it, or something else.
    pub fn judged(&mut self, write: &WriteId, not_applied: bool) {
        if not_applied {
            self.not_applied.insert(write.clone());
            self.uncarry(write);
        } else {
            self.not_applied.remove(write);
        }
    }

    fn uncarry(&mut self, write: &WriteId) {
        for (at, query) in self.queries.iter_mut().enumerate() {
            if query.base.as_mut().is_some_and(|base| base.carries.remove(write)) {
                self.dirty.insert(at);
            }
        }
    }

    fn forget_carried(&mut self, write: &WriteId) {
        for base in self.queries.iter_mut().filter_map(|query| query.base.as_mut()) {
            base.carries.remove(write);
        }
    }

    /// A base came from the server. What stood on the old one and was carried stays carried.
    pub fn install(&mut self, query: usize, read: u32, mut base: Base) {
        let entry = &mut self.queries[query];
        let before = entry.base.take();
        if let Some(old) = &before {
            base.carries.extend(old.carries.iter().cloned());
        }
        // A later fetch is still under way.
        let fetching = entry.fetching.filter(|last| *last != read);
        *entry = Query { base: Some(base), before, fetching, ..Query::default() };
        self.dirty.insert(query);
    }

    /// The base that was installed last is older than what stood.
    pub fn base_refused(&mut self, query: QueryId) {
        let entry = &mut self.queries[query_of(query)];
        entry.base = entry.before.take();
    }

    /// What a person sees, and the layers that changed it.
    #[must_use]
    pub fn fold(&self, query: usize) -> Option<(Screen, Vec<usize>)> {
        let base = self.queries[query].base.as_ref()?;
        let mut screen = base.tags.clone();
        let rooms = rooms_of(query);
        let mut changed = Vec::new();
        for (at, layer) in self.layers.iter().enumerate() {
            if base.carries.contains(&layer.write) || !rooms.contains(&layer.room) {
                continue;
            }
            let tags = screen.entry(layer.room).or_default();
            if !tags.contains(&layer.tag) {
                tags.push(layer.tag);
                changed.push(at);
            }
        }
        Some((screen, changed))
    }

    /// Layers that changed a query for the first time, as the engine is told.
    pub fn newly_touched(&mut self) -> Vec<(WriteId, Vec<QueryId>)> {
        let mut touched: BTreeMap<WriteId, Vec<QueryId>> = BTreeMap::new();
        for query in 0..QUERIES {
            let Some((_, changed)) = self.fold(query) else { continue };
            for at in changed {
                let layer = &mut self.layers[at];
                if layer.touched.insert(query) {
                    touched.entry(layer.write.clone()).or_default().push(query_id(query));
                }
            }
        }
        touched.into_iter().collect()
    }

    /// Bases to store; nothing is dirty after it.
    pub fn take_dirty(&mut self) -> Vec<(usize, Base)> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().filter_map(|query| Some((query, self.queries[query].base.clone()?))).collect()
    }
}
