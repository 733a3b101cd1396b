//! Attacks over real sockets that no other test holds: each is bounded, gets a clear refusal, and disturbs nobody. The whole
//! list, with the tests elsewhere, is docs/security.md (V2, V3, V9).
#![allow(clippy::unwrap_used)]

mod socket_support;
mod write_support;

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::SinkExt;
use serde_json::json;
use socket_support::{Raw, Server, http};
use tidewire_server::auth::User;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use write_support::{App, CLIENT, Write};

async fn assert_undisturbed(server: &Server, witness: &mut Raw) {
    server.rooms.publish("r", "still", "1");
    assert_eq!(witness.text().await, r#"42["still",1]"#);
}

#[tokio::test]
async fn v3_access_that_is_taken_away_ends_at_once_and_cannot_be_had_again_by_any_way() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut eve = server.joined(r#"{"token":"eve"}"#, "r").await;
    server.sockets.revoke(&User { id: "eve".into() }, "r");
    // Answered after the revocation, because the hub takes both in order.
    eve.ack(r#"421["room:leave",{"roomId":"other"}]"#).await;
    assert_undisturbed(&server, &mut witness).await;
    assert_eq!(eve.ack(r#"422["tw:probe"]"#).await, json!([]), "no event came before the answer");
}

/// A WebSocket of a client that offers compression as Chromium does; the head of the answer, in small letters.
async fn offering(server: &Server) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    (stream, head)
}

#[tokio::test]
async fn v9_compression_is_off_by_default_and_a_compressed_frame_is_no_frame() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let (mut stream, head) = offering(&server).await;
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    // A text frame with RSV1, masked with zeros: what would be a bomb if it were inflated.
    stream.write_all(&[0xc1, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.windows(9).any(|part| part == b"websocket"), "closed as no WebSocket frame");
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_a_compression_bomb_is_unpacked_up_to_the_limit_of_a_frame() {
    let server = Server::start(|builder| builder.deflate()).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let (mut stream, head) = offering(&server).await;
    let agreed = "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
        client_no_context_takeover\r\n";
    assert!(head.contains(agreed), "{head}");
    let mut bomb = Vec::with_capacity(100_000);
    let zeros = vec![b'0'; 60_000_000];
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    compress.compress_vec(&zeros, &mut bomb, flate2::FlushCompress::Sync).unwrap();
    assert_eq!(compress.total_in(), 60_000_000);
    let length = u16::try_from(bomb.len()).unwrap().to_be_bytes();
    let frame = [&[0xc1, 0xfe], &length[..], &[0; 4], &bomb].concat();
    stream.write_all(&frame).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.windows(9).any(|part| part == b"oversized"), "closed as oversized");
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_a_compressed_body_is_not_inflated() {
    let app = App::new();
    let headers = [("content-encoding", "gzip"), ("idempotency-key", "\"k1\"")];
    let answer =
        app.send("POST", "/tidewire/publish", Some(write_support::SERVER_KEY), &headers, "\u{1f}").await;
    assert_eq!(answer.brief(), (400, "rejected"), "it is read as what it is");
}

#[tokio::test]
async fn v9_a_message_in_fragments_is_as_limited_as_a_whole_one() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut eve = server.connected(r#"{"token":"eve"}"#).await;
    let part = vec![b'x'; 100_000];
    let mut kind = OpCode::Data(Data::Text);
    for _ in 0..11 {
        // The server stops reading in the middle of it.
        if eve.0.send(Message::Frame(Frame::message(part.clone(), kind, false))).await.is_err() {
            break;
        }
        kind = OpCode::Data(Data::Continue);
    }
    assert_eq!(eve.closed().await, (1009, "oversized".to_owned()));
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_thousands_of_rooms_and_namespaces_are_refused_one_by_one() {
    let server = Server::start(|builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut eve = server.connected(r#"{"token":"eve"}"#).await;
    for room in 0..1_000 {
        let joined = eve.ack(&format!(r#"420["room:join",{{"roomId":"r{room}"}}]"#)).await;
        assert_eq!(joined[0]["success"], true);
    }
    for room in 1_000..3_000 {
        let refused = eve.ack(&format!(r#"420["room:join",{{"roomId":"r{room}"}}]"#)).await;
        assert_eq!(refused, json!([{ "error": "TooManyRooms" }]));
    }
    for name in 0..1_000 {
        eve.send(&format!("40/n{name},{{}}")).await;
        assert_eq!(eve.text().await, format!(r#"44/n{name},{{"message":"Invalid namespace"}}"#));
    }
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_deep_json_over_http_is_a_refusal() {
    let app = App::new();
    let deep = format!(r#"{{"events":[{{"room":"a","name":"n","payload":{}}}]}}"#, "[".repeat(200_000));
    let key = Some(write_support::SERVER_KEY);
    assert_eq!(app.send("POST", "/tidewire/publish", key, &[], &deep).await.status, 400);
    let json = [("content-type", "application/json")];
    assert_eq!(
        app.send("POST", "/tidewire/outcome", Some("ana"), &json, &"[".repeat(200_000)).await.status,
        400
    );
}

#[tokio::test]
async fn v2_v9_another_users_client_id_opens_and_changes_nothing() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    let json = [("content-type", "application/json")];
    let void = json!({ "client": CLIENT, "sequence": 1, "key": "k1", "void": true }).to_string();
    let told = app.send("POST", "/tidewire/outcome", Some("eve"), &json, &void).await;
    assert_eq!(told.body, r#"{"outcome":"client-reset"}"#, "as if nobody had it");
    assert_eq!(app.write(Write::count("e1", 1, 1).by("eve")).await.brief(), (201, "applied"), "her own");
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"), "his is untouched");
}

#[tokio::test]
async fn v9_a_polling_client_that_never_reads_is_closed_as_slow() {
    let config = tidewire_server::socket::Config {
        queue_bytes: 100_000,
        catch_up_bytes: 100_000,
        ..Default::default()
    };
    let server = Server::start(|builder| builder.config(config)).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let path = "/socket.io/?EIO=4&transport=polling";
    let opened = http::get(&server, path).await.text;
    let path = format!("{path}&sid={}", opened.split('"').nth(3).unwrap());
    http::post(&server, &path, r#"40{"token":"eve"}"#).await;
    assert!(http::get(&server, &path).await.text.starts_with("40"));
    http::post(&server, &path, r#"420["room:join",{"roomId":"r"}]"#).await;
    assert!(http::get(&server, &path).await.text.starts_with("430"));
    let payload = format!("\"{}\"", "x".repeat(10_000));
    for _ in 0..12 {
        server.rooms.publish("r", "big", &payload);
        witness.text().await;
    }
    let refused = http::get(&server, &path).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(server.sockets.metrics().contains(r#"tidewire_connections_closed_total{reason="slow"} 1"#));
}

/// The page that lists them names tests that exist.
#[test]
fn v9_every_test_in_the_list_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut sources = String::new();
    for folder in [
        "crates/server/tests",
        "crates/server/src/front",
        "crates/hub/tests/hub",
        "crates/wire/tests",
        "examples/activities/server/tests",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "rs") {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let is_test = |word: &&str| {
        let (id, rest) = word.split_once('_').unwrap_or_default();
        id.starts_with(['v', 'c', 'q', 'y']) && id[1..].parse::<u32>().is_ok() && !rest.is_empty()
    };
    let named: BTreeSet<&str> = page.split('`').filter(is_test).collect();
    assert!(named.len() > 30);
    for test in named {
        assert!(sources.contains(&format!("fn {test}(")), "{test} is in docs/security.md but nowhere else");
    }
}
