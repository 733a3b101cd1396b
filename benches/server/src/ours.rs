//! Our server doing the job: answer `echo`, let everybody into rooms, relay `cast` to a room. Without a database: the other
//! servers have none.

use std::sync::Arc;

use tidewire_server::auth::{AuthError, Authenticator, Session, User};
use tidewire_server::event::{BoxFuture, History, HistoryError, RoomEvent};
use tidewire_server::front::{Doors, Rate, serve_with};
use tidewire_server::socket::{Access, Config, Denied, Farewell, RoomAuthorizer, SocketServer};

use crate::Failure;

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

impl History for Everybody {
    fn head<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(Arc<str>, u64), HistoryError>> {
        Box::pin(std::future::ready(Ok(("e".into(), 0))))
    }

    fn after<'a>(
        &'a self,
        _: &'a str,
        _: u64,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<RoomEvent>, HistoryError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

pub(crate) async fn serve() -> Result<(), Failure> {
    let (_events, feed) = tokio::sync::mpsc::unbounded_channel();
    // One connection here plays many people, from one address; the others have no rates.
    let rate = Rate { per_second: 10_000_000, burst: 10_000_000 };
    let config = Config { messages_per_user: rate, ..Config::default() };
    let doors = Doors {
        connects_per_address: rate,
        requests_per_address: rate,
        messages_per_address: rate,
        ..Doors::default()
    };
    let sockets = SocketServer::builder()
        .authenticator(Arc::new(Everybody))
        .authorizer(Arc::new(Everybody))
        .history(Arc::new(Everybody))
        .feed(feed)
        .config(config)
        .on("echo", |_, payload| async move { Some(payload) })
        .on("cast", |context, payload| async move {
            context.broadcast("r", "told", &payload).ok();
            Some(serde_json::Value::Null)
        })
        .build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::announce(&listener)?;
    let router = sockets.router();
    serve_with(listener, router, sockets, doors, Farewell::default(), std::future::pending()).await?;
    Ok(())
}
