//! The hub itself: it routes facts to the part that decides, keeps the deadlines, and cleans up after connections.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tidewire_wire::engine::{Handshake, PacketType};
use tidewire_wire::{dialect, engine, names};

use crate::audit::Audit;
use crate::event::{Frame, Shared, marked};
use crate::feed::Reads;
use crate::frames::unknown_event;
use crate::ids::{Millis, Namespace, RequestId, RoomId, SessionId, Timestamp, UserId};
use crate::io::{Answer, Args, CloseReason, Ephemeral, Input, Note, Output, Transport, Unanswered};
use crate::limits;
use crate::presence::{self, Presence, Rates};
use crate::rate::Rate;
use crate::room::Room;
use crate::session::{Busy, Links, MAIN, Session};
use crate::streams::{StreamKey, Streams};
use crate::timers::Timers;

/// What may be set differently. The defaults are those of [`limits`].
#[derive(Clone, Debug)]
pub struct Config {
    /// See [`limits::PING_INTERVAL`].
    pub ping_interval: Millis,
    /// See [`limits::PING_TIMEOUT`].
    pub ping_timeout: Millis,
    /// See [`limits::CONNECT_TIMEOUT`].
    pub connect_timeout: Millis,
    /// See [`limits::EXPIRY_GRACE`].
    pub expiry_grace: Millis,
    /// See [`limits::PRESENCE_GRACE`].
    pub presence_grace: Millis,
    /// Members of this room are told who comes and goes; `None`: nobody is.
    pub presence_room: Option<RoomId>,
    /// Namespaces beside the main one.
    pub namespaces: BTreeSet<Namespace>,
    /// Clients may speak MessagePack (`socket.io-msgpack-parser`) instead of JSON.
    pub msgpack: bool,
    /// Socket.IO's own recovery of sessions, for clients that do not speak the dialect.
    pub recovery: bool,
    /// See [`limits::RECOVERY_TIME`].
    pub recovery_time: Millis,
    /// For the published suite of Engine.IO, which wants a server below Socket.IO: messages are sent back as they came.
    #[doc(hidden)]
    pub echo: bool,
    /// Which process this is: random, told to clients (protocol section 6). Empty: not told.
    pub instance: Arc<str>,
    /// See [`limits::AUDIT_INTERVAL`].
    pub audit_interval: Millis,
    /// See [`limits::FRAME_BYTES`].
    pub frame_bytes: u64,
    /// See [`limits::QUEUE_BYTES`].
    pub queue_bytes: u64,
    /// See [`limits::CATCH_UP_BYTES`].
    pub catch_up_bytes: u64,
    /// See [`limits::RING_EVENTS`].
    pub ring_events: usize,
    /// See [`limits::RING_BYTES`].
    pub ring_bytes: u64,
    /// See [`limits::IDLE_ROOMS`].
    pub idle_rooms: usize,
    /// See [`limits::SESSIONS_PER_USER`].
    pub sessions_per_user: usize,
    /// See [`limits::CONNECTS_PER_SECOND`].
    pub connects_per_user: Rate,
    /// See [`limits::MESSAGES_PER_SECOND`].
    pub messages_per_user: Rate,
    /// See [`limits::SNAPSHOT_PEOPLE`].
    pub snapshot_people: usize,
    /// See [`limits::ROOMS`].
    pub rooms: usize,
    /// See [`limits::MISSED_EVENTS`].
    pub missed_events: u64,
    /// See [`limits::READ_EVENTS`].
    pub read_events: usize,
    /// Events of one connection that the host is asked to handle at once: 1 unless it knows [`Output::Dispatch`]'s `behind`. See
    /// [`limits::BATCH_EVENTS`].
    pub batch_events: usize,
    /// See [`limits::INBOX_EVENTS`].
    pub inbox_events: usize,
    /// See [`limits::INBOX_BYTES`].
    pub inbox_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            ping_interval: limits::PING_INTERVAL,
            ping_timeout: limits::PING_TIMEOUT,
            connect_timeout: limits::CONNECT_TIMEOUT,
            expiry_grace: limits::EXPIRY_GRACE,
            presence_grace: limits::PRESENCE_GRACE,
            presence_room: None,
            namespaces: BTreeSet::new(),
            msgpack: false,
            recovery: false,
            recovery_time: limits::RECOVERY_TIME,
            echo: false,
            instance: "".into(),
            audit_interval: limits::AUDIT_INTERVAL,
            frame_bytes: limits::FRAME_BYTES,
            queue_bytes: limits::QUEUE_BYTES,
            catch_up_bytes: limits::CATCH_UP_BYTES,
            ring_events: limits::RING_EVENTS,
            ring_bytes: limits::RING_BYTES,
            idle_rooms: limits::IDLE_ROOMS,
            sessions_per_user: limits::SESSIONS_PER_USER,
            connects_per_user: Rate { per_second: limits::CONNECTS_PER_SECOND, burst: limits::CONNECT_BURST },
            messages_per_user: Rate { per_second: limits::MESSAGES_PER_SECOND, burst: limits::MESSAGE_BURST },
            snapshot_people: limits::SNAPSHOT_PEOPLE,
            rooms: limits::ROOMS,
            missed_events: limits::MISSED_EVENTS,
            read_events: limits::READ_EVENTS,
            batch_events: 1,
            inbox_events: limits::INBOX_EVENTS,
            inbox_bytes: limits::INBOX_BYTES,
        }
    }
}

/// Whom an answer is for. Readings of the history are in [`Reads`].
pub(crate) enum Asked {
    Authenticate(SessionId),
    Authorize(SessionId),
    RoomHead(RoomId),
    VerifyHead(SessionId),
    Handle(SessionId),
    Emit(StreamKey, u64),
    Refresh(SessionId),
    Recheck(SessionId),
    Audit,
}

/// Deadlines, keyed by their reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deadline {
    /// Ask for a sign of life.
    Ping(SessionId),
    /// The sign of life is overdue.
    Pong(SessionId),
    /// No granted CONNECT.
    Connect(SessionId),
    /// The token expired.
    Expiry(SessionId),
    /// The client of a suspended session has not come back.
    Forget(SessionId),
    /// The next round of the audit.
    Audit,
    /// What the feed has not brought is read.
    Heal,
    /// An acknowledgement is overdue.
    Ack(SessionId, u64),
    /// This person is offline.
    Offline(UserId),
    /// A stream of reliable emits is forgotten.
    Stream(StreamKey),
    /// This connection sent too much for a while, which is over.
    Limited(SessionId),
    /// It is this connection's turn to be sent away.
    Farewell(SessionId),
    /// The access to some rooms is to be checked again.
    Recheck(SessionId),
}

/// The state machine. See the [crate's page](crate) for how it is run.
pub struct Hub {
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) links: Links,
    pub(crate) rooms: BTreeMap<RoomId, Room>,
    /// Rooms that became idle, oldest first; some may be in use again.
    pub(crate) idle: VecDeque<RoomId>,
    pub(crate) reads: Reads,
    pub(crate) asked: BTreeMap<RequestId, Asked>,
    pub(crate) last_request: RequestId,
    pub(crate) audit: Audit,
    pub(crate) streams: Streams,
    /// Sessions that may come back, by their secret.
    pub(crate) recoverable: BTreeMap<Arc<str>, SessionId>,
    pub(crate) last_offset: u64,
    pub(crate) timers: Timers<Deadline>,
    pub(crate) presence: Presence,
    draining: bool,
}

impl Hub {
    /// A hub without connections.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Hub {
            links: Links::new(config.queue_bytes),
            presence: Presence::new(Rates {
                messages: config.messages_per_user,
                connects: config.connects_per_user,
            }),
            config,
            now: Timestamp(0),
            rooms: BTreeMap::new(),
            idle: VecDeque::new(),
            reads: Reads::default(),
            asked: BTreeMap::new(),
            last_request: RequestId(0),
            audit: Audit::default(),
            streams: Streams::default(),
            recoverable: BTreeMap::new(),
            last_offset: 0,
            timers: Timers::new(),
            draining: false,
        }
    }

    /// Takes a fact in.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.now = self.now.max(now);
        match input {
            Input::Opened { session, sid, transport } => self.opened(session, sid, transport),
            Input::Received { session, frame } => self.received(session, frame),
            Input::Flushed { session, bytes } => self.flushed(session, bytes),
            Input::Closed { session } => {
                self.links.end(session);
            }
            Input::Authenticated { request, result } => match self.asked.remove(&request) {
                Some(Asked::Authenticate(session)) => {
                    self.authenticated(session, request, result);
                    self.run(session);
                }
                Some(Asked::Refresh(session)) => self.refreshed(session, request, result),
                Some(_) | None => {}
            },
            Input::Authorized { request, result } => match self.asked.remove(&request) {
                Some(Asked::Authorize(session)) => {
                    self.authorized(session, request, result);
                    self.run(session);
                }
                Some(Asked::Recheck(session)) => self.rechecked(session, request, result),
                Some(_) | None => {}
            },
            Input::HeadRead { request, result } => match self.asked.remove(&request) {
                Some(Asked::RoomHead(room)) => self.head_read(room, result),
                Some(Asked::Audit) => self.audited(result),
                Some(Asked::VerifyHead(session)) => {
                    self.verified(session, request, result);
                    self.run(session);
                }
                Some(_) | None => {}
            },
            Input::HistoryRead { request, result } => self.history_read(request, result),
            Input::Handled { request, answer } => self.answered(request, answer),
            Input::Returned { request, events } => {
                if let Some(Asked::Handle(session)) = self.asked.get(&request) {
                    self.returned(*session, request, events);
                }
            }
            Input::Committed(events) => self.committed(events),
            Input::Broadcast(event) => self.broadcast(event),
            Input::Emit { session, name, args, ack } => self.emit_to(session, &name, &args, ack),
            Input::Dismissed { session } => self.dismiss(session),
            Input::Revoked { user, room } => self.revoke(&user, &room),
            Input::Forgotten { user, rooms } => self.forget_user(&user, &rooms),
            Input::Timeout => self.timeout(),
            Input::Drain(farewell) => {
                self.draining = true;
                self.send_away(&farewell);
            }
        }
        self.clean_up();
    }

    /// The next effect, in the order of the host's work.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.links.poll()
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Connections that the hub knows, those whose last events are still being handled included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.links.len()
    }

    /// Rooms that the hub keeps in memory, idle ones included.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Streams of reliable emits that the hub keeps in memory.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    fn answered(&mut self, request: RequestId, answer: Answer) {
        if let Some(Asked::Handle(session)) = self.asked.get(&request) {
            return self.handled(*session, request, answer);
        }
        if let Some(Asked::Emit(key, number)) = self.asked.remove(&request) {
            let answer = match answer {
                Answer::Acknowledged(answer) => answer,
                Answer::Silent => Args::default(),
                Answer::Unhandled => unknown_event(),
            };
            self.emitted(&key, number, answer);
        }
    }

    fn opened(&mut self, session: SessionId, sid: String, transport: Transport) {
        self.links.insert(session, Session::new(MAIN.into(), None));
        if self.draining {
            return self.links.close(session, CloseReason::Drain);
        }
        let shake = Handshake {
            sid,
            upgrades: match transport {
                Transport::WebSocket => Vec::new(),
                Transport::Polling => vec!["websocket".to_owned()],
            },
            ping_interval_ms: self.config.ping_interval.0,
            ping_timeout_ms: self.config.ping_timeout.0,
            max_payload: self.config.frame_bytes,
        };
        self.links.send(session, Frame::from(shake.encode()));
        self.timers.set(Deadline::Ping(session), self.now.after(self.config.ping_interval));
        if !self.config.echo {
            self.timers.set(Deadline::Connect(session), self.now.after(self.config.connect_timeout));
        }
    }

    fn timeout(&mut self) {
        while let Some((at, deadline)) = self.timers.pop(self.now) {
            match deadline {
                Deadline::Ping(session) => self.ping(session, at),
                Deadline::Pong(session) => self.pong_overdue(session),
                Deadline::Connect(session) => self.links.close(session, CloseReason::NoConnect),
                Deadline::Expiry(session) => self.links.close(session, CloseReason::TokenExpired),
                Deadline::Audit => self.audit_round(),
                Deadline::Heal => self.heal(),
                Deadline::Forget(session) => self.forget_recovery(session),
                Deadline::Ack(session, id) => self.settle_ack(session, id, Err(Unanswered::TimedOut)),
                Deadline::Stream(key) => self.stream_expired(key),
                Deadline::Recheck(session) => self.recheck(session),
                Deadline::Limited(session) => self.unlimit(session),
                Deadline::Farewell(session) => self.links.close(session, CloseReason::Drain),
                Deadline::Offline(user) => {
                    if self.presence.expire(&user) {
                        self.tell_presence(presence::OFFLINE, &user);
                    }
                }
            }
        }
    }

    fn ping(&mut self, session: SessionId, due: Timestamp) {
        let Some(link) = self.links.open_mut(session) else { return };
        link.heard = false;
        self.links.send(session, Frame::from(engine::encode(PacketType::Ping, "")));
        // A host that wakes a little late adds nothing; one that slept gives the client its time.
        let on_time = due.after(limits::LATE) >= self.now;
        let from = if on_time { due } else { self.now };
        self.timers.set(Deadline::Pong(session), from.after(self.config.ping_timeout));
    }

    fn pong_overdue(&mut self, session: SessionId) {
        let Some(link) = self.links.open_mut(session) else { return };
        // Any frame is a sign of life, and while we read nothing its absence says nothing (V8).
        if link.heard || link.paused || link.limited {
            self.ping(session, self.now);
        } else {
            self.links.close(session, CloseReason::PingTimeout);
        }
    }

    pub(crate) fn ponged(&mut self, session: SessionId) {
        if self.timers.clear(&Deadline::Pong(session)) {
            self.timers.set(Deadline::Ping(session), self.now.after(self.config.ping_interval));
        }
    }

    fn broadcast(&mut self, event: Ephemeral) {
        let Ephemeral { room: id, from, name, args } = event;
        let known = self.rooms.get(&id);
        let is_member = |session| known.is_some_and(|room| room.members.contains_key(&session));
        if !names::is_name(&name) || &*name == tidewire_wire::head::ROOM_EVENT || !from.is_none_or(is_member)
        {
            return self.links.note(Note::BroadcastRefused { room: id });
        }
        let Some(room) = known else { return };
        let others: Vec<SessionId> = room.members.keys().copied().filter(|id| Some(*id) != from).collect();
        let mut plain = Shared::new(dialect::plain_frame(&name, &args.0));
        let mut kept = None;
        for session in others {
            let form = self.links.get(session).map(Session::form).unwrap_or_default();
            if !form.marked {
                self.links.send(session, plain.frame(form.packed));
                continue;
            }
            let (offset, frame) = kept.get_or_insert_with(|| {
                let offset = self.next_offset();
                let frame = Shared::new(dialect::plain_frame(&name, &marked(&args.0, &offset)));
                (offset, frame)
            });
            let (offset, frame) = (offset.clone(), frame.frame(form.packed));
            self.links.tell(session, || offset, frame, &[]);
        }
    }

    pub(crate) fn arrive(&mut self, user: &UserId) {
        self.timers.clear(&Deadline::Offline(user.clone()));
        if self.presence.arrive(user, self.now) {
            self.tell_presence(presence::ONLINE, user);
        }
    }

    pub(crate) fn depart(&mut self, user: &UserId) {
        if self.presence.depart(user) {
            self.timers.set(Deadline::Offline(user.clone()), self.now.after(self.config.presence_grace));
        }
    }

    fn tell_presence(&mut self, name: &str, user: &UserId) {
        let Some(room) = self.config.presence_room.clone() else { return };
        let args = self.presence.change(user);
        self.broadcast(Ephemeral { room, from: None, name: name.into(), args });
    }

    /// Who is online, for somebody who has come (back) into the room that is told of it; changes follow (V4).
    pub(crate) fn send_presence(&mut self, room: &RoomId, session: SessionId) {
        if self.config.presence_room.as_ref() == Some(room) {
            let args = Args::from(self.presence.snapshot(self.config.snapshot_people));
            self.emit_to(session, presence::SNAPSHOT, &args, None);
        }
    }

    /// Cleans up after connections whose transport ended. Events that had arrived are still handled.
    fn clean_up(&mut self) {
        while let Some(session) = self.links.pop_ended() {
            if !self.suspend(session) {
                self.leave_all(session);
            }
            self.lose_acks(session);
            self.unlink_streams(session);
            let own = [
                Deadline::Ping,
                Deadline::Pong,
                Deadline::Connect,
                Deadline::Expiry,
                Deadline::Recheck,
                Deadline::Limited,
                Deadline::Farewell,
            ];
            for deadline in own {
                self.timers.clear(&deadline(session));
            }
            let Some(link) = self.links.get_mut(session) else { continue };
            let user = link.user().cloned();
            if !matches!(link.busy, Some(Busy::Handling { .. } | Busy::Emitting { .. })) {
                link.busy = None;
            }
            match user {
                Some(user) => {
                    link.keep_events();
                    self.depart(&user);
                    self.run(session);
                    self.forget_if_done(session);
                }
                None => self.links.remove(session),
            }
        }
    }

    pub(crate) fn forget_if_done(&mut self, session: SessionId) {
        let over = |link: &Session| !link.open && link.is_idle() && link.recovery.is_none();
        if self.links.get(session).is_some_and(over) {
            self.links.remove(session);
        }
    }
}
