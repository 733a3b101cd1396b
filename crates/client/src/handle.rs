//! How far one write has come, and the handle that tells it. Dropping a handle cancels nothing.

use futures_util::{Stream, stream};
use tidewire_core::{StoreError, WriteId, WriteState};
use tokio::sync::watch;

use crate::client::Client;
use crate::queue::WriteStage;
use crate::write::{Answer, WriteError};

/// How far a write has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    durable: Option<Result<(), StoreError>>,
    answer: Option<Result<Answer, WriteError>>,
    settled: bool,
    /// Absent before it is on disk, and when it is over.
    stage: Option<WriteStage>,
    /// Another write stands for it: what becomes of that one becomes of it.
    follows: Option<watch::Receiver<Progress>>,
}

impl Progress {
    /// Takes in a new state; with `follows` where another write stands for it from now on. True: it was the last state.
    pub(crate) fn advance(&mut self, state: &WriteState, follows: Option<watch::Receiver<Progress>>) -> bool {
        self.stage = WriteStage::of(state);
        match state {
            WriteState::Refused { error } => {
                self.durable = Some(Err(*error));
                self.answer = Some(Err(WriteError::NotStored(*error)));
                return true;
            }
            WriteState::Durable { .. }
            | WriteState::Quarantined { .. }
            | WriteState::Sending { .. }
            | WriteState::Retrying { .. }
            | WriteState::Conflict { .. } => {
                self.durable = Some(Ok(()));
                self.answer = None;
            }
            WriteState::Acknowledged { status, body, replayed } => {
                self.durable = Some(Ok(()));
                let body = body.as_ref().map(|body| body.0.clone());
                self.answer = Some(Ok(Answer { status: *status, body, replayed: *replayed }));
            }
            WriteState::Parked { reason, status, body } => {
                let body = body.as_ref().map(|body| body.0.clone());
                let answer = (*status != 0).then_some(Answer { status: *status, body, replayed: false });
                self.durable = Some(Ok(()));
                self.answer = Some(Err(WriteError::Parked { reason: *reason, answer }));
            }
            WriteState::Merged { .. } if follows.is_some() => {
                self.answer = None;
                self.follows = follows;
                return true;
            }
            WriteState::Discarded {} | WriteState::Merged { .. } => {
                self.answer = Some(Err(WriteError::Discarded));
                return true;
            }
            WriteState::Cancelled {} => {
                self.durable = Some(Ok(()));
                self.answer = Some(Err(WriteError::Undone));
                self.settled = true;
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
    /// Its id: its idempotency key, and the `write` of the events that it causes. Where it was the same as another one (Q8), that
    /// one's id. A write that takes its place later has an id of its own, and this handle tells what becomes of that.
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
    /// There is none: see [`WriteError`]. A parked write may get one later, after a retry: ask again then.
    pub async fn acknowledged(&self) -> Result<Answer, WriteError> {
        self.wait(|progress| progress.answer.clone()).await
    }

    /// Resolves when its record is gone: acknowledged and the outcome stored, or undone by another write before it was sent.
    ///
    /// # Errors
    /// It never will be: see [`WriteError`].
    pub async fn settled(&self) -> Result<(), WriteError> {
        self.wait(|progress| match &progress.answer {
            _ if progress.settled => Some(Ok(())),
            Some(Err(error)) => Some(Err(error.clone())),
            Some(Ok(_)) | None => None,
        })
        .await
    }

    /// How far it has come, from now on; it ends when the write is over, one way or the other. Stages that follow each other faster than
    /// they are read are skipped.
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::StreamExt;
    /// use tidewire::{Write, WriteStage};
    ///
    /// let like = client.submit(Write::new("POST", "/api/activities/7/like")).await?;
    /// let mut stages = like.stages();
    /// while let Some(stage) = stages.next().await {
    ///     match stage {
    ///         WriteStage::Sending { attempt } => println!("attempt {attempt}"),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stages(&self) -> impl Stream<Item = WriteStage> + Send + Unpin + use<> {
        let progress = self.progress.clone();
        Box::pin(stream::unfold((progress, true), |(mut progress, mut first)| async move {
            loop {
                if !first {
                    progress.changed().await.ok()?;
                }
                first = false;
                let (stage, follows) = {
                    let now = progress.borrow_and_update();
                    (now.stage.clone(), now.follows.clone())
                };
                if let Some(follows) = follows {
                    (progress, first) = (follows, true);
                } else if stage.is_some() {
                    return stage.map(|stage| (stage, (progress, false)));
                }
            }
        }))
    }

    async fn wait<T>(
        &self,
        look: impl Fn(&Progress) -> Option<Result<T, WriteError>>,
    ) -> Result<T, WriteError> {
        let mut progress = self.progress.clone();
        loop {
            let follows = {
                let now = progress.borrow_and_update();
                if let Some(result) = look(&now) {
                    return result;
                }
                now.follows.clone()
            };
            if let Some(follows) = follows {
                progress = follows;
            } else if progress.changed().await.is_err() {
                let now = progress.borrow();
                // The last word before the host let go of it.
                if now.follows.is_none() {
                    return look(&now).unwrap_or(Err(WriteError::Closed));
                }
            }
        }
    }
}
