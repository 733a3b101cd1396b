//! Every limit of the wire formats, in one place (units in the names). Each has a typed outcome: see [`crate::FrameError`].

/// Nesting of a JSON value. The scanner keeps one bit per level in a `u64`, so this may not grow past 64.
pub const JSON_DEPTH: u32 = 64;
/// Integers are below this everywhere (2^53), so that JavaScript holds them exactly.
pub const INTEGER: u64 = 1 << 53;
/// Characters of a frame's beginning that are enough for [`crate::head::parse`].
pub const FRAME_HEAD: usize = 1024;
/// Binary attachments that a packet may announce.
pub const ATTACHMENTS: u32 = 64;
/// A namespace, in bytes.
pub const NAMESPACE_BYTES: usize = 128;
/// An event's name or a room, in bytes (protocol section 1).
pub const NAME_BYTES: usize = 128;
/// An epoch, in bytes (protocol section 1).
pub const EPOCH_BYTES: usize = 32;
/// An event id, a write id or an idempotency key, in bytes (protocol sections 1 and 3).
pub const ID_BYTES: usize = 64;
/// A client id, in characters of base64url; exactly this many (protocol section 3).
pub const CLIENT_ID_BYTES: usize = 22;
/// A session id of a handshake or a CONNECT, in bytes.
pub const SID_BYTES: usize = 128;
/// Transports that a handshake may offer.
pub const UPGRADES: usize = 8;
/// `pingInterval` and `pingTimeout` of a handshake, in milliseconds (one day).
pub const HEARTBEAT_MS: u64 = 24 * 60 * 60 * 1000;
/// Packets in one polling payload.
pub const PAYLOAD_PACKETS: usize = 1024;
/// Positions in one `Tidewire-Base`.
pub const BASE_POSITIONS: usize = 64;
/// Ranges in its `applied`.
pub const APPLIED_RANGES: usize = 256;
/// A `Retry-After` in seconds; larger ones count as this (a year).
pub const RETRY_AFTER_SECONDS: u64 = 366 * 24 * 60 * 60;
