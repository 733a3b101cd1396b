//! The query cache: performs what the engine decided about bases and layers, tells it what happened to the queries, and shows bases
//! with their layers (Q16, Y1 to Y6). The same rules as `packages/react/src/cache` for TypeScript. It decides nothing that the
//! engine decides, and it does no IO: what is to be done comes out as [`Effect`]s.

mod entities;
mod entry;
mod events;
mod fold;
mod key;
mod layers;
mod refetch;
mod rooms;
mod rules;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tidewire_core::{
    Input, Millis, Now, Partition, Position, QueryId, ReadId, RoomId, StoredRecord, Timestamp, WriteId,
    WriteState,
};
use tokio::sync::watch;

pub use self::entities::Place;
use self::entry::{Base, Entry};
pub(crate) use self::entry::{Fetched, Fetcher, Shown};
pub(crate) use self::fold::{Operation, guarded};
pub use self::key::QueryKey;
use self::layers::LayerStack;
pub use self::layers::LayerWriter;
use self::refetch::{Refetcher, Standing};
pub use self::rules::{Entity, Rule, RuleContext, Rules};
pub(crate) use self::stored::PREFIX;
use crate::query::QueryError;
use crate::store::Step;

/// Changes by events are shown at once, then at most once in this time (Y5).
const FRAME: Millis = Millis(16);
/// Bases are stored this long after they changed, or before the next step of the queue.
const STORE_AFTER: Millis = Millis(1_000);
/// Queries that nobody looks at and that are kept, in memory and in the store.
const IDLE_QUERIES: usize = 200;
/// A fetch without an answer is tried again after this, doubled each time.
const RETRY: Millis = Millis(1_000);
/// Cap of that.
const RETRY_CAP: Millis = Millis(30_000);

/// Numbers of queries, unique within a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueryIds(Arc<AtomicU32>);

impl QueryIds {
    pub(crate) fn fresh(&self) -> QueryId {
        QueryId(self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }
}

/// What the host must do.
pub(crate) enum Effect {
    /// Tell the engine.
    Tell(Box<Input>),
    /// Tell the engine which queries this room has.
    Bind(RoomId),
    /// Ask the server; the answer is handed in with `fetched`.
    Fetch { query: QueryId, read: ReadId, fetcher: Fetcher },
    /// Nobody waits for this fetch any more.
    Abort(QueryId),
    /// A step of the store.
    Store(Step),
}

/// What an app says of its queries once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) fresh_for: Duration,
}

/// The side store, and everything that is still to be shown, fetched or stored.
pub(crate) struct Cache {
    settings: Settings,
    user: String,
    partition: Partition,
    ids: QueryIds,
    /// The store was read: what is shown before that would lack bases and layers that wait in it.
    begun: bool,
    last_read: u32,
    uses: u64,
    entries: BTreeMap<String, Entry>,
    names: HashMap<QueryId, String>,
    rooms: BTreeMap<RoomId, BTreeSet<QueryId>>,
    layers: LayerStack,
    /// Writes whose record is gone while their layer stands.
    ended: BTreeSet<WriteId>,
    /// Writes that were refused or voided: no base has them.
    not_applied: BTreeSet<WriteId>,
    /// Queries whose visible value may have changed; `urgent`: not to wait for the end of a frame.
    marked: BTreeSet<String>,
    urgent: bool,
    frame_until: Option<Timestamp>,
    refetcher: Refetcher,
    unstored: BTreeSet<String>,
    flush_at: Option<Timestamp>,
    effects: VecDeque<Effect>,
}

impl Cache {
    pub(crate) fn new(settings: Settings, user: String, partition: Partition, ids: QueryIds) -> Cache {
        Cache {
            settings,
            user,
            partition,
            ids,
            begun: false,
            last_read: 0,
            uses: 0,
            entries: BTreeMap::new(),
            names: HashMap::new(),
            rooms: BTreeMap::new(),
            layers: LayerStack::default(),
            ended: BTreeSet::new(),
            not_applied: BTreeSet::new(),
            marked: BTreeSet::new(),
            urgent: false,
            frame_until: None,
            refetcher: Refetcher::default(),
            unstored: BTreeSet::new(),
            flush_at: None,
            effects: VecDeque::new(),
        }
    }

    // ---- what the app does

    /// Somebody looks at a query.
    pub(crate) fn open(
        &mut self,
        key: QueryKey,
        fetcher: Fetcher,
        now: Now,
    ) -> (QueryId, watch::Receiver<Shown>) {
        let name = key.text();
        self.uses += 1;
        let used = self.uses;
        let entry = self.enter(&name, key);
        (entry.handles, entry.used, entry.fetcher) = (entry.handles + 1, used, Some(fetcher));
        let (id, shown, idle) = (entry.id, entry.cell.subscribe(), entry.read.is_none());
        let fetched_at = entry.fetched_at.filter(|_| entry.base.is_some() && !entry.stale);
        let fresh_for = Millis(u64::try_from(self.settings.fresh_for.as_millis()).unwrap_or(u64::MAX));
        if idle && fetched_at.is_none_or(|at| now.mono.since(at) >= fresh_for) {
            self.refetcher.now(&name);
        }
        (id, shown)
    }

    /// One who looked at it does so no more.
    pub(crate) fn close(&mut self, query: QueryId) {
        if let Some(entry) = self.by_id(query) {
            entry.handles = entry.handles.saturating_sub(1);
            self.limit();
        }
    }

    /// Fetches it again.
    pub(crate) fn refetch_one(&mut self, query: QueryId) {
        if let Some(name) = self.names.get(&query) {
            self.refetcher.now(name);
        }
    }

    /// Fetches all queries at and below this key again; those that nobody looks at are marked.
    pub(crate) fn invalidate(&mut self, prefix: &QueryKey) {
        for (name, entry) in &self.entries {
            if entry.key.starts_with(prefix) {
                self.refetcher.now(name);
            }
        }
    }

    // ---- what the engine decided

    /// Where a mutation says what the layer of its write changes.
    pub(crate) fn writer<'a>(&'a self, write: &'a WriteId) -> LayerWriter<'a> {
        LayerWriter::new(&self.settings.rules, &self.user, write)
    }

    /// A layer stands on top of all others.
    pub(crate) fn layer_added(&mut self, write: WriteId, operations: Vec<Operation>) {
        self.drop_layer(&write);
        self.layers.push(write.clone(), operations);
        self.mark_concerned(&write);
    }

    /// Its variables are other ones now (Q7).
    pub(crate) fn layer_changed(&mut self, write: &WriteId, operations: Vec<Operation>) {
        if !self.layers.has(write) {
            return;
        }
        self.mark_concerned(write);
        if let Some(layer) = self.layers.get_mut(write) {
            layer.operations = operations;
        }
        self.mark_concerned(write);
    }

    pub(crate) fn layer_retired(&mut self, write: &WriteId, query: Option<QueryId>, now: Now) {
        let Some(query) = query else {
            self.drop_layer(write);
            if self.ended.remove(write) {
                self.forget_carried(write);
            }
            return;
        };
        // Told again of a layer that was put elsewhere.
        if self.not_applied.contains(write) {
            return;
        }
        let Some(name) = self.names.get(&query).cloned() else { return };
        if let Some(base) = self.entries.get_mut(&name).and_then(|entry| entry.base.as_mut()) {
            base.carries.insert(write.clone());
            self.mark(&name, true);
            self.unstore(&name, now);
        }
    }

    /// A write's state.
    pub(crate) fn write_changed(&mut self, write: &WriteId, state: &WriteState, now: Now) {
        if matches!(state, WriteState::Settled {}) {
            if self.layers.has(write) {
                self.ended.insert(write.clone());
            } else {
                self.forget_carried(write);
            }
        }
        // Of an unknown outcome nobody can say that no base has it.
        let refused = matches!(state, WriteState::Parked { reason, .. } if *reason != tidewire_core::ParkReason::Unknown);
        if !refused {
            self.not_applied.remove(write);
            return;
        }
        self.not_applied.insert(write.clone());
        let mut changed = Vec::new();
        for (name, entry) in &mut self.entries {
            if entry.base.as_mut().is_some_and(|base| base.carries.remove(write)) {
                changed.push(name.clone());
            }
        }
        for name in changed {
            self.mark(&name, true);
            self.unstore(&name, now);
        }
    }

    pub(crate) fn base_refused(&mut self, query: QueryId) {
        if let Some(entry) = self.by_id(query)
            && let Some(before) = entry.before.take()
        {
            entry.base = Some(before);
        }
    }

    /// The engine asks for fetches. False: that query is not ours.
    pub(crate) fn refetch(&mut self, query: QueryId) -> bool {
        let name = self.names.get(&query);
        name.is_some_and(|name| {
            self.refetcher.now(name);
            true
        })
    }

    /// A connection came up: what could not be fetched is tried again at once.
    pub(crate) fn connected(&mut self) {
        for (name, entry) in &mut self.entries {
            if entry.retry_at.take().is_some() {
                self.refetcher.now(name);
            }
        }
    }

    /// The queries of a room.
    pub(crate) fn queries_of(&self, room: &RoomId) -> impl Iterator<Item = QueryId> {
        self.rooms.get(room).into_iter().flatten().copied()
    }

    // ---- what fetches bring

    /// A fetch ended. The engine must be told of what comes out before anything is shown.
    pub(crate) fn fetched(
        &mut self,
        query: QueryId,
        read: ReadId,
        result: Result<Fetched, QueryError>,
        now: Now,
    ) {
        let Some(name) = self.names.get(&query).cloned() else { return };
        let Some(entry) = self.entries.get_mut(&name).filter(|entry| entry.read == Some(read)) else {
            return;
        };
        entry.read = None;
        match result {
            Ok(Fetched { data, positions, applied }) => {
                let carries = entry.base.as_ref().map(|base| base.carries.clone()).unwrap_or_default();
                let places = positions.iter().map(|at| (at.room.clone(), at.clone())).collect();
                entry.before =
                    entry.base.replace(Base { data, positions: places, carries, updated_at: now.wall.0 });
                (entry.failures, entry.retry_at, entry.stale) = (0, None, false);
                entry.fetched_at = Some(now.mono);
                entry.tell_error(None);
                let read = Some(read);
                let carries = Vec::new();
                self.effects.push_back(Effect::Tell(Box::new(Input::BaseInstalled {
                    query,
                    read,
                    positions,
                    applied,
                    carries,
                    restored: false,
                })));
                self.mark(&name, true);
                self.unstore(&name, now);
            }
            Err(error) => {
                if error.is_temporary() {
                    let wait = RETRY.0.saturating_mul(1 << entry.failures.min(10)).min(RETRY_CAP.0);
                    entry.failures = entry.failures.saturating_add(1);
                    entry.retry_at = Some(now.mono.after(Millis(wait)));
                }
                entry.tell_error(Some(error));
                entry.tell();
                self.effects.push_back(Effect::Tell(Box::new(Input::FetchFailed { query, read })));
            }
        }
    }

    // ---- the store

    /// From now on queries are fetched and shown.
    pub(crate) fn begin_to_show(&mut self) {
        self.begun = true;
    }

    /// Takes the stored bases, and begins. To be told behind the records: a base is told of after the writes that it may carry.
    pub(crate) fn restore(&mut self, records: &[StoredRecord]) {
        self.begin_to_show();
        // One that does not fit is another user's or a newer build's: it stays, and is nobody else's business.
        let mut found: Vec<_> =
            records.iter().filter_map(|record| stored::decode(&self.partition, record)).collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.base.updated_at));
        for one in found.split_off(found.len().min(IDLE_QUERIES)) {
            let key = stored::store_key(&one.key.text());
            self.effects.push_back(Effect::Store(Step { key, value: None }));
        }
        for one in found {
            let name = one.key.text();
            let entry = self.enter(&name, one.key);
            // What was fetched meanwhile is newer.
            if entry.base.is_some() {
                continue;
            }
            entry.stale = one.stale;
            let input = Input::BaseInstalled {
                query: entry.id,
                read: None,
                positions: one.base.positions.values().cloned().collect(),
                applied: None,
                carries: one.base.carries.iter().cloned().collect(),
                restored: true,
            };
            entry.base = Some(one.base);
            self.effects.push_back(Effect::Tell(Box::new(input)));
            self.mark(&name, true);
        }
    }

    /// The bases that the store does not have yet.
    pub(crate) fn flush(&mut self) -> Vec<Step> {
        self.flush_at = None;
        let names = std::mem::take(&mut self.unstored);
        let step = |name: String| {
            let entry = self.entries.get(&name)?;
            let value = stored::encode(&self.partition, &entry.key, entry.base.as_ref()?, entry.stale);
            Some(Step { key: stored::store_key(&name), value: Some(value) })
        };
        names.into_iter().filter_map(step).collect()
    }

    /// The user's bases are taken off the device: nothing is stored any more.
    pub(crate) fn forget_stored(&mut self) {
        self.unstored.clear();
        self.flush_at = None;
    }

    // ---- time, and what is to be done

    /// When `settle` is to be called though nothing happens.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        if !self.begun {
            return None;
        }
        let frame = self.frame_until.filter(|_| !self.marked.is_empty());
        let active = self.entries.values().filter(|entry| entry.is_active());
        let retry = active.filter_map(|entry| entry.retry_at).min();
        [frame, self.refetcher.deadline(), retry, self.flush_at].into_iter().flatten().min()
    }

    /// Shows what has changed and begins the fetches that are due. To be called when the engine has nothing more to say.
    pub(crate) fn settle(&mut self, now: Now) {
        if !self.begun {
            return;
        }
        self.entries.values_mut().for_each(|entry| entry.before = None);
        let waits = self.frame_until.is_some_and(|until| now.mono < until) && !self.urgent;
        if !waits {
            self.urgent = false;
            let marked = std::mem::take(&mut self.marked);
            if !marked.is_empty() && self.frame_until.is_none_or(|until| now.mono >= until) {
                self.frame_until = Some(now.mono.after(FRAME));
            }
            marked.iter().for_each(|name| self.show(name));
        }
        for (name, entry) in &mut self.entries {
            if entry.is_active() && entry.retry_at.is_some_and(|at| at <= now.mono) {
                entry.retry_at = None;
                self.refetcher.now(name);
            }
        }
        let due = self.refetcher.take(now.mono, |name| {
            self.entries
                .get(name)
                .map(|entry| Standing { active: entry.is_active(), fetching: entry.read.is_some() })
        });
        for name in due.mark {
            if let Some(entry) = self.entries.get_mut(&name).filter(|entry| !entry.stale) {
                entry.stale = true;
                entry.tell();
                self.unstore(&name, now);
            }
        }
        due.fetch.iter().for_each(|name| self.begin(name));
        if self.flush_at.is_some_and(|at| at <= now.mono) {
            let steps = self.flush();
            self.effects.extend(steps.into_iter().map(Effect::Store));
        }
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    // ---- inside

    fn by_id(&mut self, query: QueryId) -> Option<&mut Entry> {
        self.entries.get_mut(self.names.get(&query)?)
    }

    fn enter(&mut self, name: &str, key: QueryKey) -> &mut Entry {
        if !self.entries.contains_key(name) {
            let id = self.ids.fresh();
            for room in self.settings.rules.rooms().rooms_of(&key) {
                self.rooms.entry(room.clone()).or_default().insert(id);
                self.effects.push_back(Effect::Bind(room));
            }
            self.names.insert(id, name.to_owned());
            self.entries.insert(name.to_owned(), Entry::new(id, key));
        }
        self.entries.get_mut(name).expect("it was entered")
    }

    /// Of the queries that nobody looks at, those that were used longest ago go.
    fn limit(&mut self) {
        let idle = |entries: &BTreeMap<String, Entry>| entries.values().filter(|e| !e.is_active()).count();
        while idle(&self.entries) > IDLE_QUERIES {
            let oldest = self.entries.iter().filter(|(_, entry)| !entry.is_active());
            let Some(name) = oldest.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone()) else {
                return;
            };
            self.remove(&name);
        }
    }

    fn remove(&mut self, name: &str) {
        let Some(entry) = self.entries.remove(name) else { return };
        self.names.remove(&entry.id);
        for room in self.settings.rules.rooms().rooms_of(&entry.key) {
            if let Some(members) = self.rooms.get_mut(&room) {
                members.remove(&entry.id);
                if members.is_empty() {
                    self.rooms.remove(&room);
                }
            }
            self.effects.push_back(Effect::Bind(room));
        }
        self.layers.forget(name);
        self.marked.remove(name);
        self.refetcher.forget(name);
        self.unstored.remove(name);
        self.effects.push_back(Effect::Abort(entry.id));
        self.effects.push_back(Effect::Tell(Box::new(Input::QueryGone { query: entry.id })));
        self.effects.push_back(Effect::Store(Step { key: stored::store_key(name), value: None }));
    }

    fn mark(&mut self, name: &str, urgent: bool) {
        self.marked.insert(name.to_owned());
        self.urgent |= urgent;
    }

    fn unstore(&mut self, name: &str, now: Now) {
        self.unstored.insert(name.to_owned());
        self.flush_at.get_or_insert(now.mono.after(STORE_AFTER));
    }

    fn drop_layer(&mut self, write: &WriteId) {
        self.mark_concerned(write);
        self.layers.remove(write);
    }

    /// Every query that the layer may change is folded again.
    fn mark_concerned(&mut self, write: &WriteId) {
        let Some(layer) = self.layers.get_mut(write) else { return };
        for (name, entry) in &self.entries {
            if layer.operations.iter().any(|operation| operation.concerns(&entry.key)) {
                self.marked.insert(name.clone());
                self.urgent = true;
            }
        }
    }

    fn forget_carried(&mut self, write: &WriteId) {
        let bases = self.entries.values_mut().filter_map(|entry| entry.base.as_mut());
        bases.for_each(|base| {
            base.carries.remove(write);
        });
    }

    /// The base with its layers, for everybody who looks.
    fn show(&mut self, name: &str) {
        let Some(entry) = self.entries.get(name) else { return };
        entry.tell();
        let Some(base) = &entry.base else { return };
        let (data, changed_by) = fold::fold(&entry.key, &base.data, &base.carries, self.layers.all());
        entry.show(data, !changed_by.is_empty());
        let query = entry.id;
        for write in changed_by {
            let touched =
                self.layers.get_mut(&write).is_some_and(|layer| layer.touched.insert(name.to_owned()));
            if touched {
                self.effects
                    .push_back(Effect::Tell(Box::new(Input::Touched { write, queries: vec![query] })));
            }
        }
    }

    /// A fetch that another one takes the place of never answers.
    fn begin(&mut self, name: &str) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        let Some(fetcher) = entry.fetcher.clone() else { return };
        let query = entry.id;
        if let Some(read) = entry.read.take() {
            self.effects.push_back(Effect::Abort(query));
            self.effects.push_back(Effect::Tell(Box::new(Input::FetchFailed { query, read })));
        }
        self.last_read = self.last_read.wrapping_add(1);
        let read = ReadId(self.last_read);
        (entry.read, entry.retry_at) = (Some(read), None);
        entry.tell();
        self.effects.push_back(Effect::Tell(Box::new(Input::FetchStarted { query, read })));
        self.effects.push_back(Effect::Fetch { query, read, fetcher });
    }
}

/// Positions that several answers cover together: a room counts where all name it in one epoch, at the oldest offset.
pub(crate) fn both(a: &[Position], b: &[Position]) -> Vec<Position> {
    let covered = |mine: &Position| {
        let other = b.iter().find(|other| other.room == mine.room && other.epoch == mine.epoch)?;
        Some(if other.offset < mine.offset { other.clone() } else { mine.clone() })
    };
    a.iter().filter_map(covered).collect()
}
