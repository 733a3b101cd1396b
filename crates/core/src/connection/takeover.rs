//! Make before break (C4): on a foreign server that names no probe, a signal that the link may be dead has a second link
//! made. Anything that is heard on the first meanwhile proves it alive and ends that. Otherwise the second takes over once
//! it has its session: what is said from then on is said there, and the rooms are joined there. The first one is still
//! heard until they are. Events that come on the second meanwhile wait: if the first one has shown life since, they came
//! there too, and are dropped; else they are the only ones.

use super::line::{Line, Whole};
use super::{AckFor, Connection, Heard, State, release};
use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{AuthResult, Output};
use crate::limits;
use crate::timers::TimerKind;

/// A link that another one has taken over from.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) line: Line,
    /// Something was heard of it since.
    pub(super) alive: bool,
    /// Events of the new link.
    pub(super) held: Vec<Whole>,
    /// It ended, or too many events wait.
    over: bool,
}

impl Old {
    pub(super) fn hold(&mut self, whole: Whole) {
        self.held.push(whole);
        self.over |= self.held.len() >= limits::TAKEOVER_EVENTS;
    }
}

/// What the end of a takeover leaves, or a session that was restored.
#[derive(Debug)]
pub(crate) struct Takeover {
    /// Acknowledgements that will not come.
    pub(crate) acks: Vec<AckFor>,
    /// Events that nobody has had.
    pub(crate) events: Vec<Whole>,
}

impl Connection {
    pub(super) fn check_by_new_link(&mut self, ctx: &mut Ctx) {
        let State::Up { line, .. } = &self.state else { return };
        let fresh = ctx.now.mono.since(line.last_heard()) < limits::FRESHLY_HEARD;
        let again = ctx.now.mono.since(self.checked) < limits::FRESHLY_HEARD;
        if fresh || again || self.next.is_some() || self.old.is_some() {
            return;
        }
        self.checked = ctx.now.mono;
        let auth = AuthId(ctx.fresh());
        self.next = Some(State::Token { auth });
        let at = ctx.deadline(limits::ATTEMPT_TIMEOUT);
        ctx.timers.set(TimerKind::Takeover, at);
        ctx.emit(Output::FetchAuth { auth, fresh: false });
    }

    pub(super) fn on_takeover_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        if !matches!(self.next, Some(State::Token { auth: asked }) if asked == auth) {
            return false;
        }
        match result {
            AuthResult::Token { token } => self.next = Some(self.open(Some(token.clone()), None, ctx)),
            AuthResult::Anonymous {} => self.next = Some(self.open(None, None, ctx)),
            AuthResult::Missing {} | AuthResult::Failed {} => self.drop_next(ctx),
        }
        true
    }

    /// The second link came to nothing, or is not needed.
    pub(super) fn drop_next(&mut self, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Takeover);
        if let Some(link) = self.forget_next(ctx) {
            ctx.emit(Output::Close { link });
        }
    }

    fn forget_next(&mut self, ctx: &mut Ctx) -> Option<LinkId> {
        let mut next = self.next.take()?;
        if let Some(line) = next.line() {
            release(line.unfinished(), ctx);
        }
        next.link()
    }

    pub(crate) fn on_takeover_timeout(&mut self, ctx: &mut Ctx) {
        self.drop_next(ctx);
    }

    /// The first link is gone: the second one is the attempt.
    pub(super) fn promote(&mut self, ctx: &mut Ctx) -> bool {
        let Some(next) = self.next.take() else { return false };
        self.state = next;
        ctx.timers.stop(&TimerKind::Takeover);
        let attempt = self.backoff.begin();
        self.attempted = ctx.now.mono;
        let at = ctx.deadline(limits::ATTEMPT_TIMEOUT);
        ctx.timers.set(TimerKind::Attempt, at);
        if let Some(line) = self.state.line() {
            let deadline = line.deadline();
            ctx.timers.set(TimerKind::Heartbeat, deadline);
        }
        self.report(crate::io::ConnectionState::Connecting { attempt }, ctx);
        true
    }

    /// The second link has its session: it is the first one from now on.
    pub(super) fn take_over(&mut self, ctx: &mut Ctx) {
        let Some(next) = self.next.take() else { return };
        ctx.timers.stop(&TimerKind::Takeover);
        for kind in [TimerKind::Probe, TimerKind::Token] {
            ctx.timers.stop(&kind);
        }
        self.drop_namespaces(ctx);
        if let State::Up { line, .. } = std::mem::replace(&mut self.state, next) {
            self.last_heard = line.last_heard();
            self.old = Some(Old { line, alive: false, held: Vec::new(), over: false });
        }
    }

    /// Something was heard on a link that is alive after all, or still.
    pub(super) fn proves_life(&mut self, from: LinkId, ctx: &mut Ctx) {
        if let Some(old) = self.old.as_mut().filter(|old| old.line.link == from) {
            old.alive = true;
        } else if self.state.link() == Some(from) && self.next.is_some() {
            self.drop_next(ctx);
        }
    }

    pub(super) fn on_other_closed(&mut self, closed: LinkId, ctx: &mut Ctx) -> Heard<'static> {
        if self.next.as_ref().and_then(State::link) == Some(closed) {
            self.forget_next(ctx);
            ctx.timers.stop(&TimerKind::Takeover);
        } else if let Some(old) = self.old.as_mut().filter(|old| old.line.link == closed) {
            old.over = true;
        }
        Heard::Nothing
    }

    /// The rooms are joined, or there is nothing to wait for: the old link is dropped.
    pub(crate) fn end_takeover(&mut self, synced: bool, ctx: &mut Ctx) -> Takeover {
        let Some(old) = self.old.take_if(|old| synced || old.over) else {
            return Takeover { acks: Vec::new(), events: std::mem::take(&mut self.missed) };
        };
        let Old { mut line, alive, held, .. } = old;
        ctx.emit(Output::Close { link: line.link });
        release(line.unfinished(), ctx);
        let acks = self.acks.clear(line.link);
        if !alive {
            return Takeover { acks, events: held };
        }
        release(held.into_iter().flat_map(Whole::bodies).gather(), ctx);
        Takeover { acks, events: Vec::new() }
    }

    /// The new link is gone too.
    pub(super) fn drop_old(&mut self, ctx: &mut Ctx) -> Vec<AckFor> {
        let Some(mut old) = self.old.take() else { return Vec::new() };
        ctx.emit(Output::Close { link: old.line.link });
        release(old.line.unfinished(), ctx);
        release(old.held.into_iter().flat_map(Whole::bodies).gather(), ctx);
        self.acks.clear(old.line.link)
    }
}
