//! The host: one task that owns the engine and does its run loop, exactly as `tidewire_core` documents it. It decides
//! nothing. Orders of the app and facts of the ports come in; each one is told to the engine, and the outputs are performed
//! in order before the next.

mod bodies;
mod clock;
pub(crate) mod definitions;
mod driver;
mod frame;
mod orders;
mod packing;
mod perform;
mod rooms;
mod writes;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use hyper::body::Bytes;
use tidewire_core::{
    AuthId, AuthResult, Command, EmitId, FetchId, Found, FrameBody, Input, LeaderEpoch, LinkId,
    NamespaceState, PassId, Payload, QueryId, ReadId, Refusal, RequestFailure, Resolution, WriteId,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::bodies::Bodies;
pub(crate) use self::clock::Clock;
use self::definitions::Definitions;
pub(crate) use self::driver::Driver;
pub(crate) use self::orders::{Order, Queued};
use self::packing::Packing;
use self::rooms::Rooms;
use self::writes::{Facts, Writes};
use crate::cache::{Cache, Effect, Fetched, QueryIds};
use crate::client::Answered;
use crate::event::{Event, Feed};
use crate::names::Known;
use crate::net::socket::{Link, LinkFact};
use crate::net::{Http, HttpAnswer, HttpError, Origin};
use crate::query::QueryError;
use crate::queue::PassResult;
use crate::status::{Notice, Status};
use crate::store::Step;
use crate::store::worker::{Job, Told, Worker};
use crate::tokens::Tokens;

/// Frames of the link that may wait for the host.
pub(crate) const FRAMES: usize = 64;

/// What ports tell the host. What is large is boxed: a channel keeps room for 32 of them.
pub(crate) enum Fact {
    Store(Told),
    Auth(AuthId, AuthResult),
    Responded(FetchId, Box<Result<HttpAnswer, HttpError>>),
    /// The token could not be had, so the request was not sent.
    NoToken(FetchId),
    /// What a mutation decided about a conflict.
    Decided(WriteId, Box<Resolution>),
    Verified(WriteId, Found),
    /// How a fetch of a query ended.
    Fetched(QueryId, ReadId, Box<Result<Fetched, QueryError>>),
}

/// Where the host gets its work from.
pub(crate) struct Inbox {
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) facts: mpsc::UnboundedReceiver<Fact>,
}

/// What the host works with.
pub(crate) struct Ports {
    pub(crate) origin: Origin,
    pub(crate) http: Http,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) store: Worker,
    pub(crate) facts: mpsc::UnboundedSender<Fact>,
    /// Weak: orders of the app end when all its handles are gone.
    pub(crate) orders: mpsc::WeakUnboundedSender<Order>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) client_id: watch::Sender<Option<String>>,
    pub(crate) freed: Arc<Notify>,
    pub(crate) notice: Box<dyn Fn(&Notice) + Send>,
    /// Told when a write has changed.
    pub(crate) changed: watch::Sender<()>,
    pub(crate) names: watch::Sender<Known>,
    /// Links speak MessagePack.
    pub(crate) msgpack: bool,
    /// The app's word on a foreign answer.
    pub(crate) is_answer: IsAnswer,
}

/// Says whether an answer comes from the app's own server; `None`: the rule for status and type does.
pub(crate) type IsAnswer = Box<dyn Fn(&HttpAnswer) -> Option<bool> + Send>;

/// A request of a write that is under way.
struct Fetching {
    task: JoinHandle<()>,
    write: WriteId,
    temps: Vec<String>,
}

struct Emit {
    reply: oneshot::Sender<Answered>,
    /// They may be sent again until it has ended.
    bodies: Vec<tidewire_core::BodyId>,
}

/// The task's state.
pub(crate) struct Host {
    engine: Driver,
    clock: Clock,
    ports: Ports,
    bodies: Bodies,
    links: HashMap<LinkId, Link>,
    /// The peer speaks MessagePack.
    packing: Option<Packing>,
    /// Links that are saying goodbye are waited for at the end.
    link_tasks: Vec<JoinHandle<()>>,
    frames: mpsc::Sender<(LinkId, LinkFact)>,
    fetches: HashMap<FetchId, Fetching>,
    writes: Writes,
    /// What the layers that stand were made from.
    layers: BTreeMap<WriteId, Facts>,
    definitions: Definitions,
    passes: HashMap<PassId, oneshot::Sender<PassResult>>,
    next_pass: u32,
    exports: Vec<oneshot::Sender<Result<String, Refusal>>>,
    /// Who waits for the end of everything that is under way.
    quiet: Vec<oneshot::Sender<()>>,
    emits: HashMap<EmitId, Emit>,
    next_emit: u32,
    subscribers: Vec<Feed<Event>>,
    rooms: Rooms,
    cache: Cache,
    /// The cache has its stored bases.
    restored: bool,
    /// Fetches of queries that are under way.
    reads: HashMap<QueryId, JoinHandle<()>>,
    namespaces: HashMap<String, watch::Sender<NamespaceState>>,
    /// Inputs that follow from outputs; they are told when all outputs are performed.
    later: VecDeque<Input>,
}

enum Next {
    Order(Option<Order>),
    Fact(Fact),
    Frame(LinkId, LinkFact),
    Timeout,
    Room,
}

impl Host {
    pub(crate) fn new(
        engine: Driver,
        clock: Clock,
        ports: Ports,
        definitions: Definitions,
        cache: Cache,
        ids: QueryIds,
    ) -> (Box<Host>, mpsc::Receiver<(LinkId, LinkFact)>) {
        let (frames, receiver) = mpsc::channel(FRAMES);
        let packing = ports.msgpack.then(Packing::default);
        let host = Host {
            engine,
            clock,
            ports,
            bodies: Bodies::default(),
            links: HashMap::new(),
            packing,
            link_tasks: Vec::new(),
            frames,
            fetches: HashMap::new(),
            writes: Writes::default(),
            layers: BTreeMap::new(),
            definitions,
            passes: HashMap::new(),
            next_pass: 0,
            exports: Vec::new(),
            quiet: Vec::new(),
            emits: HashMap::new(),
            next_emit: 0,
            subscribers: Vec::new(),
            rooms: Rooms::new(ids),
            cache,
            restored: false,
            reads: HashMap::new(),
            namespaces: HashMap::new(),
            later: VecDeque::new(),
        };
        (Box::new(host), receiver)
    }

    /// Runs until it is shut down or all handles are gone.
    pub(crate) async fn run(
        mut self: Box<Self>,
        processing: bool,
        mut inbox: Inbox,
        mut frames: mpsc::Receiver<(LinkId, LinkFact)>,
    ) {
        if !processing {
            let _ = self.engine.command(Command::SetProcessing { on: false }, self.clock.now());
        }
        if let Some(known) = self.definitions.known() {
            self.tell(known);
        }
        // The store's lock is ours alone, so this process leads.
        self.tell(Input::Leader { epoch: LeaderEpoch(1) });
        let freed = Arc::clone(&self.ports.freed);
        let done = loop {
            let timeout = self.engine.poll_timeout();
            let deadline = timeout.into_iter().chain(self.cache.deadline()).min();
            let room = self.has_room();
            let next = tokio::select! {
                order = inbox.orders.recv() => Next::Order(order),
                Some(fact) = inbox.facts.recv() => Next::Fact(fact),
                Some((link, fact)) = frames.recv(), if room => Next::Frame(link, fact),
                () = self.clock.sleep_until(deadline), if deadline.is_some() => Next::Timeout,
                () = freed.notified() => Next::Room,
            };
            match next {
                Next::Order(Some(Order::Shutdown(done))) => break Some(done),
                Next::Order(None) => break None,
                Next::Order(Some(order)) => self.obey(order),
                Next::Fact(fact) => self.on_fact(fact),
                Next::Frame(link, fact) => self.on_link(link, fact),
                Next::Timeout if timeout.is_some_and(|at| at <= self.clock.now().mono) => {
                    self.tell(Input::Timeout {});
                }
                Next::Timeout => self.settle(),
                Next::Room => self.reap(),
            }
        };
        self.end().await;
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    /// Steps 1 and 2 of the run loop.
    fn tell(&mut self, input: Input) {
        self.later.push_back(input);
        self.settle();
    }

    /// Tells the engine everything that follows, then shows what came of it, until nothing follows any more.
    fn settle(&mut self) {
        loop {
            while let Some(input) = self.later.pop_front() {
                self.engine.handle(input, self.clock.now());
                self.drain();
            }
            // What the cache wants told comes before anything is shown.
            if self.do_effects() {
                continue;
            }
            self.cache.settle(self.clock.now());
            if !self.do_effects() {
                return;
            }
        }
    }

    /// Does what the cache wants done. True: the engine is to be told something.
    fn do_effects(&mut self) -> bool {
        while let Some(effect) = self.cache.next_effect() {
            match effect {
                Effect::Tell(input) => self.later.push_back(*input),
                Effect::Bind(room) => {
                    let queries = self.rooms.queries(&room).into_iter().chain(self.cache.queries_of(&room));
                    let queries = queries.collect();
                    self.later.push_back(Input::Bound { room, queries });
                }
                Effect::Fetch { query, read, fetcher } => self.read(query, read, &fetcher),
                Effect::Abort(query) => {
                    if let Some(task) = self.reads.remove(&query) {
                        task.abort();
                    }
                }
                Effect::Store(step) => self.put(step),
            }
        }
        !self.later.is_empty()
    }

    /// A step of the store that nobody waits for. What is not stored is fetched again after a restart.
    fn put(&mut self, step: Step) {
        self.ports.store.give(Job::Put(step, oneshot::channel().0));
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            self.perform(output);
        }
    }

    /// Whether every reader can take more events; until then the link is not read.
    fn has_room(&self) -> bool {
        !self.subscribers.iter().any(Feed::is_full) && !self.rooms.is_full()
    }

    fn reap(&mut self) {
        self.subscribers.retain(|subscriber| !subscriber.is_closed());
    }

    fn on_fact(&mut self, fact: Fact) {
        match fact {
            Fact::Store(Told::Loaded(load, Ok(loaded))) => {
                let ours = |key: &str| key.starts_with("w/") || key.starts_with("m/");
                let (records, others): (Vec<_>, Vec<_>) =
                    loaded.records.into_iter().partition(|record| ours(&record.key));
                self.engine.handle(Input::Loaded { load, records }, self.clock.now());
                self.drain();
                // Told behind the records, and shown with the layers of these. An answer that is not the engine's last question's is none.
                if !self.restored && self.ports.status.borrow().outbox.ready {
                    self.restored = true;
                    self.cache.restore(&others);
                }
                self.settle();
            }
            Fact::Store(Told::Loaded(load, Err(fault))) => {
                (self.ports.notice)(&Notice::StoreUnreadable(fault.to_string()));
                // Queries do not wait for a store that cannot be read.
                self.cache.begin_to_show();
                self.tell(Input::LoadFailed { load });
            }
            Fact::Store(Told::Persisted(persist, Ok(()))) => self.tell(Input::Persisted { persist }),
            Fact::Store(Told::Persisted(persist, Err(fault))) => {
                (self.ports.notice)(&Notice::StoreFailed(fault.to_string()));
                self.tell(Input::PersistFailed { persist, error: (&fault).into() });
            }
            Fact::Store(Told::Damaged(damage)) => (self.ports.notice)(&Notice::Damage(damage)),
            Fact::Auth(auth, result) => self.tell(Input::Auth { auth, result }),
            Fact::Responded(fetch, result) => {
                if let Some(Fetching { write, temps, .. }) = self.fetches.remove(&fetch) {
                    let answer = self.responded(fetch, &write, &temps, *result);
                    self.tell(answer);
                }
            }
            Fact::NoToken(fetch) => {
                if self.fetches.remove(&fetch).is_some() {
                    self.tell(Input::RequestFailed { fetch, cause: RequestFailure::Host });
                }
            }
            Fact::Fetched(query, read, result) => {
                self.reads.remove(&query);
                self.cache.fetched(query, read, *result, self.clock.now());
                self.settle();
            }
            Fact::Verified(write, found) => self.tell(Input::Verified { write, found }),
            Fact::Decided(write, resolution) => self.on_decided(write, *resolution),
        }
    }

    fn on_decided(&mut self, write: WriteId, resolution: Resolution) {
        let Resolution::Replace { submission } = &resolution else {
            // A decision that comes too late decides nothing.
            let _ = self.command(Command::Resolve { write, resolution });
            return;
        };
        let facts = Facts::from(submission);
        let park = Command::Resolve { write: write.clone(), resolution: Resolution::Park {} };
        if self.queue(facts, Command::Resolve { write, resolution }).is_err() {
            let _ = self.command(park);
        }
    }

    fn on_link(&mut self, link: LinkId, fact: LinkFact) {
        // A link that was closed is not heard any more, and its frames must not be kept.
        if !self.links.contains_key(&link) {
            return;
        }
        match fact {
            LinkFact::Opened => self.tell(Input::Opened { link }),
            LinkFact::Text(text) => self.on_text(link, &text),
            LinkFact::Binary(bytes) if self.packing.is_some() => {
                let (text, parts) = packing::came(&bytes);
                self.on_text(link, &text);
                parts.into_iter().for_each(|part| self.on_binary(link, part));
            }
            LinkFact::Binary(bytes) => self.on_binary(link, bytes),
            LinkFact::Writable(on) => self.tell(Input::Writable { link, on }),
            LinkFact::Oversized => {
                let length = tidewire_core::limits::FRAME + 1;
                let input =
                    Input::Received { link, head: Payload::default(), length, body: FrameBody::None {} };
                self.tell(input);
            }
            LinkFact::Closed(cause) => {
                self.links.remove(&link);
                self.unpack(link);
                self.tell(Input::Closed { link, cause });
            }
        }
    }

    fn on_text(&mut self, link: LinkId, text: &str) {
        let parts = frame::take_apart(text);
        let body = match parts.json {
            frame::Json::None => FrameBody::None {},
            frame::Json::Invalid => FrameBody::Invalid {},
            frame::Json::Array { value, last } => FrameBody::Json { body: self.bodies.heard(value), last },
        };
        self.tell(Input::Received { link, head: Payload(parts.head), length: parts.length, body });
    }

    fn on_binary(&mut self, link: LinkId, bytes: Bytes) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let body = self.bodies.bytes(bytes);
        self.tell(Input::ReceivedBinary { link, body, length });
    }

    /// Nothing leaves on this link any more.
    fn unpack(&mut self, link: LinkId) {
        if let Some(packing) = &mut self.packing {
            packing.forget(link);
        }
    }

    /// Says goodbye, finishes what was given to the store, and lets go of it.
    async fn end(mut self: Box<Self>) {
        let _ = self.engine.command(tidewire_core::Command::Disconnect {}, self.clock.now());
        self.drain();
        for (_, fetch) in self.fetches.drain() {
            fetch.task.abort();
        }
        self.links.clear();
        self.reads.drain().for_each(|(_, task)| task.abort());
        self.cache.flush().into_iter().for_each(|step| self.put(step));
        for task in std::mem::take(&mut self.link_tasks) {
            let _ = task.await;
        }
        self.ports.store.end().await;
    }
}
