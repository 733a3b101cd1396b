//! The built web app: files as they are, `index.html` for the app's own routes. Knows nothing of the API.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tidewire_server::write::Reject;
use tower_http::services::{ServeDir, ServeFile};

/// Serves a directory, if there is one to serve.
#[derive(Clone)]
pub(crate) struct Web {
    root: Option<PathBuf>,
}

impl Web {
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// Answers what no route of the API matched.
    pub(crate) async fn serve(&self, request: Request) -> Response {
        let path = request.uri().path();
        let wants_page = matches!(*request.method(), Method::GET | Method::HEAD);
        let of_the_server = ["/api", "/tidewire", "/socket.io"].iter().any(|prefix| is_below(path, prefix));
        let root = match &self.root {
            Some(root) if wants_page && !of_the_server => root,
            Some(_) | None => return Reject::not_found("there is no such route").into_response(),
        };
        let cache = HeaderValue::from_static(cache_rule(path));
        let mut response = self.file(root, request).await;
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            response.headers_mut().insert(header::CACHE_CONTROL, cache);
        }
        response
    }

    async fn file(&self, root: &Path, request: Request) -> Response {
        // A route of the app has no extension; a missing file must not come back as a page.
        let is_file = request.uri().path().rsplit('/').next().is_some_and(|name| name.contains('.'));
        let result = if is_file {
            ServeDir::new(root).try_call(request).await.map(|response| response.map(Body::new))
        } else {
            ServeFile::new(root.join("index.html"))
                .try_call(request)
                .await
                .map(|response| response.map(Body::new))
        };
        let nothing = || Reject::not_found("there is no such file").into_response();
        match result {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => nothing(),
            Ok(response) => response,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput
                ) =>
            {
                nothing()
            }
            Err(error) => Reject::internal(error.to_string()).into_response(),
        }
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Vite puts a hash into the names below `/assets/`: those never change. All else (`index.html`, `sw.js`, the manifest)
/// is asked for again each time.
fn cache_rule(path: &str) -> &'static str {
    if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}
