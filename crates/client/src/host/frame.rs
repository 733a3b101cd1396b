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
    /// The arguments of an event or of an acknowledgement.
    Array { value: Value, last: Option<String> },
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
    match header.kind {
        Kind::Event | Kind::Ack | Kind::BinaryEvent | Kind::BinaryAck => {}
        Kind::Connect | Kind::Disconnect | Kind::ConnectError => return Json::None,
    }
    match serde_json::from_str(header.rest) {
        Ok(value @ Value::Array(_)) => {
            let last = value.as_array().and_then(|all| all.last()).and_then(Value::as_str);
            let short = |text: &&str| text.encode_utf16().count() <= limits::LAST_ARGUMENT;
            let last = last.filter(short).map(str::to_owned);
            Json::Array { value, last }
        }
        Ok(_) | Err(_) => Json::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Option<String> {
        match take_apart(text).json {
            Json::Array { value, .. } => Some(value.to_string()),
            Json::None | Json::Invalid => None,
        }
    }

    #[test]
    fn c1_the_json_of_events_and_acknowledgements_is_found() {
        assert_eq!(array(r#"42["a",1]"#).as_deref(), Some(r#"["a",1]"#));
        assert_eq!(array(r#"42/admin,7["a"]"#).as_deref(), Some(r#"["a"]"#));
        assert_eq!(array("437[1]").as_deref(), Some("[1]"));
        assert_eq!(
            array(r#"451-/admin,7["a",{"_placeholder":true,"num":0}]"#).map(|json| json.len()),
            Some(35)
        );
        assert!(matches!(take_apart(r#"40{"sid":"x"}"#).json, Json::None));
        assert!(matches!(take_apart("2").json, Json::None));
        assert!(matches!(take_apart(r#"42["a",]"#).json, Json::Invalid));
    }

    // Both sides of core::LAST_ARGUMENT.
    #[test]
    fn c12_a_short_last_argument_is_told() {
        let last = |text: &str| match take_apart(text).json {
            Json::Array { last, .. } => last,
            Json::None | Json::Invalid => None,
        };
        assert_eq!(last(r#"42["x",1,"abc"]"#).as_deref(), Some("abc"));
        assert_eq!(last(r#"42["x","abc",1]"#), None);
        assert!(last(&format!(r#"42["x","{}"]"#, "\u{1f30a}".repeat(16))).is_some());
        assert_eq!(last(&format!(r#"42["x","{}"]"#, "a".repeat(33))), None);
    }

    #[test]
    fn p2_the_head_ends_between_characters_and_the_length_counts_as_javascript_does() {
        let text = format!("42[\"{}\"]", "\u{1f30a}".repeat(limits::FRAME_HEAD));
        let parts = take_apart(&text);
        assert_eq!(parts.head.chars().count(), limits::FRAME_HEAD);
        assert!(text.starts_with(&parts.head));
        assert_eq!(parts.length as usize, 6 + 2 * limits::FRAME_HEAD);
    }

    #[test]
    fn c11_json_that_is_nested_too_deep_is_invalid_and_no_panic() {
        let text = format!("42[{}", "[".repeat(100_000));
        assert!(matches!(take_apart(&text).json, Json::Invalid));
    }
}
