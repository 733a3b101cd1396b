//! Durable writes: what the app hands over, what the server answers, and why there may be no answer. Sends nothing.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tidewire_core::{Coalesce, Lane, Millis, ParkReason, Payload, Refusal, StoreError, Submission, WriteId};

use crate::names::TempId;

/// A write: an HTTP request that is on disk before it is sent, and sent until it has a definite outcome.
///
/// ```
/// use serde_json::json;
/// use tidewire::Write;
///
/// let save = Write::new("PUT", "/api/drafts/7")
///     .body(&json!({"text": "hello"}))
///     .named("draft.save", 1, &json!({"id": 7, "text": "hello"}))
///     .replace(); // of several that wait, only the last is sent
/// # let _ = save;
/// ```
#[derive(Clone, Default)]
pub struct Write {
    pub(crate) submission: Submission,
    /// The variables of its mutation cannot be written as JSON.
    pub(crate) unwritable: bool,
}

impl Write {
    /// A request. The path begins with `/`, or is an absolute URL.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Write {
        let submission =
            Submission { method: method.into(), path: path.into(), version: 1, ..Submission::default() };
        Write { submission, unwritable: false }
    }

    /// Its JSON body.
    #[must_use]
    pub fn body(mut self, body: &Value) -> Write {
        self.submission.body = Some(Payload(body.to_string()));
        self
    }

    /// Name and version of the mutation, and the variables that it was made from: what an app shows of it after a restart.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, version: u32, variables: &Value) -> Write {
        self.submission.name = name.into();
        self.submission.version = version;
        self.submission.variables = Payload(variables.to_string());
        self
    }

    /// Writes of one lane leave strictly in order; the default lane is the path (Q6).
    #[must_use]
    pub fn lane(mut self, lane: impl Into<String>) -> Write {
        self.submission.lane = Some(Lane(lane.into()));
        self
    }

    /// Sending it again after a lost answer is harmless, also on a foreign server (Q9).
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Write {
        self.submission.idempotent = idempotent;
        self
    }

    /// How long it is worth sending; the default is 24 hours.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Write {
        self.submission.ttl = Some(Millis(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)));
        self
    }

    /// How many answers of the server that it failed on this very write (5xx) park it: 1 to 100; the default is 3 (Q11). What fails
    /// on the way uses up none.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Write {
        self.submission.tries = Some(tries);
        self
    }

    /// A write that must have succeeded before this one leaves (Q7); may be said several times. Writes whose temporary ids are
    /// mentioned anywhere in this one are waited for without being named.
    #[must_use]
    pub fn depends_on(mut self, write: &WriteId) -> Write {
        self.submission.depends_on.push(write.clone());
        self
    }

    /// Its answer names this temporary id (Q7): by the rule of its [`crate::Mutation`], or else, if it is the only one, by the `id`
    /// of the answer's JSON object.
    #[must_use]
    pub fn temp_id(mut self, temp: &TempId) -> Write {
        self.submission.temp_ids.push(temp.to_string());
        self
    }

    /// A second write with this key, right behind the first in its lane, is the first (Q8): a double tap.
    #[must_use]
    pub fn dedupe_key(mut self, key: impl Into<String>) -> Write {
        self.submission.dedupe_key = Some(key.into());
        self
    }

    /// Takes the place of the last write of its lane, if that has the same name and was never sent (Q8): autosave.
    #[must_use]
    pub fn replace(mut self) -> Write {
        self.submission.coalesce = Coalesce::Replace {};
        self
    }

    /// If the last write of its lane has this name and was never sent, neither is sent (Q8): like, unlike.
    #[must_use]
    pub fn cancel_pair(mut self, name: impl Into<String>) -> Write {
        self.submission.coalesce = Coalesce::CancelPair { name: name.into() };
        self
    }

    pub(crate) fn into_submission(self) -> Result<Submission, SubmitError> {
        if self.unwritable { Err(SubmitError::Variables) } else { Ok(self.submission) }
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.submission.fmt(f)
    }
}

/// The server's definite answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, if it was text.
    pub body: Option<String>,
    /// It is the stored answer of an earlier application.
    pub replayed: bool,
}

impl Answer {
    /// Its body, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(self.body.as_deref()?).ok()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map_or(0, String::len))
            .field("replayed", &self.replayed)
            .finish()
    }
}

/// Why a write was not taken. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// The queue is full, or the write too large or malformed.
    Refused(Refusal),
    /// The mutation's variables cannot be written as JSON.
    Variables,
    /// The client was shut down.
    Closed,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubmitError::Refused(refusal) => f.write_str(refused(*refusal)),
            SubmitError::Variables => f.write_str("the mutation's variables cannot be written as JSON"),
            SubmitError::Closed => f.write_str("the client was shut down"),
        }
    }
}

impl std::error::Error for SubmitError {}

/// A sentence for each refusal of the engine.
pub(crate) fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::QueueFull => "the queue is full: wait until something has been sent",
        Refusal::TooLarge => "too large: send a reference to the data instead",
        Refusal::TooManyRooms => "too many rooms are wanted: leave some",
        Refusal::TooManyNamespaces => "too many namespaces are wanted: close some",
        Refusal::UnknownNamespace => "the namespace was not opened",
        Refusal::LinkGone => "the connection is gone: nobody waits for this answer any more",
        Refusal::BufferFull => "too many events wait for a connection: try again when connected",
        Refusal::Malformed => "a name, room, method, path or number of tries is empty, too long or malformed",
        Refusal::UnknownWrite => "there is no such write",
        Refusal::AlreadySent => "the write was sent and its outcome is not known yet",
        Refusal::NotParked => "the write is not parked",
        Refusal::NoConflict => "the write does not wait for an answer to a conflict",
        Refusal::Follower => "another process sends this queue: act there",
        Refusal::Suspended => "the user has left: open the queue again",
        Refusal::ReloadNeeded => "the store belongs to a newer build: start that one",
    }
}

/// Why a write has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The store refused it; it was not sent and never will be.
    NotStored(StoreError),
    /// It is kept, but not sent any more until it is retried.
    Parked {
        /// Why.
        reason: ParkReason,
        /// The last answer, if there was one.
        answer: Option<Answer>,
    },
    /// It was cancelled or discarded.
    Discarded,
    /// It and the write that it undoes were never sent, and never will be: what the two do together is done (Q8).
    Undone,
    /// The client was shut down; the write is in the store, and the next start sends it.
    Closed,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::NotStored(StoreError::Full) => f.write_str("not queued: the store's device is full"),
            WriteError::NotStored(StoreError::Failed) => f.write_str("not queued: the store's device failed"),
            WriteError::NotStored(StoreError::Newer) => {
                f.write_str("not queued: the store belongs to a newer build; start that one")
            }
            WriteError::NotStored(StoreError::Fenced) => {
                f.write_str("not queued: another process leads the store")
            }
            WriteError::Parked { reason, answer } => {
                f.write_str(match reason {
                    ParkReason::Permanent => "the server refused it",
                    ParkReason::Conflict => "somebody else changed it meanwhile",
                    ParkReason::OutOfTries => "the server failed each time",
                    ParkReason::Expired => "it waited longer than its time to live",
                    ParkReason::Unknown => {
                        "it was sent, and nobody can say whether the server has applied it"
                    }
                    ParkReason::ParentFailed => "a write that it depends on failed",
                    ParkReason::Unnamed => "the write that it depends on gave no name for what it mentions",
                    ParkReason::KeyReused => "its key was used for another write: a bug, please report it",
                })?;
                match answer {
                    Some(answer) => write!(f, " (status {})", answer.status),
                    None => Ok(()),
                }
            }
            WriteError::Discarded => f.write_str("it was cancelled"),
            WriteError::Undone => f.write_str("another write undid it before it was sent"),
            WriteError::Closed => f.write_str("the client was shut down; the next start sends it"),
        }
    }
}

impl std::error::Error for WriteError {}
