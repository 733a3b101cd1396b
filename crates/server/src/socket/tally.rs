//! What an operator looks at first of the connections, in the text format of Prometheus (V10). Knows no people, no rooms'
//! names and no payloads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tidewire_hub::Note;

/// Counts since the start.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) frames_in: AtomicU64,
    pub(crate) frames_out: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    connects_refused: AtomicU64,
    tokens_refused: AtomicU64,
    removed: AtomicU64,
    limited: AtomicU64,
    broadcasts_refused: AtomicU64,
    feed_gaps: AtomicU64,
    closed: Named,
    joins_refused: Named,
}

#[derive(Default)]
struct Named(Mutex<BTreeMap<&'static str, u64>>);

impl Named {
    fn count(&self, name: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
    }
}

/// What is there at this moment.
pub(crate) struct Gauges {
    pub(crate) connections: usize,
    /// Facts that the hub has not taken yet.
    pub(crate) waiting: usize,
}

pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

impl Tally {
    pub(crate) fn note(&self, note: &Note) {
        match note {
            Note::Closed { reason, .. } => self.closed.count(reason.name()),
            Note::Refused { .. } => add(&self.connects_refused, 1),
            Note::TokenRefused { .. } => add(&self.tokens_refused, 1),
            Note::Removed { .. } => add(&self.removed, 1),
            Note::Limited { .. } => add(&self.limited, 1),
            Note::JoinRefused { error, .. } => self.joins_refused.count(error),
            Note::BroadcastRefused { .. } => add(&self.broadcasts_refused, 1),
            Note::FeedGap { .. } => add(&self.feed_gaps, 1),
        }
    }

    pub(crate) fn text(&self, gauges: &Gauges) -> String {
        let mut out = String::new();
        let now = [
            ("connections", "Open connections.", gauges.connections),
            ("hub_waiting", "Facts that wait for the hub; reading pauses at 1024.", gauges.waiting),
        ];
        for (name, help, value) in now {
            head(&mut out, name, help, "gauge");
            line(&mut out, name, "", value);
        }
        let counters = [
            ("frames_received_total", "Frames from clients.", &self.frames_in),
            ("frames_sent_total", "Frames to clients.", &self.frames_out),
            ("bytes_sent_total", "Their bytes, before compression.", &self.bytes_out),
            ("connects_refused_total", "CONNECTs without a session.", &self.connects_refused),
            ("tokens_refused_total", "Fresh tokens that were not accepted.", &self.tokens_refused),
            ("members_removed_total", "Members whose access was taken away.", &self.removed),
            ("connections_limited_total", "Pauses of connections that sent too much.", &self.limited),
            (
                "broadcasts_refused_total",
                "Ephemeral events from outside their room.",
                &self.broadcasts_refused,
            ),
            ("feed_gaps_total", "Times that the feed skipped events.", &self.feed_gaps),
        ];
        for (name, help, counter) in counters {
            head(&mut out, name, help, "counter");
            line(&mut out, name, "", counter.load(Ordering::Relaxed));
        }
        let named = [
            (
                "connections_closed_total",
                "Connections that the server closed, by reason.",
                "reason",
                &self.closed,
            ),
            ("joins_refused_total", "Joins that were refused, by error.", "error", &self.joins_refused),
        ];
        for (name, help, label, counts) in named {
            head(&mut out, name, help, "counter");
            for (value, count) in &*counts.0.lock().unwrap_or_else(PoisonError::into_inner) {
                line(&mut out, name, &format!("{{{label}=\"{value}\"}}"), count);
            }
        }
        out
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a text cannot fail.
    writeln!(out, "# HELP tidewire_{name} {help}\n# TYPE tidewire_{name} {kind}").ok();
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    writeln!(out, "tidewire_{name}{labels} {value}").ok();
}
