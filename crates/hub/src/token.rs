//! A token's life on a connection: its end, a fresh one in band (C5), and what it still opens (V2, V3). It checks no token
//! itself.

use tidewire_wire::{dialect, inband};

use crate::hub::Deadline;
use crate::ids::{Millis, RequestId, SessionId};
use crate::io::{Access, Denied, Grant, Json, Note, Output, Refusal, Token};
use crate::limits;
use crate::session::{MAIN, Phase};
use crate::{Asked, Hub};

const AUTH: &str = "AUTH";
const OVERLOADED: &str = "OVERLOADED";
const BAD_REQUEST: &str = "BadRequest";

impl Hub {
    /// The connection's token has so much left; `None`: it does not end.
    pub(crate) fn expires(&mut self, session: SessionId, left: Option<Millis>) {
        let deadline = Deadline::Expiry(session);
        match left {
            Some(left) => self.timers.set(deadline, self.now.after(left).after(self.config.expiry_grace)),
            None => {
                self.timers.clear(&deadline);
            }
        }
    }

    /// `tw:token` came in; whether it was taken: it counts only once somebody is signed in.
    pub(crate) fn refresh(&mut self, session: SessionId, args: &str, ack: Option<u64>) -> bool {
        let Some(link) = self.links.get(session).filter(|link| link.user().is_some()) else { return false };
        if link.refresh.is_some() {
            self.refuse_token(session, ack, OVERLOADED);
            return true;
        }
        let Ok(token) = inband::token_request(args) else {
            self.refuse_token(session, ack, BAD_REQUEST);
            return true;
        };
        let token = Some(Token(token.into_owned()));
        let request = self.ask(Asked::Refresh(session));
        if let Some(link) = self.links.get_mut(session) {
            link.refresh = Some((request, ack));
        }
        let namespace = MAIN.into();
        self.links.push(Output::Authenticate {
            request,
            link: session,
            namespace,
            token,
            auth: Json::default(),
        });
        true
    }

    pub(crate) fn refreshed(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Grant, Refusal>,
    ) {
        let Some(link) = self.links.open_mut(session) else { return };
        let Some((_, ack)) = link.refresh.take_if(|(request, _)| *request == answered) else { return };
        let Phase::Connected { user, .. } = &link.phase else { return };
        let code = match result {
            // Another person's token does not keep this one's connection.
            Ok(grant) if grant.user != *user => AUTH.to_owned(),
            Ok(grant) => {
                link.rechecks = link.rooms.iter().cloned().collect();
                self.expires(session, grant.expires_in);
                if let Some(ack) = ack {
                    let answer = inband::token_answer(ack, grant.expires_in.map(|left| left.0));
                    self.links.send(session, answer.into());
                }
                return self.recheck(session);
            }
            Err(refusal) => refusal.code,
        };
        self.refuse_token(session, ack, &code);
    }

    fn refuse_token(&mut self, session: SessionId, ack: Option<u64>, code: &str) {
        if let Some(ack) = ack {
            self.links.send(session, dialect::join_refusal(ack, code).into());
        }
        self.links.note(Note::TokenRefused { session, code: code.to_owned() });
    }

    /// Asks about the next room whose access is to be checked again. One after the other: there may be a thousand.
    pub(crate) fn recheck(&mut self, session: SessionId) {
        self.timers.clear(&Deadline::Recheck(session));
        let Some(link) = self.links.open_mut(session) else { return };
        if link.rechecking.is_some() {
            return;
        }
        let Some(user) = link.user().cloned() else { return };
        let Some(link) = self.links.open_mut(session) else { return };
        while let Some(room) = link.rechecks.pop_front() {
            if link.rooms.contains(&room) {
                let request = self.ask(Asked::Recheck(session));
                if let Some(link) = self.links.open_mut(session) {
                    link.rechecking = Some((request, room.clone()));
                }
                return self.links.push(Output::Authorize { request, user, room });
            }
        }
    }

    pub(crate) fn rechecked(
        &mut self,
        session: SessionId,
        answered: RequestId,
        result: Result<Access, Denied>,
    ) {
        let Some(link) = self.links.open_mut(session) else { return };
        let Some((_, room)) = link.rechecking.take_if(|(request, _)| *request == answered) else { return };
        match result {
            Ok(_) => {}
            Err(Denied::Unavailable) => {
                link.rechecks.push_back(room);
                return self.timers.set(Deadline::Recheck(session), self.now.after(limits::RECHECK_AFTER));
            }
            Err(Denied::Unauthorized) => {
                // Who was let in after this was asked was asked about later.
                let member = self.rooms.get(&room).and_then(|room| room.members.get(&session));
                if member.is_some_and(|member| member.authorized < answered) {
                    self.drop_member(&room, session);
                    self.links.note(Note::Removed { session, room });
                }
            }
        }
        self.recheck(session);
    }
}
