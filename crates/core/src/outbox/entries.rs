//! The writes in memory, and what has to be known of all of them without looking at each: numbers, heads of lanes, open claims.
//!
//! An entry is changed through [`EntryMut`] only, so that nobody can forget to keep this up to date. It knows no rule.

use crate::gather::Gather;
use crate::map::{Map, Set};
use std::ops::{Bound, Deref, DerefMut, RangeFrom};

use super::Entry;
use super::pause::OriginIx;
use super::record::{Claim, LocalNumber, Record, Stage};
use crate::ids::*;

/// How many there are of each kind (Q15, Q22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) pending: u32,
    pub(super) pending_bytes: u64,
    pub(super) parked: u32,
    pub(super) parked_bytes: u64,
    pub(super) quarantined: u32,
    /// A request is under way.
    pub(super) in_flight: u32,
    /// Counts towards the writes that may be in flight: a request, or a step before one.
    pub(super) active: u32,
    /// The origin answers others, but not these (Q9).
    pub(super) unanswered: u32,
}

/// What the indexes know of one entry.
#[derive(PartialEq, Eq)]
struct Facets {
    counts: Counts,
    /// Its place in a lane, while it is pending.
    lane: Option<Lane>,
    /// Where it goes, if it waits for nothing of its own.
    idle: Option<OriginIx>,
    claim: Option<Claim>,
    done: bool,
}

impl Facets {
    fn of(entry: &Entry) -> Facets {
        let record = &entry.record;
        let mut counts = Counts::default();
        let pending = record.is_pending();
        let held = entry.quarantined.is_some();
        match &record.stage {
            Stage::Queued | Stage::Claimed(_) if held => counts.quarantined = 1,
            Stage::Queued | Stage::Claimed(_) => (counts.pending, counts.pending_bytes) = (1, record.bytes()),
            Stage::Parked { .. } => (counts.parked, counts.parked_bytes) = (1, record.bytes()),
            Stage::Acknowledged { .. } | Stage::Undoes(_) => {}
        }
        counts.in_flight = u32::from(entry.fetch.is_some());
        let active = entry.fetch.is_some() || entry.verifying || entry.durable && entry.busy > 0 && pending;
        counts.active = u32::from(active);
        counts.unanswered = u32::from(entry.unanswered && pending);
        Facets {
            counts,
            lane: (pending && !held).then(|| record.lane.clone()),
            idle: entry.is_idle().then_some(entry.origin),
            claim: record.open_claim().filter(|claim| claim.is_placed()).cloned(),
            done: matches!(record.stage, Stage::Acknowledged { .. }) && entry.busy == 0 && !entry.layer,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    by_number: Map<LocalNumber, Entry>,
    index: Index,
}

#[derive(Debug, Default)]
struct Index {
    /// Pending writes by lane; where they go, if they wait for nothing of their own.
    lanes: Map<(Lane, LocalNumber), Option<OriginIx>>,
    /// Heads of lanes that wait for nothing of their own.
    ready: Set<(OriginIx, LocalNumber)>,
    /// What may have been sent and has no definite outcome, by client id and sequence.
    claims: Set<(ClientId, Sequence, LocalNumber)>,
    /// Acknowledged, and no layer needs the record any more.
    done: Set<LocalNumber>,
    /// What stands before them in their lanes may be another than before.
    moved: Set<LocalNumber>,
    /// Pending writes.
    pending: Set<LocalNumber>,
    counts: Counts,
}

const LOWEST: LocalNumber = LocalNumber { number: 0, origin: 0 };

impl Entries {
    pub(super) fn get(&self, number: &LocalNumber) -> Option<&Entry> {
        self.by_number.get(number)
    }

    pub(super) fn get_mut(&mut self, number: &LocalNumber) -> Option<EntryMut<'_>> {
        let entry = self.by_number.get_mut(number)?;
        let before = Some(Facets::of(entry));
        Some(EntryMut { entry, index: &mut self.index, number: *number, before })
    }

    pub(super) fn contains_key(&self, number: &LocalNumber) -> bool {
        self.by_number.contains_key(number)
    }

    pub(super) fn insert(&mut self, number: LocalNumber, entry: Entry) {
        self.remove(&number);
        self.index.follow(number, None, Some(Facets::of(&entry)));
        self.by_number.insert(number, entry);
    }

    pub(super) fn remove(&mut self, number: &LocalNumber) -> Option<Entry> {
        let entry = self.by_number.remove(number)?;
        self.index.follow(*number, Some(Facets::of(&entry)), None);
        Some(entry)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&LocalNumber, &Entry)> {
        self.by_number.iter()
    }

    pub(super) fn range(
        &self,
        range: RangeFrom<LocalNumber>,
    ) -> impl Iterator<Item = (&LocalNumber, &Entry)> {
        self.by_number.range(range)
    }

    /// Those for which this holds, in order.
    pub(super) fn numbers_where(&self, holds: impl Fn(&Entry) -> bool) -> Vec<LocalNumber> {
        self.by_number.iter().filter(|(_, entry)| holds(entry)).map(|(number, _)| *number).gather()
    }

    pub(super) fn counts(&self) -> Counts {
        self.index.counts
    }

    /// Heads of lanes that may be started at this origin, oldest first.
    pub(super) fn ready(&self, origin: OriginIx) -> impl Iterator<Item = LocalNumber> {
        let from = self.index.ready.range((origin, LOWEST)..);
        from.take_while(move |(found, _)| *found == origin).map(|(_, number)| *number)
    }

    /// The lowest sequence of this client that may have been sent and has no definite outcome.
    pub(super) fn lowest_claim(&self, client: &ClientId) -> Option<Sequence> {
        let from = (client.clone(), Sequence(0), LOWEST);
        let (found, sequence, _) = self.index.claims.range(from..).next()?;
        (found == client).then_some(*sequence)
    }

    /// The pending write before this one in its lane.
    pub(super) fn before(&self, lane: &Lane, number: LocalNumber) -> Option<LocalNumber> {
        let ((found, before), _) = self.index.lanes.range(..(lane.clone(), number)).next_back()?;
        (found == lane).then_some(*before)
    }

    /// The last pending write of a lane.
    pub(super) fn last(&self, lane: &Lane) -> Option<LocalNumber> {
        self.before(lane, LocalNumber { number: u64::MAX, origin: u64::MAX })
    }

    /// The first pending one. Numbers rise with time.
    pub(super) fn oldest(&self) -> Option<&Record> {
        Some(&self.get(self.index.pending.first()?)?.record)
    }

    /// It may wait for another one than before.
    pub(super) fn moves(&mut self, number: LocalNumber) {
        self.index.moved.insert(number);
    }

    /// Those that may wait for another one than before; they are asked for once.
    pub(super) fn take_moved(&mut self) -> Set<LocalNumber> {
        std::mem::take(&mut self.index.moved)
    }

    /// Acknowledged writes whose records may go.
    pub(super) fn done(&self) -> impl Iterator<Item = &LocalNumber> {
        self.index.done.iter()
    }
}

impl Index {
    fn follow(&mut self, number: LocalNumber, before: Option<Facets>, after: Option<Facets>) {
        if before == after {
            return;
        }
        let lanes =
            [before.as_ref().and_then(|b| b.lane.clone()), after.as_ref().and_then(|a| a.lane.clone())];
        if let Some(Facets { counts, lane, claim, done, .. }) = before {
            self.counts.add(&counts, false);
            if counts.pending > 0 {
                self.pending.remove(&number);
            }
            if let Some(claim) = claim {
                self.claims.remove(&(claim.client, claim.sequence, number));
            }
            if done {
                self.done.remove(&number);
            }
            if let Some(lane) = lane {
                self.move_in_lane(lane, number, None);
            }
        }
        if let Some(Facets { counts, lane, idle, claim, done }) = after {
            self.counts.add(&counts, true);
            if counts.pending > 0 {
                self.pending.insert(number);
            }
            if let Some(claim) = claim {
                self.claims.insert((claim.client, claim.sequence, number));
            }
            if done {
                self.done.insert(number);
            }
            if let Some(lane) = lane {
                self.move_in_lane(lane, number, Some(idle));
            }
        }
        if lanes[0] != lanes[1] {
            let next = lanes.into_iter().flatten().filter_map(|lane| self.after(&lane, number));
            let next: Vec<LocalNumber> = next.gather();
            self.moved.extend(next);
            self.moved.insert(number);
        }
    }

    /// Puts it into the lane, or takes it out; the lane's head is ready if it is idle.
    fn move_in_lane(&mut self, lane: Lane, number: LocalNumber, idle: Option<Option<OriginIx>>) {
        if let Some((head, Some(origin))) = self.head(&lane) {
            self.ready.remove(&(origin, head));
        }
        let at = (lane, number);
        match idle {
            Some(idle) => self.lanes.insert(at.clone(), idle),
            None => self.lanes.remove(&at),
        };
        if let Some((head, Some(origin))) = self.head(&at.0) {
            self.ready.insert((origin, head));
        }
    }

    fn after(&self, lane: &Lane, number: LocalNumber) -> Option<LocalNumber> {
        let from = (Bound::Excluded((lane.clone(), number)), Bound::Unbounded);
        let ((found, next), _) = self.lanes.range(from).next()?;
        (found == lane).then_some(*next)
    }

    fn head(&self, lane: &Lane) -> Option<(LocalNumber, Option<OriginIx>)> {
        let ((found, number), idle) = self.lanes.range((lane.clone(), LOWEST)..).next()?;
        (found == lane).then_some((*number, *idle))
    }
}

impl Counts {
    fn add(&mut self, by: &Counts, more: bool) {
        let small = |all: &mut u32, by: u32| *all = if more { *all + by } else { *all - by };
        let large = |all: &mut u64, by: u64| *all = if more { *all + by } else { *all - by };
        small(&mut self.pending, by.pending);
        large(&mut self.pending_bytes, by.pending_bytes);
        small(&mut self.parked, by.parked);
        large(&mut self.parked_bytes, by.parked_bytes);
        small(&mut self.quarantined, by.quarantined);
        small(&mut self.in_flight, by.in_flight);
        small(&mut self.active, by.active);
        small(&mut self.unanswered, by.unanswered);
    }
}

/// An entry that may be changed; the indexes follow when this is dropped.
pub(super) struct EntryMut<'a> {
    entry: &'a mut Entry,
    index: &'a mut Index,
    number: LocalNumber,
    before: Option<Facets>,
}

impl Deref for EntryMut<'_> {
    type Target = Entry;
    fn deref(&self) -> &Entry {
        self.entry
    }
}

impl DerefMut for EntryMut<'_> {
    fn deref_mut(&mut self) -> &mut Entry {
        self.entry
    }
}

impl Drop for EntryMut<'_> {
    fn drop(&mut self) {
        let after = Facets::of(self.entry);
        self.index.follow(self.number, self.before.take(), Some(after));
    }
}
