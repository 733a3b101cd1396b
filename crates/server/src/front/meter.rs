//! Rates of many at once: a bucket for each, kept while it is not full. Knows no addresses and no people.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use tidewire_hub::{Bucket, Millis, Rate, Timestamp};
use tokio::time::Instant;

use super::limits;

/// A monotonic clock for buckets.
#[derive(Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Clock {
        Clock(Instant::now())
    }

    pub(super) fn now(self) -> Timestamp {
        Timestamp(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// How often each of many does something.
pub(crate) struct Meter<K> {
    rate: Rate,
    clock: Clock,
    buckets: Mutex<Buckets<K>>,
}

struct Buckets<K> {
    by_key: HashMap<K, Bucket>,
    /// For those who come when there are too many.
    others: Bucket,
    /// When there are so many, the full ones are thrown away.
    sweep_at: usize,
}

impl<K: Hash + Eq> Meter<K> {
    pub(crate) fn new(rate: Rate) -> Meter<K> {
        let clock = Clock::start();
        let others = Bucket::full(rate, clock.now());
        let buckets = Buckets { by_key: HashMap::new(), others, sweep_at: 64 };
        Meter { rate, clock, buckets: Mutex::new(buckets) }
    }

    /// Takes one for this one; if there is none, when there is.
    pub(crate) fn take(&self, key: K) -> Result<(), Millis> {
        let (rate, now) = (self.rate, self.clock.now());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Buckets { by_key, others, sweep_at } = &mut *buckets;
        if by_key.len() >= *sweep_at {
            by_key.retain(|_, bucket| !bucket.is_full(rate, now));
            *sweep_at = (by_key.len() * 2).clamp(64, limits::KEPT_RATES);
        }
        if by_key.len() >= limits::KEPT_RATES && !by_key.contains_key(&key) {
            return others.try_take(rate, now);
        }
        by_key.entry(key).or_insert_with(|| Bucket::full(rate, now)).try_take(rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Both sides of front::KEPT_RATES.
    #[tokio::test(start_paused = true)]
    async fn v9_so_many_have_a_rate_of_their_own_and_all_others_share_one() {
        let meter = Meter::new(Rate { per_second: 1, burst: 1 });
        for key in 0..limits::KEPT_RATES {
            assert_eq!(meter.take(key), Ok(()));
        }
        assert_eq!(meter.take(limits::KEPT_RATES), Ok(()), "the first of the others");
        assert_eq!(meter.take(limits::KEPT_RATES + 1), Err(Millis(1_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn v9_a_meter_keeps_only_those_who_have_taken_lately() {
        let meter = Meter::new(Rate { per_second: 1, burst: 2 });
        for key in 0..1_000 {
            assert_eq!(meter.take(key), Ok(()));
        }
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        for _ in 0..2 {
            assert_eq!(meter.take(7), Ok(()));
        }
        assert_eq!(meter.take(7), Err(Millis(1_000)));
        for key in 2_000..2_200 {
            meter.take(key).ok();
        }
        let kept = meter.buckets.lock().unwrap().by_key.len();
        assert!(kept < 300, "{kept} are kept of 1,200");
        assert_eq!(meter.take(7), Err(Millis(1_000)), "who has taken is among them");
    }
}
