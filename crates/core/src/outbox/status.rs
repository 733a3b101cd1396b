//! The queue's numbers (Q22), told at most once per drain and only when they changed.

use super::Outbox;
use crate::ctx::Ctx;
use crate::io::{Blocked, OutboxStatus, Output};
use crate::timers::TimerKind;

impl Outbox {
    /// Why nothing may be sent.
    pub(super) fn blocked(&self) -> Option<Blocked> {
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
        self.origin.blocked()
    }

    pub(crate) fn report(&mut self, ctx: &mut Ctx) {
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
            status.blocked = self.blocked();
            status.next_attempt = match status.blocked {
                Some(Blocked::Unreachable | Blocked::Auth) => ctx.timers.get(&TimerKind::OriginPause),
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
