//! Tokens (V2): signature, expiry, audience, issuer, algorithm.
#![allow(clippy::unwrap_used)]

mod write_support;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tidewire_server::auth::{AuthError, Authenticator};
use write_support::{App, authenticator};

const LATE: u64 = 4_000_000_000;

fn good() -> Value {
    json!({ "sub": "ana", "iss": "tests", "aud": "tests", "exp": LATE })
}

fn signed(algorithm: Algorithm, claims: &Value, secret: &[u8]) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}

async fn check(token: &str) -> Result<String, AuthError> {
    authenticator().authenticate(token).await.map(|session| session.user.id.to_string())
}

#[tokio::test]
async fn v2_a_good_token_names_its_user_and_its_end() {
    let session = authenticator().authenticate(&signed(Algorithm::HS256, &good(), &[7; 32])).await.unwrap();
    assert_eq!((&*session.user.id, session.expires_at), ("ana", Some(LATE)));
    assert_eq!(check(&authenticator().issue("ben", 60).unwrap()).await.as_deref(), Ok("ben"));
}

#[tokio::test]
async fn v2_expired_tokens_are_told_apart_from_bad_ones() {
    let mut claims = good();
    claims["exp"] = json!(1_000_000_000);
    assert_eq!(check(&signed(Algorithm::HS256, &claims, &[7; 32])).await, Err(AuthError::Expired));
}

#[tokio::test]
async fn v2_each_claim_is_needed_and_must_be_ours() {
    for (claim, wrong) in
        [("iss", json!("others")), ("aud", json!("others")), ("sub", json!(7)), ("exp", json!("soon"))]
    {
        let mut claims = good();
        claims[claim] = wrong;
        assert_eq!(
            check(&signed(Algorithm::HS256, &claims, &[7; 32])).await,
            Err(AuthError::Invalid),
            "{claim} is wrong"
        );
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(
            check(&signed(Algorithm::HS256, &claims, &[7; 32])).await,
            Err(AuthError::Invalid),
            "{claim} is missing"
        );
    }
}

#[tokio::test]
async fn v2_only_our_secret_and_our_algorithm_are_accepted() {
    assert_eq!(check(&signed(Algorithm::HS256, &good(), &[8; 32])).await, Err(AuthError::Invalid));
    assert_eq!(check(&signed(Algorithm::HS512, &good(), &[7; 32])).await, Err(AuthError::Invalid));
    for algorithm in ["none", "None", "HS256"] {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", part(&json!({ "alg": algorithm, "typ": "JWT" })), part(&good()));
        assert_eq!(check(&unsigned).await, Err(AuthError::Invalid), "{algorithm} without a signature");
    }
    for garbage in ["", ".", "..", "a.b.c", "é"] {
        assert_eq!(check(garbage).await, Err(AuthError::Invalid), "{garbage:?}");
    }
}

#[tokio::test]
async fn v2_an_expired_token_on_http_is_a_401_that_says_so_without_the_token() {
    let app = App::new();
    let mut claims = good();
    claims["exp"] = json!(1_000_000_000);
    let token = signed(Algorithm::HS256, &claims, &[7; 32]);
    let answer = app.send("GET", "/count", None, &[("authorization", &format!("bearer {token}"))], "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("expired") && !answer.body.contains(&token), "{}", answer.body);
    assert!(!format!("{:?}", app.jwt).contains('7'), "no secret in Debug");
}
