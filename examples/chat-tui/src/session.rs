//! Between the chat and the client: what is said goes to the queue, and what comes of it, and from others, comes back as facts. The messages
//! are a query: the client keeps it right, shows own messages in it from the first moment on, and has it before any network after a restart. It
//! draws nothing.

use std::collections::HashSet;
use std::path::PathBuf;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{
    Client, Entity, EventType, Http, HttpRequest, Mutation, Place, Query, RoomHandle, RoomState, Rules,
    SubmitError, TokenAnswer, WhenParked, Write, WriteId,
};
pub use tokio::sync::mpsc::UnboundedReceiver as Facts;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::chat::{Fact, Message, SAY};

/// Of so many of the newest messages it is told that they were read.
const READ: usize = 20;

/// Who has read which message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageRead {
    message_id: String,
    user_id: String,
}

/// As much of a message as its readers change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Readers {
    read_by: Vec<String>,
}

/// The chat's title.
#[derive(Deserialize)]
struct Titled {
    title: String,
}

/// A message, by the event that tells of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewMessage {
    activity_id: String,
    #[serde(flatten)]
    message: Message,
}

const MESSAGE_NEW: EventType<NewMessage> = EventType::new("message:new");
const MESSAGE_READ: EventType<MessageRead> = EventType::new("message:read");

/// What events do to the messages: the one place where live data meets them. The server has the newest first.
fn rules() -> Rules {
    Rules::new()
        .entity(Entity::new("message").under("messages"))
        .room("activity_:id", [["messages", ":id"]])
        .on(MESSAGE_NEW.insert(
            |e| ["messages".to_owned(), e.activity_id.clone()],
            |e| e.message,
            Place::Start,
        ))
        .on(MESSAGE_READ.patch(
            "message",
            |e| e.message_id.clone(),
            |it: &mut Readers, e, _| {
                if !it.read_by.contains(&e.user_id) {
                    it.read_by.push(e.user_id.clone());
                }
            },
        ))
}

/// What one says. The name and the variables are what the queue shows of it, now and after a restart.
#[derive(Serialize, Deserialize)]
struct Say {
    activity: String,
    id: String,
    text: String,
}

/// Says something: it stands among the messages at once, and stays there where the server refuses it, until it is given up.
fn say() -> Mutation<Say> {
    let request = |it: &Say| {
        let body = json!({ "id": it.id, "text": it.text });
        Write::new("POST", format!("/api/activities/{}/messages", it.activity)).body(&body)
    };
    Mutation::new(SAY, 1, request).when_parked(WhenParked::Keep).optimistic(|it, layer| {
        let (id, text, sender_id) = (it.id.clone(), it.text.clone(), layer.user().to_owned());
        let message = Message { id, sender_id, text, read_by: Vec::new() };
        layer.insert(["messages", it.activity.as_str()], &message, Place::Start);
    })
}

/// Takes part in an activity.
fn join() -> Mutation<String> {
    Mutation::new("join", 1, |id: &String| Write::new("POST", format!("/api/activities/{id}/participants")))
}

/// Has read a message.
fn read() -> Mutation<String> {
    Mutation::new("message.read", 1, |id: &String| Write::new("POST", format!("/api/messages/{id}/read")))
}

/// Whatever a chat needs to begin.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub url: String,
    /// Under which name.
    pub name: String,
    /// The activity whose chat it is.
    pub activity: String,
    /// Where what is said is kept until the server has it.
    pub store: PathBuf,
}

/// A chat that is under way.
#[derive(Clone, Debug)]
pub struct Session {
    client: Client,
    name: String,
    activity: String,
}

/// Anything that keeps it from beginning.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Session {
    /// Opens the store and begins to connect; also in a tunnel. What happens is told from now on.
    ///
    /// # Errors
    /// Another process has the store, or the address is none.
    pub async fn begin(options: Options) -> Result<(Session, Facts<Fact>), Failure> {
        let Options { url, name, activity, store } = options;
        let (http, user) = (Http::new(url.parse()?), name.clone());
        let client = Client::builder(url)
            .user(name.clone())
            .token_from(move |_| sign_in(http.clone(), user.clone()))
            .store(FileStore::open(store)?)
            .rules(rules())
            .mutation(&say())
            .mutation(&join())
            .mutation(&read())
            .build()?;
        drop(client.connect()); // wanted from now on, through every loss
        let session = Session { client, name, activity };

        // The chat is for those who take part. This is a write like any other: in a tunnel it waits, and twice is once.
        session.client.submit(join().write(&session.activity).dedupe_key("join")).await?;
        // The room is denied until that has arrived; the client asks again by itself.
        let room = session.client.join(format!("activity_{}", session.activity)).await?;
        let path = format!("/api/activities/{}", session.activity);
        let title = session.client.query(["activity", session.activity.as_str()], &path).await?;
        let messages = format!("{path}/messages");
        let messages = session.client.query(["messages", session.activity.as_str()], &messages).await?;

        let (told, facts) = unbounded_channel();
        tokio::spawn(session.clone().watch(room, title, messages, told));
        Ok((session, facts))
    }

    /// Tells of everything that changes, until nobody listens or the client ends.
    async fn watch(
        self,
        room: RoomHandle,
        title: Query<Titled>,
        query: Query<Vec<Message>>,
        told: UnboundedSender<Fact>,
    ) {
        let (mut room, mut title, mut messages) = (room.changes(), title.changes(), query.changes());
        let (mut queue, mut status) = (self.client.writes_changes(), self.client.status_changes());
        let mut seen = HashSet::new();
        loop {
            let fact = tokio::select! {
                Some(state) = room.next() => {
                    // Before we took part the server refused to tell what was said.
                    if matches!(state, RoomState::Joined { .. }) && query.state().data.is_none() {
                        query.refetch();
                    }
                    None
                }
                Some(state) = title.next() => state.data.map(|data| Fact::Title(data.title.clone())),
                Some(state) = messages.next() => {
                    let data = state.data.as_deref();
                    for message in data.into_iter().flatten().take(READ) {
                        let unread = message.sender_id != self.name && !message.read_by.contains(&self.name);
                        if unread && seen.insert(message.id.clone()) {
                            self.read(&message.id).await;
                        }
                    }
                    data.map(|data| Fact::Messages(data.iter().rev().cloned().collect()))
                }
                Some(writes) = queue.next() => Some(Fact::Queue(writes)),
                Some(status) = status.next() => Some(Fact::Status(Box::new(status))),
                else => return,
            };
            if fact.is_some_and(|fact| told.send(fact).is_err()) {
                return;
            }
        }
    }

    /// Says something. It is on the screen with the next fact and on the disk before it is sent.
    ///
    /// # Errors
    /// The queue is full.
    pub async fn say(&self, text: &str) -> Result<(), SubmitError> {
        let it = Say { activity: self.activity.clone(), id: fresh_id(), text: text.to_owned() };
        self.client.submit(say().write(&it)).await.map(drop)
    }

    /// Tells the others that a message was read; in a tunnel, later. It is no misfortune if the queue is full.
    async fn read(&self, id: &str) {
        drop(self.client.submit(read().write(&id.to_owned()).dedupe_key("read")).await);
    }

    /// Sends again what was refused.
    pub async fn retry(&self, write: &WriteId) -> Result<(), SubmitError> {
        self.client.retry(write).await
    }

    /// Gives up what was refused.
    pub async fn give_up(&self, write: &WriteId) -> Result<(), SubmitError> {
        self.client.discard(write).await
    }

    /// Says goodbye. What was not sent waits on the disk.
    pub async fn end(&self) {
        self.client.shutdown().await;
    }
}

/// A name for a message, before anybody else knows it (Q7).
fn fresh_id() -> String {
    let mut bytes = [0; 12];
    // A machine without randomness has worse trouble than two messages of one name, which the server would refuse.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs in at the demo server; an app of yours has its own way. It is asked for each new connection; in between the client remembers.
async fn sign_in(http: Http, name: String) -> TokenAnswer {
    let json = Some(json!({ "name": name }).to_string());
    let request = HttpRequest { method: "POST".into(), path: "/api/login".into(), json, headers: Vec::new() };
    let Ok(answer) = http.send(request, None).await else { return TokenAnswer::Unavailable };
    let body: Value = serde_json::from_str(&answer.body.unwrap_or_default()).unwrap_or_default();
    match (answer.status, body["token"].as_str()) {
        (200, Some(token)) => TokenAnswer::Token(token.into()),
        (400..=499, _) => TokenAnswer::SignedOut,
        _ => TokenAnswer::Unavailable,
    }
}
