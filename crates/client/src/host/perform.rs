//! The engine's outputs, one by one.

use std::sync::Arc;

use serde_json::Value;
use tidewire_core::{
    AuthResult, ConnectionState, EmitId, EmitResult, Event as CoreEvent, FetchId, Found, Input, LinkId,
    Output, Payload, QueryId, ReadId, Request, RequestFailure, Resolution, Response, Transport, WriteId,
    WriteState, limits,
};
use tidewire_wire::http as names;
use tokio_tungstenite::tungstenite::Message;

use super::writes::Facts;
use super::{Fact, Fetching, Host};
use crate::cache::{Fetcher, Operation, guarded};
use crate::emit::{Acknowledgement, EmitError};
use crate::event::{Event, Reply};
use crate::net::socket::Sent;
use crate::net::{HttpAnswer, HttpError, HttpRequest, polling, socket};
use crate::query::{QueryError, Reader};
use crate::queue::PassResult;
use crate::runtime::AbortOnDrop;
use crate::status::Notice;
use crate::store::Step;
use crate::store::worker::Job;
use crate::token::TokenAnswer;
use crate::write::Answer;

impl Host {
    pub(super) fn perform(&mut self, output: Output) {
        match output {
            Output::Load { load } => self.ports.store.give(Job::Load(load)),
            Output::Read { load, key } => self.ports.store.give(Job::Read(load, key)),
            Output::Persist { persist, key, value, fence: _ } => {
                // Bases that carry a write are stored before its record may go.
                self.cache.flush().into_iter().for_each(|step| self.put(step));
                // One process holds the store, so there is nobody to be fenced from.
                self.ports.store.give(Job::Persist(persist, Step { key, value }));
            }
            // One process holds the store: there are no other tabs.
            Output::Broadcast { .. } | Output::TakeLead {} => {}
            Output::Quiet {} => {
                for reply in self.quiet.drain(..) {
                    let _ = reply.send(());
                }
            }
            Output::Upcast { write, name, version, variables } => {
                let result = self.definitions.upcast(&Facts { name, version, variables });
                self.later.push_back(Input::Upcasted { write, result });
            }
            Output::Verify { write, name, version, variables } => {
                self.verify(write, &Facts { name, version, variables });
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
            Output::Open { link, transport, url } => {
                let origin = self.ports.origin.or_told(url.as_deref());
                let (open, task) = match transport {
                    Transport::WebSocket => socket::open(link, origin.socket_url(), self.frames.clone()),
                    Transport::Polling => polling::open(link, origin.polling_url(), self.frames.clone()),
                };
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
            Output::Close { link } => {
                self.unpack(link);
                drop(self.links.remove(&link));
            }
            Output::Fetch { fetch, request } => self.fetch(fetch, request),
            Output::Abort { fetch } => {
                if let Some(fetching) = self.fetches.remove(&fetch) {
                    fetching.task.abort();
                    self.later.push_back(Input::RequestFailed { fetch, cause: RequestFailure::Aborted });
                }
            }
            Output::Event(event) => self.event(event),
            Output::Release { bodies } => bodies.into_iter().for_each(|body| self.bodies.release(body)),
            Output::Emitted { emit, result } => self.on_emitted(emit, result),
            Output::Room { room, state } => self.rooms.set_state(&room, &state),
            Output::Renamed { temp, real } => {
                self.writes.renamed(&temp, &real);
                self.has_changed();
                self.rename_layers(&temp, &real);
                self.ports.names.send_modify(|known| known.learn(temp, real));
            }
            Output::Exported { json } => {
                self.exports.drain(..).for_each(|reply| drop(reply.send(Ok(json.0.clone()))));
            }
            Output::PassDone { pass, processed, failed, skipped } => {
                if let Some(reply) = self.passes.remove(&pass) {
                    let _ = reply.send(PassResult { processed, failed, skipped });
                }
            }
            Output::LayerAdded { write, name, version, variables, restored: _ } => {
                let facts = Facts { name, version, variables };
                let operations = self.layer(&write, &facts);
                self.layers.insert(write.clone(), facts);
                self.cache.layer_added(write, operations);
            }
            Output::LayerRetired { write, query } => {
                if query.is_none() {
                    self.layers.remove(&write);
                }
                self.cache.layer_retired(&write, query, self.clock.now());
            }
            Output::BaseRefused { query } => self.cache.base_refused(query),
            Output::WriteFound { write, name, version, variables } => {
                drop(self.writes.add(&write, Facts { name, version, variables }));
                self.has_changed();
            }
            Output::Refetch { queries, reason: _ } => {
                for query in queries {
                    if self.cache.refetch(query) {
                        continue;
                    }
                    self.rooms.missed(query);
                    self.later.push_back(Input::QueryGone { query });
                }
            }
            Output::Connection { state } => {
                if matches!(state, ConnectionState::Connected { .. }) {
                    self.cache.connected();
                }
                self.ports.status.send_modify(|status| status.connection = state);
            }
            Output::Outbox { status: outbox } => {
                self.ports.status.send_modify(|status| status.outbox = outbox);
            }
            Output::Write { write, state } => {
                self.writes.changed(&write, &state);
                self.cache.write_changed(&write, &state, self.clock.now());
                self.has_changed();
                if let WriteState::Conflict { status, body } = state {
                    let answer = Answer { status, body: body.map(|body| body.0), replayed: false };
                    self.decide(write, answer);
                }
            }
            Output::Client { client } => drop(self.ports.client_id.send_replace(Some(client.0))),
            Output::Quarantined { key, reason } => {
                (self.ports.notice)(&Notice::Quarantined { key, reason });
            }
            Output::Log { note } => (self.ports.notice)(&Notice::Note(note)),
        }
    }

    pub(super) fn has_changed(&self) {
        self.ports.changed.send_replace(());
    }

    /// Asks the mutation; one that cannot say parks it.
    fn decide(&mut self, write: WriteId, answer: Answer) {
        let facts = self.writes.facts(&write);
        let asked = facts.and_then(|facts| self.definitions.decide(&write, facts, answer));
        let facts = self.ports.facts.clone();
        tokio::spawn(async move {
            let resolution = match asked {
                Some(asked) => asked.await,
                None => Resolution::Park {},
            };
            let _ = facts.send(Fact::Decided(write, Box::new(resolution)));
        });
    }

    fn verify(&mut self, write: WriteId, facts: &Facts) {
        let Some(asked) = self.definitions.verify(&write, facts) else {
            return self.later.push_back(Input::Verified { write, found: Found::Unknown {} });
        };
        let facts = self.ports.facts.clone();
        tokio::spawn(async move {
            let found = asked.await;
            let _ = facts.send(Fact::Verified(write, found));
        });
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
        let message = match &mut self.packing {
            Some(packing) => packing.leaving(link, message),
            None => Some(message),
        };
        let Some(message) = message else { return };
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
        let (write, temps) = (request.write, request.temp_ids);
        let request = HttpRequest {
            method: request.method,
            path: request.path,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            json: request.body.map(|body| body.0),
        };
        let task = tokio::spawn(async move {
            let fact = match tokens.known_or_ask().await {
                TokenAnswer::Token(token) => {
                    Fact::Responded(fetch, Box::new(http.send(request, Some(&token)).await))
                }
                // Signed out: the server's 401 says so, and the engine knows what to do then.
                TokenAnswer::Anonymous | TokenAnswer::SignedOut => {
                    Fact::Responded(fetch, Box::new(http.send(request, None).await))
                }
                TokenAnswer::Unavailable => Fact::NoToken(fetch),
            };
            let _ = facts.send(fact);
        });
        self.fetches.insert(fetch, Fetching { task, write, temps });
    }

    fn event(&mut self, event: CoreEvent) {
        let Some(incoming) = self.bodies.incoming(event.body) else { return };
        if event.namespace.is_none() {
            let payload = incoming.get(usize::from(event.skip)).unwrap_or(&Value::Null);
            self.cache.event(&event, payload, self.clock.now());
        }
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

    /// What the write's layer changes; nothing where no definition says so, or where it fails.
    fn layer(&self, write: &WriteId, facts: &Facts) -> Vec<Operation> {
        let mut writer = self.cache.writer(write);
        let shown = guarded(|| {
            self.definitions.optimistic(facts, &mut writer);
            Ok(())
        });
        shown.and_then(|()| writer.finish()).unwrap_or_default()
    }

    /// Layers whose variables mention the temporary id say what they change anew (Q7).
    fn rename_layers(&mut self, temp: &str, real: &str) {
        let mut changed = Vec::new();
        for (write, facts) in &mut self.layers {
            if facts.rename(temp, real) {
                changed.push((write.clone(), facts.clone()));
            }
        }
        for (write, facts) in changed {
            let operations = self.layer(&write, &facts);
            self.cache.layer_changed(&write, operations);
        }
    }

    /// A fetch of a query begins.
    pub(super) fn read(&mut self, query: QueryId, read: ReadId, fetcher: &Fetcher) {
        let client_id = self.ports.client_id.borrow().clone();
        let reader = Reader::new(self.ports.http.clone(), Arc::clone(&self.ports.tokens), client_id);
        let (fetcher, facts) = (Arc::clone(fetcher), self.ports.facts.clone());
        let task = tokio::spawn(async move {
            let asked = tokio::spawn(fetcher(reader.clone()));
            let abort = AbortOnDrop(asked.abort_handle());
            let result =
                asked.await.unwrap_or_else(|_| Err(QueryError::app("the function that fetches panicked")));
            drop(abort);
            let result = Box::new(result.map(|data| reader.brought(data)));
            let _ = facts.send(Fact::Fetched(query, read, result));
        });
        self.reads.insert(query, task);
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

    /// An answer, as the engine wants it.
    pub(super) fn responded(
        &self,
        fetch: FetchId,
        write: &WriteId,
        temps: &[String],
        result: Result<HttpAnswer, HttpError>,
    ) -> Input {
        let answer = match result {
            Ok(answer) => answer,
            Err(HttpError::Network(_)) => {
                return Input::RequestFailed { fetch, cause: RequestFailure::Network };
            }
            Err(HttpError::Malformed) => return Input::RequestFailed { fetch, cause: RequestFailure::Host },
        };
        let header = |name: &str| answer.header(name).map(str::to_owned);
        let (outcome, retry_after) = (header(names::OUTCOME), header(names::RETRY_AFTER));
        let (content_type, accepted) = (header("content-type"), (self.ports.is_answer)(&answer));
        let status = answer.status;
        let body = answer.body.filter(|body| body.len() <= limits::STORED_ANSWER);
        let named = if temps.is_empty() || status >= 400 {
            Vec::new()
        } else {
            let answer =
                Answer { status, body: body.clone(), replayed: outcome.as_deref() == Some("replayed") };
            self.definitions.names(self.writes.facts(write), &answer, temps)
        };
        let body = body.map(Payload);
        let response = Response {
            status,
            outcome,
            retry_after,
            content_type,
            redirected: false,
            body,
            accepted,
            names: named,
        };
        Input::Responded { fetch, response }
    }
}
