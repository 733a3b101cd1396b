//! HTTP headers of writes and bases (protocol sections 3 and 4): names, values, limits. It does not know HTTP itself.

mod base;
mod retry_after;

pub use base::{Base, BasePosition};
pub use retry_after::RetryAfter;

use crate::error::HeaderError;
use crate::{json, names};

/// Request: the write's id, quoted. Names are in lower case, as HTTP libraries want them.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Request: the client id.
pub const CLIENT: &str = "tidewire-client";
/// Request: this write's place in its client's sequence.
pub const SEQUENCE: &str = "tidewire-sequence";
/// Request: the lowest sequence that this client may still send.
pub const FLOOR: &str = "tidewire-floor";
/// Response: what became of the write.
pub const OUTCOME: &str = "tidewire-outcome";
/// Response: what the body covers.
pub const BASE: &str = "tidewire-base";
/// Response: when to come back.
pub const RETRY_AFTER: &str = "retry-after";

/// What became of a write (Q10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Committed now.
    Applied,
    /// Committed earlier; this is the stored answer.
    Replayed,
    /// Refused; nothing is stored, the sequence stays open.
    Rejected,
    /// The same write is running now.
    InProgress,
    /// The same key came with another payload.
    KeyReused,
    /// Nothing was applied; the client needs a new id.
    ClientReset,
}

impl Outcome {
    /// All of them, in the order of the protocol's table.
    pub const ALL: [Outcome; 6] = [
        Outcome::Applied,
        Outcome::Replayed,
        Outcome::Rejected,
        Outcome::InProgress,
        Outcome::KeyReused,
        Outcome::ClientReset,
    ];

    /// Reads the header; an unknown value is none, so that it counts as no answer.
    #[must_use]
    pub fn parse(value: &str) -> Option<Outcome> {
        let value = value.trim_ascii();
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == value)
    }

    /// The header's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Replayed => "replayed",
            Outcome::Rejected => "rejected",
            Outcome::InProgress => "in-progress",
            Outcome::KeyReused => "key-reused",
            Outcome::ClientReset => "client-reset",
        }
    }
}

/// Reads an `Idempotency-Key`, quoted or bare.
pub fn parse_key(value: &str) -> Result<&str, HeaderError> {
    let value = value.trim_ascii();
    let key = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').ok_or(HeaderError::Key)?,
        None => value,
    };
    if names::is_id(key) { Ok(key) } else { Err(HeaderError::Key) }
}

/// Writes an `Idempotency-Key`. The key's alphabet needs no escapes.
pub fn quote_key(key: &str) -> Result<String, HeaderError> {
    if !names::is_id(key) {
        return Err(HeaderError::Key);
    }
    let mut out = String::with_capacity(key.len() + 2);
    out.push('"');
    out.push_str(key);
    out.push('"');
    Ok(out)
}

/// Reads a `Tidewire-Client`.
pub fn parse_client(value: &str) -> Result<&str, HeaderError> {
    let value = value.trim_ascii();
    if names::is_client_id(value) { Ok(value) } else { Err(HeaderError::Client) }
}

/// Reads a `Tidewire-Sequence` or `Tidewire-Floor`: from 1.
pub fn parse_sequence(value: &str) -> Result<u64, HeaderError> {
    match json::integer(value.trim_ascii()) {
        Ok(sequence) if sequence > 0 => Ok(sequence),
        Ok(_) | Err(_) => Err(HeaderError::Sequence),
    }
}
