//! Taking times. Knows nothing of what is measured.

use std::time::{Duration, Instant};

/// How long it takes.
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Microseconds.
pub(crate) fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

/// The shortest: whatever else the machine does only makes things longer.
pub(crate) fn best(spans: impl IntoIterator<Item = Duration>) -> Duration {
    spans.into_iter().min().unwrap_or_default()
}

/// The one in the middle: for work that ends at a disk, whose best case is luck.
pub(crate) fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans.get(spans.len() / 2).copied().unwrap_or_default()
}
