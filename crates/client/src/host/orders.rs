//! What handles of the app ask of the host.

use std::sync::Arc;

use tidewire_core::{
    Accepted, AckToken, AppSignal, BodyId, Command, EmitId, Input, Millis, NamespaceState, NetworkSignal,
    PassId, Position, QueryId, Refusal, RoomId, RoomState, Submission, WriteId,
};
use tokio::sync::{oneshot, watch};

use super::writes::Facts;
use super::{Emit, Host};
use crate::cache::{self, Fetcher, QueryKey};
use crate::client::Answered;
use crate::emit::{Args, EmitError, EmitOptions};
use crate::event::{Event, Feed, Heard};
use crate::handle::Progress;
use crate::listen;
use crate::mutation::Defined;
use crate::query::Lease;
use crate::queue::{PassResult, WriteInfo};
use crate::store::StoreFault;
use crate::store::worker::Job;

/// What of an event or an answer is kept here.
struct Outgoing {
    body: Option<BodyId>,
    attachments: Vec<BodyId>,
    size: u32,
}

/// A write that was taken, and how it goes.
pub(crate) type Queued = Result<(WriteId, watch::Receiver<Progress>), Refusal>;

/// An order. Those without a reply cannot fail. What is large is boxed: a channel keeps room for 32 of them.
pub(crate) enum Order {
    Connect(oneshot::Sender<()>),
    Disconnect,
    Process(oneshot::Sender<PassResult>),
    SetProcessing(bool),
    Define(Arc<dyn Defined>),
    Emit {
        name: String,
        args: Args,
        ack: bool,
        options: EmitOptions,
        reply: oneshot::Sender<Answered>,
    },
    OpenNamespace(String, oneshot::Sender<Result<watch::Receiver<NamespaceState>, Refusal>>),
    CloseNamespace(String),
    Join(RoomId, oneshot::Sender<Result<watch::Receiver<RoomState>, Refusal>>),
    Leave(RoomId),
    Rejoin(RoomId),
    Submit(Box<Submission>, oneshot::Sender<Queued>),
    Edit(WriteId, Box<Submission>, oneshot::Sender<Queued>),
    Watch(WriteId, oneshot::Sender<Option<watch::Receiver<Progress>>>),
    Writes(oneshot::Sender<Vec<WriteInfo>>),
    Export(oneshot::Sender<Result<String, Refusal>>),
    #[cfg(feature = "recording")]
    Recording(oneshot::Sender<Option<crate::record::Recording>>),
    /// Resolves when nothing is under way.
    Suspend(oneshot::Sender<()>),
    /// Cancel, retry, discard or clear.
    Act(Box<Command>, oneshot::Sender<Result<(), Refusal>>),
    Subscribe(Feed<Event>),
    Listen {
        room: RoomId,
        since: Option<Position>,
        feed: Feed<Heard>,
        reply: oneshot::Sender<Result<QueryId, Refusal>>,
    },
    Unlisten(QueryId),
    OpenQuery(QueryKey, Fetcher, oneshot::Sender<Lease>),
    CloseQuery(QueryId),
    Refetch(QueryId),
    Invalidate(QueryKey),
    Network(NetworkSignal),
    App(AppSignal),
    /// Takes places of listeners and bases of queries off the device.
    ForgetReads(oneshot::Sender<Result<(), StoreFault>>),
    Store(Job),
    Reply {
        ack: AckToken,
        args: Args,
    },
    Shutdown(oneshot::Sender<()>),
}

impl Host {
    pub(super) fn obey(&mut self, order: Order) {
        match order {
            Order::Connect(reply) => {
                let _ = self.command(Command::Connect {});
                let _ = reply.send(());
            }
            Order::Disconnect => drop(self.command(Command::Disconnect {})),
            Order::Process(reply) => self.process(reply),
            Order::SetProcessing(on) => drop(self.command(Command::SetProcessing { on })),
            Order::Define(definition) => {
                self.definitions.add(definition);
                if let Some(known) = self.definitions.known() {
                    self.tell(known);
                }
            }
            Order::Emit { name, args, ack, options, reply } => self.emit(name, args, ack, options, reply),
            Order::OpenNamespace(name, reply) => {
                let state = self.namespace(&name);
                let opened = self.command(Command::OpenNamespace { namespace: name });
                let _ = reply.send(opened.map(|_| state));
            }
            Order::CloseNamespace(namespace) => drop(self.command(Command::CloseNamespace { namespace })),
            Order::Join(room, reply) => {
                let state = self.rooms.watch(&room);
                let joined = self.command(Command::Join { room });
                let _ = reply.send(joined.map(|_| state));
            }
            Order::Rejoin(room) => drop(self.command(Command::Rejoin { room })),
            Order::Leave(room) => drop(self.command(Command::Leave { room })),
            Order::Submit(submission, reply) => {
                let facts = Facts::from(&*submission);
                let _ = reply.send(self.queue(facts, Command::Submit { write: *submission }));
            }
            Order::Edit(write, submission, reply) => {
                let facts = Facts::from(&*submission);
                let _ = reply.send(self.queue(facts, Command::Edit { write, submission: *submission }));
            }
            Order::Watch(write, reply) => drop(reply.send(self.writes.watch(&write))),
            Order::Writes(reply) => drop(reply.send(self.writes.list())),
            Order::Export(reply) => self.export(reply),
            #[cfg(feature = "recording")]
            Order::Recording(reply) => {
                drop(reply.send(self.engine.recorder().map(crate::record::Recorder::recording)));
            }
            Order::Suspend(reply) => {
                self.quiet.push(reply);
                drop(self.command(Command::Suspend {}));
            }
            Order::Act(command, reply) => {
                let done = self.command(*command).map(|_| ());
                let _ = reply.send(done);
            }
            Order::Subscribe(feed) => {
                self.reap();
                self.subscribers.push(feed);
            }
            Order::Listen { room, since, feed, reply } => self.listen(room, since, feed, reply),
            Order::Unlisten(query) => {
                if let Some(room) = self.rooms.unlisten(query) {
                    self.tell(Input::QueryGone { query });
                    let _ = self.command(Command::Leave { room });
                }
            }
            Order::OpenQuery(key, fetcher, reply) => self.open_query(key, fetcher, reply),
            Order::CloseQuery(query) => {
                self.cache.close(query);
                self.settle();
            }
            Order::Refetch(query) => {
                self.cache.refetch_one(query);
                self.settle();
            }
            Order::Invalidate(prefix) => {
                self.cache.invalidate(&prefix);
                self.settle();
            }
            Order::Network(signal) => self.tell(Input::Network { signal }),
            Order::App(signal) => self.tell(Input::App { signal }),
            Order::ForgetReads(reply) => {
                self.cache.forget_stored();
                let prefixes = vec![listen::PREFIX, cache::PREFIX];
                self.ports.store.give(Job::Forget(prefixes, reply));
            }
            // If the thread is gone, so is the job, and its reply with it.
            Order::Store(job) => self.ports.store.give(job),
            Order::Reply { ack, args } => self.answer(ack, args),
            Order::Shutdown(_) => unreachable!("the loop ends at this order"),
        }
    }

    /// Steps 1 and 2 of the run loop, for a command.
    pub(super) fn command(&mut self, command: Command) -> Result<Accepted, Refusal> {
        let result = self.engine.command(command, self.clock.now());
        self.drain();
        self.settle();
        result
    }

    fn emit(
        &mut self,
        name: String,
        args: Args,
        ack: bool,
        options: EmitOptions,
        reply: oneshot::Sender<Answered>,
    ) {
        let EmitOptions { namespace, class, timeout } = options;
        let Outgoing { body, attachments, size } = self.outgoing(args);
        self.next_emit = self.next_emit.wrapping_add(1);
        let emit = EmitId(self.next_emit);
        let bodies = body.into_iter().chain(attachments.iter().copied()).collect();
        self.emits.insert(emit, Emit { reply, bodies });
        let timeout = Millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        let command = Command::Emit { emit, namespace, name, body, attachments, size, ack, timeout, class };
        if let Err(refusal) = self.command(command) {
            self.emitted(emit, Err(EmitError::Refused(refusal)));
        }
    }

    fn answer(&mut self, ack: AckToken, args: Args) {
        let Outgoing { body, attachments, size } = self.outgoing(args);
        let bodies: Vec<BodyId> = body.into_iter().chain(attachments.iter().copied()).collect();
        // Where the link is gone, nobody waits for it any more.
        let _ = self.command(Command::Reply { ack, body, attachments, size });
        bodies.into_iter().for_each(|body| self.bodies.release(body));
    }

    fn outgoing(&mut self, Args { values, attachments }: Args) -> Outgoing {
        let json = crate::event::join(&values);
        let size = json.len() + attachments.iter().map(|bytes| bytes.len()).sum::<usize>();
        Outgoing {
            body: (!values.is_empty()).then(|| self.bodies.outgoing(json)),
            attachments: attachments.into_iter().map(|bytes| self.bodies.bytes(bytes)).collect(),
            size: u32::try_from(size).unwrap_or(u32::MAX),
        }
    }

    /// The state of a namespace, kept as long as somebody looks at it.
    fn namespace(&mut self, name: &str) -> watch::Receiver<NamespaceState> {
        self.namespaces.retain(|_, state| !state.is_closed());
        let waiting = || watch::channel(NamespaceState::Waiting {}).0;
        self.namespaces.entry(name.to_owned()).or_insert_with(waiting).subscribe()
    }

    pub(super) fn emitted(&mut self, emit: EmitId, result: Answered) {
        if let Some(Emit { reply, bodies }) = self.emits.remove(&emit) {
            bodies.into_iter().for_each(|body| self.bodies.release(body));
            let _ = reply.send(result);
        }
    }

    /// A command that queues a write.
    pub(super) fn queue(&mut self, facts: Facts, command: Command) -> Queued {
        // The outputs of this very command may speak of the write: it must be known before they are performed.
        let queued = match self.engine.command(command, self.clock.now()) {
            Ok(Accepted::Queued { write }) => {
                let progress = self.writes.add(&write, facts);
                self.has_changed();
                Ok((write, progress))
            }
            // One that has ended meanwhile is not the same as anything.
            Ok(Accepted::Merged { into }) => {
                let progress = self.writes.watch(&into);
                progress.map(|progress| (into, progress)).ok_or(Refusal::UnknownWrite)
            }
            Ok(Accepted::Done {} | Accepted::Asked {}) => {
                unreachable!("the engine names every write that it queues")
            }
            Err(refusal) => Err(refusal),
        };
        self.drain();
        self.settle();
        queued
    }

    fn open_query(&mut self, key: QueryKey, fetcher: Fetcher, reply: oneshot::Sender<Lease>) {
        // Whoever asks holds a client, so there is somebody to give orders.
        let Some(orders) = self.ports.orders.upgrade() else { return };
        let (query, shown) = self.cache.open(key, fetcher, self.clock.now());
        self.settle();
        let _ = reply.send(Lease { orders, query, shown });
    }

    fn process(&mut self, reply: oneshot::Sender<PassResult>) {
        self.next_pass = self.next_pass.wrapping_add(1);
        let pass = PassId(self.next_pass);
        self.passes.insert(pass, reply);
        if self.command(Command::Process { pass }).is_err() {
            self.passes.remove(&pass);
        }
    }

    fn export(&mut self, reply: oneshot::Sender<Result<String, Refusal>>) {
        // It is answered by an output of this very command.
        self.exports.push(reply);
        if let Err(refusal) = self.command(Command::Export {})
            && let Some(reply) = self.exports.pop()
        {
            let _ = reply.send(Err(refusal));
        }
    }

    fn listen(
        &mut self,
        room: RoomId,
        since: Option<Position>,
        feed: Feed<Heard>,
        reply: oneshot::Sender<Result<QueryId, Refusal>>,
    ) {
        let query = self.rooms.listen(&room, since.is_some(), feed);
        if let Some(since) = since {
            let queries = self.rooms.queries(&room).into_iter().chain(self.cache.queries_of(&room));
            let queries = queries.collect();
            self.tell(Input::Bound { room: room.clone(), queries });
            self.tell(Input::BaseInstalled {
                query,
                read: None,
                positions: vec![since],
                applied: None,
                carries: Vec::new(),
                restored: true,
            });
        }
        let joined = self.command(Command::Join { room }).map(|_| query);
        if joined.is_err() {
            self.rooms.unlisten(query);
            self.tell(Input::QueryGone { query });
        }
        let _ = reply.send(joined);
    }
}
