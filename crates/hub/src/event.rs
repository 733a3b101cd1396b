//! A room's event, and the same event as the frames that carry it. It does not know who gets them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tidewire_wire::head::Meta;
use tidewire_wire::{dialect, json};

use crate::ids::Offset;
use crate::msgpack;

/// An event in a room's history.
#[derive(Clone, PartialEq, Eq)]
pub struct RoomEvent {
    /// The room.
    pub room: Arc<str>,
    /// The identity of the room's history.
    pub epoch: Arc<str>,
    /// Its place there: from 1, contiguous.
    pub offset: u64,
    /// Its own id.
    pub event_id: Arc<str>,
    /// The write that caused it; empty for none.
    pub write_id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// One JSON value.
    pub payload: Arc<str>,
}

impl fmt::Debug for RoomEvent {
    /// Without the payload, which is people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{} {}", self.room, self.epoch, self.offset, self.name)
    }
}

/// One whole frame, shared by everybody who gets it.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// An Engine.IO packet as text.
    Text(Arc<str>),
    /// A binary Engine.IO message: an attachment, or a packet as MessagePack.
    Binary(Arc<[u8]>),
}

impl Frame {
    /// Whether this is the very same one in memory, as it is for all who get a broadcast.
    #[must_use]
    pub fn is_same(&self, other: &Frame) -> bool {
        match (self, other) {
            (Frame::Text(one), Frame::Text(other)) => Arc::ptr_eq(one, other),
            (Frame::Binary(one), Frame::Binary(other)) => Arc::ptr_eq(one, other),
            (Frame::Text(_), Frame::Binary(_)) | (Frame::Binary(_), Frame::Text(_)) => false,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.as_ref().len() as u64
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        match self {
            Frame::Text(text) => text.as_bytes(),
            Frame::Binary(bytes) => bytes,
        }
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Frame::Text(text.into())
    }
}

impl fmt::Debug for Frame {
    /// Without the text, which is people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.bytes())
    }
}

/// How a connection wants its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// With the dialect's metadata.
    pub(crate) dialect: bool,
    /// As MessagePack.
    pub(crate) packed: bool,
    /// With an offset as the last argument, for Socket.IO's own recovery.
    pub(crate) marked: bool,
}

/// A text frame that becomes MessagePack at most once.
pub(crate) struct Shared {
    text: Frame,
    packed: Option<Frame>,
}

impl Shared {
    pub(crate) fn new(text: String) -> Self {
        Shared { text: text.into(), packed: None }
    }

    pub(crate) fn frame(&mut self, packed: bool) -> Frame {
        if !packed {
            return self.text.clone();
        }
        self.packed.get_or_insert_with(|| msgpack::packed(self.text.clone(), &[])).clone()
    }
}

/// An event that becomes a frame at most once per dialect and parser (V8).
pub(crate) struct Framed {
    event: RoomEvent,
    plain: Option<Shared>,
    marked: Option<Shared>,
    dialect: Option<Shared>,
}

impl Framed {
    pub(crate) fn new(event: RoomEvent) -> Self {
        Framed { event, plain: None, marked: None, dialect: None }
    }

    pub(crate) fn offset(&self) -> Offset {
        Offset(self.event.offset)
    }

    pub(crate) fn epoch(&self) -> &str {
        &self.event.epoch
    }

    pub(crate) fn payload_bytes(&self) -> u64 {
        self.event.payload.len() as u64
    }

    /// The event's id, which is also its offset for Socket.IO's own recovery.
    pub(crate) fn id(&self) -> Arc<str> {
        self.event.event_id.clone()
    }

    pub(crate) fn frame(&mut self, form: Form) -> Frame {
        let event = &self.event;
        if form.marked {
            return self
                .marked
                .get_or_insert_with(|| {
                    let args = marked(&event.payload, &event.event_id);
                    Shared::new(dialect::plain_frame(&event.name, &args))
                })
                .frame(form.packed);
        }
        if !form.dialect {
            return self
                .plain
                .get_or_insert_with(|| Shared::new(dialect::plain_frame(&event.name, &event.payload)))
                .frame(form.packed);
        }
        self.dialect
            .get_or_insert_with(|| {
                let meta = Meta {
                    room: Cow::Borrowed(&event.room),
                    epoch: Cow::Borrowed(&event.epoch),
                    offset: event.offset,
                    event_id: Cow::Borrowed(&event.event_id),
                    write_id: Cow::Borrowed(&event.write_id),
                };
                Shared::new(dialect::event_frame(&meta, &event.name, &event.payload))
            })
            .frame(form.packed)
    }
}

/// Arguments with an offset as the last one.
pub(crate) fn marked(args: &str, offset: &str) -> String {
    let mut out = String::with_capacity(args.len() + offset.len() + 3);
    out.push_str(args);
    if !args.is_empty() {
        out.push(',');
    }
    json::quote(offset, &mut out);
    out
}
