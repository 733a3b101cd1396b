//! How long to wait before the next attempt (C2).

use crate::ctx::Ctx;
use crate::ids::Millis;
use crate::limits;
use crate::outbox::origin::jittered;

/// Whose fault the last loss was, as far as one can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Our own network, or a token that was too old.
    Own,
    Unknown,
    /// The server's: it has too much to do, or breaks the protocol.
    Overloaded,
}

/// Counts attempts until a session is synced and old enough.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// An attempt begins; returns its number, from 1.
    pub(crate) fn begin(&mut self) -> u32 {
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn next(&mut self, blame: Blame, ctx: &mut Ctx) -> Millis {
        let base = match blame {
            Blame::Own => limits::LINK_BACKOFF_OWN,
            Blame::Unknown => limits::LINK_BACKOFF_UNKNOWN,
            Blame::Overloaded => limits::LINK_BACKOFF_OVERLOADED,
        };
        jittered(self.attempts.saturating_sub(1), base, limits::LINK_BACKOFF_CAP, ctx)
    }

    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Now, Timestamp, WallTime};

    // Both sides of core::LINK_BACKOFF_OWN, core::LINK_BACKOFF_UNKNOWN, core::LINK_BACKOFF_OVERLOADED, core::LINK_BACKOFF_CAP.
    #[test]
    fn c2_pauses_reach_up_to_the_base_of_their_blame_and_later_up_to_the_cap() {
        let mut ctx = Ctx::new([3; 32], Now { mono: Timestamp(0), wall: WallTime(0) });
        let mut longest = |attempts, blame| {
            let mut backoff = Backoff { attempts };
            (0..300_000).map(|_| backoff.next(blame, &mut ctx)).max().expect("some")
        };
        assert_eq!(longest(1, Blame::Own), limits::LINK_BACKOFF_OWN);
        assert_eq!(longest(1, Blame::Unknown), limits::LINK_BACKOFF_UNKNOWN);
        assert_eq!(longest(1, Blame::Overloaded), limits::LINK_BACKOFF_OVERLOADED);
        assert_eq!(longest(40, Blame::Unknown), limits::LINK_BACKOFF_CAP);
    }
}
