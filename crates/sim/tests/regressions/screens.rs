//! What a screen shows: layers, bases, slow fetches (Q16, Q17, Q18, Y6).

use tidewire_sim::ids::{Device, Room, Tab, User};
use tidewire_sim::script::Action;

use crate::{Day, add, emit, holds, holds_with, tap, tie, weather};

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
            (8, 2_765, tap(2, 0, "add", false, true)),
            (11, 3_697, Action::KillServer { down: 40_000 }),
            (12, 0, tap(1, 1, "add", true, false)),
            (16, 3_686, Action::Steal { device: Device(0) }),
            (19, 0, Action::Freeze { tab: Tab(0) }),
            (21, 3_716, add(1, 0)),
            (24, 29_527, Action::Freeze { tab: Tab(2) }),
            (26, 0, Action::Steal { device: Device(0) }),
            (43, 50_616, Action::Thaw { tab: Tab(0) }),
        ],
    );
}

/// The answer of a slow fetch named a history that was over; what stood had an event that no ring brought back.
#[test]
fn y6_seed_30009893_an_answer_from_before_a_new_history_takes_nothing_back() {
    holds_with(
        30_009_893,
        [1, 1, 0],
        20,
        1000,
        0,
        vec![
            (30, 226, tap(0, 2, "add", false, true)),
            (32, 0, Action::KillServer { down: 40_000 }),
            (34, 0, tie(1, 0, "add", "temp")),
            (40, 0, Action::Kill { tab: Tab(0) }),
            (41, 56_932, Action::Kill { tab: Tab(1) }),
            (49, 0, weather(1, [10, 0, 0, 20, 20])),
            (53, 1754, Action::Start { tab: Tab(1) }),
            (54, 2750, Action::NewEpoch { room: Room(0) }),
        ],
    );
}

/// A restored base was newer than the answer of this tab's own fetch.
#[test]
fn y6_seed_20053108_a_slow_fetch_takes_back_nothing_that_another_tab_stored() {
    holds_with(
        20_053_108,
        [3, 1, 0],
        1000,
        12,
        0,
        vec![
            (36, 0, Action::PowerCut { device: Device(0) }),
            (39, 0, Action::Disk { device: Device(0), mode: "unreadable" }),
            (55, 38, weather(0, [10, 20, 0, 20, 20])),
            (56, 2, Action::Start { tab: Tab(2) }),
            (57, 4, Action::Refetch { tab: Tab(2), query: 3 }),
            (58, 225, Action::KillServer { down: 100 }),
            (59, 2, tap(3, 1, "add", false, false)),
        ],
    );
}

/// A base was stored as one that carries a write which was then refused, and the layer that was to stay was hidden after a restart.
#[test]
fn q17_seed_9004748_a_stored_base_carries_no_write_that_was_refused() {
    holds_with(
        9_004_748,
        [3, 1, 0],
        1000,
        1000,
        60_000,
        vec![
            (31, 0, Action::Answering { how: "busy" }),
            (33, 93, Action::KillServer { down: 2000 }),
            (34, 147, Action::Deny { user: User::Ben, on: false }),
            (36, 0, tap(2, 0, "conflict", false, true)),
            (37, 3, tap(2, 2, "add", false, false)),
            (46, 30_800, Action::KillServer { down: 40_000 }),
            (48, 1, tap(1, 2, "add", false, true)),
            (49, 8, Action::KillServer { down: 100 }),
            (51, 0, Action::Disk { device: Device(0), mode: "unreadable" }),
            (56, 0, Action::Answering { how: "well" }),
            (57, 216, Action::Kill { tab: Tab(1) }),
            (60, 43_029, emit(0, "volatile", true)),
        ],
    );
}

/// A wish to clear that came late took what other tabs had made since, under lower numbers.
#[test]
fn q16_q20_seed_140017973_what_others_made_after_a_clear_stays_when_it_comes_late() {
    holds_with(
        140_017_973,
        [3, 1, 0],
        4,
        12,
        0,
        vec![
            (1, 8_948, Action::KillServer { down: 40000 }),
            (3, 19, Action::Refetch { tab: Tab(1), query: 2 }),
            (5, 0, Action::FlipBit { device: Device(1) }),
            (6, 131, Action::Logout { device: Device(1) }),
            (10, 189, Action::RetryParked { tab: Tab(2) }),
            (12, 995, tap(1, 1, "conflict", false, true)),
            (13, 4, tap(2, 0, "add", false, true)),
            (14, 6, Action::RetryParked { tab: Tab(2) }),
            (15, 0, tap(1, 1, "add", true, false)),
            (16, 0, tie(1, 0, "add", "pair")),
            (17, 3, emit(0, "reliable", false)),
            (19, 2_523, tap(3, 2, "add", false, false)),
            (21, 281, emit(0, "plain", true)),
            (26, 0, tie(3, 0, "add", "short")),
            (27, 0, tap(0, 2, "add", false, false)),
            (30, 192, Action::Disk { device: Device(0), mode: "unreadable" }),
            (31, 12, Action::KillServer { down: 40000 }),
            (32, 21_319, Action::Steal { device: Device(0) }),
            (33, 289, tie(0, 1, "add", "temp-child")),
            (34, 42_220, tie(1, 0, "add", "dedupe")),
            (36, 0, Action::Start { tab: Tab(1) }),
            (38, 0, Action::App { device: Device(0), background: true }),
            (39, 1_547, tie(0, 1, "add", "short")),
            (40, 0, Action::Refetch { tab: Tab(0), query: 0 }),
            (41, 221, tie(3, 0, "add", "replace")),
            (43, 0, Action::Start { tab: Tab(2) }),
            (45, 1_807, tie(3, 2, "add", "handled")),
            (47, 0, Action::Clear { tab: Tab(0) }),
            (48, 0, tap(1, 2, "add", false, true)),
            (49, 685, tap(2, 1, "refuse", false, true)),
            (50, 2_025, tap(3, 2, "add", false, false)),
            (51, 0, Action::KillServer { down: 100 }),
            (52, 1_555, tap(3, 1, "fail", false, true)),
            (53, 5, tap(1, 0, "add", true, false)),
            (54, 59_611, Action::Disk { device: Device(1), mode: "full" }),
            (55, 283, Action::KillServer { down: 100 }),
            (57, 0, Action::Start { tab: Tab(1) }),
            (58, 7, tie(0, 0, "add", "temp-child")),
            (60, 0, tap(2, 2, "add", true, true)),
        ],
    );
}

/// A frozen tab found an edit when that was parked already, and showed it for ever.
#[test]
fn q13_q16_seed_150041363_an_edited_write_that_is_parked_when_it_is_found_has_no_layer() {
    holds_with(
        150_041_363,
        [3, 1, 0],
        1000,
        1_000,
        900_000,
        vec![
            (3, 0, tap(2, 2, "conflict", false, false)),
            (13, 278, Action::Steal { device: Device(0) }),
            (15, 0, tap(1, 1, "add", false, false)),
            (19, 0, Action::Answering { how: "broken" }),
            (20, 4_893, Action::Start { tab: Tab(2) }),
            (21, 0, Action::EditParked { tab: Tab(1) }),
            (58, 108, Action::Freeze { tab: Tab(2) }),
            (60, 3_090, Action::Start { tab: Tab(1) }),
        ],
    );
}

/// A mistake of the model: what came with a base, and not by a layer, is on the screen after a restart only if that base was stored.
#[test]
fn q18_seed_170002726_what_came_with_a_base_that_was_not_stored_yet_may_be_missing_after_a_restart() {
    let day = Day { missed: 1_000, token: 60_000, polling: true, ..Day::new(170_002_726, [1, 1, 0], 20) };
    day.holds(vec![
        (2, 6, tap(1, 1, "add", true, true)),
        (3, 23_910, Action::Reach { device: Device(0), reach: "hole" }),
        (4, 2_933, Action::KillServer { down: 2000 }),
        (5, 2_807, weather(0, [10, 20, 0, 0, 20])),
        (6, 274, tap(0, 1, "add", true, false)),
        (10, 805, add(0, 0)),
        (11, 8, tap(0, 0, "refuse", false, true)),
        (12, 3, Action::App { device: Device(0), background: true }),
        (13, 257, tap(1, 2, "add", false, true)),
        (16, 483, Action::Processing { tab: Tab(1), on: true }),
        (17, 8, Action::Cut { device: Device(0) }),
        (18, 2_914, add(0, 0)),
        (19, 4_635, Action::Refetch { tab: Tab(0), query: 0 }),
        (20, 0, Action::Foreign { tab: Tab(0), room: Room(1), kind: "add", how: "put" }),
        (21, 3, Action::Start { tab: Tab(1) }),
        (22, 4_665, Action::Process { tab: Tab(0) }),
        (23, 171, tie(1, 2, "add", "pair")),
        (24, 9, Action::Start { tab: Tab(1) }),
        (25, 7, add(1, 1)),
        (26, 8, Action::Reach { device: Device(0), reach: "up" }),
        (27, 498, add(0, 2)),
        (28, 2, tap(1, 0, "add", true, false)),
        (29, 29_290, Action::App { device: Device(0), background: true }),
        (31, 108, tie(1, 2, "add", "dedupe")),
        (33, 121, Action::Proxy { device: Device(1), how: "refuses" }),
        (34, 8, tap(0, 1, "add", true, true)),
        (35, 0, add(1, 0)),
        (36, 29, Action::Reach { device: Device(1), reach: "up" }),
        (37, 2, Action::Reach { device: Device(1), reach: "up" }),
        (38, 4_423, tap(1, 1, "add", false, true)),
        (39, 5, tap(1, 2, "add", false, true)),
        (41, 1, tie(1, 2, "add", "child")),
        (42, 3_350, Action::Proxy { device: Device(0), how: "swallows" }),
        (43, 3, tap(1, 0, "add", false, true)),
        (44, 6, weather(0, [1500, 60, 0, 60, 0])),
        (45, 155, weather(1, [10, 0, 0, 60, 20])),
        (46, 6, Action::Cut { device: Device(0) }),
        (47, 184, weather(1, [1500, 20, 0, 20, 0])),
        (48, 2_791, Action::Drift { device: Device(0), per_mille: -50 }),
        (49, 14_072, weather(0, [1500, 60, 0, 20, 0])),
        (50, 5, Action::Process { tab: Tab(0) }),
        (51, 156, emit(1, "plain", true)),
        (52, 0, Action::SwitchUser { device: Device(0) }),
    ]);
}

/// A tab that could not read its disk heard only the second time that a write was set aside, after a base had counted its first place.
#[test]
fn q14_seed_190046183_a_parked_write_that_stays_is_shown_whatever_became_of_its_first_place() {
    let day =
        Day { missed: 12, token: 60_000, polling: true, queue: 6, ..Day::new(190_046_183, [3, 1, 0], 4) };
    day.holds(vec![
        (1, 0, Action::Answering { how: "gateway" }),
        (2, 2_953, tap(2, 1, "conflict", false, true)),
        (3, 8, tap(0, 0, "fail", false, false)),
        (7, 1_579, Action::Refetch { tab: Tab(0), query: 0 }),
        (16, 0, tie(2, 1, "add", "handled")),
        (17, 0, Action::Start { tab: Tab(1) }),
        (18, 6, Action::Foreign { tab: Tab(0), room: Room(1), kind: "add", how: "verify" }),
        (20, 8, tap(3, 1, "refuse", false, true)),
        (21, 1_259, Action::Disk { device: Device(0), mode: "unreadable" }),
        (24, 0, tap(0, 1, "add", true, false)),
        (30, 0, Action::KillServer { down: 100 }),
        (32, 9, Action::NewEpoch { room: Room(1) }),
        (34, 3_294, Action::Answering { how: "well" }),
        (47, 0, Action::Answering { how: "broken" }),
        (50, 0, Action::RetryParked { tab: Tab(0) }),
        (56, 5_574, Action::Foreign { tab: Tab(2), room: Room(0), kind: "add", how: "bare" }),
    ]);
}
