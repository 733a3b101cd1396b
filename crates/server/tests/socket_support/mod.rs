//! A socket server on a real port with a history in memory, and a raw WebSocket client that knows nothing of Socket.IO.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

pub mod http;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tidewire_server::auth::{AuthError, Authenticator, Session, User};
use tidewire_server::event::{BoxFuture, History, HistoryError, RoomEvent};
use tidewire_server::front::{Doors, serve_with};
use tidewire_server::socket::{Access, Builder, Denied, Farewell, RoomAuthorizer, SocketServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Tokens are names, and perhaps seconds; `bad` is refused. Rooms that begin with `secret` are closed.
pub struct Rules;

impl Authenticator for Rules {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        let result = match token {
            "bad" => Err(AuthError::Invalid),
            "panic" => panic!("the app's authenticator has a bug"),
            // `ana+60` is a token of ana that ends in 60 s.
            name => {
                let (user, life) = name.split_once('+').unwrap_or((name, ""));
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                let expires_at = life.parse::<u64>().ok().map(|life| now + life);
                Ok(Session { user: User { id: user.into() }, expires_at })
            }
        };
        Box::pin(std::future::ready(result))
    }
}

impl RoomAuthorizer for Rules {
    fn authorize<'a>(&'a self, _: &'a User, room: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        let result = if room.starts_with("secret") { Err(Denied::Unauthorized) } else { Ok(Access::full()) };
        Box::pin(std::future::ready(result))
    }
}

/// Rooms in memory, with the guarantee that a store gives: visible first, then fed.
pub struct Rooms {
    events: Mutex<BTreeMap<String, Vec<RoomEvent>>>,
    feed: mpsc::UnboundedSender<Vec<RoomEvent>>,
}

impl Rooms {
    pub fn publish(&self, room: &str, name: &str, payload: &str) -> u64 {
        let mut rooms = self.events.lock().unwrap();
        let events = rooms.entry(room.to_owned()).or_default();
        let offset = events.len() as u64 + 1;
        let event = RoomEvent {
            room: room.into(),
            epoch: "e1".into(),
            offset,
            event_id: format!("ev{offset}").into(),
            write_id: "w1".into(),
            name: name.into(),
            payload: payload.into(),
        };
        events.push(event.clone());
        self.feed.send(vec![event]).unwrap();
        offset
    }
}

impl History for Rooms {
    fn head<'a>(&'a self, room: &'a str) -> BoxFuture<'a, Result<(Arc<str>, u64), HistoryError>> {
        let head = self.events.lock().unwrap().get(room).map_or(0, |events| events.len() as u64);
        Box::pin(std::future::ready(Ok(("e1".into(), head))))
    }

    fn after<'a>(
        &'a self,
        room: &'a str,
        offset: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RoomEvent>, HistoryError>> {
        let rooms = self.events.lock().unwrap();
        let all = rooms.get(room).map(Vec::as_slice).unwrap_or_default();
        let events = all.iter().filter(|event| event.offset > offset).take(limit).cloned().collect();
        Box::pin(std::future::ready(Ok(events)))
    }
}

pub struct Server {
    pub address: std::net::SocketAddr,
    pub rooms: Arc<Rooms>,
    pub sockets: SocketServer,
    pub stop: Option<oneshot::Sender<()>>,
    pub served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start(describe: impl FnOnce(Builder) -> Builder) -> Server {
        Server::start_with(Doors::default(), describe).await
    }

    pub async fn start_with(doors: Doors, describe: impl FnOnce(Builder) -> Builder) -> Server {
        let (feed, events) = mpsc::unbounded_channel();
        let rooms = Arc::new(Rooms { events: Mutex::default(), feed });
        let builder = SocketServer::builder()
            .authenticator(Arc::new(Rules))
            .authorizer(Arc::new(Rules))
            .history(rooms.clone())
            .feed(events);
        let sockets = describe(builder).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve_with(
            listener,
            sockets.router(),
            sockets.clone(),
            doors,
            Farewell::default(),
            async move {
                stopped.await.ok();
            },
        ));
        Server { address, rooms, sockets, stop: Some(stop), served }
    }

    pub async fn raw(&self) -> Raw {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", self.address);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut raw = Raw(socket);
        let open = raw.text().await;
        assert!(open.starts_with("0{\"sid\":\""), "{open}");
        raw
    }

    /// A WebSocket at this path, if the server opens one. Nothing is read yet.
    pub async fn socket(&self, path: &str) -> Option<Raw> {
        let url = format!("ws://{}{path}", self.address);
        tokio_tungstenite::connect_async(url).await.ok().map(|(socket, _)| Raw(socket))
    }

    pub async fn connected(&self, auth: &str) -> Raw {
        let mut raw = self.raw().await;
        raw.send(&format!("40{auth}")).await;
        let reply = raw.text().await;
        assert!(reply.starts_with("40{\"sid\":\""), "{reply}");
        raw
    }

    pub async fn joined(&self, auth: &str, room: &str) -> Raw {
        let mut raw = self.connected(auth).await;
        raw.send(&format!("420[\"room:join\",{{\"roomId\":\"{room}\"}}]")).await;
        let reply = raw.text().await;
        assert!(reply.starts_with("430[{\"success\":true"), "{reply}");
        raw
    }
}

pub struct Raw(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Raw {
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Several texts as one piece of bytes.
    pub async fn send_together(&mut self, texts: &[&str]) {
        for text in texts {
            self.0.feed(Message::text(*text)).await.unwrap();
        }
        self.0.flush().await.unwrap();
    }

    /// The next text frame. Fails when none comes for long: that is a bug, not a slow machine.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("no text: {other:?}"),
        }
    }

    pub async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(30), self.0.next());
        next.await.expect("nothing came").expect("the connection ended").unwrap()
    }

    /// Reads until the close frame: its code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.as_str().to_owned()),
                Message::Close(None) => panic!("a close without a reason"),
                _ => {}
            }
        }
    }

    pub async fn ack(&mut self, frame: &str) -> Value {
        self.send(frame).await;
        let reply = self.text().await;
        let start = reply.find('[').unwrap_or_else(|| panic!("no acknowledgement: {reply}"));
        serde_json::from_str(&reply[start..]).unwrap()
    }
}
