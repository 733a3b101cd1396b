//! Between the window and the client. What is asked for is on its way when a call returns; what comes of it, and from others, comes back as
//! news. It draws nothing.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use futures_executor::{block_on, block_on_stream};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{
    Client, Http, HttpRequest, Query, QueryState, Status, SubmitError, TokenAnswer, Write, WriteId, WriteInfo,
};

use crate::model::{self, Activity, Create, Rename};

/// Whatever a session needs to begin.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub url: String,
    /// Under which name.
    pub name: String,
    /// Where writes, and the list as it was seen last, are kept.
    pub store: PathBuf,
}

/// What changed. Each is all of it, so a window that was slow has missed nothing.
#[derive(Debug)]
pub enum News {
    /// The list.
    Activities(QueryState<Vec<Activity>>),
    /// What waits.
    Queue(Vec<WriteInfo>),
    /// The connection and the queue's counts.
    Status(Box<Status>),
}

/// Anything that keeps it from beginning.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A client that is under way.
#[derive(Clone, Debug)]
pub struct Session {
    client: Client,
    activities: Query<Vec<Activity>>,
}

impl Session {
    /// Opens the store and begins to connect; also in a tunnel. `wake` is called after each news, from another thread.
    ///
    /// # Errors
    /// Another process has the store, or the address is none.
    pub fn begin(
        options: Options,
        wake: impl Fn() + Send + 'static,
    ) -> Result<(Session, Receiver<News>), Failure> {
        let Options { url, name, store } = options;
        let (http, user) = (Http::new(url.parse()?), name.clone());
        // There is no tokio runtime here, so the client brings a thread of its own.
        let client = Client::builder(url)
            .user(name)
            .token_from(move |_| sign_in(http.clone(), user.clone()))
            .store(FileStore::open(store)?)
            .rules(model::rules())
            .mutation(&model::like())
            .mutation(&model::unlike())
            .mutation(&model::create())
            .mutation(&model::rename())
            .build()?;
        drop(client.connect()); // wanted from now on, through every loss
        drop(client.join("activities"));
        let activities: Query<Vec<Activity>> = block_on(client.query("activities", "/api/activities"))?;

        let (told, news) = channel();
        let all = stream::select(
            activities.changes().map(News::Activities),
            stream::select(
                client.writes_changes().map(News::Queue),
                client.status_changes().map(|status| News::Status(Box::new(status))),
            ),
        );
        thread::Builder::new().name("news".into()).spawn(move || {
            for news in block_on_stream(all) {
                if told.send(news).is_err() {
                    return;
                }
                wake();
            }
        })?;
        Ok((Session { client, activities }, news))
    }

    /// Likes an activity, or takes it back.
    ///
    /// # Errors
    /// The queue is full.
    pub fn like(&self, id: &str, on: bool) -> Result<(), SubmitError> {
        let mutation = if on { model::like() } else { model::unlike() };
        self.submit(mutation.write(&id.to_owned()))
    }

    /// Makes an activity.
    ///
    /// # Errors
    /// The queue is full, or the title too long for it.
    pub fn create(&self, title: &str) -> Result<(), SubmitError> {
        let temp = self.client.temp_id().to_string();
        self.submit(model::create().write(&Create { temp, title: title.into() }))
    }

    /// Renames one.
    ///
    /// # Errors
    /// The queue is full, or the title too long for it.
    pub fn rename(&self, id: &str, title: &str) -> Result<(), SubmitError> {
        self.submit(model::rename().write(&Rename { id: id.into(), title: title.into() }))
    }

    /// The queue's answer comes from the client's thread, never from the disk or the network: a window may wait for it.
    fn submit(&self, write: Write) -> Result<(), SubmitError> {
        block_on(self.client.submit(write)).map(drop)
    }

    /// Sends again what was refused.
    ///
    /// # Errors
    /// It is not parked any more.
    pub fn retry(&self, write: &WriteId) -> Result<(), SubmitError> {
        block_on(self.client.retry(write))
    }

    /// Puts the same write with another title in the place of one that was refused; see [`title`].
    ///
    /// # Errors
    /// It is not parked any more, or has no title.
    pub fn correct(&self, write: &WriteInfo, new: &str) -> Result<(), SubmitError> {
        let text = |key: &str| write.variables[key].as_str().unwrap_or_default().to_owned();
        let title = new.to_owned();
        let corrected = if write.name == model::create().name() {
            model::create().write(&Create { temp: text("temp"), title })
        } else {
            model::rename().write(&Rename { id: text("id"), title })
        };
        block_on(self.client.edit(&write.id, corrected)).map(drop)
    }

    /// Gives up what was refused.
    ///
    /// # Errors
    /// It is not parked any more.
    pub fn give_up(&self, write: &WriteId) -> Result<(), SubmitError> {
        block_on(self.client.discard(write))
    }

    /// Asks for the list again.
    pub fn refresh(&self) {
        self.activities.refetch();
    }

    /// Says goodbye. What was not sent waits on the disk.
    pub fn end(&self) {
        block_on(self.client.shutdown());
    }
}

/// The title that a write brings, if it brings one.
#[must_use]
pub fn title(write: &WriteInfo) -> Option<&str> {
    write.variables["title"].as_str()
}

/// The activity that a write is about.
#[must_use]
pub fn about(write: &WriteInfo) -> Option<&str> {
    let variables = &write.variables;
    variables.as_str().or_else(|| variables["id"].as_str()).or_else(|| variables["temp"].as_str())
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
