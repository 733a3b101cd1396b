//! Events from the app for one session, and the acknowledgements that clients owe (V1). Every question gets one answer: the
//! client's, that time is up, or that the session is gone.

use std::borrow::Cow;

use tidewire_wire::{head, names, socket};

use crate::Hub;
use crate::event::marked;
use crate::hub::Deadline;
use crate::ids::{AckId, Millis, SessionId};
use crate::io::{Args, Output, Unanswered};
use crate::limits;

impl Hub {
    pub(crate) fn emit_to(
        &mut self,
        session: SessionId,
        name: &str,
        args: &Args,
        ack: Option<(AckId, Millis)>,
    ) {
        let fits = names::is_name(name) && name != head::ROOM_EVENT;
        let offset = self.next_offset();
        // One that waits for its client gets events, but answers none.
        let here = |link: &&mut crate::session::Session| {
            fits && link.user().is_some() && (link.open || ack.is_none() && link.recovery.is_some())
        };
        let link = self.links.get_mut(session).filter(here);
        let Some(link) = link.filter(|link| ack.is_none() || link.acks.len() < limits::ACKS_OWED) else {
            if let Some((ack, _)) = ack {
                self.links.push(Output::Acked { ack, answer: Err(Unanswered::Gone) });
            }
            return;
        };
        let id = ack.map(|(ack, within)| {
            let id = link.last_ack;
            link.last_ack += 1;
            link.acks.insert(id, ack);
            self.timers.set(Deadline::Ack(session, id), self.now.after(within));
            id
        });
        let (namespace, count) = (&link.namespace.0, args.attachments.len());
        let json = match &link.recovery {
            // After the arguments of a question comes the client's own answering function: no text is last.
            Some(_) if id.is_none() => Cow::Owned(marked(&args.json.0, &offset)),
            Some(_) | None => Cow::Borrowed(args.json.0.as_str()),
        };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut frame = socket::event_start_with(namespace, count, id, name);
        if !json.is_empty() {
            frame.push(',');
            frame.push_str(&json);
        }
        frame.push(']');
        if id.is_some() {
            return self.links.send_with(session, frame.into(), &args.attachments);
        }
        self.links.tell(session, || offset, frame.into(), &args.attachments);
    }

    /// A client acknowledges; what nobody asked for, or not any more, is nothing.
    pub(crate) fn acked(&mut self, session: SessionId, id: u64, args: Args) {
        self.timers.clear(&Deadline::Ack(session, id));
        self.settle_ack(session, id, Ok(args));
    }

    pub(crate) fn settle_ack(&mut self, session: SessionId, id: u64, answer: Result<Args, Unanswered>) {
        if let Some(ack) = self.links.get_mut(session).and_then(|link| link.acks.remove(&id)) {
            self.links.push(Output::Acked { ack, answer });
        }
    }

    pub(crate) fn lose_acks(&mut self, session: SessionId) {
        let Some(link) = self.links.get_mut(session) else { return };
        for (id, ack) in std::mem::take(&mut link.acks) {
            self.timers.clear(&Deadline::Ack(session, id));
            self.links.push(Output::Acked { ack, answer: Err(Unanswered::Gone) });
        }
    }
}
