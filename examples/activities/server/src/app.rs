//! The parts put together: store, tokens, routes.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tidewire_server::auth::{JwtAuthenticator, JwtOptions, User};
use tidewire_server::event::History;
use tidewire_server::front::cors;
use tidewire_server::settings::Settings;
use tidewire_server::socket::{Missing, SocketServer};
use tidewire_server::store::{Store, StoreError, StoreOptions};
use tidewire_server::write::{Reject, ServerKey, Tidewire, mark_outcomes};
use tokio::sync::mpsc::unbounded_channel;

use crate::metrics::Metrics;
use crate::model::{ACTIVITIES_ROOM, chat_room};
use crate::schema::Schema;
use crate::web::Web;
use crate::{activities, login, messages, metrics, queries, secret, seed, sockets};

/// The database, in the data directory unless the settings name another.
pub const DATABASE: &str = "activities.sqlite";

/// What the server needs to start.
pub struct Config {
    /// The server's own settings; the secret is in its `data`, and the database unless it has a URL.
    pub settings: Settings,
    /// The built web app, if it is to be served.
    pub web: Option<PathBuf>,
}

/// The running app; what handlers get.
#[derive(Clone)]
pub struct App {
    pub(crate) tidewire: Tidewire,
    pub(crate) jwt: Arc<JwtAuthenticator>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) web: Web,
    sockets: SocketServer,
    publish: Option<ServerKey>,
    origins: Vec<String>,
}

impl FromRef<App> for Tidewire {
    fn from_ref(app: &App) -> Self {
        app.tidewire.clone()
    }
}

impl App {
    /// Opens the data directory, fills an empty database and starts the socket server on the current runtime.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let Config { settings, web } = config;
        let data = &settings.data;
        std::fs::create_dir_all(data).map_err(StartError::Data)?;
        let secret = secret::load_or_make(data).map_err(StartError::Data)?;
        let jwt = Arc::new(JwtAuthenticator::new(JwtOptions {
            secret,
            issuer: "activities".to_owned(),
            audience: "activities".to_owned(),
        }));
        let place = settings.place(DATABASE);
        let schema = Schema::of(&place);
        let mut options = StoreOptions::new(place);
        options.migrations = schema.migrations.to_vec();
        let (events, feed) = unbounded_channel();
        let store = Store::open(options, events).map_err(StartError::Store)?;
        let tidewire = Tidewire::new(store, jwt.clone()).request_rate(settings.requests_per_person);
        tidewire.transact("", move |tx| seed::seed(tx, schema)).await.map_err(StartError::Store)?;
        let sockets = sockets::start(&tidewire, jwt.clone(), feed, &settings).map_err(StartError::Sockets)?;
        let publish = settings.server_key.clone();
        let origins = settings.origins;
        Ok(Self { tidewire, jwt, metrics: Arc::default(), web: Web::new(web), sockets, publish, origins })
    }

    /// The store behind it: its history tells what has been published.
    #[must_use]
    pub fn tidewire(&self) -> &Tidewire {
        &self.tidewire
    }

    /// The connections.
    #[must_use]
    pub fn sockets(&self) -> &SocketServer {
        &self.sockets
    }

    /// Who takes part in an activity.
    pub(crate) async fn participants(&self, activity: &str) -> Vec<User> {
        let activity = activity.to_owned();
        self.tidewire.snapshot(move |tx| queries::participants(tx, &activity)).await.unwrap_or_default()
    }

    /// Takes those out of an activity's chat who do not take part (any more), on all their connections (V3).
    pub(crate) async fn close_chat(&self, activity: &str, users: &[User]) {
        let members = self.participants(activity).await;
        for user in users.iter().filter(|user| !members.contains(user)) {
            self.sockets.revoke(user, &chat_room(activity));
        }
    }

    /// All routes.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/login", post(login::login))
            .route("/activities", get(activities::list).post(activities::create))
            .route(
                "/activities/{id}",
                get(activities::show).patch(activities::edit).delete(activities::delete),
            )
            .route("/activities/{id}/like", post(activities::like).delete(activities::unlike))
            .route("/activities/{id}/participants", post(activities::join).delete(activities::leave))
            .route("/activities/{id}/cheers", get(activities::cheers).post(activities::cheer))
            .route("/activities/{id}/messages", get(messages::list).post(messages::send))
            .route("/messages/{id}/read", post(messages::read))
            .method_not_allowed_fallback(wrong_method);
        let publish = match &self.publish {
            Some(key) => self.tidewire.publish_router(key.clone()),
            None => Router::new(),
        };
        // They were checked when they were read.
        let cors = cors(self.origins.clone()).unwrap_or_default();
        Router::new()
            .nest("/api", api)
            .merge(publish)
            .merge(self.sockets.router())
            .merge(self.tidewire.router())
            .route("/openapi.json", get(openapi))
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics::show))
            .fallback(fallback)
            .layer(middleware::from_fn(mark_outcomes))
            .layer(middleware::from_fn_with_state(self.clone(), metrics::count))
            .layer(cors)
            .with_state(self.clone())
    }
}

/// Kept by hand; a test compares it with the routes.
async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("../openapi.json")).into_response()
}

async fn fallback(State(app): State<App>, request: Request) -> Response {
    app.web.serve(request).await
}

async fn wrong_method() -> Reject {
    Reject::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this route does not know this method")
}

/// Ready means that the database answers.
async fn ready(State(app): State<App>) -> Response {
    match app.tidewire.store().head(ACTIVITIES_ROOM).await {
        Ok(_) => "ready".into_response(),
        Err(error) => Reject::unavailable(error.to_string()).into_response(),
    }
}

/// Why the server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The data directory cannot be used.
    Data(std::io::Error),
    /// The database cannot be used.
    Store(StoreError),
    /// The socket server lacks a part.
    Sockets(Missing),
    /// The port cannot be used.
    Listen(std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data(error) => write!(f, "the data directory cannot be used: {error}"),
            Self::Store(error) => write!(f, "the database cannot be used: {error}"),
            Self::Sockets(missing) => write!(f, "{missing}"),
            Self::Listen(error) => write!(f, "the port cannot be used: {error}; choose another with --port"),
        }
    }
}

impl std::error::Error for StartError {}
