//! Tabs and people: news between tabs, leads, logging out (Q19, Q20).

use tidewire_sim::ids::{Device, Room, Tab};
use tidewire_sim::script::Action;

use crate::{Day, add, holds, holds_with, tap, tie, weather};

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

/// A write was taken back on its way to the disk by a tab that had lost the lead: that stood there as stored, and then the disk failed.
#[test]
fn q1_seed_220055669_what_stays_because_it_was_taken_back_too_late_is_not_promised() {
    Day { missed: 12, token: 900_000, polling: true, ..Day::new(220_055_669, [3, 1, 0], 1_000) }.holds(vec![
        (16, 0, Action::Kill { tab: Tab(1) }),
        (18, 0, Action::Freeze { tab: Tab(0) }),
        (23, 3_132, tie(2, 0, "add", "replace")),
        (32, 0, Action::Thaw { tab: Tab(0) }),
        (34, 0, Action::Steal { device: Device(0) }),
        (36, 58, Action::Refetch { tab: Tab(0), query: 3 }),
        (41, 1, Action::Disk { device: Device(0), mode: "failing" }),
        (42, 7, tie(2, 1, "add", "handled")),
        (45, 0, Action::Cancel { tab: Tab(2) }),
    ]);
}

/// A tab that followed, and had not heard that its write was sent, came to lead over an emptied store and sent it again.
#[test]
fn q9_seed_220414965_who_followed_does_not_send_what_an_emptied_store_has_lost() {
    holds_with(
        220_414_965,
        [3, 1, 1],
        1_000,
        12,
        0,
        vec![
            (35, 54, Action::Start { tab: Tab(1) }),
            (36, 0, Action::Slow { device: Device(0), disk: 2, talk: 2_500 }),
            (40, 353, Action::Evict { device: Device(0) }),
            (43, 0, tap(0, 1, "add", false, false)),
            (44, 114, tap(1, 1, "add", true, true)),
            (45, 0, Action::Evict { device: Device(0) }),
        ],
    );
}

/// The browser emptied the store, the user left, and the leader, told to let go, heard of a write and read: it put back what was gone.
#[test]
fn q20_seed_240046020_who_has_left_puts_nothing_back_into_an_emptied_store() {
    Day { missed: 12, queue: 6, ..Day::new(240_046_020, [3, 1, 1], 20) }.holds(vec![
        (37, 254, Action::Steal { device: Device(0) }),
        (40, 0, tap(2, 1, "add", false, false)),
        (41, 9, tap(2, 0, "add", true, false)),
        (42, 0, Action::Evict { device: Device(0) }),
        (43, 301, Action::Logout { device: Device(0) }),
    ]);
}

/// The time to decide a conflict ended while the write's new version was on its way to a slow disk: nobody decided it any more.
#[test]
fn q1_q10_seed_250111453_a_conflict_that_times_out_during_an_upcast_is_parked() {
    Day { polling: true, ..Day::new(250_111_453, [3, 1, 0], 20) }.holds(vec![
        (22, 0, Action::Freeze { tab: Tab(1) }),
        (23, 0, Action::Slow { device: Device(0), disk: 400, talk: 20 }),
        (28, 24_776, tap(0, 0, "add", false, false)),
        (36, 2_774, tie(2, 1, "conflict", "handled")),
        (39, 1_018, Action::Start { tab: Tab(1) }),
        (41, 2_577, Action::Thaw { tab: Tab(2) }),
        (43, 1_724, Action::Signal { device: Device(0), signal: "changed" }),
        (46, 14_009, tap(0, 1, "add", false, false)),
        (48, 4_084, Action::Foreign { tab: Tab(3), room: Room(1), kind: "conflict", how: "keyed" }),
        (51, 3_257, Action::Kill { tab: Tab(1) }),
        (52, 0, tap(3, 1, "add", false, true)),
        (57, 0, Action::Start { tab: Tab(1) }),
        (58, 193, tap(1, 1, "add", false, true)),
        (59, 0, Action::Refetch { tab: Tab(3), query: 0 }),
        (60, 216, tap(3, 1, "add", false, true)),
    ]);
}

/// Two tabs put back what an emptied store had lost; the disk was full, and one did it when the other had sent all that and was done.
#[test]
fn q9_seed_250038708_only_who_leads_puts_back_what_an_emptied_store_has_lost() {
    Day { missed: 12, token: 60_000, queue: 6, ..Day::new(250_038_708, [3, 1, 1], 1_000) }.holds(vec![
        (1, 5_385, tie(2, 1, "add", "short")),
        (2, 0, Action::Resolve { tab: Tab(4), how: "again" }),
        (6, 0, Action::FlipBit { device: Device(1) }),
        (20, 4_683, tie(1, 2, "add", "child")),
        (21, 0, Action::FlipBit { device: Device(2) }),
        (25, 0, Action::Answering { how: "gateway" }),
        (27, 0, tap(4, 2, "add", false, true)),
        (28, 4_596, tap(1, 1, "add", false, false)),
        (36, 0, tap(2, 0, "add", false, false)),
        (37, 18, Action::Snapshot { device: Device(1) }),
        (38, 0, Action::Evict { device: Device(0) }),
        (39, 0, Action::Disk { device: Device(0), mode: "full" }),
        (42, 0, Action::Refetch { tab: Tab(4), query: 1 }),
        (44, 174, Action::Steal { device: Device(0) }),
        (46, 0, Action::Evict { device: Device(0) }),
        (47, 3_617, Action::Disk { device: Device(2), mode: "well" }),
    ]);
}
