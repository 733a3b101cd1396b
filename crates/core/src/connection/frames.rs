//! What comes in on the link: how the session is made and ended, and which frames are told to the engine (C1, C4, C5, C11).

use super::acks::AckFor;
use super::backoff::Blame;
use super::{Connection, Heard, Life, State};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{ConnectionState, DownReason, FrameBody, Note, Output};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;
use tidewire_wire::engine::Handshake;
use tidewire_wire::{dialect, head, socket};

impl Connection {
    pub(crate) fn on_frame<'a>(
        &mut self,
        from: LinkId,
        text: &'a str,
        length: u32,
        body: FrameBody,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        if self.link() != Some(from) {
            ctx.emit(Output::Log { note: Note::LateFrame });
            release(body, ctx);
            return Heard::Nothing;
        }
        if length > limits::FRAME {
            release(body, ctx);
            return self.close_and_down(DownReason::Oversized, Blame::Overloaded, ctx);
        }
        if self.is_overdue(ctx.now.mono) {
            // The device slept, and the timer has not run yet: the peer has given this link up already.
            release(body, ctx);
            return self.close_and_down(DownReason::Silent, Blame::Unknown, ctx);
        }
        self.heard(ctx.now.mono);
        let truncated = text.chars().map(char::len_utf16).sum::<usize>() < length as usize;
        let dialect = matches!(self.state, State::Up { dialect: true, .. });
        let frame = match &body {
            FrameBody::Invalid {} => None,
            FrameBody::None {} | FrameBody::Json { .. } => head::parse(text, truncated, dialect).ok(),
        };
        match frame {
            Some(frame) => self.on_parsed(frame, truncated, body, ctx),
            None => {
                release(body, ctx);
                self.close_and_down(DownReason::Malformed, Blame::Overloaded, ctx)
            }
        }
    }

    fn on_parsed<'a>(
        &mut self,
        frame: head::Frame<'a>,
        truncated: bool,
        body: FrameBody,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        use head::Frame;
        let kept = match &body {
            FrameBody::Json { body, .. } => Some(*body),
            FrameBody::None {} | FrameBody::Invalid {} => None,
        };
        match (frame, kept) {
            (Frame::Event { namespace, meta, name, skip, id }, Some(body))
                if self.is_ours(namespace) && matches!(self.state, State::Up { .. }) =>
            {
                return Heard::Event { meta, name, skip, body, id };
            }
            (Frame::Ack { namespace, id, args }, Some(body)) if self.is_ours(namespace) => {
                match self.acks.take(id) {
                    Some(AckFor::Probe) => ctx.timers.stop(&TimerKind::Probe),
                    Some(what @ (AckFor::Emit(_) | AckFor::Join(_))) => {
                        return Heard::Ack { ack: id, what, args, truncated, body };
                    }
                    None if self.acks.was_passed(id) => {}
                    None => ctx.emit(Output::Log { note: Note::StrayAck }),
                }
            }
            (Frame::Open(handshake), _) => self.on_hello(&handshake, ctx),
            (Frame::Ping { .. }, _) => self.pong(ctx),
            (Frame::Close, _) => {
                release(body, ctx);
                return self.close_and_down(DownReason::ServerClosed, Blame::Unknown, ctx);
            }
            (Frame::Connect { namespace, sid, tidewire }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.on_session(&sid, tidewire, ctx);
            }
            (Frame::ConnectError { namespace, message, code }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.on_refusal(&message, code.as_deref(), ctx);
            }
            (Frame::Disconnect { namespace }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.close_and_down(DownReason::ServerClosed, Blame::Unknown, ctx);
            }
            (Frame::Binary, _) => {
                release(body, ctx);
                return self.close_and_down(DownReason::Malformed, Blame::Overloaded, ctx);
            }
            (
                Frame::Event { .. }
                | Frame::Ack { .. }
                | Frame::Connect { .. }
                | Frame::ConnectError { .. }
                | Frame::Disconnect { .. }
                | Frame::Pong
                | Frame::Noop
                | Frame::Upgrade,
                _,
            ) => {}
        }
        release(body, ctx);
        Heard::Nothing
    }

    /// A binary message: no packet has announced one.
    pub(crate) fn on_binary(&mut self, from: LinkId, body: BodyId, ctx: &mut Ctx) -> Heard<'static> {
        ctx.emit(Output::Release { bodies: vec![body] });
        if self.link() != Some(from) {
            return Heard::Nothing;
        }
        self.close_and_down(DownReason::Malformed, Blame::Overloaded, ctx)
    }

    fn is_ours(&self, namespace: &str) -> bool {
        namespace == self.namespace
    }

    fn on_hello(&mut self, handshake: &Handshake, ctx: &mut Ctx) {
        // A host may deliver the first frame without having said `Opened`.
        let (link, token) = match &mut self.state {
            State::Opening { link, token } | State::Greeting { link, token } => (*link, token.take()),
            State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Joining { .. }
            | State::Up { .. } => return,
        };
        let patience = Millis(handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms));
        let life = Life { patience, heard: ctx.now.mono };
        self.state = State::Joining { link, life };
        ctx.timers.set(TimerKind::Heartbeat, life.deadline());
        let auth = dialect::connect_auth(token.as_ref().map(|t| t.0.as_str()), true);
        ctx.emit(Output::Send { link, text: Payload(socket::connect(&self.namespace, &auth)), body: None });
    }

    fn on_session(&mut self, sid: &str, dialect: bool, ctx: &mut Ctx) -> Heard<'static> {
        let State::Joining { link, life } = self.state else { return Heard::Nothing };
        self.state = State::Up { link, life, dialect };
        self.fresh_token = false;
        ctx.timers.stop(&TimerKind::Attempt);
        let at = ctx.deadline(limits::STABLE_AFTER);
        ctx.timers.set(TimerKind::Stable, at);
        self.report(ConnectionState::Connected { sid: sid.to_owned(), tidewire: dialect }, ctx);
        let again = std::mem::replace(&mut self.was_up, true);
        Heard::Up { again }
    }

    /// One attempt with a fresh token; after that a refusal is final. A server that is merely busy is asked again.
    fn on_refusal(&mut self, message: &str, code: Option<&str>, ctx: &mut Ctx) -> Heard<'static> {
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

    fn pong(&mut self, ctx: &mut Ctx) {
        if let Some(link) = self.link() {
            ctx.emit(Output::Send { link, text: "3".into(), body: None });
        }
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Joining { life, .. } | State::Up { life, .. } if now >= life.deadline())
    }

    /// C4: any inbound byte is life.
    fn heard(&mut self, now: Timestamp) {
        if let State::Joining { life, .. } | State::Up { life, .. } = &mut self.state {
            life.heard = now;
        }
    }
}

fn release(body: FrameBody, ctx: &mut Ctx) {
    if let FrameBody::Json { body, .. } = body {
        ctx.emit(Output::Release { bodies: vec![body] });
    }
}
