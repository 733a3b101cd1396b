//! The query cache against the real Activities server (Q16 to Q18, Y1 to Y7): one like beside a refetch, in every order in which
//! the two can cross, and what is shown before any network after a restart.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

#[path = "support/gates.rs"]
mod gates;
mod support;

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use gates::{Answer, Gates, Held};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::soon;
use tidewire::store::FileStore;
use tidewire::{Builder, Client, Entity, Event, EventType, Fault, Mutation, Query, QueryError, Rules, Write};
use tidewire_test_server::Server;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    id: String,
    title: String,
    like_count: u32,
    liked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Likes {
    like_count: u32,
    liked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LikeAdded {
    activity_id: String,
    user_id: String,
    like_count: u32,
}

const LIKE_ADDED: EventType<LikeAdded> = EventType::new("activity:like_added");

fn like() -> Mutation<String> {
    Mutation::new("activity.like", 1, |id: &String| Write::new("POST", format!("/api/activities/{id}/like")))
        .optimistic(|id, layer| {
            layer.patch("activity", id.as_str(), |it: &mut Likes| {
                if !it.liked {
                    (it.liked, it.like_count) = (true, it.like_count + 1);
                }
            });
        })
}

fn rules() -> Rules {
    Rules::new()
        .entity(Entity::new("activity").under("activities").under("activity"))
        .room("activities", ["activities", "activity"])
        .room("activity_:id", [["messages", ":id"]])
        .on(LIKE_ADDED.patch(
            "activity",
            |e| e.activity_id.clone(),
            |it: &mut Likes, e, context| {
                it.like_count = e.like_count;
                it.liked |= e.user_id == context.user;
            },
        ))
}

fn builder(url: &str, user: &Value) -> Builder {
    let (id, token) = (user["user"]["id"].as_str().unwrap(), user["token"].as_str().unwrap());
    Client::builder(url).user(id).token(token).rules(rules()).mutation(&like())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The refetch begins, is read at the server, arrives.
    Start,
    Snapshot,
    Result,
    /// The write is committed, its event arrives, its answer arrives.
    Commit,
    Event,
    Answer,
}

const STEPS: [Step; 6] = [Step::Start, Step::Snapshot, Step::Result, Step::Commit, Step::Event, Step::Answer];
const BEFORE: [(Step, Step); 4] = [
    (Step::Start, Step::Snapshot),
    (Step::Snapshot, Step::Result),
    (Step::Commit, Step::Event),
    (Step::Commit, Step::Answer),
];

fn orders(done: &[Step]) -> Vec<Vec<Step>> {
    let ready = |step: &Step| {
        !done.contains(step) && BEFORE.iter().all(|(first, second)| second != step || done.contains(first))
    };
    let next: Vec<Step> = STEPS.into_iter().filter(ready).collect();
    if next.is_empty() {
        return vec![done.to_vec()];
    }
    next.into_iter().flat_map(|step| orders(&[done, &[step]].concat())).collect()
}

/// What a query shows of one number, without repetitions.
struct Watched {
    seen: Arc<Mutex<Vec<u32>>>,
    _task: JoinHandle<()>,
}

fn watch<T: serde::de::DeserializeOwned + Send + Sync + 'static>(
    query: &Query<T>,
    number: impl Fn(&T) -> Option<u32> + Send + 'static,
) -> Watched {
    let now = query.state().data.as_deref().and_then(&number).unwrap();
    let (seen, mut changes) = (Arc::new(Mutex::new(vec![now])), query.changes());
    let own = Arc::clone(&seen);
    let task = tokio::spawn(async move {
        while let Some(state) = changes.next().await {
            if let Some(number) = state.data.as_deref().and_then(&number) {
                let mut seen = own.lock().unwrap();
                if seen.last() != Some(&number) {
                    seen.push(number);
                }
            }
        }
    });
    Watched { seen, _task: task }
}

struct Scene {
    gates: Gates,
    held: mpsc::UnboundedReceiver<Held>,
    server: Server,
    ana: Value,
    ben: String,
}

async fn login(server: &Server, name: &str) -> Value {
    server.send("POST", "/api/login", None, Some(json!({ "name": name }))).await
}

async fn next_held(held: &mut mpsc::UnboundedReceiver<Held>) -> Held {
    soon("a request that is held", held.recv()).await.unwrap()
}

impl Scene {
    /// One like with a refetch in this order: what list and detail show.
    async fn run(&mut self, order: &[Step]) -> (Vec<u32>, Vec<u32>) {
        let Scene { gates, held, server, ana, ben } = self;
        let id =
            server.send("POST", "/api/activities", Some(ben), Some(json!({"title": "Chess"}))).await["id"]
                .clone();
        let id = id.as_str().unwrap().to_owned();
        server.send("POST", &format!("/api/activities/{id}/like"), Some(ben), None).await;
        let client = builder(&gates.url(), ana).build().unwrap();
        soon("a connection", client.connect()).await.unwrap();
        soon("the room", async { client.join("activities").await.unwrap().joined().await }).await.unwrap();
        let list = client.query::<Vec<Activity>>("activities", "/api/activities").await.unwrap();
        let path = format!("/api/activities/{id}");
        let detail = client.query::<Activity>(["activity", id.as_str()], path.as_str()).await.unwrap();
        soon("the list", list.ready()).await.unwrap();
        soon("the detail", detail.ready()).await.unwrap();
        let mut events = client.events();
        let own = id.clone();
        let in_list =
            watch(&list, move |list| list.iter().find(|one| one.id == own).map(|one| one.like_count));
        let in_detail = watch(&detail, |one| Some(one.like_count));

        gates.hold(&["POST"]);
        gates.link(false);
        let write = client.submit(like().write(&id)).await.unwrap();
        assert_eq!(detail.state().data.unwrap().like_count, 2, "at the tap");
        let mut request = Some(next_held(held).await);
        let (mut reads, mut results): (Vec<Held>, Vec<Answer>) = (Vec::new(), Vec::new());
        let mut answer = None;
        for step in order {
            match step {
                Step::Start => {
                    gates.hold(&["POST", "GET"]);
                    list.refetch();
                    detail.refetch();
                    reads = vec![next_held(held).await, next_held(held).await];
                    gates.hold(&["POST"]);
                }
                Step::Snapshot => {
                    for read in reads.drain(..) {
                        results.push(read.forward().await);
                    }
                }
                Step::Result => {
                    results.drain(..).for_each(Answer::release);
                    idle(&list).await;
                    idle(&detail).await;
                }
                Step::Commit => answer = Some(request.take().unwrap().forward().await),
                Step::Event => {
                    gates.link(true);
                    soon("the event", named(&mut events, "activity:like_added")).await;
                }
                Step::Answer => {
                    answer.take().unwrap().release();
                    soon("the answer", write.acknowledged()).await.unwrap();
                }
            }
        }
        gates.hold(&[]);
        idle(&list).await;
        idle(&detail).await;
        assert_eq!(detail.state().data.unwrap().like_count, 2, "in the end");
        client.shutdown().await;
        let seen = |watched: &Watched| watched.seen.lock().unwrap().clone();
        (seen(&in_list), seen(&in_detail))
    }
}

async fn idle<T: serde::de::DeserializeOwned + Send + Sync + 'static>(query: &Query<T>) {
    let mut changes = query.changes();
    let quiet = async { while changes.next().await.is_some_and(|state| state.fetching) {} };
    soon("the end of a fetch", quiet).await;
}

async fn named(events: &mut tidewire::Events, name: &str) -> Event {
    loop {
        let event = events.next().await.expect("the client lives");
        if event.name() == name {
            return event;
        }
    }
}

async fn scene(directory: &tempfile::TempDir) -> Scene {
    let server = Server::start(directory.path()).await;
    let (gates, held) = Gates::start(server.port).await;
    let (ana, ben) = (login(&server, "ana").await, server.token("ben").await);
    Scene { gates, held, server, ana, ben }
}

async fn shows_one_then_two(unnamed: bool) {
    let directory = tempfile::tempdir().unwrap();
    let mut scene = scene(&directory).await;
    scene.gates.unname(unnamed);
    let orders = orders(&[]);
    assert_eq!(orders.len(), 40);
    for order in orders {
        let (list, detail) = scene.run(&order).await;
        assert_eq!((list, detail), (vec![1, 2], vec![1, 2]), "{order:?}");
    }
    scene.server.kill().await;
}

#[tokio::test]
async fn y7_q16_q17_y2_a_like_shows_1_2_and_nothing_else_in_every_order() {
    shows_one_then_two(false).await;
}

#[tokio::test]
async fn y7_q16_y2_a_like_shows_1_2_and_nothing_else_where_no_base_names_its_place() {
    shows_one_then_two(true).await;
}

/// Q18: after a restart the screen shows the same state as before, before any network; and then what happened meanwhile, from where
/// the stored base was.
#[tokio::test]
async fn q18_y2_y7_after_a_restart_the_base_and_its_layers_are_shown_before_any_network() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("server")).await;
    let (ana, ben) = (login(&server, "ana").await, server.token("ben").await);
    let created = server.send("POST", "/api/activities", Some(&ben), Some(json!({"title": "Chess"}))).await;
    let id = created["id"].as_str().unwrap().to_owned();
    let place = directory.path().join("client");
    let start = |url: &str| {
        let store = FileStore::open(&place).unwrap();
        builder(url, &ana).store(store).processing(false).build().unwrap()
    };
    let list = |client: &Client| {
        let client = client.clone();
        async move { client.query::<Vec<Activity>>("activities", "/api/activities").await.unwrap() }
    };
    let seen = |query: &Query<Vec<Activity>>| {
        let state = query.state();
        let data = state.data.unwrap();
        (data[0].title.clone(), data[0].like_count, state.unconfirmed)
    };

    let client = start(&server.url());
    soon("a connection", client.connect()).await.unwrap();
    soon("the room", async { client.join("activities").await.unwrap().joined().await }).await.unwrap();
    let query = list(&client).await;
    soon("the list", query.ready()).await.unwrap();
    let write = client.submit(like().write(&id)).await.unwrap();
    soon("the disk", write.durable()).await.unwrap();
    assert_eq!(seen(&query), ("Chess".into(), 1, true));
    drop((query, write));
    client.shutdown().await;

    // Nobody listens there.
    let client = start("http://127.0.0.1:9");
    let query = list(&client).await;
    soon("the stored base", query.ready()).await.unwrap();
    assert_eq!(seen(&query), ("Chess".into(), 1, true));
    drop(query);
    client.shutdown().await;

    let title = json!({"title": "Go", "version": created["version"]});
    server.send("PATCH", &format!("/api/activities/{id}"), Some(&ben), Some(title)).await;
    let client = start(&server.url());
    let query = list(&client).await;
    soon("the list", query.ready()).await.unwrap();
    soon("a connection", client.connect()).await.unwrap();
    soon("the room", async { client.join("activities").await.unwrap().joined().await }).await.unwrap();
    let mut changes = query.changes();
    let renamed =
        async { while changes.next().await.is_some_and(|now| now.data.unwrap()[0].title != "Go") {} };
    soon("what happened meanwhile", renamed).await;
    assert_eq!(seen(&query), ("Go".into(), 1, true));
    client.set_processing(true);
    let confirmed = async { while changes.next().await.is_some_and(|now| now.unconfirmed) {} };
    soon("the server's word", confirmed).await;
    assert_eq!(seen(&query), ("Go".into(), 1, false));
    client.shutdown().await;
    server.kill().await;
}

/// Y4, Y7: without rules; a query of a person who may not see it; a payload of another type.
#[tokio::test]
async fn y4_y7_without_rules_the_names_of_events_say_what_changes_and_errors_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path()).await;
    let (ana, ben) = (login(&server, "ana").await, server.token("ben").await);
    let token = ana["token"].as_str().unwrap();
    let client = Client::builder(server.url()).user("ana").token(token).build().unwrap();
    soon("a connection", client.connect()).await.unwrap();
    soon("the room", async { client.join("activities").await.unwrap().joined().await }).await.unwrap();
    let activities = client.query::<Vec<Activity>>("activities", "/api/activities").await.unwrap();
    let before = soon("the list", activities.ready()).await.unwrap().len();
    let missing = client.query::<Activity>(["activity", "nobody"], "/api/activities/nobody").await.unwrap();
    let error = soon("an error", missing.ready()).await.unwrap_err();
    assert!(matches!(&error, QueryError::Status(answer) if answer.status == 404), "{error}");
    assert_eq!(error.fault(), Fault::Server);
    let numbers = client.query::<Vec<u32>>("activities", "/api/activities").await.unwrap();

    const CREATED: EventType<u32> = EventType::new("activity:created");
    let mut wrong = client.on(&CREATED);
    server.send("POST", "/api/activities", Some(&ben), Some(json!({"title": "Chess"}))).await;
    let mut changes = activities.changes();
    let created =
        async { while changes.next().await.is_some_and(|now| now.data.unwrap().len() == before) {} };
    soon("the new one", created).await;
    assert_eq!(activities.state().data.unwrap()[0].title, "Chess");
    assert!(matches!(numbers.state().error, Some(QueryError::Type(_))), "the same data, not of this type");
    let error = soon("the event", wrong.next()).await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("activity:created") && !error.to_string().contains("Chess"),
        "{error}"
    );
    client.shutdown().await;
    server.kill().await;
}
