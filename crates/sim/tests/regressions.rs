//! Scripts that broke something once, as the simulator had shrunk them.
#![allow(missing_docs)]

use tidewire_sim::ids::{Device, Room, Tab, User};
use tidewire_sim::run::run;
use tidewire_sim::script::{Action, Script, Step};

fn holds(seed: u64, tabs: [usize; 3], retention: usize, missed: u64, steps: Vec<(u64, u64, Action)>) {
    holds_with(seed, tabs, retention, missed, 0, steps);
}

fn holds_with(
    seed: u64,
    tabs: [usize; 3],
    retention: usize,
    missed: u64,
    token: u64,
    steps: Vec<(u64, u64, Action)>,
) {
    let steps = steps.into_iter().map(|(number, then, action)| Step { number, action, then }).collect();
    let script = Script { seed, tabs, retention, missed, token, steps };
    assert_eq!(run(&script, None, false).violation, None, "\n{script}");
}

fn tap(tab: usize, room: usize, kind: &'static str, own_lane: bool, keep_layer: bool) -> Action {
    Action::Tap { tab: Tab(tab), room: Room(room), kind, own_lane, keep_layer }
}

fn tie(tab: usize, room: usize, kind: &'static str, tie: &'static str) -> Action {
    Action::Tie { tab: Tab(tab), room: Room(room), kind, tie }
}

fn emit(tab: usize, class: &'static str, ack: bool) -> Action {
    Action::Emit { tab: Tab(tab), class, ack }
}

/// Milliseconds on the way, and of a thousand packets: dropped, doubled, answers lost, late.
fn weather(device: usize, [latency, drop, duplicate, lose_answer, late]: [u64; 5]) -> Action {
    Action::Weather { device: Device(device), latency, drop, duplicate, lose_answer, late }
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
    let weather = weather(0, [100, 60, 30, 20, 20]);
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
            (29, 301, tap(1, 0, "add", true, false)),
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
            (26, 5, tap(0, 0, "add", false, true)),
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

/// The place of a write that was voided is not given to the next one, also after a restart.
#[test]
fn q13_seed_1635_a_void_place_in_the_sequence_is_never_used_again() {
    holds(
        1_635,
        [1, 1, 0],
        1_000,
        1_000,
        vec![
            (1, 0, tie(0, 2, "add", "replace")),
            (3, 3_845, tie(1, 0, "add", "replace")),
            (4, 0, add(0, 1)),
            (7, 290, Action::Cancel { tab: Tab(0) }),
            (19, 0, Action::Kill { tab: Tab(0) }),
            (57, 0, Action::Start { tab: Tab(0) }),
            (58, 174, add(0, 0)),
        ],
    );
}

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

/// A leader asks for a void, loses the lead before the answer, leads again and sends: nobody can say any more what became of it.
#[test]
fn q9_seed_7004647_a_void_whose_answer_a_leader_did_not_get_before_it_lost_the_lead_is_not_known() {
    holds_with(
        7_004_647,
        [3, 1, 0],
        4,
        12,
        60_000,
        vec![
            (7, 39_887, tie(1, 1, "add", "handled")),
            (12, 0, Action::PowerCut { device: Device(0) }),
            (13, 0, Action::KillServer { down: 100 }),
            (22, 28, Action::Start { tab: Tab(0) }),
            (25, 0, Action::Reach { device: Device(0), reach: "hole" }),
            (36, 4, Action::Start { tab: Tab(1) }),
            (37, 26_035, tie(0, 0, "add", "short")),
            (41, 0, Action::Steal { device: Device(0) }),
            (42, 0, tie(0, 0, "add", "dedupe")),
            (44, 33_773, Action::Start { tab: Tab(1) }),
            (48, 0, Action::Steal { device: Device(0) }),
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

/// Another tab asked the leader to give everything up after that had said that its host may let go.
#[test]
fn q20_seed_60181957_who_has_left_grants_no_wish() {
    holds_with(
        60_181_957,
        [3, 1, 0],
        4,
        12,
        60_000,
        vec![
            (13, 0, Action::Freeze { tab: Tab(1) }),
            (18, 0, Action::Logout { device: Device(0) }),
            (19, 0, Action::Thaw { tab: Tab(1) }),
            (34, 7, tap(1, 2, "add", false, false)),
            (35, 9, Action::Start { tab: Tab(3) }),
            (43, 7, Action::Clear { tab: Tab(1) }),
        ],
    );
}

/// The first write of a client was given up without the server knowing the client, and a late copy of it was applied.
#[test]
fn q9_q13_seed_70027207_what_was_given_up_is_not_applied_when_a_copy_comes_late() {
    holds_with(
        70_027_207,
        [1, 1, 0],
        4,
        1000,
        900_000,
        vec![
            (2, 284, Action::Answering { how: "broken" }),
            (3, 1971, Action::Kill { tab: Tab(0) }),
            (6, 171, tie(1, 1, "conflict", "handled")),
            (9, 0, tap(1, 0, "add", false, true)),
            (13, 235, Action::PowerCut { device: Device(0) }),
            (15, 0, emit(1, "plain", false)),
            (16, 39, weather(0, [1500, 60, 0, 0, 20])),
            (17, 262, Action::PowerCut { device: Device(1) }),
            (29, 0, weather(1, [10, 0, 30, 20, 20])),
            (36, 18841, tap(1, 0, "add", true, true)),
            (42, 6, Action::Start { tab: Tab(0) }),
            (43, 3, tie(1, 0, "refuse", "dedupe")),
            (44, 7, tie(1, 1, "add", "dedupe")),
            (45, 233, tie(0, 0, "add", "temp")),
            (46, 0, weather(0, [1500, 0, 30, 60, 0])),
            (47, 6, tie(0, 1, "add", "handled")),
            (48, 34810, tap(0, 1, "add", false, true)),
            (51, 118, Action::Start { tab: Tab(1) }),
            (52, 0, emit(0, "reliable", true)),
            (53, 4113, tap(0, 2, "add", true, false)),
            (55, 0, Action::DiscardParked { tab: Tab(1) }),
        ],
    );
}

/// A place was voided for a client that the server did not know, and what it sent next was unknown to both.
#[test]
fn q9_q13_seed_80018914_a_client_whose_only_place_was_voided_is_known() {
    holds_with(
        80_018_914,
        [1, 1, 0],
        20,
        1_000,
        0,
        vec![
            (9, 3, tap(1, 2, "conflict", false, true)),
            (13, 261, tap(0, 1, "add", false, true)),
            (14, 0, Action::KillServer { down: 40000 }),
            (17, 0, tap(1, 0, "add", false, true)),
            (21, 2_857, tie(0, 0, "add", "pair")),
            (22, 0, Action::Clear { tab: Tab(1) }),
            (23, 44_656, emit(0, "reliable", true)),
            (24, 0, Action::KillServer { down: 40000 }),
            (26, 0, Action::RetryParked { tab: Tab(1) }),
            (47, 0, tap(1, 1, "fail", false, false)),
        ],
    );
}

/// A place of the old client was voided while the new one was on its way to the disk: the old one came back, and the records of it for ever.
#[test]
fn q9_seed_90016279_a_voided_place_of_the_old_client_does_not_bring_it_back() {
    holds_with(
        90_016_279,
        [1, 1, 0],
        1000,
        12,
        60_000,
        vec![
            (3, 0, Action::Reach { device: Device(1), reach: "hole" }),
            (8, 39_678, tap(0, 0, "fail", false, false)),
            (11, 4_077, Action::Signal { device: Device(0), signal: "unknown" }),
            (13, 4_954, Action::Kill { tab: Tab(1) }),
            (14, 6, Action::Start { tab: Tab(1) }),
            (16, 0, tie(1, 0, "add", "dedupe")),
            (18, 4_235, weather(0, [100, 60, 0, 60, 20])),
            (19, 52_913, Action::Cancel { tab: Tab(1) }),
            (21, 2, tap(1, 1, "add", false, true)),
            (22, 0, tie(1, 2, "add", "short")),
            (23, 190, tap(0, 0, "add", true, true)),
            (24, 2, Action::SwitchUser { device: Device(1) }),
            (25, 3, Action::Drift { device: Device(0), per_mille: 0 }),
            (26, 241, Action::Resolve { tab: Tab(1), how: "discard" }),
            (27, 0, tap(0, 2, "add", true, true)),
            (28, 8, Action::Cut { device: Device(0) }),
            (29, 3_855, Action::App { device: Device(0), background: false }),
            (30, 5, tap(1, 1, "add", false, false)),
            (49, 19_060, emit(1, "reliable", false)),
            (50, 0, Action::Kill { tab: Tab(0) }),
            (58, 4_570, Action::Start { tab: Tab(1) }),
        ],
    );
}

/// A tab with an open wish to clear had left, and did it when the lead came to it.
#[test]
fn q20_seed_110042457_who_has_left_begins_nothing_when_it_comes_to_lead() {
    holds_with(
        110_042_457,
        [3, 1, 0],
        4,
        12,
        0,
        vec![
            (18, 8, tap(0, 0, "conflict", false, false)),
            (27, 0, Action::Kill { tab: Tab(0) }),
            (32, 4_750, Action::Steal { device: Device(0) }),
            (33, 0, Action::Freeze { tab: Tab(1) }),
            (41, 4_569, Action::Steal { device: Device(0) }),
            (43, 0, Action::Clear { tab: Tab(2) }),
            (45, 0, Action::Logout { device: Device(0) }),
            (46, 9, Action::Steal { device: Device(0) }),
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
