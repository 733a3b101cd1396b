//! Engine.IO 4: packet types, the handshake and polling payloads. It does not know Socket.IO or any transport.
//!
//! Source: <https://github.com/socketio/engine.io-protocol>, revision 4.

use core::fmt;

use crate::error::FrameError;
use crate::json::{self, Scanner, ValueKind};
use crate::limits;

/// Type of an Engine.IO packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// The server's handshake.
    Open,
    /// The transport ends.
    Close,
    /// The server asks for a sign of life.
    Ping,
    /// The client's sign of life.
    Pong,
    /// A Socket.IO packet.
    Message,
    /// The client moves to the new transport.
    Upgrade,
    /// Nothing; ends a poll.
    Noop,
}

/// Separates the packets of a polling payload.
pub const SEPARATOR: char = '\x1e';

/// Takes the type off a text packet. A base64 binary packet is [`FrameError::Binary`].
pub fn parse(packet: &str) -> Result<(PacketType, &str), FrameError> {
    let kind = match packet.as_bytes().first() {
        None => return Err(FrameError::Empty),
        Some(b'0') => PacketType::Open,
        Some(b'1') => PacketType::Close,
        Some(b'2') => PacketType::Ping,
        Some(b'3') => PacketType::Pong,
        Some(b'4') => PacketType::Message,
        Some(b'5') => PacketType::Upgrade,
        Some(b'6') => PacketType::Noop,
        Some(b'b') => return Err(FrameError::Binary),
        Some(_) => return Err(FrameError::EngineType),
    };
    Ok((kind, &packet[1..]))
}

/// Writes a text packet.
#[must_use]
pub fn encode(kind: PacketType, data: &str) -> String {
    let mut out = String::with_capacity(1 + data.len());
    out.push(match kind {
        PacketType::Open => '0',
        PacketType::Close => '1',
        PacketType::Ping => '2',
        PacketType::Pong => '3',
        PacketType::Message => '4',
        PacketType::Upgrade => '5',
        PacketType::Noop => '6',
    });
    out.push_str(data);
    out
}

/// Splits a polling payload into its packets, at most [`limits::PAYLOAD_PACKETS`].
pub fn split_payload(payload: &str) -> Result<Vec<&str>, FrameError> {
    let mut packets = Vec::new();
    for packet in payload.split(SEPARATOR) {
        if packet.is_empty() {
            return Err(FrameError::Empty);
        }
        if packets.len() == limits::PAYLOAD_PACKETS {
            return Err(FrameError::TooManyPackets);
        }
        packets.push(packet);
    }
    Ok(packets)
}

/// Joins packets to a polling payload.
#[must_use]
pub fn join_payload<P: AsRef<str>>(packets: &[P]) -> String {
    let mut out = String::new();
    for packet in packets {
        if !out.is_empty() {
            out.push(SEPARATOR);
        }
        out.push_str(packet.as_ref());
    }
    out
}

/// What the server says when a transport opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The transport session's id: whoever knows it can take part, so it is kept out of logs.
    pub sid: String,
    /// Transports that the client may move to.
    pub upgrades: Vec<String>,
    /// How often the server pings, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long it waits for the pong, in milliseconds.
    pub ping_timeout_ms: u64,
    /// Longest payload that the server accepts, in bytes; 0 if it does not say.
    pub max_payload: u64,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("ping_interval_ms", &self.ping_interval_ms)
            .field("ping_timeout_ms", &self.ping_timeout_ms)
            .field("max_payload", &self.max_payload)
            .finish_non_exhaustive()
    }
}

impl Handshake {
    /// Reads the data of an [`PacketType::Open`] packet.
    pub fn parse(data: &str) -> Result<Handshake, FrameError> {
        let mut shake = Handshake {
            sid: String::new(),
            upgrades: Vec::new(),
            ping_interval_ms: 0,
            ping_timeout_ms: 0,
            max_payload: 0,
        };
        let mut scanner = Scanner::new(data);
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            match &*key {
                "sid" => shake.sid = scanner.string()?.into_owned(),
                "pingInterval" => shake.ping_interval_ms = scanner.integer()?,
                "pingTimeout" => shake.ping_timeout_ms = scanner.integer()?,
                "maxPayload" => shake.max_payload = scanner.integer()?,
                "upgrades" if scanner.peek()? == ValueKind::Array => {
                    shake.upgrades.clear();
                    scanner.enter_array()?;
                    while scanner.more()? {
                        if shake.upgrades.len() == limits::UPGRADES {
                            return Err(FrameError::Handshake);
                        }
                        shake.upgrades.push(scanner.string()?.into_owned());
                    }
                }
                _ => scanner.value().map(drop)?,
            }
        }
        scanner.end()?;
        let heartbeat = 1..=limits::HEARTBEAT_MS;
        let whole = !shake.sid.is_empty()
            && shake.sid.len() <= limits::SID_BYTES
            && heartbeat.contains(&shake.ping_interval_ms)
            && heartbeat.contains(&shake.ping_timeout_ms);
        if whole { Ok(shake) } else { Err(FrameError::Handshake) }
    }

    /// Writes the whole packet, type included.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("0{\"sid\":");
        json::quote(&self.sid, &mut out);
        out.push_str(",\"upgrades\":[");
        for (index, upgrade) in self.upgrades.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            json::quote(upgrade, &mut out);
        }
        out.push_str("],\"pingInterval\":");
        json::number(self.ping_interval_ms, &mut out);
        out.push_str(",\"pingTimeout\":");
        json::number(self.ping_timeout_ms, &mut out);
        out.push_str(",\"maxPayload\":");
        json::number(self.max_payload, &mut out);
        out.push('}');
        out
    }
}
