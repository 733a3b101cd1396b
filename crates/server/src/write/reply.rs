//! Answers of handlers, accepted or not, and the one shape of errors: `{"error":{"code","message"}}`.
//! Knows no database.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tidewire_hub::Millis;

use crate::store::StoreError;
use crate::store::ledger::StoredAnswer;

/// A handler's answer: what a replay gives again.
#[derive(Clone)]
pub struct Reply {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    etag: Option<HeaderValue>,
    location: Option<HeaderValue>,
    body: Vec<u8>,
}

impl Reply {
    /// JSON with this status.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Reject> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Reject::internal(format!("the answer is not JSON: {error}")))?;
        Ok(Self {
            status,
            content_type: Some(HeaderValue::from_static("application/json")),
            etag: None,
            location: None,
            body,
        })
    }

    /// A status without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, content_type: None, etag: None, location: None, body: Vec::new() }
    }

    /// With this `ETag`, quotes included. One that is no header value is left out.
    #[must_use]
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = HeaderValue::from_str(etag).ok();
        self
    }

    /// With this `Location`. One that is no header value is left out.
    #[must_use]
    pub fn location(mut self, location: &str) -> Self {
        self.location = HeaderValue::from_str(location).ok();
        self
    }

    /// Whether a transaction that ends with it stands (V5).
    pub(crate) fn commits(&self) -> bool {
        self.status.is_success() || self.status.is_redirection()
    }

    pub(crate) fn stored(&self) -> StoredAnswer {
        let text = |value: &Option<HeaderValue>| {
            value.as_ref().and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        StoredAnswer {
            status: self.status.as_u16(),
            content_type: text(&self.content_type),
            etag: text(&self.etag),
            location: text(&self.location),
            body: Some(self.body.clone()),
        }
    }

    pub(crate) fn from_stored(answer: StoredAnswer) -> Self {
        let value = |text: Option<String>| text.and_then(|text| HeaderValue::from_str(&text).ok());
        Self {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
            content_type: value(answer.content_type),
            etag: value(answer.etag),
            location: value(answer.location),
            body: answer.body.unwrap_or_default(),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in [
            (header::CONTENT_TYPE, self.content_type),
            (header::ETAG, self.etag),
            (header::LOCATION, self.location),
        ] {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Why a handler refuses. The transaction is rolled back and nothing is remembered of it.
pub struct Reject {
    kind: Kind,
}

enum Kind {
    /// Tell the caller.
    Refused { status: StatusCode, code: &'static str, message: String, retry_after: Option<Millis> },
    /// Tell the log; the caller learns only that it was our fault.
    Failed { why: String },
}

impl Reject {
    /// A refusal with a status, a code for programs and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Refused { status, code, message: message.into(), retry_after: None } }
    }

    /// 400: the request itself is wrong.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// 401: no token, or one that is not accepted.
    #[must_use]
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 403: this person may not.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: there is no such thing.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// 409: it contradicts what is there.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 412: what is there is of another version than `If-Match` says.
    #[must_use]
    pub fn precondition_failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", message)
    }

    /// 429 with `Retry-After`: too many of these; `what` says whose.
    pub(crate) fn too_many(wait: Millis, what: &str) -> Self {
        let message = format!("too many {what}: try again later");
        let (status, code) = (StatusCode::TOO_MANY_REQUESTS, "too-many-requests");
        Self { kind: Kind::Refused { status, code, message, retry_after: Some(wait) } }
    }

    /// 503: it may work later.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// 500: our fault; `why` goes to the log, not to the caller.
    #[must_use]
    pub fn internal(why: impl Into<String>) -> Self {
        Self { kind: Kind::Failed { why: why.into() } }
    }
}

impl From<StoreError> for Reject {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

impl IntoResponse for Reject {
    fn into_response(self) -> Response {
        let (status, code, message, retry_after) = match self.kind {
            Kind::Refused { status, code, message, retry_after } => (status, code, message, retry_after),
            Kind::Failed { why } => {
                tracing::error!(why, "a request failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "the server failed; try again".to_owned(),
                    None,
                )
            }
        };
        let body = serde_json::json!({ "error": { "code": code, "message": message } });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = retry_after {
            let seconds = wait.0.div_ceil(1000).max(1);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
