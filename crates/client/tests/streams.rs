//! What an app watches as streams: the stages of a write, the states of a room and of a namespace, what is shown of a parked write, and
//! signals of the network that come as one (C3, C7, C12, Q10, Q13, Q22).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

#[path = "support/gates.rs"]
#[allow(dead_code, reason = "this file uses its part")]
mod gates;
mod support;

use futures_util::{Stream, StreamExt};
use gates::Gates;
use serde_json::{Value, json};
use support::soon;
use tidewire::{
    Client, ConnectionState, Mutation, NamespaceState, NetworkSignal, PauseReason, Query, RoomState,
    WhenParked, Write, WriteStage,
};
use tidewire_test_server::{Mode, Proxy, Server};
use tokio::sync::mpsc;

struct World {
    server: Server,
    ana: String,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> World {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let ana = server.token("ana").await;
        World { server, ana, _data: data }
    }

    fn client(&self) -> tidewire::Builder {
        Client::builder(self.server.url()).user("ana").token(self.ana.as_str())
    }
}

async fn next<T>(what: &str, stream: &mut (impl Stream<Item = T> + Unpin)) -> T {
    soon(what, stream.next()).await.expect(what)
}

/// The stages up to the one that is wanted. Those that follow each other fast may be skipped, so only the order of the others counts.
async fn up_to(
    stages: &mut (impl Stream<Item = WriteStage> + Unpin),
    wanted: impl Fn(&WriteStage) -> bool,
) -> WriteStage {
    loop {
        let stage = next("a stage", stages).await;
        if wanted(&stage) {
            return stage;
        }
    }
}

#[tokio::test]
async fn q10_q13_q22_the_stages_of_a_write_are_told_over_its_refusal_its_correction_and_to_its_end() {
    let world = World::new().await;
    let (gates, mut held) = Gates::start(world.server.port).await;
    gates.hold(&["POST /api/activities "]);
    let client = Client::builder(gates.url()).user("ana").token(world.ana.as_str()).build().unwrap();
    let create = |title: &str| Write::new("POST", "/api/activities").body(&json!({ "title": title }));

    let write = client.submit(create("")).await.unwrap();
    let mut stages = write.stages();
    let request = soon("its request", held.recv()).await.unwrap();
    // It is in the server's hands: nothing is skipped after this.
    up_to(&mut stages, |stage| *stage == WriteStage::Sending { attempt: 1 }).await;
    request.forward().await.release();
    let parked = next("the refusal", &mut stages).await;
    assert!(
        matches!(&parked, WriteStage::Parked { answer: Some(answer), .. } if answer.status == 400),
        "{parked:?}"
    );

    // Another write in its place: the stream follows that one, and ends with it.
    let corrected = client.edit(write.id(), create("Night walk")).await.unwrap();
    assert_ne!(corrected.id(), write.id());
    let request = soon("its request", held.recv()).await.unwrap();
    up_to(&mut stages, |stage| *stage == WriteStage::Sending { attempt: 1 }).await;
    request.forward().await.release();
    while let Some(stage) = soon("its end", stages.next()).await {
        assert!(matches!(&stage, WriteStage::Acknowledged(answer) if answer.status == 201), "{stage:?}");
    }
    soon("the end", corrected.settled()).await.unwrap();
    assert_eq!(soon("what is over has no stages", corrected.stages().next()).await, None);
}

#[tokio::test]
async fn q13_a_parked_write_is_shown_or_not_as_its_mutation_says() {
    let world = World::new().await;
    let say = |name: &str, when| {
        let request = |text: &String| {
            Write::new("POST", "/api/activities/lake-swim/messages").body(&json!({ "text": text }))
        };
        Mutation::new(name, 1, request).when_parked(when).optimistic(|text: &String, layer| {
            let id = layer.write().0.clone();
            layer.insert("messages", &json!({ "id": id, "text": text }), tidewire::Place::End);
        })
    };
    let (keep, drop) = (say("keep", WhenParked::Keep), say("drop", WhenParked::Drop));
    let client = world.client().mutation(&keep).mutation(&drop).build().unwrap();
    let path = "/api/activities/lake-swim/messages";
    let messages: Query<Vec<Value>> = client.query("messages", path).await.unwrap();
    assert_eq!(soon("the messages", messages.ready()).await.unwrap().len(), 1);

    // A message without a text is refused.
    let kept = client.submit(keep.write(&String::new())).await.unwrap();
    let dropped = client.submit(drop.write(&String::new())).await.unwrap();
    let shown = |id: &str| {
        let data = messages.state().data.unwrap();
        data.iter().any(|message| message["id"] == id)
    };
    soon("the refusal", kept.acknowledged()).await.unwrap_err();
    soon("the refusal", dropped.acknowledged()).await.unwrap_err();
    let mut changes = messages.changes();
    while shown(dropped.id().0.as_str()) {
        next("its end on the screen", &mut changes).await;
    }
    assert!(shown(kept.id().0.as_str()), "a message that was not sent stays where it was");

    client.discard(kept.id()).await.unwrap();
    while shown(kept.id().0.as_str()) {
        next("its end on the screen", &mut changes).await;
    }
}

#[tokio::test]
async fn c7_c12_the_states_of_a_room_and_of_a_namespace_are_told_one_after_another() {
    let world = World::new().await;
    let client = world.client().build().unwrap();
    let room = client.join("activities").await.unwrap();
    let mut rooms = room.changes();
    assert_eq!(next("a room before any session", &mut rooms).await, RoomState::Waiting {});
    let space = client.open_namespace("/nowhere").await.unwrap();
    let mut spaces = space.changes();
    assert_eq!(next("a namespace before any session", &mut spaces).await, NamespaceState::Waiting {});

    client.connect().await.unwrap();
    while !matches!(next("the room", &mut rooms).await, RoomState::Joined { .. }) {}
    while !matches!(next("the refusal", &mut spaces).await, NamespaceState::Refused { .. }) {}
    client.disconnect();
    while next("the room", &mut rooms).await != (RoomState::Waiting {}) {}

    soon("the end", client.shutdown()).await;
    assert_eq!(soon("the end of the stream", rooms.next()).await, None);
    assert_eq!(soon("the end of the stream", spaces.next()).await, None);
}

#[tokio::test]
async fn c3_signals_of_a_stream_pause_the_connection_and_bring_it_back() {
    let world = World::new().await;
    let proxy = Proxy::start(world.server.port).await;
    let (signals, mut receiver) = mpsc::unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let client = Client::builder(proxy.url()).user("ana").token(world.ana.as_str()).network(stream);
    let client = client.build().unwrap();
    client.connect().await.unwrap();

    proxy.set(Mode::Refuse);
    signals.send(NetworkSignal::Offline).unwrap();
    let offline = ConnectionState::Paused { reason: PauseReason::Offline };
    soon("a pause", client.when(|status| status.connection == offline)).await.unwrap();

    proxy.set(Mode::Pass);
    signals.send(NetworkSignal::Online).unwrap();
    let connected = |state: &ConnectionState| matches!(state, ConnectionState::Connected { .. });
    soon("the session", client.when(|status| connected(&status.connection))).await.unwrap();
}
