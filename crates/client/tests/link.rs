//! The host on a real socket against a peer that misbehaves: the reason is named, nothing crashes, the client goes on
//! (C2, C11, V9). The peer is a bare WebSocket server in this test.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use support::soon;
use tidewire::{Client, ConnectionState, DownReason, EmitError, QUEUE};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const HELLO: &str =
    r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

struct Peer {
    listener: TcpListener,
}

impl Peer {
    async fn new() -> (Peer, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder(url).user("ana").build().unwrap();
        drop(client.connect());
        (Peer { listener }, client)
    }

    async fn accept(&self) -> WebSocketStream<TcpStream> {
        let (stream, _) = soon("a connection", self.listener.accept()).await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    }

    /// A connection with its session up.
    async fn session(&self) -> WebSocketStream<TcpStream> {
        let mut socket = self.accept().await;
        socket.send(Message::text(HELLO)).await.unwrap();
        let connect = soon("CONNECT", socket.next()).await.unwrap().unwrap();
        assert_eq!(connect.to_text().unwrap(), r#"40{"tidewire":1}"#);
        socket.send(Message::text(r#"40{"sid":"x","tidewire":1}"#)).await.unwrap();
        socket
    }
}

async fn down(client: &Client) -> DownReason {
    let waiting = |state: &ConnectionState| matches!(state, ConnectionState::Waiting { .. });
    let status =
        soon("the end of the link", client.when(|status| waiting(&status.connection))).await.unwrap();
    match &status.connection {
        ConnectionState::Waiting { reason, .. } => *reason,
        ConnectionState::Idle {}
        | ConnectionState::Connecting { .. }
        | ConnectionState::Connected { .. }
        | ConnectionState::Paused { .. }
        | ConnectionState::Refused { .. } => panic!("{:?}", status.connection),
    }
}

async fn after(frame: Message) -> DownReason {
    let (peer, client) = Peer::new().await;
    let mut socket = peer.session().await;
    // The client may close before it has read all.
    let _ = socket.send(frame).await;
    let reason = down(&client).await;
    // And it comes back.
    drop(peer.session().await);
    reason
}

#[tokio::test]
async fn c11_garbage_closes_the_link_with_a_named_reason() {
    let texts = ["", "x", "4", "42", "42[", "42[\"name\",}", "42{\"not\":\"an array\"}", "49", "42\u{0}"];
    let mut garbage: Vec<Message> = texts.into_iter().map(Message::text).collect();
    garbage.push(Message::binary(vec![1, 2, 3]));
    let reasons = join_all(garbage.iter().cloned().map(after)).await;
    for (garbage, reason) in garbage.iter().zip(reasons) {
        assert_eq!(reason, DownReason::Malformed, "{garbage:?}");
    }
}

#[tokio::test]
async fn c11_v9_an_oversized_frame_closes_the_link_with_a_named_reason() {
    let above_the_engines_limit = format!("42[\"big\",\"{}\"]", "x".repeat(1_000_000));
    assert_eq!(after(Message::text(above_the_engines_limit)).await, DownReason::Oversized);
    let above_what_is_read = format!("42[\"big\",\"{}\"]", "x".repeat(4_000_000));
    assert_eq!(after(Message::text(above_what_is_read)).await, DownReason::Oversized);
}

#[tokio::test]
async fn c2_a_server_that_goes_away_says_so() {
    let restart = CloseFrame { code: CloseCode::Restart, reason: "".into() };
    assert_eq!(after(Message::Close(Some(restart))).await, DownReason::Overloaded);
    assert_eq!(after(Message::Close(None)).await, DownReason::Lost);
}

#[tokio::test]
async fn c2_an_answer_that_is_no_websocket_is_named() {
    for (answer, reason) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", DownReason::Overloaded),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlogin", DownReason::Unreachable),
        ("garbage\r\n\r\n", DownReason::Unreachable),
    ] {
        let (peer, client) = Peer::new().await;
        let (mut stream, _) = soon("a connection", peer.listener.accept()).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(down(&client).await, reason, "{answer:?}");
    }
}

#[tokio::test]
async fn c6_an_emit_ends_with_the_client() {
    let (peer, client) = Peer::new().await;
    let mut socket = peer.session().await;
    let never = client.emit_with_ack("question", json!(1));
    let question = soon("the event", socket.next()).await.unwrap().unwrap();
    assert_eq!(question.to_text().unwrap(), r#"421["question",1]"#);
    client.shutdown().await;
    assert_eq!(soon("settling", never).await, Err(EmitError::MaybeLost));
    assert_eq!(client.emit("after", json!(1)).await, Err(EmitError::Closed));
    let goodbye = soon("goodbye", socket.next()).await.unwrap().unwrap();
    assert_eq!(goodbye.to_text().unwrap(), "41", "what was sent is written before the link closes");
}

#[tokio::test]
async fn y1_v8_a_slow_reader_stops_the_link_and_loses_nothing() {
    let (peer, client) = Peer::new().await;
    let mut events = client.events();
    let mut socket = peer.session().await;
    let total = QUEUE * 4;
    let sending = tokio::spawn(async move {
        for n in 0..total {
            socket.feed(Message::text(format!("42[\"n\",{n}]"))).await.unwrap();
        }
        socket.flush().await.unwrap();
        socket
    });
    let socket = sending.await.unwrap();
    // The host works on while it reads no frames: writes are taken and reach the store.
    for _ in 0..50 {
        let write = client.submit(tidewire::Write::new("POST", "/x")).await.unwrap();
        soon("durable", write.durable()).await.unwrap();
    }
    let mut ready = 0;
    while let Some(event) = events.take_ready() {
        assert_eq!(event.payload(), ready);
        ready += 1;
    }
    assert!(ready <= QUEUE, "a queue is bounded, and {ready} events waited");
    for n in ready..total {
        assert_eq!(soon("an event", events.next()).await.unwrap().payload(), n);
    }
    drop(socket);
}

#[tokio::test]
async fn a_reader_that_went_away_stops_nobody() {
    let (peer, client) = Peer::new().await;
    let forgotten = client.events();
    let mut events = client.events();
    let mut socket = peer.session().await;
    let sending = tokio::spawn(async move {
        for n in 0..QUEUE * 3 {
            socket.send(Message::text(format!("42[\"n\",{n}]"))).await.unwrap();
        }
        socket
    });
    for n in 0..QUEUE {
        assert_eq!(soon("an event", events.next()).await.unwrap().payload(), n);
    }
    // The other queue is full now, and nobody will ever read it.
    drop(forgotten);
    for n in QUEUE..QUEUE * 3 {
        assert_eq!(soon("an event", events.next()).await.unwrap().payload(), n);
    }
    drop(sending.await.unwrap());
}
