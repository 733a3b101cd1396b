//! `rust_socketio`, its asynchronous client, over WebSocket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::{Failure, Peer, payload};

pub(crate) struct Theirs {
    client: Client,
    told: Arc<AtomicUsize>,
    news: Arc<Notify>,
}

fn first(payload: &Payload) -> Option<&Value> {
    #[allow(deprecated, reason = "the enum has an old variant")]
    match payload {
        Payload::Text(values) => values.first(),
        Payload::Binary(_) | Payload::String(_) => None,
    }
}

impl Peer for Theirs {
    async fn connect(url: &str) -> Result<Theirs, Failure> {
        let (told, news) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (up, is_up) = oneshot::channel();
        let up = Arc::new(std::sync::Mutex::new(Some(up)));
        let (count, tell) = (Arc::clone(&told), Arc::clone(&news));
        let client = ClientBuilder::new(url)
            .transport_type(TransportType::Websocket)
            .on(Event::Connect, move |_, _| {
                let up = up.lock().ok().and_then(|mut up| up.take());
                async move { _ = up.map(|up| up.send(())) }.boxed()
            })
            .on("told", move |payload, _| {
                if first(&payload).is_some_and(|payload| payload["likeCount"] == 17) {
                    count.fetch_add(1, Ordering::Relaxed);
                    tell.notify_one();
                }
                async {}.boxed()
            })
            .connect()
            .await?;
        tokio::time::timeout(Duration::from_secs(10), is_up).await??;
        Ok(Theirs { client, told, news })
    }

    async fn echo(&mut self, count: usize, window: usize) -> Result<(), Failure> {
        let room = Arc::new(Semaphore::new(window));
        for _ in 0..count {
            let place = Arc::clone(&room).acquire_owned();
            let place = tokio::time::timeout(Duration::from_secs(10), place).await??;
            let place = Arc::new(std::sync::Mutex::new(Some(place)));
            let acknowledged = move |_: Payload, _: Client| {
                drop(place.lock().ok().and_then(|mut place| place.take()));
                async {}.boxed()
            };
            self.client.emit_with_ack("echo", payload(), Duration::from_secs(30), acknowledged).await?;
        }
        let all = u32::try_from(window)?;
        drop(tokio::time::timeout(Duration::from_secs(20), room.acquire_many(all)).await??);
        Ok(())
    }

    async fn flood(&mut self, count: usize) -> Result<(), Failure> {
        let before = self.told.load(Ordering::Relaxed);
        self.client.emit("flood", Payload::Text(vec![json!(count), payload()])).await?;
        while self.told.load(Ordering::Relaxed) - before < count {
            tokio::time::timeout(Duration::from_secs(30), self.news.notified()).await?;
        }
        Ok(())
    }
}
