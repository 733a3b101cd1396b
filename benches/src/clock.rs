//! Taking times. Knows nothing of what is measured.

use std::time::{Duration, Instant};

/// How long it takes.
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The same on the processor's clock where the system tells it: what else the machine does is not in it. Exact to some milliseconds.
pub(crate) fn time_on_cpu<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = on_cpu();
    let (result, elapsed) = time(work);
    match (before, on_cpu()) {
        (Some(before), Some(after)) => (result, after.saturating_sub(before)),
        _ => (result, elapsed),
    }
}

/// How long this thread has run.
fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
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
pub(crate) fn median(spans: Vec<Duration>) -> Duration {
    percentile(&mut { spans }, 50)
}

/// So many of a hundred are not longer.
pub(crate) fn percentile(spans: &mut [Duration], of_hundred: usize) -> Duration {
    spans.sort();
    spans.get(spans.len() * of_hundred / 100).copied().unwrap_or_default()
}
