//! How the session is made on a link: hello, CONNECT, its answer (C1, C5, C12). The link may be the first one or one that
//! takes over.

use super::attempts::Hint;
use super::backoff::Blame;
use super::line::{Line, Whole};
use super::outgoing::write;
use super::{Connection, Heard, Refresh, Rise, Session, State, release};
use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{ConnectionState, DownReason};
use crate::limits;
use crate::timers::TimerKind;
use tidewire_wire::engine::Handshake;
use tidewire_wire::{dialect, socket};

/// What the answer to CONNECT says.
pub(super) struct Granted<'a> {
    pub(super) sid: &'a str,
    pub(super) dialect: bool,
    pub(super) expires: Option<u64>,
    pub(super) instance: Option<&'a str>,
    pub(super) pid: Option<&'a str>,
}

impl Connection {
    pub(super) fn on_hello(&mut self, from: LinkId, handshake: &Handshake, ctx: &mut Ctx) {
        // A session is not restored while it is still up.
        let claim = if self.next.is_none() { self.recovery.claim() } else { None };
        let main = self.state.link() == Some(from);
        let slot = if main { Some(&mut self.state) } else { self.next.as_mut() };
        // A host may deliver the first frame without having said `Opened`.
        let Some(State::Opening { token, transport, .. } | State::Greeting { token, transport, .. }) = slot
        else {
            return;
        };
        let patience = Millis(handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms));
        let line = Line::new(from, patience, ctx.now.mono);
        let deadline = line.deadline();
        let (token, transport) = (token.take(), *transport);
        let auth = dialect::connect_auth_with(token.as_ref().map(|t| t.0.as_str()), true, claim);
        let early = claim.is_some().then(Vec::new);
        let joining = State::Joining { line, token, transport, early };
        if main {
            self.state = joining;
            ctx.timers.set(TimerKind::Heartbeat, deadline);
        } else {
            self.next = Some(joining);
        }
        write(from, socket::connect(&self.namespace, &auth), None, &[], ctx);
    }

    pub(super) fn on_session(
        &mut self,
        from: LinkId,
        granted: &Granted<'_>,
        ctx: &mut Ctx,
    ) -> Heard<'static> {
        if matches!(&self.next, Some(State::Joining { line, .. }) if line.link == from) {
            self.take_over(ctx);
        }
        if !matches!(&self.state, State::Joining { line, .. } if line.link == from) {
            return Heard::Nothing;
        }
        let State::Joining { line, token, transport, early } =
            std::mem::replace(&mut self.state, State::Idle)
        else {
            return Heard::Nothing;
        };
        let deadline = line.deadline();
        let session = Session { dialect: granted.dialect, token, refresh: Refresh::Resting };
        self.state = State::Up { line, session };
        self.fresh_token = false;
        self.hint = None;
        self.transports.reached(transport);
        ctx.timers.stop(&TimerKind::Attempt);
        ctx.timers.set(TimerKind::Heartbeat, deadline);
        let at = ctx.deadline(limits::STABLE_AFTER);
        ctx.timers.set(TimerKind::Stable, at);
        self.report(
            ConnectionState::Connected { sid: granted.sid.to_owned(), tidewire: granted.dialect },
            ctx,
        );
        // Our own server has positions instead.
        let pid = granted.pid.filter(|_| !granted.dialect);
        let restored = self.recovery.session(granted.sid, pid);
        let early = early.unwrap_or_default();
        if restored {
            self.missed = early;
        } else {
            release(early.into_iter().flat_map(Whole::bodies).gather(), ctx);
        }
        self.token_ends(granted.expires.filter(|_| granted.dialect), ctx);
        self.ask_namespaces(ctx);
        let again = std::mem::replace(&mut self.was_up, true);
        let instance = granted.instance.map(str::to_owned);
        Heard::Up(Rise { again, restored, instance, silence: ctx.now.mono.since(self.last_heard) })
    }

    /// One attempt with a fresh token; after that a refusal is final. A server that is merely busy is asked again.
    pub(super) fn on_refusal(
        &mut self,
        from: LinkId,
        message: &str,
        code: Option<&str>,
        ctx: &mut Ctx,
    ) -> Heard<'static> {
        if self.state.link() != Some(from) {
            // The session that is up goes on; what becomes of it the server will say there.
            self.drop_next(ctx);
            return Heard::Nothing;
        }
        match code {
            Some("OVERLOADED") => self.close_and_down(DownReason::Overloaded, Blame::Overloaded, ctx),
            Some("TIMEOUT") => self.close_and_down(DownReason::Refused, Blame::Unknown, ctx),
            Some(_) | None if !self.fresh_token => {
                self.fresh_token = true;
                self.close_and_down(DownReason::Refused, Blame::Own, ctx)
            }
            Some(_) | None => self.refuse(code.unwrap_or("AUTH"), message, ctx),
        }
    }

    pub(super) fn on_return_hint(&mut self, after: u64, url: Option<&str>, ctx: &Ctx) {
        self.hint = Some(Hint::new(after, url, ctx));
    }
}
