//! JSON Web Tokens, HS256: signature, expiry, audience and issuer. Never logs a token. Knows no HTTP.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{AuthError, Authenticator, Session, User};
use crate::event::BoxFuture;

/// What a token must say to be accepted, and what issued ones say.
#[derive(Clone)]
pub struct JwtOptions {
    /// The shared secret: 32 random bytes or more.
    pub secret: Vec<u8>,
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// Accepts tokens that were signed with one secret by HS256, and by nothing else: `alg: none` is refused.
pub struct JwtAuthenticator {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
}

impl fmt::Debug for JwtAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtAuthenticator({} for {})", self.issuer, self.audience)
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: String,
    exp: u64,
}

impl JwtAuthenticator {
    /// With this secret, issuer and audience.
    #[must_use]
    pub fn new(options: JwtOptions) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&options.issuer]);
        validation.set_audience(&[&options.audience]);
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(&options.secret),
            decoding: DecodingKey::from_secret(&options.secret),
            validation,
            issuer: options.issuer,
            audience: options.audience,
        }
    }

    /// A token for a user that ends after `seconds`. Fails only if the signing library does.
    pub fn issue(&self, user: &str, seconds: u64) -> Result<String, AuthError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims {
            sub: user.to_owned(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            exp: now.saturating_add(seconds),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|_| AuthError::Unavailable)
    }

    fn check(&self, token: &str) -> Result<Session, AuthError> {
        match jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation) {
            Ok(data) => {
                Ok(Session { user: User { id: data.claims.sub.into() }, expires_at: Some(data.claims.exp) })
            }
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(AuthError::Expired),
            Err(_) => Err(AuthError::Invalid),
        }
    }
}

impl Authenticator for JwtAuthenticator {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(std::future::ready(self.check(token)))
    }
}
