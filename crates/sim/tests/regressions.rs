//! Scripts that broke something once, as the simulator had shrunk them.
#![allow(missing_docs)]

use tidewire_sim::ids::{Device, Room, Tab};
use tidewire_sim::run::run;
use tidewire_sim::script::{Action, Script, Step};

fn holds(seed: u64, tabs: [usize; 3], retention: usize, missed: u64, steps: Vec<(u64, u64, Action)>) {
    let steps = steps.into_iter().map(|(number, then, action)| Step { number, action, then }).collect();
    let script = Script { seed, tabs, retention, missed, token: 0, steps };
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

/// A tab is frozen before it tells of its write, which ends; it tells a tab that was opened since.
#[test]
fn q19_seed_101302_late_news_of_a_write_that_has_ended_before_this_tab_was_opened() {
    holds(
        101_302,
        [3, 1, 0],
        1_000,
        1_000,
        vec![
            (6, 0, Action::Kill { tab: Tab(0) }),
            (7, 0, Action::Slow { device: Device(0), disk: 400, talk: 0 }),
            (8, 139, add(0, 1)),
            (9, 0, add(2, 1)),
            (11, 6, Action::Freeze { tab: Tab(2) }),
            (37, 81, Action::Start { tab: Tab(0) }),
            (38, 69, add(1, 2)),
            (39, 0, Action::Freeze { tab: Tab(3) }),
            (40, 259, Action::App { device: Device(0), background: false }),
            (41, 137, add(0, 2)),
            (42, 2_161, Action::Kill { tab: Tab(0) }),
            (45, 201, Action::Thaw { tab: Tab(3) }),
        ],
    );
}

/// A write is taken back before its tab hears that it is stored: nobody is told of it any more.
#[test]
fn q19_seed_111702_what_was_removed_is_not_told_of_when_its_storing_is_heard_late() {
    holds(
        111_702,
        [3, 1, 0],
        1_000,
        12,
        vec![
            (23, 1, Action::Refetch { tab: Tab(2), query: 3 }),
            (24, 168, Action::Refetch { tab: Tab(2), query: 2 }),
            (25, 6, Action::Reach { device: Device(0), reach: "portal" }),
            (
                26,
                5,
                Action::Tap { tab: Tab(0), room: Room(0), kind: "add", own_lane: false, keep_layer: true },
            ),
            (28, 0, Action::Cancel { tab: Tab(0) }),
        ],
    );
}

/// A frozen leader hears in one go that it leads no more and that a write has ended whose progress it passed over.
#[test]
fn q16_seed_113811_a_thawed_leader_does_not_take_the_end_of_a_sent_write_for_a_discard() {
    holds(
        113_811,
        [3, 1, 0],
        20,
        1_000,
        vec![
            (4, 0, add(2, 1)),
            (6, 0, Action::Kill { tab: Tab(0) }),
            (
                8,
                2_765,
                Action::Tap { tab: Tab(2), room: Room(0), kind: "add", own_lane: false, keep_layer: true },
            ),
            (11, 3_697, Action::KillServer { down: 40_000 }),
            (
                12,
                0,
                Action::Tap { tab: Tab(1), room: Room(1), kind: "add", own_lane: true, keep_layer: false },
            ),
            (16, 3_686, Action::Steal { device: Device(0) }),
            (19, 0, Action::Freeze { tab: Tab(0) }),
            (21, 3_716, add(1, 0)),
            (24, 29_527, Action::Freeze { tab: Tab(2) }),
            (26, 0, Action::Steal { device: Device(0) }),
            (43, 50_616, Action::Thaw { tab: Tab(0) }),
        ],
    );
}

/// The place of a write that was voided is not given to the next one, also after a restart.
#[test]
fn q13_seed_1635_a_void_place_in_the_sequence_is_never_used_again() {
    holds(
        1_635,
        [1, 1, 0],
        1_000,
        1_000,
        vec![
            (1, 0, Action::Tie { tab: Tab(0), room: Room(2), kind: "add", tie: "replace" }),
            (3, 3_845, Action::Tie { tab: Tab(1), room: Room(0), kind: "add", tie: "replace" }),
            (4, 0, add(0, 1)),
            (7, 290, Action::Cancel { tab: Tab(0) }),
            (19, 0, Action::Kill { tab: Tab(0) }),
            (57, 0, Action::Start { tab: Tab(0) }),
            (58, 174, add(0, 0)),
        ],
    );
}
