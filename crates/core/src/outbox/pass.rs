//! One pass over what is eligible now, and its numbers (A4). It decides nothing about a write.

use super::Outbox;
use super::record::LocalNumber;
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::Output;
use crate::map::Set;
use crate::timers::TimerKind;

/// A pass that runs.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Who asked: at least one while it runs.
    asked: Vec<PassId>,
    members: Set<LocalNumber>,
    tried: Set<LocalNumber>,
    processed: u32,
    skipped: u32,
}

/// How a member of the pass ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Applied,
    Parked,
    Removed,
}

impl Outbox {
    pub(crate) fn process(&mut self, pass: PassId, ctx: &mut Ctx) {
        self.origins.each(|origin| origin.force(ctx));
        self.offline_probe = self.offline;
        for number in self.entries.numbers_where(|e| e.resting) {
            if let Some(mut entry) = self.entries.get_mut(&number) {
                ctx.timers.stop(&TimerKind::WriteRetry(entry.record.write.clone()));
                entry.resting = false;
            }
        }
        if self.pass.asked.is_empty() {
            self.pass.members = self.entries.numbers_where(|e| e.record.is_pending()).into_iter().collect();
        }
        self.pass.asked.push(pass);
    }

    pub(super) fn pass_tried(&mut self, number: LocalNumber) {
        if self.pass.members.contains(&number) {
            self.pass.tried.insert(number);
        }
    }

    pub(super) fn pass_ended(&mut self, number: LocalNumber, how: Ended) {
        if self.pass.members.remove(&number) {
            self.pass.tried.remove(&number);
            match how {
                Ended::Applied => self.pass.processed += 1,
                Ended::Parked => self.pass.skipped += 1,
                Ended::Removed => {}
            }
        }
    }

    /// At the end of each call: a pass is over when nothing of it is under way, and nothing of it can be started.
    pub(super) fn end_pass(&mut self, ctx: &mut Ctx) {
        if self.pass.asked.is_empty() || !self.loaded {
            return;
        }
        let starting = self.leader.is_some() && (!self.leading || self.client.is_none() || self.client_busy);
        let under_way = |number: &LocalNumber| {
            self.entries.get(number).is_some_and(|e| e.fetch.is_some() || e.busy > 0 || e.verifying)
        };
        if starting || self.pass.members.iter().any(under_way) {
            return;
        }
        let Pass { asked, tried, processed, skipped, .. } = std::mem::take(&mut self.pass);
        for pass in asked {
            ctx.emit(Output::PassDone { pass, processed, failed: tried.iter().count() as u32, skipped });
        }
    }
}
