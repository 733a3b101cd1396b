//! What Autobahn's fuzzing client expects to find: every message comes back as it was. It knows the WebSocket layer alone, of which
//! it has a copy of its own, because the library shows it to nobody.

use std::future::Ready;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidewire_hub::{CloseReason, Frame};

#[allow(dead_code, unused_imports, reason = "more is there than an echo needs")]
#[path = "../../src/websocket/mod.rs"]
mod websocket;

use websocket::{ReadError, Received, Upgrade, WebSocket};

/// The longest message of the suite.
const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) fn router() -> Router {
    Router::new().fallback(get(|mut request: Request| -> Ready<Response> {
        std::future::ready(match Upgrade::from_request(&mut request, LIMIT, true) {
            Ok(upgrade) => upgrade.run(echo),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        })
    }))
}

async fn echo(mut socket: WebSocket) {
    while let Some(received) = socket.receive().await {
        let ends = match received {
            Ok(Received::Text(text)) => {
                socket.queue(&Frame::Text(text.into()));
                false
            }
            Ok(Received::Binary(bytes)) => {
                socket.queue(&Frame::Binary(bytes.into()));
                false
            }
            Ok(Received::Ping(_) | Received::Pong) => false,
            Ok(Received::Close(code)) => {
                socket.queue_close(code, "");
                true
            }
            Err(error) => {
                let reason = match error {
                    ReadError::Oversized => CloseReason::Oversized,
                    ReadError::Broken => CloseReason::WebSocket,
                    ReadError::NoText => CloseReason::NoText,
                };
                socket.queue_close(Some(reason.code()), reason.name());
                true
            }
        };
        if socket.flush().await.is_err() {
            return;
        }
        if ends {
            return socket.finish().await;
        }
    }
}
