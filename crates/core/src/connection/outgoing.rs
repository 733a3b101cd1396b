//! What is written to the link: only while the session is up and its deadline has not passed (C4).

use super::acks::AckFor;
use super::{Connection, State};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{AckToken, Output, Refusal};
use crate::secret::Payload;
use tidewire_wire::{inband, json, socket};

/// An event of the app.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) emit: EmitId,
    /// Absent: the main one.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) body: Option<BodyId>,
    pub(crate) attachments: Vec<BodyId>,
    pub(crate) size: u32,
    pub(crate) ack: bool,
}

/// Place of a reliable emit (protocol section 7).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) stream: &'a str,
    pub(crate) number: u64,
    pub(crate) floor: u64,
}

impl Connection {
    /// Sends an event whose arguments the engine wrote itself; returns the acknowledgement's id.
    pub(crate) fn request(&mut self, name: &str, args: &str, what: AckFor, ctx: &mut Ctx) -> Option<u64> {
        let link = self.usable(ctx)?;
        let ack = self.acks.open(link, what);
        let text = socket::event(&self.namespace, Some(ack), name, args);
        write(link, text, None, &[], ctx);
        Some(ack)
    }

    /// Sends an event whose answer nobody needs. With `ask` it asks for one all the same: a handler may insist on it.
    pub(crate) fn tell(&mut self, name: &str, args: &str, ask: bool, ctx: &mut Ctx) -> bool {
        let Some(link) = self.usable(ctx) else { return false };
        let ack = ask.then(|| self.acks.pass());
        write(link, socket::event(&self.namespace, ack, name, args), None, &[], ctx);
        true
    }

    /// Sends an event of the app, and says under which number its answer will come, 0 for none. Nothing: not now.
    pub(crate) fn send_event(
        &mut self,
        event: &Outgoing,
        ack: Option<AckFor>,
        place: Option<Place<'_>>,
        ctx: &mut Ctx,
    ) -> Option<u64> {
        let link = self.usable_in(event.namespace.as_deref(), ctx)?;
        let namespace = event.namespace.as_deref().unwrap_or(&self.namespace);
        let ack = ack.map(|what| self.acks.open(link, what));
        let count = event.attachments.len() as u32;
        let mut text = match place {
            Some(Place { stream, number, floor }) => {
                let mut text = socket::event_start_with(namespace, count, ack, inband::EMIT);
                text.push_str(",[");
                json::quote(stream, &mut text);
                for number in [number, floor] {
                    text.push(',');
                    json::number(number, &mut text);
                }
                text.push_str("],");
                json::quote(&event.name, &mut text);
                text
            }
            None => socket::event_start_with(namespace, count, ack, &event.name),
        };
        text.push(if event.body.is_some() { ',' } else { ']' });
        write(link, text, event.body, &event.attachments, ctx);
        Some(ack.unwrap_or(0))
    }

    /// Answers an event of the peer, if the link that it came on is still up.
    pub(crate) fn reply(
        &mut self,
        ack: &AckToken,
        body: Option<BodyId>,
        attachments: &[BodyId],
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        let link = self.usable_in(ack.namespace.as_deref(), ctx);
        let link = link.filter(|link| *link == ack.link).ok_or(Refusal::LinkGone)?;
        let namespace = ack.namespace.as_deref().unwrap_or(&self.namespace);
        let mut text = socket::ack_start_with(namespace, attachments.len() as u32, ack.id);
        if body.is_none() {
            text.push(']');
        }
        write(link, text, body, attachments, ctx);
        Ok(())
    }

    /// Nobody waits for this acknowledgement any more.
    pub(crate) fn forget(&mut self, ack: u64) {
        self.acks.forget(ack);
    }

    /// The link, if the session is up and its deadline has not passed: nothing is written to a link that may be dead (C4).
    pub(super) fn usable(&self, ctx: &Ctx) -> Option<LinkId> {
        match &self.state {
            State::Up { line, .. } if ctx.now.mono < line.deadline() => Some(line.link),
            State::Up { .. }
            | State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => None,
        }
    }

    fn usable_in(&self, namespace: Option<&str>, ctx: &Ctx) -> Option<LinkId> {
        let link = self.usable(ctx)?;
        namespace.is_none_or(|name| self.namespaces.is_up(name)).then_some(link)
    }

    /// Whether volatile emits may be sent: the link takes them, or (`None`) there is none.
    pub(crate) fn takes_volatile(&self, namespace: Option<&str>, ctx: &Ctx) -> Option<bool> {
        self.usable_in(namespace, ctx)?;
        match &self.state {
            State::Up { line, .. } => Some(line.writable),
            State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => None,
        }
    }

    /// The link's own word on how much waits in it.
    pub(crate) fn on_writable(&mut self, link: LinkId, on: bool) {
        if let State::Up { line, .. } | State::Joining { line, .. } = &mut self.state
            && line.link == link
        {
            line.writable = on;
        }
    }
}

pub(super) fn write(link: LinkId, text: String, body: Option<BodyId>, attachments: &[BodyId], ctx: &mut Ctx) {
    ctx.emit(Output::Send { link, text: Payload(text), body });
    for body in attachments {
        ctx.emit(Output::SendBinary { link, body: *body });
    }
}
