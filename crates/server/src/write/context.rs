//! Extractors: what of a request the exactly-once rule needs (protocol sections 3 and 4), checked before a handler runs.
//! Knows no database.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tidewire_wire::http;

use super::Tidewire;
use super::reply::Reject;
use crate::auth::User;
use crate::store::ledger::{Identity, RequestHash};
use crate::store::limits;

/// A write: who, which, and its body. Made by axum from the request; refuses without a good token (401), with malformed
/// protocol headers (400) or with too large a body (413).
pub struct WriteContext {
    pub(super) user: User,
    pub(super) name: WriteName,
    pub(super) hash: RequestHash,
    body: Bytes,
}

/// How the request's headers name the write.
#[derive(Clone)]
pub(super) enum WriteName {
    Unnamed,
    Keyed { key: Arc<str> },
    Sequenced { key: Arc<str>, client: Arc<str>, sequence: u64, floor: u64 },
}

impl WriteName {
    pub(super) fn identity(&self) -> Identity<'_> {
        match self {
            Self::Unnamed => Identity::Unnamed,
            Self::Keyed { key } => Identity::Keyed { key },
            Self::Sequenced { key, client, sequence, floor } => {
                Identity::Sequenced { key, client, sequence: *sequence, floor: *floor }
            }
        }
    }

    /// The id that the write's events carry.
    pub(super) fn write_id(&self) -> &str {
        match self {
            Self::Unnamed => "",
            Self::Keyed { key } | Self::Sequenced { key, .. } => key,
        }
    }
}

impl WriteContext {
    /// Who writes.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON of a known shape; 400 if it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Reject> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // Line and column only: the rest of the text may quote the body.
            let place = format!("line {} column {}", error.line(), error.column());
            Reject::bad_request(match error.classify() {
                serde_json::error::Category::Data => {
                    format!("the body is JSON of another shape than expected ({place})")
                }
                serde_json::error::Category::Io
                | serde_json::error::Category::Syntax
                | serde_json::error::Category::Eof => {
                    format!("the body is not JSON ({place})")
                }
            })
        })
    }
}

impl<S> FromRequest<S> for WriteContext
where
    S: Send + Sync,
    Tidewire: FromRef<S>,
{
    type Rejection = Reject;

    async fn from_request(request: Request, state: &S) -> Result<Self, Reject> {
        let (parts, body) = request.into_parts();
        let user = user(&parts, state).await?;
        Self::read(user, Request::from_parts(parts, body)).await
    }
}

impl WriteContext {
    /// A write of somebody who is known already.
    pub(super) async fn read(user: User, request: Request) -> Result<Self, Reject> {
        let (mut parts, body) = request.into_parts();
        let name = write_name(&parts.headers)?;
        let target = target(&mut parts).await;
        let body = axum::body::to_bytes(body, limits::REQUEST_BODY).await.map_err(|error| {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
            while let Some(error) = cause.filter(|error| !error.is::<LengthLimitError>()) {
                cause = error.source();
            }
            let most = limits::REQUEST_BODY;
            match cause {
                Some(_) => Reject::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too-large",
                    format!("the body has more than {most} bytes"),
                ),
                None => Reject::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "incomplete",
                    "the body broke off or did not come in time",
                ),
            }
        })?;
        let mut hash = Sha256::new();
        // Neither a method nor a target holds a line feed, so the three parts cannot run into each other.
        for part in [parts.method.as_str().as_bytes(), b"\n", target.as_bytes(), b"\n", &body] {
            hash.update(part);
        }
        Ok(Self { user, name, hash: RequestHash(hash.finalize().into()), body })
    }
}

/// A read: who, and whose sequences the base is to name.
#[derive(Clone)]
pub struct ReadContext {
    pub(crate) user: User,
    pub(crate) client: Option<Arc<str>>,
}

impl ReadContext {
    /// Who reads.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl<S> FromRequestParts<S> for ReadContext
where
    S: Send + Sync,
    Tidewire: FromRef<S>,
{
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Reject> {
        let user = user(parts, state).await?;
        let client = header(&parts.headers, http::CLIENT)?.map(http::parse_client).transpose();
        let client = client.map_err(|error| Reject::bad_request(error.to_string()))?.map(Arc::from);
        Ok(Self { user, client })
    }
}

async fn user<S>(parts: &Parts, state: &S) -> Result<User, Reject>
where
    Tidewire: FromRef<S>,
{
    Tidewire::from_ref(state).user(&parts.headers).await
}

/// Path with query as the client sent it, also in a nested router.
async fn target(parts: &mut Parts) -> String {
    let uri = match OriginalUri::from_request_parts(parts, &()).await {
        Ok(OriginalUri(uri)) => uri,
    };
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.as_str().to_owned())
}

fn write_name(headers: &HeaderMap) -> Result<WriteName, Reject> {
    let wrong = |error: tidewire_wire::HeaderError| Reject::bad_request(error.to_string());
    let key = header(headers, http::IDEMPOTENCY_KEY)?.map(http::parse_key).transpose().map_err(wrong)?;
    let client = header(headers, http::CLIENT)?.map(http::parse_client).transpose().map_err(wrong)?;
    let sequence = header(headers, http::SEQUENCE)?.map(http::parse_sequence).transpose().map_err(wrong)?;
    let floor = header(headers, http::FLOOR)?.map(http::parse_sequence).transpose().map_err(wrong)?;
    match (key, client, sequence, floor) {
        // A client id alone says who asks, not which write it is.
        (None, _, None, None) => Ok(WriteName::Unnamed),
        (Some(key), None, None, None) => Ok(WriteName::Keyed { key: key.into() }),
        (Some(key), Some(client), Some(sequence), Some(floor)) if floor <= sequence => {
            Ok(WriteName::Sequenced { key: key.into(), client: client.into(), sequence, floor })
        }
        (Some(_), Some(_), Some(_), Some(_)) => {
            Err(Reject::bad_request("Tidewire-Floor must not be above Tidewire-Sequence"))
        }
        _ => Err(Reject::bad_request(
            "Tidewire-Client, Tidewire-Sequence and Tidewire-Floor come together and with Idempotency-Key, or not at all",
        )),
    }
}

/// The one value of a header; 400 if it comes twice or is no text.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Reject> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Err(_), _) | (Ok(_), Some(_)) => {
            Err(Reject::bad_request(format!("{name} must come once, as plain text")))
        }
    }
}
