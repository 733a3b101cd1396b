//! Every limit of the engine, in one place (units in the names). Each has a typed outcome.

use crate::ids::Millis;

/// Text that a host must pass of a frame's beginning, in UTF-16 code units.
pub const FRAME_HEAD: usize = 1024;
/// Longest frame, in UTF-16 code units. Longer ones close the link as `Oversized`.
pub const FRAME: u32 = 1_000_000;
/// Longest answer body that is stored, in bytes.
pub const STORED_ANSWER: usize = 64 * 1024;

/// Pending writes (Q15).
pub const PENDING_WRITES: u32 = 100;
/// Bytes of pending writes.
pub const PENDING_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of one write.
pub const WRITE_BYTES: u64 = 1024 * 1024;
/// A failed step or reading of the store is tried again after this.
pub const STORE_RETRY: Millis = Millis(1_000);
/// Ids of own writes remembered after their records are gone, to tell own events.
pub const RECENT_WRITES: usize = 256;
/// Names of temporary ids that are kept for later writes, in one record (Q7).
pub const RECENT_NAMES: usize = 128;
/// Shortest temporary id, in bytes: it must be unguessable, since it is looked for in text.
pub const TEMP_ID_LEAST: usize = 8;
/// Longest one.
pub const TEMP_ID_BYTES: usize = 64;
/// Temporary ids that one write may declare.
pub const TEMP_IDS: usize = 8;
/// Longest real name of one, in bytes.
pub const REAL_ID_BYTES: usize = 256;
/// Parents of one write.
pub const PARENTS: usize = 16;
/// The app's answer to a conflict is waited for this long (Q10).
pub const CONFLICT_TIMEOUT: Millis = Millis(30_000);
/// As much as any stretch that nobody watched counts towards the age of writes, however far the wall clock has moved (Q13).
pub const CLOCK_GAP: Millis = Millis(12 * 60 * 60 * 1000);
/// The queue's own clock is stored this often while something is pending.
pub const CLOCK_STEP: Millis = Millis(60 * 60 * 1000);
/// Parked writes.
pub const PARKED_WRITES: u32 = 400;
/// Bytes of parked writes.
pub const PARKED_BYTES: u64 = 16 * 1024 * 1024;
/// Writes in flight at a time, one per lane (Q6).
pub const IN_FLIGHT: usize = 4;
/// Tries that answers about one write (5xx) use up (Q11), where the app says nothing else.
pub const TRIES: u32 = 3;
/// The most that an app may allow.
pub const TRIES_AT_MOST: u32 = 100;
/// Time to live of a write.
pub const WRITE_TTL: Millis = Millis(24 * 60 * 60 * 1000);
/// An HTTP request without an answer is given up after this.
pub const REQUEST_TIMEOUT: Millis = Millis(30_000);
/// A request this old is not waited for any more when a new link comes up.
pub const STALE_REQUEST: Millis = Millis(2_000);
/// Backoff of requests: base and cap, full jitter.
pub const REQUEST_BACKOFF_BASE: Millis = Millis(1_000);
/// Cap of it.
pub const REQUEST_BACKOFF_CAP: Millis = Millis(5 * 60_000);
/// Longest pause that a `Retry-After` can order.
pub const RETRY_AFTER_CAP: Millis = Millis(60 * 60_000);
/// Longest pause that a server ordered, with its jitter.
pub const ORDERED_PAUSE_CAP: Millis = Millis(RETRY_AFTER_CAP.0 + REQUEST_BACKOFF_CAP.0);
/// A pause from this length on is stored, so that a restart does not end it.
pub const PAUSE_STORED: Millis = Millis(5_000);
/// A write that got no answer this often, while its origin answers others, waits alone (Q9).
pub const UNANSWERED: u32 = 5;
/// How often the app is asked whether a write was applied before it is set aside (Q9).
pub const VERIFICATIONS: u32 = 3;
/// A leader that is asked whether it lives answers within this (Q19).
pub const CHALLENGE_TIMEOUT: Millis = Millis(2_000);
/// It is asked again after this, while something waits for it.
pub const CHALLENGE_AGAIN: Millis = Millis(10_000);
/// Wishes that a follower repeats until the leader has heard them; more are said once.
pub const WISHES: usize = 100;
/// A settled write that no base has shown starts a refetch after this (Q17).
pub const LAYER_TIMEOUT: Millis = Millis(10_000);

/// Backoff of links when the cause was on our side (C2).
pub const LINK_BACKOFF_OWN: Millis = Millis(100);
/// When the cause is unknown.
pub const LINK_BACKOFF_UNKNOWN: Millis = Millis(1_000);
/// When the server is overloaded.
pub const LINK_BACKOFF_OVERLOADED: Millis = Millis(3_000);
/// Cap; the jitter is kept at the cap.
pub const LINK_BACKOFF_CAP: Millis = Millis(30_000);
/// One attempt, from `Open` to the session.
pub const ATTEMPT_TIMEOUT: Millis = Millis(10_000);
/// A session that is synced and this old puts the attempt counter back to zero.
pub const STABLE_AFTER: Millis = Millis(5_000);
/// A probe after a signal must be answered within this (C4).
pub const PROBE_TIMEOUT: Millis = Millis(2_000);
/// While the platform says offline, one attempt is made this often: the signal may be wrong (C3).
pub const OFFLINE_PROBE: Millis = Millis(30_000);
/// Answer to a `room:join`.
pub const JOIN_TIMEOUT: Millis = Millis(10_000);

/// A last argument that a host tells with a frame, in UTF-16 code units (C12).
pub const LAST_ARGUMENT: usize = 32;
/// A `pid` or offset of Socket.IO tells a time; an argument whose time is farther away from ours is no offset (C12).
pub const OFFSET_CLOCK_SKEW: Millis = Millis(24 * 60 * 60 * 1000);
/// Events that a foreign server sends of a restored session before it says so (C12).
pub const RESTORED_EVENTS: usize = 1_000;
/// Binary attachments of one event or answer.
pub const ATTACHMENTS: usize = 64;
/// Bytes of the attachments of one packet that comes. Beyond it the link closes as `Oversized`.
pub const ATTACHMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Namespaces beside the main one.
pub const NAMESPACES: usize = 32;
/// A namespace whose session was lost or not granted now is asked again after up to this, full jitter.
pub const NAMESPACE_RETRY: Millis = Millis(3_000);
/// A token is renewed this long before its end, or in the last fifth of its life if that is shorter (C5).
pub const TOKEN_LEAD: Millis = Millis(60_000);
/// A renewal that failed is tried again after this.
pub const TOKEN_RETRY: Millis = Millis(5_000);
/// An answer to a fresh token.
pub const TOKEN_TIMEOUT: Millis = Millis(10_000);
/// A server's hint when to return counts up to this (C2).
pub const RETURN_AFTER: Millis = Millis(5 * 60_000);
/// The origin in it, in bytes.
pub const RETURN_URL: usize = 256;
/// A foreign link is not checked by a new one if something was heard of it within this (C4).
pub const FRESHLY_HEARD: Millis = Millis(2_000);
/// Events that wait while a new link takes over from an old one; then the old one is dropped.
pub const TAKEOVER_EVENTS: usize = 256;
/// Reliable emits without an answer (C6).
pub const RELIABLE_BUFFER: usize = 256;
/// Their bytes.
pub const RELIABLE_BUFFER_BYTES: u64 = 1024 * 1024;
/// Our server keeps the answers of a stream 10 minutes after its last link: after this silence nobody can know them.
pub const STREAM_KEPT: Millis = Millis(9 * 60_000);
/// Keys of volatile emits that wait while the link takes no more.
pub const VOLATILE_KEYS: usize = 64;
/// Events buffered while offline (C6).
pub const EMIT_BUFFER: usize = 256;
/// Their bytes.
pub const EMIT_BUFFER_BYTES: u64 = 1024 * 1024;
/// Longest name of an event, a room or a mutation, in bytes.
pub const NAME_BYTES: usize = 128;
/// Longest path of a request, in bytes.
pub const PATH_BYTES: usize = 2048;
/// Wanted rooms.
pub const ROOMS: usize = 1_000;
/// Fetches of one query that are under way. Of more the oldest count as superseded.
pub const READS: usize = 8;
/// Histories of a room that are known to be over: an answer that is late may still name one.
pub const ENDED_EPOCHS: usize = 4;
/// Events kept per room for bases that arrive late (Y6).
pub const ROOM_RING: usize = 256;
