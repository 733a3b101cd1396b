//! Counters in the text format of Prometheus. Knows statuses, no paths, no people.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// Counts since the start of the process.
#[derive(Default)]
pub(crate) struct Metrics {
    /// By hundreds of the status: 1xx to 5xx.
    requests: [AtomicU64; 5],
}

/// Middleware that counts every answer.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100).saturating_sub(1);
    if let Some(counter) = app.metrics.requests.get(class) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
    response
}

pub(crate) async fn show(State(app): State<App>) -> Response {
    let mut out = String::new();
    let head = |name: &str, help: &str| format!("# HELP {name} {help}\n# TYPE {name} counter\n");
    out.push_str(&head("http_responses_total", "Answers by class of status."));
    for (class, counter) in (1..).zip(&app.metrics.requests) {
        let _ =
            writeln!(out, "http_responses_total{{class=\"{class}xx\"}} {}", counter.load(Ordering::Relaxed));
    }
    out.push_str(&app.tidewire.metrics());
    out.push_str(&app.sockets().metrics());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}
