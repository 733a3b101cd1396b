//! Keys that an issuer publishes at an address (V2): fetched, kept, changed, and not to be had.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use tidewire_server::auth::{AuthError, Authenticator, JwksAuthenticator, JwksError};

fn private() -> EncodingKey {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/keys/ed25519.pem");
    EncodingKey::from_ed_pem(&std::fs::read(path).unwrap()).unwrap()
}

fn set(name: &str) -> String {
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(&private(), Algorithm::EdDSA).unwrap()).unwrap();
    jwk["kid"] = json!(name);
    json!({ "keys": [jwk] }).to_string()
}

fn token(name: &str) -> String {
    let claims = json!({ "sub": "ana", "iss": "us", "aud": "app", "exp": 4_000_000_000_u64 });
    let header = Header { kid: Some(name.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &claims, &private()).unwrap()
}

#[derive(Clone, Default)]
struct Issuer(Arc<(Mutex<(u16, String)>, AtomicUsize)>);

impl Issuer {
    fn answer(&self) -> MutexGuard<'_, (u16, String)> {
        self.0.0.lock().unwrap()
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let show = |State(issuer): State<Issuer>| async move {
            issuer.0.1.fetch_add(1, Ordering::SeqCst);
            let (status, text) = issuer.answer().clone();
            (StatusCode::from_u16(status).unwrap(), text)
        };
        let router = Router::new().route("/keys", get(show)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/keys")
    }
}

async fn user(authenticator: &JwksAuthenticator, name: &str) -> Result<String, AuthError> {
    authenticator.authenticate(&token(name)).await.map(|session| session.user.id.to_string())
}

/// Lets the clock jump; nothing is waited for in the meantime.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn v2_keys_are_fetched_once_and_again_for_a_token_that_names_another() {
    let issuer = Issuer::default();
    *issuer.answer() = (200, set("k1"));
    let accepts = JwksAuthenticator::fetch(&issuer.start().await, "us", "app").await.unwrap();
    for _ in 0..3 {
        assert_eq!(user(&accepts, "k1").await.as_deref(), Ok("ana"));
    }
    assert_eq!(issuer.asked(), 1);
    *issuer.answer() = (200, set("k2"));
    assert_eq!(user(&accepts, "k2").await, Err(AuthError::Invalid), "it was fetched just now");
    assert_eq!(issuer.asked(), 1, "who invents names of keys cannot make us ask for each");
    pass(31).await;
    assert_eq!(user(&accepts, "k2").await.as_deref(), Ok("ana"));
    assert_eq!(user(&accepts, "k1").await, Err(AuthError::Invalid), "the old key is not accepted any more");
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn v2_while_the_issuer_does_not_answer_its_keys_are_used_for_a_day() {
    let issuer = Issuer::default();
    *issuer.answer() = (200, set("k1"));
    let accepts = JwksAuthenticator::fetch(&issuer.start().await, "us", "app").await.unwrap();
    *issuer.answer() = (503, String::new());
    pass(23 * 60 * 60).await;
    assert_eq!(user(&accepts, "k1").await.as_deref(), Ok("ana"));
    pass(2 * 60 * 60).await;
    assert_eq!(user(&accepts, "k1").await, Err(AuthError::Unavailable), "to be tried again, not a bad token");
    *issuer.answer() = (200, set("k1"));
    pass(31).await;
    assert_eq!(user(&accepts, "k1").await.as_deref(), Ok("ana"));
}

#[tokio::test]
async fn v2_an_address_without_keys_is_told_at_the_start() {
    let fetch =
        |address: String| async move { JwksAuthenticator::fetch(&address, "us", "app").await.unwrap_err() };
    let issuer = Issuer::default();
    let address = issuer.start().await;
    for (status, text) in [(404, "gone"), (200, "{}"), (200, "<html>"), (200, &" ".repeat(300_000))] {
        *issuer.answer() = (status, text.to_owned());
        let error = fetch(address.clone()).await;
        assert!(matches!(error, JwksError::Unreachable(_) | JwksError::Keys(_)), "{status} {error}");
    }
    for address in ["http://issuer.example/keys", "ftp://127.0.0.1/keys", "keys", ""] {
        assert!(matches!(fetch(address.to_owned()).await, JwksError::Address), "{address}");
    }
    assert!(matches!(fetch("http://127.0.0.1:1/keys".to_owned()).await, JwksError::Unreachable(_)));
}
