//! Our native client against the official socket.io server from npm, in its own process (C1, C5, C6, C7, P3).
//! The test `tidewire` of issue 2 that is named *Strangers*, in the direction in which we are the client.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::{Value, json};
use support::{Process, root, soon};
use tidewire::{Client, ConnectError, ConnectionState, EmitError, Event, Events, JoinError, RoomState};
use tokio::process::Command;

async fn start_peer(port: u16) -> (Process, u16) {
    let root = root();
    assert!(
        root.join("node_modules/socket.io/package.json").exists(),
        "the official socket.io server is not installed: run `npm ci` in the root of the repository"
    );
    let script = root.join("e2e/peers/official-server.mjs");
    let mut peer = Process::start(Command::new("node").arg(script).arg(port.to_string()));
    let port = peer.line_after("listening on ").await.parse().unwrap();
    (peer, port)
}

fn client(port: u16, token: &str) -> Client {
    let url = format!("http://127.0.0.1:{port}");
    Client::builder(url).foreign().user("ana").token(token).build().unwrap()
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
async fn c1_p3_events_and_acknowledgements_go_both_ways() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    assert!(matches!(client.status().connection, ConnectionState::Connected { tidewire: false, .. }));

    let room = client.join("activities").await.unwrap();
    soon("join", room.joined()).await.unwrap();

    let message = json!({"roomId": "activities", "text": "gr\u{fc}\u{df}e \u{1f30a}"});
    client.emit("say", message.clone()).await.unwrap();
    let said = next_named(&mut events, "said").await;
    assert_eq!(said.args(), [message, json!("second argument")]);
    assert!(said.position().is_none());

    let sum = soon("ack", client.emit_with_ack("sum", vec![json!(1), json!(2)])).await;
    assert_eq!(sum, Ok(vec![json!(3), json!({"of": [1, 2]})]));

    client.emit("ask me", json!("how are you?")).await.unwrap();
    let question = next_named(&mut events, "question").await;
    assert_eq!(question.payload(), "how are you?");
    assert!(question.wants_reply());
    question.reply(&[json!("fine"), Value::Null]);
    let said = next_named(&mut events, "you said").await;
    assert_eq!(said.args(), [json!("fine"), Value::Null]);
    client.shutdown().await;
}

#[tokio::test]
async fn c7_a_forbidden_room_is_denied_with_the_servers_reason() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    soon("connect", client.connect()).await.unwrap();
    let room = client.join("secret").await.unwrap();
    let denied = JoinError::Denied { reason: "Unauthorized".into() };
    assert_eq!(soon("denial", room.joined()).await, Err(denied));
}

#[tokio::test]
async fn c5_a_bad_token_is_final_after_one_fresh_try() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "bad");
    let refused = ConnectError::Refused { code: "AUTH".into(), message: "who are you?".into() };
    assert_eq!(soon("refusal", client.connect()).await, Err(refused));
}

#[tokio::test]
async fn c2_c7_after_the_peer_was_killed_and_started_again_the_room_is_joined_again() {
    let (peer, port) = start_peer(0).await;
    let client = client(port, "good");
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    let room = client.join("activities").await.unwrap();
    soon("join", room.joined()).await.unwrap();

    // An acknowledgement that will not come settles when the link dies (C6).
    let never = client.emit_with_ack("never", json!(1));
    peer.kill().await;
    assert_eq!(soon("settling", never).await, Err(EmitError::MaybeLost));
    soon("loss", client.when(|status| !matches!(status.connection, ConnectionState::Connected { .. })))
        .await
        .unwrap();
    assert_eq!(room.state(), RoomState::Waiting {});

    // What is said in the tunnel is said when it ends.
    let said_offline = client.emit_with_ack("sum", vec![json!(20), json!(22)]);
    let (_peer, _) = start_peer(port).await;
    assert_eq!(soon("ack", said_offline).await.map(|args| args[0].clone()), Ok(json!(42)));
    soon("join", room.joined()).await.unwrap();
    client.emit("say", json!({"roomId": "activities", "text": "back"})).await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.payload()["text"], "back");
}

#[tokio::test]
async fn c2_a_server_that_throws_us_out_is_come_back_to() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    soon("connect", client.connect()).await.unwrap();
    let ConnectionState::Connected { sid: first, .. } = client.status().connection else { panic!() };
    client.emit("throw me out", json!(null)).await.unwrap();
    let again =
        |state: &ConnectionState| matches!(state, ConnectionState::Connected { sid, .. } if *sid != first);
    soon("coming back", client.when(|status| again(&status.connection))).await.unwrap();
}

#[tokio::test]
async fn c11_a_binary_event_that_was_not_negotiated_closes_the_link_with_a_named_reason() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    soon("connect", client.connect()).await.unwrap();
    client.emit("binary please", json!(null)).await.unwrap();
    let malformed = |state: &ConnectionState| {
        matches!(state, ConnectionState::Waiting { reason: tidewire::DownReason::Malformed, .. })
    };
    soon("closing", client.when(|status| malformed(&status.connection))).await.unwrap();
}
