//! The two error types of this crate: one for frames, one for headers. Plain values without the offending text, because
//! that text may be a payload or a token.

use core::fmt;

/// Why a frame, or a part of one, cannot be read. The peer that sent it is at fault; close the link with this as the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The frame or packet has no characters.
    Empty,
    /// The first character is no Engine.IO packet type.
    EngineType,
    /// A base64 binary packet, which is not negotiated.
    Binary,
    /// The character after the message type is no Socket.IO packet type.
    SocketType,
    /// An attachment count is missing, malformed or above [`crate::limits::ATTACHMENTS`].
    Attachments,
    /// The namespace is longer than [`crate::limits::NAMESPACE_BYTES`] or is not ended by a comma.
    Namespace,
    /// The acknowledgement id is missing where one is needed, or is not below 2^53.
    AckId,
    /// The packet's data does not fit its type (an event without an array, a disconnect with data).
    Data,
    /// Not JSON.
    Json,
    /// JSON nested deeper than [`crate::limits::JSON_DEPTH`].
    TooDeep,
    /// Not an unsigned integer below 2^53.
    Integer,
    /// The text was cut off before this value ended. Only from the lenient mode of [`crate::json::Scanner`].
    Cut,
    /// The handshake lacks a field, or one is out of its limits.
    Handshake,
    /// A CONNECT answer without a session id, as Socket.IO 2 sends it.
    SessionId,
    /// The event's name is no text of 1 to [`crate::limits::NAME_BYTES`] bytes without control characters.
    EventName,
    /// The metadata of a room event breaks a rule of protocol section 1.
    Metadata,
    /// The answer to a join names an epoch but breaks a rule of protocol section 2.
    JoinAnswer,
    /// A request (CONNECT, `room:join`, `room:leave`) lacks a field, or one is out of its limits.
    Request,
    /// A polling payload of more than [`crate::limits::PAYLOAD_PACKETS`] packets.
    TooManyPackets,
}

impl FrameError {
    /// A short, stable name for logs and close reasons.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            FrameError::Empty => "empty",
            FrameError::EngineType => "engine-type",
            FrameError::Binary => "binary",
            FrameError::SocketType => "socket-type",
            FrameError::Attachments => "attachments",
            FrameError::Namespace => "namespace",
            FrameError::AckId => "ack-id",
            FrameError::Data => "data",
            FrameError::Json => "json",
            FrameError::TooDeep => "too-deep",
            FrameError::Integer => "integer",
            FrameError::Cut => "cut",
            FrameError::Handshake => "handshake",
            FrameError::SessionId => "session-id",
            FrameError::EventName => "event-name",
            FrameError::Metadata => "metadata",
            FrameError::JoinAnswer => "join-answer",
            FrameError::Request => "request",
            FrameError::TooManyPackets => "too-many-packets",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            FrameError::Empty => {
                "an empty frame: check that the address is a Socket.IO server and no proxy alters frames"
            }
            FrameError::EngineType => {
                "not an Engine.IO 4 packet: check the address and its path (/socket.io/)"
            }
            FrameError::Binary => "a binary packet, which was not negotiated: send JSON",
            FrameError::SocketType => {
                "not a Socket.IO 5 packet: check that the server speaks Socket.IO 3 or later"
            }
            FrameError::Attachments => {
                "a bad or too large number of binary attachments: send fewer, or send a reference"
            }
            FrameError::Namespace => "a namespace that is too long or not ended by a comma: shorten it",
            FrameError::AckId => {
                "a missing or too large acknowledgement id: the peer must number them below 2^53"
            }
            FrameError::Data => {
                "data that does not fit the packet's type: an event needs an array, a disconnect nothing"
            }
            FrameError::Json => "not JSON: look for a peer or proxy that alters frames",
            FrameError::TooDeep => "JSON nested too deeply: flatten it to at most 64 levels",
            FrameError::Integer => "not a whole number from 0 to 2^53 - 1: send larger numbers as text",
            FrameError::Cut => "the text ends too early: pass more of the frame",
            FrameError::Handshake => {
                "an incomplete Engine.IO handshake: check that the server speaks Engine.IO 4"
            }
            FrameError::SessionId => {
                "no session id in the CONNECT answer: the server speaks Socket.IO 2, use version 3 or later"
            }
            FrameError::EventName => {
                "an event's name must be text of 1 to 128 bytes without control characters"
            }
            FrameError::Metadata => {
                "room event metadata breaks protocol section 1: bring server and client to one version"
            }
            FrameError::JoinAnswer => {
                "the answer to room:join breaks protocol section 2: bring server and client to one version"
            }
            FrameError::Request => {
                "the request lacks a field or one is out of its limits: see protocol sections 1 and 2"
            }
            FrameError::TooManyPackets => {
                "too many packets in one payload: poll more often or send less at once"
            }
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.advice())
    }
}

impl std::error::Error for FrameError {}

/// Why a header's value cannot be read, or cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// `Idempotency-Key` is not 1 to 64 bytes of `[A-Za-z0-9_-]`, bare or in double quotes.
    Key,
    /// `Tidewire-Client` is not 22 characters of base64url.
    Client,
    /// A sequence or floor is not a whole number from 1 to 2^53 - 1.
    Sequence,
    /// `Tidewire-Base` has a position that is not `<room>=<epoch>:<offset>`.
    Position,
    /// `Tidewire-Base` has more positions or ranges than the limit.
    TooMany,
    /// `applied` is not ascending ranges of sequences separated by single spaces.
    Applied,
    /// `Tidewire-Base` has a parameter twice or an unreadable one.
    Parameter,
    /// `Retry-After` is neither seconds nor an HTTP date.
    RetryAfter,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeaderError::Key => {
                "Idempotency-Key must be 1 to 64 of A-Z a-z 0-9 _ -, bare or in double quotes"
            }
            HeaderError::Client => {
                "Tidewire-Client must be 22 characters of base64url: make one from 128 random bits"
            }
            HeaderError::Sequence => {
                "Tidewire-Sequence and Tidewire-Floor must be whole numbers from 1 to 2^53 - 1"
            }
            HeaderError::Position => {
                "Tidewire-Base positions must be <percent-encoded room>=<epoch>:<offset>"
            }
            HeaderError::TooMany => "Tidewire-Base is too long: cover fewer rooms with one answer",
            HeaderError::Applied => "applied must be ascending ranges like 1-11 14",
            HeaderError::Parameter => "Tidewire-Base knows one parameter, applied, and knows it once",
            HeaderError::RetryAfter => {
                "Retry-After must be seconds or a date like Sun, 06 Nov 1994 08:49:37 GMT"
            }
        })
    }
}

impl std::error::Error for HeaderError {}
