//! Parents and dependants (Q7, Q13): who waits for whom, who falls with whom, whose name is put where.
//!
//! Everything follows from what the records say now, so it is the same after a kill. That a parent is gone means that it failed,
//! unless it is known to have succeeded: its record stays while somebody who was never sent depends on it.

use super::Outbox;
use super::names::{Given, NAMES_KEY, Names};
use super::record::{LocalNumber, Record, Stage};
use super::steps::Then;
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Coalesce, Named, Output, ParkReason};
use crate::limits;

/// What a dependant's parents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parents {
    /// All succeeded, all is named.
    Done,
    /// This one has no outcome yet.
    Pending(LocalNumber),
    /// One was parked or given up.
    Failed,
    /// All succeeded, but something has no name.
    Unnamed,
}

impl Outbox {
    /// The explicit parents of a new write that it still has to wait for; absent if one was given up.
    pub(super) fn open_parents(&self, parents: &[WriteId]) -> Option<Vec<WriteId>> {
        let mut open = Vec::new();
        for parent in parents {
            let waiting = match self.find(parent) {
                Some((_, entry)) => !matches!(entry.record.stage, Stage::Acknowledged { .. }),
                None if self.early.iter().any(|r| r.write == *parent) => true,
                None if self.becoming(parent).is_some() => true,
                None if self.succeeded.contains(parent) => false,
                // The tab that sends may know.
                None if self.guessed.contains(parent) => true,
                None if self.recent.contains(parent) => return None,
                // One that this outbox has not heard of ended long ago, if all has been read.
                None => !self.loaded,
            };
            if waiting && !open.contains(parent) {
                open.push(parent.clone());
            }
        }
        Some(open)
    }

    /// Everything that follows for dependants. Called before anything is sent.
    pub(super) fn follow_parents(&mut self, ctx: &mut Ctx) {
        for number in self.family.iter().copied().gather() {
            let Some(entry) = self.entries.get(&number) else {
                self.family.remove(&number);
                continue;
            };
            let parents = self.parents(&entry.record);
            let idle = entry.durable && entry.busy == 0;
            match &entry.record.stage {
                Stage::Queued => {
                    let blocker = if let Parents::Pending(parent) = parents { Some(parent) } else { None };
                    let changed = entry.parent != blocker;
                    if let Some(mut entry) = self.entries.get_mut(&number) {
                        entry.waits = parents != Parents::Done;
                        entry.parent = blocker;
                    }
                    if changed {
                        self.entries.moves(number);
                    }
                    if idle && self.leading {
                        match parents {
                            Parents::Failed => {
                                self.park(number, ParkReason::ParentFailed, 0, None, None, ctx)
                            }
                            Parents::Unnamed => self.park(number, ParkReason::Unnamed, 0, None, None, ctx),
                            Parents::Done | Parents::Pending(_) => {}
                        }
                    }
                }
                Stage::Parked { reason, .. } => {
                    let revived = match reason {
                        ParkReason::ParentFailed => parents != Parents::Failed,
                        ParkReason::Unnamed => parents == Parents::Done,
                        ParkReason::Permanent
                        | ParkReason::Conflict
                        | ParkReason::OutOfTries
                        | ParkReason::Expired
                        | ParkReason::Unknown
                        | ParkReason::KeyReused => false,
                    };
                    if revived && idle && self.leading {
                        self.advance(number, Stage::Queued, Then::Requeued, ctx);
                    }
                }
                // Its bytes are frozen.
                Stage::Claimed(_) | Stage::Acknowledged { .. } | Stage::Undoes(_) => {
                    self.family.remove(&number);
                }
            }
        }
    }

    /// The parent that it waits for now.
    pub(super) fn pending_parent(&self, record: &Record) -> Option<LocalNumber> {
        match self.parents(record) {
            Parents::Pending(number) => Some(number),
            Parents::Done | Parents::Failed | Parents::Unnamed => None,
        }
    }

    fn parents(&self, record: &Record) -> Parents {
        let mut pending = None;
        for parent in &record.ties.depends_on {
            match self.find(parent).map(|(number, entry)| (number, &entry.record.stage)) {
                Some((_, Stage::Acknowledged { .. })) => {}
                Some((number, Stage::Queued | Stage::Claimed(_))) => pending = pending.or(Some(number)),
                Some((_, Stage::Parked { .. } | Stage::Undoes(_))) => return Parents::Failed,
                None if self.succeeded.contains(parent) || self.names.has_saved(parent) => {}
                None => match self.becoming(parent) {
                    Some(number) => pending = pending.or(Some(number)),
                    None => return Parents::Failed,
                },
            }
        }
        match pending {
            Some(number) => Parents::Pending(number),
            None if record.ties.awaits.is_empty() => Parents::Done,
            None => Parents::Unnamed,
        }
    }

    fn is_or_stands_for(&self, write: &WriteId, parent: &WriteId) -> bool {
        parent == write || self.find(parent).is_some_and(|(_, entry)| entry.record.write == *write)
    }

    /// Whether the record of a write that succeeded is still needed: somebody who was never sent depends on it.
    pub(super) fn is_awaited(&self, write: &WriteId) -> bool {
        self.family.iter().filter_map(|number| self.entries.get(number)).any(|entry| {
            let waits = match entry.record.stage {
                Stage::Queued => true,
                Stage::Parked { reason, .. } => reason == ParkReason::ParentFailed,
                Stage::Claimed(_) | Stage::Acknowledged { .. } | Stage::Undoes(_) => false,
            };
            waits && entry.record.ties.depends_on.iter().any(|parent| self.is_or_stands_for(write, parent))
        })
    }

    /// Whether other writes wait for it, so that it is not merged with another.
    pub(super) fn is_parent(&self, record: &Record) -> bool {
        !record.ties.temp_ids.is_empty()
            || self.family.iter().filter_map(|number| self.entries.get(number)).any(|entry| {
                entry.record.ties.depends_on.iter().any(|parent| self.is_or_stands_for(&record.write, parent))
            })
    }

    /// A record has come into the queue.
    pub(super) fn joins_family(&mut self, number: LocalNumber) {
        let Some(entry) = self.entries.get(&number) else { return };
        for write in &entry.record.ties.stands_for {
            self.numbers.insert(write.clone(), number);
        }
        if entry.record.ties.waits() {
            self.family.insert(number);
        }
        match entry.record.stage {
            Stage::Queued if entry.record.ties.coalesce != (Coalesce::None {}) => {
                self.coalescing.insert(number);
            }
            Stage::Undoes(_) => {
                self.pairs.insert(number);
            }
            Stage::Queued | Stage::Claimed(_) | Stage::Acknowledged { .. } | Stage::Parked { .. } => {}
        }
        if !matches!(entry.record.stage, Stage::Acknowledged { .. }) {
            self.names.declare(&entry.record);
        }
    }

    /// A definite outcome has named something: everything that was never sent follows, and the host.
    pub(super) fn learn(&mut self, names: &[Named], ctx: &mut Ctx, facts: &mut Facts) {
        let mut any = false;
        for named in names {
            if self.names.learn(named) {
                any = true;
                ctx.emit(Output::Renamed { temp: named.temp.clone(), real: named.real.clone() });
                facts.push(Fact::Renamed(named.clone()));
            }
        }
        if !any {
            return;
        }
        for number in self.family.iter().copied().gather() {
            if let Some(mut entry) = self.entries.get_mut(&number) {
                self.names.apply_unsent(&mut entry.record);
            }
        }
    }

    /// What the outcome of this write, if it has one, has named.
    pub(super) fn learn_from(&mut self, number: LocalNumber, ctx: &mut Ctx, facts: &mut Facts) {
        let names = match self.entries.get(&number).map(|e| &e.record.stage) {
            Some(Stage::Acknowledged { names, .. }) if !names.is_empty() => names.clone(),
            Some(_) | None => return,
        };
        self.learn(&names, ctx, facts);
    }

    pub(super) fn adopt_names(&mut self, bytes: &[u8], ctx: &mut Ctx, facts: &mut Facts) {
        match Names::decode(bytes, &self.partition) {
            Ok(saved) => self.has_saved_names(saved, ctx, facts),
            Err(reason) => ctx.emit(Output::Quarantined { key: NAMES_KEY.to_owned(), reason }),
        }
    }

    pub(super) fn has_saved_names(&mut self, saved: Vec<Given>, ctx: &mut Ctx, facts: &mut Facts) {
        let new = self.names.set_saved(saved);
        self.learn(&new, ctx, facts);
    }

    /// The names that these records hold and that are nowhere else yet.
    pub(super) fn unsaved_names(&self, done: &[LocalNumber]) -> Vec<Given> {
        let records = done.iter().filter_map(|number| Some(&self.entries.get(number)?.record));
        let given = records.flat_map(|record| match &record.stage {
            Stage::Acknowledged { names, .. } => {
                names.iter().map(|named| Given { write: record.write.clone(), named: named.clone() }).gather()
            }
            Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } | Stage::Undoes(_) => Vec::new(),
        });
        given.filter(|given| !self.names.saved().contains(given)).gather()
    }
}

/// The names of an answer that this write has declared.
pub(super) fn declared(names: Vec<Named>, record: &Record) -> Vec<Named> {
    let usable = |named: &Named| {
        record.ties.temp_ids.contains(&named.temp)
            && (1..=limits::REAL_ID_BYTES).contains(&named.real.len())
            && !named.real.chars().any(char::is_control)
    };
    let mut usable: Vec<Named> = names.into_iter().filter(usable).gather();
    usable.truncate(limits::TEMP_IDS);
    usable
}
