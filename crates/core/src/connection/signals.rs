//! Signals of the platform and deadlines: what starts an attempt or a probe, and what ends a link (C2 to C4).

use super::acks::AckFor;
use super::backoff::Blame;
use super::{Connection, Heard, State};
use crate::ctx::Ctx;
use crate::io::{AppSignal, ConnectionState, DownReason, NetworkSignal, PauseReason};
use crate::limits;
use crate::timers::TimerKind;
use tidewire_wire::dialect;

impl Connection {
    /// C3, C4: hints. They start an attempt or a probe, and never undo `disconnect()`.
    pub(crate) fn on_network(&mut self, signal: NetworkSignal, ctx: &mut Ctx) {
        let news = self.network != signal;
        self.network = signal;
        match signal {
            NetworkSignal::Offline => {
                if let State::Waiting = self.state {
                    self.pause(PauseReason::Offline, ctx);
                }
            }
            NetworkSignal::Online | NetworkSignal::Changed | NetworkSignal::Unknown => self.nudge(news, ctx),
        }
    }

    pub(crate) fn on_app(&mut self, signal: AppSignal, ctx: &mut Ctx) {
        let news = self.app != signal;
        self.app = signal;
        match signal {
            AppSignal::Background => {
                if let State::Waiting = self.state {
                    self.pause(PauseReason::Background, ctx);
                }
            }
            AppSignal::Foreground => self.nudge(news, ctx),
        }
    }

    /// `news`: the signal says something else than the last one. A platform that repeats itself hastens nothing: a storm of
    /// signals would be a storm of attempts.
    fn nudge(&mut self, news: bool, ctx: &mut Ctx) {
        match self.state {
            State::Waiting if self.is_told_to_wait(ctx) => {}
            State::Waiting if !news && ctx.now.mono.since(self.attempted) < limits::LINK_BACKOFF_UNKNOWN => {
                let soon = self.attempted.after(limits::LINK_BACKOFF_UNKNOWN);
                if let ConnectionState::Waiting { attempt, until, reason } = self.reported
                    && until > soon
                {
                    ctx.timers.set(TimerKind::Backoff, soon);
                    self.report(ConnectionState::Waiting { attempt, until: soon, reason }, ctx);
                }
            }
            State::Paused(_) | State::Waiting => self.attempt(ctx),
            State::Up { .. } => self.probe(ctx),
            State::Idle
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => {}
        }
    }

    /// C4: the link may be dead without anybody having said so.
    fn probe(&mut self, ctx: &mut Ctx) {
        let event = if self.dialect() { Some(dialect::PROBE.to_owned()) } else { self.probe_event.clone() };
        let Some(event) = event else { return self.check_by_new_link(ctx) };
        if ctx.timers.get(&TimerKind::Probe).is_none()
            && self.request(&event, "", AckFor::Probe, ctx).is_some()
        {
            let at = ctx.deadline(limits::PROBE_TIMEOUT);
            ctx.timers.set(TimerKind::Probe, at);
        }
    }

    /// Known to be without a network: the platform says so and the link does not prove it wrong.
    pub(crate) fn is_offline(&self) -> bool {
        self.network == NetworkSignal::Offline && !matches!(self.state, State::Up { .. })
    }

    // ---- time

    pub(crate) fn on_attempt_timeout(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        if let State::Token { .. } = self.state {
            return self.down(DownReason::NoToken, Blame::Unknown, ctx);
        }
        self.close_and_down(DownReason::AttemptTimeout, Blame::Unknown, ctx)
    }

    pub(crate) fn on_backoff(&mut self, ctx: &mut Ctx) {
        if let State::Waiting = self.state {
            self.attempt(ctx);
        }
    }

    pub(crate) fn on_offline_probe(&mut self, ctx: &mut Ctx) {
        match self.state {
            // No loop there either.
            State::Paused(PauseReason::Offline) if self.app == AppSignal::Background => {
                self.pause(PauseReason::Background, ctx);
            }
            State::Paused(PauseReason::Offline) => self.attempt_now(ctx),
            State::Paused(PauseReason::Background)
            | State::Idle
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. }
            | State::Up { .. } => {}
        }
    }

    pub(crate) fn on_heartbeat(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        let Some(deadline) = self.state.line().map(|line| line.deadline()) else {
            return Heard::Nothing;
        };
        if ctx.now.mono < deadline {
            ctx.timers.set(TimerKind::Heartbeat, deadline);
            return Heard::Nothing;
        }
        self.close_and_down(DownReason::Silent, Blame::Unknown, ctx)
    }

    pub(crate) fn on_probe_timeout(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        self.close_and_down(DownReason::Silent, Blame::Own, ctx)
    }

    pub(crate) fn on_stable(&mut self) {
        self.old_enough = true;
    }

    /// C2: earlier failures are forgotten once the session is synced and old enough.
    pub(crate) fn settle(&mut self, synced: bool) {
        if synced && self.old_enough {
            self.backoff.reset();
        }
    }
}
