//! What a client reads of a frame, and it reads only its head: metadata first, then the name, never the payload. It does
//! not know what a session is; the caller says whether the dialect is on.
//!
//! The text may be the beginning of a longer frame ([`limits::FRAME_HEAD`] characters are
//! enough for everything that our server sends), cut anywhere. A frame with a broken payload behind a good head is
//! read here: whether the payload is JSON is told by whoever parses it.

use core::fmt;
use std::borrow::Cow;

pub use crate::answers::{JoinAnswer, TokenAnswer};
use crate::engine::{self, Handshake, PacketType};
use crate::error::FrameError;
use crate::inband::RETURN;
use crate::json::{self, Scanner, ValueKind};
use crate::{limits, names, socket};

/// Name under which room events with metadata travel.
pub const ROOM_EVENT: &str = "tw";

/// Where a room event stands (protocol section 1). All limits of that section hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta<'a> {
    /// The room.
    pub room: Cow<'a, str>,
    /// The identity of its history.
    pub epoch: Cow<'a, str>,
    /// Place in that history, from 1.
    pub offset: u64,
    /// The event's id.
    pub event_id: Cow<'a, str>,
    /// The write that caused it; empty where none did.
    pub write_id: Cow<'a, str>,
}

/// A frame as a client sees it.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The transport is open.
    Open(Handshake),
    /// The server ends the transport.
    Close,
    /// The server asks for a sign of life.
    Ping {
        /// It belongs to a transport upgrade.
        probe: bool,
    },
    /// The server answers a ping (only during an upgrade).
    Pong,
    /// Nothing.
    Noop,
    /// Moves to the new transport; only clients send it.
    Upgrade,
    /// The session is granted.
    Connect {
        /// In this namespace.
        namespace: &'a str,
        /// Its id.
        sid: Cow<'a, str>,
        /// The dialect is on.
        tidewire: bool,
        /// Milliseconds that the token has left (protocol section 6).
        expires: Option<u64>,
        /// Which process answers (protocol section 6).
        instance: Option<Cow<'a, str>>,
        /// Under which a foreign server restores the session (Socket.IO's own recovery).
        pid: Option<Cow<'a, str>>,
    },
    /// The session is refused.
    ConnectError {
        /// In this namespace.
        namespace: &'a str,
        /// The server's sentence, as far as it was passed.
        message: Cow<'a, str>,
        /// The `code` of its data.
        code: Option<Cow<'a, str>>,
    },
    /// The session is over.
    Disconnect {
        /// In this namespace.
        namespace: &'a str,
    },
    /// An event.
    Event {
        /// In this namespace.
        namespace: &'a str,
        /// An acknowledgement is asked for under this id.
        id: Option<u64>,
        /// Its place in a room, if it has one.
        meta: Option<Meta<'a>>,
        /// Its name.
        name: Cow<'a, str>,
        /// So many elements of the array come before the arguments: 1, or 3 with metadata.
        skip: u8,
        /// So many binary messages follow and belong to it.
        attachments: u32,
    },
    /// An acknowledgement.
    Ack {
        /// In this namespace.
        namespace: &'a str,
        /// Of the event with this id.
        id: u64,
        /// The array of its arguments as raw JSON; not validated, cut where the head is cut.
        args: &'a str,
        /// So many binary messages follow and belong to it.
        attachments: u32,
    },
    /// The server goes away and says when and where to come back (protocol section 8); only with the dialect.
    Return {
        /// After so many milliseconds.
        after: u64,
        /// At this origin.
        url: Option<Cow<'a, str>>,
    },
    /// A base64 binary packet of a polling payload, which a transport decodes.
    Binary,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Frame::Open(_) => "Open",
            Frame::Close => "Close",
            Frame::Ping { .. } => "Ping",
            Frame::Pong => "Pong",
            Frame::Noop => "Noop",
            Frame::Upgrade => "Upgrade",
            Frame::Connect { .. } => "Connect",
            Frame::ConnectError { .. } => "ConnectError",
            Frame::Disconnect { .. } => "Disconnect",
            Frame::Event { .. } => "Event",
            Frame::Ack { .. } => "Ack",
            Frame::Return { .. } => "Return",
            Frame::Binary => "Binary",
        })
    }
}

/// Reads a frame, or its beginning if `truncated`. With `dialect` off, an event named `tw` is an event like any other.
pub fn parse(head: &str, truncated: bool, dialect: bool) -> Result<Frame<'_>, FrameError> {
    let (kind, data) = match engine::parse(head) {
        Err(FrameError::Binary) => return Ok(Frame::Binary),
        other => other?,
    };
    match kind {
        PacketType::Open => Handshake::parse(data).map(Frame::Open),
        PacketType::Close => Ok(Frame::Close),
        PacketType::Ping => Ok(Frame::Ping { probe: data == "probe" }),
        PacketType::Pong => Ok(Frame::Pong),
        PacketType::Noop => Ok(Frame::Noop),
        PacketType::Upgrade => Ok(Frame::Upgrade),
        PacketType::Message => message(data, truncated, dialect),
    }
}

fn message(data: &str, truncated: bool, dialect: bool) -> Result<Frame<'_>, FrameError> {
    let header = socket::parse(data)?;
    let namespace = header.namespace;
    let mut scanner = Scanner::lenient(header.rest, truncated);
    match header.kind {
        socket::Kind::Connect => connect(namespace, scanner),
        socket::Kind::ConnectError => connect_error(namespace, scanner),
        socket::Kind::Disconnect => Ok(Frame::Disconnect { namespace }),
        socket::Kind::Event | socket::Kind::BinaryEvent => {
            let attachments = header.attachments;
            scanner.enter_array()?;
            let name = plain_name(&mut scanner)?;
            if dialect && name == RETURN {
                return read_return(&mut scanner);
            }
            if !(dialect && name == ROOM_EVENT) {
                return Ok(Frame::Event { namespace, id: header.id, meta: None, name, skip: 1, attachments });
            }
            let meta = read_meta(&mut scanner)?;
            let name = next_name(&mut scanner)?;
            Ok(Frame::Event { namespace, id: header.id, meta: Some(meta), name, skip: 3, attachments })
        }
        socket::Kind::Ack | socket::Kind::BinaryAck => Ok(Frame::Ack {
            namespace,
            id: header.id.ok_or(FrameError::AckId)?,
            args: header.rest,
            attachments: header.attachments,
        }),
    }
}

/// The name of an event without metadata. Foreign servers may use the empty name and control characters.
fn plain_name<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, FrameError> {
    if !scanner.more()? || scanner.peek()? != ValueKind::String {
        return Err(FrameError::EventName);
    }
    let name = scanner.string()?;
    if name.len() <= limits::NAME_BYTES { Ok(name) } else { Err(FrameError::EventName) }
}

fn read_return<'a>(scanner: &mut Scanner<'a>) -> Result<Frame<'a>, FrameError> {
    let (mut after, mut url) = (0, None);
    if !scanner.more()? {
        return Err(FrameError::Request);
    }
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match (&*key, scanner.peek()?) {
            ("after", ValueKind::Number) => after = scanner.integer()?,
            ("url", ValueKind::String) => url = Some(scanner.string()?),
            _ => scanner.value().map(drop)?,
        }
    }
    Ok(Frame::Return { after, url })
}

fn next_name<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, FrameError> {
    if scanner.more()? { socket::event_name(scanner) } else { Err(FrameError::EventName) }
}

fn read_meta<'a>(scanner: &mut Scanner<'a>) -> Result<Meta<'a>, FrameError> {
    fn next_string<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, FrameError> {
        if scanner.more()? && scanner.peek()? == ValueKind::String {
            scanner.string()
        } else {
            Err(FrameError::Metadata)
        }
    }
    if !scanner.more()? || scanner.peek()? != ValueKind::Array {
        return Err(FrameError::Metadata);
    }
    scanner.enter_array()?;
    let room = next_string(scanner)?;
    let epoch = next_string(scanner)?;
    let offset = if scanner.more()? { scanner.integer() } else { Err(FrameError::Metadata) };
    let meta = Meta {
        room,
        epoch,
        offset: offset
            .map_err(|error| if error == FrameError::Integer { FrameError::Metadata } else { error })?,
        event_id: next_string(scanner)?,
        write_id: next_string(scanner)?,
    };
    if scanner.more()? || !is_valid(&meta) { Err(FrameError::Metadata) } else { Ok(meta) }
}

/// Whether metadata keeps the rules of protocol section 1.
#[must_use]
pub fn is_valid(meta: &Meta<'_>) -> bool {
    names::is_name(&meta.room)
        && names::is_epoch(&meta.epoch)
        && (1..limits::INTEGER).contains(&meta.offset)
        && names::is_id(&meta.event_id)
        && (meta.write_id.is_empty() || names::is_id(&meta.write_id))
}

fn connect<'a>(namespace: &'a str, mut scanner: Scanner<'a>) -> Result<Frame<'a>, FrameError> {
    if scanner.rest().is_empty() {
        return Err(FrameError::SessionId);
    }
    let mut sid = Cow::Borrowed("");
    let (mut tidewire, mut expires) = (false, None);
    let (mut instance, mut pid) = (None, None);
    scanner.enter_object()?;
    loop {
        match scanner.key() {
            Ok(None) => break,
            Ok(Some(key)) => match (&*key, scanner.peek()) {
                ("sid", Ok(ValueKind::String)) => sid = scanner.string()?,
                ("tidewire", Ok(ValueKind::Number)) => tidewire = scanner.value()? == "1",
                ("expires", Ok(ValueKind::Number)) => expires = json::integer(scanner.value()?).ok(),
                ("instance", Ok(ValueKind::String)) => instance = Some(scanner.string()?),
                ("pid", Ok(ValueKind::String)) => pid = Some(scanner.string()?),
                (_, Ok(_)) => match scanner.value() {
                    Err(FrameError::Cut) => break,
                    other => other.map(drop)?,
                },
                (_, Err(FrameError::Cut)) => break,
                (_, Err(error)) => return Err(error),
            },
            Err(FrameError::Cut) => break,
            Err(error) => return Err(error),
        }
    }
    if sid.is_empty() || sid.len() > limits::SID_BYTES {
        return Err(FrameError::SessionId);
    }
    let instance = instance.filter(|text| names::is_id(text));
    let pid = pid.filter(|text| !text.is_empty() && text.len() <= limits::SID_BYTES);
    Ok(Frame::Connect { namespace, sid, tidewire, expires, instance, pid })
}

fn connect_error<'a>(namespace: &'a str, mut scanner: Scanner<'a>) -> Result<Frame<'a>, FrameError> {
    let mut message = Cow::Borrowed("");
    let mut code = None;
    if scanner.peek()? == ValueKind::String {
        message = scanner.string_or_beginning()?;
    } else {
        match error_fields(&mut scanner, &mut message, &mut code) {
            Ok(()) | Err(FrameError::Cut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Frame::ConnectError { namespace, message, code })
}

fn error_fields<'a>(
    scanner: &mut Scanner<'a>,
    message: &mut Cow<'a, str>,
    code: &mut Option<Cow<'a, str>>,
) -> Result<(), FrameError> {
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match (&*key, scanner.peek()?) {
            ("message", ValueKind::String) => *message = scanner.string_or_beginning()?,
            ("data", ValueKind::Object) => {
                scanner.enter_object()?;
                while let Some(key) = scanner.key()? {
                    if key == "code" && scanner.peek()? == ValueKind::String {
                        *code = Some(scanner.string()?);
                    } else {
                        scanner.value()?;
                    }
                }
            }
            _ => scanner.value().map(drop)?,
        }
    }
    Ok(())
}
