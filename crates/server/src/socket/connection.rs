//! One connection: the task that owns its WebSocket and moves frames between it and the hub (V8). It decides nothing.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tidewire_hub::{CloseReason, Frame, Inbound, SessionId};
use tokio::sync::{mpsc, oneshot, watch};

use super::task::{FromSocket, Link, ToSocket};

/// How long a client may take to accept what is queued before a close, and then to answer the close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames that are written before the operating system is asked to take them.
const BATCH: usize = 16;

/// Runs a connection from its handshake to its end. What was written is reported in lumps of `report_bytes`.
pub(crate) async fn run(
    socket: WebSocket,
    session: SessionId,
    hub: mpsc::Sender<FromSocket>,
    report_bytes: u64,
) {
    let (frames, queue) = mpsc::unbounded_channel();
    let (paused, reading) = watch::channel(false);
    let (close, closed) = oneshot::channel();
    if hub.send(FromSocket::Opened { session, link: Link { frames, paused, close } }).await.is_err() {
        return;
    }
    let (mut sink, mut stream) = socket.split();
    let mut writer = Writer { session, hub: hub.clone(), queue, unreported: 0, report_bytes };
    let reason = tokio::select! {
        reason = writer.run(&mut sink) => reason,
        () = read(&mut stream, session, &hub, reading) => None,
        reason = cut_off(closed) => Some(reason),
    };
    drop(writer);
    hub.send(FromSocket::Closed { session }).await.ok();
    // A client that does not answer is cut off.
    tokio::time::timeout(CLOSE_TIMEOUT, say_goodbye(&mut sink, &mut stream, reason)).await.ok();
}

/// The hub closes the connection, and what is queued is thrown away or is not taken in time.
async fn cut_off(closed: oneshot::Receiver<CloseReason>) -> CloseReason {
    match closed.await {
        Ok(reason) => {
            if !reason.at_once() {
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            }
            reason
        }
        // The hub has stopped; the writer sees that.
        Err(_) => std::future::pending().await,
    }
}

struct Writer {
    session: SessionId,
    hub: mpsc::Sender<FromSocket>,
    queue: mpsc::UnboundedReceiver<ToSocket>,
    unreported: u64,
    report_bytes: u64,
}

impl Writer {
    /// Writes frames until the hub closes the connection (with the reason) or it breaks.
    async fn run(&mut self, sink: &mut SplitSink<WebSocket, Message>) -> Option<CloseReason> {
        let mut batch = Vec::new();
        loop {
            if self.queue.recv_many(&mut batch, BATCH).await == 0 {
                return None;
            }
            for message in batch.drain(..) {
                match message {
                    ToSocket::Frame(frame) => {
                        self.unreported += frame.0.len() as u64;
                        sink.feed(text(frame)?).await.ok()?;
                    }
                    ToSocket::Close(reason) => {
                        sink.flush().await.ok()?;
                        return Some(reason);
                    }
                }
            }
            sink.flush().await.ok()?;
            if self.unreported >= self.report_bytes {
                let bytes = std::mem::take(&mut self.unreported);
                self.hub.send(FromSocket::Flushed { session: self.session, bytes }).await.ok()?;
            }
        }
    }
}

fn text(frame: Frame) -> Option<Message> {
    Utf8Bytes::try_from(Bytes::from_owner(frame)).ok().map(Message::Text)
}

/// Hands frames to the hub until the transport ends. While the hub is behind, nothing is read.
async fn read(
    stream: &mut SplitStream<WebSocket>,
    session: SessionId,
    hub: &mpsc::Sender<FromSocket>,
    mut paused: watch::Receiver<bool>,
) {
    loop {
        if paused.wait_for(|paused| !*paused).await.is_err() {
            // The hub has closed this connection; the writer says why.
            return std::future::pending().await;
        }
        let (frame, last) = match stream.next().await {
            Some(Ok(Message::Text(text))) => (Inbound::Text(text.as_str().to_owned()), false),
            Some(Ok(Message::Binary(_))) => (Inbound::Binary, false),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_))) | None => return,
            Some(Err(error)) => match unreadable(error) {
                Some(frame) => (frame, true),
                None => return,
            },
        };
        if hub.send(FromSocket::Received { session, frame }).await.is_err() {
            return;
        }
        if last {
            // The hub answers with a close.
            return std::future::pending().await;
        }
    }
}

/// What a failed read means; `None` if the transport just ended.
fn unreadable(error: axum::Error) -> Option<Inbound> {
    use tungstenite::error::{Error, ProtocolError};
    let error = error.into_inner();
    let error = error.downcast_ref::<Error>()?;
    let broken = matches!(error, Error::Protocol(_) | Error::Utf8(_));
    if matches!(error, Error::Capacity(_)) {
        Some(Inbound::Oversized)
    } else if broken && !matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) {
        Some(Inbound::Unreadable)
    } else {
        None
    }
}

async fn say_goodbye(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    reason: Option<CloseReason>,
) {
    // Without a reason the client ended it, and gets its own close frame back.
    let Some(reason) = reason else { return drop(sink.close().await) };
    let frame = CloseFrame { code: reason.code(), reason: Utf8Bytes::from_static(reason.name()) };
    if sink.send(Message::Close(Some(frame))).await.is_ok() {
        // What still comes in is thrown away: closing over unread bytes would take the close frame back.
        while let Some(Ok(_)) = stream.next().await {}
    }
}
