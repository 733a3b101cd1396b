//! The HTTP side of the transport: `/socket.io/` with `EIO=4&transport=websocket` becomes a connection, everything else
//! gets Engine.IO's error shape. It does not know what travels on the connection.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde::Deserialize;

use super::{Open, Shared, connection};

/// Kept by every connection, also an idle one; larger frames get a larger buffer while they are read.
const READ_BUFFER: usize = 2 * 1024;
/// Frames are handed to the operating system when so much has gathered, or when no more are waiting.
const WRITE_BUFFER: usize = 16 * 1024;

/// Why a transport is refused: Engine.IO's codes, our sentences.
#[derive(Clone, Copy)]
enum Refused {
    Transport,
    Polling,
    Session,
    Method,
    Handshake,
    Origin,
    Version,
}

impl Refused {
    const fn parts(self) -> (StatusCode, u8, &'static str) {
        match self {
            Refused::Transport => (StatusCode::BAD_REQUEST, 0, "unknown transport: use transport=websocket"),
            Refused::Polling => (
                StatusCode::BAD_REQUEST,
                0,
                "polling is not supported yet: make the client with transports: ['websocket']",
            ),
            Refused::Session => (StatusCode::BAD_REQUEST, 1, "unknown session: connect anew"),
            Refused::Method => (StatusCode::BAD_REQUEST, 2, "bad handshake method: use GET"),
            Refused::Handshake => (StatusCode::BAD_REQUEST, 3, "this is no WebSocket handshake"),
            Refused::Origin => (StatusCode::FORBIDDEN, 4, "this origin is not let in"),
            Refused::Version => (
                StatusCode::BAD_REQUEST,
                5,
                "unsupported protocol version: use Engine.IO 4 (Socket.IO 3 or later)",
            ),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        (status, Json(serde_json::json!({ "code": code, "message": message }))).into_response()
    }
}

#[derive(Deserialize)]
struct Params {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

pub(crate) fn router<S: Clone + Send + Sync + 'static>(shared: Arc<Shared>) -> Router<S> {
    Router::new().route("/socket.io/", any(upgrade)).route("/socket.io", any(upgrade)).with_state(shared)
}

async fn upgrade(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    Query(params): Query<Params>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    if params.version.as_deref() != Some("4") {
        return Err(Refused::Version);
    }
    match params.transport.as_deref() {
        Some("websocket") => {}
        Some("polling") => return Err(Refused::Polling),
        Some(_) | None => return Err(Refused::Transport),
    }
    if params.sid.is_some() {
        return Err(Refused::Session);
    }
    if method != Method::GET {
        return Err(Refused::Method);
    }
    if !is_allowed(shared.origins.as_deref(), &headers) {
        return Err(Refused::Origin);
    }
    let socket = socket.map_err(|_| Refused::Handshake)?;
    let session = shared.next_session();
    let socket = socket
        .max_message_size(shared.frame_bytes)
        .max_frame_size(shared.frame_bytes)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER);
    let open = Open::new(shared);
    Ok(socket.on_upgrade(move |socket| async move {
        connection::run(socket, session, open.0.to_hub.clone(), open.0.report_bytes).await;
        drop(open);
    }))
}

/// A request without `Origin` comes from no browser.
fn is_allowed(origins: Option<&[String]>, headers: &HeaderMap) -> bool {
    match (origins, headers.get(header::ORIGIN)) {
        (None, _) | (Some(_), None) => true,
        (Some(origins), Some(origin)) => {
            origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        }
    }
}
