//! What the published suite of Socket.IO 5 asks of a server, in our own words (V1): sessions in namespaces, events with and
//! without attachments, acknowledgements both ways, malformed packets. Then MessagePack and Socket.IO's own recovery.
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use socket_support::{Raw, Server};
use tidewire_server::socket::{AckError, Builder, Context, Packet};
use tokio::sync::mpsc::unbounded_channel;
use tokio_tungstenite::tungstenite::Message;

const TWO: &str = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;

fn app(builder: Builder) -> Builder {
    builder
        .on_connect(|context| greet(&context))
        .on_packet("message", |context, packet| async move {
            context.emit("message-back", packet).unwrap();
            None
        })
        .on_packet("message-with-ack", |_, packet| async move { Some(packet) })
        .namespace("/custom", |custom| {
            custom.on_connect(|context| greet(&context)).on("where", |context, _| async move {
                Some(json!([context.namespace(), context.user().id.to_string()]))
            })
        })
}

fn greet(context: &Context) -> std::future::Ready<()> {
    context.emit("welcome", Packet::from(json!(context.namespace()))).unwrap();
    std::future::ready(())
}

async fn binary(raw: &mut Raw, bytes: &[u8]) {
    raw.0.send(Message::binary(bytes.to_vec())).await.unwrap();
}

/// In the main namespace, and greeted.
async fn greeted(server: &Server) -> Raw {
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    assert_eq!(raw.text().await, r#"42["welcome","/"]"#);
    raw
}

#[tokio::test]
async fn v1_sessions_in_namespaces_share_a_connection_and_end_one_by_one() {
    let server = Server::start(app).await;
    let mut raw = greeted(&server).await;
    raw.send(r#"40/custom,{"token":"ben"}"#).await;
    let reply = raw.text().await;
    assert!(reply.starts_with(r#"40/custom,{"sid":""#), "{reply}");
    assert_eq!(raw.text().await, r#"42/custom,["welcome","/custom"]"#);
    raw.send(r#"42/custom,7["where"]"#).await;
    assert_eq!(raw.text().await, r#"43/custom,7[["/custom","ben"]]"#);
    raw.send("41/custom").await;
    raw.send(r#"42/custom,8["where"]"#).await;
    raw.send(r#"42["message","to the main namespace"]"#).await;
    assert_eq!(raw.text().await, r#"42["message-back","to the main namespace"]"#);
    raw.send(r#"40/custom,{"token":"ben"}"#).await;
    assert!(raw.text().await.starts_with("40/custom,"), "and may begin again");
}

#[tokio::test]
async fn v1_a_session_in_another_namespace_needs_none_in_the_main_one() {
    let server = Server::start(app).await;
    let mut raw = server.raw().await;
    raw.send(r#"40/custom,{"token":"ana"}"#).await;
    raw.send(r#"42/custom,1["where"]"#).await;
    assert!(raw.text().await.starts_with("40/custom,"));
    assert_eq!(raw.text().await, r#"42/custom,["welcome","/custom"]"#);
    assert_eq!(raw.text().await, r#"43/custom,1[["/custom","ana"]]"#, "sent before it was granted");
}

#[tokio::test]
async fn v1_an_unknown_namespace_and_a_refused_one_get_an_error_of_their_own() {
    let server = Server::start(app).await;
    let mut raw = greeted(&server).await;
    raw.send("40/random").await;
    assert_eq!(raw.text().await, r#"44/random,{"message":"Invalid namespace"}"#);
    raw.send(r#"40/custom,{"token":"bad"}"#).await;
    let refusal = raw.text().await;
    assert!(
        refusal.starts_with(r#"44/custom,{"message":"#) && refusal.contains(r#""code":"AUTH""#),
        "{refusal}"
    );
    raw.send(r#"42["message",1]"#).await;
    assert_eq!(raw.text().await, r#"42["message-back",1]"#, "the main namespace goes on");
}

#[tokio::test]
async fn v1_leaving_the_main_namespace_keeps_the_connection() {
    let server = Server::start(app).await;
    let mut raw = greeted(&server).await;
    raw.send("41").await;
    raw.send(r#"40{"token":"ana"}"#).await;
    assert!(raw.text().await.starts_with("40{"));
}

#[tokio::test]
async fn v1_events_come_back_as_they_were_with_and_without_attachments() {
    let server = Server::start(app).await;
    let mut raw = greeted(&server).await;
    raw.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
    assert_eq!(raw.text().await, r#"42["message-back",1,"2",{"3":[true]}]"#);
    raw.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#).await;
    assert_eq!(raw.text().await, r#"43456[1,"2",{"3":[false]}]"#);
    for (event, answer) in [
        (format!(r#"452-["message",{TWO}]"#), format!(r#"452-["message-back",{TWO}]"#)),
        (format!(r#"452-789["message-with-ack",{TWO}]"#), format!("462-789[{TWO}]")),
    ] {
        raw.send(&event).await;
        binary(&mut raw, &[1, 2, 3]).await;
        binary(&mut raw, &[4, 5, 6]).await;
        assert_eq!(raw.text().await, answer);
        assert_eq!(raw.next().await, Message::binary(vec![1, 2, 3]));
        assert_eq!(raw.next().await, Message::binary(vec![4, 5, 6]));
    }
}

#[tokio::test]
async fn v1_a_malformed_packet_ends_the_connection() {
    let server = Server::start(app).await;
    for packet in ["4abc", "42{}", r#"42abc["message-with-ack",1]"#, "452[]", "43[1]", "42/custom"] {
        let mut raw = greeted(&server).await;
        raw.send(packet).await;
        assert_eq!(raw.closed().await.0, 1002, "{packet}");
    }
}

#[tokio::test]
async fn v1_the_server_asks_a_client_and_every_question_ends() {
    let (told, mut answers) = unbounded_channel();
    let server = Server::start(|builder| {
        builder.on_packet("ask me", move |context, packet| {
            let told = told.clone();
            async move {
                let within = packet.values().unwrap()[0].as_u64().unwrap();
                tokio::spawn(async move {
                    let question = Packet::new().binary([9]).arg(&"why").unwrap();
                    let answer = context.ask("question", question, Duration::from_millis(within)).await;
                    told.send(answer.map(|answer| {
                        let values = answer.values().unwrap();
                        let bytes = values.last().and_then(|place| answer.attachment(place));
                        (values[0].clone(), bytes.map(Vec::from))
                    }))
                    .unwrap();
                });
                None
            }
        })
    })
    .await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    let asked = |id: u64| format!(r#"451-{id}["question",{{"_placeholder":true,"num":0}},"why"]"#);
    raw.send(r#"42["ask me",60000]"#).await;
    assert_eq!(raw.text().await, asked(0));
    assert_eq!(raw.next().await, Message::binary(vec![9]));
    raw.send("4399[1]").await;
    raw.send(r#"461-0["because",{"_placeholder":true,"num":0}]"#).await;
    binary(&mut raw, &[7]).await;
    assert_eq!(answers.recv().await.unwrap(), Ok((json!("because"), Some(vec![7]))));
    raw.send(r#"42["ask me",1]"#).await;
    assert_eq!(answers.recv().await.unwrap(), Err(AckError::TimedOut));
    raw.send(r#"42["ask me",60000]"#).await;
    raw.send(r#"42["ask me",60000]"#).await;
    while !matches!(raw.next().await, Message::Text(text) if text == asked(3)) {}
    drop(raw);
    assert_eq!(answers.recv().await.unwrap(), Err(AckError::Gone));
    assert_eq!(answers.recv().await.unwrap(), Err(AckError::Gone));
}

#[tokio::test]
async fn v1_the_app_ends_a_session_and_what_was_on_its_way_disturbs_nobody() {
    let server = Server::start(|builder| {
        app(builder).on_packet("throw me out", |context, _| async move {
            context.disconnect();
            None
        })
    })
    .await;
    let mut raw = greeted(&server).await;
    raw.send(r#"40/custom,{"token":"ana"}"#).await;
    raw.text().await;
    raw.text().await;
    raw.send(r#"42["throw me out"]"#).await;
    raw.send(r#"42["message","late"]"#).await;
    assert_eq!(raw.text().await, "41");
    raw.send(r#"42["message","too late"]"#).await;
    raw.send(r#"42/custom,1["where"]"#).await;
    assert_eq!(raw.text().await, r#"43/custom,1[["/custom","ana"]]"#);
}

/// `{type, nsp, data, id?}` as MessagePack, for short texts only.
fn pack(kind: u8, id: Option<u8>, data: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&[0xa0 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let mut out = vec![if id.is_some() { 0x84 } else { 0x83 }];
    out.extend([text("type"), vec![kind], text("nsp"), text("/"), text("data"), data.to_vec()].concat());
    if let Some(id) = id {
        out.extend([text("id"), vec![id]].concat());
    }
    out
}

#[tokio::test]
async fn v1_messagepack_shows_by_the_first_packet_and_carries_bytes_in_place() {
    let server = Server::start(|builder| app(builder).msgpack()).await;
    let mut raw = server.raw().await;
    // {"token":"ana"}
    binary(&mut raw, &pack(0, None, b"\x81\xa5token\xa3ana")).await;
    let Message::Binary(granted) = raw.next().await else { panic!("not packed") };
    assert!(granted.starts_with(b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3sid\xb4"), "{granted:?}");
    raw.next().await;
    // ["message-with-ack", bytes 1 2, -3, 1.5, [null]]
    let args = b"\xc4\x02\x01\x02\xfd\xcb\x3f\xf8\0\0\0\0\0\0\x91\xc0".as_slice();
    let event = [b"\x95\xb0message-with-ack".as_slice(), args].concat();
    binary(&mut raw, &pack(2, Some(5), &event)).await;
    let Message::Binary(answer) = raw.next().await else { panic!("not packed") };
    // -3 comes back as 64 bits.
    let args = b"\x94\xc4\x02\x01\x02\xd3\xff\xff\xff\xff\xff\xff\xff\xfd\xcb\x3f\xf8\0\0\0\0\0\0\x91\xc0"
        .as_slice();
    assert_eq!(answer, [b"\x84\xa4type\x03\xa3nsp\xa1/\xa2id\x05\xa4data".as_slice(), args].concat());
    // Others on the same server speak JSON.
    let mut plain = greeted(&server).await;
    plain.send(r#"421["message-with-ack",1]"#).await;
    assert_eq!(plain.text().await, "431[1]");
    // And what is neither ends its own connection.
    binary(&mut raw, &pack(2, None, b"\xdd\xff\xff\xff\xff")).await;
    assert_eq!(raw.closed().await.0, 1002);
}

async fn connect_saying(server: &Server, auth: &str) -> (Raw, Value) {
    let mut raw = server.raw().await;
    raw.send(&format!("40{auth}")).await;
    let reply = raw.text().await;
    let said = serde_json::from_str(reply.strip_prefix("40").unwrap()).unwrap();
    (raw, said)
}

#[tokio::test]
async fn v1_c12_a_session_comes_back_with_its_rooms_and_what_it_missed() {
    let server = Server::start(|builder| {
        builder.recovery().on("typing", |context, room: Value| async move {
            context.broadcast(room.as_str()?, "typing", &context.user().id.to_string()).ok()?;
            Some(json!("told"))
        })
    })
    .await;
    let (mut first, said) = connect_saying(&server, r#"{"token":"ana"}"#).await;
    let pid = said["pid"].as_str().unwrap().to_owned();
    first.ack(r#"421["room:join",{"roomId":"r"}]"#).await;
    server.rooms.publish("r", "n", "\"text\"");
    assert_eq!(first.text().await, r#"42["n","text","ev1"]"#);
    let mut ben = server.joined(r#"{"token":"ben","tidewire":1}"#, "r").await;
    drop(first);
    server.rooms.publish("r", "n", "2");
    ben.text().await;
    ben.ack(r#"422["typing","r"]"#).await;
    let back = format!(r#"{{"token":"ana","pid":"{pid}","offset":"ev1"}}"#);
    let (mut second, again) = connect_saying(&server, &back).await;
    assert_eq!((&again["sid"], &again["pid"]), (&said["sid"], &said["pid"]));
    assert_eq!(second.text().await, r#"42["n",2,"ev2"]"#);
    let typing = second.text().await;
    assert!(typing.starts_with(r#"42["typing","ben","x"#), "{typing}");
    server.rooms.publish("r", "n", "3");
    assert_eq!(second.text().await, r#"42["n",3,"ev3"]"#, "a member without asking again");
    // Also where the server has not noticed that the old transport is dead.
    let back = format!(r#"{{"token":"ana","pid":"{pid}","offset":"ev3"}}"#);
    let (_third, again) = connect_saying(&server, &back).await;
    assert_eq!(again["sid"], said["sid"]);
    assert_eq!(second.closed().await, (1000, "replaced".to_owned()));
}

#[tokio::test]
async fn v1_c12_v2_a_session_does_not_come_back_as_somebody_else_or_from_an_unknown_place() {
    let server = Server::start(Builder::recovery).await;
    let (first, said) = connect_saying(&server, r#"{"token":"ana"}"#).await;
    let pid = said["pid"].as_str().unwrap();
    drop(first);
    for auth in [
        format!(r#"{{"token":"eve","pid":"{pid}"}}"#),
        format!(r#"{{"token":"ana","pid":"{pid}","offset":"nowhere"}}"#),
        r#"{"token":"ana","pid":"guessed"}"#.to_owned(),
    ] {
        let (_raw, other) = connect_saying(&server, &auth).await;
        assert_ne!((&other["sid"], &other["pid"]), (&said["sid"], &said["pid"]), "{auth}");
        assert!(other["pid"].is_string());
    }
    let (_raw, again) = connect_saying(&server, &format!(r#"{{"token":"ana","pid":"{pid}"}}"#)).await;
    assert_eq!(again["sid"], said["sid"], "nothing was sent, so nothing is missed");
}

#[tokio::test]
async fn v1_the_recovery_of_socket_io_is_off_unless_asked_for() {
    let server = Server::start(|builder| builder).await;
    let (_raw, said) = connect_saying(&server, r#"{"token":"ana"}"#).await;
    assert_eq!(said.as_object().unwrap().len(), 1, "{said}");
}
