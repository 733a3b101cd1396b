//! JSON Web Tokens: signature (HS256, RS256, ES256, EdDSA), expiry, audience and issuer. Never logs a token. Knows no HTTP.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::keys::{Key, KeyError};
use super::{AuthError, Authenticator, JwtKeys, Session, User};
use crate::event::BoxFuture;

/// Longer tokens are refused unread, in bytes.
const TOKEN_BYTES: usize = 16 * 1024;

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

/// Accepts tokens that were signed with one of its keys by that key's algorithm, and by nothing else: `alg: none` is
/// refused, and so is a public key taken for a secret.
pub struct JwtAuthenticator {
    keys: RwLock<Arc<JwtKeys>>,
    encoding: Option<EncodingKey>,
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

/// What is read of a token; `iss` and `aud` are checked before, and may be lists.
#[derive(Deserialize)]
struct Accepted {
    sub: String,
    exp: u64,
}

impl JwtAuthenticator {
    /// With this secret, issuer and audience. It can also issue tokens.
    #[must_use]
    pub fn new(options: JwtOptions) -> Self {
        let encoding = Some(EncodingKey::from_secret(&options.secret));
        let keys = JwtKeys::secret(&options.secret);
        Self { encoding, ..Self::with_keys(keys, &options.issuer, &options.audience) }
    }

    /// With these keys of somebody else who issues the tokens.
    #[must_use]
    pub fn with_keys(keys: JwtKeys, issuer: &str, audience: &str) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            encoding: None,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        }
    }

    /// Takes other keys from now on: the issuer has changed them.
    pub fn replace_keys(&self, keys: JwtKeys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Reads the keys from a file again, and keeps the present ones if that fails.
    pub fn reload_keys(&self, path: impl AsRef<std::path::Path>) -> Result<(), KeyError> {
        self.replace_keys(JwtKeys::file(path)?);
        Ok(())
    }

    /// A token for a user that ends after `seconds`. Fails if there is no secret, or the signing library does.
    pub fn issue(&self, user: &str, seconds: u64) -> Result<String, AuthError> {
        let encoding = self.encoding.as_ref().ok_or(AuthError::Unavailable)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims {
            sub: user.to_owned(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            exp: now.saturating_add(seconds),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, encoding)
            .map_err(|_| AuthError::Unavailable)
    }

    /// Whether a token names a key that is not among ours.
    pub(super) fn lacks_key_of(&self, token: &str) -> bool {
        let named =
            (token.len() <= TOKEN_BYTES).then(|| jsonwebtoken::decode_header(token).ok()?.kid).flatten();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        named.is_some_and(|name| !keys.0.iter().any(|key| key.name.as_ref() == Some(&name)))
    }

    fn check(&self, token: &str) -> Result<Session, AuthError> {
        if token.len() > TOKEN_BYTES {
            return Err(AuthError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Invalid)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let named = |key: &&Key| match (&key.name, &header.kid) {
            (Some(name), Some(wanted)) => name == wanted,
            (None, _) | (_, None) => true,
        };
        let fitting = keys.0.iter().filter(|key| key.algorithm == header.alg).filter(named);
        let mut refusal = AuthError::Invalid;
        for key in fitting {
            match jsonwebtoken::decode::<Accepted>(token, &key.decoding, &self.validation(key.algorithm)) {
                Ok(data) => {
                    let user = User { id: data.claims.sub.into() };
                    return Ok(Session { user, expires_at: Some(data.claims.exp) });
                }
                Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                    refusal = AuthError::Expired;
                }
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        validation
    }
}

impl Authenticator for JwtAuthenticator {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(std::future::ready(self.check(token)))
    }
}
