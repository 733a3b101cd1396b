//! An app without a tokio runtime: the client brings a thread of its own, and everything may be awaited on any executor.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use futures_executor::{block_on, block_on_stream};
use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{Client, HttpRequest, Unsent, Write};

/// A server for one request at a time, on threads of the test; tells each one's first line.
fn server() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, asked) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut head) = (stream.unwrap(), Vec::new());
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let answer = r#"{"id":1}"#;
            let length = answer.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntidewire-outcome: applied\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{answer}"
            );
            let _ = stream.write_all(answer.as_bytes());
            if told.send(head.lines().next().unwrap_or_default().to_owned()).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

#[test]
fn a2_y7_everything_works_on_a_plain_thread() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let (url, asked) = server();
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let client = Client::builder(url.as_str()).user("ana").store(store).build().unwrap();

    let write = block_on(client.submit(Write::new("POST", "/like"))).unwrap();
    block_on(write.durable()).unwrap();
    assert_eq!(block_on(write.acknowledged()).unwrap().json(), Some(json!({"id": 1})));
    assert_eq!(asked.recv().unwrap(), "POST /like HTTP/1.1");

    let request = HttpRequest { method: "GET".into(), path: "/beside".into(), ..HttpRequest::default() };
    assert_eq!(block_on(client.fetch(request)).unwrap().status, 200);

    let query = block_on(client.query::<Value>("one", "/one")).unwrap();
    assert_eq!(*block_on(query.ready()).unwrap(), json!({"id": 1}));
    let mut changes = block_on_stream(query.changes());
    assert!(changes.any(|state| state.data.is_some()));
    drop(changes);

    let mut statuses = block_on_stream(client.status_changes());
    assert!(statuses.any(|status| status.outbox.ready));

    assert_eq!(block_on(client.logout(Unsent::Keep)).unwrap(), 0);
    FileStore::open(dir.path()).expect("the client let go of its store");
}
