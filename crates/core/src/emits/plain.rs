//! Class *plain*: sent at once, or kept for a while until the session is up. In flight when the link dies: maybe lost.

use std::collections::VecDeque;

use crate::map::Map;

use super::{expire, settle};
use crate::connection::{AckFor, Connection, Outgoing};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{EmitResult, Refusal};
use crate::limits;

#[derive(Debug, Default)]
pub(super) struct Plain {
    buffer: VecDeque<Outgoing>,
    bytes: u64,
    /// Sent, and the acknowledgement under this number is awaited.
    flying: Map<EmitId, u64>,
}

impl Plain {
    pub(super) fn emit(
        &mut self,
        event: Outgoing,
        timeout: Millis,
        link: &mut Connection,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        // Nothing overtakes what already waits for the same session.
        let waits = self.buffer.iter().any(|waiting| waiting.namespace == event.namespace);
        if !waits && self.send(&event, link, ctx) {
            if event.ack {
                expire(event.emit, timeout, ctx);
            }
            return Ok(());
        }
        let bytes = self.bytes + u64::from(event.size);
        if self.buffer.len() >= limits::EMIT_BUFFER || bytes > limits::EMIT_BUFFER_BYTES {
            return Err(Refusal::BufferFull);
        }
        self.bytes = bytes;
        expire(event.emit, timeout, ctx);
        self.buffer.push_back(event);
        Ok(())
    }

    /// Sends one, and settles it if no acknowledgement is to come.
    pub(super) fn send(&mut self, event: &Outgoing, link: &mut Connection, ctx: &mut Ctx) -> bool {
        let ack = event.ack.then_some(AckFor::Emit(event.emit));
        let Some(number) = link.send_event(event, ack, None, ctx) else { return false };
        if event.ack {
            self.flying.insert(event.emit, number);
        } else {
            settle(event.emit, EmitResult::Sent {}, ctx);
        }
        true
    }

    pub(super) fn flush(&mut self, link: &mut Connection, ctx: &mut Ctx) {
        for event in std::mem::take(&mut self.buffer) {
            if self.send(&event, link, ctx) {
                self.bytes -= u64::from(event.size);
            } else {
                self.buffer.push_back(event);
            }
        }
    }

    /// Nobody waits for its answer any more; false if nobody did.
    pub(super) fn settled(&mut self, emit: EmitId) -> bool {
        self.flying.remove(&emit).is_some()
    }

    pub(super) fn on_timeout(&mut self, emit: EmitId, link: &mut Connection, ctx: &mut Ctx) {
        if let Some(number) = self.flying.remove(&emit) {
            link.forget(number);
            settle(emit, EmitResult::TimedOut {}, ctx);
        } else if let Some(at) = self.buffer.iter().position(|waiting| waiting.emit == emit) {
            self.bytes -= self.buffer.remove(at).map_or(0, |waiting| u64::from(waiting.size));
            settle(emit, EmitResult::Dropped {}, ctx);
        }
    }

    pub(super) fn drop_all(&mut self, ctx: &mut Ctx) {
        self.bytes = 0;
        for waiting in std::mem::take(&mut self.buffer) {
            settle(waiting.emit, EmitResult::Dropped {}, ctx);
        }
    }
}
