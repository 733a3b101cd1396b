//! The engine's outputs, one by one.

use std::sync::Arc;

use serde_json::Value;
use tidewire_core::{
    AuthResult, EmitId, EmitResult, Event as CoreEvent, FetchId, Input, LinkId, Output, Payload, Request,
    RequestFailure, Response, limits,
};
use tidewire_wire::http as names;
use tokio_tungstenite::tungstenite::Message;

use super::{Fact, Host};
use crate::emit::{Acknowledgement, EmitError};
use crate::event::{Event, Reply};
use crate::net::socket::Sent;
use crate::net::{HttpAnswer, HttpError, HttpRequest, socket};
use crate::status::Notice;
use crate::store::Step;
use crate::store::worker::Job;
use crate::token::TokenAnswer;

impl Host {
    pub(super) fn perform(&mut self, output: Output) {
        match output {
            // If the store's thread is gone, its answer never comes, and nothing is promised.
            Output::Load { load } => drop(self.ports.jobs.send(Job::Load(load))),
            Output::Read { load, key } => drop(self.ports.jobs.send(Job::Read(load, key))),
            Output::Persist { persist, key, value, fence: _ } => {
                // One process holds the store, so there is nobody to be fenced from.
                drop(self.ports.jobs.send(Job::Persist(persist, Step { key, value })));
            }
            // There are no other tabs, and no definitions with versions or verification here yet.
            Output::Broadcast { .. } | Output::TakeLead {} | Output::Quiet {} => {}
            Output::Upcast { write, .. } => self.later.push_back(Input::Upcasted { write, result: None }),
            Output::Verify { write, .. } => {
                self.later.push_back(Input::Verified { write, found: tidewire_core::Found::Unknown {} });
            }
            Output::ReloadNeeded {} => (self.ports.notice)(&Notice::ReloadNeeded),
            Output::FetchAuth { auth, fresh } => {
                let (tokens, facts) = (Arc::clone(&self.ports.tokens), self.ports.facts.clone());
                tokio::spawn(async move {
                    let result = match tokens.ask(fresh).await {
                        TokenAnswer::Token(token) => {
                            AuthResult::Token { token: Payload(token.expose().to_owned()) }
                        }
                        TokenAnswer::Anonymous => AuthResult::Anonymous {},
                        TokenAnswer::SignedOut => AuthResult::Missing {},
                        TokenAnswer::Unavailable => AuthResult::Failed {},
                    };
                    let _ = facts.send(Fact::Auth(auth, result));
                });
            }
            // The engine was not told that there is any other transport.
            Output::Open { link, transport: _, url } => {
                let origin = self.ports.origin.or_told(url.as_deref());
                let (open, task) = socket::open(link, origin.socket_url(), self.frames.clone());
                self.links.insert(link, open);
                self.link_tasks.retain(|task| !task.is_finished());
                self.link_tasks.push(task);
            }
            Output::Send { link, text, body } => self.send(link, text.0, body),
            Output::SendBinary { link, body } => {
                if let Some(bytes) = self.bodies.attachment(body) {
                    self.write(link, Message::binary(bytes));
                }
            }
            Output::Namespace { namespace, state } => {
                if let Some(sender) = self.namespaces.get(&namespace) {
                    sender.send_replace(state);
                }
            }
            Output::Close { link } => drop(self.links.remove(&link)),
            Output::Fetch { fetch, request } => self.fetch(fetch, request),
            Output::Abort { fetch } => {
                if let Some(task) = self.fetches.remove(&fetch) {
                    task.abort();
                    self.later.push_back(Input::RequestFailed { fetch, cause: RequestFailure::Aborted });
                }
            }
            Output::Event(event) => self.event(event),
            Output::Release { bodies } => bodies.into_iter().for_each(|body| self.bodies.release(body)),
            Output::Emitted { emit, result } => self.on_emitted(emit, result),
            Output::Room { room, state } => self.rooms.set_state(&room, &state),
            // Neither is asked for yet.
            Output::Renamed { .. } | Output::Exported { .. } | Output::PassDone { .. } => {}
            // This host has no cache yet, submits no write with a layer, and lists no writes of earlier lives.
            Output::LayerAdded { .. } | Output::LayerRetired { .. } | Output::WriteFound { .. } => {}
            Output::Refetch { queries, reason: _ } => {
                for query in queries {
                    self.rooms.missed(query);
                    self.later.push_back(Input::QueryGone { query });
                }
            }
            Output::Connection { state } => self.ports.status.send_modify(|status| status.connection = state),
            Output::Outbox { status: outbox } => {
                self.ports.status.send_modify(|status| status.outbox = outbox);
            }
            Output::Write { write, state } => {
                if let Some(progress) = self.writes.get(&write) {
                    let mut last = false;
                    progress.send_modify(|progress| last = progress.advance(state));
                    if last {
                        self.writes.remove(&write);
                    }
                }
            }
            Output::Client { client } => drop(self.ports.client_id.send_replace(Some(client.0))),
            Output::Quarantined { key, reason } => {
                (self.ports.notice)(&Notice::Quarantined { key, reason });
            }
            Output::Log { note } => (self.ports.notice)(&Notice::Note(note)),
        }
    }

    fn send(&mut self, link: LinkId, mut text: String, body: Option<tidewire_core::BodyId>) {
        if let Some(body) = body {
            let Some(args) = self.bodies.text(body) else { return };
            text.push_str(args);
            text.push(']');
        }
        self.write(link, Message::text(text));
    }

    fn write(&mut self, link: LinkId, message: Message) {
        let Some(open) = self.links.get(&link) else { return };
        match open.send(message) {
            Sent::Fine => {}
            Sent::Crowded => self.later.push_back(Input::Writable { link, on: false }),
            Sent::Dead => {
                self.links.remove(&link);
                let cause = tidewire_core::CloseCause::Lost;
                self.later.push_back(Input::Closed { link, cause });
            }
        }
    }

    fn fetch(&mut self, fetch: FetchId, request: Request) {
        let (http, tokens) = (self.ports.http.clone(), Arc::clone(&self.ports.tokens));
        let facts = self.ports.facts.clone();
        let request = HttpRequest {
            method: request.method,
            path: request.path,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            json: request.body.map(|body| body.0),
        };
        let task = tokio::spawn(async move {
            let fact = match tokens.known_or_ask().await {
                TokenAnswer::Token(token) => Fact::Responded(fetch, http.send(request, Some(&token)).await),
                // Signed out: the server's 401 says so, and the engine knows what to do then.
                TokenAnswer::Anonymous | TokenAnswer::SignedOut => {
                    Fact::Responded(fetch, http.send(request, None).await)
                }
                TokenAnswer::Unavailable => Fact::NoToken(fetch),
            };
            let _ = facts.send(fact);
        });
        self.fetches.insert(fetch, task);
    }

    fn event(&mut self, event: CoreEvent) {
        let Some(incoming) = self.bodies.incoming(event.body) else { return };
        let reply = event
            .ack
            .filter(|_| event.dispatch)
            .and_then(|ack| Some(Reply { orders: self.ports.orders.upgrade()?, ack }));
        let heard = Event {
            namespace: event.namespace,
            attachments: self.bodies.attachments(&event.attachments).into(),
            name: event.name,
            body: incoming,
            skip: usize::from(event.skip),
            position: event.position,
            write: event.write,
            own: event.own,
            replayed: event.replayed,
            reply,
        };
        if event.dispatch {
            self.subscribers.retain(|subscriber| subscriber.push(heard.clone()));
        }
        self.rooms.hear(&heard, event.dispatch, &event.apply);
    }

    fn on_emitted(&mut self, emit: EmitId, result: EmitResult) {
        let result = match result {
            EmitResult::Sent {} => Ok(Acknowledgement::default()),
            EmitResult::Answered { body, attachments: ids } => {
                let answer = self.bodies.incoming(body);
                let attachments = self.bodies.attachments(&ids);
                ids.into_iter().chain([body]).for_each(|body| self.bodies.release(body));
                let args = match answer.map(Arc::unwrap_or_clone) {
                    Some(Value::Array(args)) => args,
                    Some(_) | None => Vec::new(),
                };
                Ok(Acknowledgement { args, attachments })
            }
            EmitResult::TimedOut {} => Err(EmitError::TimedOut),
            EmitResult::MaybeLost {} => Err(EmitError::MaybeLost),
            EmitResult::Dropped {} => Err(EmitError::Dropped),
            EmitResult::Unknown {} => Err(EmitError::Unknown),
        };
        self.emitted(emit, result);
    }
}

/// An answer, as the engine wants it.
pub(super) fn responded(fetch: FetchId, result: Result<HttpAnswer, HttpError>) -> Input {
    match result {
        Ok(answer) => {
            let header = |name: &str| answer.header(name).map(str::to_owned);
            Input::Responded {
                fetch,
                response: Response {
                    status: answer.status,
                    outcome: header(names::OUTCOME),
                    retry_after: header(names::RETRY_AFTER),
                    content_type: header("content-type"),
                    redirected: false,
                    accepted: None,
                    names: Vec::new(),
                    body: answer.body.filter(|body| body.len() <= limits::STORED_ANSWER).map(Payload),
                },
            }
        }
        Err(HttpError::Network(_)) => Input::RequestFailed { fetch, cause: RequestFailure::Network },
        Err(HttpError::Malformed) => Input::RequestFailed { fetch, cause: RequestFailure::Host },
    }
}
