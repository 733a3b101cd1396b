//! The command: `files-server [--port N] [--data DIRECTORY]`, an axum app that keeps parts of files.
//!
//! The table has no key on purpose: a part that came twice would stand there twice. That each stands there once is the work of
//! `tidewire.write`, which applies a write exactly once.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "whoever started us waits for a line")]

use std::error::Error;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use serde::{Deserialize, Serialize};
use tidewire_server::auth::{AuthError, Authenticator, Session, User};
use tidewire_server::event::BoxFuture;
use tidewire_server::front::serve;
use tidewire_server::params;
use tidewire_server::socket::{Access, Denied, RoomAuthorizer, SocketServer};
use tidewire_server::store::{Store, StoreOptions};
use tidewire_server::write::{ReadContext, Reply, Tidewire, WriteContext, mark_outcomes};

/// Everybody is who they say; a real app checks a token here.
struct Anyone;

impl Authenticator for Anyone {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(ready(Ok(Session { user: User { id: token.into() }, expires_at: None })))
    }
}

impl RoomAuthorizer for Anyone {
    fn authorize<'a>(&'a self, _: &'a User, _: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        Box::pin(ready(Err(Denied::Unauthorized))) // there are no rooms
    }
}

#[derive(Clone)]
struct App {
    tidewire: Tidewire,
}

impl FromRef<App> for Tidewire {
    fn from_ref(app: &App) -> Tidewire {
        app.tidewire.clone()
    }
}

#[derive(Deserialize)]
struct NewPart {
    file: String,
    modified: i64,
    part: i64,
    of: i64,
    bytes: String,
}

#[derive(Serialize)]
struct PartName {
    file: String,
    modified: i64,
    part: i64,
    of: i64,
    bytes: usize,
}

async fn add(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let new: NewPart = match context.json() {
        Ok(new) => new,
        Err(reject) => return reject.into_response(),
    };
    let write = tidewire.write(&context, move |tx| {
        tx.execute(
            "INSERT INTO part (owner, file, modified, number, of, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &params![tx.user(), new.file.as_str(), new.modified, new.part, new.of, new.bytes.as_str()],
        )?;
        Reply::json(StatusCode::CREATED, &())
    });
    write.await
}

/// What is there; the bytes themselves with `/parts/bytes`.
async fn list(State(tidewire): State<Tidewire>, context: ReadContext) -> Response {
    let owner = context.user().id.to_string();
    let read = tidewire.read(&context, &[], move |tx| {
        let sql =
            "SELECT file, modified, number, of, length(bytes) FROM part WHERE owner = ?1 ORDER BY rowid";
        let parts = tx.query(sql, &params![owner.as_str()], |row| {
            let bytes: i64 = row.get(4)?;
            let bytes = usize::try_from(bytes).unwrap_or_default();
            Ok(PartName {
                file: row.get(0)?,
                modified: row.get(1)?,
                part: row.get(2)?,
                of: row.get(3)?,
                bytes,
            })
        })?;
        Reply::json(StatusCode::OK, &parts)
    });
    read.await
}

/// All parts, in the order in which they came.
async fn bytes(State(tidewire): State<Tidewire>, context: ReadContext) -> Response {
    let owner = context.user().id.to_string();
    let read = tidewire.read(&context, &[], move |tx| {
        let sql = "SELECT file, bytes FROM part WHERE owner = ?1 ORDER BY rowid";
        let parts = tx
            .query(sql, &params![owner.as_str()], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?;
        Reply::json(StatusCode::OK, &parts)
    });
    read.await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut port, mut data) = ("4691".to_owned(), "files-data".to_owned());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--port", Some(given)) => port = given,
            ("--data", Some(given)) => data = given,
            _ => return Err("files-server [--port N] [--data DIRECTORY]".into()),
        }
    }
    std::fs::create_dir_all(&data)?;
    let mut options = StoreOptions::new(Path::new(&data).join("files.sqlite"));
    options.migrations = vec![
        "CREATE TABLE part (owner TEXT NOT NULL, file TEXT NOT NULL, modified INTEGER NOT NULL, number INTEGER NOT NULL,
         of INTEGER NOT NULL, bytes TEXT NOT NULL) STRICT",
    ];
    let (events, feed) = tokio::sync::mpsc::unbounded_channel();
    let store = Store::open(options, events)?;
    let anyone = Arc::new(Anyone);
    let tidewire = Tidewire::new(store.clone(), anyone.clone());
    let sockets = SocketServer::builder()
        .authenticator(anyone.clone())
        .authorizer(anyone)
        .history(Arc::new(store))
        .feed(feed)
        .build()?;
    let router = Router::new()
        .route("/parts", get(list).post(add))
        .route("/parts/bytes", get(bytes))
        .merge(sockets.router())
        .merge(tidewire.router())
        .layer(from_fn(mark_outcomes))
        .with_state(App { tidewire });
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, router, sockets, async { drop(tokio::signal::ctrl_c().await) }).await?;
    Ok(())
}
