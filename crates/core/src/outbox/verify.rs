//! Writes of unknown outcome on foreign origins: which may be repeated, which the app is asked about, which is set aside (Q9).

use super::origin::jittered;
use super::record::{LocalNumber, Stage};
use super::steps::Then;
use super::{Outbox, Senders};
use crate::ctx::Ctx;
use crate::engine::OriginKind;
use crate::ids::*;
use crate::io::{Found, Output, ParkReason};
use crate::limits;
use crate::timers::TimerKind;

impl Outbox {
    pub(super) fn kind_of(&self, number: &LocalNumber) -> OriginKind {
        let origin = self.entries.get(number).map(|e| e.origin).unwrap_or_default();
        self.origins.get(origin).kind
    }

    /// Whether a second attempt cannot apply it twice.
    pub(super) fn may_repeat(&self, number: &LocalNumber) -> bool {
        let harmless = |method: &str| ["PUT", "DELETE"].iter().any(|m| m.eq_ignore_ascii_case(method));
        self.kind_of(number) == OriginKind::Tidewire {}
            || self.entries.get(number).is_some_and(|e| e.record.idempotent || harmless(&e.record.method))
    }

    /// Nobody here can say whether a foreign server applied it: the app is asked, or else it is set aside.
    pub(super) fn doubt(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        let Stage::Claimed(claim) = entry.record.stage.clone() else { return };
        if !entry.record.verify {
            drop(entry);
            return self.park(number, ParkReason::Unknown, 0, None, Some(claim), ctx);
        }
        entry.verifying = true;
        let write = entry.record.write.clone();
        let (name, version, variables) =
            (entry.record.name.clone(), entry.record.version, entry.record.variables.clone());
        let at = ctx.deadline(limits::REQUEST_TIMEOUT);
        ctx.timers.set(TimerKind::WriteRetry(write.clone()), at);
        ctx.emit(Output::Verify { write, name, version, variables });
    }

    pub(crate) fn verified(&mut self, write: &WriteId, found: Found, ctx: &mut Ctx) {
        let Some((number, entry)) = self.find(write).filter(|(_, entry)| entry.verifying) else { return };
        let Some(claim) = entry.record.open_claim().cloned() else { return };
        ctx.timers.stop(&TimerKind::WriteRetry(write.clone()));
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.verifying = false;
        match found {
            Found::Applied { body } => {
                drop(entry);
                let body = body.filter(|body| body.0.len() <= limits::STORED_ANSWER);
                let stage =
                    Stage::Acknowledged { claim, status: 200, replayed: true, body, names: Vec::new() };
                self.advance(number, stage, Then::Acknowledged, ctx);
            }
            Found::NotApplied {} => entry.senders = Senders::OnlyUs,
            Found::Unknown {} => {
                entry.verifications += 1;
                let asked = entry.verifications;
                drop(entry);
                if asked >= limits::VERIFICATIONS {
                    self.park(number, ParkReason::Unknown, 0, None, Some(claim), ctx);
                } else {
                    let (base, cap) = (limits::REQUEST_BACKOFF_BASE, limits::REQUEST_BACKOFF_CAP);
                    let span = jittered(asked, base, cap, ctx);
                    self.rest(number, 0, span, ctx);
                }
            }
        }
    }

    /// No answer. True: its origin answers others, so that only this write waits, not all of them (Q14).
    pub(super) fn is_unanswered(&mut self, number: LocalNumber, ctx: &mut Ctx) -> bool {
        let Some(mut entry) = self.entries.get_mut(&number) else { return false };
        // A tunnel is silent to all: only a failure with a sign of life since the one before says something about this write.
        let (times, last) = entry.silence.unwrap_or((0, ctx.tick));
        let times = times + u32::from(self.origins.get(entry.origin).lived_after(last));
        entry.silence = Some((times, ctx.tick));
        entry.unanswered = times >= limits::UNANSWERED;
        if !entry.unanswered {
            return false;
        }
        drop(entry);
        let (base, cap) = (limits::REQUEST_BACKOFF_BASE, limits::REQUEST_BACKOFF_CAP);
        let span = jittered(times, base, cap, ctx);
        self.rest(number, 0, span, ctx);
        true
    }

    pub(super) fn heard_about(&mut self, number: LocalNumber) {
        if let Some(mut entry) = self.entries.get_mut(&number) {
            entry.silence = None;
            entry.unanswered = false;
            entry.verifications = 0;
        }
    }
}
