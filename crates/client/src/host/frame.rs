//! What the host makes of a frame for the engine: its head, its length, its JSON. Decides nothing about it.

use serde_json::Value;
use tidewire_core::limits;
use tidewire_wire::engine::{self, PacketType};
use tidewire_wire::socket::{self, Kind};

/// A frame, taken apart.
pub(super) struct Parts {
    /// Its first characters.
    pub(super) head: String,
    /// UTF-16 code units of all of it.
    pub(super) length: u32,
    /// Its JSON.
    pub(super) json: Json,
}

/// The JSON of a frame.
pub(super) enum Json {
    /// It has none that anybody but the engine reads.
    None,
    /// The arguments of an event, with the id under which the peer waits for an answer, or of an acknowledgement.
    Array { value: Value, reply: Option<u64> },
    /// It is none.
    Invalid,
}

pub(super) fn take_apart(text: &str) -> Parts {
    let end = text.char_indices().nth(limits::FRAME_HEAD).map_or(text.len(), |(at, _)| at);
    let length = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    let json = if length > limits::FRAME { Json::None } else { json(text) };
    Parts { head: text[..end].to_owned(), length, json }
}

fn json(text: &str) -> Json {
    let Ok((PacketType::Message, packet)) = engine::parse(text) else { return Json::None };
    let Ok(header) = socket::parse(packet) else { return Json::None };
    let reply = match header.kind {
        Kind::Event => header.id,
        Kind::Ack => None,
        _ => return Json::None,
    };
    match serde_json::from_str(header.rest) {
        Ok(value @ Value::Array(_)) => Json::Array { value, reply },
        Ok(_) | Err(_) => Json::Invalid,
    }
}
