//! The server's side of the dialect (protocol sections 1 and 2): frames that it writes and requests that it reads. It
//! does not know who may join what; the client's side is [`crate::head`].

use core::fmt;
use std::borrow::Cow;

use crate::error::FrameError;
use crate::head::{Meta, ROOM_EVENT};
use crate::json::{self, Scanner, ValueKind};
use crate::{names, socket};

/// Event that asks to become a member of a room.
pub const JOIN: &str = "room:join";
/// Event that asks to be a member no more.
pub const LEAVE: &str = "room:leave";
/// Event that asks for nothing but an answer (C4).
pub const PROBE: &str = "tw:probe";

/// A room event for a session that speaks the dialect, in the namespace `/`. `args_json` is raw JSON without brackets.
#[must_use]
pub fn event_frame(meta: &Meta<'_>, name: &str, args_json: &str) -> String {
    let mut out = String::with_capacity(args_json.len() + 160);
    out.push_str("42[");
    json::quote(ROOM_EVENT, &mut out);
    out.push_str(",[");
    json::quote(&meta.room, &mut out);
    out.push(',');
    json::quote(&meta.epoch, &mut out);
    out.push(',');
    json::number(meta.offset, &mut out);
    out.push(',');
    json::quote(&meta.event_id, &mut out);
    out.push(',');
    json::quote(&meta.write_id, &mut out);
    out.push_str("],");
    json::quote(name, &mut out);
    if !args_json.is_empty() {
        out.push(',');
        out.push_str(args_json);
    }
    out.push(']');
    out
}

/// The same event for everybody else: no metadata.
#[must_use]
pub fn plain_frame(name: &str, args_json: &str) -> String {
    socket::event("/", None, name, args_json)
}

/// The answer to a join that was granted; `offset` is the head of the room.
#[must_use]
pub fn join_answer(id: u64, epoch: &str, offset: u64, recovered: bool) -> String {
    let mut args = String::from("{\"success\":true,\"epoch\":");
    json::quote(epoch, &mut args);
    args.push_str(",\"offset\":");
    json::number(offset, &mut args);
    args.push_str(if recovered { ",\"recovered\":true}" } else { ",\"recovered\":false}" });
    socket::ack("/", id, &args)
}

/// The answer to a join or leave that was refused.
#[must_use]
pub fn join_refusal(id: u64, error: &str) -> String {
    let mut args = String::from("{\"error\":");
    json::quote(error, &mut args);
    args.push('}');
    socket::ack("/", id, &args)
}

/// The answer to a leave.
#[must_use]
pub fn leave_answer(id: u64) -> String {
    socket::ack("/", id, "{\"success\":true}")
}

/// What a client says in CONNECT.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectAuth<'a> {
    /// Its token.
    pub token: Option<Cow<'a, str>>,
    /// The dialect's version that it offers; 0 for none.
    pub tidewire: u64,
}

impl fmt::Debug for ConnectAuth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectAuth")
            .field("token", &self.token.is_some())
            .field("tidewire", &self.tidewire)
            .finish()
    }
}

impl<'a> ConnectAuth<'a> {
    /// Reads the data of a CONNECT packet; empty data is an auth without anything.
    pub fn parse(rest: &'a str) -> Result<ConnectAuth<'a>, FrameError> {
        let mut auth = ConnectAuth::default();
        if rest.is_empty() {
            return Ok(auth);
        }
        let mut scanner = Scanner::new(rest);
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            match (&*key, scanner.peek()?) {
                ("token", ValueKind::String) => auth.token = Some(scanner.string()?),
                ("tidewire", ValueKind::Number) => {
                    auth.tidewire = json::integer(scanner.value()?).unwrap_or(0)
                }
                _ => scanner.value().map(drop)?,
            }
        }
        scanner.end()?;
        Ok(auth)
    }
}

/// Writes the auth object of a client's CONNECT; the dialect is offered if `tidewire`.
#[must_use]
pub fn connect_auth(token: Option<&str>, tidewire: bool) -> String {
    connect_auth_with(token, tidewire, None)
}

/// The same with what a foreign server restores a session from: its `pid` and the last offset (Socket.IO's own recovery).
#[must_use]
pub fn connect_auth_with(token: Option<&str>, tidewire: bool, recovery: Option<(&str, &str)>) -> String {
    let mut out = String::from("{");
    let mut field = |name: &str, value: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        json::quote(name, &mut out);
        out.push(':');
        json::quote(value, &mut out);
    };
    if let Some((pid, offset)) = recovery {
        field("pid", pid);
        field("offset", offset);
    }
    if let Some(token) = token {
        field("token", token);
    }
    if tidewire {
        out.push_str(if out.len() > 1 { ",\"tidewire\":1" } else { "\"tidewire\":1" });
    }
    out.push('}');
    out
}

/// The last event that a client has seen of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since<'a> {
    /// The identity of the history that it knows.
    pub epoch: Cow<'a, str>,
    /// Its last event; 0 for none.
    pub offset: u64,
}

/// A client asks to join a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest<'a> {
    /// The room.
    pub room: Cow<'a, str>,
    /// Where its history is to be continued.
    pub since: Option<Since<'a>>,
}

impl<'a> JoinRequest<'a> {
    /// Reads the arguments of `room:join`, as [`socket::EventData`] has them.
    pub fn parse(args: &'a str) -> Result<JoinRequest<'a>, FrameError> {
        let mut room = None;
        let mut since = None;
        let mut scanner = Scanner::new(args);
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            match (&*key, scanner.peek()?) {
                ("roomId", ValueKind::String) => room = Some(scanner.string()?),
                ("since", ValueKind::Object) => since = Some(read_since(&mut scanner)?),
                ("since", kind) => {
                    if kind != ValueKind::Literal || scanner.value()? != "null" {
                        return Err(FrameError::Request);
                    }
                }
                _ => scanner.value().map(drop)?,
            }
        }
        Ok(JoinRequest { room: checked_room(room)?, since })
    }

    /// Writes it, as a client sends it in `room:join`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("{\"roomId\":");
        json::quote(&self.room, &mut out);
        if let Some(since) = &self.since {
            out.push_str(",\"since\":{\"epoch\":");
            json::quote(&since.epoch, &mut out);
            out.push_str(",\"offset\":");
            json::number(since.offset, &mut out);
            out.push('}');
        }
        out.push('}');
        out
    }
}

/// Reads the arguments of `room:leave`: the room.
pub fn leave_request(args: &str) -> Result<Cow<'_, str>, FrameError> {
    JoinRequest::parse(args).map(|request| request.room)
}

fn checked_room(room: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, FrameError> {
    room.filter(|room| names::is_name(room)).ok_or(FrameError::Request)
}

fn read_since<'a>(scanner: &mut Scanner<'a>) -> Result<Since<'a>, FrameError> {
    let mut epoch = None;
    let mut offset = None;
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match (&*key, scanner.peek()?) {
            ("epoch", ValueKind::String) => epoch = Some(scanner.string()?),
            ("offset", ValueKind::Number) => offset = Some(scanner.value()?),
            _ => scanner.value().map(drop)?,
        }
    }
    let epoch = epoch.filter(|epoch| names::is_epoch(epoch));
    let offset = offset.map(json::integer).and_then(Result::ok);
    match (epoch, offset) {
        (Some(epoch), Some(offset)) => Ok(Since { epoch, offset }),
        (None, _) | (_, None) => Err(FrameError::Request),
    }
}
