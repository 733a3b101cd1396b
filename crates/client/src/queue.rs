//! The queue as a whole: what is in it, what a person may do with one write, and leaving it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_core::{Command, ParkReason, QuarantineReason, WriteId, WriteState};
use tokio::sync::oneshot;

use crate::client::{Client, Closed};
use crate::handle::WriteHandle;
use crate::host::Order;
use crate::mutation::Mutation;
use crate::names::{Renamed, TempId};
use crate::write::{Answer, SubmitError, Write};

/// How long a logout waits for what it gives up: what was sent is asked about first, and the server may not answer.
const GIVE_UP: Duration = Duration::from_secs(5);

/// A write of the queue.
#[derive(Clone, PartialEq)]
pub struct WriteInfo {
    /// Its id.
    pub id: WriteId,
    /// Name of its mutation; empty for an unnamed one.
    pub name: String,
    /// Version of that.
    pub version: u32,
    /// The variables that it was made from.
    pub variables: Value,
    /// How far it has come.
    pub stage: WriteStage,
}

impl fmt::Debug for WriteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteInfo")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("version", &self.version)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// How far a write of the queue has come. What is over is not in the queue any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteStage {
    /// Not on disk yet.
    Queued,
    /// On disk, not sent.
    Durable {
        /// The write that must go first: in its lane, or because this one depends on it.
        behind: Option<WriteId>,
    },
    /// A request is under way.
    Sending {
        /// From 1.
        attempt: u32,
    },
    /// The last attempt gave no definite outcome; it waits for the next.
    Retrying {
        /// Status of the last answer, or 0.
        status: u16,
    },
    /// Its mutation decides about the server's 409 or 412.
    Conflict(Answer),
    /// The server applied it; its record goes as soon as nothing needs it.
    Acknowledged(Answer),
    /// Kept, not sent until it is retried.
    Parked {
        /// Why.
        reason: ParkReason,
        /// The last answer, if there was one.
        answer: Option<Answer>,
    },
    /// Kept, not sent by this build (Q21).
    Quarantined(QuarantineReason),
}

impl WriteStage {
    /// None: it is over.
    pub(crate) fn of(state: &WriteState) -> Option<WriteStage> {
        let answer = |status: u16, body: &Option<tidewire_core::Payload>, replayed| Answer {
            status,
            body: body.as_ref().map(|body| body.0.clone()),
            replayed,
        };
        Some(match state {
            WriteState::Durable { behind } => WriteStage::Durable { behind: behind.clone() },
            WriteState::Sending { attempt } => WriteStage::Sending { attempt: *attempt },
            WriteState::Retrying { status } => WriteStage::Retrying { status: *status },
            WriteState::Conflict { status, body } => WriteStage::Conflict(answer(*status, body, false)),
            WriteState::Acknowledged { status, body, replayed } => {
                WriteStage::Acknowledged(answer(*status, body, *replayed))
            }
            WriteState::Parked { reason, status, body } => WriteStage::Parked {
                reason: *reason,
                answer: (*status != 0).then(|| answer(*status, body, false)),
            },
            WriteState::Quarantined { reason } => WriteStage::Quarantined(*reason),
            WriteState::Refused { .. }
            | WriteState::Merged { .. }
            | WriteState::Cancelled {}
            | WriteState::Discarded {}
            | WriteState::Settled {} => return None,
        })
    }

    /// It was never sent, or nobody sends it any more.
    fn may_go(&self) -> bool {
        match self {
            WriteStage::Queued | WriteStage::Durable { .. } => true,
            WriteStage::Parked { .. } | WriteStage::Quarantined(_) => true,
            WriteStage::Sending { .. } | WriteStage::Retrying { .. } => false,
            WriteStage::Conflict(_) | WriteStage::Acknowledged(_) => false,
        }
    }
}

/// What one pass over the queue has done (A4); writes that were not tried count nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassResult {
    /// The server applied them.
    pub processed: u32,
    /// They failed and are still queued.
    pub failed: u32,
    /// They were parked.
    pub skipped: u32,
}

/// What becomes of the user's unsent writes at a logout (Q20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// They stay in the store, and are sent when this user comes back.
    Keep,
    /// They are given up; what was sent is resolved first, as far as the server answers.
    Discard,
}

impl Client {
    // ---- one write

    /// The write with this id: also one that an earlier life of the app left in the store. `None`: it is not in the queue.
    ///
    /// # Errors
    /// The client was shut down.
    pub async fn write(&self, id: &WriteId) -> Result<Option<WriteHandle>, Closed> {
        let progress = self.ask(|reply| Order::Watch(id.clone(), reply)).await?;
        Ok(progress.map(|progress| WriteHandle { id: id.clone(), progress, _client: self.clone() }))
    }

    /// Puts another write in the place of one that is parked or was never sent (Q13): a new id, the same place in its lane. Where the
    /// old one may have been applied, the server is asked first, and the new one is given up if it was.
    ///
    /// # Errors
    /// It is unknown, is being sent, or the new one cannot be queued.
    pub fn edit(
        &self,
        id: &WriteId,
        write: Write,
    ) -> impl Future<Output = Result<WriteHandle, SubmitError>> + Send + use<> {
        let id = id.clone();
        self.queue(write, |submission, reply| Order::Edit(id, submission, reply))
    }

    /// Sends every parked write again for which `which` says so; returns how many.
    ///
    /// # Errors
    /// The client was shut down.
    pub async fn retry_all(&self, mut which: impl FnMut(&WriteInfo) -> bool) -> Result<usize, Closed> {
        let mut retried = 0;
        for write in self.writes().await? {
            if matches!(write.stage, WriteStage::Parked { .. }) && which(&write) {
                retried += usize::from(self.retry(&write.id).await.is_ok());
            }
        }
        Ok(retried)
    }

    // ---- all writes

    /// Every write that is not settled, oldest first.
    ///
    /// # Errors
    /// The client was shut down.
    pub async fn writes(&self) -> Result<Vec<WriteInfo>, Closed> {
        self.ask(Order::Writes).await
    }

    /// The list now and after each change; changes that follow each other faster than they are read are skipped.
    pub fn writes_changes(&self) -> impl Stream<Item = Vec<WriteInfo>> + Send + Unpin + use<> {
        let changed = self.inner.changed.clone();
        let client = self.clone();
        Box::pin(stream::unfold((client, changed, true), |(client, mut changed, first)| async move {
            if !first {
                changed.changed().await.ok()?;
            }
            changed.mark_unchanged();
            let list = client.writes().await.ok()?;
            Some((list, (client, changed, false)))
        }))
    }

    /// All pending and parked writes as a JSON array, for a bug report or another device (Q13); never a token.
    ///
    /// # Errors
    /// The client was shut down, or the user has left.
    pub async fn export(&self) -> Result<String, SubmitError> {
        let exported = self.ask(Order::Export).await.map_err(|Closed| SubmitError::Closed)?;
        exported.map_err(SubmitError::Refused)
    }

    /// Gives up everything that may be given up; what was sent is resolved first (A4).
    ///
    /// # Errors
    /// The user has left, or the client was shut down.
    pub async fn clear(&self) -> Result<(), SubmitError> {
        self.act(Command::Clear {}).await
    }

    /// Forgets waiting times and sends everything that may be sent. The future tells what that pass has done.
    pub fn process(&self) -> impl Future<Output = Result<PassResult, Closed>> + Send + use<> {
        let (reply, done) = oneshot::channel();
        self.order(Order::Process(reply));
        async move { done.await.map_err(|_| Closed) }
    }

    /// Allows or forbids sending; queueing goes on. See also [`crate::Builder::processing`].
    pub fn set_processing(&self, on: bool) {
        self.order(Order::SetProcessing(on));
    }

    /// Adds a mutation's definition to those of [`crate::Builder::mutation`]: stored writes that waited for it are revived (Q21).
    pub fn define<V: Serialize + DeserializeOwned + Send + Sync + 'static>(&self, mutation: &Mutation<V>) {
        self.order(Order::Define(Arc::new(mutation.clone())));
    }

    // ---- names

    /// A new temporary id, for what only the server can name (Q7).
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    /// use tidewire::Write;
    ///
    /// let temp = client.temp_id();
    /// client.submit(Write::new("POST", "/api/activities").body(&json!({"title": "Chess"})).temp_id(&temp)).await?;
    /// // It waits for the first one, and its path names the activity when it leaves, also after a restart.
    /// client.submit(Write::new("POST", format!("/api/activities/{temp}/like"))).await?;
    /// println!("it is {}", client.real_id(&temp).await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn temp_id(&self) -> TempId {
        self.inner.temps.fresh()
    }

    /// Resolves when this temporary id has its real name.
    ///
    /// # Errors
    /// The client was shut down.
    pub async fn real_id(&self, temp: &TempId) -> Result<String, Closed> {
        let mut names = self.inner.names.clone();
        let known = names.wait_for(|known| known.real(temp).is_some()).await.map_err(|_| Closed)?;
        known.real(temp).map(str::to_owned).ok_or(Closed)
    }

    /// Its real name, if that is known.
    #[must_use]
    pub fn known_id(&self, temp: &TempId) -> Option<String> {
        self.inner.names.borrow().real(temp).map(str::to_owned)
    }

    /// The names that are known, and then each new one: for routes and caches that mention temporary ids.
    pub fn real_ids(&self) -> impl Stream<Item = Renamed> + Send + Unpin + use<> {
        Box::pin(stream::unfold((self.inner.names.clone(), 0), |(mut names, seen)| async move {
            loop {
                let next = names.borrow_and_update().after(seen);
                if let Some((name, seen)) = next {
                    return Some((name, (names, seen)));
                }
                names.changed().await.ok()?;
            }
        }))
    }

    // ---- recording

    /// What was said to this client's engine since it was built, as a file for `tidewire replay`; `None` without
    /// [`crate::Builder::record`].
    ///
    /// # Errors
    /// The client was shut down.
    #[cfg(feature = "recording")]
    pub async fn recording(&self) -> Result<Option<crate::Recording>, Closed> {
        self.ask(Order::Recording).await
    }

    // ---- leaving

    /// The user leaves (Q20): nothing is sent or heard any more, answers under way are still stored, and this client is over. Make
    /// another one for the next user. Returns how many writes wait in the store for this user. It goes on when the future is dropped.
    ///
    /// # Errors
    /// The client was shut down already.
    pub fn logout(&self, unsent: Unsent) -> impl Future<Output = Result<u32, Closed>> + Send + use<> {
        let client = self.clone();
        let leaving = self.inner.runtime.spawn(async move { client.leave(unsent).await });
        async move { leaving.await.unwrap_or(Err(Closed)) }
    }

    async fn leave(&self, unsent: Unsent) -> Result<u32, Closed> {
        self.disconnect();
        self.when(|status| status.outbox.ready).await?;
        if unsent == Unsent::Discard && self.clear().await.is_ok() {
            let gone = async {
                let mut lists = self.writes_changes();
                while let Some(list) = lists.next().await {
                    if !list.iter().any(|write| write.stage.may_go()) {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(GIVE_UP, gone).await;
        }
        self.ask(Order::Suspend).await?;
        if unsent == Unsent::Discard {
            // A place that stays is not read by anybody else (its owner stands in it).
            let _ = self.ask(Order::ForgetReads).await?;
        }
        let outbox = self.status().outbox;
        self.inner.tokens.sign_out();
        self.shutdown().await;
        Ok(outbox.pending + outbox.parked + outbox.quarantined)
    }

    /// The order is sent at once; the future only waits.
    pub(crate) fn ask<T: Send, O: FnOnce(oneshot::Sender<T>) -> Order>(
        &self,
        order: O,
    ) -> impl Future<Output = Result<T, Closed>> + Send + use<T, O> {
        let (reply, answer) = oneshot::channel();
        self.order(order(reply));
        async move { answer.await.map_err(|_| Closed) }
    }
}
