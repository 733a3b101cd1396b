//! Rooms and bases where the plain cases of `sync.rs` end: what is asked again and what is not, limits, what is forgotten.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::rooms::{room_states, synced};
use rig::{Rig, header};
use tidewire_core::*;

fn joins(rig: &Rig) -> usize {
    rig.sent().iter().filter(|t| t.contains("room:join")).count()
}

#[test]
fn y6_an_answer_whose_events_are_on_their_way_is_not_asked_for_again() {
    let mut rig = Rig::new();
    rig.bind("r", &[1, 2]);
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.joined(9, false);
    rig.base(1, Some(("r", 5)));
    rig.joined(9, true);
    assert_eq!(joins(&rig), 2, "6 to 9 are coming");
    rig.room_event("r", 6, "");
    rig.base(2, Some(("r", 6)));
    assert_eq!(joins(&rig), 2, "7 to 9 are coming for this one too");
    rig.room_event("r", 7, "");
    rig.base(2, Some(("r", 6)));
    assert_eq!(joins(&rig), 2, "7 has passed, and was kept");
    for offset in 8..=9 {
        rig.room_event("r", offset, "");
    }
    assert_eq!((rig.applied(1), rig.applied(2)), (vec![6, 7, 8, 9], vec![7, 7, 8, 9]));
    assert_eq!(joins(&rig), 2);
}

#[test]
fn y2_a_fetched_base_without_a_position_from_before_the_join_is_fetched_again() {
    let mut rig = Rig::new();
    rig.bind("r", &[1]);
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.fetch_begins(1);
    rig.base(1, None);
    rig.joined(7, false);
    assert_eq!(rig.refetched(), [(1, RefetchReason::Raced)], "what happened in between is in neither");
    rig.fetch_begins(1);
    rig.base(1, None);
    rig.room_event("r", 8, "");
    assert_eq!(rig.applied(1), [8]);
    assert_eq!(rig.refetched().len(), 1);
}

#[test]
fn v3_a_room_that_cannot_be_read_now_is_asked_for_again() {
    let mut rig = Rig::new();
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.answer_join(r#"{"error":"Unavailable"}"#);
    assert_eq!(room_states(&rig).last(), Some(&RoomState::Joining {}));
    rig.pass(limits::JOIN_TIMEOUT.0);
    rig.joined(3, false);
    assert!(matches!(room_states(&rig).last(), Some(RoomState::Joined { recovered: false, .. })));
}

// Both sides of core::ROOMS.
#[test]
fn c7_a_room_above_the_limit_leaves_nothing_behind_and_the_last_one_can_be_wanted_twice() {
    let mut rig = Rig::new();
    for n in 0..limits::ROOMS {
        rig.command(Command::Join { room: format!("r{n}").as_str().into() }).unwrap();
    }
    assert_eq!(rig.command(Command::Join { room: "more".into() }), Err(Refusal::TooManyRooms));
    rig.command(Command::Join { room: "r0".into() }).unwrap();
    rig.connect();
    assert_eq!(joins(&rig), limits::ROOMS);
    // Nothing of it is left: it is not known to have been wanted.
    rig.command(Command::Leave { room: "r1".into() }).unwrap();
    rig.command(Command::Join { room: "more".into() }).unwrap();
    assert_eq!(rig.command(Command::Join { room: "r1".into() }), Err(Refusal::TooManyRooms));
}

#[test]
fn c7_a_room_that_is_left_and_wanted_again_says_so_again() {
    let mut rig = Rig::new();
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.command(Command::Leave { room: "r".into() }).unwrap();
    rig.bind("r", &[1]);
    rig.command(Command::Join { room: "r".into() }).unwrap();
    let (first, second) = (rig.sent().len(), room_states(&rig));
    assert_eq!((first, second), (4, vec![RoomState::Joining {}, RoomState::Joining {}]));
}

#[test]
fn c7_c11_an_answer_counts_though_its_end_is_not_told_and_not_where_it_has_none() {
    // `beyond`: so much of the answer stays with the host.
    for (beyond, recovered) in [(1, true), (0, false)] {
        let mut rig = Rig::new();
        rig.connect();
        rig.command(Command::Join { room: "r".into() }).unwrap();
        let ack = rig.last_join().0;
        let head = format!(r#"43{ack}[{{"success":true,"epoch":"ep","offset":7,"recovered":true,"more":"x"#);
        let (link, length) = (rig.link.unwrap(), head.len() as u32 + beyond);
        let body = FrameBody::Json { body: BodyId(5), last: None };
        rig.input(Input::Received { link, head: head.into(), length, body });
        let head = recovered.then(|| Position { room: "r".into(), epoch: "ep".into(), offset: Offset(7) });
        assert_eq!(room_states(&rig).pop(), Some(RoomState::Joined { recovered, head }), "{beyond}");
    }
}

#[test]
fn c8_answers_that_nobody_needs_are_not_waited_for() {
    let mut rig = Rig::new();
    rig.connect();
    for _ in 0..1_000 {
        rig.command(Command::Join { room: "r".into() }).unwrap();
        rig.command(Command::Leave { room: "r".into() }).unwrap();
    }
    let waiting = format!("{:?}", rig.engine).matches("AckFor").count();
    let open = format!("{:?}", rig.engine).matches("Join(RoomId").count();
    assert!(waiting + open <= 1, "{waiting} {open}");
    rig.frame("432[{\"success\":true}]");
    assert!(!rig.log.contains(&Output::Log { note: Note::StrayAck }), "it was asked for once");
}

#[test]
fn c8_a_query_that_is_gone_is_forgotten_whatever_is_still_said_of_it() {
    let mut rig = Rig::new();
    let before = format!("{:?}", rig.engine).len();
    for query in 1..100 {
        rig.bind("r", &[query]);
        rig.fetch_begins(query);
        rig.input(Input::QueryGone { query: QueryId(query) });
        rig.input(Input::FetchFailed { query: QueryId(query), read: ReadId(query) });
    }
    assert!(format!("{:?}", rig.engine).len() < before + 100);
}

#[test]
fn q17_a_layer_that_touches_a_query_after_its_time_has_it_fetched() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.answer(200, "applied");
    rig.pass(10_000);
    assert_eq!(rig.refetched(), [(1, RefetchReason::WriteUnseen)]);
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(1), QueryId(2)] });
    assert_eq!(rig.refetched()[1..], [(2, RefetchReason::WriteUnseen)]);
    rig.input(Input::Touched { write, queries: vec![QueryId(2)] });
    assert_eq!(rig.refetched().len(), 2, "once");
}

#[test]
fn q16_a_write_that_is_tried_again_is_known_in_a_base_before_its_answer() {
    let mut rig = synced();
    let write = rig.submit("/like");
    let client: ClientId = header(&rig.requests[0].1, "tidewire-client").as_str().into();
    for _ in 0..3 {
        rig.until_request();
        rig.answer(500, "");
    }
    rig.take();
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    let ranges = vec![SequenceRange { from: Sequence(1), to: Sequence(1) }];
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(1)] });
    rig.base_with(1, Some(("r", 10)), Some(Applied { client, ranges }), vec![]);
    assert_eq!(rig.retired(&write), [Some(1), None]);
}

// Both sides of core::ROOM_RING.
#[test]
fn y6_a_base_at_the_edge_of_what_is_kept_is_caught_up_here_and_one_before_it_by_the_server() {
    let events = limits::ROOM_RING as u64 + 44;
    for (covered, asked) in [(54, 0), (53, 1)] {
        let mut rig = synced();
        for offset in 11..11 + events {
            rig.room_event("r", offset, "");
        }
        rig.take();
        rig.base(1, Some(("r", covered)));
        assert_eq!(joins(&rig), asked, "a base at {covered}; 55 is the oldest that is kept");
        assert_eq!(rig.applied(1).len(), if asked == 0 { limits::ROOM_RING } else { 0 });
    }
}

#[test]
fn y6_what_was_asked_for_is_not_asked_for_again_by_the_next_event() {
    let mut rig = synced();
    rig.bind("r", &[1, 2]);
    rig.room_event("r", 11, "");
    rig.take();
    rig.base(2, Some(("r", 5)));
    assert_eq!(joins(&rig), 1);
    rig.room_event("r", 12, "");
    assert_eq!((rig.heard(), rig.applied(2)), (vec![12], vec![]));
    assert_eq!(joins(&rig), 1);
}

#[test]
fn y2_a_base_that_covers_the_head_is_not_fetched_again_after_a_reset() {
    for (covered, refetched) in [(20, vec![]), (19, vec![(1, RefetchReason::Reset)])] {
        let mut rig = synced();
        rig.break_link();
        rig.base(1, Some(("r", covered)));
        rig.pass(1_000);
        rig.joined(20, false);
        assert_eq!(rig.refetched(), refetched, "covers {covered} of 20");
    }
}

#[test]
fn q17_a_query_that_comes_back_holds_the_layer_again() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.touched = vec![QueryId(1), QueryId(2)]).unwrap();
    rig.answer(200, "applied");
    rig.fetch_begins(2);
    rig.base(2, None);
    rig.input(Input::QueryGone { query: QueryId(2) });
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(2)] });
    rig.fetch_begins(1);
    rig.base(1, None);
    assert_eq!(rig.retired(&write), [Some(2), Some(1)], "2 does not carry it any more");
}

#[test]
fn y3_what_a_foreign_server_sent_while_the_app_was_disconnected_was_missed_too() {
    let mut rig = Rig::new();
    rig.dialect = false;
    rig.bind("r", &[1]);
    rig.base(1, None);
    rig.connect();
    assert_eq!(rig.refetched(), []);
    rig.command(Command::Disconnect {}).unwrap();
    rig.connect();
    assert_eq!(rig.refetched(), [(1, RefetchReason::Foreign)]);
}

#[test]
fn c7_a_room_that_only_queries_care_for_is_not_counted_not_told_of_and_not_waited_for() {
    let mut rig = Rig::new();
    for n in 0..limits::ROOMS as u32 {
        rig.bind(&format!("bound{n}"), &[n]);
    }
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.connect();
    rig.joined(3, false);
    rig.take();
    rig.break_link();
    assert_eq!(room_states(&rig), [RoomState::Waiting {}], "of the one that is wanted");
}

#[test]
fn c7_a_wanted_room_is_heard_whatever_becomes_of_its_queries() {
    let mut rig = synced();
    rig.bind("r", &[]);
    rig.room_event("r", 11, "");
    rig.bind("r", &[1]);
    rig.input(Input::QueryGone { query: QueryId(1) });
    rig.room_event("r", 12, "");
    assert_eq!(rig.heard(), [11, 12]);
}

#[test]
fn y2_a_base_of_another_history_does_not_move_the_place_that_is_asked_for() {
    let mut rig = synced();
    let positions = vec![Position { room: "r".into(), epoch: "other".into(), offset: Offset(3) }];
    let (query, read, applied, carries) = (QueryId(1), None, None, vec![]);
    rig.input(Input::BaseInstalled { query, read, positions, applied, carries, restored: false });
    let asked = rig.last_join().1;
    assert!(asked.contains("10") && !asked.contains('3'), "{asked}");
}

#[test]
fn y1_an_event_without_a_position_changes_no_base_of_our_own_server() {
    let mut rig = synced();
    rig.frame(r#"42["typing",{}]"#);
    assert_eq!(rig.events()[0].apply, []);
}

#[test]
fn y6_a_base_that_is_bound_late_is_caught_up_when_it_is_bound() {
    let mut rig = synced();
    rig.room_event("r", 11, "");
    rig.room_event("r", 12, "");
    rig.base(2, Some(("r", 11)));
    rig.take();
    rig.bind("r", &[1, 2]);
    assert_eq!((rig.applied(1), rig.applied(2)), (vec![], vec![12]));
}

#[test]
fn y6_a_base_that_comes_while_its_room_is_asked_for_does_not_ask_again() {
    let mut rig = synced();
    rig.bind("r", &[1, 2]);
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(joins(&rig), 1);
    rig.restore(2, Some(("r", 5)), vec![]);
    assert_eq!(joins(&rig), 1, "the answer shows what is missing");
    rig.joined(10, true);
    assert_eq!(joins(&rig), 2);
}

#[test]
fn y2_a_fetch_that_failed_is_not_waited_for_and_only_fetched_bases_are_fetched_again() {
    let mut rig = Rig::new();
    rig.bind("r", &[1, 2, 3]);
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.start_read(1, 1);
    rig.read_done(1, 1, None);
    for (query, read) in [(1, 2), (2, 3)] {
        rig.start_read(query, read);
        rig.input(Input::FetchFailed { query: QueryId(query), read: ReadId(read) });
    }
    rig.restore(3, None, vec![]);
    rig.joined(7, false);
    assert_eq!(rig.refetched(), [(1, RefetchReason::Raced)], "2 has no base, that of 3 is as old as it is");
}

#[test]
fn q17_a_layer_that_touches_a_query_in_time_has_nothing_fetched() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(2)] });
    rig.answer(200, "applied");
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(3)] });
    assert_eq!(rig.refetched(), []);
    rig.pass(10_000);
    rig.take();
    rig.input(Input::Touched { write, queries: vec![QueryId(3)] });
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Refetch { .. })), "nor a list of none");
}

#[test]
fn q16_a_stored_base_carries_what_was_sent_and_nothing_else() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    rig.restore(1, None, vec![write.clone()]);
    assert_eq!(rig.retired(&write), []);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.restore(1, None, vec![write.clone()]);
    assert_eq!(rig.retired(&write), [Some(1), None]);
}

#[test]
fn y6_an_event_that_is_replayed_twice_is_kept_once_and_leaves_no_hole() {
    let mut rig = synced();
    for (query, covered, replayed) in [(2, 5, 6..=10), (3, 3, 4..=10)] {
        rig.bind("r", &[1, 2, 3]);
        rig.restore(query, Some(("r", covered)), vec![]);
        rig.joined(10, true);
        for offset in replayed {
            rig.room_event("r", offset, "");
        }
    }
    rig.take();
    rig.bind("r", &[1, 2, 3, 4]);
    rig.restore(4, Some(("r", 3)), vec![]);
    assert_eq!((rig.applied(4), joins(&rig)), (vec![4, 5, 6, 7, 8, 9, 10], 0));
}
