//! The client of this repository.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tidewire::{Client, Events};

use crate::{Failure, Peer, payload};

pub(crate) struct Ours {
    client: Client,
    events: Events,
}

impl Peer for Ours {
    async fn connect(url: &str) -> Result<Ours, Failure> {
        let client = Client::builder(url).foreign().build()?;
        let events = client.events();
        client.connect().await?;
        Ok(Ours { client, events })
    }

    async fn echo(&mut self, count: usize, window: usize) -> Result<(), Failure> {
        let mut under_way = FuturesUnordered::new();
        for _ in 0..count {
            if under_way.len() == window {
                under_way.next().await.ok_or("nothing is under way")??;
            }
            under_way.push(self.client.emit_with_ack("echo", payload()));
        }
        while let Some(answer) = under_way.next().await {
            answer?;
        }
        Ok(())
    }

    async fn flood(&mut self, count: usize) -> Result<(), Failure> {
        self.client.emit("flood", vec![json!(count), payload()]).await?;
        for _ in 0..count {
            let event = self.events.next().await.ok_or("the client ended")?;
            if event.payload()["likeCount"] != 17 {
                return Err("another event".into());
            }
        }
        Ok(())
    }
}
