//! Events of writes, rooms and typing over real sockets (V3, V6, C1, semantics.md E).
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::Server;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

async fn listen(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = server.app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Socket {
    /// Connects as `name`, with our dialect.
    async fn connect(server: &Server, address: &str, name: &str) -> Self {
        let (stream, _) =
            connect_async(format!("ws://{address}/socket.io/?EIO=4&transport=websocket")).await.unwrap();
        let mut socket = Self { stream };
        assert!(socket.text().await.starts_with('0'));
        let auth = json!({ "token": server.token(name).await, "tidewire": 1 });
        socket.send(&format!("40{auth}")).await;
        let welcome = socket.text().await;
        assert!(welcome.starts_with("40{") && welcome.contains("\"tidewire\":1"), "{welcome}");
        socket
    }

    async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    async fn text(&mut self) -> String {
        self.stream.next().await.unwrap().unwrap().into_text().unwrap().to_string()
    }

    /// Asks for a room and returns the answer; no event may come before it.
    async fn join(&mut self, ask: Value) -> Value {
        self.send(&format!("427{}", json!(["room:join", ask]))).await;
        loop {
            let text = self.text().await;
            if let Some(answer) = text.strip_prefix("437") {
                return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
            assert!(text.contains("\"user:"), "presence only: {text}");
        }
    }

    /// The next event that is not presence.
    async fn event(&mut self) -> Value {
        loop {
            let text = self.text().await;
            let event: Value =
                serde_json::from_str(text.strip_prefix("42").unwrap_or_else(|| panic!("{text}"))).unwrap();
            if !event[0].as_str().unwrap().starts_with("user:") {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn e_v3_v6_a_write_reaches_the_room_with_its_position_and_the_writes_id() {
    let server = Server::start().await;
    let address = listen(&server).await;
    let mut ben = Socket::connect(&server, &address, "ben").await;
    let joined = ben.join(json!({ "roomId": "activities" })).await;
    assert_eq!((&joined["success"], &joined["offset"]), (&json!(true), &json!(0)));
    let base = server.get("ben", "/api/activities").await;
    let epoch = joined["epoch"].as_str().unwrap();
    assert_eq!(
        base.header("tidewire-base"),
        format!("activities={epoch}:0"),
        "socket and HTTP tell the same positions"
    );

    server
        .send("POST", "/api/activities/lake-swim/like", Some("ana"), &[("idempotency-key", "k1")], "")
        .await;
    let event = ben.event().await;
    assert_eq!((&event[0], &event[2]), (&json!("tw"), &json!("activity:like_added")));
    assert_eq!(
        (&event[1][0], &event[1][1], &event[1][2], &event[1][4]),
        (&json!("activities"), &json!(epoch), &json!(1), &json!("k1"))
    );
    assert_eq!(event[3], json!({ "activityId": "lake-swim", "userId": "ana", "likeCount": 1 }));
}

#[tokio::test]
async fn e_v3_only_participants_get_into_the_chats_room_and_they_catch_up() {
    let server = Server::start().await;
    let address = listen(&server).await;
    let mut zoe = Socket::connect(&server, &address, "zoe").await;
    for room in ["activity_lake-swim", "activity_", "activity_nothing-here", "other"] {
        assert_eq!(zoe.join(json!({ "roomId": room })).await, json!({ "error": "Unauthorized" }), "{room}");
    }
    let mut ben = Socket::connect(&server, &address, "ben").await;
    let joined = ben.join(json!({ "roomId": "activity_lake-swim" })).await;
    let sent = server.post("ana", "/api/activities/lake-swim/messages", r#"{"text":"first"}"#).await;
    assert_eq!(ben.event().await[3], sent.json());
    drop(ben);
    let missed = server.post("ana", "/api/activities/lake-swim/messages", r#"{"text":"second"}"#).await;
    let mut ben = Socket::connect(&server, &address, "ben").await;
    let since = json!({ "epoch": joined["epoch"], "offset": 1 });
    let again = ben.join(json!({ "roomId": "activity_lake-swim", "since": since })).await;
    assert_eq!((&again["recovered"], &again["offset"]), (&json!(true), &json!(2)));
    assert_eq!(ben.event().await[3], missed.json());
    // Having joined the activity, zoe gets in.
    server.post("zoe", "/api/activities/lake-swim/participants", "").await;
    assert_eq!(zoe.join(json!({ "roomId": "activity_lake-swim" })).await["success"], json!(true));
}

#[tokio::test]
async fn e_v3_who_leaves_hears_nothing_more_of_the_chat() {
    let server = Server::start().await;
    let address = listen(&server).await;
    let mut ana = Socket::connect(&server, &address, "ana").await;
    let mut ben = Socket::connect(&server, &address, "ben").await;
    let room = json!({ "roomId": "activity_lake-swim" });
    ana.join(room.clone()).await;
    ben.join(room.clone()).await;
    ben.join(json!({ "roomId": "activities" })).await;
    server.send("DELETE", "/api/activities/lake-swim/participants", Some("ben"), &[], "").await;
    assert_eq!(ben.event().await[2], json!("activity:user_left"));
    let said = server.post("ana", "/api/activities/lake-swim/messages", r#"{"text":"is ben gone?"}"#).await;
    assert_eq!(ana.event().await[3], said.json());
    // The next thing that ben hears is not the message.
    server.post("ana", "/api/activities/lake-swim/like", "").await;
    assert_eq!(ben.event().await[2], json!("activity:like_added"));
    assert_eq!(ben.join(room).await, json!({ "error": "Unauthorized" }));
}

#[tokio::test]
async fn e_typing_is_relayed_to_the_other_participants_and_leaves_no_history() {
    let server = Server::start().await;
    let address = listen(&server).await;
    let mut ana = Socket::connect(&server, &address, "ana").await;
    let mut ben = Socket::connect(&server, &address, "ben").await;
    let room = json!({ "roomId": "activity_lake-swim" });
    ana.join(room.clone()).await;
    ben.join(room).await;
    for (name, payload) in [
        ("typing:start", json!({ "activityId": "lake-swim" })),
        ("typing:stop", json!({ "chatId": "lake-swim" })),
    ] {
        ana.send(&format!("42{}", json!([name, payload]))).await;
        assert_eq!(ben.event().await, json!([name, { "activityId": "lake-swim", "userId": "ana" }]));
    }
    // Somebody outside the room is not heard: the next thing that ben hears is ana again.
    let mut zoe = Socket::connect(&server, &address, "zoe").await;
    zoe.send(&format!("423{}", json!(["typing:start", { "activityId": "lake-swim" }]))).await;
    assert_eq!(zoe.text().await, "433[]");
    ana.send(&format!("42{}", json!(["typing:start", { "activityId": "lake-swim" }]))).await;
    assert_eq!(ben.event().await[1]["userId"], json!("ana"));
    // Something that is not a typing event is refused, not relayed.
    ana.send("424[\"typing:start\",7]").await;
    assert_eq!(ana.text().await, "434[{\"error\":\"BadRequest\"}]");
    assert!(server.events("activity_lake-swim").await.is_empty());
}
