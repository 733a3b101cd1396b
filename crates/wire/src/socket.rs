//! Socket.IO 5: packet headers, and writers for every packet in both directions. It does not know rooms or the dialect.
//!
//! Source: <https://github.com/socketio/socket.io-protocol>, revision 5. Writers return whole frames: the Engine.IO
//! message type `4` comes first. [`parse`] takes what [`crate::engine::parse`] left, without that `4`.

use core::fmt;
use std::borrow::Cow;

use crate::error::FrameError;
use crate::json::{self, Scanner};
use crate::{limits, names};

/// Type of a Socket.IO packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ask for, or grant, a session in a namespace.
    Connect,
    /// Leave a namespace.
    Disconnect,
    /// An event.
    Event,
    /// The acknowledgement of an event.
    Ack,
    /// A session is refused.
    ConnectError,
    /// An event with binary attachments.
    BinaryEvent,
    /// An acknowledgement with binary attachments.
    BinaryAck,
}

/// A packet without its data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Type.
    pub kind: Kind,
    /// Binary attachments that follow; 0 for types without.
    pub attachments: u32,
    /// Namespace; `/` where none is given.
    pub namespace: &'a str,
    /// Acknowledgement id.
    pub id: Option<u64>,
    /// The data as raw JSON, not validated; empty for none.
    pub rest: &'a str,
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("kind", &self.kind)
            .field("attachments", &self.attachments)
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .field("rest_bytes", &self.rest.len())
            .finish()
    }
}

/// Reads a packet's header. The data is checked by its first character only: reading it is the caller's next step.
pub fn parse(packet: &str) -> Result<Header<'_>, FrameError> {
    let kind = match packet.as_bytes().first() {
        None => return Err(FrameError::Empty),
        Some(b'0') => Kind::Connect,
        Some(b'1') => Kind::Disconnect,
        Some(b'2') => Kind::Event,
        Some(b'3') => Kind::Ack,
        Some(b'4') => Kind::ConnectError,
        Some(b'5') => Kind::BinaryEvent,
        Some(b'6') => Kind::BinaryAck,
        Some(_) => return Err(FrameError::SocketType),
    };
    let mut rest = &packet[1..];
    let mut attachments = 0;
    if matches!(kind, Kind::BinaryEvent | Kind::BinaryAck) {
        let (count, after) = rest.split_once('-').ok_or(FrameError::Attachments)?;
        let count = json::integer(count).map_err(|_| FrameError::Attachments)?;
        if count > u64::from(limits::ATTACHMENTS) {
            return Err(FrameError::Attachments);
        }
        attachments = count as u32;
        rest = after;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        // A namespace without data may end with the packet.
        let (name, after) = rest.split_once(',').unwrap_or((rest, ""));
        if !names::is_namespace(name) {
            return Err(FrameError::Namespace);
        }
        (namespace, rest) = (name, after);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mut id = None;
    if digits > 0 {
        id = Some(json::integer(&rest[..digits]).map_err(|_| FrameError::AckId)?);
        rest = &rest[digits..];
    }
    let header = Header { kind, attachments, namespace, id, rest };
    check_data(&header)?;
    Ok(header)
}

fn check_data(header: &Header<'_>) -> Result<(), FrameError> {
    let first = header.rest.as_bytes().first();
    let (fits, id_fits) = match header.kind {
        Kind::Connect => (matches!(first, None | Some(b'{')), header.id.is_none()),
        Kind::Disconnect => (first.is_none(), header.id.is_none()),
        Kind::Event | Kind::BinaryEvent => (first == Some(&b'['), true),
        Kind::Ack | Kind::BinaryAck => (first == Some(&b'['), header.id.is_some()),
        Kind::ConnectError => (matches!(first, Some(b'{' | b'"')), header.id.is_none()),
    };
    match (fits, id_fits) {
        (true, true) => Ok(()),
        (_, false) => Err(FrameError::AckId),
        (false, true) => Err(FrameError::Data),
    }
}

/// An event's data, validated as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct EventData<'a> {
    /// The event's name.
    pub name: Cow<'a, str>,
    /// Its arguments as raw JSON without the outer brackets, comma-separated; empty for none.
    pub args: &'a str,
}

impl fmt::Debug for EventData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventData").field("name", &self.name).field("args_bytes", &self.args.len()).finish()
    }
}

/// Reads the whole data of an event: `["name", ...args]`.
pub fn event_data(rest: &str) -> Result<EventData<'_>, FrameError> {
    json::validate(rest)?;
    let mut scanner = Scanner::new(rest);
    scanner.enter_array()?;
    if !scanner.more()? {
        return Err(FrameError::EventName);
    }
    let name = event_name(&mut scanner)?;
    let inner = scanner.rest().trim_ascii();
    let inner = inner.strip_suffix(']').unwrap_or(inner).trim_ascii();
    let args = inner.strip_prefix(',').unwrap_or(inner).trim_ascii_start();
    Ok(EventData { name, args })
}

/// Reads the whole data of an acknowledgement: its arguments as raw JSON without the outer brackets.
pub fn ack_args(rest: &str) -> Result<&str, FrameError> {
    json::validate(rest)?;
    let inner = rest.trim_ascii();
    inner
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .map(str::trim_ascii)
        .ok_or(FrameError::Data)
}

/// The next element of an event's array as its name.
pub(crate) fn event_name<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, FrameError> {
    if scanner.peek()? != json::ValueKind::String {
        return Err(FrameError::EventName);
    }
    let name = scanner.string()?;
    if names::is_name(&name) { Ok(name) } else { Err(FrameError::EventName) }
}

fn begin(kind: char, namespace: &str, id: Option<u64>) -> String {
    begin_with(kind, 0, namespace, id)
}

fn begin_with(kind: char, attachments: u32, namespace: &str, id: Option<u64>) -> String {
    // Most packets are short: one allocation for their beginning.
    let mut out = String::with_capacity(64);
    out.push('4');
    out.push(kind);
    if attachments > 0 {
        json::number(u64::from(attachments), &mut out);
        out.push('-');
    }
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        json::number(id, &mut out);
    }
    out
}

/// Client to server: CONNECT, with the auth object as raw JSON, or empty for none.
#[must_use]
pub fn connect(namespace: &str, auth_json: &str) -> String {
    let mut out = begin('0', namespace, None);
    out.push_str(auth_json);
    out
}

/// Server to client: CONNECT granted. `tidewire` says that the dialect is on.
#[must_use]
pub fn connect_reply(namespace: &str, sid: &str, tidewire: bool) -> String {
    let mut out = begin('0', namespace, None);
    out.push_str("{\"sid\":");
    json::quote(sid, &mut out);
    out.push_str(if tidewire { ",\"tidewire\":1}" } else { "}" });
    out
}

/// Server to client: CONNECT refused, with raw JSON for `data`, or empty for none.
#[must_use]
pub fn connect_error(namespace: &str, message: &str, data_json: &str) -> String {
    let mut out = begin('4', namespace, None);
    out.push_str("{\"message\":");
    json::quote(message, &mut out);
    if !data_json.is_empty() {
        out.push_str(",\"data\":");
        out.push_str(data_json);
    }
    out.push('}');
    out
}

/// DISCONNECT from a namespace.
#[must_use]
pub fn disconnect(namespace: &str) -> String {
    begin('1', namespace, None)
}

/// EVENT with its arguments as raw JSON without brackets, comma-separated; empty for none.
#[must_use]
pub fn event(namespace: &str, id: Option<u64>, name: &str, args_json: &str) -> String {
    let mut out = event_start(namespace, id, name);
    if !args_json.is_empty() {
        out.push(',');
        out.push_str(args_json);
    }
    out.push(']');
    out
}

/// The beginning of an EVENT up to its name: without arguments `]` ends it, else `,`, the arguments and `]`.
#[must_use]
pub fn event_start(namespace: &str, id: Option<u64>, name: &str) -> String {
    event_start_with(namespace, 0, id, name)
}

/// The same for an event that so many binary messages follow.
#[must_use]
pub fn event_start_with(namespace: &str, attachments: u32, id: Option<u64>, name: &str) -> String {
    let mut out = begin_with(if attachments > 0 { '5' } else { '2' }, attachments, namespace, id);
    out.push('[');
    json::quote(name, &mut out);
    out
}

/// The beginning of an ACK that so many binary messages follow, up to its bracket.
#[must_use]
pub fn ack_start_with(namespace: &str, attachments: u32, id: u64) -> String {
    let mut out = begin_with(if attachments > 0 { '6' } else { '3' }, attachments, namespace, Some(id));
    out.push('[');
    out
}

/// ACK with its arguments as raw JSON without brackets, comma-separated; empty for none.
#[must_use]
pub fn ack(namespace: &str, id: u64, args_json: &str) -> String {
    let mut out = begin('3', namespace, Some(id));
    out.push('[');
    out.push_str(args_json);
    out.push(']');
    out
}
