//! The queue's numbers (Q22), told at most once per drain and only when they changed.

use super::Outbox;
use super::origin::Origin;
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
