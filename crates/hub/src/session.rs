//! One connection: where it stands, what waits for its handlers, what waits for its socket. It does not know other
//! connections or what is in a room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::emit::Emit;
use crate::event::Frame;
use crate::ids::{Epoch, Offset, RequestId, RoomId, SessionId, SocketId, UserId};
use crate::io::{CloseReason, Note, Output, Token};
use crate::streams::StreamKey;

/// Whether the connection has a Socket.IO session.
pub(crate) enum Phase {
    /// It has none yet, or no more.
    Bare,
    /// It has.
    Connected { user: UserId, socket: SocketId, dialect: bool },
}

/// What a client asked for; done one after the other in the order of arrival (V8).
pub(crate) enum Task {
    Connect { token: Option<Token>, dialect: bool },
    Disconnect,
    Event { name: String, args: String, ack: Option<u64> },
}

impl Task {
    fn bytes(&self) -> usize {
        match self {
            Task::Connect { token, .. } => token.as_ref().map_or(0, |token| token.0.len()),
            Task::Disconnect => 0,
            Task::Event { name, args, .. } => name.len() + args.len(),
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

pub(crate) struct Session {
    pub(crate) phase: Phase,
    /// The transport is there. Without it, only events that had arrived are still handled.
    pub(crate) open: bool,
    pub(crate) busy: Option<Busy>,
    /// Something came in since the last ping.
    pub(crate) heard: bool,
    pub(crate) paused: bool,
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
    pub(crate) fn new() -> Self {
        Session {
            phase: Phase::Bare,
            open: true,
            busy: None,
            heard: false,
            paused: false,
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

    pub(crate) fn pop(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front()?;
        self.task_bytes -= task.bytes();
        Some(task)
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
}

impl Links {
    pub(crate) fn new(queue_bytes: u64) -> Self {
        Links { sessions: BTreeMap::new(), out: VecDeque::new(), ended: Vec::new(), queue_bytes }
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

    pub(crate) fn open_ids(&self) -> Vec<SessionId> {
        self.sessions.iter().filter(|(_, session)| session.open).map(|(id, _)| *id).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
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
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.open) else { return };
        if session.queued + frame.len() > self.queue_bytes {
            return self.close(id, CloseReason::Slow);
        }
        session.queued += frame.len();
        self.out.push_back(Output::Send { session: id, frame });
    }

    pub(crate) fn flushed(&mut self, id: SessionId, bytes: u64) {
        if let Some(session) = self.open_mut(id) {
            session.queued = session.queued.saturating_sub(bytes);
        }
    }

    /// Closes a connection from our side.
    pub(crate) fn close(&mut self, id: SessionId, reason: CloseReason) {
        if self.end(id) {
            self.out.push_back(Output::Close { session: id, reason });
            self.out.push_back(Output::Log(Note::Closed { session: id, reason }));
        }
    }

    /// The transport is gone; whether it was there.
    pub(crate) fn end(&mut self, id: SessionId) -> bool {
        let Some(session) = self.open_mut(id) else { return false };
        session.open = false;
        self.ended.push(id);
        true
    }

    pub(crate) fn pop_ended(&mut self) -> Option<SessionId> {
        self.ended.pop()
    }
}
