//! What a client sends: frames become packets, packets become tasks, tasks are done one after the other in each namespace
//! (V8). Whatever cannot be read closes its own connection with a named reason and disturbs nobody else (C11, V9). It does
//! not know what is in a room.

use std::collections::VecDeque;

use tidewire_wire::engine::{self, PacketType};
use tidewire_wire::socket::{self, Header, Kind};
use tidewire_wire::{FrameError, dialect, inband};

use crate::Hub;
use crate::event::Frame;
use crate::hub::{Asked, Deadline};
use crate::ids::{Namespace, RequestId, SessionId};
use crate::io::{Answer, Args, Binary, CloseReason, Event, Inbound, Json, Note, Output, Token};
use crate::limits;
use crate::msgpack;
use crate::session::{Busy, MAIN, Partial, Phase, Task};

/// The version of the dialect that this server speaks.
const DIALECT: u64 = 1;
/// Event that tells a client that nothing is read of it for so many milliseconds (protocol section 12).
const LIMITED: &str = "tw:limited";
/// Events of the main namespace that are not for the app.
const OURS: [&str; 5] = [dialect::JOIN, dialect::LEAVE, dialect::PROBE, inband::TOKEN, inband::EMIT];
/// Names that Socket.IO keeps for itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl Hub {
    pub(crate) fn received(&mut self, link: SessionId, frame: Inbound) {
        let Some(session) = self.links.open_mut(link) else { return };
        session.heard = true;
        let read = match frame {
            Inbound::Binary(bytes) if bytes.len() as u64 > self.config.frame_bytes => {
                Err(CloseReason::Oversized)
            }
            Inbound::Binary(bytes) => self.binary(link, bytes),
            Inbound::Unreadable => Err(CloseReason::WebSocket),
            Inbound::NoText => Err(CloseReason::NoText),
            Inbound::Oversized => Err(CloseReason::Oversized),
            Inbound::Text(text) if text.len() as u64 > self.config.frame_bytes => Err(CloseReason::Oversized),
            Inbound::Text(text) => self.packet(link, &text),
        };
        if let Err(reason) = read {
            self.links.close(link, reason);
        }
    }

    fn packet(&mut self, link: SessionId, text: &str) -> Result<(), CloseReason> {
        let (kind, data) = engine::parse(text).map_err(CloseReason::Malformed)?;
        match kind {
            PacketType::Pong => {
                self.ponged(link);
                Ok(())
            }
            PacketType::Noop => Ok(()),
            PacketType::Close => Err(CloseReason::Client),
            PacketType::Message if self.config.echo => {
                self.links.send(link, Frame::Text(text.into()));
                Ok(())
            }
            PacketType::Message => {
                let session = self.links.open_mut(link).ok_or(CloseReason::Client)?;
                if session.partial.is_some() {
                    return Err(CloseReason::Binary);
                }
                session.packed.get_or_insert(false);
                let header = socket::parse(data).map_err(CloseReason::Malformed)?;
                if header.attachments == 0 {
                    return self.message(link, &header, Vec::new());
                }
                let (text, announced) = (data.to_owned(), header.attachments);
                session.partial = Some(Box::new(Partial { text, announced, parts: Vec::new(), bytes: 0 }));
                Ok(())
            }
            // The server opens and pings; moving to another transport is its host's work.
            PacketType::Open | PacketType::Ping | PacketType::Upgrade => {
                Err(CloseReason::Malformed(FrameError::EngineType))
            }
        }
    }

    fn binary(&mut self, link: SessionId, bytes: Vec<u8>) -> Result<(), CloseReason> {
        if self.config.echo {
            self.links.send(link, Frame::Binary(bytes.into()));
            return Ok(());
        }
        let session = self.links.open_mut(link).ok_or(CloseReason::Client)?;
        let Some(partial) = &mut session.partial else {
            // A client with another parser shows it by its first packet.
            if !self.config.msgpack || !*session.packed.get_or_insert(true) {
                return Err(CloseReason::Binary);
            }
            let (text, parts) = msgpack::unpacked(&bytes).map_err(CloseReason::Malformed)?;
            let header = socket::parse(&text).map_err(CloseReason::Malformed)?;
            return self.message(link, &header, parts);
        };
        partial.bytes += bytes.len();
        if partial.bytes > limits::ATTACHMENT_BYTES {
            return Err(CloseReason::Oversized);
        }
        partial.parts.push(Binary(bytes.into()));
        if partial.parts.len() < partial.announced as usize {
            return Ok(());
        }
        let Some(whole) = session.partial.take() else { return Ok(()) };
        let header = socket::parse(&whole.text).map_err(CloseReason::Malformed)?;
        self.message(link, &header, whole.parts)
    }

    fn message(
        &mut self,
        link: SessionId,
        header: &Header<'_>,
        attachments: Vec<Binary>,
    ) -> Result<(), CloseReason> {
        let known = header.namespace == MAIN || self.config.namespaces.contains(header.namespace);
        if !known {
            if header.kind != Kind::Connect {
                return Err(CloseReason::NotConnected);
            }
            let refusal = socket::connect_error(header.namespace, "Invalid namespace", "");
            self.links.send(link, refusal.into());
            return Ok(());
        }
        let target = if header.namespace == MAIN {
            link
        } else if header.kind == Kind::Connect {
            self.links.other(link, &Namespace::from(header.namespace)).ok_or(CloseReason::Client)?
        } else {
            let other =
                self.links.get(link).and_then(|session| session.children.get(header.namespace).copied());
            // What was on its way when the app ended the session.
            let Some(other) = other else { return Ok(()) };
            other
        };
        self.count_message(link, target);
        let Some(task) = self.task(target, header, attachments)? else { return Ok(()) };
        if let Some(session) = self.links.open_mut(target) {
            session.push(task);
        }
        let (tasks, bytes) = self.links.backlog(link);
        let full = tasks > self.config.inbox_events || bytes > self.config.inbox_bytes;
        if let Some(session) = self.links.open_mut(link).filter(|session| full && !session.paused) {
            session.paused = true;
            if !session.limited {
                self.links.push(Output::Pause { session: link });
            }
        }
        self.run(target);
        Ok(())
    }

    /// What a packet asks for; none if that is done already.
    fn task(
        &mut self,
        target: SessionId,
        header: &Header<'_>,
        attachments: Vec<Binary>,
    ) -> Result<Option<Task>, CloseReason> {
        Ok(Some(match header.kind {
            Kind::Connect => {
                let auth = dialect::ConnectAuth::parse(header.rest).map_err(CloseReason::Malformed)?;
                Task::Connect {
                    token: auth.token.map(|token| Token(token.into_owned())),
                    auth: Json(header.rest.to_owned()),
                    dialect: auth.tidewire >= DIALECT && header.namespace == MAIN,
                }
            }
            Kind::ConnectError => return Err(CloseReason::Malformed(FrameError::SocketType)),
            Kind::Disconnect => Task::Disconnect,
            Kind::Ack | Kind::BinaryAck => {
                let args = socket::ack_args(header.rest).map_err(CloseReason::Malformed)?;
                let id = header.id.ok_or(CloseReason::Malformed(FrameError::AckId))?;
                self.acked(target, id, Args { json: Json(args.to_owned()), attachments });
                return Ok(None);
            }
            Kind::Event | Kind::BinaryEvent => {
                let data = socket::event_data(header.rest).map_err(CloseReason::Malformed)?;
                if RESERVED.contains(&&*data.name) {
                    return Err(CloseReason::Malformed(FrameError::EventName));
                }
                if header.namespace == MAIN {
                    // Whether the link is alive must not wait for a slow handler (C4).
                    let answered = data.name == dialect::PROBE && self.answer_probe(target, header.id);
                    // Nor must a token that runs out (C5).
                    if answered || data.name == inband::TOKEN && self.refresh(target, data.args, header.id) {
                        return Ok(None);
                    }
                }
                let args = Args { json: Json(data.args.to_owned()), attachments };
                Task::Event { name: data.name.into_owned(), args, ack: header.id }
            }
        }))
    }

    fn answer_probe(&mut self, session: SessionId, ack: Option<u64>) -> bool {
        let connected = self.links.get(session).is_some_and(|link| link.user().is_some());
        if let Some(ack) = ack.filter(|_| connected) {
            self.links.send(session, socket::ack(MAIN, ack, "").into());
        }
        connected
    }

    /// Does what waits, until something must be waited for.
    pub(crate) fn run(&mut self, session: SessionId) {
        loop {
            let Some(link) = self.links.get_mut(session).filter(|link| link.busy.is_none()) else { return };
            let Some(task) = link.pop() else { break };
            self.resume(session);
            match task {
                Task::Connect { token, auth, dialect } => self.connect(session, token, auth, dialect),
                Task::Disconnect => self.disconnect(session),
                Task::Event { name, args, ack } => self.event(session, name, args, ack),
                Task::Greet => self.dispatch(session, "connect".to_owned(), Args::default(), None, 1),
            }
        }
        self.end_if_bare(session);
    }

    fn resume(&mut self, session: SessionId) {
        let link = self.links.link_of(session);
        if !self.links.get(link).is_some_and(|session| session.paused) {
            return;
        }
        let (tasks, bytes) = self.links.backlog(link);
        if tasks <= self.config.inbox_events / 4
            && bytes <= self.config.inbox_bytes / 4
            && let Some(session) = self.links.get_mut(link)
        {
            session.paused = false;
            if !session.limited {
                self.links.push(Output::Resume { session: link });
            }
        }
    }

    /// Whoever sends more than they may is not read for a while, which loses nothing and disturbs nobody else (V9).
    fn count_message(&mut self, link: SessionId, target: SessionId) {
        let Some(user) = self.links.get(target).and_then(|session| session.user()) else { return };
        let Err(pause) = self.presence.sent(user, self.now) else { return };
        let Some(session) = self.links.open_mut(link).filter(|session| !session.limited) else { return };
        session.limited = true;
        if !session.paused {
            self.links.push(Output::Pause { session: link });
        }
        self.timers.set(Deadline::Limited(link), self.now.after(pause));
        let args = Args::from(Json(format!("{{\"retryAfter\":{}}}", pause.0)));
        self.emit_to(target, LIMITED, &args, None);
        self.links.note(Note::Limited { session: link, pause });
    }

    pub(crate) fn unlimit(&mut self, link: SessionId) {
        let Some(session) = self.links.open_mut(link) else { return };
        session.limited = false;
        if !session.paused {
            self.links.push(Output::Resume { session: link });
        }
    }

    fn event(&mut self, session: SessionId, name: String, args: Args, ack: Option<u64>) {
        let Some(link) = self.links.get(session) else { return };
        if link.user().is_none() {
            if link.parent.is_none() && !link.dismissed {
                self.links.close(session, CloseReason::NotConnected);
            }
            return;
        }
        let most = self.config.batch_events;
        match name.as_str() {
            _ if link.parent.is_some() => self.dispatch(session, name, args, ack, most),
            dialect::JOIN => self.join(session, &args.json.0, ack),
            dialect::LEAVE => self.leave(session, &args.json.0, ack),
            dialect::PROBE => {
                self.answer_probe(session, ack);
            }
            inband::TOKEN => {
                self.refresh(session, &args.json.0, ack);
            }
            inband::EMIT => self.emit(session, args, ack),
            _ => self.dispatch(session, name, args, ack, most),
        }
    }

    /// Asks the app to handle an event, and those that wait directly behind it and are for the app, too: together at most so many.
    fn dispatch(&mut self, session: SessionId, name: String, args: Args, ack: Option<u64>, most: usize) {
        let Some(link) = self.links.get_mut(session) else { return };
        let Phase::Connected { user, socket, .. } = &link.phase else { return };
        let (user, socket, namespace) = (user.clone(), socket.clone(), link.namespace.clone());
        let is_other = link.parent.is_some();
        let (mut behind, mut acks, mut bytes) = (Vec::new(), VecDeque::new(), 0);
        while behind.len() + 1 < most {
            let fits = |name: &str, args: &Args| {
                bytes += name.len() + args.bytes();
                bytes <= limits::BATCH_BYTES && (is_other || !OURS.contains(&name))
            };
            let Some((event, ack)) = link.pop_event_if(fits) else { break };
            behind.push(event);
            acks.push_back(ack);
        }
        if !behind.is_empty() {
            self.resume(session);
        }
        let request = self.ask(Asked::Handle(session));
        self.wait(session, Busy::Handling { request, ack, behind: acks });
        self.links.push(Output::Dispatch { request, session, socket, namespace, user, name, args, behind });
    }

    pub(crate) fn handled(&mut self, session: SessionId, answered: RequestId, answer: Answer) {
        let link = self.links.get_mut(session);
        let waits = |busy: &Busy| matches!(busy, Busy::Handling { request, .. } if *request == answered);
        let Some(link) = link.filter(|link| link.busy.as_ref().is_some_and(waits)) else {
            self.asked.remove(&answered);
            return;
        };
        let Some(Busy::Handling { ack, behind, .. }) = &mut link.busy else { return };
        let next = behind.pop_front();
        let ack = std::mem::replace(ack, next.flatten());
        // Socket.IO's own servers say nothing to an event that nobody handles; our clients are told.
        let answer = match answer {
            Answer::Acknowledged(answer) => Some(answer),
            Answer::Unhandled if link.dialect() => Some(unknown_event()),
            Answer::Silent | Answer::Unhandled => None,
        };
        if let (Some(ack), Some(answer)) = (ack, answer) {
            self.links.acknowledge(session, ack, &answer);
        }
        if next.is_none() {
            self.done(session, answered);
        }
    }

    /// A session's question to the app is answered.
    fn done(&mut self, session: SessionId, answered: RequestId) {
        self.asked.remove(&answered);
        if let Some(link) = self.links.get_mut(session) {
            link.busy = None;
        }
        self.run(session);
        self.forget_if_done(session);
    }

    /// Events whose handlers have not begun wait again, before all others.
    pub(crate) fn returned(&mut self, session: SessionId, answered: RequestId, events: Vec<Event>) {
        let Some(link) = self.links.get_mut(session) else { return };
        let Some(Busy::Handling { request, ack, behind }) = &mut link.busy else { return };
        if *request != answered || events.len() > behind.len() + 1 {
            return;
        }
        let all = events.len() > behind.len();
        let mut acks = behind.split_off(behind.len().saturating_sub(events.len()));
        if all {
            acks.push_front(*ack);
        }
        for (Event { name, args }, ack) in events.into_iter().zip(acks).rev() {
            link.push_first(Task::Event { name, args, ack });
        }
        if all {
            self.done(session, answered);
        }
    }
}

/// The answer to an event that nobody handles.
pub(crate) fn unknown_event() -> Args {
    Args::from(Json("{\"error\":\"UnknownEvent\"}".to_owned()))
}
