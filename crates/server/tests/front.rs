//! Connections and requests of addresses over real sockets: slow ones are cut off, too many are refused, and others go on
//! (V9).
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::net::SocketAddr;
use std::time::Duration;

use socket_support::{Raw, Server, http};
use tidewire_server::front::{Doors, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const POLL: &str = "/socket.io/?EIO=4&transport=polling";

/// A connection that comes from another address of this machine.
async fn from(address: &str, server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
    socket.connect(server.address).await.unwrap()
}

async fn ask(mut stream: TcpStream, headers: &str) -> String {
    let request = format!("GET {POLL} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn assert_refused(answer: &str, whose: &str) {
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(answer.contains(r#""code":"too-many-requests""#) && answer.contains(whose), "{answer}");
}

async fn assert_undisturbed(server: &Server, witness: &mut Raw) {
    server.rooms.publish("r", "still", "1");
    assert_eq!(witness.text().await, r#"42["still",1]"#);
}

// Both sides of front::HEAD_TIME.
#[tokio::test]
async fn v9_a_slow_handshake_is_cut_off_and_nobody_else_notices() {
    let doors = Doors { head_time: Duration::from_secs(2), ..Doors::default() };
    let server = Server::start_with(doors, |builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut all = Vec::new();
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: 1"] {
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(begun.as_bytes()).await.unwrap();
        all.push((begun, slow));
    }
    assert!(ask(from("127.0.0.1", &server).await, "").await.starts_with("HTTP/1.1 200 "), "in time");
    for (begun, mut slow) in all {
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8(rest).unwrap().contains("200 OK"), "{begun:?}");
    }
    assert_undisturbed(&server, &mut witness).await;
}

// Both sides of front::BODY_TIME.
#[tokio::test]
async fn v9_a_slow_body_ends_its_own_request() {
    let doors = Doors { body_time: Duration::from_secs(2), ..Doors::default() };
    let server = Server::start_with(doors, |builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let opened = http::get(&server, POLL).await;
    let sid = opened.text.split('"').nth(3).unwrap().to_owned();
    let in_time = http::post(&server, &format!("{POLL}&sid={sid}"), r#"40{"token":"ana"}"#).await;
    assert_eq!(in_time.text, "ok");
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {POLL}&sid={sid} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n40"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_an_address_connects_so_often_and_is_told_when_to_come_back() {
    let connects_per_address = Rate { per_second: 1, burst: 2 };
    let server =
        Server::start_with(Doors { connects_per_address, ..Doors::default() }, |builder| builder).await;
    for _ in 0..2 {
        assert!(ask(from("127.0.0.2", &server).await, "").await.starts_with("HTTP/1.1 200 "));
    }
    assert_refused(&ask(from("127.0.0.2", &server).await, "").await, "connections of this address");
    assert!(ask(from("127.0.0.3", &server).await, "").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn v9_an_address_has_so_many_connections_open_websockets_included() {
    let server =
        Server::start_with(Doors { connections_per_address: 1, ..Doors::default() }, |builder| builder).await;
    let mut first = server.raw().await;
    assert_refused(&ask(from("127.0.0.1", &server).await, "").await, "connections of this address");
    assert!(ask(from("127.0.0.2", &server).await, "").await.starts_with("HTTP/1.1 200 "));
    first.0.close(None).await.unwrap();
    while !ask(from("127.0.0.1", &server).await, "").await.starts_with("HTTP/1.1 200 ") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn v9_an_address_asks_so_often_behind_proxies_too() {
    let requests_per_address = Rate { per_second: 1, burst: 2 };
    let doors = Doors { requests_per_address, ..Doors::default() };
    let server = Server::start_with(doors.clone(), |builder| builder).await;
    let forged = "X-Forwarded-For: 9.9.9.9\r\n";
    for headers in ["", forged] {
        assert!(ask(from("127.0.0.2", &server).await, headers).await.starts_with("HTTP/1.1 200 "));
    }
    assert_refused(&ask(from("127.0.0.2", &server).await, forged).await, "requests of this address");
    let proxied = Server::start_with(Doors { proxies: 1, ..doors }, |builder| builder).await;
    for client in ["1.1.1.1", "2.2.2.2"] {
        let headers = format!("X-Forwarded-For: 6.6.6.6, {client}\r\n");
        for _ in 0..2 {
            assert!(ask(from("127.0.0.2", &proxied).await, &headers).await.starts_with("HTTP/1.1 200 "));
        }
        assert_refused(&ask(from("127.0.0.2", &proxied).await, &headers).await, "requests of this address");
    }
}

#[tokio::test]
async fn v9_an_address_that_floods_is_read_slowly_and_loses_nothing() {
    let messages_per_address = Rate { per_second: 1_000, burst: 10 };
    let doors = Doors { messages_per_address, ..Doors::default() };
    let server = Server::start_with(doors, |builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let began = std::time::Instant::now();
    let mut flood = server.connected(r#"{"token":"eve","tidewire":1}"#).await;
    for id in 0..200 {
        flood.send(&format!(r#"42{id}["x"]"#)).await;
    }
    for id in 0..200 {
        assert!(flood.text().await.starts_with(&format!("43{id}[")), "in order, none lost");
    }
    let least = Duration::from_millis(150);
    assert!(began.elapsed() > least, "200 messages at 1,000 a second after a burst of 10");
    assert_undisturbed(&server, &mut witness).await;
}

#[tokio::test]
async fn v9_beyond_all_connections_new_ones_are_dropped_until_one_ends() {
    let server = Server::start_with(Doors { connections: 1, ..Doors::default() }, |builder| builder).await;
    let mut witness = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut dropped = TcpStream::connect(server.address).await.unwrap();
    let mut nothing = Vec::new();
    dropped.read_to_end(&mut nothing).await.ok();
    assert!(nothing.is_empty());
    assert_undisturbed(&server, &mut witness).await;
}
