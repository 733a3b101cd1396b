//! What a client sends: frames become tasks, tasks are done one after the other (V8). Whatever cannot be read closes its
//! own connection with a named reason and disturbs nobody else (C11, V9). It does not know what is in a room.

use tidewire_wire::engine::{self, PacketType};
use tidewire_wire::socket::{self, Header, Kind};
use tidewire_wire::{FrameError, dialect, inband};

use crate::event::Frame;
use crate::hub::{Asked, Deadline};
use crate::ids::SessionId;
use crate::io::{CloseReason, Grant, Inbound, Json, Note, Output, Refusal, Token};
use crate::session::{Busy, Phase, Task};
use crate::{Hub, RequestId};

/// The version of the dialect that this server speaks.
const DIALECT: u64 = 1;
/// Names that Socket.IO keeps for itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl Hub {
    pub(crate) fn received(&mut self, session: SessionId, frame: Inbound) {
        let Some(link) = self.links.open_mut(session) else { return };
        link.heard = true;
        let read = match frame {
            Inbound::Binary => Err(CloseReason::Binary),
            Inbound::Unreadable => Err(CloseReason::WebSocket),
            Inbound::Oversized => Err(CloseReason::Oversized),
            Inbound::Text(text) if text.len() as u64 > self.config.frame_bytes => Err(CloseReason::Oversized),
            Inbound::Text(text) => self.packet(session, &text),
        };
        match read {
            Ok(()) => self.run(session),
            Err(reason) => self.links.close(session, reason),
        }
    }

    fn packet(&mut self, session: SessionId, text: &str) -> Result<(), CloseReason> {
        let (kind, data) = engine::parse(text).map_err(CloseReason::Malformed)?;
        match kind {
            PacketType::Pong => {
                self.ponged(session);
                Ok(())
            }
            PacketType::Noop => Ok(()),
            PacketType::Close => Err(CloseReason::Client),
            PacketType::Message => {
                let header = socket::parse(data).map_err(CloseReason::Malformed)?;
                self.message(session, &header)
            }
            // The server opens, pings, and here has nothing to upgrade from.
            PacketType::Open | PacketType::Ping | PacketType::Upgrade => {
                Err(CloseReason::Malformed(FrameError::EngineType))
            }
        }
    }

    fn message(&mut self, session: SessionId, header: &Header<'_>) -> Result<(), CloseReason> {
        let task = match header.kind {
            Kind::Connect if header.namespace != "/" => {
                let refusal = socket::connect_error(header.namespace, "Invalid namespace", "");
                self.links.send(session, refusal.into());
                return Ok(());
            }
            Kind::Connect => {
                let auth = dialect::ConnectAuth::parse(header.rest).map_err(CloseReason::Malformed)?;
                let token = auth.token.map(|token| Token(token.into_owned()));
                Task::Connect { token, dialect: auth.tidewire >= DIALECT }
            }
            Kind::BinaryEvent | Kind::BinaryAck => return Err(CloseReason::Binary),
            Kind::ConnectError => return Err(CloseReason::Malformed(FrameError::SocketType)),
            Kind::Disconnect | Kind::Event | Kind::Ack if header.namespace != "/" => {
                return Err(CloseReason::NotConnected);
            }
            Kind::Disconnect => Task::Disconnect,
            // The server asks for no acknowledgement yet.
            Kind::Ack => return socket::ack_args(header.rest).map(drop).map_err(CloseReason::Malformed),
            Kind::Event => {
                let data = socket::event_data(header.rest).map_err(CloseReason::Malformed)?;
                if RESERVED.contains(&&*data.name) {
                    return Err(CloseReason::Malformed(FrameError::EventName));
                }
                // Whether the link is alive must not wait for a slow handler (C4).
                if data.name == dialect::PROBE && self.answer_probe(session, header.id) {
                    return Ok(());
                }
                // Nor must a token that runs out (C5).
                if data.name == inband::TOKEN && self.refresh(session, data.args, header.id) {
                    return Ok(());
                }
                Task::Event { name: data.name.into_owned(), args: data.args.to_owned(), ack: header.id }
            }
        };
        let Some(link) = self.links.open_mut(session) else { return Ok(()) };
        link.push(task);
        let (tasks, bytes) = link.backlog();
        if !link.paused && (tasks > self.config.inbox_events || bytes > self.config.inbox_bytes) {
            link.paused = true;
            self.links.push(Output::Pause { session });
        }
        Ok(())
    }

    fn answer_probe(&mut self, session: SessionId, ack: Option<u64>) -> bool {
        let connected = self.links.get(session).is_some_and(|link| link.user().is_some());
        if let Some(ack) = ack.filter(|_| connected) {
            self.links.send(session, socket::ack("/", ack, "").into());
        }
        connected
    }

    /// Does what waits, until something must be waited for.
    pub(crate) fn run(&mut self, session: SessionId) {
        loop {
            let Some(link) = self.links.get_mut(session).filter(|link| link.busy.is_none()) else { return };
            let Some(task) = link.pop() else { return };
            let (tasks, bytes) = link.backlog();
            if link.paused && tasks <= self.config.inbox_events / 4 && bytes <= self.config.inbox_bytes / 4 {
                link.paused = false;
                self.links.push(Output::Resume { session });
            }
            match task {
                Task::Connect { token, dialect } => self.connect(session, token, dialect),
                Task::Disconnect => self.disconnect(session),
                Task::Event { name, args, ack } => self.event(session, name, args, ack),
            }
        }
    }

    fn connect(&mut self, session: SessionId, token: Option<Token>, dialect: bool) {
        let Some(link) = self.links.open_mut(session) else { return };
        if link.user().is_some() {
            return self.links.close(session, CloseReason::AlreadyConnected);
        }
        let request = self.ask(Asked::Authenticate(session));
        self.wait(session, Busy::Authenticating { request, dialect });
        self.links.push(Output::Authenticate { request, token });
    }

    pub(crate) fn authenticated(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Grant, Refusal>,
    ) {
        let now = self.now;
        let Some(link) = self.links.open_mut(session) else { return };
        let waits =
            |busy: &mut Busy| matches!(busy, Busy::Authenticating { request, .. } if *request == answered);
        let Some(Busy::Authenticating { dialect, .. }) = link.busy.take_if(waits) else { return };
        match result {
            Ok(Grant { user, socket, expires_in }) => {
                let left = expires_in.map(|life| life.0);
                let reply = if dialect {
                    inband::grant("/", &socket.0, left, &self.config.instance)
                } else {
                    socket::connect_reply("/", &socket.0, false)
                };
                link.phase = Phase::Connected { user: user.clone(), socket, dialect };
                self.timers.clear(&Deadline::Connect(session));
                self.expires(session, expires_in);
                self.links.send(session, reply.into());
                self.arrive(&user);
            }
            Err(Refusal { code, message }) => {
                link.drop_until_connect();
                let mut data = String::from("{\"code\":");
                tidewire_wire::json::quote(&code, &mut data);
                data.push('}');
                let refusal = socket::connect_error("/", &message, &data);
                self.links.send(session, refusal.into());
                self.links.note(Note::Refused { session, code });
                self.timers.set(Deadline::Connect(session), now.after(self.config.connect_timeout));
            }
        }
    }

    fn disconnect(&mut self, session: SessionId) {
        let Some(link) = self.links.open_mut(session) else { return };
        let Some(user) = link.user().cloned() else {
            return self.links.close(session, CloseReason::NotConnected);
        };
        self.leave_all(session);
        if let Some(link) = self.links.get_mut(session) {
            link.phase = Phase::Bare;
            link.refresh = None;
            link.rechecks.clear();
            link.rechecking = None;
        }
        self.depart(&user);
        self.timers.clear(&Deadline::Expiry(session));
        self.timers.set(Deadline::Connect(session), self.now.after(self.config.connect_timeout));
    }

    fn event(&mut self, session: SessionId, name: String, args: String, ack: Option<u64>) {
        let Some(link) = self.links.get(session) else { return };
        let Phase::Connected { user, socket, .. } = &link.phase else {
            return self.links.close(session, CloseReason::NotConnected);
        };
        let (user, socket) = (user.clone(), socket.clone());
        match name.as_str() {
            dialect::JOIN => self.join(session, &args, ack),
            dialect::LEAVE => self.leave(session, &args, ack),
            dialect::PROBE => {
                self.answer_probe(session, ack);
            }
            inband::TOKEN => {
                self.refresh(session, &args, ack);
            }
            inband::EMIT => self.emit(session, &args, ack),
            _ => {
                let request = self.ask(Asked::Handle(session));
                self.wait(session, Busy::Handling { request, ack });
                let args = Json(args);
                self.links.push(Output::Dispatch { request, session, socket, user, name, args });
            }
        }
    }

    pub(crate) fn handled(&mut self, session: SessionId, answered: RequestId, answer: &Json) {
        let Some(link) = self.links.get_mut(session) else { return };
        let waits = |busy: &mut Busy| matches!(busy, Busy::Handling { request, .. } if *request == answered);
        let Some(Busy::Handling { ack, .. }) = link.busy.take_if(waits) else { return };
        if let Some(ack) = ack {
            self.links.send(session, Frame::from(socket::ack("/", ack, &answer.0)));
        }
        self.run(session);
        self.forget_if_done(session);
    }
}
