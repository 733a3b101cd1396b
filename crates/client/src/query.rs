//! Queries: what the server said, kept right by events and shown with the writes that are still under way (Q16, Y1 to Y7). The handle
//! that an app holds; what is shown is decided in `cache` and in the engine.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Stream, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_core::{Applied, ClientId, Epoch, Offset, Position, QueryId, RoomId, Sequence, SequenceRange};
use tidewire_wire::http as names;
use tidewire_wire::http::Base;
use tokio::sync::{mpsc, watch};

use crate::cache::{Fetched, Fetcher, QueryKey, Shown, both};
use crate::client::{Client, Closed};
use crate::host::Order;
use crate::net::{Http, HttpAnswer, HttpError, HttpRequest};
use crate::token::TokenAnswer;
use crate::tokens::Tokens;

/// Why a query has no (newer) data. What is known already stays, and is still kept up to date by events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// The server did not answer. It is asked again while somebody looks at the query.
    Network(Arc<HttpError>),
    /// The token could not be had now. It is asked again while somebody looks at the query.
    NoToken,
    /// The server answered with this status, which is no success.
    Status(Box<HttpAnswer>),
    /// The answer is no JSON, or not text.
    NotJson,
    /// The data is not of the type that the app asked for.
    Type(Arc<serde_json::Error>),
    /// The app's own function failed, with these words.
    App(Arc<str>),
    /// The client was shut down.
    Closed,
}

impl QueryError {
    /// An error of the app's own function.
    #[must_use]
    pub fn app(words: impl Into<Arc<str>>) -> QueryError {
        QueryError::App(words.into())
    }

    /// Whether asking again may help.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            QueryError::Network(error) => matches!(**error, HttpError::Network(_)),
            QueryError::NoToken => true,
            QueryError::Status(answer) => matches!(answer.status, 408 | 425 | 429 | 500..),
            QueryError::NotJson | QueryError::Type(_) | QueryError::App(_) | QueryError::Closed => false,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Network(error) => error.fmt(f),
            QueryError::NoToken => f.write_str("no token could be had: it is asked for again"),
            QueryError::Status(answer) => write!(f, "the server answered with status {}", answer.status),
            QueryError::NotJson => f.write_str("the answer is no JSON: is the path right?"),
            QueryError::Type(error) => {
                // The words of serde may quote data, so only the place is told.
                write!(f, "the data is not of the expected type ({:?} error)", error.classify())
            }
            QueryError::App(words) => f.write_str(words),
            QueryError::Closed => f.write_str("the client was shut down"),
        }
    }
}

impl std::error::Error for QueryError {}

/// What a query shows.
pub struct QueryState<T> {
    /// The server's word, changed by the events since and by the own writes that are under way. Absent before the first answer.
    pub data: Option<Arc<T>>,
    /// Own writes that the server has not confirmed changed what is shown.
    pub unconfirmed: bool,
    /// The server is being asked.
    pub fetching: bool,
    /// It is to be fetched again, and will be when it can be.
    pub stale: bool,
    /// Why the last fetch brought nothing, or why what it brought cannot be read.
    pub error: Option<QueryError>,
}

impl<T> Clone for QueryState<T> {
    fn clone(&self) -> Self {
        let QueryState { data, unconfirmed, fetching, stale, error } = self;
        QueryState {
            data: data.clone(),
            unconfirmed: *unconfirmed,
            fetching: *fetching,
            stale: *stale,
            error: error.clone(),
        }
    }
}

impl<T> fmt::Debug for QueryState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryState")
            .field("data", &self.data.is_some())
            .field("unconfirmed", &self.unconfirmed)
            .field("fetching", &self.fetching)
            .field("stale", &self.stale)
            .field("error", &self.error)
            .finish()
    }
}

/// Says that nobody looks any more when the last handle is gone. Made by the host, so that one which nobody takes says so too.
pub(crate) struct Lease {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) query: QueryId,
    pub(crate) shown: watch::Receiver<Shown>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::CloseQuery(self.query));
    }
}

/// A value and what was read from it.
type Read<T> = (Arc<Value>, Result<Arc<T>, QueryError>);

/// A query that somebody looks at. Clones look at the same one; when the last is dropped, its data stays in the cache and is only
/// marked instead of fetched.
pub struct Query<T> {
    key: QueryKey,
    shown: watch::Receiver<Shown>,
    lease: Arc<Lease>,
    /// So that data which does not change is read once.
    last: Arc<Mutex<Option<Read<T>>>>,
    data: PhantomData<fn() -> T>,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        Query {
            key: self.key.clone(),
            shown: self.shown.clone(),
            lease: Arc::clone(&self.lease),
            last: Arc::clone(&self.last),
            data: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> &QueryKey {
        &self.key
    }

    /// What it shows now.
    #[must_use]
    pub fn state(&self) -> QueryState<T> {
        let shown = self.shown.borrow().clone();
        self.read(shown)
    }

    /// What it shows now and after each change; changes that follow each other faster than they are read are skipped. Ends with the
    /// client. The stream keeps the query in use.
    pub fn changes(&self) -> impl Stream<Item = QueryState<T>> + Send + Unpin + use<T>
    where
        T: Send + Sync + 'static,
    {
        Box::pin(stream::unfold((self.clone(), true), |(mut query, first)| async move {
            if !first {
                query.shown.changed().await.ok()?;
            }
            let shown = query.shown.borrow_and_update().clone();
            Some((query.read(shown), (query, false)))
        }))
    }

    /// The data, when there is some.
    ///
    /// # Errors
    /// The first fetch brought none, or it is not of type `T`.
    pub async fn ready(&self) -> Result<Arc<T>, QueryError> {
        let mut shown = self.shown.clone();
        let found =
            shown.wait_for(|shown| shown.data.is_some() || (shown.error.is_some() && !shown.fetching));
        let found = found.await.map_err(|_| QueryError::Closed)?.clone();
        let QueryState { data, error, .. } = self.read(found);
        data.ok_or(error.unwrap_or(QueryError::Closed))
    }

    /// Fetches it again.
    pub fn refetch(&self) {
        let _ = self.lease.orders.send(Order::Refetch(self.lease.query));
    }

    fn read(&self, shown: Shown) -> QueryState<T> {
        let Shown { data, unconfirmed, fetching, stale, mut error } = shown;
        let data = data.and_then(|value| match self.decode(value) {
            Ok(data) => Some(data),
            Err(wrong) => {
                error = Some(wrong);
                None
            }
        });
        QueryState { data, unconfirmed, fetching, stale, error }
    }

    fn decode(&self, value: Arc<Value>) -> Result<Arc<T>, QueryError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, read)) = &*last
            && Arc::ptr_eq(known, &value)
        {
            return read.clone();
        }
        let read = T::deserialize(&*value).map(Arc::new).map_err(|error| QueryError::Type(Arc::new(error)));
        *last = Some((value, read.clone()));
        read
    }
}

/// The app's reads within one fetch of a query: with the token, and noting what the answers cover (Y2).
#[derive(Clone)]
pub struct Reader {
    pub(crate) http: Http,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) client_id: Option<String>,
    /// What all answers so far cover; absent once one of them did not say.
    covers: Arc<Mutex<Covers>>,
}

#[derive(Default)]
enum Covers {
    #[default]
    Nothing,
    Known(Vec<Position>, Option<Applied>),
    Unknown,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("http", &self.http).finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn new(http: Http, tokens: Arc<Tokens>, client_id: Option<String>) -> Reader {
        Reader { http, tokens, client_id, covers: Arc::default() }
    }

    /// The JSON at this path.
    ///
    /// # Errors
    /// There was no answer, or it is no success, or no JSON.
    pub async fn get(&self, path: &str) -> Result<Value, QueryError> {
        let request = HttpRequest { method: "GET".into(), path: path.into(), ..HttpRequest::default() };
        let answer = self.send(request).await?;
        if !(200..300).contains(&answer.status) {
            return Err(QueryError::Status(Box::new(answer)));
        }
        serde_json::from_str(answer.body.as_deref().unwrap_or_default()).map_err(|_| QueryError::NotJson)
    }

    /// Any request that changes nothing; an answer of any status is one.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn send(&self, mut request: HttpRequest) -> Result<HttpAnswer, QueryError> {
        let own = self.http.is_own(&request.path);
        let client = self.client_id.clone().filter(|_| own);
        request.headers.extend(client.clone().map(|id| (names::CLIENT.to_owned(), id)));
        let token = match self.tokens.known_or_ask().await {
            TokenAnswer::Token(token) => Some(token),
            TokenAnswer::Anonymous | TokenAnswer::SignedOut => None,
            TokenAnswer::Unavailable => return Err(QueryError::NoToken),
        };
        let answer = self.http.send(request, token.as_ref()).await;
        let answer = answer.map_err(|error| QueryError::Network(Arc::new(error)))?;
        let header = answer.header(names::BASE).filter(|_| own);
        // A header that does not parse counts as none: a wrong position would lose events, a missing one costs a fetch.
        self.note(header.and_then(|header| Base::parse(header).ok()), client);
        Ok(answer)
    }

    fn note(&self, base: Option<Base>, client: Option<String>) {
        let mut covers = self.covers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(base) = base else {
            *covers = Covers::Unknown;
            return;
        };
        let place = |at: tidewire_wire::http::BasePosition| Position {
            room: RoomId(at.room),
            epoch: Epoch(at.epoch),
            offset: Offset(at.offset),
        };
        let positions: Vec<Position> = base.positions.into_iter().map(place).collect();
        let range = |(from, to): (u64, u64)| SequenceRange { from: Sequence(from), to: Sequence(to) };
        let applied = client.zip(base.applied).map(|(client, ranges)| Applied {
            client: ClientId(client),
            ranges: ranges.into_iter().map(range).collect(),
        });
        *covers = match std::mem::take(&mut *covers) {
            Covers::Nothing => Covers::Known(positions, applied),
            Covers::Known(known, said) => {
                Covers::Known(both(&known, &positions), said.filter(|said| applied.as_ref() == Some(said)))
            }
            Covers::Unknown => Covers::Unknown,
        };
    }

    pub(crate) fn brought(&self, data: Value) -> Fetched {
        let covers = std::mem::take(&mut *self.covers.lock().unwrap_or_else(PoisonError::into_inner));
        let (positions, applied) = match covers {
            Covers::Known(positions, applied) => (positions, applied),
            Covers::Nothing | Covers::Unknown => (Vec::new(), None),
        };
        Fetched { data, positions, applied }
    }
}

impl Client {
    /// Looks at what the server says at a path: fetched now, kept right by the events of the rooms that
    /// [`crate::Rules::room`] binds its key to (join them), and shown with the own writes that are under way.
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::StreamExt;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Activity { title: String, like_count: u32 }
    ///
    /// let activities = client.query::<Vec<Activity>>("activities", "/api/activities").await?;
    /// client.join("activities").await?;
    /// let mut changes = activities.changes();
    /// while let Some(now) = changes.next().await {
    ///     for activity in now.data.iter().flat_map(|data| data.iter()) {
    ///         println!("{} \u{2665} {}", activity.title, activity.like_count);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The client was shut down. What became of the fetch is in the query's state.
    pub fn query<T: DeserializeOwned>(
        &self,
        key: impl Into<QueryKey>,
        path: impl Into<String>,
    ) -> impl Future<Output = Result<Query<T>, Closed>> + Send {
        let path: Arc<str> = path.into().into();
        let fetcher: Fetcher = Arc::new(move |reader| {
            let path = Arc::clone(&path);
            Box::pin(async move { reader.get(&path).await })
        });
        self.open_query(key.into(), fetcher)
    }

    /// The same with a function of the app's that fetches: several requests, or an answer that it changes. What it asks through its
    /// [`Reader`] says which events the data covers; data from elsewhere is fetched once more when events came meanwhile.
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::{Value, json};
    ///
    /// let page = client
    ///     .query_with::<Value, _, _, _>(["activity", "7"], |reader| async move {
    ///         let activity = reader.get("/api/activities/7").await?;
    ///         let messages = reader.get("/api/activities/7/messages").await?;
    ///         Ok(json!({"activity": [activity], "messages": messages}))
    ///     })
    ///     .await?;
    /// println!("{}", page.ready().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The client was shut down.
    pub fn query_with<T, V, F, A>(
        &self,
        key: impl Into<QueryKey>,
        fetch: F,
    ) -> impl Future<Output = Result<Query<T>, Closed>> + Send
    where
        T: DeserializeOwned,
        V: Serialize,
        F: Fn(Reader) -> A + Send + Sync + 'static,
        A: Future<Output = Result<V, QueryError>> + Send + 'static,
    {
        let fetcher: Fetcher = Arc::new(move |reader| {
            let asked = fetch(reader);
            Box::pin(async move {
                serde_json::to_value(asked.await?).map_err(|error| QueryError::Type(Arc::new(error)))
            }) as Pin<Box<dyn Future<Output = _> + Send>>
        });
        self.open_query(key.into(), fetcher)
    }

    fn open_query<T: DeserializeOwned>(
        &self,
        key: QueryKey,
        fetcher: Fetcher,
    ) -> impl Future<Output = Result<Query<T>, Closed>> + Send + use<T> {
        let (name, opened) = (key.clone(), self.ask(|reply| Order::OpenQuery(key, fetcher, reply)));
        async move {
            let lease: Lease = opened.await?;
            let shown = lease.shown.clone();
            Ok(Query { key: name, shown, lease: Arc::new(lease), last: Arc::default(), data: PhantomData })
        }
    }

    /// Fetches all queries at and below this key again; those that nobody looks at when somebody does.
    pub fn invalidate(&self, prefix: impl Into<QueryKey>) {
        self.order(Order::Invalidate(prefix.into()));
    }
}
