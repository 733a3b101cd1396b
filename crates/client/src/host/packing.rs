//! MessagePack links (C1): packets of `socket.io-msgpack-parser` become the text and attachments that the engine and all else here
//! speak, and back. Knows packets' forms and nothing about what they mean.

use std::collections::HashMap;

use hyper::body::Bytes;
use tidewire_core::LinkId;
use tidewire_wire::{msgpack, socket};
use tokio_tungstenite::tungstenite::Message;

/// A frame that whoever reads it must refuse.
const MALFORMED: &str = "42[";

/// A packet whose attachments are still to come.
struct Gathering {
    packet: String,
    count: usize,
    parts: Vec<Bytes>,
}

/// What is on its way out, by link.
#[derive(Default)]
pub(super) struct Packing(HashMap<LinkId, Gathering>);

impl Packing {
    /// What leaves as this message; none while attachments are missing.
    pub(super) fn leaving(&mut self, link: LinkId, message: Message) -> Option<Message> {
        match &message {
            Message::Text(text) => {
                // Other packets of Engine.IO stay as they are.
                let Some(packet) = text.as_str().strip_prefix('4') else { return Some(message) };
                let count = socket::parse(packet).map_or(0, |header| header.attachments);
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let gathering = Gathering { packet: packet.to_owned(), count, parts: Vec::new() };
                self.0.insert(link, gathering);
            }
            Message::Binary(bytes) => self.0.get_mut(&link)?.parts.push(bytes.clone()),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                return Some(message);
            }
        }
        if self.0.get(&link)?.parts.len() < self.0.get(&link)?.count {
            return None;
        }
        let Gathering { packet, parts, .. } = self.0.remove(&link)?;
        let parts: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
        // What the engine writes can be read.
        msgpack::pack(&packet, &parts).ok().map(Message::binary)
    }

    pub(super) fn forget(&mut self, link: LinkId) {
        self.0.remove(&link);
    }
}

/// What came, as a text frame and its attachments.
pub(super) fn came(bytes: &[u8]) -> (String, Vec<Bytes>) {
    match msgpack::unpack(bytes) {
        Ok((packet, parts)) => {
            (format!("4{packet}"), parts.into_iter().map(Bytes::copy_from_slice).collect())
        }
        Err(_) => (MALFORMED.to_owned(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_a_packet_leaves_as_one_message_with_its_attachments_and_comes_back() {
        let (mut packing, link) = (Packing::default(), LinkId(1));
        let ping = Message::text("2");
        assert_eq!(packing.leaving(link, ping.clone()), Some(ping));
        let text = r#"452-/admin,7["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
        assert_eq!(packing.leaving(link, Message::text(text)), None);
        assert_eq!(packing.leaving(link, Message::binary(vec![1, 2])), None);
        let Some(Message::Binary(one)) = packing.leaving(link, Message::binary(vec![3])) else {
            panic!("one message")
        };
        assert_eq!(
            came(&one),
            (text.to_owned(), vec![Bytes::from_static(&[1, 2]), Bytes::from_static(&[3])])
        );
        let Some(Message::Binary(plain)) = packing.leaving(link, Message::text(r#"42["a",1.5,"é"]"#)) else {
            panic!("at once")
        };
        assert_eq!(came(&plain), (r#"42["a",1.5,"é"]"#.to_owned(), vec![]));
    }

    #[test]
    fn c11_bytes_that_are_no_packet_become_a_frame_that_is_refused() {
        assert_eq!(came(b"no packet").0, MALFORMED);
        assert_eq!(came(&[]).0, MALFORMED);
    }
}
