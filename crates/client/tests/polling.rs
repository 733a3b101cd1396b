//! Links over HTTP long-polling (C1): where no WebSocket comes up, against the official server and against an HTTP server in the test's hand.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::json;
use support::{Process, root, soon};
use tidewire::{Args, Client, ConnectionState, DownReason, EmitOptions, Event, Events};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;

/// The official server, behind a proxy that lets no WebSocket through.
async fn official(options: &[&str]) -> (Process, u16) {
    let script = root().join("e2e/peers/official-server.mjs");
    let mut peer = Process::start(Command::new("node").arg(script).arg("0").args(options));
    let port = peer.line_after("listening on ").await.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(without_websocket(client, port));
        }
    });
    (peer, own)
}

async fn without_websocket(mut client: TcpStream, port: u16) {
    let mut head = vec![0; 4096];
    let Ok(read) = client.read(&mut head).await else { return };
    if String::from_utf8_lossy(&head[..read]).contains("transport=websocket") {
        let _ = client
            .write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .await;
        return;
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    if server.write_all(&head[..read]).await.is_ok() {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

async fn connected(port: u16) -> (Client, Events) {
    connected_as(port, false).await
}

async fn connected_as(port: u16, msgpack: bool) -> (Client, Events) {
    let client = Client::builder(format!("http://127.0.0.1:{port}")).foreign().user("ana").token("good");
    let client = client.msgpack(msgpack).build().unwrap();
    let events = client.events();
    drop(client.connect());
    let up = client.when(|status| matches!(status.connection, ConnectionState::Connected { .. }));
    soon("a session", up).await.unwrap();
    (client, events)
}

async fn next_named(events: &mut Events, name: &str) -> Event {
    loop {
        let event = soon(name, events.next()).await.expect("the client lives");
        if event.name() == name {
            return event;
        }
    }
}

#[tokio::test]
async fn c1_p3_where_no_websocket_comes_through_polling_does() {
    every_kind_of_packet(false).await;
}

#[tokio::test]
async fn c1_p3_msgpack_packets_go_over_polling_too() {
    every_kind_of_packet(true).await;
}

async fn every_kind_of_packet(msgpack: bool) {
    let (_peer, port) = official(if msgpack { &["msgpack"] } else { &[] }).await;
    let (client, mut events) = connected_as(port, msgpack).await;
    soon("join", client.join("activities").await.unwrap().joined()).await.unwrap();
    let message = json!({"roomId": "activities", "text": "gr\u{fc}\u{df}e \u{1f30a}\u{1e}"});
    client.emit("say", message.clone()).await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.args()[0], message);
    let sum = soon("ack", client.emit_with_ack("sum", vec![json!(1), json!(2)])).await;
    assert_eq!(sum.unwrap()[0], 3);

    let mut args = Args::none();
    let bytes = args.attach(vec![9, 8, 250]);
    args.push(json!({"name": "f", "bytes": bytes}));
    let answer = soon("ack", client.emit_as_with_ack("mirror", args, EmitOptions::default())).await.unwrap();
    let back = answer.attachment(&answer.args[0]["back"]).map(|bytes| bytes.to_vec());
    assert_eq!(back, Some(vec![250, 8, 9]));
}

#[tokio::test]
async fn c1_many_and_large_packets_go_in_order_within_what_the_server_takes() {
    let (_peer, port) = official(&[]).await;
    let (client, _) = connected(port).await;
    let text = "x".repeat(90_000);
    let sums: Vec<_> =
        (0..10).map(|n| client.emit_with_ack("sum", vec![json!(format!("{n}-")), json!(text)])).collect();
    for (n, sum) in sums.into_iter().enumerate() {
        let answer = soon("ack", sum).await.unwrap();
        assert!(answer[0].as_str().unwrap().starts_with(&format!("{n}-x")));
    }
}

/// Answers each request of a session in the test's hand; tells the bodies of its POSTs. The session is bound by a cookie, as behind a
/// load balancer.
async fn by_hand(listener: TcpListener, posts: mpsc::UnboundedSender<String>) {
    let mut gets = 0;
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4096];
        let whole = |text: &str| {
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            (body.len() >= length.map_or(0, |length| length.parse().unwrap())).then(|| body.to_owned())
        };
        let body = loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            if let Some(body) = whole(&text) {
                break body;
            }
        };
        if gets > 0 {
            assert!(text.contains("\r\ncookie: lb=one\r\n"), "it would reach another server: {text}");
        }
        let cookie = if gets == 0 { "set-cookie: lb=one; Path=/; HttpOnly\r\n" } else { "" };
        let answer = if text.contains("transport=websocket") {
            None
        } else if text.starts_with("POST") {
            posts.send(body).unwrap();
            Some("ok")
        } else {
            gets += 1;
            match gets {
                1 => Some(r#"0{"sid":"a b","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#),
                2 => Some(r#"40{"sid":"x"}"#),
                _ => {
                    assert!(text.contains("&sid=a%20b "), "{text}");
                    // It waits, and must wait until the goodbye is said.
                    tokio::spawn(async move { while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {} });
                    continue;
                }
            }
        };
        let status = if answer.is_some() { "200 OK" } else { "400 No" };
        let answer = answer.unwrap_or_default();
        let page = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\n{cookie}content-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(page.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn c1_what_was_sent_before_the_end_is_posted_and_a_goodbye_behind_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mut posts) = mpsc::unbounded_channel();
    tokio::spawn(by_hand(listener, sender));
    let (client, _) = connected(port).await;
    assert!(soon("CONNECT", posts.recv()).await.unwrap().starts_with("40{"));
    drop(client.emit("say", json!("last words")));
    soon("the end", client.shutdown()).await;
    let mut said = String::new();
    while let Ok(post) = posts.try_recv() {
        said.push_str(&post);
        said.push('\u{1e}');
    }
    assert_eq!(said, "42[\"say\",\"last words\"]\u{1e}41\u{1e}1\u{1e}");
}

#[tokio::test]
async fn c1_a_page_of_a_captive_portal_is_no_server_and_an_overloaded_one_is_named() {
    for (answer, reason) in [("200 OK", DownReason::Unreachable), ("503 Busy", DownReason::Overloaded)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder(url).user("ana").build().unwrap();
        drop(client.connect());
        let portal = async {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 2048];
                let read = stream.read(&mut head).await.unwrap();
                let polling = String::from_utf8_lossy(&head[..read]).contains("transport=polling");
                let status = if polling { answer } else { "400 No" };
                let page =
                    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>");
                stream.write_all(page.as_bytes()).await.unwrap();
                if polling {
                    return;
                }
            }
        };
        soon("polling", portal).await;
        let failed = |status: &tidewire::Status| matches!(status.connection, ConnectionState::Waiting { reason: now, attempt, .. } if now == reason && attempt > 2);
        soon("the reason", client.when(failed)).await.unwrap();
    }
}
