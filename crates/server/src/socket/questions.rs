//! Asks the app and the history what the hub wants to know, and brings the answers back: exactly one each. It does not know
//! what they decide.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use tidewire_hub::{
    Access, Answer as HubAnswer, CloseReason, Denied, Epoch, Event, Grant, Head, Input, Json, Millis,
    Namespace, Note, Offset, Output, Refusal, RequestId, SocketId, Token, Unreadable, UserId,
};

use super::access;
use super::context::{Context, Fact};
use super::core::{Core, Here, Question};
use super::packet::Packet;
use super::random::random_id;
use crate::auth::{AuthError, ConnectError, Handshake, HandshakeRequest, User};

impl Core {
    /// Asks; handlers may run `here`.
    pub(super) fn ask(self: &Arc<Self>, question: Question, here: &mut Here) {
        match question.output {
            Output::Authenticate { request, namespace, token, auth, .. } => {
                self.authenticate(request, question.request.unwrap_or_default(), namespace, token, &auth);
            }
            Output::Authorize { request, user, room } => {
                let authorizer = self.app.authorizer.clone();
                let answer = self.answer(Input::Authorized { request, result: Err(Denied::Unavailable) });
                self.runtime.spawn(async move {
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
                self.runtime.spawn(async move {
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
                self.runtime.spawn(async move {
                    let result = history.after(&room.0, after.0, limit).await;
                    let result = result.map_err(|error| unreadable(&error));
                    answer.send(Input::HistoryRead { request, result });
                });
            }
            Output::Dispatch { request, session, socket, namespace, user, name, args, behind } => {
                let user = User { id: user.0 };
                let context = Context::new(session, socket, namespace, user, self.clone());
                self.dispatch(request, &context, Event { name, args }, behind, here);
            }
            Output::Log(note) => {
                self.tally.note(&note);
                log(&note);
            }
            // These are performed while the hub is held.
            Output::Send { .. }
            | Output::Close { .. }
            | Output::Pause { .. }
            | Output::Resume { .. }
            | Output::Acked { .. } => {}
        }
    }

    /// Runs the handlers of events, one after the other, here, until one waits for something; what is left then the hub has again.
    fn dispatch(
        self: &Arc<Self>,
        request: RequestId,
        context: &Context,
        first: Event,
        behind: Vec<Event>,
        here: &mut Here,
    ) {
        let dismissals = || self.dismissals.load(Ordering::SeqCst);
        let (before, mut events) = (dismissals(), std::iter::once(first).chain(behind));
        // Whether somebody who was dismissed has more events the hub decides.
        while dismissals() == before
            && let Some(event) = events.next()
        {
            if !self.handle(request, context, event, here) {
                break;
            }
        }
        let events: Vec<Event> = events.collect();
        if !events.is_empty() {
            self.leave(Input::Returned { request, events }.into());
        }
    }

    /// Runs the handler of an event: here, if there is time and it does not wait for anything, else in a task of its own. Whether it has ended.
    fn handle(
        self: &Arc<Self>,
        request: RequestId,
        context: &Context,
        event: Event,
        here: &mut Here,
    ) -> bool {
        let Some(handler) = self.app.handlers.get(context.in_namespace(), &event.name) else {
            self.leave(Input::Handled { request, answer: HubAnswer::Unhandled }.into());
            return true;
        };
        let here = here.runs(context.session());
        let first = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let mut running = handler(context.clone(), Packet::from(event.args));
            // Whoever goes on with it registers a waker of their own.
            let first = if here {
                running.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()))
            } else {
                Poll::Pending
            };
            (first, running)
        }));
        let answer = match first {
            Ok((Poll::Ready(answer), _)) => answer_of(answer),
            Ok((Poll::Pending, running)) => {
                let answer = self.answer(Input::Handled { request, answer: failed() });
                self.runtime.spawn(async move {
                    let result = running.await;
                    answer.send(Input::Handled { request, answer: answer_of(result) });
                });
                return false;
            }
            // The panic has been told by its hook.
            Err(_) => failed(),
        };
        self.leave(Input::Handled { request, answer }.into());
        true
    }

    fn authenticate(
        self: &Arc<Self>,
        asked: RequestId,
        request: Arc<HandshakeRequest>,
        namespace: Namespace,
        token: Option<Token>,
        auth: &Json,
    ) {
        let authenticator = self.app.authenticator.clone();
        let unavailable = refusal(AuthError::Unavailable.into());
        let answer = self.answer(Input::Authenticated { request: asked, result: Err(unavailable) });
        let greet = self.app.handlers.greets(&namespace);
        // The hub has validated the JSON; what serde cannot hold is as good as nothing.
        let auth = serde_json::from_str(&auth.0).unwrap_or_default();
        let token = token.map(|token| token.0);
        let handshake = Handshake { namespace: namespace.0, token, auth, request };
        self.runtime.spawn(async move {
            let result = authenticator.connect(&handshake).await;
            let result = result.map_err(refusal).map(|granted| Grant {
                user: UserId(granted.user.id),
                socket: SocketId(random_id().into()),
                expires_in: granted.expires_at.map(remaining),
                greet,
                pid: random_id().into(),
            });
            answer.send(Input::Authenticated { request: asked, result });
        });
    }

    fn answer(self: &Arc<Self>, fallback: Input) -> Answer {
        Answer { core: self.clone(), fallback: Some(fallback) }
    }
}

/// Answers a question of the hub exactly once: with the fallback if the app's code panics.
struct Answer {
    core: Arc<Core>,
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
            self.core.tell(Fact::from(input));
        }
    }
}

/// The app's code has panicked.
fn failed() -> HubAnswer {
    HubAnswer::Acknowledged(Packet::error("Internal").into_args())
}

fn answer_of(packet: Option<Packet>) -> HubAnswer {
    packet.map_or(HubAnswer::Silent, |packet| HubAnswer::Acknowledged(packet.into_args()))
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
            | CloseReason::NoText
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
