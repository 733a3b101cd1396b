//! What the published suite of Engine.IO 4 asks of a server, in our own words (V1): handshakes, messages, heartbeats, ends and
//! the move from polling to a WebSocket, without Socket.IO above.
#![allow(clippy::unwrap_used)]

mod socket_support;

use serde_json::Value;
use socket_support::http::{self, Reply};
use socket_support::{Raw, Server};
use tidewire_server::socket::{Config, Millis};
use tokio_tungstenite::tungstenite::Message;

const POLL: &str = "/engine.io/?EIO=4&transport=polling";
const SOCKET: &str = "/engine.io/?EIO=4&transport=websocket";

/// A server below Socket.IO, which sends every message back.
async fn echo() -> Server {
    echo_with(Config { echo: true, ..Config::default() }).await
}

/// With a heartbeat that a test can wait for.
async fn quick_echo() -> Server {
    let (ping_interval, ping_timeout) = (Millis(60), Millis(200));
    echo_with(Config { echo: true, ping_interval, ping_timeout, ..Config::default() }).await
}

async fn echo_with(config: Config) -> Server {
    Server::start(|builder| builder.config(config).path("/engine.io")).await
}

struct Session<'a> {
    server: &'a Server,
    path: String,
    sid: String,
}

impl Session<'_> {
    async fn open(server: &Server) -> Session<'_> {
        let open = http::get(server, POLL).await;
        let shake: Value = serde_json::from_str(open.text.strip_prefix('0').unwrap()).unwrap();
        let sid = shake["sid"].as_str().unwrap().to_owned();
        Session { server, path: format!("{POLL}&sid={sid}"), sid }
    }

    async fn poll(&self) -> Reply {
        http::get(self.server, &self.path).await
    }

    async fn post(&self, body: &str) -> Reply {
        http::post(self.server, &self.path, body).await
    }

    async fn socket(&self) -> Raw {
        self.server.socket(&format!("{SOCKET}&sid={}", self.sid)).await.unwrap()
    }

    /// Comes with a GET until the server refuses it.
    async fn gone(&self) -> bool {
        self.poll().await.status == 400
    }
}

#[tokio::test]
async fn v1_a_handshake_names_the_session_its_upgrades_and_its_limits() {
    let server = echo().await;
    let open = http::get(&server, POLL).await;
    assert_eq!(open.status, 200);
    let shake: Value = serde_json::from_str(open.text.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(shake["upgrades"], serde_json::json!(["websocket"]));
    assert_eq!(shake["maxPayload"], 1_000_000);
    assert_eq!((&shake["pingInterval"], &shake["pingTimeout"]), (&25_000.into(), &20_000.into()));
    assert_eq!(shake.as_object().unwrap().len(), 5);
    let mut socket = server.socket(SOCKET).await.unwrap();
    let shake: Value = serde_json::from_str(socket.text().await.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(shake["upgrades"], serde_json::json!([]));
    assert_eq!(shake.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn v1_a_handshake_of_another_version_transport_or_method_is_refused() {
    let server = echo().await;
    for path in [
        "/engine.io/?transport=polling",
        "/engine.io/?EIO=abc&transport=polling",
        "/engine.io/?EIO=4",
        "/engine.io/?EIO=4&transport=abc",
    ] {
        assert_eq!(http::get(&server, path).await.status, 400, "{path}");
        assert!(server.socket(&path.replace("polling", "websocket")).await.is_none(), "{path}");
    }
    for method in ["POST", "PUT"] {
        assert_eq!(http::send(&server, method, POLL, "").await.status, 400, "{method}");
    }
}

#[tokio::test]
async fn v1_polling_carries_texts_and_bytes_one_or_many() {
    let server = echo().await;
    for payload in ["4hello", "4one\x1e4two\x1e4three", "4text\x1ebAQIDBA==", "bAQIDBA=="] {
        let session = Session::open(&server).await;
        let posted = session.post(payload).await;
        assert_eq!((posted.status, posted.text.as_str()), (200, "ok"));
        let polled = session.poll().await;
        assert_eq!((polled.status, polled.text.as_str()), (200, payload));
    }
}

#[tokio::test]
async fn v1_a_malformed_payload_ends_the_session() {
    let server = echo().await;
    for payload in ["abc", "", "4a\x1e", "b***", "4a\x1ex"] {
        let session = Session::open(&server).await;
        assert_eq!(session.post(payload).await.status, 400, "{payload}");
        assert!(session.gone().await, "{payload}");
    }
}

#[tokio::test]
async fn v9_a_payload_at_the_limit_passes_and_one_above_ends_the_session() {
    let server = echo().await;
    let session = Session::open(&server).await;
    assert_eq!(session.post(&format!("4{}", "x".repeat(999_999))).await.status, 200);
    assert_eq!(session.poll().await.text.len(), 1_000_000);
    assert_eq!(session.post(&format!("4{}", "x".repeat(1_000_000))).await.status, 413);
    assert!(session.gone().await);
}

#[tokio::test]
async fn v1_a_second_poll_beside_one_that_waits_ends_the_session() {
    let server = echo().await;
    let session = Session::open(&server).await;
    let waiting = http::begin(&server, "GET", &session.path, "").await;
    // Whichever of the two the server sees first waits, and learns that it is over.
    let second = session.poll().await;
    let first = waiting.finish().await;
    let mut replies = [(first.status, first.text), (second.status, second.text)];
    replies.sort();
    assert_eq!((replies[0].0, replies[0].1.as_str()), (200, "1"));
    assert_eq!(replies[1].0, 400);
    assert!(session.gone().await);
}

#[tokio::test]
async fn v1_a_poll_that_its_client_gives_up_ends_the_session() {
    let server = echo().await;
    let session = Session::open(&server).await;
    drop(http::begin(&server, "GET", &session.path, "").await);
    assert!(session.gone().await);
}

#[tokio::test]
async fn v1_a_websocket_carries_texts_and_bytes_and_ends_on_what_is_no_packet() {
    let server = echo().await;
    let mut socket = server.socket(SOCKET).await.unwrap();
    socket.text().await;
    socket.send("4hello").await;
    assert_eq!(socket.text().await, "4hello");
    futures_util::SinkExt::send(&mut socket.0, Message::binary(vec![1, 2, 3, 4])).await.unwrap();
    assert_eq!(socket.next().await, Message::binary(vec![1, 2, 3, 4]));
    socket.send("abc").await;
    assert_eq!(socket.closed().await.0, 1002);
}

#[tokio::test]
async fn v1_heartbeats_come_over_both_transports_and_silence_ends_the_session() {
    let server = quick_echo().await;
    let session = Session::open(&server).await;
    let mut socket = server.socket(SOCKET).await.unwrap();
    socket.text().await;
    for _ in 0..3 {
        assert_eq!(session.poll().await.text, "2");
        assert_eq!(session.post("3").await.status, 200);
        assert_eq!(socket.text().await, "2");
        socket.send("3").await;
    }
    assert_eq!(socket.text().await, "2");
    assert_eq!(socket.closed().await, (3000, "ping-timeout".to_owned()));
    // The ping that was never fetched is thrown away with the session.
    assert!(session.gone().await);
}

#[tokio::test]
async fn v1_a_client_says_goodbye_over_both_transports() {
    let server = echo().await;
    let session = Session::open(&server).await;
    let waiting = http::begin(&server, "GET", &session.path, "").await;
    assert_eq!(session.post("1").await.status, 200);
    let polled = waiting.finish().await;
    // The two requests came over two connections, in either order.
    assert_eq!((polled.status, polled.text.as_str()), (200, "6"));
    assert!(session.gone().await);
    // Here certainly the goodbye was first.
    let session = Session::open(&server).await;
    assert_eq!(session.post("1").await.status, 200);
    let polled = session.poll().await;
    assert_eq!((polled.status, polled.text.as_str()), (200, "6"));
    assert!(session.gone().await);
    let mut socket = server.socket(SOCKET).await.unwrap();
    socket.text().await;
    socket.send("1").await;
    assert_eq!(socket.closed().await.0, 1000);
}

#[tokio::test]
async fn v1_a_session_moves_from_polling_to_a_websocket_and_loses_nothing() {
    let server = echo().await;
    let session = Session::open(&server).await;
    let waiting = http::begin(&server, "GET", &session.path, "").await;
    let mut socket = session.socket().await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    assert_eq!(waiting.finish().await.text, "6", "the poll is given back");
    session.post("4before").await;
    socket.send("5").await;
    assert_eq!(socket.text().await, "4before");
    socket.send("4hello").await;
    assert_eq!(socket.text().await, "4hello");
    assert!(session.gone().await, "nobody polls any more");
    let mut second = session.socket().await;
    assert!(matches!(second.next().await, Message::Close(None)));
    socket.send("4still").await;
    assert_eq!(socket.text().await, "4still");
}

#[tokio::test]
async fn v1_a_websocket_that_does_not_take_over_leaves_the_session_polling() {
    let server = echo().await;
    let session = Session::open(&server).await;
    let mut socket = session.socket().await;
    socket.send("2wrong").await;
    while let Some(Ok(_)) = futures_util::StreamExt::next(&mut socket.0).await {}
    assert_eq!(session.post("4hello").await.status, 200);
    assert_eq!(session.poll().await.text, "4hello");
    let mut socket = session.socket().await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
}
