//! Emits of class *plain* (C6): sent at once, or kept for a while until the session is up; an acknowledgement always settles.

use std::collections::VecDeque;

use crate::connection::Connection;
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{EmitResult, Output, Refusal};
use crate::limits;
use crate::timers::TimerKind;

#[derive(Debug)]
struct Waiting {
    emit: EmitId,
    name: String,
    body: Option<BodyId>,
    size: u32,
    ack: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Emits {
    buffer: VecDeque<Waiting>,
    bytes: u64,
}

/// An emit as the app asked for it.
pub(crate) struct NewEmit {
    pub(crate) emit: EmitId,
    pub(crate) name: String,
    pub(crate) body: Option<BodyId>,
    pub(crate) size: u32,
    pub(crate) ack: bool,
    pub(crate) timeout: Millis,
}

impl Emits {
    pub(crate) fn emit(&mut self, new: NewEmit, link: &mut Connection, ctx: &mut Ctx) -> Result<(), Refusal> {
        let NewEmit { emit, name, body, size, ack, timeout } = new;
        if !tidewire_wire::names::is_name(&name) {
            return Err(Refusal::Malformed);
        }
        if size >= limits::FRAME - limits::FRAME_HEAD as u32 {
            return Err(Refusal::TooLarge);
        }
        let waiting = Waiting { emit, name, body, size, ack };
        // Nothing overtakes what already waits.
        if self.buffer.is_empty() && send(&waiting, link, ctx) {
            if ack {
                let at = ctx.deadline(timeout);
                ctx.timers.set(TimerKind::Emit(emit), at);
            }
            return Ok(());
        }
        let bytes = self.bytes + u64::from(size);
        if self.buffer.len() >= limits::EMIT_BUFFER || bytes > limits::EMIT_BUFFER_BYTES {
            return Err(Refusal::BufferFull);
        }
        self.bytes = bytes;
        self.buffer.push_back(waiting);
        let at = ctx.deadline(timeout);
        ctx.timers.set(TimerKind::Emit(emit), at);
        Ok(())
    }

    pub(crate) fn flush(&mut self, link: &mut Connection, ctx: &mut Ctx) {
        while let Some(next) = self.buffer.front() {
            if !send(next, link, ctx) {
                return;
            }
            if !next.ack {
                ctx.timers.stop(&TimerKind::Emit(next.emit));
            }
            self.bytes -= u64::from(next.size);
            self.buffer.pop_front();
        }
    }

    /// Its place in the buffer, or its acknowledgement, has expired.
    pub(crate) fn on_timeout(&mut self, emit: EmitId, link: &mut Connection, ctx: &mut Ctx) {
        let result = match self.buffer.iter().position(|w| w.emit == emit) {
            Some(at) => {
                self.bytes -= self.buffer.remove(at).map_or(0, |w| u64::from(w.size));
                EmitResult::Dropped {}
            }
            None => {
                link.forget_emit(emit);
                EmitResult::TimedOut {}
            }
        };
        ctx.emit(Output::Emitted { emit, result });
    }

    pub(crate) fn answered(&mut self, emit: EmitId, body: BodyId, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Emit(emit));
        ctx.emit(Output::Emitted { emit, result: EmitResult::Answered { body, attachments: Vec::new() } });
    }

    pub(crate) fn lost(&mut self, emit: EmitId, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Emit(emit));
        ctx.emit(Output::Emitted { emit, result: EmitResult::MaybeLost {} });
    }

    /// `Disconnect` was asked for: what waits will not be sent.
    pub(crate) fn drop_all(&mut self, ctx: &mut Ctx) {
        self.bytes = 0;
        for waiting in std::mem::take(&mut self.buffer) {
            ctx.timers.stop(&TimerKind::Emit(waiting.emit));
            ctx.emit(Output::Emitted { emit: waiting.emit, result: EmitResult::Dropped {} });
        }
    }
}

fn send(waiting: &Waiting, link: &mut Connection, ctx: &mut Ctx) -> bool {
    let sent = link.send_event(&waiting.name, waiting.body, waiting.ack.then_some(waiting.emit), ctx);
    if sent && !waiting.ack {
        ctx.emit(Output::Emitted { emit: waiting.emit, result: EmitResult::Sent {} });
    }
    sent
}
