//! One WebSocket: the task that owns it and moves frames between it and the hub (V8). It decides nothing.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tidewire_hub::{CloseReason, Frame, Inbound, SessionId};
use tokio::sync::{mpsc, watch};

use super::task::{FromSocket, State, ToSocket};
use crate::front::Client;

/// How long a client may take to accept what is queued before a close, and then to answer the close frame.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames that are written before the operating system is asked to take them.
const BATCH: usize = 16;

/// A connection as its task sees it.
pub(crate) struct Pipe {
    pub(crate) session: SessionId,
    pub(crate) hub: mpsc::Sender<FromSocket>,
    pub(crate) queue: mpsc::UnboundedReceiver<ToSocket>,
    pub(crate) state: watch::Receiver<State>,
    /// What was written is reported in lumps of so many bytes.
    pub(crate) report_bytes: u64,
    /// Where it comes from, if the server that accepted it says so.
    pub(crate) client: Option<Client>,
}

/// Carries a connection, which the hub knows already, to its end.
pub(crate) async fn carry(socket: WebSocket, pipe: Pipe) {
    let Pipe { session, hub, queue, state, report_bytes, client } = pipe;
    let (mut sink, mut stream) = socket.split();
    let mut writer = Writer { session, hub: hub.clone(), queue, unreported: 0, report_bytes };
    let reason = tokio::select! {
        reason = writer.run(&mut sink) => reason,
        () = read(&mut stream, session, &hub, state.clone(), client.as_ref()) => None,
        reason = cut_off(state.clone()) => Some(reason),
    };
    drop(writer);
    hub.send(FromSocket::Closed { session }).await.ok();
    // A client that does not answer is cut off.
    tokio::time::timeout(CLOSE_TIMEOUT, say_goodbye(&mut sink, &mut stream, reason)).await.ok();
}

/// The hub closes the connection, and what is queued is thrown away or is not taken in time.
async fn cut_off(mut state: watch::Receiver<State>) -> CloseReason {
    let closed = state.wait_for(|state| state.closed.is_some()).await.ok().and_then(|state| state.closed);
    match closed {
        Some(reason) => {
            if !reason.at_once() {
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            }
            reason
        }
        // The hub has stopped; the writer sees that.
        None => std::future::pending().await,
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
                        self.unreported += frame.bytes();
                        sink.feed(message_of(frame)?).await.ok()?;
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

fn message_of(frame: Frame) -> Option<Message> {
    match frame {
        text @ Frame::Text(_) => Utf8Bytes::try_from(Bytes::from_owner(text)).ok().map(Message::Text),
        binary @ Frame::Binary(_) => Some(Message::Binary(Bytes::from_owner(binary))),
    }
}

/// Hands frames to the hub until the transport ends. While the hub is behind, nothing is read.
async fn read(
    stream: &mut SplitStream<WebSocket>,
    session: SessionId,
    hub: &mpsc::Sender<FromSocket>,
    mut state: watch::Receiver<State>,
    client: Option<&Client>,
) {
    loop {
        if state.wait_for(|state| !state.paused).await.is_err() {
            // The hub has closed this connection; the writer says why.
            return std::future::pending().await;
        }
        let (frame, last) = match stream.next().await {
            Some(Ok(Message::Text(text))) => (Inbound::Text(text.as_str().to_owned()), false),
            Some(Ok(Message::Binary(bytes))) => (Inbound::Binary(bytes.into()), false),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                slow_down(client).await;
                continue;
            }
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
        slow_down(client).await;
    }
}

/// An address that sends too much is not read for a while (V9).
async fn slow_down(client: Option<&Client>) {
    if let Some(Err(wait)) = client.map(Client::sent) {
        tokio::time::sleep(wait).await;
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
