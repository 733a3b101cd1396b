//! Making a client: what it is told once, and the parts that it is put together from.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidewire_core::{
    Config, ConnectionState, Engine, ForeignJoin, NetworkSignal, OriginKind, OriginRule, OutboxStatus,
    Partition, QueueLimits, Server,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

use crate::cache::{Cache, QueryIds, Rules, Settings};
use crate::client::{Client, Inner};
use crate::host::definitions::Definitions;
use crate::host::{Clock, Driver, Fact, Host, Inbox, IsAnswer, Ports};
use crate::mutation::Mutation;
use crate::names::{Known, Maker};
use crate::net::{Http, HttpAnswer, Origin, OriginError};
use crate::network::{self, Signals};
use crate::runtime::Runtime;
use crate::status::{Notice, Status};
use crate::store::worker::Worker;
use crate::store::{MemoryStore, Store};
use crate::token::{self, Provider, Token, TokenAnswer};
use crate::tokens::Tokens;

/// A client in the making.
pub struct Builder {
    url: String,
    app: String,
    env: String,
    user: String,
    server: Server,
    namespace: String,
    join: Option<ForeignJoin>,
    probe_event: Option<String>,
    provider: Provider,
    store: Box<dyn Store>,
    notice: Box<dyn Fn(&Notice) + Send>,
    definitions: Definitions,
    origins: Vec<(String, OriginKind)>,
    queue: Option<QueueLimits>,
    is_answer: IsAnswer,
    processing: bool,
    polling: bool,
    queries: Settings,
    runtime: Option<Handle>,
    network: Option<Signals>,
    msgpack: bool,
    #[cfg(feature = "recording")]
    record: Option<crate::record::RecordOptions>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("url", &self.url).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why a client cannot be made: an error of whoever configured it, or of the machine.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The server's URL.
    Origin(OriginError),
    /// `app`, `env` and `user` must not contain `|`, and there must be a user if there is a durable store.
    User,
    /// The system gives no random bytes or no thread.
    System(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Origin(error) => error.fmt(f),
            BuildError::User => {
                f.write_str("name the user (without `|`): the store is kept for each one apart")
            }
            BuildError::System(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<OriginError> for BuildError {
    fn from(error: OriginError) -> Self {
        BuildError::Origin(error)
    }
}

impl Builder {
    pub(crate) fn new(url: String) -> Builder {
        Builder {
            url,
            app: "app".into(),
            env: "default".into(),
            user: "anonymous".into(),
            server: Server::Tidewire,
            namespace: "/".into(),
            join: None,
            probe_event: None,
            provider: token::fixed(TokenAnswer::Anonymous),
            store: Box::new(MemoryStore::new()),
            notice: Box::new(|_| {}),
            definitions: Definitions::default(),
            origins: Vec::new(),
            queue: None,
            is_answer: Box::new(|_| None),
            processing: true,
            polling: true,
            queries: Settings::default(),
            runtime: None,
            network: None,
            msgpack: false,
            #[cfg(feature = "recording")]
            record: None,
        }
    }

    /// The signed-in user. The store keeps each one's writes apart (Q20).
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Builder {
        self.user = user.into();
        self
    }

    /// The app and its environment, if one store serves several.
    #[must_use]
    pub fn app(mut self, app: impl Into<String>, env: impl Into<String>) -> Builder {
        (self.app, self.env) = (app.into(), env.into());
        self
    }

    /// A token that never changes.
    #[must_use]
    pub fn token(mut self, token: impl Into<Token>) -> Builder {
        self.provider = token::fixed(TokenAnswer::Token(token.into()));
        self
    }

    /// Asks for the token at each attempt; the argument says that the last one was refused, so a cached one will not do.
    #[must_use]
    pub fn token_from<F, A>(mut self, ask: F) -> Builder
    where
        F: Fn(bool) -> A + Send + Sync + 'static,
        A: Future<Output = TokenAnswer> + Send + 'static,
    {
        self.provider = token::from_fn(ask);
        self
    }

    /// Where writes and positions are kept; without it, in memory.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Builder {
        self.store = Box::new(store);
        self
    }

    /// The server is not built with Tidewire: any Socket.IO v4 server and HTTP API.
    #[must_use]
    pub fn foreign(mut self) -> Builder {
        self.server = Server::Foreign;
        self
    }

    /// How a foreign server is asked for rooms; by default as our own is.
    #[must_use]
    pub fn foreign_join(mut self, join: ForeignJoin) -> Builder {
        self.join = Some(join);
        self
    }

    /// An event that a foreign server acknowledges at once: the link is checked with it after a signal of the platform.
    #[must_use]
    pub fn probe_event(mut self, name: impl Into<String>) -> Builder {
        self.probe_event = Some(name.into());
        self
    }

    /// The Socket.IO namespace, `/` by default.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Builder {
        self.namespace = namespace.into();
        self
    }

    /// A mutation that this build knows (Q21). As soon as there is one, stored writes with other names are kept for a later build
    /// instead of being sent.
    #[must_use]
    pub fn mutation<V>(mut self, mutation: &Mutation<V>) -> Builder
    where
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.definitions.add(Arc::new(mutation.clone()));
        self
    }

    /// What events do to the cached values of queries: see [`Rules`]. Without it the defaults by name hold, and any event of a room
    /// fetches every query again that somebody looks at.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Builder {
        self.queries.rules = rules;
        self
    }

    /// A query that somebody begins to look at is not fetched if it was within this time; zero by default. What events bring does
    /// not wait for anything.
    #[must_use]
    pub fn fresh_for(mut self, fresh_for: Duration) -> Builder {
        self.queries.fresh_for = fresh_for;
        self
    }

    /// The tokio runtime to run on; by default the one that `build` is called in, or else a thread of the client's own.
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Builder {
        self.runtime = Some(runtime);
        self
    }

    /// Where signals of the network come from: `watch_network` of the feature `network`, or a stream of the app's. Without one the client
    /// finds out by itself, only later. See [`Client::network`].
    #[must_use]
    pub fn network(mut self, signals: impl Stream<Item = NetworkSignal> + Send + 'static) -> Builder {
        self.network = Some(Box::pin(signals));
        self
    }

    /// What is known of another origin that absolute URLs of writes name (Q9); one that is not listed gets none of our headers.
    ///
    /// ```
    /// use tidewire::{Client, KeyStyle, OriginKind};
    ///
    /// let builder = Client::builder("https://api.example")
    ///     .origin("https://pay.example", OriginKind::Keyed { style: KeyStyle::Quoted }) // takes an `Idempotency-Key`
    ///     .origin("https://second.example", OriginKind::Tidewire {}); // one of our servers: it gets the token too
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>, kind: OriginKind) -> Builder {
        self.origins.push((origin.into(), kind));
        self
    }

    /// How much the queue may hold (Q15); by default 100 writes and 4 MiB pending, 400 and 16 MiB parked.
    #[must_use]
    pub fn queue(mut self, limits: QueueLimits) -> Builder {
        self.queue = Some(limits);
        self
    }

    /// Says whether an answer of a foreign server is one at all (Q10): a captive portal answers too. `None`: the rule for status and
    /// content type says. It must not block.
    #[must_use]
    pub fn is_answer(mut self, is_answer: impl Fn(&HttpAnswer) -> Option<bool> + Send + 'static) -> Builder {
        self.is_answer = Box::new(is_answer);
        self
    }

    /// Packets travel as MessagePack, for a server with `socket.io-msgpack-parser`, and for our own where that is turned on. A server has
    /// one parser: with the wrong one there is no session.
    #[must_use]
    pub fn msgpack(mut self, on: bool) -> Builder {
        self.msgpack = on;
        self
    }

    /// Whether HTTP long-polling is tried where no WebSocket comes up (C1); it is, unless told otherwise.
    #[must_use]
    pub fn polling(mut self, on: bool) -> Builder {
        self.polling = on;
        self
    }

    /// Whether writes are sent from the start; see [`Client::set_processing`].
    #[must_use]
    pub fn processing(mut self, on: bool) -> Builder {
        self.processing = on;
        self
    }

    /// Records what is said to the engine, for a bug report: see [`Client::recording`]. Off unless asked for.
    #[cfg(feature = "recording")]
    #[must_use]
    pub fn record(mut self, options: crate::RecordOptions) -> Builder {
        self.record = Some(options);
        self
    }

    /// Is told what deserves a line in a log. It must not block.
    #[must_use]
    pub fn on_notice(mut self, notice: impl Fn(&Notice) + Send + 'static) -> Builder {
        self.notice = Box::new(notice);
        self
    }

    /// Starts the client. It reads its store at once, and connects when told to. Within a tokio runtime it runs there; elsewhere (the main
    /// thread of a desktop app, a command) on a thread of its own. All its futures may be awaited on any executor.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        let origin: Origin = self.url.parse()?;
        let names = [&self.app, &self.env, &self.user];
        if names.iter().any(|name| name.is_empty() || name.contains('|')) {
            return Err(BuildError::User);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| BuildError::System(error.to_string()))?;

        let mut trusted = Vec::new();
        let mut origins = Vec::new();
        for (url, kind) in self.origins {
            let origin: Origin = url.parse()?;
            // The engine finds a rule by what stands in a write's URL.
            origins.push(OriginRule { origin: url.trim_end_matches('/').to_owned(), kind });
            if kind == (OriginKind::Tidewire {}) {
                trusted.push(origin);
            }
        }
        let partition = Partition(format!("{}|{}|{}", self.app, self.env, self.user));
        let clock = Clock::start();
        let config = Config {
            server: self.server,
            namespace: self.namespace.clone(),
            join: self.join,
            probe_event: self.probe_event,
            origins,
            polling: self.polling,
            queue: self.queue,
            ..Config::new(partition.clone())
        };
        let now = clock.now();
        let engine = Driver::new(Engine::new(config.clone(), seed, now));
        #[cfg(feature = "recording")]
        let engine = match self.record {
            Some(options) => engine.recorded(crate::record::Recorder::new(options, config, seed, now)),
            None => engine,
        };

        let (orders, order_inbox) = mpsc::unbounded_channel();
        let (facts, fact_inbox) = mpsc::unbounded_channel();
        let status = Status {
            connection: ConnectionState::Idle {},
            outbox: OutboxStatus::default(),
            durability: self.store.durability(),
        };
        let (status_sender, status) = watch::channel(status);
        let (client_id_sender, client_id) = watch::channel(None);
        let freed = Arc::new(Notify::new());
        let tokens = Arc::new(Tokens::new(self.provider));
        let (changed_sender, changed) = watch::channel(());
        let (names_sender, names) = watch::channel(Known::default());
        let http = Http::new(origin.clone()).trusting(trusted);
        let told = facts.clone();
        let store = Worker::start(self.store, move |fact| drop(told.send(Fact::Store(fact))))
            .map_err(|error| BuildError::System(error.to_string()))?;
        let ports = Ports {
            origin,
            http: http.clone(),
            tokens: Arc::clone(&tokens),
            store,
            facts,
            orders: orders.downgrade(),
            status: status_sender,
            client_id: client_id_sender,
            freed: Arc::clone(&freed),
            notice: self.notice,
            changed: changed_sender,
            names: names_sender,
            msgpack: self.msgpack,
            is_answer: self.is_answer,
        };
        let ids = QueryIds::default();
        let cache = Cache::new(self.queries, self.user.clone(), partition.clone(), ids.clone());
        let (host, frames) = Host::new(engine, clock, ports, self.definitions, cache, ids);
        let host = host.run(self.processing, Inbox { orders: order_inbox, facts: fact_inbox }, frames);
        let runtime =
            Runtime::run(self.runtime, host).map_err(|error| BuildError::System(error.to_string()))?;
        if let Some(signals) = self.network {
            drop(runtime.spawn(network::forward(signals, orders.downgrade())));
        }
        let temps = Maker::default();
        let inner = Inner {
            orders,
            status,
            client_id,
            freed,
            partition,
            http,
            tokens,
            runtime,
            changed,
            names,
            temps,
        };
        Ok(Client::from_inner(inner))
    }
}
