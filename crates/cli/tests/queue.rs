//! The queue of the native client, and `tidewire queue`, on the real server (Q7, Q8, Q13, Q20).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Mode, Process, Proxy, Server, soon, tidewire};
use tempfile::{TempDir, tempdir};
use tidewire::store::FileStore;
use tidewire::{Client, Mutation, ParkReason, TempId, Unsent, Write, WriteError};

struct World {
    server: Server,
    proxy: Proxy,
    store: TempDir,
    token: String,
    _data: TempDir,
}

impl World {
    async fn new() -> World {
        let data = tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let proxy = Proxy::start(server.port).await;
        let token = server.token("ana").await;
        World { server, proxy, store: tempdir().unwrap(), token, _data: data }
    }

    fn place(&self) -> &Path {
        self.store.path()
    }

    fn client(&self) -> Client {
        let store = FileStore::open(self.place().join("library")).unwrap();
        let builder = Client::builder(self.proxy.url()).user("ana").token(self.token.clone()).store(store);
        builder.mutation(&create()).mutation(&like()).build().unwrap()
    }

    fn run(&self, command: &[&str]) -> Process {
        let url = self.proxy.url();
        let who = ["--url", &url, "--token", &self.token, "--user", "ana", "--store"];
        let store = self.place().to_str().unwrap();
        tidewire(&[command, &who[..], &[store]].concat())
    }

    async fn get(&self, path: &str) -> Value {
        self.server.send("GET", path, Some(&self.token), None).await
    }
}

fn create() -> Mutation<Value> {
    Mutation::new("create", 1, |it: &Value| {
        let temp = TempId::known(it["temp"].as_str().unwrap_or_default());
        Write::new("POST", "/api/activities").body(&json!({"title": it["title"]})).temp_id(&temp)
    })
    .real_id(|answer, _temp| Some(answer.json()?["id"].as_str()?.to_owned()))
}

fn like() -> Mutation<Value> {
    Mutation::new("like", 1, |id: &Value| {
        let id = id.as_str().unwrap_or_default();
        Write::new("POST", format!("/api/activities/{id}/like")).lane(format!("like {id}"))
    })
}

fn unlike() -> Mutation<Value> {
    Mutation::new("unlike", 1, |id: &Value| {
        let id = id.as_str().unwrap_or_default();
        let write = Write::new("DELETE", format!("/api/activities/{id}/like"));
        write.lane(format!("like {id}")).cancel_pair("like")
    })
}

#[tokio::test]
async fn q7_what_was_made_offline_has_its_real_name_wherever_it_was_mentioned_also_after_a_restart() {
    let world = World::new().await;
    world.proxy.set(Mode::Refuse);
    let first = world.client();
    let temp = first.temp_id();
    let made = first.submit(create().write(&json!({"temp": temp.as_str(), "title": "Chess"}))).await.unwrap();
    let liked = first.submit(like().write(&json!(temp.as_str()))).await.unwrap();
    let message = Write::new("POST", format!("/api/activities/{temp}/messages"))
        .body(&json!({"text": format!("see {temp}")}))
        .depends_on(liked.id());
    let said = first.submit(message).await.unwrap();
    for write in [&made, &liked, &said] {
        soon("the disk", write.durable()).await.unwrap();
    }
    first.shutdown().await;

    let second = world.client();
    world.proxy.set(Mode::Pass);
    drop(second.process());
    let real = soon("its name", second.real_id(&temp)).await.unwrap();
    assert_ne!(real, temp.as_str());
    assert_eq!(second.known_id(&temp).as_deref(), Some(real.as_str()));
    soon("the end", second.when(|status| status.outbox.ready && status.outbox.pending == 0)).await.unwrap();
    assert_eq!(second.status().outbox.parked, 0);
    let activity = world.get(&format!("/api/activities/{real}")).await;
    assert_eq!((&activity["title"], &activity["likeCount"]), (&json!("Chess"), &json!(1)));
    let messages = world.get(&format!("/api/activities/{real}/messages")).await;
    assert_eq!(messages[0]["text"], format!("see {real}"));
}

#[tokio::test]
async fn q7_a_dependant_of_a_refused_parent_is_parked_and_says_so() {
    let world = World::new().await;
    let client = world.client();
    let parent =
        client.submit(Write::new("POST", "/api/activities").body(&json!({"title": ""}))).await.unwrap();
    let child = client.submit(like().write(&json!("nothing")).depends_on(parent.id())).await.unwrap();
    soon("the refusal", parent.acknowledged()).await.unwrap_err();
    let parked = soon("parking", child.acknowledged()).await;
    assert!(matches!(parked, Err(WriteError::Parked { reason: ParkReason::ParentFailed, .. })), "{parked:?}");
}

#[tokio::test]
async fn q8_like_unlike_like_in_a_tunnel_ends_liked_and_is_sent_once() {
    let world = World::new().await;
    let activity = world.server.create(&world.token, "Tennis").await;
    world.proxy.set(Mode::Refuse);
    let client = world.client();
    client.define(&unlike());
    let id = &activity["id"];
    for mutation in [like(), unlike()] {
        let write = client.submit(mutation.write(id)).await.unwrap();
        soon("the disk", write.durable()).await.unwrap();
    }
    let last = client.submit(like().write(id)).await.unwrap();
    soon("the disk", last.durable()).await.unwrap();
    world.proxy.set(Mode::Pass);
    drop(client.process());
    soon("the answer", last.settled()).await.unwrap();
    let now = world.get(&format!("/api/activities/{}", id.as_str().unwrap())).await;
    assert_eq!((&now["likeCount"], &now["liked"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn q13_q20_a_logout_that_discards_voids_what_the_server_may_not_have_seen() {
    let world = World::new().await;
    world.proxy.set(Mode::Swallow);
    let client = world.client();
    let write =
        client.submit(Write::new("POST", "/api/activities").body(&json!({"title": "never"}))).await.unwrap();
    soon("sending", client.when(|status| status.outbox.in_flight == 1)).await.unwrap();
    world.proxy.set(Mode::Refuse);
    soon("a loss", client.when(|status| status.outbox.in_flight == 0)).await.unwrap();
    world.proxy.set(Mode::Pass);
    drop(client.process());
    let left = soon("leaving", client.logout(Unsent::Discard)).await.unwrap();
    // Sent again before the word came, or voided: it is one of the two, never both and never left over.
    let all = world.get("/api/activities").await;
    let applied = all.as_array().unwrap().iter().filter(|activity| activity["title"] == "never").count();
    match write.acknowledged().await {
        Ok(_) => assert_eq!(applied, 1),
        Err(WriteError::Discarded) => assert_eq!((applied, left), (0, 0)),
        Err(other) => panic!("{other:?}"),
    }
}

/// Refused writes of the command's own store: their ids.
async fn refused(world: &World) -> Vec<String> {
    let mut submit = world.run(&["submit", "POST", "/api/activities", r#"{"title":""}"#]);
    assert_eq!(submit.exit_code().await, 4);
    let mut list = world.run(&["queue", "list", "--json"]);
    let mut ids = Vec::new();
    while let Some(line) = list.line().await {
        let write: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&write["state"], &write["status"]), (&json!("parked"), &json!(400)), "{write}");
        ids.push(write["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(list.exit_code().await, 0);
    ids
}

#[tokio::test]
async fn q13_the_command_lists_shows_and_gives_up_what_was_refused() {
    let world = World::new().await;
    let ids = refused(&world).await;
    let [id] = &ids[..] else { panic!("{ids:?}") };
    let mut show = world.run(&["queue", "show", id]);
    let mut text = String::new();
    while let Some(line) = show.line().await {
        text.push_str(&line);
        text.push('\n');
    }
    assert!(text.contains("/api/activities") && text.contains("permanent"), "{text}");
    assert!(!text.contains(&world.token));

    let file = world.place().join("export.json");
    assert_eq!(world.run(&["queue", "export", file.to_str().unwrap()]).exit_code().await, 0);
    let exported: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(exported[0]["id"], **id);

    assert_eq!(world.run(&["queue", "discard", "nothing"]).exit_code().await, 2);
    assert_eq!(world.run(&["queue", "discard", id]).exit_code().await, 0);
    assert_eq!(world.run(&["queue", "list", "--json"]).line().await, None);
}

#[tokio::test]
async fn q13_the_command_edits_what_was_refused_and_a_later_run_sends_it() {
    let world = World::new().await;
    let ids = refused(&world).await;
    let edit = ["queue", "edit", &ids[0], "POST", "/api/activities", r#"{"title":"better"}"#];
    assert_eq!(world.run(&edit).exit_code().await, 0);
    // Looking, or changing, sends nothing.
    let titled = |all: Value| all.as_array().unwrap().iter().filter(|one| one["title"] == "better").count();
    assert_eq!(titled(world.get("/api/activities").await), 0);
    assert_eq!(world.run(&["drain"]).exit_code().await, 0);
    assert_eq!(titled(world.get("/api/activities").await), 1);
}

#[tokio::test]
async fn q13_the_command_tries_again_what_was_refused() {
    let world = World::new().await;
    refused(&world).await;
    assert_eq!(world.run(&["queue", "retry", "--all"]).exit_code().await, 0);
    let mut list = world.run(&["queue", "list", "--json"]);
    let write: Value = serde_json::from_str(&list.line().await.unwrap()).unwrap();
    assert_eq!(write["state"], "waiting");
    assert_eq!(world.run(&["drain"]).exit_code().await, 4, "the server refuses it again");
}
