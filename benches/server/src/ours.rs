//! Our server doing the job: answer `echo`, let everybody into rooms, relay `cast` to a room. Without a database where the other
//! servers have none; with one where events are to be found again, and for writes.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tidewire_server::auth::{AuthError, Authenticator, Session, User};
use tidewire_server::event::{BoxFuture, History, NoHistory, RoomEvent};
use tidewire_server::front::{Doors, Rate, serve_with};
use tidewire_server::params;
use tidewire_server::socket::{Access, Builder, Config, Denied, Farewell, RoomAuthorizer, SocketServer};
use tidewire_server::store::{Place, Store, StoreOptions};
use tidewire_server::write::{Reply, Tidewire, WriteContext};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{Failure, feed, restart};

struct Everybody;

impl Authenticator for Everybody {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        let session = Session { user: User { id: token.into() }, expires_at: None };
        Box::pin(std::future::ready(Ok(session)))
    }
}

impl RoomAuthorizer for Everybody {
    fn authorize<'a>(&'a self, _: &'a User, _: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        Box::pin(std::future::ready(Ok(Access::full())))
    }
}

/// One connection here plays many people, from few addresses; the others have no rates.
const RATE: Rate = Rate { per_second: 10_000_000, burst: 10_000_000 };

fn builder(feed: UnboundedReceiver<Vec<RoomEvent>>, history: Arc<dyn History>) -> Builder {
    SocketServer::builder()
        .authenticator(Arc::new(Everybody))
        .authorizer(Arc::new(Everybody))
        .history(history)
        .feed(feed)
        .on("echo", |_, payload| async move { Some(payload) })
        .on("flood", |context, payload| async move {
            context.emit("flood", payload.into()).ok();
            None
        })
}

fn unlimited() -> Config {
    Config { messages_per_user: RATE, connects_per_user: RATE, ..Config::default() }
}

/// Without a database; `defaults` keeps every limit as it is, `deflated` compresses.
pub(crate) async fn serve(port: Option<&str>, kind: &str) -> Result<(), Failure> {
    let (_events, feed) = unbounded_channel();
    let sockets = builder(feed, Arc::new(NoHistory::new("e")));
    let sockets = if kind == "defaults" { sockets } else { sockets.config(unlimited()) };
    let sockets = sockets.on("cast", |context, payload| async move {
        context.broadcast("r", "told", &payload).ok();
        Some(Value::Null)
    });
    let sockets = if kind == "deflated" { sockets.deflate() } else { sockets }.build()?;
    let router = sockets.router();
    let doors = if kind == "defaults" { Doors::default() } else { open_doors() };
    run(port, router, sockets, doors).await
}

/// With this database: `say` and `feed` publish events that stay, `/durable` writes exactly once, `/plain` does nothing of the kind.
pub(crate) async fn with_store(place: &str, port: Option<&str>) -> Result<(), Failure> {
    let place = Place::from(Path::new(place));
    let mut options = StoreOptions { place, ..StoreOptions::new("") };
    let table = "CREATE TABLE note (owner TEXT NOT NULL, text TEXT NOT NULL)";
    options.migrations = vec![table];
    let (events, news) = unbounded_channel();
    let store = Store::open(options, events)?;
    let tidewire = Tidewire::new(store.clone(), Arc::new(Everybody)).request_rate(RATE);
    let (one, all) = (tidewire.clone(), tidewire.clone());
    let say = move |payload: Value| {
        let tidewire = one.clone();
        async move {
            tidewire.transact("", move |tx| Ok(tx.publish("r", "told", &payload)?)).await.ok();
            Some(Value::Null)
        }
    };
    let sockets = builder(news, Arc::new(store))
        .config(unlimited())
        .msgpack()
        .deflate()
        .on("say", move |_, payload| say(payload))
        .on("feed", move |_, _: Value| {
            let tidewire = all.clone();
            async move {
                for number in 0..feed::EVENTS {
                    let (name, payload) = feed::event(number);
                    tidewire.transact("", move |tx| Ok(tx.publish("r", name, &payload)?)).await.ok();
                }
                Some(Value::Null)
            }
        })
        .build()?;
    let router = Router::new()
        .route("/plain", post(async |body: String| ([(header::CONTENT_TYPE, "application/json")], body)))
        .route("/durable", post(durable))
        .route("/poll", get(poll))
        .merge(sockets.router())
        .with_state(tidewire);
    run(port, router, sockets, open_doors()).await
}

async fn durable(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let note: Value = match context.json() {
        Ok(note) => note,
        Err(reject) => return reject.into_response(),
    };
    let write = tidewire.write(&context, move |tx| {
        let text = note["text"].as_str().unwrap_or_default();
        tx.execute("INSERT INTO note (owner, text) VALUES (?1, ?2)", &params![tx.user(), text])?;
        tx.publish("r", "told", &note)?;
        Reply::json(StatusCode::CREATED, &note)
    });
    write.await
}

async fn poll(headers: HeaderMap) -> Response {
    let tag = [(header::ETAG, "\"1\""), (header::CONTENT_TYPE, "application/json")];
    if headers.contains_key(header::IF_NONE_MATCH) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    let zipped =
        headers.get(header::ACCEPT_ENCODING).is_some_and(|accepted| accepted.as_bytes().starts_with(b"gzip"));
    if !zipped {
        return (tag, feed::list()).into_response();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    match std::io::Write::write_all(&mut gzip, feed::list().as_bytes()).and_then(|()| gzip.finish()) {
        Ok(bytes) => (tag, [(header::CONTENT_ENCODING, "gzip")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn open_doors() -> Doors {
    Doors {
        connects_per_address: RATE,
        requests_per_address: RATE,
        messages_per_address: RATE,
        connections: 1_000_000,
        connections_per_address: 1_000_000,
        ..Doors::default()
    }
}

async fn run(port: Option<&str>, router: Router, sockets: SocketServer, doors: Doors) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(restart::address(port)?).await?;
    crate::announce(&listener)?;
    serve_with(listener, router, sockets, doors, Farewell::default(), std::future::pending()).await?;
    Ok(())
}
