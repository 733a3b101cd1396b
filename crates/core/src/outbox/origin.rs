//! Whether the origin may be asked at all: pauses after no answer, `Retry-After`, refused tokens (Q11, Q12).

use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{AuthResult, Blocked, Output};
use crate::limits;
use crate::timers::TimerKind;

#[derive(Debug)]
enum Gate {
    Open,
    /// Waiting for `OriginPause`. `ordered`: the server said how long, so nothing shortens it.
    Paused {
        ordered: bool,
        then_ask: bool,
    },
    /// Waiting for a token.
    Asking(AuthId),
}

#[derive(Debug)]
pub(crate) struct Origin {
    gate: Gate,
    /// Pauses since the last answer.
    pauses: u32,
    /// Answers 401 in a row.
    unauthorized: u32,
}

impl Origin {
    pub(crate) fn new() -> Origin {
        Origin { gate: Gate::Open, pauses: 0, unauthorized: 0 }
    }

    pub(crate) fn blocked(&self) -> Option<Blocked> {
        match self.gate {
            Gate::Open => None,
            Gate::Paused { then_ask: false, .. } => Some(Blocked::Unreachable),
            Gate::Paused { then_ask: true, .. } | Gate::Asking(_) => Some(Blocked::Auth),
        }
    }

    /// No answer, or one that says: later. Uses up no try.
    pub(crate) fn pause(&mut self, retry_after: Option<Millis>, ctx: &mut Ctx) {
        // While the token is asked for nothing is sent anyway, and its answer must find the gate as it was.
        if !matches!(self.gate, Gate::Asking(_)) {
            self.wait(retry_after, false, ctx);
        }
    }

    fn wait(&mut self, retry_after: Option<Millis>, then_ask: bool, ctx: &mut Ctx) {
        // Four requests in flight fail together: that is one outage, and the stricter of two pauses holds.
        let earlier = match self.gate {
            Gate::Paused { ordered, then_ask } => Some((ordered, then_ask)),
            Gate::Open | Gate::Asking(_) => None,
        };
        let failures = if earlier.is_some() { self.pauses.saturating_sub(1) } else { self.pauses };
        let span = jittered(failures, limits::REQUEST_BACKOFF_BASE, limits::REQUEST_BACKOFF_CAP, ctx);
        self.pauses = failures.saturating_add(1);
        let span = retry_after.map_or(span, |ordered| Millis(ordered.0.saturating_add(span.0)));
        let until = ctx.deadline(span);
        let until = ctx.timers.get(&TimerKind::OriginPause).map_or(until, |earlier| until.max(earlier));
        ctx.timers.set(TimerKind::OriginPause, until);
        let (was_ordered, was_to_ask) = earlier.unwrap_or_default();
        self.gate =
            Gate::Paused { ordered: was_ordered || retry_after.is_some(), then_ask: was_to_ask || then_ask };
    }

    /// The origin answered something that was its own.
    pub(crate) fn answered(&mut self, ctx: &mut Ctx) {
        self.pauses = 0;
        self.unauthorized = 0;
        self.resume(ctx);
    }

    /// The link is up: this outage is over, and what fails after it begins another one.
    pub(crate) fn reached(&mut self, ctx: &mut Ctx) {
        self.pauses = 0;
        self.resume(ctx);
    }

    /// A reason to think that it is there again: the network came back.
    pub(crate) fn resume(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { ordered: false, then_ask: false } = self.gate {
            self.open(ctx);
        }
    }

    /// The app says: now.
    pub(crate) fn force(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { .. } = self.gate {
            self.open(ctx);
        }
    }

    fn open(&mut self, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::OriginPause);
        self.gate = Gate::Open;
    }

    /// 401: ask for a token once; if that one is refused too, wait and ask again. Nothing is ever deleted for it.
    pub(crate) fn unauthorized(&mut self, ctx: &mut Ctx) {
        if let Gate::Asking(_) = self.gate {
            return;
        }
        self.unauthorized = self.unauthorized.saturating_add(1);
        if self.unauthorized == 1 {
            self.ask(ctx);
        } else {
            self.wait(None, true, ctx);
        }
    }

    fn ask(&mut self, ctx: &mut Ctx) {
        let auth = AuthId(ctx.fresh());
        ctx.timers.stop(&TimerKind::OriginPause);
        self.gate = Gate::Asking(auth);
        ctx.emit(Output::FetchAuth { auth, fresh: true });
    }

    /// Returns whether the answer was for this.
    pub(crate) fn on_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        if !matches!(self.gate, Gate::Asking(asked) if asked == auth) {
            return false;
        }
        match result {
            AuthResult::Token { .. } | AuthResult::Anonymous {} => self.gate = Gate::Open,
            AuthResult::Missing {} | AuthResult::Failed {} => self.wait(None, true, ctx),
        }
        true
    }

    pub(crate) fn on_pause_over(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { then_ask, .. } = self.gate {
            if then_ask { self.ask(ctx) } else { self.gate = Gate::Open }
        }
    }
}

/// Exponential backoff with full jitter, kept at the cap (C2, Q11): uniform between 0 and `min(cap, base * 2^failures)`.
pub(crate) fn jittered(failures: u32, base: Millis, cap: Millis, ctx: &mut Ctx) -> Millis {
    let ceiling = base.0.checked_shl(failures.min(32)).unwrap_or(u64::MAX).min(cap.0);
    Millis(ctx.rng.up_to(ceiling))
}
