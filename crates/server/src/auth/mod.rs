//! Who is asking: the authenticator of an app, bearer tokens on HTTP, and JWT (V2).
//! Knows no database and no rooms.

mod handshake;
mod issuer;
mod jwt;
mod keys;

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, header};

pub use handshake::{ConnectError, Handshake, HandshakeRequest};
pub use issuer::{JwksAuthenticator, JwksError};
pub use jwt::{JwtAuthenticator, JwtOptions};
pub use keys::{JwtKeys, KeyError};

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

    /// Whose an HTTP request is. By default that of its bearer token; an app with cookies looks for them here.
    fn request<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Session, AuthError>> {
        match bearer_token(headers) {
            Some(token) => self.authenticate(token),
            None => Box::pin(std::future::ready(Err(AuthError::Missing))),
        }
    }

    /// Whether a client gets a session in a namespace. By default its token decides alone; an app with cookies looks for
    /// them in the handshake's request, and then must name its origins to the builder.
    fn connect<'a>(&'a self, handshake: &'a Handshake) -> BoxFuture<'a, Result<Session, ConnectError>> {
        Box::pin(async move {
            match &handshake.token {
                Some(token) => Ok(self.authenticate(token).await?),
                None => Err(AuthError::Missing.into()),
            }
        })
    }
}

/// The token of `Authorization: Bearer <token>`.
#[must_use]
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// The user of a request.
pub(crate) async fn user_of(headers: &HeaderMap, authenticator: &dyn Authenticator) -> Result<User, Reject> {
    match authenticator.request(headers).await {
        Ok(session) => Ok(session.user),
        Err(error @ (AuthError::Missing | AuthError::Invalid | AuthError::Expired)) => {
            Err(Reject::unauthorized(error.to_string()))
        }
        Err(error @ AuthError::Unavailable) => Err(Reject::unavailable(error.to_string())),
    }
}
