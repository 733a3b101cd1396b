//! Attempts: when one is made, how and where, and what follows when it or a link fails (C2, C3, C5).

use super::backoff::Blame;
use super::{Connection, Heard, State};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{
    AppSignal, AuthResult, CloseCause, ConnectionState, DownReason, NetworkSignal, Output, PauseReason,
};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;

/// When and where the server wants to see us again (protocol section 8).
#[derive(Debug)]
pub(super) struct Hint {
    at: Timestamp,
    url: Option<String>,
}

impl Hint {
    pub(super) fn new(after: u64, url: Option<&str>, ctx: &Ctx) -> Hint {
        let at = ctx.deadline(Millis(after.min(limits::RETURN_AFTER.0)));
        Hint { at, url: url.filter(|url| is_origin(url)).map(str::to_owned) }
    }
}

/// `http://host[:port]` or with `https`, and nothing else.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !host.is_empty() && url.len() <= limits::RETURN_URL && host.bytes().all(plain)
}

impl Connection {
    /// Starts an attempt, or says why not.
    pub(super) fn attempt(&mut self, ctx: &mut Ctx) {
        let pause = if self.network == NetworkSignal::Offline {
            Some(PauseReason::Offline)
        } else if self.app == AppSignal::Background {
            Some(PauseReason::Background)
        } else {
            None
        };
        match (pause, self.hint.as_ref().map(|hint| hint.at)) {
            (Some(reason), _) => self.pause(reason, ctx),
            (None, Some(at)) if at > ctx.now.mono => self.wait(at, DownReason::ServerClosed, ctx),
            (None, _) => self.attempt_now(ctx),
        }
    }

    pub(super) fn pause(&mut self, reason: PauseReason, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Backoff);
        ctx.timers.stop(&TimerKind::OfflineProbe);
        self.state = State::Paused(reason);
        if reason == PauseReason::Offline {
            let at = ctx.deadline(limits::OFFLINE_PROBE);
            ctx.timers.set(TimerKind::OfflineProbe, at);
        }
        self.report(ConnectionState::Paused { reason }, ctx);
    }

    fn wait(&mut self, until: Timestamp, reason: DownReason, ctx: &mut Ctx) {
        self.state = State::Waiting;
        ctx.timers.set(TimerKind::Backoff, until);
        self.report(ConnectionState::Waiting { attempt: self.backoff.attempt() + 1, until, reason }, ctx);
    }

    pub(super) fn attempt_now(&mut self, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Backoff);
        ctx.timers.stop(&TimerKind::OfflineProbe);
        let auth = AuthId(ctx.fresh());
        self.state = State::Token { auth };
        let attempt = self.backoff.begin();
        self.attempted = ctx.now.mono;
        let at = ctx.deadline(limits::ATTEMPT_TIMEOUT);
        ctx.timers.set(TimerKind::Attempt, at);
        self.report(ConnectionState::Connecting { attempt }, ctx);
        ctx.emit(Output::FetchAuth { auth, fresh: self.fresh_token });
    }

    pub(crate) fn on_auth(&mut self, auth: AuthId, result: AuthResult, ctx: &mut Ctx) -> Heard<'static> {
        if self.on_namespace_auth(auth, &result, ctx) || self.on_takeover_auth(auth, &result, ctx) {
            return Heard::Nothing;
        }
        if !matches!(self.state, State::Token { auth: asked } if asked == auth) {
            return self.on_refresh_auth(auth, result, ctx).unwrap_or(Heard::Nothing);
        }
        let token = match result {
            AuthResult::Token { token } => Some(token),
            AuthResult::Anonymous {} => None,
            AuthResult::Missing {} => return self.refuse("AUTH", "No auth token available", ctx),
            AuthResult::Failed {} => return self.down(DownReason::NoToken, Blame::Unknown, ctx),
        };
        let url = self.hint.take().and_then(|hint| hint.url);
        self.state = self.open(token, url, ctx);
        Heard::Nothing
    }

    /// Has a transport opened.
    pub(super) fn open(&self, token: Option<Payload>, url: Option<String>, ctx: &mut Ctx) -> State {
        let (link, transport) = (LinkId(ctx.fresh()), self.transports.next());
        ctx.emit(Output::Open { link, transport, url });
        State::Opening { link, token, transport }
    }

    pub(crate) fn on_opened(&mut self, opened: LinkId) {
        for state in [Some(&mut self.state), self.next.as_mut()].into_iter().flatten() {
            if let State::Opening { link, token, transport } = state
                && *link == opened
            {
                *state = State::Greeting { link: *link, token: token.take(), transport: *transport };
            }
        }
    }

    pub(crate) fn on_closed(&mut self, closed: LinkId, cause: CloseCause, ctx: &mut Ctx) -> Heard<'static> {
        if self.state.link() != Some(closed) {
            return self.on_other_closed(closed, ctx);
        }
        let blame = if self.network == NetworkSignal::Offline { Blame::Own } else { Blame::Unknown };
        match cause {
            CloseCause::Overloaded => self.down(DownReason::Overloaded, Blame::Overloaded, ctx),
            CloseCause::Unreachable => self.down(DownReason::Unreachable, blame, ctx),
            CloseCause::Lost => self.down(DownReason::Lost, blame, ctx),
        }
    }

    /// The link is no good any more: close it if it is still there, wait, try again.
    pub(super) fn down(&mut self, reason: DownReason, blame: Blame, ctx: &mut Ctx) -> Heard<'static> {
        if let State::Opening { transport, .. } | State::Greeting { transport, .. } = self.state {
            // A server that is overloaded says so on any transport.
            let no_wonder = self.network == NetworkSignal::Offline || reason == DownReason::Overloaded;
            self.transports.failed(transport, no_wonder);
        } else if let State::Joining { transport, .. } = self.state {
            self.transports.refused(transport);
        }
        let heard = self.leave(State::Waiting, ctx);
        if !self.wanted {
            self.state = State::Idle;
            return heard;
        }
        if self.promote(ctx) {
            return heard;
        }
        // A link that lived on after the hint did not end because of it.
        self.hint.take_if(|hint| ctx.now.mono.since(hint.at) > limits::ATTEMPT_TIMEOUT);
        let until = match &self.hint {
            Some(hint) => hint.at.max(ctx.now.mono),
            None => {
                let span = self.backoff.next(blame, ctx);
                ctx.deadline(span)
            }
        };
        self.wait(until, reason, ctx);
        // Where attempts are pointless now, that is the state to show.
        if self.network == NetworkSignal::Offline {
            self.pause(PauseReason::Offline, ctx);
        } else if self.app == AppSignal::Background {
            self.pause(PauseReason::Background, ctx);
        }
        heard
    }

    pub(super) fn close_and_down(
        &mut self,
        reason: DownReason,
        blame: Blame,
        ctx: &mut Ctx,
    ) -> Heard<'static> {
        self.close(ctx);
        self.down(reason, blame, ctx)
    }

    /// Whether the server has said when it wants to see us, and that is not yet.
    pub(super) fn is_told_to_wait(&self, ctx: &Ctx) -> bool {
        self.hint.as_ref().is_some_and(|hint| hint.at > ctx.now.mono)
    }
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    // Both sides of core::RETURN_URL.
    #[test]
    fn c2_only_an_origin_is_where_to_return() {
        for good in ["https://b.example", "http://127.0.0.1:80", "https://[::1]:4680"] {
            assert!(is_origin(good), "{good}");
        }
        let long = format!("https://{}", "a".repeat(249));
        for bad in ["", "https://", "ftp://b", "https://b/path", "https://u@b", "https://b?x", &long] {
            assert!(!is_origin(bad), "{bad}");
        }
        assert!(is_origin(&long[..256]));
    }
}
