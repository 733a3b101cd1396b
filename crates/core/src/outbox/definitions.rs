//! Stored writes and the definitions of this build: which must be brought to another version first, which it cannot send (Q21).
//! What was sent keeps its bytes, so it is never judged.

use super::record::{LocalNumber, Record, Stage};
use super::steps::Then;
use super::{Entry, Outbox};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{KnownMutation, Output, QuarantineReason, Submission, WriteState};

enum Judgement {
    Good,
    /// It was stored by an older build.
    Old,
    Bad(QuarantineReason),
}

impl Outbox {
    pub(crate) fn definitions(&mut self, known: Vec<KnownMutation>, ctx: &mut Ctx) {
        self.known = Some(known);
        self.judge_all(ctx);
    }

    /// Whatever may have changed: the definitions, the records, or who leads.
    pub(super) fn judge_all(&mut self, ctx: &mut Ctx) {
        if self.known.is_some() {
            for number in self.entries.numbers_where(|e| e.found && e.record.stage == Stage::Queued) {
                self.judge(number, ctx);
            }
        }
    }

    pub(super) fn judge(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let Some(entry) = self.entries.get(&number).filter(|e| e.found && !e.upcasting && e.busy == 0) else {
            return;
        };
        let judgement = self.judgement(entry);
        let was = entry.quarantined;
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        match judgement {
            Judgement::Good => entry.quarantined = None,
            Judgement::Bad(reason) => entry.quarantined = Some(reason),
            // Where it failed already it fails again; a later build starts anew.
            Judgement::Old if was == Some(QuarantineReason::NotUpcast) => {}
            Judgement::Old => {
                entry.quarantined = None;
                entry.upcasting = self.leading;
                if self.leading {
                    let Record { write, name, version, variables, .. } = entry.record.clone();
                    ctx.emit(Output::Upcast { write, name, version, variables });
                }
            }
        }
        let now = entry.quarantined;
        drop(entry);
        if was != now {
            self.tell_state(number, ctx);
        }
    }

    fn judgement(&self, entry: &Entry) -> Judgement {
        let Record { name, version, stage, .. } = &entry.record;
        let Some(known) = self.known.as_ref().filter(|_| !name.is_empty() && *stage == Stage::Queued) else {
            return Judgement::Good;
        };
        match known.iter().find(|known| known.name == *name) {
            None => Judgement::Bad(QuarantineReason::UnknownName),
            Some(known) if known.version == *version => Judgement::Good,
            Some(known) if known.version > *version => Judgement::Old,
            Some(_) => Judgement::Bad(QuarantineReason::Newer),
        }
    }

    pub(crate) fn upcasted(&mut self, write: &WriteId, result: Option<Submission>, ctx: &mut Ctx) {
        let Some((number, entry)) = self.find(write).filter(|(_, entry)| entry.upcasting) else { return };
        let old = entry.record.clone();
        let new = result.and_then(|submission| self.form(submission, ctx).ok()).filter(|new| new.is_small());
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.upcasting = false;
        // It is being given up, or another tab may have sent it: if it still stands when that has ended, it is asked about again.
        if entry.busy > 0 || entry.record.stage != Stage::Queued || !self.leading {
            return;
        }
        // Still the old version would be asked about for ever.
        match new.filter(|new| new.version > old.version) {
            Some(new) => {
                drop(entry);
                let Record { write, created, born, ttl, ties, .. } = old;
                let record = Record { write, created, born, ttl, ties, ..new };
                self.put(number, record, Then::Upcast, ctx);
            }
            None => {
                entry.quarantined = Some(QuarantineReason::NotUpcast);
                drop(entry);
                self.tell_state(number, ctx);
            }
        }
    }

    fn tell_state(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        match self.entries.get(&number).map(|e| (e.quarantined, e.record.write.clone())) {
            Some((Some(reason), write)) => {
                ctx.emit(Output::Write { write, state: WriteState::Quarantined { reason } });
            }
            Some((None, _)) => self.say(number, ctx),
            None => {}
        }
    }
}
