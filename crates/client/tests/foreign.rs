//! Our native client against the official socket.io server from npm, in its own process (C1, C5, C6, C7, P3).
//! The test `tidewire` of issue 2 that is named *Strangers*, in the direction in which we are the client.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::{Value, json};
use support::{Process, root, soon};
use tidewire::{
    Args, Client, ConnectError, ConnectionState, EmitClass, EmitError, EmitOptions, Event, Events,
    ForeignJoin, JoinError, NamespaceError, RoomState,
};
use tokio::process::Command;

async fn start_peer(port: u16) -> (Process, u16) {
    start(port, &[]).await
}

async fn start(port: u16, options: &[&str]) -> (Process, u16) {
    let root = root();
    assert!(
        root.join("node_modules/socket.io/package.json").exists(),
        "the official socket.io server is not installed: run `npm ci` in the root of the repository"
    );
    let script = root.join("e2e/peers/official-server.mjs");
    let mut peer = Process::start(Command::new("node").arg(script).arg(port.to_string()).args(options));
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
    question.reply(vec![json!("fine"), Value::Null]);
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
async fn c1_binary_goes_both_ways_in_events_and_acknowledgements() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    client.emit("binary please", json!(null)).await.unwrap();
    let event = next_named(&mut events, "binary").await;
    assert_eq!(event.attachment(event.payload()).map(|bytes| bytes.to_vec()), Some(vec![1, 2, 3]));

    let mut args = Args::none();
    let bytes = args.attach(vec![9, 8, 7]);
    args.push(json!({"name": "f", "bytes": bytes}));
    let answer = client.emit_as_with_ack("mirror", args, EmitOptions::default());
    let answer = soon("ack", answer).await.unwrap();
    assert_eq!(answer.args[0]["name"], "f");
    assert_eq!(answer.attachment(&answer.args[0]["back"]).map(|bytes| bytes.to_vec()), Some(vec![7, 8, 9]));

    client.emit("files please", json!(null)).await.unwrap();
    let event = next_named(&mut events, "files").await;
    let bytes = |value: &Value| event.attachment(value).map(|bytes| bytes.to_vec());
    assert_eq!((bytes(&event.args()[0]["a"]), bytes(&event.args()[1])), (Some(vec![1]), Some(vec![2, 3])));
    let mut answer = Args::none();
    let attached = answer.attach(vec![0; 5]);
    answer.push(attached);
    event.reply(answer);
    assert_eq!(next_named(&mut events, "file heard").await.payload(), 5);
}

#[tokio::test]
async fn c1_c9_namespaces_share_the_link_and_come_back_with_it() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    let admin = client.open_namespace("/admin").await.unwrap();
    soon("session", admin.connected()).await.unwrap();
    let there = || EmitOptions { namespace: Some("/admin".into()), ..EmitOptions::default() };
    let product = client.emit_as_with_ack("sum", vec![json!(3), json!(4)], there());
    assert_eq!(soon("ack", product).await.unwrap().args, [json!(12)], "it is another handler there");
    let sum = client.emit_with_ack("sum", vec![json!(3), json!(4)]);
    assert_eq!(soon("ack", sum).await.unwrap()[0], 7);

    client.emit_as("tell me", json!("news"), there()).await.unwrap();
    let told = next_named(&mut events, "told").await;
    assert_eq!((told.namespace(), told.payload()), (Some("/admin"), &json!("news")));
    told.reply(json!("yes"));
    assert_eq!(next_named(&mut events, "admin heard").await.payload(), "yes");

    let forbidden = client.open_namespace("/forbidden").await.unwrap();
    let denied = NamespaceError::Denied { code: "FORBIDDEN".into(), message: "not for you".into() };
    assert_eq!(soon("refusal", forbidden.connected()).await, Err(denied));

    let ConnectionState::Connected { sid: first, .. } = client.status().connection else { panic!() };
    client.emit("drop my link", json!(null)).await.unwrap();
    let again =
        |state: &ConnectionState| matches!(state, ConnectionState::Connected { sid, .. } if *sid != first);
    soon("coming back", client.when(|status| again(&status.connection))).await.unwrap();
    let product = client.emit_as_with_ack("sum", vec![json!(5), json!(6)], there());
    assert_eq!(soon("ack", product).await.unwrap().args, [json!(30)]);
    drop(admin);
    let unknown = client.emit_as("sum", Args::none(), there()).await;
    assert_eq!(unknown, Err(EmitError::Refused(tidewire::Refusal::UnknownNamespace)));
}

#[tokio::test]
async fn c12_a_session_is_restored_by_the_official_server_with_what_was_missed() {
    let (_peer, port) = start(0, &["recovery"]).await;
    let (ana, ben) = (client(port, "good"), client(port, "good"));
    let mut events = ana.events();
    soon("connect", ana.connect()).await.unwrap();
    soon("connect", ben.connect()).await.unwrap();
    let room = ana.join("activities").await.unwrap();
    soon("join", room.joined()).await.unwrap();
    let say = |text: &str| ben.emit("say", json!({"roomId": "activities", "text": text}));
    say("first").await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.payload()["text"], "first");

    let ConnectionState::Connected { sid, .. } = ana.status().connection else { panic!() };
    let dropped = ana.when(|status| !matches!(status.connection, ConnectionState::Connected { .. }));
    ana.emit("drop my link", json!(null)).await.unwrap();
    soon("the drop", dropped).await.unwrap();
    say("missed").await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.payload()["text"], "missed");
    soon("coming back", ana.when(|status| matches!(status.connection, ConnectionState::Connected { .. })))
        .await
        .unwrap();
    let ConnectionState::Connected { sid: restored, .. } = ana.status().connection else { panic!() };
    assert_eq!(restored, sid, "the same session");
}

#[tokio::test]
async fn c6_a_reliable_emit_on_a_foreign_server_ends_as_unknown_when_the_link_dies() {
    let (_peer, port) = start_peer(0).await;
    let client = client(port, "good");
    soon("connect", client.connect()).await.unwrap();
    let reliable =
        |idempotent| EmitOptions { class: EmitClass::Reliable { idempotent }, ..EmitOptions::default() };
    let lost = client.emit_as_with_ack("never", json!(1), reliable(false));
    let again = client.emit_as_with_ack("sum", vec![json!(1), json!(2)], reliable(true));
    assert_eq!(soon("ack", again).await.unwrap().args[0], 3);
    client.emit("drop my link", json!(null)).await.unwrap();
    assert_eq!(soon("settling", lost).await, Err(EmitError::Unknown));
}

#[tokio::test]
async fn c7_rooms_are_joined_by_the_apps_own_event() {
    let (_peer, port) = start_peer(0).await;
    let join = ForeignJoin { event: "room of one".into(), leave: None, key: None, answers: false };
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::builder(url).foreign().foreign_join(join).user("ana").token("good").build().unwrap();
    let mut events = client.events();
    soon("connect", client.connect()).await.unwrap();
    let room = client.join("mine").await.unwrap();
    soon("join", room.joined()).await.unwrap();
    client.emit("say", json!({"roomId": "mine", "text": "hello"})).await.unwrap();
    assert_eq!(next_named(&mut events, "said").await.payload()["text"], "hello");
}
