//! What the app wants of a write that is parked, waits, or was sent: take it back, give it up, put another in its place, decide a
//! conflict (Q10, Q13).

use super::record::{LocalNumber, Record, Stage};
use super::resolve::Act;
use super::steps::{Gone, Then};
use super::tabs::Wish;
use super::{Entry, Outbox};
use crate::ctx::Ctx;
use crate::engine::OriginKind;
use crate::facts::{Fact, Facts};
use crate::ids::*;
use crate::io::{Accepted, Output, ParkReason, Refusal, Resolution, Submission, WriteState};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;

impl Outbox {
    /// Takes back a write (A2). One that may have been sent is voided first.
    pub(crate) fn cancel(
        &mut self,
        write: &WriteId,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) -> Result<Accepted, Refusal> {
        if let Some(at) = self.early.iter().position(|r| r.write == *write) {
            self.early_bytes -= self.early.remove(at).map_or(0, |record| record.bytes());
            facts.push(Fact::LayerDropped(write.clone()));
            ctx.emit(Output::Write { write: write.clone(), state: WriteState::Discarded {} });
            return Ok(Accepted::Done {});
        }
        self.leaving.refusal()?;
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        if let Stage::Claimed(_) = entry.record.stage
            && self.kind_of(&number) == (OriginKind::Tidewire {})
            && entry.busy == 0
        {
            return if self.leading {
                Ok(self.act(number, Act::GiveUp, ctx))
            } else {
                Err(Refusal::Follower)
            };
        }
        // While its enqueueing is under way it may go; while it is being claimed it may be sent at any moment.
        if entry.record.stage != Stage::Queued || entry.busy > 0 && entry.durable {
            return Err(Refusal::AlreadySent);
        }
        // A follower cannot know whether the sending tab is claiming it at this moment, or will be before the removal.
        if !self.leading {
            return Err(Refusal::Follower);
        }
        self.end_conflict(number, ctx);
        facts.push(Fact::LayerDropped(write.clone()));
        self.remove(number, Gone::Discarded, ctx);
        Ok(Accepted::Done {})
    }

    /// Gives up a parked write. On our server one that may have been applied is voided first; of a foreign one nobody can say more.
    pub(crate) fn discard(
        &mut self,
        write: &WriteId,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) -> Result<Accepted, Refusal> {
        self.leaving.refusal()?;
        if self.find(write).is_some_and(|(_, entry)| entry.quarantined.is_some()) {
            return self.cancel(write, ctx, facts);
        }
        let (number, entry) = self.find_parked(write)?;
        let unresolved = entry.record.open_claim().is_some();
        if !self.leading {
            self.wish(Wish::Discard(write.clone()), ctx);
            return Ok(Accepted::Done {});
        }
        if unresolved && self.kind_of(&number) == (OriginKind::Tidewire {}) {
            return Ok(self.act(number, Act::GiveUp, ctx));
        }
        facts.push(Fact::LayerDropped(write.clone()));
        self.remove(number, Gone::Discarded, ctx);
        Ok(Accepted::Done {})
    }

    /// Q13: the same bytes and key again, with new tries. A refused write gets a new place in the sequence: its old one stays unused.
    pub(crate) fn retry(&mut self, write: &WriteId, ctx: &mut Ctx) -> Result<Accepted, Refusal> {
        self.leaving.refusal()?;
        let (number, entry) = self.find_parked(write)?;
        if !self.leading {
            let seen = entry.record.parking();
            self.wish(Wish::Retry(write.clone(), seen), ctx);
            return Ok(Accepted::Done {});
        }
        if entry.act.is_some() && entry.asked {
            return Err(Refusal::AlreadySent); // It may be void already: sent again, it would be refused for good.
        }
        let stage = entry.record.open_claim().cloned().map_or(Stage::Queued, Stage::Claimed);
        // Later than before, also within a millisecond: a wish for an earlier time is not meant.
        let born = self.clock.now().max(WallTime(entry.record.born.0.saturating_add(1)));
        let mut record = Record { tries: 0, stage, born, ..entry.record.clone() };
        // What is gone cannot be waited for: the app knows, and asks all the same.
        record.ties.depends_on.retain(|parent| self.numbers.contains_key(parent));
        self.drop_act(number, ctx);
        self.put(number, record, Then::Requeued, ctx);
        Ok(Accepted::Done {})
    }

    pub(super) fn find_parked(&self, write: &WriteId) -> Result<(LocalNumber, &Entry), Refusal> {
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        match &entry.record.stage {
            Stage::Parked { .. } if entry.busy == 0 => Ok((number, entry)),
            Stage::Parked { .. }
            | Stage::Queued
            | Stage::Claimed(_)
            | Stage::Acknowledged { .. }
            | Stage::Undoes(_) => Err(Refusal::NotParked),
        }
    }

    /// Another write in the place of one that is parked or was never sent.
    pub(crate) fn edit(
        &mut self,
        write: &WriteId,
        submission: Submission,
        ctx: &mut Ctx,
    ) -> Result<Accepted, Refusal> {
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        if !self.leading {
            return Err(Refusal::Follower);
        }
        let ours = self.kind_of(&number) == (OriginKind::Tidewire {});
        let idle = entry.durable && entry.busy == 0 && !entry.frozen;
        let unresolved = match &entry.record.stage {
            Stage::Queued if idle => false,
            Stage::Parked { unresolved, .. } if idle && (unresolved.is_none() || ours) => {
                unresolved.is_some()
            }
            Stage::Queued
            | Stage::Parked { .. }
            | Stage::Claimed(_)
            | Stage::Acknowledged { .. }
            | Stage::Undoes(_) => return Err(Refusal::AlreadySent),
        };
        let record = self.replacement(number, submission, ctx)?;
        let write = record.write.clone();
        self.end_conflict(number, ctx);
        if unresolved {
            self.act(number, Act::Edit(Box::new(record)), ctx);
        } else {
            self.put(number, record, Then::Edited, ctx);
        }
        Ok(Accepted::Queued { write })
    }

    /// Where this write will stand: its edit waits for the server's word on the old one, or is on its way to the disk.
    pub(super) fn becoming(&self, write: &WriteId) -> Option<LocalNumber> {
        let asked = self.acting.iter().copied().find(|number| {
            let act = self.entries.get(number).and_then(|entry| entry.act.as_ref());
            matches!(act, Some(Act::Edit(record)) if record.write == *write)
        });
        let mut steps = self.steps.values().chain(&self.unsaved);
        asked.or_else(|| steps.find_map(|issued| issued.edit_into(write)))
    }

    fn replacement(
        &self,
        number: LocalNumber,
        submission: Submission,
        ctx: &mut Ctx,
    ) -> Result<Record, Refusal> {
        let old = self.entries.get(&number).map(|e| &e.record).ok_or(Refusal::UnknownWrite)?;
        let mut record = self.accept(submission, Some(old), ctx)?;
        // Who depends on the old one depends on this one.
        record.ties.stands_for.clone_from(&old.ties.stands_for);
        record.ties.stands_for.push(old.write.clone());
        let beyond = record.ties.stands_for.len().saturating_sub(limits::PARENTS);
        record.ties.stands_for.drain(..beyond);
        Ok(record)
    }

    /// The record under this number is another write than before.
    pub(super) fn is_another(&mut self, number: LocalNumber, old: WriteId, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.layer = false;
        entry.attempts = 0;
        entry.quarantined = None;
        let (into, layer) = (entry.record.write.clone(), entry.record.shows());
        drop(entry);
        self.numbers.insert(into.clone(), number);
        self.remember(old.clone());
        facts.push(Fact::LayerDropped(old.clone()));
        ctx.emit(Output::Write { write: old, state: WriteState::Merged { into } });
        if layer {
            self.layer_found(number, facts);
        }
        // They wait for another one now.
        for behind in
            self.entries.numbers_where(|e| e.told == Some(number) && e.record.stage == Stage::Queued)
        {
            self.say(behind, ctx);
        }
    }

    // ---- conflicts

    /// Whether the app decides what becomes of a refused write; the lane waits for it.
    pub(super) fn conflicts(
        &mut self,
        number: LocalNumber,
        status: u16,
        body: &Option<Payload>,
        ctx: &mut Ctx,
    ) -> bool {
        let Some(mut entry) = self.entries.get_mut(&number) else { return false };
        if !entry.record.on_conflict {
            return false;
        }
        entry.conflict = Some((status, body.clone()));
        drop(entry);
        // Refused is not applied: after a kill it is sent, and decided, again.
        self.advance(number, Stage::Queued, Then::Conflicted, ctx);
        true
    }

    pub(crate) fn resolve(
        &mut self,
        write: &WriteId,
        resolution: Resolution,
        ctx: &mut Ctx,
    ) -> Result<Accepted, Refusal> {
        self.leaving.refusal()?;
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        if entry.conflict.is_none() || entry.busy > 0 {
            return Err(Refusal::NoConflict);
        }
        match resolution {
            Resolution::SendAgain {} => self.end_conflict(number, ctx),
            Resolution::Replace { submission } => return self.edit(write, submission, ctx),
            Resolution::Park {} => self.park_conflict(number, ctx),
            Resolution::Discard {} => {
                self.end_conflict(number, ctx);
                self.remove(number, Gone::Discarded, ctx);
            }
        }
        Ok(Accepted::Done {})
    }

    /// Nobody has decided.
    pub(crate) fn on_conflict_timeout(&mut self, write: &WriteId, ctx: &mut Ctx) {
        let Some((number, Entry { conflict: Some(_), busy, .. })) = self.find(write) else { return };
        if *busy == 0 {
            return self.park_conflict(number, ctx);
        }
        // Something of it is on its way to the disk, as its new version is.
        let at = ctx.deadline(limits::STORE_RETRY);
        ctx.timers.set(TimerKind::Conflict(write.clone()), at);
    }

    fn park_conflict(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let conflict = self.entries.get(&number).and_then(|e| e.conflict.clone());
        let Some((status, body)) = conflict else { return };
        self.end_conflict(number, ctx);
        self.park(number, ParkReason::Conflict, status, body, None, ctx);
    }

    pub(super) fn end_conflict(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        if let Some(mut entry) = self.entries.get_mut(&number)
            && entry.conflict.take().is_some()
        {
            ctx.timers.stop(&TimerKind::Conflict(entry.record.write.clone()));
        }
    }
}
