//! A token is renewed in band before it ends (C5, protocol section 6): asked for, sent, and after one refusal asked for once
//! more. What cannot be done now is tried again until the server closes the link.

use super::acks::AckFor;
use super::{Connection, Heard, State};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{AuthResult, Output};
use crate::limits;
use crate::timers::TimerKind;
use tidewire_wire::head::TokenAnswer;
use tidewire_wire::inband::TOKEN;
use tidewire_wire::json;

/// How far a renewal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// Not before its time, which the timer `Token` tells.
    #[default]
    Resting,
    /// The app is asked; `again`: the server has refused one already.
    Asking { auth: AuthId, again: bool },
    /// It was sent.
    Sent { ack: u64, again: bool },
}

impl Connection {
    /// A session or a token that ends in so many milliseconds.
    pub(super) fn token_ends(&mut self, expires: Option<u64>, ctx: &mut Ctx) {
        self.set_refresh(Refresh::Resting);
        ctx.timers.stop(&TimerKind::Token);
        if let Some(expires) = expires {
            let span = expires.saturating_sub(limits::TOKEN_LEAD.0).max(expires / 5 * 4);
            let at = ctx.deadline(Millis(span.max(limits::TOKEN_RETRY.0)));
            ctx.timers.set(TimerKind::Token, at);
        }
    }

    /// It is time to renew it, or a renewal got stuck.
    pub(crate) fn on_token_timer(&mut self, ctx: &mut Ctx) {
        if matches!(self.state, State::Up { .. }) {
            if let Refresh::Sent { ack, .. } = self.refresh() {
                self.forget(ack);
            }
            self.ask_token(false, ctx);
        }
    }

    fn ask_token(&mut self, again: bool, ctx: &mut Ctx) {
        let auth = AuthId(ctx.fresh());
        self.set_refresh(Refresh::Asking { auth, again });
        let at = ctx.deadline(limits::TOKEN_TIMEOUT);
        ctx.timers.set(TimerKind::Token, at);
        // One that was good enough to connect with is about to end.
        ctx.emit(Output::FetchAuth { auth, fresh: true });
    }

    pub(super) fn on_refresh_auth(
        &mut self,
        asked: AuthId,
        result: AuthResult,
        ctx: &mut Ctx,
    ) -> Option<Heard<'static>> {
        let Refresh::Asking { auth, again } = self.refresh() else { return None };
        if auth != asked {
            return None;
        }
        match result {
            AuthResult::Token { token } => {
                let mut args = String::from("{\"token\":");
                json::quote(&token.0, &mut args);
                args.push('}');
                match self.request(TOKEN, &args, AckFor::Token, ctx) {
                    Some(ack) => {
                        self.set_refresh(Refresh::Sent { ack, again });
                        let at = ctx.deadline(limits::TOKEN_TIMEOUT);
                        ctx.timers.set(TimerKind::Token, at);
                        self.set_token(Some(token));
                    }
                    None => self.rest(ctx),
                }
            }
            AuthResult::Missing {} => return Some(self.refuse("AUTH", "No auth token available", ctx)),
            AuthResult::Anonymous {} | AuthResult::Failed {} => self.rest(ctx),
        }
        Some(Heard::Nothing)
    }

    pub(super) fn on_token_answer(&mut self, answer: TokenAnswer, ctx: &mut Ctx) -> Heard<'static> {
        let Refresh::Sent { again, .. } = self.refresh() else { return Heard::Nothing };
        match answer {
            TokenAnswer::Accepted { expires } => self.token_ends(expires, ctx),
            TokenAnswer::Unclear => self.rest(ctx),
            TokenAnswer::Refused if again => return self.refuse("AUTH", "The server refused the token", ctx),
            TokenAnswer::Refused => self.ask_token(true, ctx),
        }
        Heard::Nothing
    }

    fn rest(&mut self, ctx: &mut Ctx) {
        self.set_refresh(Refresh::Resting);
        let at = ctx.deadline(limits::TOKEN_RETRY);
        ctx.timers.set(TimerKind::Token, at);
    }

    fn refresh(&self) -> Refresh {
        match &self.state {
            State::Up { session, .. } => session.refresh,
            State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => Refresh::Resting,
        }
    }

    fn set_refresh(&mut self, refresh: Refresh) {
        if let State::Up { session, .. } = &mut self.state {
            session.refresh = refresh;
        }
    }
}
