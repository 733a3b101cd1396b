//! Keys that tokens are checked with: a shared secret, public keys from PEM, or a key set (JWKS, RFC 7517). Each key has one
//! algorithm, and no token chooses another. Knows no tokens.

use std::fmt;
use std::io;
use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Keys that are tried for a token that names none; also how many a set may have.
const MOST: usize = 32;

/// Why keys cannot be used.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read.
    File(io::Error),
    /// Neither a public key in PEM (RSA, P-256 or Ed25519) nor a key set.
    Format,
    /// A key set without a key for RS256, ES256 or EdDSA, or with too many.
    Empty,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "the file of keys cannot be read: {error}"),
            Self::Format => {
                f.write_str("no public key in PEM (RSA, P-256 or Ed25519) and no JSON Web Key Set")
            }
            Self::Empty => write!(f, "a key set needs 1 to {MOST} keys for RS256, ES256 or EdDSA"),
        }
    }
}

impl std::error::Error for KeyError {}

/// One key with its algorithm, and its name in a key set.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) name: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Keys that tokens are checked with.
#[derive(Clone)]
pub struct JwtKeys(pub(super) Vec<Key>);

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKeys({})", self.0.len())
    }
}

impl JwtKeys {
    /// A shared secret, for HS256.
    #[must_use]
    pub fn secret(secret: &[u8]) -> JwtKeys {
        JwtKeys::one(Algorithm::HS256, DecodingKey::from_secret(secret))
    }

    /// A public key in PEM: RSA for RS256, P-256 for ES256, Ed25519 for EdDSA.
    pub fn pem(pem: &[u8]) -> Result<JwtKeys, KeyError> {
        type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>;
        let kinds: [(Algorithm, Read); 3] = [
            (Algorithm::EdDSA, DecodingKey::from_ed_pem),
            (Algorithm::ES256, DecodingKey::from_ec_pem),
            (Algorithm::RS256, DecodingKey::from_rsa_pem),
        ];
        let read = kinds.into_iter().find_map(|(algorithm, read)| Some((algorithm, read(pem).ok()?)));
        read.map(|(algorithm, key)| JwtKeys::one(algorithm, key)).ok_or(KeyError::Format)
    }

    /// A key set, as an identity provider publishes it. Keys for other algorithms or uses are left out.
    pub fn jwks(json: &str) -> Result<JwtKeys, KeyError> {
        let set: JwkSet = serde_json::from_str(json).map_err(|_| KeyError::Format)?;
        let keys: Vec<Key> = set.keys.iter().filter_map(key_of).collect();
        if (1..=MOST).contains(&keys.len()) { Ok(JwtKeys(keys)) } else { Err(KeyError::Empty) }
    }

    /// From a file: a public key in PEM, or a key set.
    pub fn file(path: impl AsRef<Path>) -> Result<JwtKeys, KeyError> {
        let bytes = std::fs::read(path).map_err(KeyError::File)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) if text.trim_start().starts_with('{') => JwtKeys::jwks(text),
            Ok(_) | Err(_) => JwtKeys::pem(&bytes),
        }
    }

    fn one(algorithm: Algorithm, decoding: DecodingKey) -> JwtKeys {
        JwtKeys(vec![Key { name: None, algorithm, decoding }])
    }
}

fn key_of(jwk: &Jwk) -> Option<Key> {
    use jsonwebtoken::jwk::PublicKeyUse;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "kinds of keys that we have no algorithm for may grow"
    )]
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // Secrets do not belong into a set that is published.
        _ => return None,
    };
    let named = match jwk.common.key_algorithm {
        None => algorithm,
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    (named == algorithm).then(|| Key { name: jwk.common.key_id.clone(), algorithm, decoding })
}
