//! Sessions begin and end: CONNECT, its answer, DISCONNECT, and the app that ends one (V1, V2). It checks no token itself.

use tidewire_wire::{inband, json, socket};

use crate::event::Frame;
use crate::hub::Deadline;
use crate::ids::{RequestId, RoomId, SessionId, UserId};
use crate::io::{CloseReason, Grant, Json, Note, Output, Refusal, Token};
use crate::recovery::{Recovery, Return};
use crate::session::{Busy, Phase, Task};
use crate::{Asked, Hub};

impl Hub {
    pub(crate) fn connect(&mut self, session: SessionId, token: Option<Token>, auth: Json, dialect: bool) {
        let Some(link) = self.links.open_mut(session) else { return };
        if link.user().is_some() {
            return self.links.close(session, CloseReason::AlreadyConnected);
        }
        let namespace = link.namespace.clone();
        let request = self.ask(Asked::Authenticate(session));
        let back = self.config.recovery.then(|| Return::parse(&auth)).flatten().map(Box::new);
        self.wait(session, Busy::Authenticating { request, dialect, back });
        let link = self.links.link_of(session);
        self.links.push(Output::Authenticate { request, link, namespace, token, auth });
    }

    pub(crate) fn authenticated(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Grant, Refusal>,
    ) {
        let Some(link) = self.links.open_mut(session) else { return };
        let waits =
            |busy: &mut Busy| matches!(busy, Busy::Authenticating { request, .. } if *request == answered);
        let Some(Busy::Authenticating { dialect, back, .. }) = link.busy.take_if(waits) else { return };
        match result {
            Ok(grant) if self.presence.count(&grant.user) >= self.config.sessions_per_user => {
                let message = "this person has too many connections: close some".to_owned();
                let code = "OVERLOADED".to_owned();
                self.refuse_session(session, Refusal { code, message, data: None });
            }
            Ok(grant) => match self.presence.may_connect(&grant.user, self.now) {
                Ok(()) => self.admit_session(session, grant, dialect, back),
                Err(wait) => {
                    let message = "this person connects too often: try again later".to_owned();
                    let data = format!("{{\"code\":\"OVERLOADED\",\"retryAfter\":{}}}", wait.0);
                    let code = "OVERLOADED".to_owned();
                    self.refuse_session(session, Refusal { code, message, data: Some(Json(data)) });
                }
            },
            Err(refusal) => self.refuse_session(session, refusal),
        }
    }

    fn admit_session(&mut self, session: SessionId, grant: Grant, dialect: bool, back: Option<Box<Return>>) {
        let Grant { user, socket, expires_in, greet, pid } = grant;
        let connection = self.links.link_of(session);
        let Some(link) = self.links.open_mut(session) else { return };
        let left = expires_in.map(|life| life.0);
        let reply = dialect.then(|| inband::grant(&link.namespace.0, &socket.0, left, &self.config.instance));
        link.phase = Phase::Connected { user: user.clone(), socket, dialect };
        link.dismissed = false;
        if greet {
            link.push_first(Task::Greet);
        }
        self.timers.clear(&Deadline::Connect(connection));
        self.expires(session, expires_in);
        let back = back.filter(|_| !dialect && self.config.recovery);
        match reply {
            Some(reply) => self.links.send(session, reply.into()),
            None if back.is_some_and(|back| self.recover(session, &back)) => {}
            None => {
                if self.config.recovery
                    && let Some(link) = self.links.get_mut(session)
                {
                    link.recovery = Some(Recovery::new(pid.clone()));
                    self.recoverable.insert(pid, session);
                }
                self.answer_connect(session);
            }
        }
        self.arrive(&user);
    }

    /// The answer to a granted CONNECT of a client that does not speak the dialect.
    pub(crate) fn answer_connect(&mut self, session: SessionId) {
        let Some(link) = self.links.get(session) else { return };
        let Phase::Connected { socket, .. } = &link.phase else { return };
        let mut reply = socket::connect_reply(&link.namespace.0, &socket.0, false);
        if let Some(recovery) = &link.recovery {
            reply.pop();
            reply.push_str(",\"pid\":");
            json::quote(&recovery.pid, &mut reply);
            reply.push('}');
        }
        self.links.send(session, reply.into());
    }

    fn refuse_session(&mut self, session: SessionId, refusal: Refusal) {
        let Refusal { code, message, data } = refusal;
        let Some(link) = self.links.open_mut(session) else { return };
        link.drop_until_connect();
        let data = data.map_or_else(
            || {
                let mut data = String::from("{\"code\":");
                json::quote(&code, &mut data);
                data.push('}');
                data
            },
            |data| data.0,
        );
        let refusal = socket::connect_error(&link.namespace.0, &message, &data);
        self.links.send(session, refusal.into());
        self.links.note(Note::Refused { session, code });
        self.await_connect(session);
    }

    /// The client leaves a namespace.
    pub(crate) fn disconnect(&mut self, session: SessionId) {
        let Some(link) = self.links.open_mut(session) else { return };
        if link.user().is_none() {
            if link.parent.is_none() && !link.dismissed {
                self.links.close(session, CloseReason::NotConnected);
            }
            return;
        }
        self.sign_out(session);
        self.await_connect(session);
    }

    /// The app ends a session.
    pub(crate) fn dismiss(&mut self, session: SessionId) {
        let Some(link) = self.links.open_mut(session).filter(|link| link.user().is_some()) else { return };
        link.dismissed = true;
        let farewell = socket::disconnect(&link.namespace.0);
        self.links.send(session, Frame::from(farewell));
        self.sign_out(session);
        self.await_connect(session);
        self.end_if_bare(session);
    }

    /// A person is forgotten: their connections end, and events that may be theirs are not sent from memory any more.
    pub(crate) fn forget_user(&mut self, user: &UserId, rooms: &[RoomId]) {
        for room in rooms {
            if let Some(room) = self.rooms.get_mut(room) {
                room.forget_ring();
            }
        }
        for session in self.links.ids() {
            if self.links.get(session).and_then(|link| link.user()) == Some(user) {
                self.forget_recovery(session);
                self.links.close(session, CloseReason::TokenExpired);
            }
        }
    }

    /// Takes everything from a session that belongs to its person.
    fn sign_out(&mut self, session: SessionId) {
        self.forget_recovery(session);
        self.leave_all(session);
        self.lose_acks(session);
        self.timers.clear(&Deadline::Expiry(session));
        let Some(link) = self.links.get_mut(session) else { return };
        let user = link.user().cloned();
        link.phase = Phase::Bare;
        link.refresh = None;
        link.rechecks.clear();
        link.rechecking = None;
        if let Some(user) = user {
            self.depart(&user);
        }
    }

    /// A connection without any session is given some time.
    fn await_connect(&mut self, session: SessionId) {
        let link = self.links.link_of(session);
        if !self.links.is_connected(link) && self.links.get(link).is_some_and(|link| link.open) {
            self.timers.set(Deadline::Connect(link), self.now.after(self.config.connect_timeout));
        }
    }

    /// A namespace that nobody is in any more is forgotten; a connection is not.
    pub(crate) fn end_if_bare(&mut self, session: SessionId) {
        let over = |link: &&crate::session::Session| {
            link.open && link.parent.is_some() && link.user().is_none() && link.is_idle()
        };
        if self.links.get(session).filter(over).is_some() {
            self.links.end(session);
        }
    }
}
