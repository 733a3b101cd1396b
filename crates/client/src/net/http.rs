//! Requests over HTTP/1.1. Follows no redirect: an answer is what the asked server said. Knows no header of the protocol.

use std::fmt;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::origin::Origin;
use super::tls;
use crate::token::Token;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// An HTTP client for one origin.
#[derive(Clone)]
pub struct Http {
    origin: Arc<Origin>,
    /// Our own servers beside it: they get the token too.
    trusted: Arc<[Origin]>,
    client: Client<tls::Connector, Full<Bytes>>,
}

/// A request.
#[derive(Clone, Default)]
pub struct HttpRequest {
    /// Method.
    pub method: String,
    /// Path with query, beginning with `/`, or an absolute URL.
    pub path: String,
    /// Headers beside content type and authorisation.
    pub headers: Vec<(String, String)>,
    /// JSON body.
    pub json: Option<String>,
}

/// An answer.
#[derive(Clone)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// Its body if it is text and not too long.
    pub body: Option<String>,
    headers: HeaderMap,
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpError {
    /// The request cannot be written: a method, path or header is malformed. An error of the caller.
    Malformed,
    /// The server cannot be reached, or broke off.
    Network(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Malformed => f.write_str("the request has a malformed method, path or header"),
            HttpError::Network(error) => {
                write!(f, "the server did not answer: {error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for HttpError {}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.origin).finish()
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <path of {} bytes>", self.method, self.path.len())
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{} bytes>", self.status, self.body.as_ref().map_or(0, String::len))
    }
}

impl HttpAnswer {
    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Http {
    /// A client that keeps connections to this origin.
    #[must_use]
    pub fn new(origin: Origin) -> Http {
        let client = Client::builder(TokioExecutor::new()).build(tls::http());
        Http { origin: Arc::new(origin), trusted: Arc::default(), client }
    }

    /// The token goes to these origins too.
    #[must_use]
    pub fn trusting(self, trusted: Vec<Origin>) -> Http {
        Http { trusted: trusted.into(), ..self }
    }

    /// Whether this path leads to the own origin.
    #[must_use]
    pub fn is_own(&self, path: &str) -> bool {
        self.origin.resolve(path).is_some_and(|(_, own)| own)
    }

    /// Sends a request. The token goes only to the own origin and to those that it trusts.
    ///
    /// # Errors
    /// There was no answer; an answer of any status is none.
    pub async fn send(&self, request: HttpRequest, token: Option<&Token>) -> Result<HttpAnswer, HttpError> {
        let request = self.build(request, token).ok_or(HttpError::Malformed)?;
        let answer =
            self.client.request(request).await.map_err(|error| HttpError::Network(Box::new(error)))?;
        let (parts, body) = answer.into_parts();
        let body = match Limited::new(body, ANSWER_BYTES).collect().await {
            Ok(body) => String::from_utf8(body.to_bytes().into()).ok(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => None,
            Err(error) => return Err(HttpError::Network(error)),
        };
        Ok(HttpAnswer { status: StatusCode::as_u16(&parts.status), body, headers: parts.headers })
    }

    fn build(&self, request: HttpRequest, token: Option<&Token>) -> Option<Request<Full<Bytes>>> {
        let (uri, own) = self.origin.resolve(&request.path)?;
        let own = own || self.trusted.iter().any(|origin| origin.has(&uri));
        let mut builder =
            Request::builder().method(Method::from_bytes(request.method.as_bytes()).ok()?).uri(uri);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(token) = token.filter(|_| own) {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        }
        if request.json.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        builder.body(Full::new(Bytes::from(request.json.unwrap_or_default()))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request<Full<Bytes>> {
        let http = Http::new("http://own:1".parse().unwrap());
        let request = HttpRequest { method: "POST".into(), path: path.into(), ..HttpRequest::default() };
        http.build(request, Some(&Token::from("secret"))).unwrap()
    }

    #[test]
    fn q20_the_token_goes_to_the_own_origin_only() {
        assert_eq!(request("/api").headers()[AUTHORIZATION], "Bearer secret");
        assert_eq!(request("http://own:1/api").headers()[AUTHORIZATION], "Bearer secret");
        assert!(request("http://other:1/api").headers().get(AUTHORIZATION).is_none());
        assert!(!format!("{:?}", request("/api").headers()).contains("secret"), "nor into a log");
    }

    #[test]
    fn q9_q20_the_token_goes_to_our_other_servers_too() {
        let http =
            Http::new("http://own:1".parse().unwrap()).trusting(vec!["http://second:2".parse().unwrap()]);
        let shown = |path: &str| {
            let request = HttpRequest { method: "POST".into(), path: path.into(), ..HttpRequest::default() };
            http.build(request, Some(&Token::from("secret"))).unwrap().headers().contains_key(AUTHORIZATION)
        };
        assert!(shown("http://second:2/api") && shown("/api"));
        assert!(
            !shown("http://second:3/api") && !shown("https://second:2/api") && !shown("http://third/api")
        );
    }

    #[test]
    fn a_header_that_would_split_the_request_is_refused() {
        let http = Http::new("http://own:1".parse().unwrap());
        let headers = vec![("x".into(), "a\r\nb: c".into())];
        let request = HttpRequest { method: "GET".into(), path: "/".into(), headers, json: None };
        assert!(http.build(request, None).is_none());
    }
}
