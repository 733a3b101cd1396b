//! The usual parts put together: a database, who is who and who may be where become routes of an app. Who needs other parts, or something
//! between them, puts them together by hand (`docs/server/mount.md`). It decides nothing of its own.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use tokio::sync::mpsc::unbounded_channel;

use crate::auth::Authenticator;
use crate::front::Rate;
use crate::socket::{self, Missing, RoomAuthorizer, SocketServer};
use crate::store::{Place, Store, StoreError, StoreOptions};
use crate::write::{ServerKey, Tidewire, mark_outcomes};

/// Describes a server. See [`Tidewire::builder`].
#[must_use]
pub struct Builder {
    options: StoreOptions,
    authenticator: Option<Arc<dyn Authenticator>>,
    request_rate: Option<Rate>,
    publish: Option<ServerKey>,
    sockets: socket::Builder,
}

/// Why a server could not be put together.
#[derive(Debug)]
pub enum BuildError {
    /// Something without which there is none.
    Missing(Missing),
    /// The database could not be opened.
    Store(StoreError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Missing(missing) => missing.fmt(f),
            BuildError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

/// A server that runs, and what an app needs of it. Cheap to clone.
#[derive(Clone)]
pub struct Mounted {
    /// What handlers of requests get.
    pub tidewire: Tidewire,
    /// The connections.
    pub sockets: SocketServer,
    publish: Option<ServerKey>,
}

impl Tidewire {
    /// Starts to describe a server over this database: a file of the embedded SQLite, or a PostgreSQL by its `postgres://` URL.
    pub fn builder(place: impl Into<Place>) -> Builder {
        Builder {
            options: StoreOptions::new(place),
            authenticator: None,
            request_rate: None,
            publish: None,
            sockets: SocketServer::builder(),
        }
    }
}

impl Builder {
    /// The app's own schema: see [`StoreOptions::migrations`].
    pub fn migrations(mut self, scripts: impl IntoIterator<Item = &'static str>) -> Self {
        self.options.migrations = scripts.into_iter().collect();
        self
    }

    /// Who is who, for requests and for connections.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.sockets = self.sockets.authenticator(authenticator.clone());
        self.authenticator = Some(authenticator);
        self
    }

    /// Who may be in which room.
    pub fn authorizer(mut self, authorizer: Arc<dyn RoomAuthorizer>) -> Self {
        self.sockets = self.sockets.authorizer(authorizer);
        self
    }

    /// See [`Tidewire::request_rate`].
    pub fn request_rate(mut self, rate: Rate) -> Self {
        self.request_rate = Some(rate);
        self
    }

    /// Lets other services that know this key publish ([`Tidewire::publish_router`]).
    pub fn publish(mut self, key: ServerKey) -> Self {
        self.publish = Some(key);
        self
    }

    /// What else is to be said about connections: handlers of clients' events, limits, compression.
    pub fn sockets(mut self, describe: impl FnOnce(socket::Builder) -> socket::Builder) -> Self {
        self.sockets = describe(self.sockets);
        self
    }

    /// Opens the database and starts on the current tokio runtime. Blocks on the disk: call it before serving.
    pub fn build(self) -> Result<Mounted, BuildError> {
        let authenticator = self.authenticator.ok_or(Missing::AUTHENTICATOR).map_err(BuildError::Missing)?;
        let (events, feed) = unbounded_channel();
        let store = Store::open(self.options, events).map_err(BuildError::Store)?;
        let sockets = self.sockets.history(Arc::new(store.clone())).feed(feed).build();
        let tidewire = Tidewire::new(store, authenticator);
        let tidewire = match self.request_rate {
            Some(rate) => tidewire.request_rate(rate),
            None => tidewire,
        };
        Ok(Mounted { tidewire, sockets: sockets.map_err(BuildError::Missing)?, publish: self.publish })
    }
}

impl Mounted {
    /// Adds the routes `/socket.io/` and `/tidewire/` to an app's, and marks all its refusals for our clients
    /// ([`mark_outcomes`]).
    pub fn mount<S: Clone + Send + Sync + 'static>(&self, app: Router<S>) -> Router<S> {
        let publish = self.publish.clone().map(|key| self.tidewire.publish_router(key));
        app.merge(self.sockets.router())
            .merge(self.tidewire.router())
            .merge(publish.unwrap_or_default())
            .layer(from_fn(mark_outcomes))
    }
}
