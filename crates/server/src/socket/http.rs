//! The HTTP side of the transports: `/socket.io/` with `EIO=4` and a transport becomes a connection or a part of one,
//! everything else gets Engine.IO's error shape. It does not know what travels on the connection.

use std::sync::Arc;

use super::connection::{self, Pipe};
use super::core::{FromSocket, Link};
use super::mailbox::Mailbox;
use super::polling::{self, Poll};
use super::random::random_id;
use super::{Open, Shared};
use crate::auth::HandshakeRequest;
use crate::front::Client;
use crate::websocket::Upgrade;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde::Deserialize;
use tidewire_hub::Transport;

/// Why a transport is refused: Engine.IO's codes, our sentences.
#[derive(Clone, Copy)]
enum Refused {
    Transport,
    Session,
    Method,
    Handshake,
    Request,
    TooLarge,
    Origin,
    Version,
}

impl Refused {
    const fn parts(self) -> (StatusCode, u8, &'static str) {
        match self {
            Refused::Transport => (
                StatusCode::BAD_REQUEST,
                0,
                "unknown transport: use transport=websocket or transport=polling",
            ),
            Refused::Session => (StatusCode::BAD_REQUEST, 1, "unknown session: connect anew"),
            Refused::Method => (StatusCode::BAD_REQUEST, 2, "bad handshake method: use GET"),
            Refused::Handshake => (StatusCode::BAD_REQUEST, 3, "this is no WebSocket handshake"),
            Refused::Request => (StatusCode::BAD_REQUEST, 3, "a request that ended its session"),
            Refused::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, 3, "the payload is too long: send less at once")
            }
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
    let path = shared.path.clone();
    Router::new().route(&format!("{path}/"), any(serve)).route(&path, any(serve)).with_state(shared)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    Query(params): Query<Params>,
    request: Request,
) -> Result<Response, Refused> {
    if params.version.as_deref() != Some("4") {
        return Err(Refused::Version);
    }
    if !is_allowed(shared.origins.as_deref(), request.headers()) {
        return Err(Refused::Origin);
    }
    let poll = match &params.sid {
        Some(sid) => Some(shared.polls.get(sid).ok_or(Refused::Session)?),
        None => None,
    };
    match (params.transport.as_deref(), poll, request.method()) {
        (Some("websocket"), _, method) if method != Method::GET => Err(Refused::Method),
        (Some("websocket"), None, _) => open_websocket(shared, request),
        (Some("websocket"), Some(poll), _) => upgrade(&shared, poll, request),
        (Some("polling"), None, &Method::GET) => open_polling(shared, request).await,
        (Some("polling"), Some(poll), &Method::GET) => Ok(payload(poll.take().await?)),
        (Some("polling"), Some(poll), &Method::POST) => {
            poll.bring(request.into_body()).await?;
            Ok(payload("ok".to_owned()))
        }
        (Some("polling"), _, _) => Err(Refused::Method),
        (Some(_) | None, _, _) => Err(Refused::Transport),
    }
}

impl From<polling::Refused> for Refused {
    fn from(refused: polling::Refused) -> Self {
        match refused {
            polling::Refused::Gone => Refused::Session,
            polling::Refused::Bad => Refused::Request,
            polling::Refused::TooLarge => Refused::TooLarge,
        }
    }
}

fn payload(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=UTF-8"), (header::CACHE_CONTROL, "no-store")], text)
        .into_response()
}

/// The hub's end of a new connection, and ours.
fn link(request: Request) -> (Link, Arc<Mailbox>) {
    let mail = Arc::<Mailbox>::default();
    let (parts, _) = request.into_parts();
    let request = Some(Arc::new(HandshakeRequest { headers: parts.headers, uri: parts.uri }));
    (Link { mail: mail.clone(), request }, mail)
}

fn open_websocket(shared: Arc<Shared>, mut request: Request) -> Result<Response, Refused> {
    let upgrade = handshake(&mut request, &shared)?;
    let open = Open::new(shared);
    let client = request.extensions().get::<Client>().cloned();
    Ok(upgrade.run(move |socket| async move {
        let shared = &open.0;
        let (link, mail) = link(request);
        let session = shared.next_session();
        let opened = FromSocket::Opened { session, sid: random_id(), transport: Transport::WebSocket, link };
        let (core, report_bytes) = (shared.core.clone(), shared.report_bytes);
        core.tell(opened);
        connection::carry(socket, Pipe { session, core, mail, report_bytes, client }).await;
    }))
}

fn upgrade(shared: &Shared, poll: Arc<Poll>, mut request: Request) -> Result<Response, Refused> {
    let upgrade = handshake(&mut request, shared)?;
    if !poll.begin_upgrade() {
        // Also a client that looks at nothing but the WebSocket learns of it.
        return Ok(upgrade.run(|mut socket| async move {
            socket.queue_close(None, "");
            socket.flush().await.ok();
        }));
    }
    let client = request.extensions().get::<Client>().cloned();
    Ok(upgrade.run(move |socket| poll.upgrade(socket, client)))
}

async fn open_polling(shared: Arc<Shared>, request: Request) -> Result<Response, Refused> {
    let (link, mail) = link(request);
    let (session, sid) = (shared.next_session(), random_id());
    let opened = FromSocket::Opened { session, sid: sid.clone(), transport: Transport::Polling, link };
    let poll = Poll::new(sid, session, Open::new(shared.clone()), mail);
    shared.polls.insert(&poll);
    shared.core.tell(opened);
    Ok(payload(poll.take().await?))
}

fn handshake(request: &mut Request, shared: &Shared) -> Result<Upgrade, Refused> {
    Upgrade::from_request(request, shared.frame_bytes, shared.deflate).map_err(|_| Refused::Handshake)
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
