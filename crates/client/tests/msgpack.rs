//! MessagePack against the official server with `socket.io-msgpack-parser` (C1, P3): every kind of packet, both ways, over WebSocket.
//! Polling is in `polling.rs`.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::{Value, json};
use support::{Process, root, soon};
use tidewire::{
    Args, Client, ConnectError, ConnectionState, DownReason, EmitOptions, Event, Events, JoinError,
};
use tokio::process::Command;

async fn peer(options: &[&str]) -> (Process, String) {
    let script = root().join("e2e/peers/official-server.mjs");
    let mut peer = Process::start(Command::new("node").arg(script).arg("0").args(options));
    let port = peer.line_after("listening on ").await;
    (peer, format!("http://127.0.0.1:{port}"))
}

fn client(url: &str, token: &str) -> Client {
    Client::builder(url).foreign().user("ana").token(token).msgpack(true).polling(false).build().unwrap()
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
async fn c1_p3_msgpack_carries_every_kind_of_packet_both_ways() {
    let (_peer, url) = peer(&["msgpack"]).await;
    let client = client(&url, "good");
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    soon("join", client.join("activities").await.unwrap().joined()).await.unwrap();
    let denied = soon("denial", client.join("secret").await.unwrap().joined()).await;
    assert_eq!(denied, Err(JoinError::Denied { reason: "Unauthorized".into() }));

    let odd = json!({"big": 9_007_199_254_740_991_u64, "low": -2_147_483_649_i64, "half": 1.5, "none": null, "yes": [true, false], "": "gr\u{fc}\u{df}e \u{1f30a}"});
    let message = json!({"roomId": "activities", "odd": odd});
    client.emit("say", message.clone()).await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.args(), [message, json!("second argument")]);

    let sum = soon("ack", client.emit_with_ack("sum", vec![json!(1), json!(2)])).await;
    assert_eq!(sum, Ok(vec![json!(3), json!({"of": [1, 2]})]));
    client.emit("ask me", json!("how?")).await.unwrap();
    next_named(&mut events, "question").await.reply(vec![json!("fine"), Value::Null]);
    assert_eq!(next_named(&mut events, "you said").await.args(), [json!("fine"), Value::Null]);

    let mut args = Args::none();
    let bytes = args.attach(vec![9, 8, 250]);
    args.push(json!({"name": "f", "bytes": bytes}));
    let answer = soon("ack", client.emit_as_with_ack("mirror", args, EmitOptions::default())).await.unwrap();
    let back = answer.attachment(&answer.args[0]["back"]).map(|bytes| bytes.to_vec());
    assert_eq!(back, Some(vec![250, 8, 9]));
    client.emit("files please", Value::Null).await.unwrap();
    let files = next_named(&mut events, "files").await;
    let parts: Vec<Vec<u8>> = files.attachments().iter().map(|part| part.to_vec()).collect();
    assert_eq!(parts, [vec![1], vec![2, 3]]);

    let admin = client.open_namespace("/admin").await.unwrap();
    soon("the namespace", admin.connected()).await.unwrap();
    let options = EmitOptions { namespace: Some("/admin".into()), ..EmitOptions::default() };
    let product = client.emit_as_with_ack("sum", vec![json!(6), json!(7)], options);
    assert_eq!(soon("ack", product).await.unwrap().args, [42]);
    client.shutdown().await;
}

#[tokio::test]
async fn c5_a_refusal_in_msgpack_has_its_code() {
    let (_peer, url) = peer(&["msgpack"]).await;
    let refused = ConnectError::Refused { code: "AUTH".into(), message: "who are you?".into() };
    assert_eq!(soon("refusal", client(&url, "bad").connect()).await, Err(refused));
}

#[tokio::test]
async fn c11_with_a_server_of_the_other_parser_there_is_no_session_and_the_reason_is_named() {
    let (_peer, url) = peer(&[]).await;
    let client = client(&url, "good");
    drop(client.connect());
    let down = |status: &tidewire::Status| {
        let ConnectionState::Waiting { reason, .. } = status.connection else { return None };
        Some(reason)
    };
    let status = soon("the end", client.when(|status| down(status).is_some())).await.unwrap();
    assert!(matches!(down(&status), Some(DownReason::Lost | DownReason::ServerClosed)), "{status:?}");
}
