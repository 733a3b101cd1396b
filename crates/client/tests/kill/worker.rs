//! One life of the client: it submits writes in several lanes at once and hears what comes of them. What it tells is one line each:
//!
//! - `since N`: it goes on behind this place of the room;
//! - `submit N LANE`, `durable N`, `answer N`: how far the write number N has come;
//! - `heard AT N LANE`: at this place of the room's history the write N shows; `handled AT`: that place is stored;
//! - `end`: all of it is done.

use std::io::Write as _;

use serde_json::json;
use tidewire::store::FileStore;
use tidewire::{Client, Heard, Listener, Write};
use tokio::task::JoinSet;

use crate::store::Mortal;

/// Lanes of their own, so that several requests are under way.
const LANES: u32 = 3;

fn say(line: impl std::fmt::Display) {
    // One call of the system for a line: it is whole or not there.
    let line = format!("{line}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// `URL TOKEN ACTIVITY STORE FIRST COUNT DIES_AT`.
pub(crate) async fn run(args: &[String]) {
    let [url, token, activity, store, first, count, dies_at] = args else { panic!("seven arguments") };
    let store = Mortal::new(FileStore::open(store).unwrap(), dies_at.parse().unwrap());
    let client = Client::builder(url).user("ana").token(token.clone()).store(store).build().unwrap();
    drop(client.connect());
    let listener = client.listen(format!("activity_{activity}")).await.unwrap();
    if let Some(since) = listener.since() {
        say(format_args!("since {}", since.offset));
    }
    let (first, count): (u32, u32) = (first.parse().unwrap(), count.parse().unwrap());
    let last = first + count - 1;
    let mut work = JoinSet::new();
    work.spawn(hear(listener, last));
    let path = format!("/api/activities/{activity}/messages");
    for number in first..=last {
        let lane = number % LANES;
        say(format_args!("submit {number} {lane}"));
        let write = Write::new("POST", &path).lane(format!("lane {lane}"));
        let write = write.body(&json!({ "text": format!("{number} {lane}") }));
        // The queue has a limit, and lives that die early leave much behind.
        client.when(|status| status.outbox.pending < 60).await.unwrap();
        // They are submitted at once: their steps are mixed with those of earlier ones.
        let handle = client.submit(write).await.unwrap();
        work.spawn(async move {
            handle.durable().await.unwrap();
            say(format_args!("durable {number}"));
            handle.acknowledged().await.unwrap();
            say(format_args!("answer {number}"));
        });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
    client.when(|status| status.outbox.ready && status.outbox.pending == 0).await.unwrap();
    client.shutdown().await;
    say("end");
}

/// Hears the room until the last write shows.
async fn hear(mut listener: Listener, last: u32) {
    while let Some(heard) = listener.next().await {
        let event = match heard {
            Heard::Event(event) => event,
            Heard::Missed => panic!("events are lost"),
            Heard::Room(_) => continue,
        };
        let Some(position) = event.position().cloned() else { continue };
        let text = event.payload()["text"].as_str().unwrap();
        say(format_args!("heard {} {text}", position.offset));
        let is_last = text.split(' ').next() == Some(&last.to_string());
        listener.handled(&position).await.unwrap();
        say(format_args!("handled {}", position.offset));
        if is_last {
            return;
        }
    }
    panic!("the client ended");
}
