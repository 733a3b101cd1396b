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
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest message that is read at all: the engine's limit is in UTF-16 units, which have up to three bytes.
const MESSAGE_BYTES: usize = limits::FRAME as usize * 3 + 1024;
/// What may wait to be written before the link counts as dead, in bytes.
const UNSENT_BYTES: usize = 16 * 1024 * 1024;
/// How long the closing handshake may take.
const CLOSE: Duration = Duration::from_secs(1);

/// What a link tells.
#[derive(Debug)]
pub(crate) enum LinkFact {
    Opened,
    Text(Utf8Bytes),
    Binary,
    /// A message above the limit; it was not read.
    Oversized,
    Closed(CloseCause),
}

/// The host's end of a link. Dropping it closes the link, after what was sent is written.
#[derive(Debug)]
pub(crate) struct Link {
    outgoing: mpsc::UnboundedSender<String>,
    unsent: Arc<AtomicUsize>,
    /// Dropped with the link; the task watches its other end.
    _held: oneshot::Sender<()>,
}

impl Link {
    /// Writes a frame. False: so much waits that the link must be dead.
    pub(crate) fn send(&self, text: String) -> bool {
        let before = self.unsent.fetch_add(text.len(), Ordering::Relaxed);
        // A task that has ended has told so, or will.
        let _ = self.outgoing.send(text);
        before < UNSENT_BYTES
    }
}

/// Opens a link. Facts are told in order; after `Closed` nothing comes.
pub(crate) fn open(
    id: LinkId,
    url: String,
    facts: mpsc::Sender<(LinkId, LinkFact)>,
) -> (Link, JoinHandle<()>) {
    let (outgoing, frames) = mpsc::unbounded_channel();
    let (held, released) = oneshot::channel();
    let unsent = Arc::new(AtomicUsize::new(0));
    let end = End { frames, unsent: Arc::clone(&unsent) };
    let link = Link { outgoing, unsent, _held: held };
    (link, tokio::spawn(run(id, url, facts, end, released)))
}

/// The task's end of what the host sends.
struct End {
    frames: mpsc::UnboundedReceiver<String>,
    unsent: Arc<AtomicUsize>,
}

impl End {
    async fn next(&mut self) -> Option<String> {
        let frame = self.frames.recv().await?;
        self.unsent.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(url: &str) -> Result<Socket, Error> {
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
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
        connected = connect(&url) => connected,
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
        while let Ok(frame) = end.frames.try_recv() {
            socket.send(Message::text(frame)).await?;
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
                match socket.send(Message::text(frame)).await {
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
        let Some(room) = room_for(facts, end, socket).await else { return };
        room.send((id, fact));
        if last {
            return;
        }
    }
}

fn heard(message: Option<Result<Message, Error>>) -> Option<LinkFact> {
    Some(match message {
        Some(Ok(Message::Text(text))) => LinkFact::Text(text),
        Some(Ok(Message::Binary(_))) => LinkFact::Binary,
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
) -> Option<mpsc::Permit<'a, (LinkId, LinkFact)>> {
    loop {
        tokio::select! {
            biased;
            room = facts.reserve() => return room.ok(),
            frame = end.next() => {
                // A socket that broke says so again when it is read.
                if socket.send(Message::text(frame?)).await.is_err() {
                    return facts.reserve().await.ok();
                }
            }
        }
    }
}

fn unopened(error: &Error) -> CloseCause {
    let busy = |error: &Error| matches!(error, Error::Http(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE);
    if busy(error) { CloseCause::Overloaded } else { CloseCause::Unreachable }
}
