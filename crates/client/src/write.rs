//! Durable writes: what the app hands over, and the handle that tells how it goes. Dropping a handle cancels nothing.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tidewire_core::{
    Lane, Millis, ParkReason, Payload, Refusal, StoreError, Submission, WriteId, WriteState,
};
use tokio::sync::watch;

use crate::client::Client;

/// A write: an HTTP request that is on disk before it is sent, and sent until it has a definite outcome.
#[derive(Clone, Default)]
pub struct Write {
    submission: Submission,
}

impl Write {
    /// A request. The path begins with `/`, or is an absolute URL.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Write {
        let submission =
            Submission { method: method.into(), path: path.into(), version: 1, ..Submission::default() };
        Write { submission }
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

    pub(crate) fn into_submission(self) -> Submission {
        self.submission
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
    /// The client was shut down.
    Closed,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubmitError::Refused(refusal) => f.write_str(refused(*refusal)),
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
        Refusal::Malformed => "a name, room, method or path is empty, too long or malformed",
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
            WriteError::Closed => f.write_str("the client was shut down; the next start sends it"),
        }
    }
}

impl std::error::Error for WriteError {}

/// How far a write has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    durable: Option<Result<(), StoreError>>,
    answer: Option<Result<Answer, WriteError>>,
    settled: bool,
}

impl Progress {
    /// Takes in a new state. True: it was the last one.
    pub(crate) fn advance(&mut self, state: WriteState) -> bool {
        match state {
            WriteState::Durable { .. } | WriteState::Quarantined { .. } => self.durable = Some(Ok(())),
            WriteState::Refused { error } => {
                self.durable = Some(Err(error));
                self.answer = Some(Err(WriteError::NotStored(error)));
                return true;
            }
            WriteState::Sending { .. } | WriteState::Retrying { .. } | WriteState::Conflict { .. } => {
                self.durable = Some(Ok(()));
                self.answer = None;
            }
            WriteState::Acknowledged { status, body, replayed } => {
                self.answer = Some(Ok(Answer { status, body: body.map(|body| body.0), replayed }));
            }
            WriteState::Parked { reason, status, body } => {
                let answer =
                    (status != 0).then(|| Answer { status, body: body.map(|body| body.0), replayed: false });
                self.durable = Some(Ok(()));
                self.answer = Some(Err(WriteError::Parked { reason, answer }));
            }
            WriteState::Discarded {} | WriteState::Merged { .. } | WriteState::Cancelled {} => {
                self.answer = Some(Err(WriteError::Discarded));
                return true;
            }
            WriteState::Settled {} => {
                self.settled = true;
                return true;
            }
        }
        false
    }
}

/// A write in the queue. Dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct WriteHandle {
    pub(crate) id: WriteId,
    pub(crate) progress: watch::Receiver<Progress>,
    /// The client works on while somebody may ask.
    pub(crate) _client: Client,
}

impl WriteHandle {
    /// Its id: its idempotency key, and the `write` of the events that it causes.
    #[must_use]
    pub fn id(&self) -> &WriteId {
        &self.id
    }

    /// Resolves when it is on disk, at the store's level of durability.
    ///
    /// # Errors
    /// The store refused it, or the client was shut down before.
    pub async fn durable(&self) -> Result<(), WriteError> {
        self.wait(|progress| progress.durable.map(|durable| durable.map_err(WriteError::NotStored))).await
    }

    /// Resolves at the server's definite answer.
    ///
    /// # Errors
    /// There is none: see [`WriteError`]. A parked write may get one later, after a retry.
    pub async fn acknowledged(&self) -> Result<Answer, WriteError> {
        self.wait(|progress| progress.answer.clone()).await
    }

    /// Resolves when its record is gone: acknowledged, and the outcome stored.
    ///
    /// # Errors
    /// It never will be: see [`WriteError`].
    pub async fn settled(&self) -> Result<(), WriteError> {
        self.wait(|progress| match &progress.answer {
            Some(Err(error)) => Some(Err(error.clone())),
            Some(Ok(_)) | None => progress.settled.then_some(Ok(())),
        })
        .await
    }

    async fn wait<T>(
        &self,
        look: impl Fn(&Progress) -> Option<Result<T, WriteError>>,
    ) -> Result<T, WriteError> {
        let mut progress = self.progress.clone();
        loop {
            if let Some(result) = look(&progress.borrow_and_update()) {
                return result;
            }
            if progress.changed().await.is_err() {
                return look(&progress.borrow()).unwrap_or(Err(WriteError::Closed));
            }
        }
    }
}
