//! Bad input over real sockets: each closes its own connection with a named reason and disturbs nobody (C11, V2, V9).
#![allow(clippy::unwrap_used)]

mod socket_support;

use futures_util::SinkExt;
use serde_json::{Value, json};
use socket_support::{Raw, Server};
use tidewire_hub::Millis;
use tidewire_server::socket::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

/// Whether a connection that was there before is alive and gets its room's events.
async fn assert_undisturbed(server: &Server, witness: &mut Raw) {
    server.rooms.publish("r", "still", "1");
    assert_eq!(witness.text().await, r#"42["still",1]"#);
}

async fn assert_closes(frames: &[Message], code: u16, reason: &str) {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut raw = server.connected(r#"{"token":"eve"}"#).await;
    for frame in frames {
        raw.0.send(frame.clone()).await.unwrap();
    }
    assert_eq!(raw.closed().await, (code, reason.to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn c11_garbage_closes_with_a_named_reason() {
    assert_closes(&[Message::text("hello")], 1002, "engine-type").await;
    assert_closes(&[Message::text("")], 1002, "empty").await;
    assert_closes(&[Message::text("4x")], 1002, "socket-type").await;
    assert_closes(&[Message::text("42[\"a\",")], 1002, "json").await;
    assert_closes(&[Message::text("42[1]")], 1002, "event-name").await;
    assert_closes(&[Message::text("2probe")], 1002, "engine-type").await;
    assert_closes(&[Message::text("42[\"disconnect\"]")], 1002, "event-name").await;
    assert_closes(&[Message::text("40")], 1002, "already-connected").await;
    assert_closes(&[Message::text("42/admin,[\"a\"]")], 1002, "not-connected").await;
}

#[tokio::test]
async fn v9_too_deep_json_is_refused_one_above_the_limit() {
    let event = |depth: usize| format!("420[\"x\",{}1{}]", "[".repeat(depth), "]".repeat(depth));
    let server = Server::start(|builder| builder).await;
    let mut raw = server.connected(r#"{"token":"ana","tidewire":1}"#).await;
    assert_eq!(raw.ack(&event(63)).await, json!([{ "error": "UnknownEvent" }]));
    raw.send(&event(64)).await;
    assert_eq!(raw.closed().await, (1002, "too-deep".to_owned()));
}

#[tokio::test]
async fn v9_attachments_come_announced_and_within_their_limits() {
    let announce =
        |count: u32| Message::text(format!("45{count}-[\"x\",{{\"_placeholder\":true,\"num\":0}}]"));
    assert_closes(&[Message::binary(vec![1, 2, 3])], 1003, "binary").await;
    assert_closes(&[announce(1), Message::text("42[\"x\"]")], 1003, "binary").await;
    assert_closes(&[announce(65)], 1002, "attachments").await;
    let big = Message::binary(vec![0; 1_000_000]);
    assert_closes(&[announce(5), big.clone(), big.clone(), big.clone(), big.clone(), big], 1009, "oversized")
        .await;
}

#[tokio::test]
async fn v9_a_frame_at_the_limit_passes_and_one_above_closes() {
    let frame = |bytes: usize| {
        let head = "420[\"x\",\"";
        format!("{head}{}\"]", "y".repeat(bytes - head.len() - 2))
    };
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut raw = server.connected(r#"{"token":"eve","tidewire":1}"#).await;
    assert_eq!(raw.ack(&frame(1_000_000)).await, json!([{ "error": "UnknownEvent" }]));
    // The server stops reading in the middle of it, so the sending itself may fail.
    raw.0.send(Message::text(frame(1_000_001))).await.ok();
    assert_eq!(raw.closed().await, (1009, "oversized".to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn c11_bytes_that_are_no_websocket_close_only_their_connection() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut raw = server.raw().await;
    let tokio_tungstenite::MaybeTlsStream::Plain(stream) = raw.0.get_mut() else { panic!("no TLS here") };
    // A text frame of no length with all reserved bits set.
    stream.write_all(&[0xf1, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(raw.closed().await, (1002, "websocket".to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn c11_a_text_that_is_no_utf8_closes_only_its_connection_with_the_code_for_that() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut raw = server.connected(r#"{"token":"eve"}"#).await;
    let tokio_tungstenite::MaybeTlsStream::Plain(stream) = raw.0.get_mut() else { panic!("no TLS here") };
    // An event whose name is cut off within a letter.
    stream.write_all(&[0x81, 0x85, 0, 0, 0, 0, b'4', b'2', b'[', b'"', 0xc3]).await.unwrap();
    assert_eq!(raw.closed().await, (1007, "no-text".to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v2_without_connect_the_connection_is_closed() {
    let config = Config { connect_timeout: Millis(20), ..Config::default() };
    let server = Server::start(|builder| builder.config(config)).await;
    let mut raw = server.raw().await;
    assert_eq!(raw.closed().await, (1008, "no-connect".to_owned()));
}

#[tokio::test]
async fn v2_a_bad_token_gets_a_typed_connect_error_and_may_try_again() {
    let server = Server::start(|builder| builder).await;
    let mut raw = server.raw().await;
    for auth in [r#"{"token":"bad"}"#, "", "{}"] {
        raw.send(&format!("40{auth}")).await;
        let error = raw.text().await;
        let error: Value = serde_json::from_str(error.strip_prefix("44").unwrap()).unwrap();
        assert_eq!(error["data"]["code"], "AUTH");
    }
    raw.send(r#"40{"token":"panic"}"#).await;
    assert!(raw.text().await.contains("\"OVERLOADED\""));
    raw.send("40/admin,{}").await;
    assert_eq!(raw.text().await, r#"44/admin,{"message":"Invalid namespace"}"#);
    raw.send(r#"40{"token":"ana"}"#).await;
    assert!(raw.text().await.starts_with("40{\"sid\""));
}

#[tokio::test]
async fn v8_a_client_that_does_not_read_is_closed_as_slow_and_the_others_go_on() {
    let config = Config { queue_bytes: 100_000, catch_up_bytes: 100_000, ..Config::default() };
    let server = Server::start(|builder| builder.config(config)).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut slow = server.joined(r#"{"token":"eve"}"#, "r").await;
    let payload = format!("\"{}\"", "x".repeat(50_000));
    // More than the buffers of the operating system take.
    for _ in 0..400 {
        server.rooms.publish("r", "big", &payload);
        assert!(witness.text().await.starts_with("42[\"big\""));
    }
    assert_eq!(slow.closed().await, (3008, "slow".to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_room_requests_are_refused_with_typed_errors() {
    let config = Config { rooms: 2, ..Config::default() };
    let server = Server::start(|builder| builder.config(config)).await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    for bad in
        ["", ",null", ",{}", r#",{"roomId":""}"#, r#",{"roomId":"r","since":{"epoch":"e1","offset":-1}}"#]
    {
        assert_eq!(
            raw.ack(&format!("421[\"room:join\"{bad}]")).await,
            json!([{ "error": "BadRequest" }]),
            "{bad}"
        );
    }
    let join = |room: &str| format!("421[\"room:join\",{{\"roomId\":\"{room}\"}}]");
    for room in ["a", "b", "a"] {
        assert_eq!(raw.ack(&join(room)).await[0]["success"], true);
    }
    assert_eq!(raw.ack(&join("c")).await, json!([{ "error": "TooManyRooms" }]));
}

async fn http(server: &Server, request: &str) -> (String, Value) {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn what_is_no_websocket_gets_a_clear_engine_io_error() {
    let server = Server::start(|builder| builder).await;
    for (request, code, word) in [
        ("POST /socket.io/?EIO=4&transport=polling", 2, "method"),
        ("PUT /socket.io/?EIO=4&transport=polling", 2, "method"),
        ("GET /socket.io/?EIO=4&transport=polling&sid=x", 1, "session"),
        ("POST /socket.io/?EIO=4&transport=polling&sid=x", 1, "session"),
        ("GET /socket.io/?EIO=4&transport=pigeon", 0, "transport"),
        ("GET /socket.io/?EIO=4&transport=websocket&sid=x", 1, "session"),
        ("GET /socket.io/?EIO=4&transport=websocket", 3, "handshake"),
        ("GET /socket.io/?EIO=3&transport=websocket", 5, "version"),
        ("GET /socket.io/", 5, "version"),
    ] {
        let (status, body) = http(&server, request).await;
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "{request}");
        assert_eq!(body["code"], code, "{request}");
        assert!(body["message"].as_str().unwrap().contains(word), "{request}: {body}");
    }
}
