//! Class *volatile*: sent at once or never, but that while the link takes no more the latest of each key waits. Without a
//! session none waits: what was true before a tunnel is not news after it.

use super::plain::Plain;
use super::{expire, settle};
use crate::connection::{Connection, Outgoing};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::EmitResult;
use crate::limits;

#[derive(Debug, Default)]
pub(super) struct Volatile {
    /// In the order of their keys' first arrival; at most `limits::VOLATILE_KEYS`.
    waiting: Vec<(String, Outgoing)>,
}

impl Volatile {
    pub(super) fn emit(
        &mut self,
        event: Outgoing,
        key: Option<String>,
        timeout: Millis,
        plain: &mut Plain,
        link: &mut Connection,
        ctx: &mut Ctx,
    ) {
        match (link.takes_volatile(event.namespace.as_deref(), ctx), key) {
            (Some(true), _) => {
                if plain.send(&event, link, ctx) && event.ack {
                    expire(event.emit, timeout, ctx);
                }
            }
            (Some(false), Some(key)) => {
                expire(event.emit, timeout, ctx);
                let same = |(other, waiting): &(String, Outgoing)| {
                    *other == key && waiting.namespace == event.namespace
                };
                match self.waiting.iter().position(same) {
                    Some(at) => {
                        let before = std::mem::replace(&mut self.waiting[at].1, event);
                        settle(before.emit, EmitResult::Dropped {}, ctx);
                    }
                    None if self.waiting.len() < limits::VOLATILE_KEYS => self.waiting.push((key, event)),
                    None => settle(event.emit, EmitResult::Dropped {}, ctx),
                }
            }
            (Some(false), None) | (None, _) => settle(event.emit, EmitResult::Dropped {}, ctx),
        }
    }

    pub(super) fn flush(&mut self, plain: &mut Plain, link: &mut Connection, ctx: &mut Ctx) {
        for (key, event) in std::mem::take(&mut self.waiting) {
            match link.takes_volatile(event.namespace.as_deref(), ctx) {
                // Its time goes on for the acknowledgement.
                Some(true) => drop(plain.send(&event, link, ctx)),
                Some(false) => self.waiting.push((key, event)),
                None => settle(event.emit, EmitResult::Dropped {}, ctx),
            }
        }
    }

    pub(super) fn on_timeout(&mut self, emit: EmitId, ctx: &mut Ctx) -> bool {
        let Some(at) = self.waiting.iter().position(|(_, event)| event.emit == emit) else { return false };
        self.waiting.remove(at);
        settle(emit, EmitResult::Dropped {}, ctx);
        true
    }

    pub(super) fn drop_all(&mut self, ctx: &mut Ctx) {
        for (_, event) in std::mem::take(&mut self.waiting) {
            settle(event.emit, EmitResult::Dropped {}, ctx);
        }
    }
}
