//! The queue's numbers (Q22), told at most once per drain and only when they changed.

use super::origin::Origin;
use super::record::{LocalNumber, Stage};
use super::steps::state_of;
use super::{Entry, Outbox};
use crate::ctx::Ctx;
use crate::ids::WriteId;
use crate::io::{Blocked, OutboxStatus, Output, WriteState};
use crate::timers::TimerKind;

impl Outbox {
    /// Why nothing may be sent.
    pub(super) fn blocked(&self) -> Option<Blocked> {
        if let Some(leaving) = self.leaving.blocked() {
            return Some(leaving);
        }
        if !self.loaded {
            return Some(Blocked::Loading);
        }
        if !self.processing {
            return Some(Blocked::Stopped);
        }
        if !self.leading {
            return Some(Blocked::Follower);
        }
        if self.offline && !self.offline_probe {
            return Some(Blocked::Offline);
        }
        None
    }

    /// The first origin that may not be asked, if nothing waits for one that may.
    fn blocked_origin(&self) -> Option<&Origin> {
        let mut open = self.origins.iter().filter(|(_, origin)| origin.blocked().is_none());
        if open.any(|(at, _)| self.entries.ready(at).next().is_some()) {
            return None;
        }
        self.origins.iter().map(|(_, origin)| origin).find(|origin| origin.blocked().is_some())
    }

    /// Says what state a write is in, as the disk has it.
    pub(super) fn say(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let behind = self.behind(number);
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        let mut state = state_of(&entry.record);
        if let WriteState::Durable { .. } = state {
            entry.told = behind.as_ref().map(|(number, _)| *number);
            state = WriteState::Durable { behind: behind.map(|(_, write)| write) };
        }
        ctx.emit(Output::Write { write: entry.record.write.clone(), state });
    }

    /// What must go before this one: in its lane, or as its parent (Q6).
    fn behind(&self, number: LocalNumber) -> Option<(LocalNumber, WriteId)> {
        let entry = self.entries.get(&number)?;
        if entry.record.stage != Stage::Queued {
            return None;
        }
        let parent = || entry.record.ties.waits().then(|| self.pending_parent(&entry.record)).flatten();
        let blocker = self.entries.before(&entry.record.lane, number).or_else(parent)?;
        Some((blocker, self.entries.get(&blocker)?.record.write.clone()))
    }

    /// Those that wait for another write than was told are told again.
    fn tell_moved(&mut self, ctx: &mut Ctx) {
        for number in self.entries.take_moved() {
            let behind = self.behind(number);
            let told = |e: &Entry| e.durable && e.record.stage == Stage::Queued;
            if let Some(entry) = self.entries.get(&number).filter(|e| told(e))
                && entry.told != behind.map(|(number, _)| number)
            {
                self.say(number, ctx);
            }
        }
    }

    pub(crate) fn report(&mut self, ctx: &mut Ctx) {
        self.tell_moved(ctx);
        self.end_pass(ctx);
        let status = self.status(ctx);
        if self.reported.as_ref() != Some(&status) {
            ctx.emit(Output::Outbox { status: status.clone() });
            self.reported = Some(status);
        }
    }

    fn status(&self, ctx: &Ctx) -> OutboxStatus {
        let mut status = OutboxStatus { ready: self.loaded, ..OutboxStatus::default() };
        let (early, early_bytes) = self.early_counts();
        let counts = self.entries.counts();
        status.pending = counts.pending + early;
        status.bytes = counts.pending_bytes + early_bytes;
        status.parked = counts.parked;
        status.quarantined = counts.quarantined;
        status.in_flight = counts.in_flight;
        if status.pending > 0 {
            status.oldest = self.entries.oldest().or_else(|| self.early.front()).map(|record| record.created);
            let origin = self.blocked_origin();
            status.blocked = self.blocked().or_else(|| match origin {
                Some(origin) => origin.blocked(),
                None => (counts.unanswered > 0).then_some(Blocked::Cors),
            });
            status.next_attempt = match status.blocked {
                Some(Blocked::Unreachable | Blocked::Auth) => {
                    origin.and_then(|origin| ctx.timers.get(&origin.timer()))
                }
                Some(Blocked::Offline) => ctx.timers.get(&TimerKind::OfflineSend),
                Some(
                    Blocked::Loading
                    | Blocked::Follower
                    | Blocked::Stopped
                    | Blocked::Cors
                    | Blocked::Suspended
                    | Blocked::ReloadNeeded,
                )
                | None => None,
            };
        }
        status
    }
}
