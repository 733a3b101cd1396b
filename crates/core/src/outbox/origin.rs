//! Whether an origin may be asked at all: pauses after no answer, `Retry-After`, refused tokens (Q11, Q12).
//! It knows one origin and no write.

use super::pause::PauseRecord;
use crate::ctx::Ctx;
use crate::engine::OriginKind;
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
    /// `scheme://host[:port]`; empty for where relative paths go.
    pub(super) name: String,
    pub(super) kind: OriginKind,
    gate: Gate,
    /// Pauses since the last answer.
    pauses: u32,
    /// Answers 401 in a row.
    unauthorized: u32,
    /// The engine's tick of the last sign of life.
    alive: u64,
    /// What the store should say of it, if that has changed.
    pub(super) unstored: Option<Option<PauseRecord>>,
    /// The store says that it is paused.
    stored: bool,
}

impl Origin {
    pub(super) fn new(name: String, kind: OriginKind) -> Origin {
        Origin {
            name,
            kind,
            gate: Gate::Open,
            pauses: 0,
            unauthorized: 0,
            alive: 0,
            unstored: None,
            stored: false,
        }
    }

    pub(super) fn timer(&self) -> TimerKind {
        TimerKind::OriginPause(self.name.clone())
    }

    pub(super) fn blocked(&self) -> Option<Blocked> {
        match self.gate {
            Gate::Open => None,
            Gate::Paused { then_ask: false, .. } => Some(Blocked::Unreachable),
            Gate::Paused { then_ask: true, .. } | Gate::Asking(_) => Some(Blocked::Auth),
        }
    }

    /// It gave a sign of life after that tick.
    pub(super) fn lived_after(&self, tick: u64) -> bool {
        self.alive > tick
    }

    /// No answer, or one that says: later. Uses up no try.
    pub(super) fn pause(&mut self, retry_after: Option<Millis>, ctx: &mut Ctx) {
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
        let ordered = retry_after.map(|ordered| ordered.min(limits::RETRY_AFTER_CAP));
        let span = ordered.map_or(span, |ordered| Millis(ordered.0.saturating_add(span.0)));
        let until = ctx.deadline(span);
        let until = ctx.timers.get(&self.timer()).map_or(until, |earlier| until.max(earlier));
        ctx.timers.set(self.timer(), until);
        let (was_ordered, was_to_ask) = earlier.unwrap_or_default();
        let ordered = was_ordered || ordered.is_some();
        self.gate = Gate::Paused { ordered, then_ask: was_to_ask || then_ask };
        let span = until.since(ctx.now.mono);
        if ordered || span >= limits::PAUSE_STORED {
            let pauses = self.pauses;
            self.unstored = Some(Some(PauseRecord { since: ctx.now.wall, span, ordered, pauses }));
            self.stored = true;
        }
    }

    /// A pause of an earlier life, or of the tab that led before (Q11). Whatever the clock did meanwhile, it is never longer than it was.
    pub(super) fn restore(&mut self, record: &PauseRecord, ctx: &mut Ctx) {
        self.stored = true;
        let cap = if record.ordered { limits::ORDERED_PAUSE_CAP } else { limits::REQUEST_BACKOFF_CAP };
        let gone = ctx.now.wall.0.saturating_sub(record.since.0);
        let left = Millis(record.span.min(cap).0.saturating_sub(gone));
        if matches!(self.gate, Gate::Open) && left > Millis(0) {
            self.pauses = record.pauses;
            self.gate = Gate::Paused { ordered: record.ordered, then_ask: false };
            let until = ctx.deadline(left);
            ctx.timers.set(self.timer(), until);
        }
    }

    /// The origin answered something that was its own.
    pub(super) fn answered(&mut self, ctx: &mut Ctx) {
        self.unauthorized = 0;
        self.reached(ctx);
    }

    /// It is there: this outage is over, and what fails after it begins another one.
    pub(super) fn reached(&mut self, ctx: &mut Ctx) {
        self.alive = ctx.tick;
        self.pauses = 0;
        self.resume(ctx);
    }

    /// A reason to think that it is there again: the network came back.
    pub(super) fn resume(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { ordered: false, then_ask: false } = self.gate {
            self.open(ctx);
        }
    }

    /// The app says: now.
    pub(super) fn force(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { .. } = self.gate {
            self.open(ctx);
        }
    }

    fn open(&mut self, ctx: &mut Ctx) {
        ctx.timers.stop(&self.timer());
        self.gate = Gate::Open;
        if std::mem::take(&mut self.stored) {
            self.unstored = Some(None);
        }
    }

    /// 401: ask for a token once; if that one is refused too, wait and ask again. Nothing is ever deleted for it.
    pub(super) fn unauthorized(&mut self, ctx: &mut Ctx) {
        self.alive = ctx.tick;
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
        self.open(ctx);
        self.gate = Gate::Asking(auth);
        ctx.emit(Output::FetchAuth { auth, fresh: true });
    }

    /// Returns whether the answer was for this.
    pub(super) fn on_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        if !matches!(self.gate, Gate::Asking(asked) if asked == auth) {
            return false;
        }
        match result {
            AuthResult::Token { .. } | AuthResult::Anonymous {} => self.gate = Gate::Open,
            AuthResult::Missing {} | AuthResult::Failed {} => self.wait(None, true, ctx),
        }
        true
    }

    pub(super) fn on_pause_over(&mut self, ctx: &mut Ctx) {
        if let Gate::Paused { then_ask, .. } = self.gate {
            if then_ask { self.ask(ctx) } else { self.open(ctx) }
        }
    }
}

/// Exponential backoff with full jitter, kept at the cap (C2, Q11): uniform between 0 and `min(cap, base * 2^failures)`.
pub(crate) fn jittered(failures: u32, base: Millis, cap: Millis, ctx: &mut Ctx) -> Millis {
    let ceiling = base.0.checked_shl(failures.min(32)).unwrap_or(u64::MAX).min(cap.0);
    Millis(ctx.rng.up_to(ceiling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_rest() -> (Origin, Ctx) {
        let now = Now { mono: Timestamp(0), wall: WallTime(0) };
        (Origin::new(String::new(), OriginKind::Tidewire {}), Ctx::new([3; 32], now))
    }

    fn paused(origin: &Origin, ctx: &Ctx) -> Millis {
        Millis(ctx.timers.get(&origin.timer()).expect("a pause").0)
    }

    /// The pauses after so many failures, each drawn anew.
    fn drawn(failures: u32, times: u32) -> impl Iterator<Item = (Millis, bool)> {
        let (_, mut ctx) = at_rest();
        (0..times).map(move |_| {
            let (mut origin, _) = at_rest();
            origin.pauses = failures;
            ctx.timers.stop(&origin.timer());
            origin.pause(None, &mut ctx);
            (paused(&origin, &ctx), origin.unstored.is_some())
        })
    }

    // Both sides of core::PAUSE_STORED.
    #[test]
    fn q11_a_pause_is_stored_from_five_seconds_on() {
        let least = limits::PAUSE_STORED;
        let mut met = Vec::new();
        for (span, stored) in drawn(3, 60_000) {
            assert_eq!(stored, span >= least, "{span:?}");
            met.extend((span == least || span.0 + 1 == least.0).then_some(stored));
        }
        assert!(met.contains(&true) && met.contains(&false), "both sides were drawn");
    }

    // Both sides of core::REQUEST_BACKOFF_BASE.
    #[test]
    fn q11_the_first_pause_is_up_to_the_base_and_a_late_one_up_to_the_cap() {
        let longest = |failures| drawn(failures, 20_000).map(|(span, _)| span.0).max().expect("some");
        assert_eq!(longest(0), limits::REQUEST_BACKOFF_BASE.0);
        let cap = limits::REQUEST_BACKOFF_CAP.0;
        assert!((cap - cap / 1_000..=cap).contains(&longest(60)));
    }

    // Both sides of core::ORDERED_PAUSE_CAP, core::REQUEST_BACKOFF_CAP.
    #[test]
    fn q11_a_stored_pause_counts_up_to_its_cap() {
        for (ordered, cap) in [(true, limits::ORDERED_PAUSE_CAP), (false, limits::REQUEST_BACKOFF_CAP)] {
            for (span, left) in [(cap.0 - 1, cap.0 - 1), (cap.0, cap.0), (cap.0 + 1, cap.0)] {
                let (mut origin, mut ctx) = at_rest();
                let span = Millis(span);
                origin.restore(&PauseRecord { since: WallTime(0), span, ordered, pauses: 1 }, &mut ctx);
                assert_eq!(paused(&origin, &ctx), Millis(left));
            }
        }
    }

    #[test]
    fn q9_life_in_the_tick_that_is_asked_about_is_not_after_it() {
        let (mut origin, mut ctx) = at_rest();
        ctx.tick = 7;
        origin.answered(&mut ctx);
        assert_eq!([6, 7, 8].map(|tick| origin.lived_after(tick)), [true, false, false]);
    }

    #[test]
    fn q11_a_stored_pause_that_is_over_is_none_and_one_that_is_known_better_stands() {
        let stored = |span| PauseRecord { since: WallTime(0), span: Millis(span), ordered: false, pauses: 3 };
        let (mut origin, mut ctx) = at_rest();
        origin.restore(&stored(0), &mut ctx);
        assert_eq!(origin.blocked(), None);
        origin.restore(&stored(9_000), &mut ctx);
        assert_eq!(origin.blocked(), Some(Blocked::Unreachable));
        origin.restore(&stored(8_000), &mut ctx);
        assert_eq!(paused(&origin, &ctx), Millis(9_000), "this tab's own");
        origin.restore(&stored(0), &mut ctx);
        assert_eq!(paused(&origin, &ctx), Millis(9_000));
    }
}
