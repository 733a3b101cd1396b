//! HTTP long-polling (V1): a GET waits for packets, a POST brings some, and a WebSocket may take the session over. A GET that
//! its client gives up, or a second one beside it, ends the session: nobody could know what had arrived. It does not know
//! what the packets mean.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tidewire_hub::{CloseReason, Frame, Inbound, SessionId};
use tidewire_wire::engine;
use tidewire_wire::limits::PAYLOAD_PACKETS;
use tokio::sync::{Mutex as Turn, watch};
use tokio::time::timeout;

use super::connection::{self, CLOSE_TIMEOUT, Pipe};
use super::core::{FromSocket, INBOX};
use super::mailbox::{Mailbox, ToSocket};
use super::{Open, Shared};
use crate::front::Client;
use crate::websocket::{Received, WebSocket};

/// While a WebSocket is tried, a GET is answered after this, so that the client can leave polling.
const NOOP_AFTER: Duration = Duration::from_millis(100);
/// A WebSocket must have taken over within this.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// Sessions that poll, by the id of their handshake.
#[derive(Default)]
pub(crate) struct Polls(Mutex<HashMap<String, Arc<Poll>>>);

impl Polls {
    pub(crate) fn get(&self, sid: &str) -> Option<Arc<Poll>> {
        self.lock().get(sid).cloned()
    }

    pub(crate) fn insert(&self, poll: &Arc<Poll>) {
        self.lock().insert(poll.sid.clone(), poll.clone());
    }

    fn remove(&self, sid: &str) {
        self.lock().remove(sid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Poll>>> {
        // Nothing that holds it can panic.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Who takes the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Polling,
    /// A WebSocket is being tried.
    Probing,
    /// It has taken over.
    Upgraded,
    Over,
}

/// One session that polls.
pub(crate) struct Poll {
    sid: String,
    session: SessionId,
    shared: Arc<Shared>,
    /// Whose it is, takes the packets: one GET, and in the end perhaps a WebSocket.
    turn: Turn<()>,
    mail: Arc<Mailbox>,
    phase: watch::Sender<Phase>,
    posting: AtomicBool,
    open: Mutex<Option<Open>>,
}

/// Why a request of a session is refused.
pub(crate) enum Refused {
    /// There is no such session, or not any more.
    Gone,
    /// It breaks the rules, which ended the session.
    Bad,
    /// Its body is too long, which ended the session.
    TooLarge,
}

impl Poll {
    pub(crate) fn new(sid: String, session: SessionId, open: Open, mail: Arc<Mailbox>) -> Arc<Poll> {
        let poll = Arc::new(Poll {
            sid,
            session,
            shared: open.0.clone(),
            turn: Turn::default(),
            mail,
            phase: watch::Sender::new(Phase::Polling),
            posting: AtomicBool::new(false),
            open: Mutex::new(Some(open)),
        });
        tokio::spawn(poll.clone().watch());
        poll
    }

    /// Ends a session that the hub has closed: what is queued may still be fetched for a while.
    async fn watch(self: Arc<Self>) {
        let mut phase = self.phase.subscribe();
        let reason = tokio::select! {
            reason = self.mail.until(Mailbox::closed) => reason,
            _ = phase.wait_for(|phase| matches!(phase, Phase::Over | Phase::Upgraded)) => return,
        };
        if !reason.at_once() {
            timeout(CLOSE_TIMEOUT, phase.wait_for(|phase| *phase == Phase::Over)).await.ok();
        }
        self.end();
    }

    /// Nobody takes or brings packets any more.
    fn end(&self) {
        if self.mark_over() {
            self.tell_over();
        }
    }

    /// From now on every request is refused; whether it was not so before.
    fn mark_over(&self) -> bool {
        self.shared.polls.remove(&self.sid);
        self.phase.send_replace(Phase::Over) != Phase::Over
    }

    fn tell_over(&self) {
        self.shared.core.tell(FromSocket::Closed { session: self.session });
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }

    /// A GET: waits for packets and takes them.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<String, Refused> {
        let begun = *self.phase.borrow();
        if matches!(begun, Phase::Over | Phase::Upgraded) {
            return Err(Refused::Gone);
        }
        let Ok(_turn) = self.turn.try_lock() else {
            self.end();
            return Err(Refused::Bad);
        };
        if *self.phase.borrow() == Phase::Upgraded {
            return Err(Refused::Gone);
        }
        let mut watched = Watched(Some(self));
        let mut phase = self.phase.subscribe();
        let mut batch = self.mail.take_some(PAYLOAD_PACKETS);
        let mut waited = false;
        if batch.is_empty() {
            waited = true;
            let noop = async {
                if begun == Phase::Polling {
                    return std::future::pending().await;
                }
                tokio::time::sleep(NOOP_AFTER).await;
            };
            tokio::select! {
                biased;
                some = self.mail.until(some_packets) => batch = some,
                _ = phase.wait_for(|phase| *phase != begun) => {}
                () = noop => {}
            }
        }
        watched.0 = None;
        let now = *self.phase.borrow();
        self.payload(batch, waited, now)
    }

    fn payload(&self, batch: Vec<ToSocket>, waited: bool, now: Phase) -> Result<String, Refused> {
        let (mut packets, mut bytes, mut closed) = (Vec::new(), 0, None);
        for message in batch {
            match message {
                ToSocket::Frame(frame) => {
                    bytes += frame.bytes();
                    packets.push(match &frame {
                        Frame::Text(text) => text.to_string(),
                        Frame::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
                    });
                }
                ToSocket::Close(reason) => closed = Some(reason),
            }
        }
        if bytes > 0 {
            self.shared.core.tell(FromSocket::Flushed { session: self.session, bytes });
        }
        if let Some(reason) = closed {
            self.end();
            // A client that said goodbye itself needs only its GET back, even one that the goodbye has overtaken.
            let came_late = packets.is_empty() && !waited && reason != CloseReason::Client;
            if reason.at_once() || came_late {
                return Err(Refused::Gone);
            }
            packets.push(if reason == CloseReason::Client { "6" } else { "1" }.to_owned());
        } else if packets.is_empty() {
            match now {
                Phase::Upgraded => return Err(Refused::Gone),
                Phase::Over => packets.push("1".to_owned()),
                Phase::Polling | Phase::Probing => packets.push("6".to_owned()),
            }
        }
        Ok(engine::join_payload(&packets))
    }

    /// A POST: hands packets to the hub, in order. While the hub is behind, it waits.
    pub(crate) async fn bring(&self, body: Body) -> Result<(), Refused> {
        if matches!(*self.phase.borrow(), Phase::Over | Phase::Upgraded) {
            return Err(Refused::Gone);
        }
        if self.posting.swap(true, Ordering::SeqCst) {
            self.end();
            return Err(Refused::Bad);
        }
        let brought = self.bring_one(body).await;
        self.posting.store(false, Ordering::SeqCst);
        if brought.is_err() {
            self.end();
        }
        brought
    }

    async fn bring_one(&self, body: Body) -> Result<(), Refused> {
        let bytes = axum::body::to_bytes(body, self.shared.frame_bytes).await;
        let bytes = bytes.map_err(|_| Refused::TooLarge)?;
        let payload = std::str::from_utf8(&bytes).map_err(|_| Refused::Bad)?;
        for packet in engine::split_payload(payload).map_err(|_| Refused::Bad)? {
            let frame = match packet.strip_prefix('b') {
                Some(encoded) => Inbound::Binary(STANDARD.decode(encoded).map_err(|_| Refused::Bad)?),
                None => {
                    engine::parse(packet).map_err(|_| Refused::Bad)?;
                    Inbound::Text(packet.to_owned())
                }
            };
            self.mail.until(may_be_read).await;
            if self.mail.closed().is_some() {
                return Err(Refused::Gone);
            }
            self.shared.core.tell(FromSocket::Received { session: self.session, frame });
            while self.shared.core.waiting() > INBOX {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Whether a WebSocket may be tried now; it must then be handed to [`Poll::upgrade`].
    pub(crate) fn begin_upgrade(&self) -> bool {
        self.phase.send_if_modified(|phase| {
            let may = *phase == Phase::Polling;
            if may {
                *phase = Phase::Probing;
            }
            may
        })
    }

    /// The WebSocket was not opened after all, or did not do what it should.
    fn stay(&self) {
        self.phase.send_if_modified(|phase| {
            let probing = *phase == Phase::Probing;
            if probing {
                *phase = Phase::Polling;
            }
            probing
        });
    }

    /// Tries a WebSocket, and if it does what it should, lets it carry the session.
    pub(crate) async fn upgrade(self: Arc<Self>, mut socket: WebSocket, client: Option<Client>) {
        if timeout(UPGRADE_TIMEOUT, probe(&mut socket)).await != Ok(Some(())) {
            return self.stay();
        }
        let taken = self.phase.send_if_modified(|phase| {
            let probing = *phase == Phase::Probing;
            if probing {
                *phase = Phase::Upgraded;
            }
            probing
        });
        if !taken {
            return;
        }
        // A GET that waits goes away now, and leaves what comes to us.
        drop(self.turn.lock().await);
        let pipe = Pipe {
            session: self.session,
            core: self.shared.core.clone(),
            mail: self.mail.clone(),
            report_bytes: self.shared.report_bytes,
            client,
        };
        let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        connection::carry(socket, pipe).await;
        // Until here the id is known, so that whoever comes with it is told that it has moved.
        self.shared.polls.remove(&self.sid);
        drop(open);
    }
}

/// What a GET takes, if there is something.
fn some_packets(mail: &Mailbox) -> Option<Vec<ToSocket>> {
    Some(mail.take_some(PAYLOAD_PACKETS)).filter(|some| !some.is_empty())
}

fn may_be_read(mail: &Mailbox) -> Option<()> {
    (!mail.is_paused()).then_some(())
}

/// The client asks whether this works, and then says that it moves.
async fn probe(socket: &mut WebSocket) -> Option<()> {
    for (asked, answer) in [("2probe", Some("3probe")), ("5", None)] {
        match socket.receive().await? {
            Ok(Received::Text(text)) if text == asked => {}
            Ok(_) | Err(_) => return None,
        }
        if let Some(answer) = answer {
            socket.queue(&Frame::from(answer.to_owned()));
            socket.flush().await.ok()?;
        }
    }
    Some(())
}

/// Ends the session if the client gives up its GET.
struct Watched<'a>(Option<&'a Arc<Poll>>);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some(poll) = self.0.take() {
            // At once, because the client may be here again already.
            if poll.mark_over() {
                poll.tell_over();
            }
        }
    }
}
