//! The character rules of names and ids (protocol sections 1 and 3), as predicates. It does not know where they occur.

use crate::limits;

/// `[A-Za-z0-9_-]`, the alphabet of epochs, ids and keys.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_token(text: &str, least: usize, most: usize) -> bool {
    text.len() >= least && text.len() <= most && text.bytes().all(is_token_byte)
}

/// An event's name or a room: 1 to 128 bytes without control characters (escaped they would not fit a frame's head).
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= limits::NAME_BYTES
        && text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f)
}

/// An epoch: 1 to 32 bytes of `[A-Za-z0-9_-]`.
#[must_use]
pub fn is_epoch(text: &str) -> bool {
    is_token(text, 1, limits::EPOCH_BYTES)
}

/// An event id, write id or idempotency key: 1 to 64 bytes of `[A-Za-z0-9_-]`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    is_token(text, 1, limits::ID_BYTES)
}

/// A client id: 22 characters of base64url.
#[must_use]
pub fn is_client_id(text: &str) -> bool {
    is_token(text, limits::CLIENT_ID_BYTES, limits::CLIENT_ID_BYTES)
}

/// A namespace: `/`, or `/` and a name without comma, at most 128 bytes.
#[must_use]
pub fn is_namespace(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= limits::NAMESPACE_BYTES
        && text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f && byte != b',')
}
