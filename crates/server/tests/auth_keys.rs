//! Tokens of somebody else's keys (V2): RS256, ES256 and EdDSA, from files, PEM and key sets. The keys in `tests/keys` were made
//! for these tests and open nothing.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tidewire_server::auth::{AuthError, Authenticator, JwtAuthenticator, JwtKeys};

const KINDS: [(Algorithm, &str); 3] =
    [(Algorithm::RS256, "rsa"), (Algorithm::ES256, "p256"), (Algorithm::EdDSA, "ed25519")];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name)
}

fn private(algorithm: Algorithm, name: &str) -> EncodingKey {
    let pem = std::fs::read(path(&format!("{name}.pem"))).unwrap();
    let read = match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_pem,
        Algorithm::ES256 => EncodingKey::from_ec_pem,
        _ => EncodingKey::from_ed_pem,
    };
    read(&pem).unwrap()
}

fn public(name: &str) -> JwtKeys {
    JwtKeys::file(path(&format!("{name}.pub.pem"))).unwrap()
}

fn authenticator(keys: JwtKeys) -> JwtAuthenticator {
    JwtAuthenticator::with_keys(keys, "tests", "tests")
}

fn claims() -> Value {
    json!({ "sub": "ana", "iss": "tests", "aud": ["others", "tests"], "exp": 4_000_000_000_u64 })
}

fn token(algorithm: Algorithm, kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, key).unwrap()
}

async fn user(authenticator: &JwtAuthenticator, token: &str) -> Result<String, AuthError> {
    authenticator.authenticate(token).await.map(|session| session.user.id.to_string())
}

#[tokio::test]
async fn v2_each_algorithm_accepts_its_own_tokens_and_no_others() {
    for (algorithm, name) in KINDS {
        let accepts = authenticator(public(name));
        for (other, signer) in KINDS {
            let signed = token(other, None, &claims(), &private(other, signer));
            let wanted = if other == algorithm { Ok("ana".to_owned()) } else { Err(AuthError::Invalid) };
            assert_eq!(user(&accepts, &signed).await, wanted, "{algorithm:?} {other:?}");
        }
        let mut old = claims();
        old["exp"] = json!(1_000_000_000);
        let signed = token(algorithm, None, &old, &private(algorithm, name));
        assert_eq!(user(&accepts, &signed).await, Err(AuthError::Expired));
        let mut early = claims();
        early["nbf"] = json!(3_900_000_000_u64);
        let signed = token(algorithm, None, &early, &private(algorithm, name));
        assert_eq!(user(&accepts, &signed).await, Err(AuthError::Invalid), "not yet");
        assert!(accepts.issue("ana", 60).is_err(), "a public key signs nothing");
    }
}

#[tokio::test]
async fn v2_a_public_key_is_never_taken_for_a_secret_nor_none_for_a_signature() {
    for (_, name) in KINDS {
        let pem = std::fs::read(path(&format!("{name}.pub.pem"))).unwrap();
        let forged = token(Algorithm::HS256, None, &claims(), &EncodingKey::from_secret(&pem));
        let accepts = authenticator(public(name));
        assert_eq!(user(&accepts, &forged).await, Err(AuthError::Invalid), "{name}");
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let none = format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims()));
        assert_eq!(user(&accepts, &none).await, Err(AuthError::Invalid), "{name}");
    }
    let long = format!("{}.{}", "x".repeat(20_000), "y");
    assert_eq!(user(&authenticator(public("rsa")), &long).await, Err(AuthError::Invalid));
}

/// A key set of all three, each under its own name.
fn set(with: impl Fn(&mut Value)) -> String {
    let keys = KINDS.map(|(algorithm, name)| {
        let jwk = Jwk::from_encoding_key(&private(algorithm, name), algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(name);
        with(&mut jwk);
        jwk
    });
    json!({ "keys": keys }).to_string()
}

#[tokio::test]
async fn v2_a_key_set_is_chosen_from_by_name_and_can_be_replaced() {
    let accepts = authenticator(JwtKeys::jwks(&set(|_| {})).unwrap());
    for (algorithm, name) in KINDS {
        let sign = |kid| token(algorithm, kid, &claims(), &private(algorithm, name));
        assert_eq!(user(&accepts, &sign(Some(name))).await.as_deref(), Ok("ana"));
        assert_eq!(user(&accepts, &sign(None)).await.as_deref(), Ok("ana"));
        assert_eq!(user(&accepts, &sign(Some("gone"))).await, Err(AuthError::Invalid));
    }
    let signed = token(Algorithm::RS256, None, &claims(), &private(Algorithm::RS256, "rsa"));
    accepts.replace_keys(public("p256"));
    assert_eq!(user(&accepts, &signed).await, Err(AuthError::Invalid));
    assert!(accepts.reload_keys(path("nowhere.pem")).is_err());
    accepts.reload_keys(path("rsa.pub.pem")).unwrap();
    assert_eq!(user(&accepts, &signed).await.as_deref(), Ok("ana"));
}

#[test]
fn v2_keys_that_cannot_be_used_are_refused_at_the_start() {
    assert!(JwtKeys::pem(b"nonsense").is_err());
    assert!(JwtKeys::jwks("{}").is_err());
    assert!(JwtKeys::jwks(r#"{"keys":[]}"#).is_err());
    assert!(JwtKeys::jwks(&set(|jwk| jwk["use"] = json!("enc"))).is_err(), "for encryption only");
    assert!(JwtKeys::jwks(&set(|jwk| jwk["alg"] = json!("RS512"))).is_err(), "other algorithms");
    let secret = r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}"#;
    assert!(JwtKeys::jwks(secret).is_err(), "a published secret");
    assert!(JwtKeys::jwks(&set(|jwk| drop(jwk.as_object_mut().unwrap().remove("alg")))).is_ok());
}
