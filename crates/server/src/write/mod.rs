//! Writes that happen exactly once (Q9, V5, protocol section 3), and reads that say what they cover.
//! Knows HTTP and the store; knows no sockets.

mod context;
mod forget;
mod mark;
mod outcome;
mod publish;
mod reply;
mod tally;
mod tx;

use std::sync::Arc;
use std::time::Instant;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

pub use context::{ReadContext, WriteContext};
pub use mark::mark_outcomes;
pub use publish::{ServerKey, ShortKey};
pub use reply::{Reject, Reply};
pub use tidewire_wire::http::{OUTCOME, Outcome};
pub use tx::{ReadTx, Tx};

use crate::auth::{Authenticator, User, user_of};
use crate::front::{Meter, Rate, limits};
use crate::store::ledger::{self, Verdict};
use crate::store::rooms::Cause;
use crate::store::writer::Ending;
use crate::store::{Store, StoreError};
use tally::Tally;

/// What handlers get as state: the store, and who may use it. Cheap to clone.
#[derive(Clone)]
pub struct Tidewire {
    store: Store,
    authenticator: Arc<dyn Authenticator>,
    requests: Arc<Meter<Arc<str>>>,
    tally: Arc<Tally>,
}

/// How a write ended.
enum Settled {
    Applied(Reply),
    Replayed(Reply),
    Refused(Reply),
    Rejected(Reject),
    KeyReused,
    ClientReset,
}

impl Tidewire {
    /// Over this store, for people whom this authenticator knows.
    #[must_use]
    pub fn new(store: Store, authenticator: Arc<dyn Authenticator>) -> Self {
        let rate = Rate { per_second: limits::REQUESTS_PER_SECOND, burst: limits::REQUEST_BURST };
        Self { store, authenticator, requests: Arc::new(Meter::new(rate)), tally: Arc::default() }
    }

    /// With another rate of requests per person than [`limits::REQUESTS_PER_SECOND`] (V9).
    #[must_use]
    pub fn request_rate(self, rate: Rate) -> Self {
        Self { requests: Arc::new(Meter::new(rate)), ..self }
    }

    /// The store; it is also the [`History`](crate::event::History) of the rooms.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whose an HTTP request is; refuses whoever asks too often.
    pub(crate) async fn user(&self, headers: &HeaderMap) -> Result<User, Reject> {
        let user = user_of(headers, &*self.authenticator).await?;
        self.requests
            .take(user.id.clone())
            .map_err(|wait| Reject::too_many(wait, "requests of this person"))?;
        Ok(user)
    }

    /// Runs a write, unless it has run before: then its answer is given again and `handler` is not called.
    ///
    /// `handler` works synchronously inside its transaction. A reply with a 2xx or 3xx status commits its effect, the
    /// answer and its events together; any other reply, a [`Reject`] or a panic takes everything back.
    pub async fn write(
        &self,
        context: &WriteContext,
        handler: impl FnOnce(&mut Tx<'_>) -> Result<Reply, Reject> + Send + 'static,
    ) -> Response {
        let (user, name, hash) = (context.user.id.clone(), context.name.clone(), context.hash);
        let settled = self.store.writer().run(move |connection, now| {
            let identity = name.identity();
            match ledger::judge(connection, &user, identity, hash, now)? {
                Verdict::Run => {}
                Verdict::Replay(answer) => return rollback(Settled::Replayed(Reply::from_stored(answer))),
                Verdict::KeyReused => return rollback(Settled::KeyReused),
                Verdict::ClientReset => return rollback(Settled::ClientReset),
            }
            let mut tx = Tx::new(connection, user.clone(), name.write_id(), now);
            let reply = match handler(&mut tx) {
                Ok(reply) if reply.commits() => reply,
                Ok(reply) => return rollback(Settled::Refused(reply)),
                Err(reject) => return rollback(Settled::Rejected(reject)),
            };
            let drafts = tx.into_drafts();
            ledger::settle(connection, &user, identity, hash, reply.stored(), now)?;
            Ok(Ending::Commit {
                drafts,
                cause: Cause { user, write_id: name.write_id().into() },
                result: Settled::Applied(reply),
            })
        });
        let (running, began) = (self.tally.begin(), Instant::now());
        let response = respond(settled.await);
        drop(running);
        self.tally.ended(&response, began.elapsed());
        response
    }

    /// What an operator looks at first of the writes, in the text format of Prometheus; for the app's `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> String {
        let counts = self.store.counts();
        self.tally.text(counts.commits, counts.events)
    }

    /// Runs a transaction of the server itself: no key, no stored answer. An error takes everything back.
    pub async fn transact<T: Send + 'static>(
        &self,
        user: &str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let user: Arc<str> = user.into();
        let transaction = self.store.writer().run(move |connection, now| {
            let mut tx = Tx::new(connection, user.clone(), "", now);
            let result = work(&mut tx)?;
            Ok(Ending::Commit {
                drafts: tx.into_drafts(),
                cause: Cause { user, write_id: "".into() },
                result,
            })
        });
        transaction.await
    }
}

fn rollback(result: Settled) -> Result<Ending<Settled>, StoreError> {
    Ok(Ending::Rollback { result })
}

fn respond(settled: Result<Settled, StoreError>) -> Response {
    let (response, outcome) = match settled {
        Ok(Settled::Applied(reply)) => (reply.into_response(), Outcome::Applied),
        Ok(Settled::Replayed(reply)) => (reply.into_response(), Outcome::Replayed),
        Ok(Settled::Refused(reply)) => return mark_if_refused(reply.into_response()),
        Ok(Settled::Rejected(reject)) => return mark_if_refused(reject.into_response()),
        Ok(Settled::KeyReused) => (
            Reject::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "this Idempotency-Key came with another method, path or body before: a changed write needs a new key",
            )
            .into_response(),
            Outcome::KeyReused,
        ),
        Ok(Settled::ClientReset) => (
            Reject::new(
                StatusCode::CONFLICT,
                "client-reset",
                "the server does not know this client's sequence any more: nothing was applied; take a new client id",
            )
            .into_response(),
            Outcome::ClientReset,
        ),
        Err(error) => return Reject::from(error).into_response(),
    };
    mark::mark(response, outcome)
}

fn mark_if_refused(response: Response) -> Response {
    if mark::refuses(response.status()) { mark::mark(response, Outcome::Rejected) } else { response }
}
