//! The request that becomes a WebSocket (RFC 6455 section 4.2). It does not know who may send one.

use std::future::Future;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};

use super::{WebSocket, deflate};

/// What is added to a client's key (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The request is no WebSocket handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoHandshake;

/// A handshake that may be answered.
pub(crate) struct Upgrade {
    accept: HeaderValue,
    stream: OnUpgrade,
    limit: usize,
    /// What was agreed on, if anything.
    deflate: Option<HeaderValue>,
}

impl Upgrade {
    /// Takes the handshake out of a request. Messages longer than `limit` will not be read; with `deflate`, they may be
    /// compressed.
    pub(crate) fn from_request(
        request: &mut Request,
        limit: usize,
        deflate: bool,
    ) -> Result<Upgrade, NoHandshake> {
        let headers = request.headers();
        let asks = request.method() == Method::GET
            && request.version() >= Version::HTTP_11
            && lists(headers, header::CONNECTION, "upgrade")
            && lists(headers, header::UPGRADE, "websocket")
            && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks).ok_or(NoHandshake)?;
        let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
        let accept = HeaderValue::try_from(STANDARD.encode(digest)).map_err(|_| NoHandshake)?;
        let deflate = deflate.then(|| deflate::negotiate(headers)).flatten();
        let stream = request.extensions_mut().remove::<OnUpgrade>().ok_or(NoHandshake)?;
        Ok(Upgrade { accept, stream, limit, deflate })
    }

    /// Answers, and runs this with the socket once it is open; without a socket if the client breaks off before that.
    pub(crate) fn run<F>(self, carry: impl FnOnce(WebSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let Upgrade { accept, stream, limit, deflate } = self;
        let deflates = deflate.is_some();
        tokio::spawn(async move {
            if let Ok(stream) = stream.await {
                let socket = WebSocket::new(Box::new(TokioIo::new(stream)), limit, deflates);
                // Apart, so that a task without a socket is no larger than that.
                Box::pin(carry(socket)).await;
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(deflate) = deflate {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, deflate);
        }
        response
    }
}

/// Whether a header's list has this word.
fn lists(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
}
