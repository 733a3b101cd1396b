//! Between the chat and the client: what is said goes to the queue, and what comes of it, and from others, comes back as facts. It draws
//! nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{
    Client, Heard, Http, HttpRequest, Listener, Origin, RoomState, SubmitError, Token, TokenAnswer, Write,
    WriteId,
};
pub use tokio::sync::mpsc::UnboundedReceiver as Facts;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::chat::{Fact, Message, SAY};

/// Of so many of the newest messages it is told that they were read.
const READ: usize = 20;

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
        let sign_in = Arc::new(SignIn::new(url.parse()?, name.clone()));
        let client = Client::builder(url)
            .user(name.clone())
            .token_from(move |fresh| {
                let sign_in = Arc::clone(&sign_in);
                async move { sign_in.token(fresh).await }
            })
            .store(FileStore::open(store)?)
            .build()?;
        drop(client.connect()); // wanted from now on, through every loss
        let session = Session { client, name, activity };

        // The chat is for those who take part. This is a write like any other: in a tunnel it waits, and twice is once.
        let path = format!("/api/activities/{}/participants", session.activity);
        session
            .client
            .submit(Write::new("POST", path).named("join", 1, &Value::Null).dedupe_key("join"))
            .await?;
        // The room is denied until that has arrived; the client asks again by itself.
        let room = session.client.listen(format!("activity_{}", session.activity)).await?;

        let (told, facts) = unbounded_channel();
        tokio::spawn(session.clone().hear(room, told.clone()));
        let mut queue = session.client.writes_changes();
        let mut status = session.client.status_changes();
        tokio::spawn(async move {
            loop {
                let fact = tokio::select! {
                    Some(writes) = queue.next() => Fact::Queue(writes),
                    Some(status) = status.next() => Fact::Status(Box::new(status)),
                    else => return,
                };
                if told.send(fact).is_err() {
                    return;
                }
            }
        });
        Ok((session, facts))
    }

    /// The room's events, and all messages whenever events alone would not do: at the beginning, and where the server's history does not
    /// reach back over an absence.
    async fn hear(self, mut room: Listener, told: UnboundedSender<Fact>) {
        let mut complete = false;
        while let Some(heard) = room.next().await {
            match heard {
                Heard::Missed => complete = false,
                Heard::Event(event) => {
                    let (name, payload) = (event.name().to_owned(), event.payload().clone());
                    if name == "message:new" && payload["senderId"] != self.name.as_str() {
                        self.read(payload["id"].as_str().unwrap_or_default()).await;
                    }
                    if told.send(Fact::Event { name, payload }).is_err() {
                        return;
                    }
                }
                Heard::Room(RoomState::Joined { .. }) if !complete => {
                    complete = self.fetch(&told).await.is_ok()
                }
                Heard::Room(_) => {}
            }
        }
    }

    async fn fetch(&self, told: &UnboundedSender<Fact>) -> Result<(), Failure> {
        let path = format!("/api/activities/{}", self.activity);
        let title = self.get(path.clone()).await?["title"].as_str().unwrap_or_default().to_owned();
        let mut messages: Vec<Message> = serde_json::from_value(self.get(path + "/messages").await?)?;
        let unread =
            |message: &&Message| message.sender_id != self.name && !message.read_by.contains(&self.name);
        for message in messages.iter().take(READ).filter(unread) {
            self.read(&message.id).await;
        }
        messages.reverse(); // the server has the newest first
        told.send(Fact::Title(title))?;
        Ok(told.send(Fact::Messages(messages))?)
    }

    async fn get(&self, path: String) -> Result<Value, Failure> {
        let request = HttpRequest { method: "GET".into(), path, ..HttpRequest::default() };
        let answer = self.client.fetch(request).await?;
        let body = answer.body.unwrap_or_default();
        if answer.status == 200 { Ok(serde_json::from_str(&body)?) } else { Err(body.into()) }
    }

    /// Says something. It is on the screen with the next fact and on the disk before it is sent.
    ///
    /// # Errors
    /// The queue is full.
    pub async fn say(&self, text: &str) -> Result<(), SubmitError> {
        let message = json!({ "id": fresh_id(), "text": text });
        let path = format!("/api/activities/{}/messages", self.activity);
        // The name and the variables are what the queue shows of it, now and after a restart.
        let write = Write::new("POST", path).body(&message).named(SAY, 1, &message);
        self.client.submit(write).await.map(drop)
    }

    /// Tells the others that a message was read; in a tunnel, later. It is no misfortune if the queue is full.
    async fn read(&self, id: &str) {
        let write = Write::new("POST", format!("/api/messages/{id}/read"));
        drop(
            self.client.submit(write.named("message.read", 1, &json!({ "id": id })).dedupe_key("read")).await,
        );
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

/// Signs in at the demo server; an app of yours has its own way.
struct SignIn {
    http: Http,
    name: String,
    token: Mutex<Option<Token>>,
}

impl SignIn {
    fn new(origin: Origin, name: String) -> SignIn {
        SignIn { http: Http::new(origin), name, token: Mutex::default() }
    }

    /// `fresh`: the last one was refused.
    async fn token(&self, fresh: bool) -> TokenAnswer {
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(token) = known.filter(|_| !fresh) {
            return TokenAnswer::Token(token);
        }
        let json = Some(json!({ "name": self.name }).to_string());
        let request =
            HttpRequest { method: "POST".into(), path: "/api/login".into(), json, headers: Vec::new() };
        let Ok(answer) = self.http.send(request, None).await else { return TokenAnswer::Unavailable };
        let body: Value = serde_json::from_str(&answer.body.unwrap_or_default()).unwrap_or_default();
        match (answer.status, body["token"].as_str()) {
            (200, Some(token)) => {
                let token = Token::from(token);
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                TokenAnswer::Token(token)
            }
            (400..=499, _) => TokenAnswer::SignedOut,
            _ => TokenAnswer::Unavailable,
        }
    }
}
