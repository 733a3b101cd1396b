//! Class *reliable*: numbered in a stream of this engine (protocol section 7), pipelined, sent again in order and under the
//! same numbers after a reconnect, until answered. Where nobody can know whether one that was sent has run — a foreign
//! server, another process, too long a silence — it ends as unknown unless it is idempotent. What was never sent waits on.

use std::collections::VecDeque;

use super::{expire, settle};
use crate::connection::{AckFor, Connection, Outgoing, Place, Rise};
use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{EmitResult, Output, Refusal};
use crate::limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Never sent.
    New,
    /// Sent; answered under this acknowledgement.
    Sent { ack: u64 },
    /// Sent on a link that is gone.
    Lost,
}

#[derive(Debug)]
struct Entry {
    event: Outgoing,
    idempotent: bool,
    stage: Stage,
    /// Its place in the stream; 0 where there is none.
    number: u64,
}

#[derive(Debug)]
pub(super) struct Reliable {
    stream: String,
    last: u64,
    queue: VecDeque<Entry>,
    bytes: u64,
    /// Which process the last session was with.
    instance: Option<String>,
}

impl Reliable {
    pub(super) fn new(ctx: &mut Ctx) -> Reliable {
        Reliable { stream: ctx.rng.id(), last: 0, queue: VecDeque::new(), bytes: 0, instance: None }
    }

    pub(super) fn emit(
        &mut self,
        event: Outgoing,
        idempotent: bool,
        timeout: Millis,
        link: &mut Connection,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        let bytes = self.bytes + u64::from(event.size);
        if self.queue.len() >= limits::RELIABLE_BUFFER || bytes > limits::RELIABLE_BUFFER_BYTES {
            return Err(Refusal::BufferFull);
        }
        self.bytes = bytes;
        expire(event.emit, timeout, ctx);
        self.queue.push_back(Entry { event, idempotent, stage: Stage::New, number: 0 });
        self.flush(link, ctx);
        Ok(())
    }

    /// Sends everything that is not under way, in order.
    pub(super) fn flush(&mut self, link: &mut Connection, ctx: &mut Ctx) {
        let mut done = Vec::new();
        for at in 0..self.queue.len() {
            if !matches!(self.queue[at].stage, Stage::Sent { .. }) {
                self.send(at, link, ctx);
                let Entry { event, stage, number, .. } = &self.queue[at];
                // Where an acknowledgement is neither the protocol's nor asked for, nothing more will be known.
                if matches!(stage, Stage::Sent { .. }) && *number == 0 && !event.ack {
                    done.push(event.emit);
                }
            }
        }
        for emit in done {
            self.remove(emit);
            settle(emit, EmitResult::Sent {}, ctx);
        }
    }

    fn send(&mut self, at: usize, link: &mut Connection, ctx: &mut Ctx) {
        let placed = self.queue[at].event.namespace.is_none() && link.dialect();
        let number = match self.queue[at].number {
            0 => self.last + 1,
            number => number,
        };
        let floor = self.queue.iter().map(|entry| entry.number).filter(|number| *number > 0).min();
        let floor = floor.map_or(number, |floor| floor.min(number));
        let Entry { event, stage, number: kept, .. } = &mut self.queue[at];
        let place = placed.then_some(Place { stream: &self.stream, number, floor });
        let ask = (placed || event.ack).then_some(AckFor::Reliable(event.emit));
        if let Some(ack) = link.send_event(event, ask, place, ctx) {
            *stage = Stage::Sent { ack };
            if placed {
                *kept = number;
                self.last = self.last.max(number);
            }
        }
    }

    /// A new session: what is lost is either known there, or unknown for good.
    pub(super) fn link_up(&mut self, rise: &Rise, link: &Connection, ctx: &mut Ctx) {
        let same = link.dialect()
            && rise.instance.is_some()
            && rise.instance == self.instance
            && rise.silence <= limits::STREAM_KEPT;
        self.instance.clone_from(&rise.instance);
        let gone = |entry: &Entry| entry.stage == Stage::Lost && !entry.idempotent && !same;
        let gone: Vec<EmitId> = self.queue.iter().filter(|e| gone(e)).map(|e| e.event.emit).gather();
        for emit in gone {
            self.remove(emit);
            settle(emit, EmitResult::Unknown {}, ctx);
        }
    }

    /// Its answer will not come on the link that it was sent on.
    pub(super) fn lost(&mut self, emit: EmitId, ctx: &mut Ctx) {
        let Some(entry) = self.queue.iter_mut().find(|entry| entry.event.emit == emit) else { return };
        entry.stage = Stage::Lost;
        if entry.number == 0 && !entry.idempotent {
            self.remove(emit);
            settle(emit, EmitResult::Unknown {}, ctx);
        }
    }

    pub(super) fn answered(&mut self, emit: EmitId, body: BodyId, attachments: Vec<BodyId>, ctx: &mut Ctx) {
        match self.remove(emit) {
            Some(Entry { event, .. }) if event.ack => {
                settle(emit, EmitResult::Answered { body, attachments }, ctx);
            }
            answered => {
                ctx.emit(Output::Release { bodies: std::iter::once(body).chain(attachments).gather() });
                if answered.is_some() {
                    settle(emit, EmitResult::Sent {}, ctx);
                }
            }
        }
    }

    pub(super) fn on_timeout(&mut self, emit: EmitId, link: &mut Connection, ctx: &mut Ctx) -> bool {
        let Some(entry) = self.remove(emit) else { return false };
        let result = match entry.stage {
            Stage::New => EmitResult::Dropped {},
            Stage::Sent { ack } => {
                link.forget(ack);
                EmitResult::TimedOut {}
            }
            Stage::Lost => EmitResult::TimedOut {},
        };
        settle(emit, result, ctx);
        true
    }

    pub(super) fn drop_all(&mut self, ctx: &mut Ctx) {
        self.bytes = 0;
        for entry in std::mem::take(&mut self.queue) {
            let result = match entry.stage {
                Stage::New => EmitResult::Dropped {},
                Stage::Sent { .. } | Stage::Lost => EmitResult::Unknown {},
            };
            settle(entry.event.emit, result, ctx);
        }
    }

    fn remove(&mut self, emit: EmitId) -> Option<Entry> {
        let at = self.queue.iter().position(|entry| entry.event.emit == emit)?;
        let entry = self.queue.remove(at)?;
        self.bytes -= u64::from(entry.event.size);
        Some(entry)
    }
}
