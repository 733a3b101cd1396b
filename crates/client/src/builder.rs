//! Making a client: what it is told once, and the parts that it is put together from.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tidewire_core::{Config, ConnectionState, Engine, ForeignJoin, OutboxStatus, Partition, Server};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

use crate::client::{Client, Inner};
use crate::host::{Clock, Fact, Host, Inbox, Ports};
use crate::net::{Http, Origin, OriginError};
use crate::status::{Notice, Status};
use crate::store::worker;
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
    /// There is no tokio runtime here.
    NoRuntime,
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
            BuildError::NoRuntime => f.write_str("build the client within a tokio runtime"),
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

    /// Is told what deserves a line in a log. It must not block.
    #[must_use]
    pub fn on_notice(mut self, notice: impl Fn(&Notice) + Send + 'static) -> Builder {
        self.notice = Box::new(notice);
        self
    }

    /// Starts the client. It reads its store at once, and connects when told to.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        let origin: Origin = self.url.parse()?;
        let names = [&self.app, &self.env, &self.user];
        if names.iter().any(|name| name.is_empty() || name.contains('|')) {
            return Err(BuildError::User);
        }
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| BuildError::System(error.to_string()))?;

        let partition = Partition(format!("{}|{}|{}", self.app, self.env, self.user));
        let clock = Clock::start();
        let config = Config {
            server: self.server,
            namespace: self.namespace.clone(),
            join: self.join,
            probe_event: self.probe_event,
            ..Config::new(partition.clone())
        };
        let engine = Engine::new(config, seed, clock.now());

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
        let http = Http::new(origin.clone());
        let told = facts.clone();
        let (jobs, store) = worker::start(self.store, move |fact| drop(told.send(Fact::Store(fact))))
            .map_err(|error| BuildError::System(error.to_string()))?;
        let ports = Ports {
            origin,
            http: http.clone(),
            tokens: Arc::clone(&tokens),
            jobs,
            store,
            facts,
            orders: orders.downgrade(),
            status: status_sender,
            client_id: client_id_sender,
            freed: Arc::clone(&freed),
            notice: self.notice,
        };
        let (host, frames) = Host::new(engine, clock, ports);
        runtime.spawn(host.run(Inbox { orders: order_inbox, facts: fact_inbox }, frames));
        Ok(Client::from_inner(Inner { orders, status, client_id, freed, partition, http, tokens }))
    }
}
