//! Scripts that broke something once, as the simulator had shrunk them.
#![allow(missing_docs)]

use tidewire_sim::ids::{Device, Room, Tab};
use tidewire_sim::run::run;
use tidewire_sim::script::{Action, Script, Step};

fn holds(seed: u64, tabs: [usize; 3], retention: usize, missed: u64, steps: Vec<(u64, u64, Action)>) {
    let steps = steps.into_iter().map(|(number, then, action)| Step { number, action, then }).collect();
    let script = Script { seed, tabs, retention, missed, steps };
    assert_eq!(run(&script, None, false).violation, None, "\n{script}");
}

fn add(tab: usize, room: usize) -> Action {
    Action::Tap { tab: Tab(tab), room: Room(room), kind: "add", own_lane: false, keep_layer: false }
}

/// The leader reads, sends and removes a write before its own tab hears that it is stored; then that tab leads.
#[test]
fn q9_seed_2292_persisted_comes_after_another_tab_has_ended_the_write() {
    holds(
        2292,
        [3, 1, 0],
        4,
        12,
        vec![
            (1, 4_502, Action::PowerCut { device: Device(1) }),
            (2, 0, Action::KillAfter { tab: Tab(0), outputs: 39, device: false }),
            (3, 17, add(1, 2)),
            (4, 0, Action::Refetch { tab: Tab(0), query: 2 }),
            (5, 280, add(2, 1)),
        ],
    );
}

/// A tab dies after its write is stored and before the others hear of it.
#[test]
fn q19_seed_1211_the_news_of_a_stored_write_die_with_its_tab() {
    let weather = Action::Weather {
        device: Device(0),
        latency: 100,
        drop: 60,
        duplicate: 30,
        lose_answer: 20,
        late: 20,
    };
    holds(
        1211,
        [3, 1, 0],
        1_000,
        1_000,
        vec![
            (4, 2_728, Action::Kill { tab: Tab(1) }),
            (5, 0, weather),
            (24, 277, Action::Start { tab: Tab(1) }),
            (26, 0, Action::KillAfter { tab: Tab(1), outputs: 7, device: false }),
            (28, 2_442, Action::Start { tab: Tab(0) }),
            (
                29,
                301,
                Action::Tap { tab: Tab(1), room: Room(0), kind: "add", own_lane: true, keep_layer: false },
            ),
        ],
    );
}
