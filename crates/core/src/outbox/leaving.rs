//! The end of a queue: a user who leaves, everything given up, a store that belongs to a newer build (Q20, Q21).

use super::Outbox;
use super::record::Stage;
use super::steps::{Gone, Step};
use super::tabs::Wish;
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Blocked, Output, Refusal, StoreError, WriteState};

/// How far the end has come.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// The user has left: what is under way may end, nothing begins.
    suspended: bool,
    quiet: bool,
    /// The store belongs to a newer build: nothing is touched.
    newer: bool,
    /// What was made up to this time and stands in the store is to be given up when it has been read.
    clear_unread: Option<WallTime>,
    /// To be given up as soon as that is possible.
    unwanted: Vec<WriteId>,
}

impl Leaving {
    pub(super) fn blocked(&self) -> Option<Blocked> {
        if self.newer {
            return Some(Blocked::ReloadNeeded);
        }
        self.suspended.then_some(Blocked::Suspended)
    }

    pub(super) fn refusal(&self) -> Result<(), Refusal> {
        match self.blocked() {
            Some(Blocked::ReloadNeeded) => Err(Refusal::ReloadNeeded),
            Some(_) => Err(Refusal::Suspended),
            None => Ok(()),
        }
    }
}

impl Outbox {
    pub(crate) fn is_suspended(&self) -> bool {
        self.leaving.suspended
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.leaving.newer
    }

    pub(crate) fn suspend(&mut self) {
        self.leaving.suspended = true;
    }

    /// Q20: the last answer is stored, the host may let go.
    pub(super) fn tell_quiet(&mut self, ctx: &mut Ctx) {
        // What is to be given up can be, as soon as the store that is being read has said how it stands.
        // So can what another tab was asked to give up, or this one when the lead comes to it.
        let clearing = self.leader.is_some() && self.load.is_some() && !self.leaving.unwanted.is_empty()
            || self.tabs.wants_clear();
        let busy = clearing || !(self.fetches.is_empty() && self.steps.is_empty() && self.early.is_empty());
        if self.leaving.suspended && !self.leaving.quiet && !busy && self.unsaved.is_empty() {
            self.leaving.quiet = true;
            ctx.emit(Output::Quiet {});
        }
    }

    /// Whether the host was told that it may let go: nothing new is begun, for nobody. Another tab's wish waits for the next leader.
    pub(super) fn has_left(&self) -> bool {
        self.leaving.quiet
    }

    /// Everything that is here now is given up; what was sent, as soon as its outcome is known.
    pub(crate) fn clear(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        let early: Vec<WriteId> = self.early.iter().map(|record| record.write.clone()).gather();
        for write in early {
            // It is not on its way to the disk yet, so nothing can keep it.
            let _ = self.cancel(&write, ctx, facts);
        }
        if self.loaded {
            self.clear_older(self.next_number, ctx.now.wall, ctx);
        } else {
            self.leaving.clear_unread = Some(ctx.now.wall);
        }
    }

    /// The store has been read, and nothing that this tab made since is numbered yet.
    pub(super) fn clear_what_was_read(&mut self, ctx: &mut Ctx) {
        if let Some(asked) = self.leaving.clear_unread.take() {
            self.clear_older(self.next_number, asked, ctx);
        }
    }

    /// What was made after the wish has a higher number in its own tab, and a later time in the others. It stays.
    pub(super) fn clear_older(&mut self, below: u64, asked: WallTime, ctx: &mut Ctx) {
        if self.leader.is_none() {
            return self.wish(Wish::Clear(below, asked), ctx);
        }
        let older = self.entries.iter();
        let older = older.filter(|(number, e)| number.number < below && e.record.created <= asked);
        self.leaving.unwanted.extend(older.map(|(_, entry)| entry.record.write.clone()));
    }

    pub(super) fn give_up_unwanted(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        if self.leaving.unwanted.is_empty() || !self.leading {
            return;
        }
        for write in std::mem::take(&mut self.leaving.unwanted) {
            let Some((number, entry)) = self.find(&write) else { continue };
            if entry.busy > 0 || entry.fetch.is_some() {
                self.leaving.unwanted.push(write);
                continue;
            }
            if self.leaving.suspended {
                // For a user who has left nobody is asked: what may have been applied stays.
                if matches!(entry.record.stage, Stage::Queued | Stage::Parked { unresolved: None, .. }) {
                    self.end_conflict(number, ctx);
                    facts.push(Fact::LayerDropped(write));
                    self.remove(number, Gone::Discarded, ctx);
                }
                continue;
            }
            let _ = self.discard(&write, ctx, facts).or_else(|_| self.cancel(&write, ctx, facts));
        }
    }

    /// Q21: another build owns the store. What is not in it is refused; what is there stays as it is.
    pub(crate) fn store_newer(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        if std::mem::replace(&mut self.leaving.newer, true) {
            return;
        }
        ctx.emit(Output::ReloadNeeded {});
        self.leader_lost(ctx, facts);
        for record in std::mem::take(&mut self.early) {
            refuse(record.write, ctx, facts);
        }
        self.early_bytes = 0;
        for issued in std::mem::take(&mut self.unsaved) {
            if let Step::Put { number, .. } = issued.step
                && self.entries.get(&number).is_some_and(|e| !e.durable)
                && let Some(entry) = self.forget(number)
            {
                refuse(entry.record.write, ctx, facts);
            }
        }
    }
}

fn refuse(write: WriteId, ctx: &mut Ctx, facts: &mut Facts) {
    facts.push(Fact::LayerDropped(write.clone()));
    ctx.emit(Output::Write { write, state: WriteState::Refused { error: StoreError::Newer } });
}
