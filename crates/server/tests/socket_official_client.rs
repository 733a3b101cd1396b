//! The official JavaScript client against this server (V1, V3; needs Node 20 and `npm ci` in the repository's root).
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use socket_support::{Rooms, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v1_v3_v8_the_official_client_connects_joins_gets_events_and_is_refused_where_it_should_be() {
    let rooms: std::sync::Arc<OnceLock<std::sync::Arc<Rooms>>> = std::sync::Arc::default();
    let publishing = rooms.clone();
    let server = Server::start(|builder| {
        builder
            .on("publish", move |_, asked: Value| {
                let rooms = publishing.clone();
                async move {
                    let rooms = rooms.get().unwrap();
                    let (room, name) = (asked["room"].as_str()?, asked["name"].as_str()?);
                    Some(json!(rooms.publish(room, name, &asked["payload"].to_string())))
                }
            })
            .on("echo", |_, value| async move { Some(value) })
    })
    .await;
    rooms.set(server.rooms.clone()).ok();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/peers/official-client.mjs");
    let output = tokio::process::Command::new("node")
        .arg(script)
        .arg(format!("http://{}", server.address))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(120), output).await;
    let output = output.expect("the official client waits for something that does not come").unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("passed 7"), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v9_the_official_client_gets_compression_where_it_is_on() {
    for wanted in ["on", "off"] {
        let server = Server::start(|builder| {
            let builder = builder.on("echo", |_, value| async move { Some(value) });
            if wanted == "on" { builder.deflate() } else { builder }
        })
        .await;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/peers/official-deflate.mjs");
        let output = tokio::process::Command::new("node")
            .arg(script)
            .args([format!("http://{}", server.address), wanted.to_owned()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(std::time::Duration::from_secs(120), output).await;
        let output = output.expect("the official client waits for something that does not come").unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("passed 1"), "{wanted}: {out}\n{err}");
    }
}

/// The example's process, ended with the test.
struct Conformance(std::process::Child);

impl Drop for Conformance {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts the example `conformance`, which `cargo test` has built beside this test.
fn conformance(which: &str) -> (Conformance, u16) {
    let built = std::env::current_exe().unwrap();
    let example = built.parent().unwrap().parent().unwrap().join("examples/conformance");
    let mut child = std::process::Command::new(example)
        .args([which, "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example `conformance` is not built: cargo build -p tidewire-server --examples");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let port = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
    (Conformance(child), port)
}

#[tokio::test]
async fn v1_c12_the_official_client_finds_all_that_it_has_over_every_transport_and_parser() {
    let (_server, port) = conformance("client");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/peers/official-features.mjs");
    let output = tokio::process::Command::new("node")
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(120), output).await;
    let output = output.expect("the official client waits for something that does not come").unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("passed 35"), "{out}\n{err}");
}
