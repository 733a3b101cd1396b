//! Events from other services (V10): `POST /tidewire/publish` with a server key. It goes the way of every write, so that a
//! request with an `Idempotency-Key` publishes once. Knows no sockets.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Reject, Reply, Tidewire, WriteContext};
use crate::auth::{User, bearer_token};

/// Whose writes these are in the memory of keys.
const SERVICE: &str = "tidewire:service";
/// A shorter key could be guessed.
const KEY_BYTES: usize = 16;

/// A key that other services publish with. Only its hash is kept.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

/// The key has fewer than 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortKey;

impl std::fmt::Display for ShortKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a server key has at least {KEY_BYTES} bytes: make one from random bytes")
    }
}

impl std::error::Error for ShortKey {}

impl ServerKey {
    /// From its text.
    pub fn new(key: &str) -> Result<ServerKey, ShortKey> {
        if key.len() < KEY_BYTES { Err(ShortKey) } else { Ok(ServerKey(Sha256::digest(key).into())) }
    }

    /// Comparing hashes tells nothing about how much of a key was right.
    fn is(&self, key: &str) -> bool {
        self.0 == <[u8; 32]>::from(Sha256::digest(key))
    }
}

#[derive(Deserialize)]
struct Publication {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    room: String,
    name: String,
    payload: Box<RawValue>,
}

impl Tidewire {
    /// The route `/tidewire/publish` for services that know this key: `{"events":[{"room","name","payload"}]}`, all or none.
    pub fn publish_router<S: Clone + Send + Sync + 'static>(&self, key: ServerKey) -> Router<S> {
        Router::new().route("/tidewire/publish", post(publish)).with_state((self.clone(), key))
    }
}

async fn publish(State((tidewire, key)): State<(Tidewire, ServerKey)>, request: Request) -> Response {
    if !bearer_token(request.headers()).is_some_and(|given| key.is(given)) {
        return Reject::unauthorized("the server key is missing or wrong").into_response();
    }
    let context = match WriteContext::read(User { id: SERVICE.into() }, request).await {
        Ok(context) => context,
        Err(reject) => return reject.into_response(),
    };
    let publication: Publication = match context.json() {
        Ok(publication) => publication,
        Err(reject) => return reject.into_response(),
    };
    let write = tidewire.write(&context, move |tx| {
        let count = publication.events.len();
        for event in publication.events {
            tx.publish(&event.room, &event.name, &event.payload)
                .map_err(|error| Reject::bad_request(error.to_string()))?;
        }
        Reply::json(StatusCode::OK, &serde_json::json!({ "published": count }))
    });
    write.await
}
