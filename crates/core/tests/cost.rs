//! What a write costs in bytes must not depend on how many others wait (Q3). The queue's limits are raised for it.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test may end here; only steps cost bytes"
)]

mod rig;

use std::collections::BTreeMap;

use rig::{Rig, config};
use tidewire_core::*;

/// Writes that are queued, or answered, to take the mean of.
const TURNS: usize = 5;

fn roomy() -> Config {
    let limits = QueueLimits { pending: 20_000, pending_bytes: 1 << 30, ..QueueLimits::default() };
    Config { queue: Some(limits), ..config() }
}

/// The disk of a queue with so many writes. Some hundred tabs queue them, each the few that it knows of.
fn disk_with(pending: usize) -> BTreeMap<String, Vec<u8>> {
    let mut disk = BTreeMap::new();
    for (tab, first) in (0..pending).step_by(100).enumerate() {
        let mut rig = Rig::idle(roomy(), BTreeMap::new(), u8::try_from(tab + 2).unwrap());
        rig.settle();
        (first..pending.min(first + 100)).for_each(|n| drop(rig.submit(&format!("/api/things/{n:05}"))));
        disk.append(&mut rig.disk);
    }
    assert_eq!(disk.len(), pending);
    disk
}

/// Bytes of keys and values of all steps since the log was taken, and their number.
fn stored(log: &[Output]) -> (usize, usize) {
    log.iter().fold((0, 0), |(bytes, steps), output| match output {
        Output::Persist { key, value, .. } => {
            (bytes + key.len() + value.as_ref().map_or(0, |value| value.0.len()), steps + 1)
        }
        _ => (bytes, steps),
    })
}

/// What `TURNS` writes cost to queue, and what as many answers cost, while so many wait.
fn costs(pending: usize) -> [(usize, usize); 2] {
    let mut rig = Rig::idle(roomy(), disk_with(pending), 1);
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    rig.log.clear();
    (0..TURNS).for_each(|n| drop(rig.submit(&format!("/api/things/1{n:04}"))));
    let enqueued = stored(&rig.log);
    rig.log.clear();
    for _ in 0..TURNS {
        rig.answer(200, "applied");
    }
    [enqueued, stored(&rig.log)]
}

#[test]
fn q3_bytes_and_steps_per_enqueue_and_per_answer_are_the_same_with_10_and_with_10_000_pending() {
    let few = costs(10);
    let many = costs(10_000);
    for (what, few, many) in [("enqueue", few[0], many[0]), ("answer", few[1], many[1])] {
        assert!(few.0 > TURNS * 100, "{what}: {few:?}");
        assert!(
            many.0 < 2 * few.0 && few.0 < 2 * many.0,
            "bytes per {what}: {few:?} with 10, {many:?} with 10,000"
        );
        assert!(many.1 <= few.1 + 1, "steps per {what}: {few:?} with 10, {many:?} with 10,000");
    }
    assert_eq!(few[0].1, TURNS, "a write is queued in one step");
}
