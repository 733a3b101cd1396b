//! One WebSocket link: a task that owns the socket, text in, text out. Knows no packet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tidewire_core::{CloseCause, LinkId, limits};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest message that is read at all: the engine's limit is in UTF-16 units, which have up to three bytes.
pub(super) const MESSAGE_BYTES: usize = limits::FRAME as usize * 3 + 1024;
/// What is read at once. The library fills so much memory with zeroes before each read, and keeps it: its own 128 KiB are most of what an
/// idle connection would take, and of what a single event would cost.
const READ_BYTES: usize = 4 * 1024;
/// What may wait to be written before the link counts as dead, in bytes.
const UNSENT_BYTES: usize = 16 * 1024 * 1024;
/// Above this much that waits a link takes no more volatile emits; below it, it does again.
const CROWDED_BYTES: usize = 64 * 1024;
/// How long the closing handshake may take.
pub(super) const CLOSE: Duration = Duration::from_secs(1);

/// What a link tells.
#[derive(Debug)]
pub(crate) enum LinkFact {
    Opened,
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Whether it takes more without queueing much.
    Writable(bool),
    /// A message above the limit; it was not read.
    Oversized,
    Closed(CloseCause),
}

/// The host's end of a link. Dropping it closes the link, after what was sent is written.
#[derive(Debug)]
pub(crate) struct Link {
    outgoing: mpsc::UnboundedSender<Message>,
    unsent: Arc<AtomicUsize>,
    /// Dropped with the link; the task watches its other end.
    _held: oneshot::Sender<()>,
}

impl Link {
    /// A link, and what its task works with.
    pub(super) fn pair() -> (Link, End, oneshot::Receiver<()>) {
        let (outgoing, frames) = mpsc::unbounded_channel();
        let (held, released) = oneshot::channel();
        let unsent = Arc::new(AtomicUsize::new(0));
        let end = End { frames, unsent: Arc::clone(&unsent) };
        (Link { outgoing, unsent, _held: held }, end, released)
    }

    /// Writes a message.
    pub(crate) fn send(&self, message: Message) -> Sent {
        let (before, length) = (self.unsent.load(Ordering::Relaxed), message.len());
        self.unsent.fetch_add(length, Ordering::Relaxed);
        // A task that has ended has told so, or will.
        let _ = self.outgoing.send(message);
        match before + length {
            _ if before >= UNSENT_BYTES => Sent::Dead,
            _ if before >= CROWDED_BYTES => Sent::Fine,
            after if after >= CROWDED_BYTES => Sent::Crowded,
            _ => Sent::Fine,
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Fine,
    /// From now on much waits.
    Crowded,
    /// So much waits that the link must be dead.
    Dead,
}

/// Opens a link. Facts are told in order; after `Closed` nothing comes.
pub(crate) fn open(
    id: LinkId,
    url: String,
    facts: mpsc::Sender<(LinkId, LinkFact)>,
) -> (Link, JoinHandle<()>) {
    let (link, end, released) = Link::pair();
    (link, tokio::spawn(run(id, url, facts, end, released)))
}

/// The task's end of what the host sends.
pub(super) struct End {
    frames: mpsc::UnboundedReceiver<Message>,
    unsent: Arc<AtomicUsize>,
}

impl End {
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.frames.recv().await
    }

    pub(super) fn try_next(&mut self) -> Option<Message> {
        self.frames.try_recv().ok()
    }

    /// A message was written; true when the link is crowded no more.
    pub(super) fn wrote(&self, length: usize) -> bool {
        let before = self.unsent.fetch_sub(length, Ordering::Relaxed);
        before >= CROWDED_BYTES && before - length < CROWDED_BYTES
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(url: &str) -> Result<Socket, Error> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    #[cfg(feature = "tls")]
    let connecting = tokio_tungstenite::connect_async_tls_with_config(
        url,
        Some(config),
        true,
        url.starts_with("wss:").then(super::tls::socket).flatten(),
    );
    #[cfg(not(feature = "tls"))]
    let connecting = tokio_tungstenite::connect_async_with_config(url, Some(config), true);
    connecting.await.map(|(socket, _)| socket)
}

async fn run(
    id: LinkId,
    url: String,
    facts: mpsc::Sender<(LinkId, LinkFact)>,
    mut end: End,
    mut released: oneshot::Receiver<()>,
) {
    let connected = tokio::select! {
        // In a box that goes: the handshake's state would stay in this task's for as long as the link lives.
        connected = Box::pin(connect(&url)) => connected,
        _ = &mut released => return,
    };
    let mut socket = match connected {
        Ok(socket) => socket,
        Err(error) => {
            let _ = facts.send((id, LinkFact::Closed(unopened(&error)))).await;
            return;
        }
    };
    tokio::select! {
        () = pump(id, &facts, &mut end, &mut socket) => {}
        _ = &mut released => {}
    }
    // A peer that does not read must not keep us; whatever it may still want to say is not heard.
    let goodbye = async {
        while let Some(frame) = end.try_next() {
            socket.send(frame).await?;
        }
        socket.close(None).await
    };
    let _ = timeout(CLOSE, goodbye).await;
}

async fn pump(id: LinkId, facts: &mpsc::Sender<(LinkId, LinkFact)>, end: &mut End, socket: &mut Socket) {
    if facts.send((id, LinkFact::Opened)).await.is_err() {
        return;
    }
    loop {
        let fact = tokio::select! {
            frame = end.next() => {
                let Some(frame) = frame else { return };
                let length = frame.len();
                match socket.send(frame).await {
                    Ok(()) if end.wrote(length) => LinkFact::Writable(true),
                    Ok(()) => continue,
                    Err(_) => LinkFact::Closed(CloseCause::Lost),
                }
            }
            message = socket.next() => match heard(message) {
                Some(fact) => fact,
                None => continue,
            },
        };
        let last = matches!(fact, LinkFact::Closed(_) | LinkFact::Oversized);
        let mut writable = false;
        let Some(room) = room_for(facts, end, socket, &mut writable).await else { return };
        room.send((id, fact));
        if writable && facts.send((id, LinkFact::Writable(true))).await.is_err() {
            return;
        }
        if last {
            return;
        }
    }
}

fn heard(message: Option<Result<Message, Error>>) -> Option<LinkFact> {
    Some(match message {
        Some(Ok(Message::Text(text))) => LinkFact::Text(text),
        Some(Ok(Message::Binary(bytes))) => LinkFact::Binary(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return None,
        Some(Ok(Message::Close(frame))) => LinkFact::Closed(match frame.map(|frame| frame.code) {
            Some(CloseCode::Restart | CloseCode::Again) => CloseCause::Overloaded,
            Some(_) | None => CloseCause::Lost,
        }),
        Some(Err(Error::Capacity(_))) => LinkFact::Oversized,
        Some(Err(_)) | None => LinkFact::Closed(CloseCause::Lost),
    })
}

/// Waits until the host takes another fact. Writing goes on meanwhile, or two slow ends would wait for each other.
async fn room_for<'a>(
    facts: &'a mpsc::Sender<(LinkId, LinkFact)>,
    end: &mut End,
    socket: &mut Socket,
    writable: &mut bool,
) -> Option<mpsc::Permit<'a, (LinkId, LinkFact)>> {
    loop {
        tokio::select! {
            biased;
            room = facts.reserve() => return room.ok(),
            frame = end.next() => {
                let frame = frame?;
                let length = frame.len();
                // A socket that broke says so again when it is read.
                if socket.send(frame).await.is_err() {
                    return facts.reserve().await.ok();
                }
                if end.wrote(length) {
                    *writable = true;
                }
            }
        }
    }
}

fn unopened(error: &Error) -> CloseCause {
    let busy = |error: &Error| matches!(error, Error::Http(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE);
    if busy(error) { CloseCause::Overloaded } else { CloseCause::Unreachable }
}
