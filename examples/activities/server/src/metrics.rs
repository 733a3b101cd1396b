//! Counters in the text format of Prometheus. Knows statuses and outcomes, no paths, no people.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tidewire_server::write::{OUTCOME, Outcome};

use crate::app::App;

/// Counts since the start of the process.
#[derive(Default)]
pub(crate) struct Metrics {
    /// By hundreds of the status: 1xx to 5xx.
    requests: [AtomicU64; 5],
    outcomes: [AtomicU64; Outcome::ALL.len()],
}

/// Middleware that counts every answer.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100).saturating_sub(1);
    if let Some(counter) = app.metrics.requests.get(class) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
    let outcome = response.headers().get(OUTCOME).and_then(|value| Outcome::parse(value.to_str().ok()?));
    for (known, counter) in Outcome::ALL.into_iter().zip(&app.metrics.outcomes) {
        if outcome == Some(known) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
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
    out.push_str(&head("tidewire_writes_total", "Marked answers to writes by outcome."));
    for (outcome, counter) in Outcome::ALL.into_iter().zip(&app.metrics.outcomes) {
        let _ = writeln!(
            out,
            "tidewire_writes_total{{outcome=\"{}\"}} {}",
            outcome.as_str(),
            counter.load(Ordering::Relaxed)
        );
    }
    let counts = app.tidewire.store().counts();
    out.push_str(&head("tidewire_commits_total", "Committed transactions."));
    let _ = writeln!(out, "tidewire_commits_total {}", counts.commits);
    out.push_str(&head("tidewire_events_total", "Events published in rooms."));
    let _ = writeln!(out, "tidewire_events_total {}", counts.events);
    out.push_str("# HELP tidewire_connections Open socket connections.\n# TYPE tidewire_connections gauge\n");
    let _ = writeln!(out, "tidewire_connections {}", app.sockets().connections());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}
