//! What every sub-machine may touch: the time of this call, randomness, the output queue, the timers, fresh ids.

use std::collections::VecDeque;

use crate::ids::*;
use crate::io::Output;
use crate::rng::Rng;
use crate::timers::Timers;

#[derive(Debug)]
pub(crate) struct Ctx {
    pub(crate) now: Now,
    pub(crate) rng: Rng,
    pub(crate) timers: Timers,
    out: VecDeque<Output>,
    last_id: u32,
    /// Counts calls into the engine: the order of facts, where no clock would do.
    pub(crate) tick: u64,
}

impl Ctx {
    pub(crate) fn new(seed: [u8; 32], now: Now) -> Ctx {
        Ctx { now, rng: Rng::new(seed), timers: Timers::default(), out: VecDeque::new(), last_id: 0, tick: 0 }
    }

    pub(crate) fn begin(&mut self, now: Now) {
        // A host's clock that steps back would make deadlines run late, never twice.
        self.now = Now { mono: now.mono.max(self.now.mono), wall: now.wall };
        self.tick += 1;
    }

    pub(crate) fn emit(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// A number that no earlier output carried.
    pub(crate) fn fresh(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    pub(crate) fn deadline(&self, span: Millis) -> Timestamp {
        self.now.mono.after(span)
    }
}
