//! Scripts that broke something once, as the simulator had shrunk them, by what they broke.
#![allow(missing_docs)]

mod delivery;
mod foreign;
mod order;
mod screens;
mod tabs;

use tidewire_sim::ids::{Device, Room, Tab};
use tidewire_sim::run::run;
use tidewire_sim::script::{Action, Script, Step};

/// All of a script but its steps.
pub(crate) struct Day {
    pub(crate) seed: u64,
    pub(crate) tabs: [usize; 3],
    pub(crate) retention: usize,
    pub(crate) missed: u64,
    pub(crate) token: u64,
    pub(crate) polling: bool,
    pub(crate) queue: u32,
}

impl Day {
    pub(crate) fn new(seed: u64, tabs: [usize; 3], retention: usize) -> Day {
        Day { seed, tabs, retention, missed: 1_000, token: 0, polling: false, queue: 0 }
    }

    /// Step number, milliseconds after it, and what is done.
    pub(crate) fn holds(self, steps: Vec<(u64, u64, Action)>) {
        let Day { seed, tabs, retention, missed, token, polling, queue } = self;
        let steps = steps.into_iter().map(|(number, then, action)| Step { number, action, then }).collect();
        let script = Script { seed, tabs, retention, missed, token, polling, queue, steps };
        assert_eq!(run(&script, None, false).violation, None, "\n{script}");
    }
}

pub(crate) fn holds(
    seed: u64,
    tabs: [usize; 3],
    retention: usize,
    missed: u64,
    steps: Vec<(u64, u64, Action)>,
) {
    Day { missed, ..Day::new(seed, tabs, retention) }.holds(steps);
}

pub(crate) fn holds_with(
    seed: u64,
    tabs: [usize; 3],
    retention: usize,
    missed: u64,
    token: u64,
    steps: Vec<(u64, u64, Action)>,
) {
    Day { missed, token, ..Day::new(seed, tabs, retention) }.holds(steps);
}

pub(crate) fn tap(tab: usize, room: usize, kind: &'static str, own_lane: bool, keep_layer: bool) -> Action {
    Action::Tap { tab: Tab(tab), room: Room(room), kind, own_lane, keep_layer }
}

pub(crate) fn tie(tab: usize, room: usize, kind: &'static str, tie: &'static str) -> Action {
    Action::Tie { tab: Tab(tab), room: Room(room), kind, tie }
}

pub(crate) fn emit(tab: usize, class: &'static str, ack: bool) -> Action {
    Action::Emit { tab: Tab(tab), class, ack }
}

/// Milliseconds on the way, and of a thousand packets: dropped, doubled, answers lost, late.
pub(crate) fn weather(device: usize, [latency, drop, duplicate, lose_answer, late]: [u64; 5]) -> Action {
    Action::Weather { device: Device(device), latency, drop, duplicate, lose_answer, late }
}

pub(crate) fn add(tab: usize, room: usize) -> Action {
    Action::Tap { tab: Tab(tab), room: Room(room), kind: "add", own_lane: false, keep_layer: false }
}
