//! How old a write is, by a clock that no wrong wall clock moves, and what follows when it is too old (Q13).
//!
//! The queue's own clock starts as the wall clock and moves with the smaller of what both clocks say. Of a stretch that nobody watched,
//! between two processes or while the device slept, it takes what the wall clock says, but never more than `limits::CLOCK_GAP`: from there
//! a wrong clock looks like a long night. Writes may so expire later than their time to live says; one jump of the clock never expires
//! a write of the default life. Where it stood is stored with every write, and every `limits::CLOCK_STEP` while something is pending.

use super::Outbox;
use super::bytes::{Reader, Writer};
use super::record::{LocalNumber, Record, Stage};
use super::resolve::Act;
use crate::ctx::Ctx;
use crate::engine::OriginKind;
use crate::ids::*;
use crate::io::{ParkReason, QuarantineReason};
use crate::limits;
use crate::secret::Blob;
use crate::timers::TimerKind;

/// Key of the clock's own record.
pub(crate) const CLOCK_KEY: &str = "m/clock";
const KIND_CLOCK: u8 = 5;

/// Where the clock stood at a time of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) clock: WallTime,
    pub(crate) wall: WallTime,
}

#[derive(Debug)]
pub(crate) struct Clock {
    at: WallTime,
    seen: Now,
    /// The latest of the stored marks.
    mark: Option<Mark>,
    /// The store has a record of its own for it.
    saved: bool,
}

impl Clock {
    pub(crate) fn new(now: Now) -> Clock {
        Clock { at: now.wall, seen: now, mark: None, saved: false }
    }

    pub(crate) fn now(&self) -> WallTime {
        self.at
    }

    /// Time has passed in this process.
    pub(crate) fn pass(&mut self, now: Now) {
        let wall = now.wall.0.saturating_sub(self.seen.wall.0);
        let passed = now.mono.since(self.seen.mono).0.min(wall).min(limits::CLOCK_GAP.0);
        self.at = WallTime(self.at.0.saturating_add(passed));
        self.seen = now;
    }

    /// A mark that was found in the store. The first ones say where the clock stands at the start.
    fn found(&mut self, mark: Mark) {
        if self.mark.is_some_and(|known| known.clock >= mark.clock) {
            return;
        }
        let gap = self.seen.wall.0.saturating_sub(mark.wall.0).min(limits::CLOCK_GAP.0);
        let there = WallTime(mark.clock.0.saturating_add(gap));
        // Before anything was read it stood where the wall clock does.
        self.at = if self.mark.is_none() { there } else { self.at.max(there) };
        self.mark = Some(mark);
    }

    fn stored(&mut self, mark: Mark) {
        self.mark = Some(mark);
        self.saved = true;
    }

    pub(super) fn is_saved(&self) -> bool {
        self.saved
    }

    fn is_due(&self) -> bool {
        self.mark.is_none_or(|mark| self.at.0.saturating_sub(mark.clock.0) >= limits::CLOCK_STEP.0)
    }

    fn mark(&self) -> Mark {
        Mark { clock: self.at, wall: self.seen.wall }
    }
}

impl Mark {
    pub(crate) fn encode(&self, partition: &Partition) -> Blob {
        let mut w = Writer::record(KIND_CLOCK, &partition.0);
        w.u64(self.clock.0);
        w.u64(self.wall.0);
        Blob(w.seal(CLOCK_KEY))
    }

    fn decode(bytes: &[u8], partition: &Partition) -> Result<Mark, QuarantineReason> {
        let mut r = Reader::open(CLOCK_KEY, bytes, KIND_CLOCK, &partition.0)?;
        let mark = Mark { clock: WallTime(r.u64()), wall: WallTime(r.u64()) };
        r.sound()?;
        Ok(mark)
    }
}

impl Record {
    /// When it is too old, by the queue's clock.
    fn end(&self) -> WallTime {
        WallTime(self.born.0.saturating_add(self.ttl.0))
    }
}

impl Outbox {
    pub(super) fn adopt_clock(&mut self, bytes: &[u8]) {
        // One that cannot be read says nothing: the writes' own marks remain.
        if let Ok(mark) = Mark::decode(bytes, &self.partition) {
            self.clock_found(mark);
            self.clock.saved = true;
        }
    }

    fn clock_found(&mut self, mark: Mark) {
        let before = self.clock.now();
        self.clock.found(mark);
        self.age_dirty |= self.clock.now() != before;
    }

    /// A record of the store is a mark too.
    pub(super) fn clock_of(&mut self, record: &Record) {
        if record.is_pending() {
            self.clock_found(Mark { clock: record.born, wall: record.created });
            self.unwatched = Some(self.unwatched.unwrap_or(record.end()).min(record.end()));
        }
    }

    /// This write's record is on disk: from now on it ages.
    pub(super) fn watch(&mut self, number: LocalNumber) {
        if let Some(entry) = self.entries.get(&number).filter(|entry| entry.record.is_pending()) {
            let end = entry.record.end();
            self.unwatched = Some(self.unwatched.unwrap_or(end).min(end));
        }
    }

    pub(super) fn clock_stored(&mut self, mark: Mark) {
        self.clock_busy = false;
        self.clock.stored(mark);
    }

    /// Makes sure that expiry is looked at in time. Only the tab that sends does.
    pub(super) fn watch_age(&mut self, ctx: &mut Ctx) {
        let overdue = self.unwatched.is_some_and(|end| end <= self.clock.now());
        if self.age_dirty || overdue {
            self.expire(ctx); // What became too old while nobody looked is not sent any more.
        }
        if !self.leading || self.entries.counts().pending == 0 {
            ctx.timers.stop(&TimerKind::Expiry);
        } else {
            let set = ctx.timers.get(&TimerKind::Expiry).filter(|_| !self.age_dirty);
            // Looking at all of them for each that comes would make a write cost more the more there are.
            let next = match (set, self.unwatched) {
                (None, _) => Some(self.next_expiry()),
                (Some(_), Some(end)) => {
                    Some(Millis(end.0.saturating_sub(self.clock.now().0))).filter(|left| left.0 > 0)
                }
                (Some(_), None) => None,
            };
            if let Some(at) = next.map(|left| ctx.deadline(left))
                && set.is_none_or(|set| at < set)
            {
                ctx.timers.set(TimerKind::Expiry, at);
            }
        }
        self.age_dirty = false;
        self.unwatched = None;
    }

    /// Until the next write is too old, or the clock is to be stored.
    fn next_expiry(&self) -> Millis {
        let pending = self.entries.iter().filter(|(_, e)| self.may_expire(&e.record));
        let left = pending.map(|(_, e)| e.record.ttl.0.saturating_sub(self.age(&e.record).0).max(1));
        Millis(left.min().unwrap_or(u64::MAX).min(limits::CLOCK_STEP.0))
    }

    fn may_expire(&self, record: &Record) -> bool {
        record.is_pending() && self.age(record) < record.ttl
    }

    fn age(&self, record: &Record) -> Millis {
        Millis(self.clock.now().0.saturating_sub(record.born.0))
    }

    pub(crate) fn on_expiry(&mut self, ctx: &mut Ctx) {
        self.clock.pass(ctx.now);
        if self.leading && self.clock.is_due() {
            self.write_clock(ctx);
        }
        self.expire(ctx);
    }

    /// Stores where the clock stands.
    pub(super) fn write_clock(&mut self, ctx: &mut Ctx) {
        if !self.clock_busy {
            self.clock_busy = true;
            self.put_clock(self.clock.mark(), ctx);
        }
    }

    /// Writes that are too old are parked; of those that may have been sent the server is asked first.
    fn expire(&mut self, ctx: &mut Ctx) {
        if !self.leading {
            return;
        }
        let old: Vec<LocalNumber> = self.entries.numbers_where(|e| {
            let idle = e.durable && e.busy == 0 && e.conflict.is_none() && e.act.is_none();
            idle && e.quarantined.is_none()
                && !e.applied
                && !e.frozen
                && e.record.is_pending()
                && self.age(&e.record) >= e.record.ttl
        });
        for number in old {
            match self.entries.get(&number).map(|e| &e.record.stage) {
                Some(Stage::Queued) => self.park(number, ParkReason::Expired, 0, None, None, ctx),
                Some(Stage::Claimed(_)) if self.kind_of(&number) == (OriginKind::Tidewire {}) => {
                    self.act(number, Act::Expire, ctx);
                }
                // A foreign server cannot be asked: it is sent until there is an outcome.
                Some(_) | None => {}
            }
        }
    }
}
