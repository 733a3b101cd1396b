//! How often somebody may do something: token buckets (V9). It does not know who or what.

use crate::ids::{Millis, Timestamp};

/// So many a second in the long run, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run; 0 counts as 1.
    pub per_second: u64,
    /// At once, after a while of nothing; 0 counts as 1.
    pub burst: u64,
}

/// Thousandths of one thing, so that a millisecond's share of `per_second` is a whole number.
const ONE: i64 = 1000;

/// What is left for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    left: i64,
    at: Timestamp,
}

impl Rate {
    fn per_milli(self) -> i64 {
        i64::try_from(self.per_second).unwrap_or(i64::MAX).clamp(1, i64::MAX / ONE / ONE)
    }

    fn full(self) -> i64 {
        i64::try_from(self.burst).unwrap_or(i64::MAX).clamp(1, i64::MAX / ONE) * ONE
    }
}

impl Bucket {
    /// With all that the rate allows at once.
    #[must_use]
    pub fn full(rate: Rate, now: Timestamp) -> Bucket {
        Bucket { left: rate.full(), at: now }
    }

    fn refill(&mut self, rate: Rate, now: Timestamp) {
        let passed = i64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(i64::MAX);
        self.at = self.at.max(now);
        self.left = self.left.saturating_add(passed.saturating_mul(rate.per_milli())).min(rate.full());
    }

    /// Whether nothing was taken for so long that it is as good as new.
    #[must_use]
    pub fn is_full(mut self, rate: Rate, now: Timestamp) -> bool {
        self.refill(rate, now);
        self.left == rate.full()
    }

    /// Takes one if there is one; else says when there is.
    pub fn try_take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Millis> {
        self.refill(rate, now);
        if self.left < ONE {
            return Err(time_for(ONE - self.left, rate));
        }
        self.left -= ONE;
        Ok(())
    }

    /// Takes one, also from an empty bucket; then says how long to pause: until a tenth of a second's share has gathered, so
    /// that pauses are few.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Millis> {
        self.refill(rate, now);
        self.left = self.left.saturating_sub(ONE);
        if self.left >= 0 {
            return Ok(());
        }
        let enough = rate.per_milli().saturating_mul(100).clamp(ONE, rate.full());
        Err(time_for(enough - self.left, rate))
    }
}

fn time_for(missing: i64, rate: Rate) -> Millis {
    let millis = missing.saturating_add(rate.per_milli() - 1) / rate.per_milli();
    Millis(u64::try_from(millis).unwrap_or(0))
}
