//! Messages become frames, unmasked as a server's are (RFC 6455 section 5.2), perhaps compressed (RFC 7692 section 6). It does not know where they go.

/// Kinds of frames (section 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpCode {
    Text = 1,
    Binary = 2,
    Close = 8,
    Pong = 10,
}

/// The bit of the last frame of a message.
const FIN: u8 = 0x80;
/// The bit of a compressed message.
const DEFLATED: u8 = 0x40;
/// Longest reason beside the code of a close frame (section 5.5).
const REASON: usize = 123;

/// A whole message as one frame.
pub(crate) fn frame(out: &mut Vec<u8>, code: OpCode, deflated: bool, payload: &[u8]) {
    out.reserve(payload.len() + 10);
    out.push(FIN | if deflated { DEFLATED } else { 0 } | code as u8);
    match payload.len() {
        // At most 125.
        short @ 0..=125 => out.push(short as u8),
        middle @ 126..=0xffff => {
            out.push(126);
            out.extend((middle as u16).to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend((long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// A close frame.
pub(crate) fn close(out: &mut Vec<u8>, code: Option<u16>, reason: &str) {
    let mut payload = Vec::new();
    if let Some(code) = code {
        payload.extend(code.to_be_bytes());
        payload.extend(reason.bytes().take(REASON));
    }
    frame(out, OpCode::Close, false, &payload);
}
