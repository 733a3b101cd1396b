//! Every limit of the store, in one place (units in the names). Each has a typed outcome.

/// Events kept per room (V6).
pub const HISTORY_EVENTS: u64 = 10_000;
/// Age at which events leave the history (V6).
pub const HISTORY_MILLIS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How long a write with a key alone is known (Q9).
pub const KEY_MILLIS: u64 = 7 * 24 * 60 * 60 * 1000;
/// A client id that wrote nothing for this long is forgotten (V10): what it still sends gets `client-reset`.
pub const CLIENT_MILLIS: u64 = 90 * 24 * 60 * 60 * 1000;
/// How often client ids are looked through for that, in milliseconds of the wall clock.
pub const CLIENT_SWEEP_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Longest answer body that is stored, in bytes (V5). A replay of a longer one has no body.
pub const STORED_ANSWER: usize = 64 * 1024;
/// Answers kept whole per client above its floor. An older one shrinks to its status: a client has few writes in flight,
/// so it has been acknowledged, but a write that waits somewhere may hold the floor down for long.
pub const ANSWERS_PER_CLIENT: u64 = 512;
/// Longest payload of an event, in bytes: with its head it must stay below a client's longest frame.
pub const PAYLOAD_BYTES: usize = 256 * 1024;
/// Events of one transaction.
pub const EVENTS_PER_WRITE: usize = 1_000;
/// Transactions that wait for the writer; more wait at the door.
pub const WRITE_QUEUE: usize = 1_024;
/// Reading connections.
pub const READERS: usize = 4;
/// After this many commits, what is too old is swept out.
pub const SWEEP_COMMITS: u64 = 256;
/// Longest body of a request, in bytes.
pub const REQUEST_BODY: usize = 1024 * 1024;
