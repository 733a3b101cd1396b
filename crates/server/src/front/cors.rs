//! Which web pages of other origins may ask, and what they may read of the answers (V10). Knows no routes.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tidewire_wire::http::{BASE, CLIENT, FLOOR, IDEMPOTENCY_KEY, OUTCOME, SEQUENCE};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember the answer.
const REMEMBER: Duration = Duration::from_secs(2 * 60 * 60);

/// An origin that is none: `https://app.example`, with a port where it is not the usual one, and nothing after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOrigin(pub String);

impl fmt::Display for BadOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no origin: write it like https://app.example or http://localhost:5173", self.0)
    }
}

impl std::error::Error for BadOrigin {}

/// A layer for the whole router, long-polling included: pages of these origins may ask, with a token or cookies, and read what a
/// client of ours needs to read. Give the same origins to [`Builder::origins`](crate::socket::Builder::origins).
pub fn cors(origins: impl IntoIterator<Item = String>) -> Result<CorsLayer, BadOrigin> {
    let origins = origins.into_iter().map(origin).collect::<Result<Vec<_>, _>>()?;
    let own = [IDEMPOTENCY_KEY, CLIENT, SEQUENCE, FLOOR].map(HeaderName::from_static);
    let known = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];
    let read = [header::ETAG, header::LOCATION, header::RETRY_AFTER];
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods(methods)
        .allow_headers(own.into_iter().chain(known).collect::<Vec<_>>())
        .expose_headers(
            [OUTCOME, BASE].map(HeaderName::from_static).into_iter().chain(read).collect::<Vec<_>>(),
        )
        .max_age(REMEMBER))
}

/// Checks that it is what a browser sends: a scheme, a host, perhaps a port, in lower case.
pub(crate) fn origin(text: String) -> Result<HeaderValue, BadOrigin> {
    let whole = text.parse::<Uri>().ok().and_then(|uri| {
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        Some(format!("{scheme}://{}", uri.authority()?))
    });
    let same =
        whole.is_some_and(|whole| whole == text && whole == whole.to_lowercase() && !whole.contains('@'));
    match HeaderValue::from_str(&text) {
        Ok(value) if same => Ok(value),
        Ok(_) | Err(_) => Err(BadOrigin(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v10_an_origin_is_what_a_browser_sends() {
        for good in ["https://app.example", "http://localhost:5173", "https://[::1]:80"] {
            assert!(origin(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "app.example",
            "https://app.example/",
            "https://App.example",
            "ftp://x",
            "null",
            "",
            "https://a@b",
        ] {
            assert_eq!(origin(bad.to_owned()), Err(BadOrigin(bad.to_owned())));
        }
    }
}
