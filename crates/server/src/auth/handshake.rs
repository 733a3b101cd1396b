//! What a client says when it asks for a session, beside its token: namespace, data, and the HTTP request that its connection
//! began with (V2). Knows no sockets.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use serde_json::Value;

use super::AuthError;

/// The HTTP request that a connection began with. Headers may hold cookies: nothing of it shows in `Debug`.
#[derive(Clone, Default)]
pub struct HandshakeRequest {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its path and query.
    pub uri: Uri,
}

impl fmt::Debug for HandshakeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeRequest(..)")
    }
}

/// A client asks for a session in a namespace.
#[derive(Clone)]
pub struct Handshake {
    /// Where; `/` is the main one.
    pub namespace: Arc<str>,
    /// The token in its data, if there is one.
    pub token: Option<String>,
    /// Its data; `null` for none.
    pub auth: Value,
    /// How the connection began.
    pub request: Arc<HandshakeRequest>,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake({})", self.namespace)
    }
}

/// Why a client gets no session; it is told all of it as `connect_error`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    /// For programs (protocol section 1). `AUTH` is final for our own clients; all others are tried again.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What goes with it; by default `{"code": ...}`.
    pub data: Option<Value>,
}

impl ConnectError {
    /// With a code and a sentence.
    #[must_use]
    pub fn new(code: &str, message: &str) -> ConnectError {
        ConnectError { code: code.to_owned(), message: message.to_owned(), data: None }
    }
}

impl From<AuthError> for ConnectError {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::Missing | AuthError::Invalid | AuthError::Expired => "AUTH",
            AuthError::Unavailable => "OVERLOADED",
        };
        ConnectError::new(code, &error.to_string())
    }
}
