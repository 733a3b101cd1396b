//! Emits (C6): which class promises what is decided in the three files below; here is what they have in common. An emit
//! that was taken always settles, once.

mod plain;
mod reliable;
mod volatile;

use crate::connection::{AckFor, Connection, Outgoing, Rise};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{EmitClass, EmitResult, Output, Refusal};
use crate::limits;
use crate::timers::TimerKind;
use plain::Plain;
use reliable::Reliable;
use volatile::Volatile;

/// All that are under way.
#[derive(Debug)]
pub(crate) struct Emits {
    plain: Plain,
    reliable: Reliable,
    volatile: Volatile,
}

impl Emits {
    pub(crate) fn new(ctx: &mut Ctx) -> Emits {
        Emits { plain: Plain::default(), reliable: Reliable::new(ctx), volatile: Volatile::default() }
    }

    pub(crate) fn emit(
        &mut self,
        event: Outgoing,
        timeout: Millis,
        class: EmitClass,
        link: &mut Connection,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        if !tidewire_wire::names::is_name(&event.name) {
            return Err(Refusal::Malformed);
        }
        if !link.is_wanted(event.namespace.as_deref()) {
            return Err(Refusal::UnknownNamespace);
        }
        fits(&event.attachments, event.size)?;
        match class {
            EmitClass::Plain => self.plain.emit(event, timeout, link, ctx),
            EmitClass::Reliable { idempotent } => self.reliable.emit(event, idempotent, timeout, link, ctx),
            EmitClass::Volatile { key } => {
                self.volatile.emit(event, key, timeout, &mut self.plain, link, ctx);
                Ok(())
            }
        }
    }

    /// The main session is up.
    pub(crate) fn link_up(&mut self, rise: &Rise, link: &mut Connection, ctx: &mut Ctx) {
        self.reliable.link_up(rise, link, ctx);
        self.flush(link, ctx);
    }

    /// More can be sent than before.
    pub(crate) fn flush(&mut self, link: &mut Connection, ctx: &mut Ctx) {
        self.reliable.flush(link, ctx);
        self.plain.flush(link, ctx);
        self.volatile.flush(&mut self.plain, link, ctx);
    }

    pub(crate) fn answered(&mut self, what: &AckFor, body: BodyId, attachments: Vec<BodyId>, ctx: &mut Ctx) {
        match what {
            AckFor::Emit(emit) => {
                self.plain.settled(*emit);
                settle(*emit, EmitResult::Answered { body, attachments }, ctx);
            }
            AckFor::Reliable(emit) => self.reliable.answered(*emit, body, attachments, ctx),
            AckFor::Join(_) | AckFor::Probe | AckFor::Token => {}
        }
    }

    /// These acknowledgements will not come.
    pub(crate) fn lost(&mut self, acks: Vec<AckFor>, ctx: &mut Ctx) {
        for what in acks {
            match what {
                AckFor::Emit(emit) if self.plain.settled(emit) => settle(emit, EmitResult::MaybeLost {}, ctx),
                AckFor::Reliable(emit) => self.reliable.lost(emit, ctx),
                AckFor::Emit(_) | AckFor::Join(_) | AckFor::Probe | AckFor::Token => {}
            }
        }
    }

    pub(crate) fn link_down(&mut self, ctx: &mut Ctx) {
        self.volatile.drop_all(ctx);
    }

    /// Its place in a buffer, or its acknowledgement, has expired.
    pub(crate) fn on_timeout(&mut self, emit: EmitId, link: &mut Connection, ctx: &mut Ctx) {
        if !self.reliable.on_timeout(emit, link, ctx) && !self.volatile.on_timeout(emit, ctx) {
            self.plain.on_timeout(emit, link, ctx);
        }
    }

    /// `Disconnect` was asked for: what waits will not be sent.
    pub(crate) fn drop_all(&mut self, ctx: &mut Ctx) {
        self.plain.drop_all(ctx);
        self.reliable.drop_all(ctx);
        self.volatile.drop_all(ctx);
    }
}

/// Whether attachments and size are within their limits.
pub(crate) fn fits(attachments: &[BodyId], size: u32) -> Result<(), Refusal> {
    if attachments.len() > limits::ATTACHMENTS {
        return Err(Refusal::Malformed);
    }
    if size >= limits::FRAME - limits::FRAME_HEAD as u32 { Err(Refusal::TooLarge) } else { Ok(()) }
}

fn expire(emit: EmitId, timeout: Millis, ctx: &mut Ctx) {
    let at = ctx.deadline(timeout);
    ctx.timers.set(TimerKind::Emit(emit), at);
}

fn settle(emit: EmitId, result: EmitResult, ctx: &mut Ctx) {
    ctx.timers.stop(&TimerKind::Emit(emit));
    ctx.emit(Output::Emitted { emit, result });
}
