//! Events on their way to the app: what one is, and the queues that carry them. Decides not which event is new.
//!
//! A queue never drops: when a reader is [`QUEUE`] events behind, the host stops reading the link until it has caught up,
//! and the server's history covers what a link that dies meanwhile would have brought.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use hyper::body::Bytes;
use serde_json::Value;
use tidewire_core::{AckToken, Position, RoomState, WriteId};
use tokio::sync::{Notify, mpsc};

use crate::emit::{Args, attached};
use crate::host::Order;

/// Events that may wait in one queue before the link is not read any more.
pub const QUEUE: usize = 1024;

/// An event of the server.
#[derive(Clone)]
pub struct Event {
    pub(crate) namespace: Option<String>,
    pub(crate) attachments: Arc<[Bytes]>,
    pub(crate) name: String,
    pub(crate) body: Arc<Value>,
    pub(crate) skip: usize,
    pub(crate) position: Option<Position>,
    pub(crate) write: Option<WriteId>,
    pub(crate) own: bool,
    pub(crate) replayed: bool,
    pub(crate) reply: Option<Reply>,
}

/// Where an acknowledgement of the app goes.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) ack: AckToken,
}

impl Event {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace, unless it is the client's own.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Its binary parts, for which values in the arguments stand.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The bytes that this value stands for.
    #[must_use]
    pub fn attachment(&self, value: &Value) -> Option<&Bytes> {
        attached(value, &self.attachments)
    }

    /// Its arguments.
    #[must_use]
    pub fn args(&self) -> &[Value] {
        self.body.as_array().and_then(|all| all.get(self.skip..)).unwrap_or_default()
    }

    /// Its first argument, or `null`.
    #[must_use]
    pub fn payload(&self) -> &Value {
        self.args().first().unwrap_or(&Value::Null)
    }

    /// Its room and its place in that room's history; none for ephemeral events and those of foreign servers.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The write that caused it.
    #[must_use]
    pub fn write(&self) -> Option<&WriteId> {
        self.write.as_ref()
    }

    /// Whether a write of this client caused it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// Whether it came from history, after an absence.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// Whether the server waits for an acknowledgement.
    #[must_use]
    pub fn wants_reply(&self) -> bool {
        self.reply.is_some()
    }

    /// Acknowledges it, on the link that it came on; without one, or without a wish for it, this does nothing.
    pub fn reply(&self, args: impl Into<Args>) {
        if let Some(Reply { orders, ack }) = &self.reply {
            let _ = orders.send(Order::Reply { ack: ack.clone(), args: args.into() });
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name)
            .field("position", &self.position)
            .field("args", &self.args().len())
            .finish_non_exhaustive()
    }
}

/// Arguments as JSON without the outer brackets.
pub(crate) fn join(args: &[Value]) -> String {
    args.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

/// What a listener of a room hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// An event.
    Event(Event),
    /// The room's state changed.
    Room(RoomState),
    /// Events between the last one and the next are lost: the server's history does not reach back so far.
    Missed,
}

/// What waits in a queue, and who is told when there is room again.
#[derive(Debug)]
struct Level {
    waiting: AtomicUsize,
    freed: Arc<Notify>,
}

/// The host's end of a queue.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    sender: mpsc::UnboundedSender<T>,
    level: Arc<Level>,
}

impl<T> Feed<T> {
    /// False: nobody reads any more.
    pub(crate) fn push(&self, item: T) -> bool {
        self.level.waiting.fetch_add(1, Ordering::Relaxed);
        self.sender.send(item).is_ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(crate) fn is_full(&self) -> bool {
        !self.sender.is_closed() && self.level.waiting.load(Ordering::Relaxed) >= QUEUE
    }
}

/// The reader's end of a queue: a [`Stream`] that ends with the client.
#[derive(Debug)]
pub struct Queue<T> {
    receiver: mpsc::UnboundedReceiver<T>,
    level: Arc<Level>,
}

/// All events of a client.
pub type Events = Queue<Event>;

pub(crate) fn queue<T>(freed: Arc<Notify>) -> (Feed<T>, Queue<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let level = Arc::new(Level { waiting: AtomicUsize::new(0), freed });
    (Feed { sender, level: Arc::clone(&level) }, Queue { receiver, level })
}

impl<T> Queue<T> {
    /// The next one; `None` when the client has ended.
    pub async fn next(&mut self) -> Option<T> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// The next one, if it is here already.
    pub fn take_ready(&mut self) -> Option<T> {
        let item = self.receiver.try_recv().ok()?;
        self.read_one();
        Some(item)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = self.receiver.poll_recv(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.read_one();
        }
        polled
    }

    fn read_one(&self) {
        if self.level.waiting.fetch_sub(1, Ordering::Relaxed) == QUEUE {
            self.level.freed.notify_one();
        }
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.receiver.close();
        self.level.freed.notify_one();
    }
}

impl<T> Unpin for Queue<T> {}

impl<T> Stream for Queue<T> {
    type Item = T;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll(cx)
    }
}
