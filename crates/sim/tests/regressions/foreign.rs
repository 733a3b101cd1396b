//! Writes to somebody else's server beside writes to ours (Q9).

use tidewire_sim::ids::{Device, Room, Tab};
use tidewire_sim::script::Action;

use crate::{Day, add, holds, tap, tie};

/// A write that went elsewhere took the first place in the sequence; our server did not know a client that began with the second one.
#[test]
fn q9_seed_15_a_write_to_a_foreign_server_takes_no_place_in_our_sequence() {
    holds(
        15,
        [1, 1, 0],
        4,
        1_000,
        vec![
            (4, 0, Action::Foreign { tab: Tab(0), room: Room(1), kind: "add", how: "put" }),
            (6, 203, Action::Answering { how: "well" }),
            (20, 8, add(0, 2)),
            (21, 5, Action::Answering { how: "gateway" }),
        ],
    );
}

/// A mistake of the model: a leader that did not know yet that it was none sent what the next one had found out not to be done.
/// Only a server that knows a write again can prevent that.
#[test]
fn q9_q19_seed_161003728_a_leader_that_is_none_may_send_what_the_next_one_asked_about() {
    Day { token: 900_000, ..Day::new(161_003_728, [3, 1, 0], 20) }.holds(vec![
        (6, 0, Action::Steal { device: Device(0) }),
        (8, 0, Action::Kill { tab: Tab(1) }),
        (13, 9_400, tie(2, 0, "add", "short")),
        (14, 23, Action::Foreign { tab: Tab(2), room: Room(1), kind: "add", how: "verify" }),
        (17, 0, Action::Steal { device: Device(0) }),
    ]);
}

/// A tab asked for a write to be sent again, came to lead and did so itself; the next leader then heard the wish and did it once more.
#[test]
fn q9_q19_seed_180171243_a_wish_to_send_again_that_is_heard_late_was_granted_before() {
    Day::new(180_171_243, [3, 1, 0], 1_000).holds(vec![
        (3, 0, Action::Answering { how: "gateway" }),
        (12, 0, Action::Foreign { tab: Tab(0), room: Room(1), kind: "add", how: "plain" }),
        (13, 0, Action::Slow { device: Device(0), disk: 30, talk: 2_500 }),
        (18, 0, Action::Foreign { tab: Tab(1), room: Room(1), kind: "conflict", how: "keyed" }),
        (19, 3, add(0, 2)),
        (20, 3_879, Action::Steal { device: Device(0) }),
        (28, 4_319, Action::RetryParked { tab: Tab(2) }),
    ]);
}

/// A mistake of the model: a frozen leader sends what the next one has set aside as unknown and a person has sent again, knowing that.
#[test]
fn q9_seed_210366516_who_sends_an_unknown_write_again_may_have_it_twice_elsewhere() {
    let day = Day { token: 900_000, polling: true, queue: 6, ..Day::new(210_366_516, [3, 1, 0], 1_000) };
    day.holds(vec![
        (8, 600, Action::Thaw { tab: Tab(1) }),
        (9, 5, Action::Foreign { tab: Tab(1), room: Room(1), kind: "add", how: "plain" }),
        (10, 4, Action::Slow { device: Device(1), disk: 2, talk: 2_500 }),
        (12, 0, Action::Freeze { tab: Tab(0) }),
        (35, 2_456, tap(0, 1, "fail", false, false)),
        (36, 0, Action::RetryParked { tab: Tab(2) }),
    ]);
}
