//! Socket.IO's own recovery of a session (`pid`), where the app turns it on (V1, C12): while a client is away its session
//! stays in its rooms and keeps what it would have been sent; whoever comes back with its secret, as the same person, goes
//! on. Every event carries an offset as its last argument, so that no other text can be taken for one. Sessions that speak
//! the dialect do not need it. It sends nothing itself.

use std::collections::VecDeque;
use std::sync::Arc;

use tidewire_wire::json::{Scanner, ValueKind};

use crate::Hub;
use crate::event::Frame;
use crate::hub::Deadline;
use crate::ids::SessionId;
use crate::io::{Binary, CloseReason, Json};
use crate::limits;
use crate::session::Phase;

/// One event as it was sent, with its offset.
struct Sent {
    offset: Arc<str>,
    frame: Frame,
    attachments: Vec<Binary>,
}

/// What a session keeps for the case that its client comes back.
pub(crate) struct Recovery {
    pub(crate) pid: Arc<str>,
    /// Its client is away.
    pub(crate) suspended: bool,
    sent: VecDeque<Sent>,
    bytes: u64,
    /// The beginning is missing.
    trimmed: bool,
}

impl Recovery {
    pub(crate) fn new(pid: Arc<str>) -> Box<Recovery> {
        Box::new(Recovery { pid, suspended: false, sent: VecDeque::new(), bytes: 0, trimmed: false })
    }

    pub(crate) fn keep(&mut self, offset: Arc<str>, frame: Frame, attachments: &[Binary]) {
        self.bytes += frame.bytes();
        self.sent.push_back(Sent { offset, frame, attachments: attachments.to_vec() });
        while self.bytes > limits::RECOVERY_BYTES {
            let Some(oldest) = self.sent.pop_front() else { return };
            self.bytes -= oldest.frame.bytes();
            self.trimmed = true;
        }
    }

    /// How many of the newest events a client lacks that has seen this one; `None` if that cannot be told.
    fn missed(&self, offset: Option<&str>) -> Option<usize> {
        match offset {
            Some(offset) => {
                let newer = self.sent.iter().rev().position(|sent| &*sent.offset == offset);
                newer.or_else(|| (offset.is_empty() && !self.trimmed).then_some(self.sent.len()))
            }
            None => (!self.trimmed).then_some(self.sent.len()),
        }
    }
}

/// What a returning client says: its secret, and the last offset that it has seen.
pub(crate) struct Return {
    pub(crate) pid: String,
    offset: Option<String>,
}

impl Return {
    pub(crate) fn parse(auth: &Json) -> Option<Return> {
        let mut scanner = Scanner::new(&auth.0);
        let (mut pid, mut offset) = (None, None);
        scanner.enter_object().ok()?;
        while let Some(key) = scanner.key().ok()? {
            match (&*key, scanner.peek().ok()?) {
                ("pid", ValueKind::String) => pid = Some(scanner.string().ok()?.into_owned()),
                ("offset", ValueKind::String) => offset = Some(scanner.string().ok()?.into_owned()),
                _ => scanner.value().map(drop).ok()?,
            }
        }
        Some(Return { pid: pid?, offset })
    }
}

impl Hub {
    /// A client comes back as the person that it was: its new session takes over what the old one has. Whether it did.
    pub(crate) fn recover(&mut self, session: SessionId, back: &Return) -> bool {
        let Some(old) = self.recoverable.get(&*back.pid).copied() else { return false };
        let Some((from, to)) = self.links.get(old).zip(self.links.get(session)) else { return false };
        let missed = from.recovery.as_ref().and_then(|kept| kept.missed(back.offset.as_deref()));
        let same = from.user().is_some() && from.user() == to.user() && from.namespace == to.namespace;
        let (Some(missed), true) = (missed, same && old != session) else { return false };
        let Phase::Connected { socket, .. } = &from.phase else { return false };
        let socket = socket.clone();
        let Some(from) = self.links.get_mut(old) else { return false };
        let Some(mut recovery) = from.recovery.take() else { return false };
        let rooms = std::mem::take(&mut from.rooms);
        let was_open = from.open;
        self.timers.clear(&Deadline::Forget(old));
        recovery.suspended = false;
        for id in &rooms {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            if let Some(mut member) = room.members.remove(&old) {
                member.reading = None;
                room.members.insert(session, member);
            }
        }
        if was_open {
            // Its transport has died, only nobody has noticed yet.
            self.links.close(old, CloseReason::Replaced);
        } else {
            self.forget_if_done(old);
        }
        self.recoverable.insert(recovery.pid.clone(), session);
        let first = recovery.sent.len() - missed;
        let again: Vec<_> =
            recovery.sent.range(first..).map(|sent| (sent.frame.clone(), sent.attachments.clone())).collect();
        if let Some(to) = self.links.get_mut(session) {
            if let Phase::Connected { socket: id, .. } = &mut to.phase {
                *id = socket;
            }
            to.recovery = Some(recovery);
            to.rechecks = rooms.iter().cloned().collect();
            to.rooms = rooms.clone();
        }
        self.answer_connect(session);
        for (frame, attachments) in again {
            self.links.send_with(session, frame, &attachments);
        }
        for room in &rooms {
            self.send_presence(room, session);
            self.pump(room, session);
        }
        // What the person may see was decided when they joined.
        self.recheck(session);
        true
    }

    /// The transport of a session has ended; whether the session waits for its client.
    pub(crate) fn suspend(&mut self, session: SessionId) -> bool {
        let Some(link) = self.links.get_mut(session).filter(|link| link.user().is_some()) else {
            return false;
        };
        let Some(recovery) = &mut link.recovery else { return false };
        recovery.suspended = true;
        self.timers.set(Deadline::Forget(session), self.now.after(self.config.recovery_time));
        true
    }

    /// The client of a suspended session did not come back, or need not.
    pub(crate) fn forget_recovery(&mut self, session: SessionId) {
        self.timers.clear(&Deadline::Forget(session));
        let Some(recovery) = self.links.get_mut(session).and_then(|link| link.recovery.take()) else {
            return;
        };
        self.recoverable.remove(&recovery.pid);
        if recovery.suspended {
            self.leave_all(session);
            self.forget_if_done(session);
        }
    }

    /// An offset for an event that has no place in a history.
    pub(crate) fn next_offset(&mut self) -> Arc<str> {
        self.last_offset += 1;
        format!("x{}", self.last_offset).into()
    }
}
