//! Once and not lost: sequences, voids, client ids (Q9, Q13).

use tidewire_sim::ids::{Device, Tab};
use tidewire_sim::script::Action;

use crate::{Day, add, emit, holds, holds_with, tap, tie, weather};

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

/// The disk is full for the step that keeps a void place from being used again, and takes the one that removes its record.
#[test]
fn q9_seed_180072590_a_void_write_stays_on_a_full_disk_until_its_place_is_stored() {
    holds_with(
        180_072_590,
        [1, 1, 0],
        1_000,
        12,
        60_000,
        vec![
            (9, 165, Action::Kill { tab: Tab(1) }),
            (20, 77, tap(0, 1, "fail", false, true)),
            (21, 0, Action::Cancel { tab: Tab(0) }),
            (22, 4_540, Action::Disk { device: Device(0), mode: "full" }),
            (28, 0, Action::Disk { device: Device(0), mode: "well" }),
            (29, 0, Action::Answering { how: "busy-after" }),
            (30, 0, tap(0, 2, "add", true, true)),
            (35, 0, Action::PowerCut { device: Device(0) }),
            (39, 155, Action::Start { tab: Tab(0) }),
        ],
    );
}

/// The same, and the next life finds a record that it cannot read.
#[test]
fn q9_seed_180096917_a_void_place_is_stored_before_a_record_is_lost() {
    let day = Day { polling: true, ..Day::new(180_096_917, [1, 1, 0], 1_000) };
    day.holds(vec![
        (1, 36_746, Action::Answering { how: "gateway" }),
        (2, 0, Action::KillServer { down: 40_000 }),
        (7, 0, tap(0, 1, "add", false, true)),
        (11, 4_437, tap(1, 1, "add", false, true)),
        (12, 0, Action::Disk { device: Device(0), mode: "full" }),
        (13, 2_601, Action::Answering { how: "well" }),
        (14, 0, Action::Cancel { tab: Tab(0) }),
        (17, 14_907, tap(0, 1, "add", false, true)),
        (21, 2_366, emit(0, "reliable", true)),
        (25, 20_854, tie(0, 1, "add", "temp")),
        (26, 0, Action::FlipBit { device: Device(0) }),
        (33, 0, Action::Disk { device: Device(0), mode: "well" }),
        (52, 0, Action::Start { tab: Tab(0) }),
        (54, 0, tap(0, 0, "add", false, true)),
        (55, 0, Action::KillServer { down: 2_000 }),
        (56, 1_581, tie(1, 1, "add", "replace")),
    ]);
}
