//! What an operator looks at first of the writes, in the text format of Prometheus (V10). Knows no people, no paths and no
//! payloads.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;

use super::{OUTCOME, Outcome};

/// Upper ends of the times that are told apart, in milliseconds.
const TIMES: [u64; 9] = [1, 2, 5, 10, 25, 100, 500, 2_000, 10_000];

/// Counts since the start.
#[derive(Default)]
pub(super) struct Tally {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    failed: AtomicU64,
    waiting: AtomicU64,
    times: [AtomicU64; TIMES.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// A write that runs, or waits for its turn.
pub(super) struct Running<'a>(&'a Tally);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tally {
    pub(super) fn begin(&self) -> Running<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    pub(super) fn ended(&self, response: &Response, took: Duration) {
        let outcome = response.headers().get(OUTCOME).and_then(|value| Outcome::parse(value.to_str().ok()?));
        for (known, counter) in Outcome::ALL.into_iter().zip(&self.outcomes) {
            if outcome == Some(known) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let millis = took.as_millis();
        for (_, counter) in TIMES.iter().zip(&self.times).filter(|(most, _)| millis < u128::from(**most)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn text(&self, commits: u64, events: u64) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let mut say = |text: String| writeln!(out, "{text}").ok();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let head = |name: &str, help: &str, kind: &str| format!("# HELP {name} {help}\n# TYPE {name} {kind}");
        say(head("tidewire_writes_total", "Answered writes by outcome.", "counter"));
        for (outcome, counter) in Outcome::ALL.into_iter().zip(&self.outcomes) {
            say(format!("tidewire_writes_total{{outcome=\"{}\"}} {}", outcome.as_str(), get(counter)));
        }
        say(head("tidewire_writes_failed_total", "Writes that failed by our fault.", "counter"));
        say(format!("tidewire_writes_failed_total {}", get(&self.failed)));
        say(head("tidewire_writes_waiting", "Writes that run or wait for their turn.", "gauge"));
        say(format!("tidewire_writes_waiting {}", get(&self.waiting)));
        say(head("tidewire_write_seconds", "From the body to the answer, waiting included.", "histogram"));
        for (most, counter) in TIMES.iter().zip(&self.times) {
            let most = format!("{}.{:03}", most / 1000, most % 1000);
            say(format!("tidewire_write_seconds_bucket{{le=\"{most}\"}} {}", get(counter)));
        }
        let micros = get(&self.micros);
        say(format!("tidewire_write_seconds_bucket{{le=\"+Inf\"}} {}", get(&self.count)));
        say(format!("tidewire_write_seconds_sum {}.{:06}", micros / 1_000_000, micros % 1_000_000));
        say(format!("tidewire_write_seconds_count {}", get(&self.count)));
        say(head("tidewire_commits_total", "Committed transactions.", "counter"));
        say(format!("tidewire_commits_total {commits}"));
        say(head("tidewire_events_total", "Events published in rooms.", "counter"));
        say(format!("tidewire_events_total {events}"));
        out
    }
}
