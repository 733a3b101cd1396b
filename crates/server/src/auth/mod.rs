//! Who is asking: the authenticator of an app, bearer tokens on HTTP, and JWT (V2).
//! Knows no database and no rooms.

mod jwt;

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, header};

pub use jwt::{JwtAuthenticator, JwtOptions};

use crate::event::BoxFuture;
use crate::write::Reject;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// The app's id of the person.
    pub id: Arc<str>,
}

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose token it is.
    pub user: User,
    /// When it ends, in seconds since 1970; absent: never.
    pub expires_at: Option<u64>,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// There is none.
    Missing,
    /// It is not one of ours: malformed, forged, for another audience, or of an algorithm that is not accepted.
    Invalid,
    /// It was good once.
    Expired,
    /// It could not be checked now (a key server, a session store); try again.
    Unavailable,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "sign in first: the request carries no token",
            Self::Invalid => "the token is not accepted; sign in again",
            Self::Expired => "the token has expired; get a fresh one",
            Self::Unavailable => "the token cannot be checked now; try again",
        })
    }
}

impl std::error::Error for AuthError {}

/// Tells whose a token is; for HTTP requests and for connections alike.
pub trait Authenticator: Send + Sync {
    /// Checks a token.
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>>;
}

/// The user of a request with `Authorization: Bearer <token>`.
pub(crate) async fn bearer(headers: &HeaderMap, authenticator: &dyn Authenticator) -> Result<User, Reject> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let token = token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Reject::unauthorized(AuthError::Missing.to_string()))?;
    match authenticator.authenticate(token).await {
        Ok(session) => Ok(session.user),
        Err(error @ (AuthError::Missing | AuthError::Invalid | AuthError::Expired)) => {
            Err(Reject::unauthorized(error.to_string()))
        }
        Err(error @ AuthError::Unavailable) => Err(Reject::unavailable(error.to_string())),
    }
}
