//! A small app over a real database file, for the tests of the exactly-once half. Its counter has no constraint that
//! would forbid a second application.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

pub mod place;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tidewire_server::auth::{JwtAuthenticator, JwtOptions};
use tidewire_server::event::RoomEvent;
use tidewire_server::front::Rate;
use tidewire_server::params;
use tidewire_server::store::{Store, StoreOptions};
use tidewire_server::write::{
    ReadContext, ReadTx, Reject, Reply, ServerKey, Tidewire, Tx, WriteContext, mark_outcomes,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

pub const SERVER_KEY: &str = "0123456789abcdef";
pub const CLIENT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
pub const DAY: u64 = 24 * 60 * 60 * 1000;
const NOW: u64 = 1_800_000_000_000;

const MIGRATIONS: &[&str] = &["CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    INSERT INTO counter VALUES ('main', 0);
    CREATE TABLE note (text TEXT NOT NULL);"];

#[derive(Clone)]
struct AppState {
    tidewire: Tidewire,
}

impl FromRef<AppState> for Tidewire {
    fn from_ref(state: &AppState) -> Self {
        state.tidewire.clone()
    }
}

pub struct App {
    pub router: Router,
    pub tidewire: Tidewire,
    pub events: UnboundedReceiver<Vec<RoomEvent>>,
    pub clock: Arc<AtomicU64>,
    pub dir: TempDir,
    pub place: PathBuf,
    pub jwt: Arc<JwtAuthenticator>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub outcome: Option<String>,
    pub base: Option<String>,
    pub content_type: Option<String>,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub body: String,
}

impl Answer {
    /// Status and mark, for one-line comparisons.
    pub fn brief(&self) -> (u16, &str) {
        (self.status, self.outcome.as_deref().unwrap_or("-"))
    }
}

/// A write with all its headers.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    pub path: &'a str,
    pub user: &'a str,
    pub key: &'a str,
    pub client: &'a str,
    pub sequence: u64,
    pub floor: u64,
    pub body: &'a str,
}

impl<'a> Write<'a> {
    pub fn count(key: &'a str, sequence: u64, floor: u64) -> Self {
        Self { path: "/count", user: "ana", key, client: CLIENT, sequence, floor, body: "" }
    }

    pub fn to(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    pub fn by(self, user: &'a str) -> Self {
        Self { user, ..self }
    }

    pub fn through(self, client: &'a str) -> Self {
        Self { client, ..self }
    }

    pub fn with_body(self, body: &'a str) -> Self {
        Self { body, ..self }
    }
}

impl App {
    pub fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), NOW)
    }

    /// People may ask only so often.
    pub fn with_rate(rate: Rate) -> Self {
        Self::open_with(tempfile::tempdir().unwrap(), NOW, Some(rate))
    }

    fn open(dir: TempDir, now: u64) -> Self {
        Self::open_with(dir, now, None)
    }

    fn open_with(dir: TempDir, now: u64, rate: Option<Rate>) -> Self {
        let place = place::of(dir.path());
        Self::open_at(dir, place, now, rate)
    }

    fn open_at(dir: TempDir, place: PathBuf, now: u64, rate: Option<Rate>) -> Self {
        let (events, receiver) = unbounded_channel();
        let clock = Arc::new(AtomicU64::new(now));
        let ticking = clock.clone();
        let mut options = StoreOptions::new(&place);
        options.migrations = MIGRATIONS.to_vec();
        options.clock = Arc::new(move || ticking.load(Ordering::SeqCst));
        let store = Store::open(options, events).unwrap();
        let jwt = Arc::new(authenticator());
        let tidewire = Tidewire::new(store, jwt.clone());
        let tidewire = match rate {
            Some(rate) => tidewire.request_rate(rate),
            None => tidewire,
        };
        Self { router: router(tidewire.clone()), tidewire, events: receiver, clock, dir, place, jwt }
    }

    /// What a machine that lost its power now would start with: the disk as it is, nothing closed or flushed.
    pub fn after_crash(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        place::copy(self.dir.path(), dir.path());
        Self::open(dir, self.clock.load(Ordering::SeqCst))
    }

    /// Another server on the same database.
    pub fn beside(&self) -> Self {
        Self::open_at(
            tempfile::tempdir().unwrap(),
            self.place.clone(),
            self.clock.load(Ordering::SeqCst),
            None,
        )
    }

    pub fn pass(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    pub async fn write(&self, write: Write<'_>) -> Answer {
        let key = format!("\"{}\"", write.key);
        let (sequence, floor) = (write.sequence.to_string(), write.floor.to_string());
        let headers = [
            ("idempotency-key", key.as_str()),
            ("tidewire-client", write.client),
            ("tidewire-sequence", &sequence),
            ("tidewire-floor", &floor),
        ];
        self.send("POST", write.path, Some(write.user), &headers, write.body).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, Some("ana"), headers, "").await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        user: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = user {
            // The server's own key stands for itself.
            let token = if user == SERVER_KEY { user.to_owned() } else { self.jwt.issue(user, 60).unwrap() };
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let (outcome, base, content_type) =
            (header("tidewire-outcome"), header("tidewire-base"), header("content-type"));
        let (etag, location, status) = (header("etag"), header("location"), parts.status.as_u16());
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status, outcome, base, content_type, etag, location, body }
    }

    /// The counter, as a read sees it.
    pub async fn count(&self) -> u64 {
        self.get("/count", &[]).await.body.parse().unwrap()
    }

    /// All events that have been published so far.
    pub fn published(&mut self) -> Vec<RoomEvent> {
        let mut all = Vec::new();
        while let Ok(events) = self.events.try_recv() {
            all.extend(events);
        }
        all
    }
}

pub fn authenticator() -> JwtAuthenticator {
    JwtAuthenticator::new(JwtOptions {
        secret: vec![7; 32],
        issuer: "tests".to_owned(),
        audience: "tests".to_owned(),
    })
}

fn router(tidewire: Tidewire) -> Router {
    Router::new()
        .route("/count", post(count).get(read))
        .route("/refuse", post(refuse))
        .route("/fail", post(fail))
        .route("/panic", post(panics))
        .route("/status/{code}", post(with_status))
        .route("/big/{bytes}", post(big))
        .route("/rooms", post(rooms).get(read_rooms))
        .route("/status-outside/{code}", get(outside).post(outside))
        .merge(tidewire.router())
        .merge(tidewire.publish_router(ServerKey::new(SERVER_KEY).unwrap()))
        .fallback(|| async { Reject::not_found("there is no such route") })
        .layer(from_fn(mark_outcomes))
        .with_state(AppState { tidewire })
}

fn increment(tx: &mut Tx<'_>) -> Result<u64, Reject> {
    tx.execute("UPDATE counter SET value = value + 1 WHERE name = 'main'", &[])?;
    let value = value(tx)?;
    tx.publish("counter", "counted", &value)?;
    Ok(value)
}

fn value(tx: &ReadTx<'_>) -> Result<u64, Reject> {
    Ok(tx.query_one("SELECT value FROM counter WHERE name = 'main'", &[], |row| row.get(0))?.unwrap())
}

async fn count(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let count = |tx: &mut Tx<'_>| {
        let value = increment(tx)?;
        Ok(Reply::json(StatusCode::CREATED, &value)?
            .etag(&format!("\"{value}\""))
            .location(&format!("/count/{value}")))
    };
    tidewire.write(&context, count).await
}

async fn read(State(tidewire): State<Tidewire>, context: ReadContext) -> Response {
    tidewire.read(&context, &["counter"], |tx| Reply::json(StatusCode::OK, &value(tx)?)).await
}

async fn refuse(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let refuse = |tx: &mut Tx<'_>| {
        increment(tx)?;
        Err(Reject::conflict("no"))
    };
    tidewire.write(&context, refuse).await
}

async fn fail(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let fail = |tx: &mut Tx<'_>| {
        increment(tx)?;
        tx.execute("INSERT INTO nowhere VALUES ('secret')", &[])?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    tidewire.write(&context, fail).await
}

async fn panics(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let panics = |tx: &mut Tx<'_>| -> Result<Reply, Reject> {
        increment(tx)?;
        panic!("a bug in a handler");
    };
    tidewire.write(&context, panics).await
}

async fn with_status(
    State(tidewire): State<Tidewire>,
    axum::extract::Path(code): axum::extract::Path<u16>,
    context: WriteContext,
) -> Response {
    let reply = move |tx: &mut Tx<'_>| {
        increment(tx)?;
        Ok(Reply::empty(StatusCode::from_u16(code).unwrap()))
    };
    tidewire.write(&context, reply).await
}

async fn big(
    State(tidewire): State<Tidewire>,
    axum::extract::Path(bytes): axum::extract::Path<usize>,
    context: WriteContext,
) -> Response {
    let reply = move |tx: &mut Tx<'_>| {
        increment(tx)?;
        Reply::json(StatusCode::OK, &"x".repeat(bytes - 2))
    };
    tidewire.write(&context, reply).await
}

/// Publishes into the rooms of the body, one letter each, in that order.
async fn rooms(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let rooms = String::from_utf8(context.body().to_vec()).unwrap();
    let publish = move |tx: &mut Tx<'_>| {
        for (index, room) in rooms.chars().enumerate() {
            tx.execute("INSERT INTO note VALUES (?1)", &params![room.to_string()])?;
            tx.publish(&room.to_string(), "noted", &index)?;
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    tidewire.write(&context, publish).await
}

async fn read_rooms(State(tidewire): State<Tidewire>, context: ReadContext) -> Response {
    tidewire.read(&context, &["b", "room of Zoë, 1"], |_| Ok(Reply::empty(StatusCode::OK))).await
}

async fn outside(axum::extract::Path(code): axum::extract::Path<u16>) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}
