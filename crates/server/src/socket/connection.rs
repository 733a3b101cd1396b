//! One WebSocket: the task that owns it and moves frames between it and the hub (V8). It decides nothing.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tidewire_hub::{CloseReason, Inbound, SessionId};
use tokio::time::Sleep;

use super::core::{Core, FromSocket, INBOX};
use super::mailbox::{Mailbox, ToSocket, Wakes};
use crate::front::Client;
use crate::websocket::{ReadError, Received, WebSocket};

/// How long a client may take to accept what is queued before a close, and then to answer the close frame.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes that are gathered before the operating system is asked to take them.
const WRITE_BYTES: usize = 64 * 1024;
/// So often messages are read before their answers are written.
const READS: usize = 4;
/// Messages that the hub is told of at once.
const TOLD: usize = 16;
/// And their bytes; one more message is read while there are fewer.
const READ_BYTES: usize = 16 * 1024;

/// A connection as its task sees it.
pub(crate) struct Pipe {
    pub(crate) session: SessionId,
    pub(crate) core: Arc<Core>,
    pub(crate) mail: Arc<Mailbox>,
    /// What was written is reported in lumps of so many bytes.
    pub(crate) report_bytes: u64,
    /// Where it comes from, if the server that accepted it says so.
    pub(crate) client: Option<Client>,
}

/// How it ended.
enum End {
    /// The hub said so.
    Hub(CloseReason),
    /// The client did, perhaps with a code.
    Client(Option<u16>),
    /// The transport broke.
    Broken,
}

/// Carries a connection, which the hub knows already, to its end.
pub(crate) async fn carry(socket: WebSocket, pipe: Pipe) {
    let mut carrier = Carrier {
        socket,
        pipe,
        messages: VecDeque::new(),
        closing: None,
        unreported: 0,
        unreadable: false,
        resting: None,
        cut_off: None,
    };
    let end = std::future::poll_fn(|cx| carrier.poll(cx)).await;
    let Carrier { mut socket, pipe, unreadable, .. } = carrier;
    pipe.core.tell(FromSocket::Closed { session: pipe.session });
    drop(pipe);
    // A client that does not answer is cut off.
    tokio::time::timeout(CLOSE_TIMEOUT, say_goodbye(&mut socket, end, unreadable)).await.ok();
}

struct Carrier {
    socket: WebSocket,
    pipe: Pipe,
    /// From the mailbox, not yet in the socket.
    messages: VecDeque<ToSocket>,
    /// What the hub wants once all is written.
    closing: Option<CloseReason>,
    /// Written, and not yet told.
    unreported: u64,
    /// What comes in makes no sense any more; the hub answers with a close.
    unreadable: bool,
    /// Nothing is read until then.
    resting: Option<Pin<Box<Sleep>>>,
    /// The hub has closed it, and so long the client may still take what is queued.
    cut_off: Option<Pin<Box<Sleep>>>,
}

impl Carrier {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.pipe.mail.disarm();
        loop {
            let written = match self.write(cx) {
                Poll::Ready(Ok(Some(reason))) => return Poll::Ready(End::Hub(reason)),
                Poll::Ready(Ok(None)) => true,
                Poll::Ready(Err(())) => return Poll::Ready(End::Broken),
                Poll::Pending => false,
            };
            let (closed, paused) = (self.pipe.mail.closed(), self.pipe.mail.is_paused());
            if let Some(reason) = closed {
                if self.is_cut_off(reason, cx) {
                    return Poll::Ready(End::Hub(reason));
                }
            } else {
                match self.read(cx) {
                    Poll::Ready(Some(end)) => return Poll::Ready(end),
                    Poll::Ready(None) => continue,
                    Poll::Pending => {}
                }
            }
            if self.pipe.mail.arm(cx.waker(), written, paused, closed) {
                return Poll::Pending;
            }
        }
    }

    /// Writes what the hub has for it; the reason if that ends with a close.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<CloseReason>, ()>> {
        loop {
            while self.closing.is_none() && self.socket.waiting() < WRITE_BYTES {
                if self.messages.is_empty() {
                    self.pipe.mail.take(&mut self.messages);
                }
                match self.messages.pop_front() {
                    Some(ToSocket::Frame(frame)) => {
                        self.unreported += frame.bytes();
                        self.socket.queue(&frame);
                    }
                    Some(ToSocket::Close(reason)) => self.closing = Some(reason),
                    None => break,
                }
            }
            let all = self.messages.is_empty();
            if self.socket.poll_flush(cx).map_err(drop)?.is_pending() {
                return Poll::Pending;
            }
            if self.unreported >= self.pipe.report_bytes {
                let bytes = std::mem::take(&mut self.unreported);
                self.pipe.core.tell(FromSocket::Flushed { session: self.pipe.session, bytes });
            }
            if self.closing.is_some() || all {
                // No memory for what may never come again.
                self.messages = VecDeque::new();
                return Poll::Ready(Ok(self.closing));
            }
        }
    }

    /// Hands what has come to the hub; nothing while the hub, the app's handlers or the client's address are behind.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        if let Some(rest) = &mut self.resting {
            std::task::ready!(rest.as_mut().poll(cx));
            self.resting = None;
        }
        // What several messages have for somebody is written at once.
        let mut wakes = Wakes::default();
        for count in 0..READS {
            wakes.wake();
            if self.unreadable || self.resting.is_some() || self.pipe.mail.is_paused() {
                return if count > 0 { Poll::Ready(None) } else { Poll::Pending };
            }
            if self.pipe.core.is_stopped() {
                return Poll::Ready(Some(End::Broken));
            }
            if self.pipe.core.waiting() > INBOX {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let (frames, end) = self.gather(cx);
            let some = !frames.is_empty();
            if some {
                self.pipe.core.receive(self.pipe.session, frames, &mut wakes);
            }
            match end {
                Poll::Ready(None) => {}
                Poll::Ready(Some(end)) => return Poll::Ready(Some(end)),
                Poll::Pending if some || count > 0 => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(None)
    }

    /// A few messages, for the hub at once, and how it goes on: pending if there are no more at the moment.
    fn gather(&mut self, cx: &mut Context<'_>) -> (Vec<Inbound>, Poll<Option<End>>) {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        let client = self.pipe.client.as_ref().map(|client| (client, client.now()));
        for _ in 0..TOLD {
            if bytes >= READ_BYTES || self.unreadable || self.resting.is_some() {
                break;
            }
            let frame = match self.socket.poll_receive(cx) {
                Poll::Pending => return (frames, Poll::Pending),
                Poll::Ready(None) => return (frames, Poll::Ready(Some(End::Broken))),
                Poll::Ready(Some(Ok(Received::Close(code)))) => {
                    return (frames, Poll::Ready(Some(End::Client(code))));
                }
                Poll::Ready(Some(Ok(Received::Text(text)))) => Some(Inbound::Text(text)),
                Poll::Ready(Some(Ok(Received::Binary(bytes)))) => Some(Inbound::Binary(bytes)),
                Poll::Ready(Some(Ok(Received::Ping(_) | Received::Pong))) => None,
                Poll::Ready(Some(Err(error))) => {
                    self.unreadable = true;
                    Some(match error {
                        ReadError::Oversized => Inbound::Oversized,
                        ReadError::Broken => Inbound::Unreadable,
                        ReadError::NoText => Inbound::NoText,
                    })
                }
            };
            bytes += match &frame {
                Some(Inbound::Text(text)) => text.len(),
                Some(Inbound::Binary(bytes)) => bytes.len(),
                _ => 0,
            };
            frames.extend(frame);
            // An address that sends too much is not read for a while (V9).
            if let Some(Err(wait)) = client.map(|(client, now)| client.sent(now)) {
                self.resting = Some(Box::pin(tokio::time::sleep(wait)));
            }
        }
        (frames, Poll::Ready(None))
    }

    /// Whether what is queued is not to be written any more.
    fn is_cut_off(&mut self, reason: CloseReason, cx: &mut Context<'_>) -> bool {
        if reason.at_once() {
            return true;
        }
        let end = self.cut_off.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_TIMEOUT)));
        end.as_mut().poll(cx).is_ready()
    }
}

async fn say_goodbye(socket: &mut WebSocket, end: End, unreadable: bool) {
    match end {
        End::Broken => return,
        // The client gets its own close frame back.
        End::Client(code) => socket.queue_close(code, ""),
        End::Hub(reason) => socket.queue_close(Some(reason.code()), reason.name()),
    }
    if socket.flush().await.is_err() {
        return;
    }
    if matches!(end, End::Hub(_)) && !unreadable {
        // Until the client's own close frame.
        while let Some(Ok(received)) = socket.receive().await {
            if matches!(received, Received::Close(_)) {
                break;
            }
        }
    }
    socket.finish().await;
}
