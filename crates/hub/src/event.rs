//! A room's event, and the same event as the frames that carry it. It does not know who gets them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tidewire_wire::dialect;
use tidewire_wire::head::Meta;

use crate::ids::Offset;

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

/// One whole text frame, shared by everybody who gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(pub Arc<str>);

impl Frame {
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Frame(text.into())
    }
}

impl fmt::Debug for Frame {
    /// Without the text, which is people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

/// An event that becomes a frame at most once per dialect (V8).
pub(crate) struct Framed {
    event: RoomEvent,
    plain: Option<Frame>,
    dialect: Option<Frame>,
}

impl Framed {
    pub(crate) fn new(event: RoomEvent) -> Self {
        Framed { event, plain: None, dialect: None }
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

    pub(crate) fn frame(&mut self, dialect: bool) -> Frame {
        let event = &self.event;
        if !dialect {
            return self
                .plain
                .get_or_insert_with(|| dialect::plain_frame(&event.name, &event.payload).into())
                .clone();
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
                dialect::event_frame(&meta, &event.name, &event.payload).into()
            })
            .clone()
    }
}
