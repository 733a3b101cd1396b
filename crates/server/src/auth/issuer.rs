//! Keys from where their issuer publishes them (JWKS by URL): fetched at the start, kept, fetched again when they are old or a
//! token names one that is not among them (V2). Never logs a token. Knows no rooms.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::keys::{JwtKeys, KeyError};
use super::{AuthError, Authenticator, JwtAuthenticator, Session};
use crate::event::BoxFuture;

/// Keys are fetched again after this, beside the requests that use them.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// While their issuer does not answer they are used for this long; then no token can be checked.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// A token with an unknown key has them fetched again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(30);
/// The issuer must answer within this.
const ANSWER: Duration = Duration::from_secs(5);
/// Longest key set, in bytes.
const SET_BYTES: usize = 256 * 1024;

/// Why keys could not be fetched.
#[derive(Debug)]
pub enum JwksError {
    /// The address is no `https://...`, nor `http://` to this machine.
    Address,
    /// TLS cannot be used on this machine.
    Tls(rustls::Error),
    /// The issuer did not answer in time, or not with status 200 and a body of reasonable length.
    Unreachable(String),
    /// What it answered is no key set that can be used.
    Keys(KeyError),
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => {
                f.write_str("the address of a key set begins with https://, or with http:// on this machine")
            }
            Self::Tls(error) => write!(f, "TLS cannot be used: {error}"),
            Self::Unreachable(why) => write!(f, "the key set cannot be fetched: {why}"),
            Self::Keys(error) => write!(f, "the address answers with something else: {error}"),
        }
    }
}

impl std::error::Error for JwksError {}

/// Accepts the tokens of an issuer that publishes its keys at an address.
#[derive(Clone)]
pub struct JwksAuthenticator(Arc<Inner>);

struct Inner {
    jwt: JwtAuthenticator,
    source: Source,
    times: RwLock<Times>,
    /// Whoever has it fetches; the others wait and look again.
    turn: Mutex<()>,
}

struct Source {
    address: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

#[derive(Clone, Copy)]
struct Times {
    fetched: Instant,
    tried: Instant,
}

impl fmt::Debug for JwksAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwksAuthenticator({:?})", self.0.jwt)
    }
}

impl JwksAuthenticator {
    /// Fetches the keys; without them nothing starts.
    pub async fn fetch(address: &str, issuer: &str, audience: &str) -> Result<JwksAuthenticator, JwksError> {
        let source = Source::new(address)?;
        let jwt = JwtAuthenticator::with_keys(source.keys().await?, issuer, audience);
        let now = Instant::now();
        let times = RwLock::new(Times { fetched: now, tried: now });
        Ok(JwksAuthenticator(Arc::new(Inner { jwt, source, times, turn: Mutex::new(()) })))
    }
}

impl Inner {
    async fn authenticate(self: &Arc<Self>, token: &str) -> Result<Session, AuthError> {
        let unknown = self.jwt.lacks_key_of(token);
        let age = self.times().fetched.elapsed();
        if age > STALE {
            self.refresh(STALE).await;
            if self.times().fetched.elapsed() > STALE {
                return Err(AuthError::Unavailable);
            }
        } else if age > FRESH && self.turn.try_lock().is_ok() {
            let inner = self.clone();
            tokio::spawn(async move { inner.refresh(FRESH).await });
        }
        if unknown {
            self.refresh(Duration::ZERO).await;
        }
        self.jwt.authenticate(token).await
    }

    /// Fetches the keys if they are older than this, and if it was not tried just now.
    async fn refresh(&self, older_than: Duration) {
        let _turn = self.turn.lock().await;
        let times = self.times();
        if times.fetched.elapsed() < older_than || times.tried.elapsed() < AGAIN {
            return;
        }
        self.set(Times { tried: Instant::now(), ..times });
        match self.source.keys().await {
            Ok(keys) => {
                self.jwt.replace_keys(keys);
                let now = Instant::now();
                self.set(Times { fetched: now, tried: now });
            }
            Err(error) => {
                tracing::warn!(%error, "the keys of the issuer are not renewed; the present ones stay")
            }
        }
    }
}

impl Inner {
    fn times(&self) -> Times {
        *self.times.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, times: Times) {
        *self.times.write().unwrap_or_else(PoisonError::into_inner) = times;
    }
}

impl Authenticator for JwksAuthenticator {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(self.0.authenticate(token))
    }
}

impl Source {
    fn new(address: &str) -> Result<Source, JwksError> {
        let address: Uri = address.parse().map_err(|_| JwksError::Address)?;
        let here = matches!(address.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match address.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            Some(_) | None => return Err(JwksError::Address),
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(JwksError::Tls)?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Source { address, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    async fn keys(&self) -> Result<JwtKeys, JwksError> {
        let failed = |why: &dyn fmt::Display| JwksError::Unreachable(why.to_string());
        let fetch = async {
            let answer = self.client.get(self.address.clone()).await.map_err(|error| failed(&error))?;
            if answer.status() != StatusCode::OK {
                return Err(failed(&format_args!("it answers {}", answer.status())));
            }
            let body = Limited::new(answer.into_body(), SET_BYTES).collect().await;
            Ok(body.map_err(|error| failed(&error))?.to_bytes())
        };
        let body = timeout(ANSWER, fetch).await.map_err(|_| failed(&"no answer within 5 s"))??;
        let text = std::str::from_utf8(&body).map_err(|_| JwksError::Keys(KeyError::Format))?;
        JwtKeys::jwks(text).map_err(JwksError::Keys)
    }
}
