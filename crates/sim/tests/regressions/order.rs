//! Lanes, ties and what takes the place of what (Q6, Q7, Q8).

use tidewire_sim::ids::{Device, Room, Tab, User};
use tidewire_sim::script::Action;

use crate::{add, emit, holds, holds_with, tap, tie, weather};

/// (Q7, Q13) A pair undid the parent, its child was parked for that and sent all the same by hand.
#[test]
fn q7_seed_5001114_a_child_sent_by_hand_waits_for_no_parent_that_was_undone() {
    holds(
        5_001_114,
        [1, 1, 0],
        1_000,
        1_000,
        vec![
            (8, 4, weather(0, [10, 20, 0, 20, 20])),
            (9, 1, add(0, 1)),
            (13, 0, Action::Reach { device: Device(1), reach: "down" }),
            (19, 0, tap(1, 2, "add", false, true)),
            (20, 3_741, add(0, 0)),
            (21, 137, Action::Process { tab: Tab(1) }),
            (22, 478, add(1, 0)),
            (25, 0, tie(1, 0, "add", "pair")),
            (26, 5, Action::KillServer { down: 2_000 }),
            (27, 0, tie(1, 2, "add", "child")),
            (28, 5_917, Action::Reach { device: Device(1), reach: "hole" }),
            (43, 0, Action::RetryParked { tab: Tab(1) }),
        ],
    );
}

/// The parent was undone by a pair that another tab tapped; the child was parked for that and sent all the same by hand.
#[test]
fn q7_seed_5004159_a_child_sent_by_hand_waits_for_no_parent_that_another_tab_undid() {
    holds(
        5_004_159,
        [3, 1, 0],
        20,
        1_000,
        vec![
            (34, 0, Action::Signal { device: Device(0), signal: "offline" }),
            (41, 4_497, Action::Reach { device: Device(0), reach: "hole" }),
            (42, 2, tie(2, 2, "add", "temp-child")),
            (50, 7, Action::App { device: Device(0), background: true }),
            (51, 4, tie(2, 0, "add", "child")),
            (52, 0, tie(0, 2, "add", "pair")),
            (55, 2_261, weather(0, [1_500, 0, 30, 60, 20])),
            (56, 0, Action::RetryParked { tab: Tab(2) }),
        ],
    );
}

/// The parent was refused and given up; the child was parked for that and sent all the same by hand.
#[test]
fn q7_seed_5022650_a_child_sent_by_hand_waits_for_no_parent_that_was_discarded() {
    holds(
        5_022_650,
        [3, 1, 0],
        20,
        12,
        vec![
            (11, 0, Action::Slow { device: Device(0), disk: 400, talk: 0 }),
            (16, 6, tie(1, 2, "refuse", "short")),
            (18, 3_083, Action::Reach { device: Device(1), reach: "hole" }),
            (26, 0, tie(1, 2, "add", "child")),
            (29, 0, Action::DiscardParked { tab: Tab(0) }),
            (58, 1_874, Action::ExpireTokens { user: User::Ben }),
            (59, 0, Action::RetryParked { tab: Tab(2) }),
        ],
    );
}

/// The leader dies between the removal of a replaced write and the news of it; another tab sends the replacement (Q6, Q8).
#[test]
fn q8_seed_2021282_a_replaced_write_is_gone_though_its_tab_dies_first_among_tabs() {
    holds_with(
        2_021_282,
        [3, 1, 0],
        1_000,
        12,
        900_000,
        vec![
            (4, 2_581, Action::Steal { device: Device(0) }),
            (7, 0, Action::Steal { device: Device(0) }),
            (8, 0, Action::Steal { device: Device(0) }),
            (9, 224, Action::Freeze { tab: Tab(0) }),
            (13, 0, tie(2, 2, "add", "handled")),
            (15, 128, tap(1, 0, "add", false, true)),
            (16, 18, Action::Steal { device: Device(0) }),
            (17, 2_232, Action::Freeze { tab: Tab(2) }),
            (20, 0, Action::Kill { tab: Tab(3) }),
            (22, 7, Action::Thaw { tab: Tab(2) }),
            (23, 79, Action::Freeze { tab: Tab(0) }),
            (24, 9, Action::Slow { device: Device(0), disk: 30, talk: 20 }),
            (25, 141, tap(2, 0, "conflict", false, false)),
            (26, 2, tie(1, 1, "add", "short")),
            (27, 5, tap(2, 2, "add", true, false)),
            (28, 99, Action::Start { tab: Tab(3) }),
            (29, 7, tap(2, 2, "add", true, false)),
            (30, 129, tap(1, 0, "add", false, true)),
            (31, 108, Action::Start { tab: Tab(3) }),
            (32, 81, Action::Answering { how: "gateway" }),
            (33, 23, tie(1, 0, "add", "replace")),
            (34, 0, Action::Kill { tab: Tab(1) }),
        ],
    );
}

/// The tab is killed between the removal of a replaced write and the news of it.
#[test]
fn q8_seed_5010331_a_replaced_write_is_gone_though_its_tab_is_killed_first() {
    holds_with(
        5_010_331,
        [1, 1, 0],
        1_000,
        1_000,
        60_000,
        vec![
            (17, 0, Action::Reach { device: Device(1), reach: "portal" }),
            (32, 0, tap(1, 2, "add", false, true)),
            (33, 0, tap(1, 2, "add", false, true)),
            (48, 3_696, emit(1, "plain", false)),
            (49, 2, tie(1, 2, "add", "replace")),
            (50, 0, Action::Kill { tab: Tab(1) }),
        ],
    );
}

/// The tab dies at an output before it hears that the replaced write is removed; the one before both was sent long before.
#[test]
fn q8_seed_5023849_a_replaced_write_is_gone_though_its_tab_dies_at_an_output() {
    holds(
        5_023_849,
        [1, 1, 0],
        4,
        12,
        vec![
            (1, 22_999, weather(1, [10, 0, 30, 20, 0])),
            (3, 0, tap(1, 1, "add", false, true)),
            (4, 0, Action::Reach { device: Device(1), reach: "hole" }),
            (5, 47_153, tie(1, 1, "add", "replace")),
            (6, 0, Action::KillAfter { tab: Tab(1), outputs: 55, device: false }),
            (8, 0, Action::Reach { device: Device(1), reach: "portal" }),
            (18, 46_832, weather(1, [1_500, 20, 0, 0, 20])),
            (33, 24, tie(1, 1, "add", "replace")),
        ],
    );
}

/// The power goes after a replaced write was removed and before that was said; the wall clock had stepped back.
#[test]
fn q8_seed_5026686_a_replaced_write_is_gone_though_the_power_goes_before_it_is_said() {
    holds_with(
        5_026_686,
        [1, 1, 0],
        4,
        12,
        60_000,
        vec![
            (2, 2_372, Action::Reach { device: Device(1), reach: "down" }),
            (3, 2_541, Action::Cancel { tab: Tab(1) }),
            (7, 58_880, add(0, 2)),
            (8, 3_112, tap(0, 1, "conflict", true, false)),
            (9, 4_956, add(1, 0)),
            (12, 0, add(1, 1)),
            (15, 2_069, weather(0, [100, 20, 0, 20, 0])),
            (18, 1_486, Action::Start { tab: Tab(0) }),
            (22, 0, Action::Reach { device: Device(0), reach: "hole" }),
            (23, 1_340, Action::Reach { device: Device(1), reach: "up" }),
            (26, 0, add(0, 2)),
            (27, 365, weather(1, [100, 60, 0, 60, 20])),
            (28, 4_613, Action::Refetch { tab: Tab(0), query: 2 }),
            (37, 228, Action::Start { tab: Tab(1) }),
            (41, 134, tap(0, 0, "add", false, true)),
            (42, 0, Action::KillAfter { tab: Tab(0), outputs: 54, device: true }),
            (43, 32_899, tie(1, 1, "add", "temp")),
            (44, 67, add(0, 0)),
            (45, 204, Action::Wall { device: Device(0), by: -90_000_000 }),
            (46, 260, tap(0, 0, "add", true, false)),
            (47, 106, Action::Cut { device: Device(1) }),
            (48, 63, tap(0, 1, "add", true, false)),
            (50, 295, tap(1, 2, "add", true, true)),
            (51, 58, weather(1, [10, 20, 30, 20, 20])),
            (52, 4, tie(0, 2, "add", "temp-child")),
            (53, 152, tie(0, 0, "add", "replace")),
        ],
    );
}

/// The power goes at the very output that would have said that the write is replaced.
#[test]
fn q8_seed_5031899_a_replaced_write_is_gone_though_the_power_goes_at_the_output() {
    holds_with(
        5_031_899,
        [1, 1, 0],
        1_000,
        12,
        900_000,
        vec![
            (1, 0, Action::Reach { device: Device(1), reach: "portal" }),
            (2, 2_863, add(1, 2)),
            (3, 2_073, tap(1, 2, "add", false, true)),
            (8, 2_843, tap(0, 2, "fail", false, true)),
            (9, 0, Action::KillAfter { tab: Tab(1), outputs: 19, device: true }),
            (10, 12_757, tie(0, 2, "add", "child")),
            (11, 5, tie(1, 2, "add", "replace")),
        ],
    );
}

/// A follower heard that a write had settled before it heard of the names that its answer gave.
#[test]
fn q7_seed_20035092_a_follower_that_has_not_heard_a_name_sends_no_temporary_id() {
    holds_with(
        20_035_092,
        [3, 1, 0],
        4,
        1000,
        900_000,
        vec![
            (3, 2600, emit(0, "volatile", true)),
            (12, 0, Action::PowerCut { device: Device(1) }),
            (14, 831, tie(2, 0, "add", "temp")),
            (15, 22, tie(2, 2, "add", "temp-child")),
        ],
    );
}

/// A bit flipped in the record of an undoing between its two steps: it is shown as quarantined, and what it was to undo is sent.
#[test]
fn q8_q21_seed_60152273_an_undoing_that_the_disk_lost_undoes_nothing() {
    holds_with(
        60_152_273,
        [1, 1, 0],
        20,
        1000,
        0,
        vec![
            (7, 0, weather(1, [10, 60, 0, 0, 20])),
            (14, 109, weather(1, [1500, 20, 30, 60, 0])),
            (15, 0, Action::Cut { device: Device(0) }),
            (21, 9531, weather(0, [100, 20, 0, 60, 0])),
            (28, 172, tap(0, 2, "add", false, true)),
            (31, 3, tap(1, 1, "add", false, true)),
            (32, 0, Action::Cut { device: Device(1) }),
            (33, 0, tap(1, 1, "fail", false, true)),
            (37, 4806, tap(0, 1, "add", true, true)),
            (38, 0, Action::Start { tab: Tab(0) }),
            (39, 181, tap(0, 1, "add", false, false)),
            (43, 0, tap(0, 1, "add", false, true)),
            (44, 325, Action::KillAfter { tab: Tab(0), outputs: 11, device: false }),
            (49, 0, tie(0, 1, "add", "pair")),
            (51, 5, Action::Reach { device: Device(0), reach: "hole" }),
            (58, 0, Action::FlipBit { device: Device(0) }),
        ],
    );
}

/// A mistake of the model: a write that another tab had edited was expected in that tab's order.
#[test]
fn q6_q13_seed_120001118_an_edited_write_stands_where_the_first_one_stood() {
    holds_with(
        120_001_118,
        [3, 1, 0],
        20,
        1_000,
        0,
        vec![
            (5, 223, Action::Kill { tab: Tab(1) }),
            (7, 4, tap(0, 1, "add", false, false)),
            (8, 9, tap(0, 2, "add", false, true)),
            (9, 3, Action::Reach { device: Device(0), reach: "up" }),
            (10, 272, tap(2, 2, "refuse", false, true)),
            (15, 0, Action::EditParked { tab: Tab(0) }),
        ],
    );
}

/// A child is parked again, because its parent is still, while the parent is sent again and succeeds.
#[test]
fn q7_seed_190071698_a_child_is_revived_when_its_parent_succeeds_while_it_is_being_parked() {
    holds(
        190_071_698,
        [1, 1, 0],
        20,
        12,
        vec![
            (2, 1_877, Action::Answering { how: "broken" }),
            (8, 0, tie(0, 2, "add", "temp")),
            (10, 21_842, Action::Farewell { after: 20_000 }),
            (12, 118, Action::Foreign { tab: Tab(1), room: Room(1), kind: "refuse", how: "keyed" }),
            (13, 0, Action::KillServer { down: 2_000 }),
            (14, 123, Action::NewEpoch { room: Room(1) }),
            (15, 2_966, tie(0, 2, "fail", "temp-child")),
            (16, 0, Action::Start { tab: Tab(0) }),
            (17, 0, Action::Signal { device: Device(0), signal: "online" }),
            (18, 0, Action::Start { tab: Tab(1) }),
            (21, 0, Action::App { device: Device(0), background: true }),
            (26, 4_887, Action::App { device: Device(1), background: true }),
            (33, 225, Action::KillServer { down: 100 }),
            (40, 0, tie(0, 2, "add", "temp-child")),
            (42, 15, Action::App { device: Device(1), background: true }),
            (43, 5, tap(0, 1, "fail", false, true)),
            (44, 4, Action::Answering { how: "well" }),
            (45, 270, tie(1, 2, "add", "temp-child")),
            (52, 0, Action::RetryParked { tab: Tab(0) }),
            (53, 421, tap(0, 2, "add", false, true)),
        ],
    );
}
