//! Bases that come late, twice or from the store: what stands is never replaced by something older (semantics.md Y2, Y6, Q16, Q17).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

/// Connected, in room `r` at offset 10, with query 1 bound; no base.
fn joined() -> Rig {
    let mut rig = Rig::new();
    rig.bind("r", &[1]);
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.joined(10, false);
    rig.take();
    rig
}

#[test]
fn y6_an_answer_older_than_the_one_that_stands_is_refused() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.read_done(1, 1, Some(("r", 15)));
    rig.start_read(1, 2);
    // A cache between here and the server answers with yesterday's.
    rig.read_done(1, 2, Some(("r", 12)));
    assert_eq!(rig.refused(), [1]);
    for offset in 11..=16 {
        rig.room_event("r", offset, "");
    }
    assert_eq!(rig.applied(1), [16], "what stands is still at 15");
}

#[test]
fn y6_the_answer_of_the_fetch_that_began_first_does_not_replace_that_of_a_later_one() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.start_read(1, 2);
    rig.read_done(1, 2, None);
    rig.read_done(1, 1, None);
    assert_eq!(rig.refused(), [1]);
    rig.start_read(1, 3);
    rig.read_done(1, 3, None);
    assert_eq!(rig.refused(), [1], "a new one is welcome");
}

#[test]
fn q17_overlapping_fetches_are_judged_by_their_own_start() {
    let mut rig = joined();
    let write = rig.submit("/like");
    rig.start_read(1, 1);
    rig.answer(200, "applied");
    rig.start_read(1, 2);
    rig.read_done(1, 1, None);
    assert_eq!(rig.retired(&write), [], "it began before the answer");
    rig.read_done(1, 2, None);
    assert_eq!(rig.retired(&write), [Some(1), None]);
}

#[test]
fn y2_overlapping_fetches_each_know_what_raced_with_them() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.room_event("r", 11, "");
    rig.start_read(1, 2);
    rig.read_done(1, 1, None);
    assert_eq!(rig.refetched(), [(1, RefetchReason::Raced)]);
}

#[test]
fn q17_a_base_from_the_store_does_not_take_the_start_of_a_running_fetch() {
    let mut rig = joined();
    let write = rig.submit("/like");
    rig.answer(200, "applied");
    rig.start_read(1, 1);
    rig.restore(1, Some(("r", 10)), vec![]);
    rig.read_done(1, 1, None);
    assert_eq!(rig.retired(&write), [Some(1), None], "it began after the answer");
    assert_eq!(rig.refetched(), [], "and nothing raced with it");
}

#[test]
fn y2_a_base_from_the_store_does_not_replace_one_that_was_fetched() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.read_done(1, 1, Some(("r", 12)));
    rig.restore(1, Some(("r", 7)), vec![]);
    assert_eq!(rig.refused(), [1]);
    rig.room_event("r", 11, "");
    rig.room_event("r", 12, "");
    rig.room_event("r", 13, "");
    assert_eq!(rig.applied(1), [13]);
}

#[test]
fn y6_what_was_replayed_below_the_cursor_bridges_to_an_answer_that_comes_late() {
    let mut rig = joined();
    rig.restore(1, Some(("r", 5)), vec![]);
    rig.joined(10, true);
    rig.start_read(1, 1);
    for offset in 6..=10 {
        rig.room_event("r", offset, "");
    }
    rig.take();
    rig.break_link();
    // Answered by the server before 8 was.
    rig.read_done(1, 1, Some(("r", 7)));
    assert_eq!((rig.applied(1), rig.heard()), (vec![8, 9, 10], vec![]));
}

#[test]
fn y6_a_base_in_the_middle_of_a_replay_gets_what_was_heard_and_the_rest_as_it_comes() {
    let mut rig = joined();
    rig.room_event("r", 11, "");
    rig.restore(1, Some(("r", 5)), vec![]);
    rig.joined(11, true);
    for offset in 6..=8 {
        rig.room_event("r", offset, "");
    }
    rig.take();
    rig.bind("r", &[1, 2]);
    rig.restore(2, Some(("r", 6)), vec![]);
    assert_eq!(rig.applied(2), [7, 8]);
    assert_eq!(rig.sent(), Vec::<String>::new(), "the rest is on its way");
    rig.room_event("r", 9, "");
    assert_eq!((rig.applied(1), rig.applied(2)), (vec![9], vec![7, 8, 9]));
    rig.room_event("r", 10, "");
    rig.room_event("r", 11, "");
    assert_eq!((rig.applied(1), rig.applied(2)), (vec![9, 10, 11], vec![7, 8, 9, 10, 11]));
    assert_eq!(rig.heard(), [], "listeners had them");
}

#[test]
fn y2_a_room_that_begins_anew_takes_answers_from_below() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.read_done(1, 1, Some(("r", 15)));
    rig.break_link();
    rig.pass(1_000);
    // The server was put back to a backup and says so.
    rig.answer_join(r#"{"success":true,"epoch":"new","offset":3,"recovered":false}"#);
    assert_eq!(rig.refetched(), [(1, RefetchReason::Reset)]);
    rig.start_read(1, 2);
    let positions = vec![Position { room: "r".into(), epoch: "new".into(), offset: Offset(3) }];
    let (query, read, applied, carries) = (QueryId(1), Some(ReadId(2)), None, vec![]);
    rig.input(Input::BaseInstalled { query, read, positions, applied, carries, restored: false });
    assert_eq!(rig.refused(), []);
    rig.frame(r#"42["tw",["r","new",4,"e4",""],"x",{}]"#);
    assert_eq!(rig.applied(1), [4]);
}

#[test]
fn y1_replayed_events_are_kept_within_the_limit_and_every_body_is_released_once() {
    let mut rig = joined();
    let ring = limits::ROOM_RING as u64;
    rig.restore(1, Some(("r", 5)), vec![]);
    rig.joined(10, true);
    rig.take();
    for offset in (6..=10).chain(6..=10).chain(11..11 + 2 * ring) {
        rig.room_event("r", offset, "");
    }
    rig.command(Command::Leave { room: "r".into() }).unwrap();
    let mut released = rig.released();
    let count = released.len();
    released.sort_unstable();
    released.dedup();
    assert_eq!((count, released.len()), (10 + 2 * ring as usize, 10 + 2 * ring as usize));
}

/// Found by seed 20053108: another tab stored what it had fetched, and this tab's own fetch, which is slow, was read before that.
#[test]
fn y6_a_slow_fetch_does_not_take_back_what_another_tab_has_stored() {
    let mut rig = Rig::new();
    rig.start_read(1, 1);
    rig.restore(1, Some(("r", 5)), vec![]);
    rig.read_done(1, 1, Some(("r", 4)));
    assert_eq!(rig.refused(), [1]);
    rig.start_read(1, 2);
    rig.read_done(1, 2, Some(("r", 5)));
    assert_eq!(rig.refused(), [1], "an answer as new as it is welcome");
}

/// Found by seed 9002084: a fetch that is slow answers with a history that is over, after a newer one has answered with the present one.
#[test]
fn y6_a_slow_fetch_from_before_a_new_history_does_not_take_the_new_base_back() {
    let mut rig = joined();
    rig.start_read(1, 1);
    rig.break_link();
    rig.pass(1_000);
    rig.answer_join(r#"{"success":true,"epoch":"new","offset":3,"recovered":false}"#);
    let base = |rig: &mut Rig, read, epoch: &str, offset| {
        let positions = vec![Position { room: "r".into(), epoch: epoch.into(), offset: Offset(offset) }];
        let (query, read, applied, carries) = (QueryId(1), read, None, vec![]);
        rig.input(Input::BaseInstalled { query, read, positions, applied, carries, restored: false });
    };
    base(&mut rig, None, "new", 3);
    base(&mut rig, Some(ReadId(1)), "ep", 9);
    assert_eq!(rig.refused(), [1]);
    base(&mut rig, None, "newest", 1);
    assert_eq!(rig.refused(), [1], "a history that nobody has heard of is newer");
}

#[test]
fn y6_a_base_of_the_hosts_own_is_taken_where_nothing_was_heard() {
    let mut rig = Rig::new();
    rig.bind("r", &[1]);
    for _ in 0..2 {
        rig.base(1, None);
        assert_eq!(rig.refused(), []);
    }
}
