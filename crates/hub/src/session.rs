//! One connection: where it stands, what waits for its handlers, what waits for its socket. It does not know other
//! connections or what is in a room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tidewire_wire::socket;

use crate::emit::Emit;
use crate::event::{Form, Frame};
use crate::ids::AckId;
use crate::ids::{Epoch, Namespace, Offset, RequestId, RoomId, SessionId, SocketId, UserId};
use crate::io::{Args, Binary, CloseReason, Event, Json, Note, Output, Token};
use crate::msgpack;
use crate::recovery::{Recovery, Return};
use crate::streams::StreamKey;

/// The namespace that every connection begins with.
pub(crate) const MAIN: &str = "/";
/// Ids of sessions in other namespaces, which the hub makes, are above; those of connections below.
const OTHERS: u64 = 1 << 63;

/// Whether the connection has a Socket.IO session.
pub(crate) enum Phase {
    /// It has none yet, or no more.
    Bare,
    /// It has.
    Connected { user: UserId, socket: SocketId, dialect: bool },
}

/// What a client asked for; done one after the other in the order of arrival (V8).
pub(crate) enum Task {
    Connect {
        token: Option<Token>,
        auth: Json,
        dialect: bool,
    },
    Disconnect,
    Event {
        name: String,
        args: Args,
        ack: Option<u64>,
    },
    /// The app is told of the session.
    Greet,
}

impl Task {
    fn bytes(&self) -> usize {
        match self {
            Task::Connect { token, auth, .. } => {
                token.as_ref().map_or(0, |token| token.0.len()) + auth.0.len()
            }
            Task::Disconnect | Task::Greet => 0,
            Task::Event { name, args, .. } => name.len() + args.bytes(),
        }
    }
}

/// A join on its way (V3).
pub(crate) struct Join {
    pub(crate) room: RoomId,
    pub(crate) since: Option<(Epoch, Offset)>,
    pub(crate) ack: Option<u64>,
    pub(crate) earliest: Offset,
    /// The question that it waits for.
    pub(crate) asked: RequestId,
    /// The question whether this person may.
    pub(crate) authorized: RequestId,
}

/// What the connection's current task waits for.
pub(crate) enum Busy {
    Authenticating {
        request: RequestId,
        dialect: bool,
        /// It says that it has been here.
        back: Option<Box<Return>>,
    },
    Authorizing {
        join: Join,
    },
    /// For the room's head, which is read once for all.
    Loading {
        join: Join,
    },
    /// Whether the history really is as far as the client says; the feed is not there yet.
    Verifying {
        join: Join,
    },
    /// For the first events after `since`.
    Reading {
        request: RequestId,
        join: Join,
    },
    Handling {
        request: RequestId,
        ack: Option<u64>,
        /// What acknowledges the events behind it.
        behind: VecDeque<Option<u64>>,
    },
    /// For a reliable emit's handler, or for its turn.
    Emitting {
        emit: Emit,
    },
}

impl Busy {
    /// The join that is waited for.
    pub(crate) fn join(&self) -> Option<&Join> {
        match self {
            Busy::Authorizing { join }
            | Busy::Loading { join }
            | Busy::Verifying { join }
            | Busy::Reading { join, .. } => Some(join),
            Busy::Authenticating { .. } | Busy::Handling { .. } | Busy::Emitting { .. } => None,
        }
    }

    pub(crate) fn into_join(self) -> Option<Join> {
        match self {
            Busy::Authorizing { join }
            | Busy::Loading { join }
            | Busy::Verifying { join }
            | Busy::Reading { join, .. } => Some(join),
            Busy::Authenticating { .. } | Busy::Handling { .. } | Busy::Emitting { .. } => None,
        }
    }
}

/// A packet whose attachments are still coming.
pub(crate) struct Partial {
    /// The packet, without the Engine.IO type.
    pub(crate) text: String,
    pub(crate) announced: u32,
    pub(crate) parts: Vec<Binary>,
    pub(crate) bytes: usize,
}

/// A connection, or one more namespace on a connection, which then is its parent.
pub(crate) struct Session {
    pub(crate) namespace: Namespace,
    pub(crate) parent: Option<SessionId>,
    /// Its other namespaces.
    pub(crate) children: BTreeMap<Namespace, SessionId>,
    /// A packet that is not complete.
    pub(crate) partial: Option<Box<Partial>>,
    /// It speaks MessagePack; known once its first packet came.
    pub(crate) packed: Option<bool>,
    /// The app has ended it: what still comes for it is on its way in vain.
    pub(crate) dismissed: bool,
    /// For a client that may come back, where Socket.IO's own recovery is on.
    pub(crate) recovery: Option<Box<Recovery>>,
    /// Acknowledgements that the client owes.
    pub(crate) acks: BTreeMap<u64, AckId>,
    pub(crate) last_ack: u64,
    pub(crate) phase: Phase,
    /// The transport is there. Without it, only events that had arrived are still handled.
    pub(crate) open: bool,
    pub(crate) busy: Option<Busy>,
    /// Something came in since the last ping.
    pub(crate) heard: bool,
    pub(crate) paused: bool,
    /// Nothing is read of it for a while, because its person sent too much.
    pub(crate) limited: bool,
    pub(crate) rooms: BTreeSet<RoomId>,
    /// Rooms whose history waits until the queue is shorter.
    pub(crate) behind: BTreeSet<RoomId>,
    /// The streams of reliable emits that came over it.
    pub(crate) streams: BTreeSet<StreamKey>,
    /// A fresh token that is being checked, and what acknowledges it.
    pub(crate) refresh: Option<(RequestId, Option<u64>)>,
    /// Rooms whose access is to be checked again.
    pub(crate) rechecks: VecDeque<RoomId>,
    /// The one that is asked about now.
    pub(crate) rechecking: Option<(RequestId, RoomId)>,
    tasks: VecDeque<Task>,
    task_bytes: usize,
    queued: u64,
}

impl Session {
    pub(crate) fn new(namespace: Namespace, parent: Option<SessionId>) -> Self {
        Session {
            namespace,
            parent,
            children: BTreeMap::new(),
            partial: None,
            packed: None,
            dismissed: false,
            recovery: None,
            acks: BTreeMap::new(),
            last_ack: 0,
            phase: Phase::Bare,
            open: true,
            busy: None,
            heard: false,
            paused: false,
            limited: false,
            rooms: BTreeSet::new(),
            behind: BTreeSet::new(),
            streams: BTreeSet::new(),
            refresh: None,
            rechecks: VecDeque::new(),
            rechecking: None,
            tasks: VecDeque::new(),
            task_bytes: 0,
            queued: 0,
        }
    }

    pub(crate) fn dialect(&self) -> bool {
        match self.phase {
            Phase::Connected { dialect, .. } => dialect,
            Phase::Bare => false,
        }
    }

    pub(crate) fn form(&self) -> Form {
        Form { dialect: self.dialect(), packed: self.packed == Some(true), marked: self.recovery.is_some() }
    }

    pub(crate) fn user(&self) -> Option<&UserId> {
        match &self.phase {
            Phase::Connected { user, .. } => Some(user),
            Phase::Bare => None,
        }
    }

    pub(crate) fn push(&mut self, task: Task) {
        self.task_bytes += task.bytes();
        self.tasks.push_back(task);
    }

    /// Before all that waits.
    pub(crate) fn push_first(&mut self, task: Task) {
        self.task_bytes += task.bytes();
        self.tasks.push_front(task);
    }

    pub(crate) fn pop(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front()?;
        self.task_bytes -= task.bytes();
        Some(task)
    }

    /// The next task, if it is such an event.
    pub(crate) fn pop_event_if(
        &mut self,
        fits: impl FnOnce(&str, &Args) -> bool,
    ) -> Option<(Event, Option<u64>)> {
        let Some(Task::Event { name, args, .. }) = self.tasks.front() else { return None };
        if !fits(name, args) {
            return None;
        }
        let Some(Task::Event { name, args, ack }) = self.pop() else { return None };
        Some((Event { name, args }, ack))
    }

    /// Drops what was sent on the assumption that a CONNECT would be granted.
    pub(crate) fn drop_until_connect(&mut self) {
        while !matches!(self.tasks.front(), None | Some(Task::Connect { .. })) {
            self.pop();
        }
    }

    /// Keeps only events, for the app's handlers.
    pub(crate) fn keep_events(&mut self) {
        self.tasks.retain(|task| matches!(task, Task::Event { .. }));
        self.task_bytes = self.tasks.iter().map(Task::bytes).sum();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.busy.is_none() && self.tasks.is_empty()
    }

    pub(crate) fn backlog(&self) -> (usize, usize) {
        (self.tasks.len(), self.task_bytes)
    }

    pub(crate) fn queued(&self) -> u64 {
        self.queued
    }
}

/// All connections and the queue of outputs.
pub(crate) struct Links {
    sessions: BTreeMap<SessionId, Session>,
    out: VecDeque<Output>,
    /// Those whose transport ended in this step; the hub cleans up after them.
    ended: Vec<SessionId>,
    queue_bytes: u64,
    last_other: u64,
}

impl Links {
    pub(crate) fn new(queue_bytes: u64) -> Self {
        Links {
            sessions: BTreeMap::new(),
            out: VecDeque::new(),
            ended: Vec::new(),
            queue_bytes,
            last_other: OTHERS,
        }
    }

    pub(crate) fn insert(&mut self, id: SessionId, session: Session) {
        self.sessions.insert(id, session);
    }

    pub(crate) fn remove(&mut self, id: SessionId) {
        self.sessions.remove(&id);
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    /// The connection, if its transport is there.
    pub(crate) fn open_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id).filter(|session| session.open)
    }

    /// All sessions, those that wait for their client included.
    pub(crate) fn ids(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }

    /// Connections, without their other namespaces.
    pub(crate) fn open_ids(&self) -> Vec<SessionId> {
        let links = self.sessions.iter().filter(|(_, session)| session.open && session.parent.is_none());
        links.map(|(id, _)| *id).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.values().filter(|session| session.parent.is_none()).count()
    }

    /// The connection of a session.
    pub(crate) fn link_of(&self, id: SessionId) -> SessionId {
        self.sessions.get(&id).and_then(|session| session.parent).unwrap_or(id)
    }

    /// A session in another namespace of this connection; made if there is none.
    pub(crate) fn other(&mut self, link: SessionId, namespace: &Namespace) -> Option<SessionId> {
        let fresh = SessionId(self.last_other + 1);
        let parent = self.open_mut(link)?;
        if let Some(known) = parent.children.get(namespace) {
            return Some(*known);
        }
        parent.children.insert(namespace.clone(), fresh);
        self.last_other = fresh.0;
        self.sessions.insert(fresh, Session::new(namespace.clone(), Some(link)));
        Some(fresh)
    }

    /// All that waits for handlers of a connection.
    pub(crate) fn backlog(&self, link: SessionId) -> (usize, usize) {
        let Some(session) = self.sessions.get(&link) else { return (0, 0) };
        let others = session.children.values().filter_map(|id| self.sessions.get(id));
        let add = |sum: (usize, usize), next: (usize, usize)| (sum.0 + next.0, sum.1 + next.1);
        others.map(Session::backlog).fold(session.backlog(), add)
    }

    /// Whether somebody is signed in on a connection.
    pub(crate) fn is_connected(&self, link: SessionId) -> bool {
        let Some(session) = self.sessions.get(&link) else { return false };
        let mut others = session.children.values().filter_map(|id| self.sessions.get(id));
        session.user().is_some() || others.any(|other| other.user().is_some())
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.out.push_back(Output::Log(note));
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Queues a frame. A connection that has too much waiting is closed instead (V8).
    pub(crate) fn send(&mut self, id: SessionId, frame: Frame) {
        self.send_with(id, frame, &[]);
    }

    /// Queues a frame and its attachments.
    pub(crate) fn send_with(&mut self, id: SessionId, frame: Frame, attachments: &[Binary]) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let (id, session) = match session.parent {
            None => (id, session),
            Some(link) => match self.sessions.get_mut(&link) {
                Some(session) => (link, session),
                None => return,
            },
        };
        if !session.open {
            return;
        }
        let packed = session.packed == Some(true);
        let frame = if packed { msgpack::packed(frame, attachments) } else { frame };
        let beside = if packed { &[] } else { attachments };
        let bytes = frame.bytes() + beside.iter().map(|part| part.0.len() as u64).sum::<u64>();
        if session.queued + bytes > self.queue_bytes {
            return self.close(id, CloseReason::Slow);
        }
        session.queued += bytes;
        self.out.push_back(Output::Send { session: id, frame });
        for part in beside {
            self.out.push_back(Output::Send { session: id, frame: Frame::Binary(part.0.clone()) });
        }
    }

    /// Sends an event, and keeps it for a client that may come back.
    pub(crate) fn tell(
        &mut self,
        id: SessionId,
        offset: impl FnOnce() -> Arc<str>,
        frame: Frame,
        parts: &[Binary],
    ) {
        if let Some(recovery) = self.sessions.get_mut(&id).and_then(|session| session.recovery.as_mut()) {
            recovery.keep(offset(), frame.clone(), parts);
        }
        if self.sessions.get(&id).is_some_and(|session| session.open) {
            self.send_with(id, frame, parts);
        }
    }

    /// Answers an event.
    pub(crate) fn acknowledge(&mut self, id: SessionId, ack: u64, answer: &Args) {
        let Some(session) = self.sessions.get(&id) else { return };
        let (namespace, count) = (&session.namespace.0, answer.attachments.len());
        // More than a packet can announce never comes here.
        let mut frame = socket::ack_start_with(namespace, u32::try_from(count).unwrap_or(u32::MAX), ack);
        frame.reserve(answer.json.0.len() + 1);
        frame.push_str(&answer.json.0);
        frame.push(']');
        self.send_with(id, frame.into(), &answer.attachments);
    }

    pub(crate) fn flushed(&mut self, id: SessionId, bytes: u64) {
        if let Some(session) = self.open_mut(id) {
            session.queued = session.queued.saturating_sub(bytes);
        }
    }

    /// Closes a connection from our side.
    pub(crate) fn close(&mut self, id: SessionId, reason: CloseReason) {
        let id = self.link_of(id);
        if self.end(id) {
            self.out.push_back(Output::Close { session: id, reason });
            self.out.push_back(Output::Log(Note::Closed { session: id, reason }));
        }
    }

    /// The transport, or the one namespace, is gone; whether it was there.
    pub(crate) fn end(&mut self, id: SessionId) -> bool {
        let Some(session) = self.open_mut(id) else { return false };
        session.open = false;
        let parent = session.parent;
        let (namespace, others) = (session.namespace.clone(), std::mem::take(&mut session.children));
        if let Some(parent) = parent.and_then(|parent| self.sessions.get_mut(&parent)) {
            parent.children.remove(&namespace);
        }
        self.ended.push(id);
        for other in others.into_values() {
            self.end(other);
        }
        true
    }

    pub(crate) fn pop_ended(&mut self) -> Option<SessionId> {
        self.ended.pop()
    }
}
