//! Every limit of the hub, in one place (units in the names). Each has a typed outcome: a refusal or a
//! [`CloseReason`](crate::CloseReason). Limits of a frame's text are those of `tidewire_wire::limits`.

use crate::ids::Millis;

/// The server asks a client for a sign of life this long after the last one (Engine.IO's default).
pub const PING_INTERVAL: Millis = Millis(25_000);
/// And waits so long for the answer (Engine.IO's default).
pub const PING_TIMEOUT: Millis = Millis(20_000);
/// A host that wakes so late is on time.
pub const LATE: Millis = Millis(20);
/// Without a granted CONNECT a connection is closed after this (V2).
pub const CONNECT_TIMEOUT: Millis = Millis(15_000);
/// A connection outlives its token by this (V2).
pub const EXPIRY_GRACE: Millis = Millis(25_000);
/// A person is offline this long after the last connection ended (V4).
pub const PRESENCE_GRACE: Millis = Millis(10_000);
/// Longest frame from a client, in bytes; also what the handshake announces.
pub const FRAME_BYTES: u64 = 1_000_000;
/// All attachments of one packet, in bytes; their number is in `tidewire_wire::limits`.
pub const ATTACHMENT_BYTES: usize = 4_000_000;
/// A session waits so long for its client, where Socket.IO's own recovery is on.
pub const RECOVERY_TIME: Millis = Millis(120_000);
/// And keeps so many bytes of events for it.
pub const RECOVERY_BYTES: u64 = 256_000;
/// Acknowledgements that one session may owe the app; then an emit ends at once as not answered.
pub const ACKS_OWED: usize = 1_024;
/// Bytes that may wait for one client; above, it is closed as slow (V8).
pub const QUEUE_BYTES: u64 = 1_000_000;
/// While more than this waits for a client, no history is added to it.
pub const CATCH_UP_BYTES: u64 = 256_000;
/// Positions of rooms are compared with the history this long after the last round (V6: at least every 40 s).
pub const AUDIT_INTERVAL: Millis = Millis(30_000);
/// The feed may be behind the history for this long.
pub const FEED_TIME: Millis = Millis(1_000);
/// Events of a room that are kept in memory.
pub const RING_EVENTS: usize = 256;
/// Their payloads' bytes.
pub const RING_BYTES: u64 = 1_000_000;
/// Rooms without members whose recent events stay in memory.
pub const IDLE_ROOMS: usize = 1_000;
/// Sessions per person, in all namespaces; one more is refused as `OVERLOADED` (V9).
pub const SESSIONS_PER_USER: usize = 10_000;
/// New sessions of one person per second, in the long run (V9).
pub const CONNECTS_PER_SECOND: u64 = 100;
/// And at once.
pub const CONNECT_BURST: u64 = 10_000;
/// Packets of one person per second, on all connections, in the long run (V9).
pub const MESSAGES_PER_SECOND: u64 = 1_000;
/// And at once.
pub const MESSAGE_BURST: u64 = 20_000;
/// People in a snapshot of who is online; it tells how many there are (V4).
pub const SNAPSHOT_PEOPLE: usize = 1_000;
/// Rooms per connection.
pub const ROOMS: usize = 1_000;
/// Missed events up to which a client is brought up to date (V3).
pub const MISSED_EVENTS: u64 = 1_000;
/// Events that are read from the history at a time.
pub const READ_EVENTS: usize = 256;
/// Bytes of answers that are kept per stream (C6); the oldest go first, and who asks for one again gets an empty one.
pub const STREAM_ANSWER_BYTES: usize = 64_000;
/// What each of them counts beside its text.
pub const STREAM_ANSWER_COST: usize = 64;
/// Streams per person. One more takes the place of the one that was left first, or is refused as `TooManyStreams`.
pub const STREAMS_PER_USER: usize = 64;
/// Streams that one connection may use; a client uses one.
pub const STREAMS_PER_LINK: usize = 8;
/// A stream is kept this long after its last connection.
pub const STREAM_TIME: Millis = Millis(600_000);
/// Rooms whose access could not be checked when a token was refreshed are checked again after this (V3).
pub const RECHECK_AFTER: Millis = Millis(10_000);
/// Who is sent away comes back after this at the earliest (C2). Others than our own clients, who cannot be told, are sent away
/// one after the other over [`RETURN_SPREAD`].
pub const RETURN_AFTER: Millis = Millis(500);
/// And the last one so much later.
pub const RETURN_SPREAD: Millis = Millis(5_000);
/// With few clients: so much after the one before.
pub const RETURN_PACE: Millis = Millis(1);
/// Events of one connection that may wait for their handlers; then reading pauses.
pub const INBOX_EVENTS: usize = 128;
/// Their bytes.
pub const INBOX_BYTES: usize = 256_000;
/// Events of one connection that a host which can is asked to handle at once, one after the other.
pub const BATCH_EVENTS: usize = 16;
/// And the bytes of those behind the first.
pub const BATCH_BYTES: usize = 16_000;
