//! Time: the next thing to happen, whichever it is. Clocks of a tab: monotonic from its start, wall time of its device.

use tidewire_core::{Input, Now, Timestamp, WallTime};

use super::{WALL, World};
use crate::ids::Tab;

/// So many happenings without time passing are a spin.
const STUCK: u32 = 20_000;

enum Next {
    Queue,
    Tab(Tab),
    Hub,
}

impl World {
    /// Both clocks of a tab.
    pub(super) fn clocks(&self, tab: Tab) -> Now {
        let state = &self.tabs[tab.0];
        let device = &self.devices[state.device.0];
        let drifted = self.now as i64 + self.now as i64 * device.drift / 1000 + device.wall_offset;
        Now {
            mono: Timestamp(self.now - state.zero),
            wall: WallTime((WALL as i64).saturating_add(drifted).max(0) as u64),
        }
    }

    fn next(&self) -> Option<(u64, Next)> {
        let mut next = self.queue.first_key_value().map(|((at, _), _)| (*at, Next::Queue));
        let mut earlier = |at: u64, what: Next| {
            if next.as_ref().is_none_or(|(best, _)| at < *best) {
                next = Some((at, what));
            }
        };
        for (number, tab) in self.tabs.iter().enumerate() {
            let due = tab.engine.as_ref().filter(|_| !tab.frozen).and_then(|engine| engine.poll_timeout());
            if let Some(due) = due {
                earlier((due.0.saturating_add(tab.zero)).max(self.now), Next::Tab(Tab(number)));
            }
        }
        if let Some(due) = self.server.hub.as_ref().and_then(|hub| hub.poll_timeout()) {
            earlier(due.0.max(self.now), Next::Hub);
        }
        next
    }

    /// Lets time pass until `until`, or until something is wrong.
    pub fn run_until(&mut self, until: u64) {
        let mut stuck = 0;
        while self.violations.is_empty() {
            let Some((at, next)) = self.next().filter(|(at, _)| *at <= until) else { break };
            stuck = if at > self.now { 0 } else { stuck + 1 };
            if stuck > STUCK {
                self.violate("no spin", format!("{STUCK} happenings at {at} without time passing"));
                return;
            }
            self.now = at;
            self.steps += 1;
            match next {
                Next::Queue => {
                    if let Some((_, what)) = self.queue.pop_first() {
                        self.happen(what);
                    }
                }
                Next::Tab(tab) => self.fire(tab),
                Next::Hub => self.hub_input(tidewire_hub::Input::Timeout),
            }
            self.check_step();
        }
        self.now = self.now.max(until);
    }

    fn fire(&mut self, tab: Tab) {
        let life = self.tabs[tab.0].life;
        self.input(tab, life, Input::Timeout {});
        let mono = self.clocks(tab).mono;
        let next = self.tabs[tab.0].engine.as_ref().and_then(|engine| engine.next_timer());
        if let Some((_, kind)) = next.filter(|(at, _)| *at <= mono) {
            let what = format!("{tab}: {kind:?} is still due after a timeout at {}", mono.0);
            self.violate("no spin", what);
        }
    }
}
