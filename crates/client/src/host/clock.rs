//! The clocks of a process, as the engine wants them. The only place that reads one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidewire_core::{Now, Timestamp, WallTime};
use tokio::time::{Instant, sleep_until};

/// Counts from the start of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Now {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { mono: Timestamp(millis(self.start.elapsed())), wall: WallTime(millis(wall)) }
    }

    /// Resolves at that time; at once if it has passed, never if there is none.
    pub(crate) async fn sleep_until(&self, deadline: Option<Timestamp>) {
        match deadline.and_then(|at| self.start.checked_add(Duration::from_millis(at.0))) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}
