//! What comes in on a link: what is life, what is malformed, what belongs together, and what is told to the engine (C1, C4, C11).

use super::acks::AckFor;
use super::backoff::Blame;
use super::line::{Line, Part, Whole};
use super::session::Granted;
use super::{Connection, Heard, Incoming, State, release};
use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{DownReason, FrameBody, Note, Output};
use crate::limits;
use crate::timers::TimerKind;
use tidewire_wire::head;
use tidewire_wire::head::{Frame, TokenAnswer};

impl Connection {
    pub(crate) fn on_frame<'a>(
        &mut self,
        from: LinkId,
        text: &'a str,
        length: u32,
        body: FrameBody,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        if let Some(heard) = self.take_in(from, length > limits::FRAME, ctx) {
            release(kept(&body).into_iter().gather(), ctx);
            return heard;
        }
        let truncated = text.chars().map(char::len_utf16).sum::<usize>() < length as usize;
        let dialect = self.dialect();
        let frame = match &body {
            FrameBody::Invalid {} => None,
            FrameBody::None {} | FrameBody::Json { .. } => head::parse(text, truncated, dialect).ok(),
        };
        let Some(frame) = frame.filter(|frame| self.fits(from, frame)) else {
            release(kept(&body).into_iter().gather(), ctx);
            return self.fail(from, DownReason::Malformed, ctx);
        };
        let announced = if let Frame::Event { attachments, .. } | Frame::Ack { attachments, .. } = &frame {
            *attachments
        } else {
            0
        };
        let waits = self.waits(from, &frame);
        if announced == 0 && !waits {
            return self.on_parsed(from, frame, truncated, body, Vec::new(), ctx);
        }
        let whole = Whole { text: text.to_owned(), truncated, body, attachments: Vec::new() };
        if let Some(line) = self.line(from).filter(|_| announced > 0) {
            line.announce(whole, announced);
            return Heard::Nothing;
        }
        self.hold(from, whole, ctx)
    }

    /// Keeps an event until it is clear whether it is one.
    fn hold(&mut self, from: LinkId, whole: Whole, ctx: &mut Ctx) -> Heard<'static> {
        if let Some(old) = &mut self.old {
            old.hold(whole);
        } else if let State::Joining { early: Some(early), .. } = &mut self.state {
            early.push(whole);
            if early.len() > limits::RESTORED_EVENTS {
                self.recovery.forget();
                return self.fail(from, DownReason::Oversized, ctx);
            }
        } else {
            // Nobody has said hello yet.
            release(whole.bodies(), ctx);
        }
        Heard::Nothing
    }

    /// A binary message. A packet that is complete now is to be read with [`Connection::on_whole`].
    pub(crate) fn on_binary(
        &mut self,
        from: LinkId,
        body: BodyId,
        length: u32,
        ctx: &mut Ctx,
    ) -> (Option<Whole>, Heard<'static>) {
        if let Some(heard) = self.take_in(from, false, ctx) {
            release(vec![body], ctx);
            return (None, heard);
        }
        let part = self.line(from).map_or(Part::Unannounced, |line| line.attach(body, length));
        match part {
            Part::Missing => (None, Heard::Nothing),
            Part::Complete(whole) => {
                let dialect = self.dialect();
                let frame = head::parse(&whole.text, whole.truncated, dialect);
                if frame.is_ok_and(|frame| self.waits(from, &frame)) {
                    return (None, self.hold(from, whole, ctx));
                }
                (Some(whole), Heard::Nothing)
            }
            Part::Oversized => (None, self.fail(from, DownReason::Oversized, ctx)),
            Part::Unannounced => {
                release(vec![body], ctx);
                (None, self.fail(from, DownReason::Malformed, ctx))
            }
        }
    }

    /// A packet that was kept.
    pub(crate) fn on_whole<'a>(
        &mut self,
        from: LinkId,
        text: &'a str,
        truncated: bool,
        body: FrameBody,
        attachments: Vec<BodyId>,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        match head::parse(text, truncated, self.dialect()) {
            Ok(frame) => self.on_parsed(from, frame, truncated, body, attachments, ctx),
            Err(_) => {
                release(kept(&body).into_iter().chain(attachments).gather(), ctx);
                Heard::Nothing
            }
        }
    }

    /// Says why a message is not read any further, if it is not. What is, is life.
    fn take_in(&mut self, from: LinkId, oversized: bool, ctx: &mut Ctx) -> Option<Heard<'static>> {
        let known = [Some(&self.state), self.next.as_ref()].into_iter().flatten();
        let is_known = known.filter_map(State::link).any(|link| link == from)
            || self.old.as_ref().is_some_and(|old| old.line.link == from);
        if !is_known {
            ctx.emit(Output::Log { note: Note::LateFrame });
            return Some(Heard::Nothing);
        }
        if oversized {
            return Some(self.fail(from, DownReason::Oversized, ctx));
        }
        let now = ctx.now.mono;
        if self.line(from).is_some_and(|line| now >= line.deadline()) {
            // The device slept, and the timer has not run yet: the peer has given this link up already.
            return Some(self.fail(from, DownReason::Silent, ctx));
        }
        if let Some(line) = self.line(from) {
            line.heard(now);
        }
        self.proves_life(from, ctx);
        None
    }

    /// Between a packet and its attachments only the transport itself may speak.
    fn fits(&mut self, from: LinkId, frame: &Frame<'_>) -> bool {
        let between = matches!(frame, Frame::Ping { .. } | Frame::Pong | Frame::Noop | Frame::Close);
        !matches!(frame, Frame::Binary)
            && (between || !self.line(from).is_some_and(|line| line.is_assembling()))
    }

    /// Whether an event waits until it is clear that nobody has had it.
    fn waits(&self, from: LinkId, frame: &Frame<'_>) -> bool {
        let early = matches!(&self.state, State::Joining { early: Some(_), .. });
        (self.old.is_some() || early)
            && self.state.link() == Some(from)
            && matches!(frame, Frame::Event { .. })
    }

    fn line(&mut self, from: LinkId) -> Option<&mut Line> {
        let old = self.old.as_mut().map(|old| &mut old.line);
        let lines = [self.state.line(), self.next.as_mut().and_then(State::line), old];
        lines.into_iter().flatten().find(|line| line.link == from)
    }

    /// The peer is at fault, or silent: this link ends.
    fn fail(&mut self, from: LinkId, reason: DownReason, ctx: &mut Ctx) -> Heard<'static> {
        if self.state.link() == Some(from) {
            let blame = if reason == DownReason::Silent { Blame::Unknown } else { Blame::Overloaded };
            return self.close_and_down(reason, blame, ctx);
        }
        ctx.emit(Output::Close { link: from });
        if let Some(line) = self.line(from) {
            release(line.unfinished(), ctx);
        }
        self.on_other_closed(from, ctx)
    }

    fn on_parsed<'a>(
        &mut self,
        from: LinkId,
        frame: Frame<'a>,
        truncated: bool,
        body: FrameBody,
        attachments: Vec<BodyId>,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        let is_up = matches!(&self.state, State::Up { line, .. } if line.link == from);
        let is_up = is_up || self.old.as_ref().is_some_and(|old| old.line.link == from);
        let (frame, body, attachments) = match (frame, kept(&body)) {
            (Frame::Event { namespace, meta, name, skip, id, .. }, Some(kept))
                if is_up && self.is_open(namespace) =>
            {
                let main = namespace == self.namespace;
                if let (true, None, FrameBody::Json { last, .. }) = (main, id, &body) {
                    self.recovery.event(last.as_deref(), ctx.now.wall);
                }
                let namespace = (!main).then(|| namespace.to_owned());
                let incoming =
                    Incoming { link: from, namespace, meta, name, skip, id, body: kept, attachments };
                return Heard::Event(incoming);
            }
            (Frame::Ack { namespace, id, args, .. }, Some(kept)) if self.is_open(namespace) => {
                match self.acks.take(from, id) {
                    Some(AckFor::Probe) => ctx.timers.stop(&TimerKind::Probe),
                    Some(AckFor::Token) => {
                        release(vec![kept], ctx);
                        release(attachments, ctx);
                        return self.on_token_answer(TokenAnswer::parse(args, truncated), ctx);
                    }
                    Some(what @ (AckFor::Emit(_) | AckFor::Reliable(_) | AckFor::Join(_))) => {
                        return Heard::Ack { ack: id, what, args, truncated, body: kept, attachments };
                    }
                    None if self.acks.was_passed(id) => {}
                    None => ctx.emit(Output::Log { note: Note::StrayAck }),
                }
                release(vec![kept], ctx);
                release(attachments, ctx);
                return Heard::Nothing;
            }
            (frame, _) => (frame, body, attachments),
        };
        release(kept(&body).into_iter().chain(attachments).gather(), ctx);
        self.on_control(from, &frame, ctx)
    }

    /// Frames that make, keep or end a session.
    fn on_control(&mut self, from: LinkId, frame: &Frame<'_>, ctx: &mut Ctx) -> Heard<'static> {
        match frame {
            Frame::Open(handshake) => self.on_hello(from, handshake, ctx),
            Frame::Ping { .. } => {
                super::outgoing::write(from, "3".to_owned(), None, &[], ctx);
            }
            Frame::Return { after, url } => self.on_return_hint(*after, url.as_deref(), ctx),
            Frame::Close => return self.ended(from, ctx),
            Frame::Disconnect { namespace } if *namespace == self.namespace => return self.ended(from, ctx),
            Frame::Disconnect { namespace } => self.on_namespace_down(namespace, ctx),
            Frame::Connect { namespace, sid, tidewire, expires, instance, pid } => {
                if *namespace != self.namespace {
                    return self.on_namespace_up(namespace, sid, ctx);
                }
                let granted = Granted {
                    sid,
                    dialect: *tidewire,
                    expires: *expires,
                    instance: instance.as_deref(),
                    pid: pid.as_deref(),
                };
                return self.on_session(from, &granted, ctx);
            }
            Frame::ConnectError { namespace, message, code } => {
                if *namespace == self.namespace {
                    return self.on_refusal(from, message, code.as_deref(), ctx);
                }
                self.on_namespace_refused(namespace, message, code.as_deref(), ctx);
            }
            Frame::Event { .. }
            | Frame::Ack { .. }
            | Frame::Pong
            | Frame::Noop
            | Frame::Upgrade
            | Frame::Binary => {}
        }
        Heard::Nothing
    }

    /// The peer says goodbye.
    fn ended(&mut self, from: LinkId, ctx: &mut Ctx) -> Heard<'static> {
        if self.state.link() == Some(from) {
            return self.close_and_down(DownReason::ServerClosed, Blame::Unknown, ctx);
        }
        self.fail(from, DownReason::ServerClosed, ctx)
    }

    fn is_open(&self, namespace: &str) -> bool {
        namespace == self.namespace || self.namespaces.is_wanted(namespace)
    }
}

fn kept(body: &FrameBody) -> Option<BodyId> {
    match body {
        FrameBody::Json { body, .. } => Some(*body),
        FrameBody::None {} | FrameBody::Invalid {} => None,
    }
}
