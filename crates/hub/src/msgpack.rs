//! Frames of clients that speak MessagePack (`socket.io-msgpack-parser`, V1): in between stands the text that all else here speaks.

use tidewire_wire::{FrameError, msgpack};

use crate::event::Frame;
use crate::io::Binary;

/// A Socket.IO packet as one binary frame. Other packets of Engine.IO stay as they are.
pub(crate) fn packed(frame: Frame, attachments: &[Binary]) -> Frame {
    let Frame::Text(text) = &frame else { return frame };
    let parts: Vec<&[u8]> = attachments.iter().map(|part| &*part.0).collect();
    match text.strip_prefix('4').map(|packet| msgpack::pack(packet, &parts)) {
        Some(Ok(bytes)) => Frame::Binary(bytes.into()),
        // What we write can be read.
        Some(Err(_)) | None => frame,
    }
}

/// A packet as text without the Engine.IO type, and its attachments.
pub(crate) fn unpacked(bytes: &[u8]) -> Result<(String, Vec<Binary>), FrameError> {
    let (text, parts) = msgpack::unpack(bytes)?;
    Ok((text, parts.into_iter().map(|part| Binary(part.into())).collect()))
}
