//! The task that owns the hub: it feeds facts in and performs effects. It decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidewire_hub::{
    self as hub, Access, CloseReason, Denied, Epoch, Frame, Grant, Head, Hub, Input, Json, Millis, Namespace,
    Note, Offset, Output, Refusal, RequestId, SessionId, SocketId, Timestamp, Token, Transport, Unreadable,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::access::{self, RoomAuthorizer};
use super::context::{Asked, Context, Fact};
use super::handlers::Handlers;
use super::packet::Packet;
use super::random::random_id;
use super::tally::{self, Tally};
use crate::auth::{AuthError, Authenticator, ConnectError, Handshake, HandshakeRequest, User};
use crate::event::{History, RoomEvent};

/// What a connection's task is told, in order.
pub(crate) enum ToSocket {
    Frame(Frame),
    Close(CloseReason),
}

/// The hub's end of a connection.
pub(crate) struct Link {
    pub(crate) frames: mpsc::UnboundedSender<ToSocket>,
    pub(crate) state: watch::Sender<State>,
    /// How it began; kept while somebody may still ask for a session.
    pub(crate) request: Option<Arc<HandshakeRequest>>,
}

/// What the hub wants of a connection's reading side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    pub(crate) paused: bool,
    /// The hub has closed the connection.
    pub(crate) closed: Option<CloseReason>,
}

/// What connections tell the hub's task.
pub(crate) enum FromSocket {
    Opened { session: SessionId, sid: String, transport: Transport, link: Link },
    Received { session: SessionId, frame: tidewire_hub::Inbound },
    Flushed { session: SessionId, bytes: u64 },
    Closed { session: SessionId },
}

/// What the app decides, and where history is read.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) authorizer: Arc<dyn RoomAuthorizer>,
    pub(crate) history: Arc<dyn History>,
    pub(crate) handlers: Handlers,
}

pub(crate) struct HubTask {
    hub: Hub,
    app: App,
    links: BTreeMap<SessionId, Link>,
    facts: mpsc::UnboundedSender<Fact>,
    /// Connections whose CONNECT is being judged.
    judging: BTreeMap<RequestId, SessionId>,
    asked: Asked,
    tally: Arc<Tally>,
    zero: Instant,
}

/// Where facts come from.
pub(crate) struct Sources {
    pub(crate) sockets: mpsc::Receiver<FromSocket>,
    pub(crate) facts: mpsc::UnboundedReceiver<Fact>,
    pub(crate) feed: mpsc::UnboundedReceiver<Vec<RoomEvent>>,
}

impl HubTask {
    pub(crate) fn new(hub: Hub, app: App, facts: mpsc::UnboundedSender<Fact>, tally: Arc<Tally>) -> Self {
        HubTask {
            hub,
            app,
            links: BTreeMap::new(),
            facts,
            judging: BTreeMap::new(),
            asked: Asked::default(),
            tally,
            zero: Instant::now(),
        }
    }

    /// Runs until nobody can reach it any more.
    pub(crate) async fn run(mut self, mut sources: Sources) {
        let mut feeding = true;
        loop {
            let deadline = self.hub.poll_timeout();
            let at = deadline.map(|at| self.zero + Duration::from_millis(at.0));
            let input = tokio::select! {
                events = sources.feed.recv(), if feeding => match events {
                    Some(events) => Input::Committed(events),
                    None => {
                        feeding = false;
                        continue;
                    }
                },
                Some(fact) = sources.facts.recv() => self.learn(fact),
                message = sources.sockets.recv() => match message {
                    Some(message) => self.admit(message),
                    None => return,
                },
                () = sleep_until(at) => Input::Timeout,
            };
            let now = self.now();
            self.hub.handle(input, now);
            while let Some(output) = self.hub.poll_output() {
                self.perform(output);
            }
        }
    }

    /// Rounded down, as tokio's timers are rounded up: a deadline that woke us has passed.
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn admit(&mut self, message: FromSocket) -> Input {
        match message {
            FromSocket::Opened { session, sid, transport, link } => {
                self.links.insert(session, link);
                Input::Opened { session, sid, transport }
            }
            FromSocket::Received { session, frame } => {
                tally::add(&self.tally.frames_in, 1);
                Input::Received { session, frame }
            }
            FromSocket::Flushed { session, bytes } => Input::Flushed { session, bytes },
            FromSocket::Closed { session } => {
                self.links.remove(&session);
                Input::Closed { session }
            }
        }
    }

    fn learn(&mut self, fact: Fact) -> Input {
        let input = match fact {
            Fact::Input(input) => input,
            Fact::Ask { session, name, packet, within, answer } => {
                let ack = Some((self.asked.add(answer), within));
                return Input::Emit { session, name, args: packet.into_args(), ack };
            }
        };
        if let Input::Authenticated { request, result } = &input {
            let link = self.judging.remove(request).and_then(|session| self.links.get_mut(&session));
            // Nobody asks again: what the request said is not kept for the life of the connection.
            let over = result.is_ok() && self.app.handlers.namespaces().is_empty();
            if let Some(link) = link.filter(|_| over) {
                link.request = None;
            }
        }
        input
    }

    // A closed channel means that the connection's task has ended; it has told, or tells, `Closed`.
    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { session, frame } => {
                if let Some(link) = self.links.get(&session) {
                    tally::add(&self.tally.frames_out, 1);
                    tally::add(&self.tally.bytes_out, frame.bytes());
                    link.frames.send(ToSocket::Frame(frame)).ok();
                }
            }
            Output::Close { session, reason } => {
                if let Some(link) = self.links.remove(&session) {
                    link.frames.send(ToSocket::Close(reason)).ok();
                    link.state.send(State { paused: false, closed: Some(reason) }).ok();
                }
            }
            Output::Pause { session } => self.pause(session, true),
            Output::Resume { session } => self.pause(session, false),
            Output::Authenticate { request, link, namespace, token, auth } => {
                self.authenticate(request, link, namespace, token, &auth);
            }
            Output::Acked { ack, answer } => self.asked.settle(ack, answer),
            Output::Authorize { request, user, room } => {
                let authorizer = self.app.authorizer.clone();
                let fallback = Input::Authorized { request, result: Err(Denied::Unavailable) };
                let answer = self.answer(fallback);
                tokio::spawn(async move {
                    let result = authorizer.authorize(&User { id: user.0 }, &room.0).await;
                    let result = match result {
                        Ok(access) => Ok(Access { earliest: Offset(access.earliest_offset) }),
                        Err(access::Denied::Unauthorized) => Err(Denied::Unauthorized),
                        Err(access::Denied::Unavailable) => Err(Denied::Unavailable),
                    };
                    answer.send(Input::Authorized { request, result });
                });
            }
            Output::ReadHead { request, room } => {
                let history = self.app.history.clone();
                let answer = self.answer(Input::HeadRead { request, result: Err(Unreadable) });
                tokio::spawn(async move {
                    let result = history.head(&room.0).await;
                    let result = result
                        .map_err(|error| unreadable(&error))
                        .map(|(epoch, offset)| Head { epoch: Epoch(epoch), offset: Offset(offset) });
                    answer.send(Input::HeadRead { request, result });
                });
            }
            Output::ReadHistory { request, room, after, limit } => {
                let history = self.app.history.clone();
                let answer = self.answer(Input::HistoryRead { request, result: Err(Unreadable) });
                tokio::spawn(async move {
                    let result = history.after(&room.0, after.0, limit).await;
                    let result = result.map_err(|error| unreadable(&error));
                    answer.send(Input::HistoryRead { request, result });
                });
            }
            Output::Dispatch { request, session, socket, namespace, user, name, args } => {
                let handlers = self.app.handlers.clone();
                let user = User { id: user.0 };
                let context = Context { session, socket, namespace, user, facts: self.facts.clone() };
                let failed = hub::Answer::Acknowledged(Packet::error("Internal").into_args());
                let answer = self.answer(Input::Handled { request, answer: failed });
                tokio::spawn(async move {
                    let result = handlers.run(context, &name, Packet::from(args)).await;
                    answer.send(Input::Handled { request, answer: result });
                });
            }
            Output::Log(note) => {
                self.tally.note(&note);
                log(&note);
            }
        }
    }

    fn pause(&self, session: SessionId, paused: bool) {
        if let Some(link) = self.links.get(&session) {
            link.state.send_modify(|state| state.paused = paused);
        }
    }

    fn authenticate(
        &mut self,
        request: RequestId,
        link: SessionId,
        namespace: Namespace,
        token: Option<Token>,
        auth: &Json,
    ) {
        let authenticator = self.app.authenticator.clone();
        let unavailable = refusal(AuthError::Unavailable.into());
        let answer = self.answer(Input::Authenticated { request, result: Err(unavailable) });
        let greet = self.app.handlers.greets(&namespace);
        // The hub has validated the JSON; what serde cannot hold is as good as nothing.
        let auth = serde_json::from_str(&auth.0).unwrap_or_default();
        let handshake = Handshake {
            namespace: namespace.0,
            token: token.map(|token| token.0),
            auth,
            request: self.links.get(&link).and_then(|link| link.request.clone()).unwrap_or_default(),
        };
        self.judging.insert(request, link);
        tokio::spawn(async move {
            let result = authenticator.connect(&handshake).await;
            let result = result.map_err(refusal).map(|granted| Grant {
                user: tidewire_hub::UserId(granted.user.id),
                socket: SocketId(random_id().into()),
                expires_in: granted.expires_at.map(remaining),
                greet,
                pid: random_id().into(),
            });
            answer.send(Input::Authenticated { request, result });
        });
    }

    fn answer(&self, fallback: Input) -> Answer {
        Answer { facts: self.facts.clone(), fallback: Some(fallback) }
    }
}

/// Answers a question of the hub exactly once: with the fallback if the app's code panics.
struct Answer {
    facts: mpsc::UnboundedSender<Fact>,
    fallback: Option<Input>,
}

impl Answer {
    fn send(mut self, input: Input) {
        self.fallback = Some(input);
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(input) = self.fallback.take() {
            // Without a hub nobody waits for it.
            self.facts.send(input.into()).ok();
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn refusal(error: ConnectError) -> Refusal {
    let ConnectError { code, message, data } = error;
    Refusal { code, message, data: data.map(|data| Json(data.to_string())) }
}

fn remaining(expires_at: u64) -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Millis(expires_at.saturating_sub(now).saturating_mul(1000))
}

fn unreadable(error: &dyn std::error::Error) -> Unreadable {
    tracing::error!(%error, "a room's history cannot be read");
    Unreadable
}

fn log(note: &Note) {
    match note {
        Note::Closed { session, reason } => match reason {
            CloseReason::Client | CloseReason::Replaced | CloseReason::Drain => {
                tracing::debug!(%session, %reason, "connection closed");
            }
            CloseReason::NoConnect
            | CloseReason::NotConnected
            | CloseReason::AlreadyConnected
            | CloseReason::Malformed(_)
            | CloseReason::WebSocket
            | CloseReason::Oversized
            | CloseReason::Binary
            | CloseReason::PingTimeout
            | CloseReason::Slow
            | CloseReason::TokenExpired
            | CloseReason::HistoryLost
            | CloseReason::Unavailable => tracing::info!(%session, %reason, "connection closed"),
        },
        Note::Refused { session, code } => tracing::info!(%session, code, "CONNECT refused"),
        Note::TokenRefused { session, code } => tracing::info!(%session, code, "fresh token refused"),
        Note::Removed { session, room } => {
            tracing::info!(%session, %room, "taken out of a room after a fresh token");
        }
        Note::Limited { session, pause } => {
            tracing::info!(%session, pause = pause.0, "sends too much: nothing is read of it for a while");
        }
        Note::JoinRefused { session, room, error } => {
            tracing::info!(%session, %room, error, "join refused");
        }
        Note::BroadcastRefused { room } => {
            tracing::warn!(%room, "an ephemeral event from outside its room, or with a bad name, was dropped");
        }
        Note::FeedGap { room, missing } => {
            tracing::warn!(%room, %missing, "the feed skipped events; they are read from the history");
        }
    }
}
