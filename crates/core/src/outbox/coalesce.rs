//! Writes that are the same as the one before them, replace it, or undo it (Q8). Only the last record of the lane is looked at, and
//! only the tab that sends does it, to records that are on disk.
//!
//! A pair that cancels itself out ends in three steps, each of them whole: the later write is stored as one that undoes the other,
//! which decides it; then the other's record goes; then its own. Whoever finds the first step done does the rest, and sends neither.

use super::Outbox;
use super::record::{LocalNumber, Record, Stage};
use super::steps::{Gone, Then};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Coalesce, Output, WriteState};

impl Outbox {
    /// The last write of its lane, if the app says by its key that both are the same.
    pub(super) fn same_as(&self, record: &Record) -> Option<WriteId> {
        if record.ties.dedupe_key.is_none() || record.ties.coalesce == (Coalesce::Replace {}) {
            return None;
        }
        let early = self.early.iter().rev().find(|r| r.lane == record.lane);
        let last = || Some(&self.entries.get(&self.entries.last(&record.lane)?)?.record);
        let last = early.or_else(last)?;
        let same = last.ties.dedupe_key == record.ties.dedupe_key && last.name == record.name;
        same.then(|| last.write.clone())
    }

    pub(super) fn coalesce(&mut self, ctx: &mut Ctx) {
        if !self.leading {
            return;
        }
        for number in self.coalescing.iter().copied().gather() {
            if !self.coalesce_one(number, ctx) {
                self.coalescing.remove(&number);
            }
        }
        for number in self.pairs.iter().copied().gather() {
            self.finish_pair(number, ctx);
        }
    }

    /// Whether it must be looked at again: it or the one before it is not settled on disk.
    fn coalesce_one(&mut self, number: LocalNumber, ctx: &mut Ctx) -> bool {
        let Some(entry) = self.entries.get(&number) else { return false };
        if !entry.durable || entry.busy > 0 {
            return true;
        }
        let record = &entry.record;
        if record.stage != Stage::Queued
            || record.ties.waits()
            || entry.conflict.is_some()
            || entry.quarantined.is_some()
        {
            return false;
        }
        let Some(at) = self.entries.before(&record.lane, number) else { return false };
        let Some(before) = self.entries.get(&at) else { return false };
        if !before.durable || before.busy > 0 {
            return true;
        }
        let unsent =
            before.record.stage == Stage::Queued && before.conflict.is_none() && before.quarantined.is_none();
        if !unsent || self.is_parent(&before.record) {
            return false;
        }
        match &record.ties.coalesce {
            Coalesce::Replace {}
                if before.record.name == record.name
                    && before.record.ties.dedupe_key == record.ties.dedupe_key =>
            {
                let into = record.write.clone();
                self.remove(at, Gone::Merged(into), ctx);
            }
            Coalesce::CancelPair { name } if before.record.name == *name && !self.is_parent(record) => {
                let stage = Stage::Undoes(before.record.write.clone());
                if let Some(mut before) = self.entries.get_mut(&at) {
                    before.frozen = true;
                }
                self.advance(number, stage, Then::Undone, ctx);
            }
            Coalesce::None {} | Coalesce::Replace {} | Coalesce::CancelPair { .. } => {}
        }
        false
    }

    /// It is decided: both have ended.
    pub(super) fn pair_undone(&mut self, number: LocalNumber, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(entry) = self.entries.get(&number) else { return };
        let Stage::Undoes(other) = &entry.record.stage else { return };
        for write in [other.clone(), entry.record.write.clone()] {
            facts.push(Fact::LayerDropped(write.clone()));
            ctx.emit(Output::Write { write, state: WriteState::Cancelled {} });
        }
    }

    fn finish_pair(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let Some(entry) = self.entries.get(&number) else { return };
        let Stage::Undoes(other) = &entry.record.stage else { return };
        if entry.busy > 0 {
            return;
        }
        match self.numbers.get(other).copied() {
            Some(first) if self.entries.get(&first).is_some_and(|e| e.busy == 0) => {
                self.remove(first, Gone::Undone, ctx);
            }
            Some(_) => {}
            None => self.remove(number, Gone::Undone, ctx),
        }
    }

    /// A pair that was to be undone is not: another tab leads.
    pub(super) fn thaw(&mut self, undoer: &Record) {
        if let Stage::Undoes(other) = &undoer.stage
            && let Some(number) = self.numbers.get(other)
            && let Some(mut entry) = self.entries.get_mut(number)
        {
            entry.frozen = false;
        }
    }
}
