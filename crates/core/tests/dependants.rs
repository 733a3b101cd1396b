//! Parents, dependants and names that only the server could give (Q7, Q13).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

const TEMP: &str = "tmp_5fV9xQ2kLm";

fn parent(rig: &mut Rig) -> WriteId {
    let declare = |s: &mut Submission| {
        s.path = "/activities".into();
        s.temp_ids = vec![TEMP.into()];
    };
    rig.submit_with(declare).unwrap()
}

/// Mentions the temporary id in its path, body and variables.
fn child(rig: &mut Rig) -> WriteId {
    let mention = |s: &mut Submission| {
        s.path = format!("/activities/{TEMP}/messages");
        s.body = Some(format!(r#"{{"activity":"{TEMP}"}}"#).into());
        s.variables = format!(r#""{TEMP}""#).into();
    };
    rig.submit_with(mention).unwrap()
}

fn dependant(rig: &mut Rig, path: &str, on: &WriteId) -> WriteId {
    let depend = |s: &mut Submission| {
        s.path = path.into();
        s.depends_on = vec![on.clone()];
    };
    rig.submit_with(depend).unwrap()
}

fn parked(rig: &Rig, write: &WriteId) -> Option<ParkReason> {
    match rig.states(write).last() {
        Some(WriteState::Parked { reason, .. }) => Some(*reason),
        _ => None,
    }
}

#[test]
fn q7_a_dependant_leaves_after_its_parent_succeeded_and_says_the_real_name() {
    let mut rig = Rig::new();
    let first = parent(&mut rig);
    let second = child(&mut rig);
    assert_eq!(rig.requests.len(), 1);
    assert_eq!(rig.requests[0].1.temp_ids, [TEMP]);
    assert_eq!(rig.states(&second).last(), Some(&WriteState::Durable { behind: Some(first) }));
    rig.answer_named(&[(TEMP, "a/\"7")]);
    let request = &rig.requests[0].1;
    assert_eq!(request.path, "/activities/a%2F%227/messages");
    assert_eq!(request.body, Some(r#"{"activity":"a/\"7"}"#.into()));
    let renamed = Output::Renamed { temp: TEMP.into(), real: "a/\"7".into() };
    assert_eq!(rig.log.iter().filter(|o| **o == renamed).count(), 1);
}

#[test]
fn q7_without_a_name_dependants_that_mention_it_are_parked_and_others_go() {
    let mut rig = Rig::new();
    let first = parent(&mut rig);
    let second = child(&mut rig);
    let third = dependant(&mut rig, "/other", &first);
    // Nor is a name taken that the write has not declared.
    rig.answer_named(&[("tmp_somebody-else", "7")]);
    assert_eq!(parked(&rig, &second), Some(ParkReason::Unnamed));
    assert_eq!(rig.requests[0].1.write, third);
}

#[test]
fn q7_q13_dependants_of_a_parked_parent_are_parked_and_revive_with_it() {
    let mut rig = Rig::new();
    let first = parent(&mut rig);
    let second = child(&mut rig);
    let third = dependant(&mut rig, "/third", &second);
    rig.answer(422, "rejected");
    assert_eq!(parked(&rig, &first), Some(ParkReason::Permanent));
    assert_eq!(parked(&rig, &second), Some(ParkReason::ParentFailed));
    assert_eq!(parked(&rig, &third), Some(ParkReason::ParentFailed));
    rig.restart();
    assert_eq!(parked(&rig, &third), Some(ParkReason::ParentFailed));
    rig.command(Command::Retry { write: first.clone() }).unwrap();
    rig.answer_named(&[(TEMP, "7")]);
    let request = rig.answer(200, "applied");
    assert_eq!((request.write, request.path.as_str()), (second, "/activities/7/messages"));
    assert_eq!(rig.answer(200, "applied").write, third);
}

#[test]
fn q7_q13_a_dependant_of_a_parent_that_was_given_up_stays_parked_until_it_is_asked_for() {
    let mut rig = Rig::new();
    let first = rig.submit("/parent");
    let second = dependant(&mut rig, "/child", &first);
    rig.answer(422, "rejected");
    rig.command(Command::Discard { write: first.clone() }).unwrap();
    rig.restart();
    assert_eq!(parked(&rig, &second), Some(ParkReason::ParentFailed));
    assert!(rig.requests.is_empty());
    rig.command(Command::Retry { write: second.clone() }).unwrap();
    assert_eq!(rig.requests[0].1.write, second);
    // Who was given up is nobody's parent any more.
    let mut rig = Rig::new();
    let first = rig.submit("/parent");
    rig.answer(422, "rejected");
    rig.command(Command::Discard { write: first.clone() }).unwrap();
    assert_eq!(rig.submit_with(|s| s.depends_on = vec![first]), Err(Refusal::UnknownWrite));
}

/// Found by seed 190071698: both are sent again, and while the child is being parked for its parent's sake the parent succeeds.
#[test]
fn q7_a_child_that_is_being_parked_while_its_parent_succeeds_is_revived() {
    let mut rig = Rig::new();
    let first = parent(&mut rig);
    let second = child(&mut rig);
    rig.answer(422, "rejected");
    assert_eq!(parked(&rig, &second), Some(ParkReason::ParentFailed));
    rig.hold_disk = true;
    rig.command(Command::Retry { write: second.clone() }).unwrap();
    rig.release_disk(); // It waits again, its parent is parked as before: so is it, as soon as the disk takes it.
    let parking = rig.held.pop_front().unwrap();
    rig.command(Command::Retry { write: first }).unwrap();
    while rig.requests.is_empty() {
        rig.release_disk();
    }
    rig.answer_named(&[(TEMP, "7")]);
    rig.hold_disk = false;
    rig.release_disk();
    rig.held.push_back(parking);
    rig.release_disk();
    assert_eq!(rig.requests[0].1.path, "/activities/7/messages");
}

#[test]
fn q7_a_cancelled_or_refused_parent_takes_nobody_to_the_server() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let first = rig.submit("/parent");
    let second = dependant(&mut rig, "/child", &first);
    rig.command(Command::Cancel { write: first }).unwrap();
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(parked(&rig, &second), Some(ParkReason::ParentFailed));
    let mut rig = Rig::new();
    rig.hold_disk = true;
    let first = rig.submit("/parent");
    let second = dependant(&mut rig, "/child", &first);
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.hold_disk = false;
    rig.input(Input::PersistFailed { persist, error: StoreError::Full });
    rig.release_disk();
    assert_eq!(parked(&rig, &second), Some(ParkReason::ParentFailed));
    assert!(rig.requests.is_empty());
}

#[test]
fn q7_names_hold_for_writes_that_are_made_after_the_record_is_gone_also_after_a_kill() {
    let mut rig = Rig::new();
    parent(&mut rig);
    rig.answer_named(&[(TEMP, "7")]);
    rig.fetch_begins(1);
    rig.base(1, None);
    rig.pass(limits::LAYER_TIMEOUT.0);
    rig.restart();
    assert!(rig.disk.keys().all(|key| !key.starts_with("w/")), "{:?}", rig.disk.keys());
    assert!(rig.log.contains(&Output::Renamed { temp: TEMP.into(), real: "7".into() }));
    child(&mut rig);
    assert_eq!(rig.requests[0].1.path, "/activities/7/messages");
}

#[test]
fn q7_the_lane_follows_the_name_so_that_order_holds_between_both_spellings() {
    let mut rig = Rig::new();
    parent(&mut rig);
    let second = child(&mut rig);
    rig.answer_named(&[(TEMP, "7")]);
    rig.submit("/activities/7/messages");
    assert_eq!(rig.requests.len(), 1);
    assert_eq!(rig.answer(200, "applied").write, second);
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q7_a_parents_record_stays_until_its_dependants_have_left() {
    let mut rig = Rig::new();
    let first = rig.submit_with(|s| s.optimistic = false).unwrap();
    let second = dependant(&mut rig, "/child", &first);
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.answer(200, "applied");
    assert!(!rig.states(&first).contains(&WriteState::Settled {}));
    rig.restart();
    assert_eq!(rig.requests[0].1.write, second);
    assert!(rig.states(&first).contains(&WriteState::Settled {}));
}

#[test]
fn q7_limits_of_temporary_ids_and_parents() {
    let mut rig = Rig::new();
    let mut declare = |ids: Vec<String>| rig.submit_with(|s| s.temp_ids = ids).is_ok();
    let id = |length: usize| "x".repeat(length);
    assert!(declare(vec![id(limits::TEMP_ID_LEAST)]));
    assert!(!declare(vec![id(limits::TEMP_ID_LEAST - 1)]));
    assert!(declare(vec![id(limits::TEMP_ID_BYTES)]));
    assert!(!declare(vec![id(limits::TEMP_ID_BYTES + 1)]));
    assert!(!declare(vec!["with space".into()]));
    let many = |count: usize| (0..count).map(|i| format!("temporary-{i}")).collect::<Vec<_>>();
    assert!(declare(many(limits::TEMP_IDS)));
    assert!(!declare(many(limits::TEMP_IDS + 1)));
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let parents: Vec<WriteId> = (0..=limits::PARENTS).map(|i| rig.submit(&format!("/p{i}"))).collect();
    let (most, all) = (parents[1..].to_vec(), parents);
    assert!(rig.submit_with(|s| s.depends_on = most).is_ok());
    assert_eq!(rig.submit_with(|s| s.depends_on = all), Err(Refusal::Malformed));
    // A name that is too long is none.
    let mut rig = Rig::new();
    parent(&mut rig);
    let second = child(&mut rig);
    let long = "7".repeat(limits::REAL_ID_BYTES + 1);
    let named = |real: &str| vec![Named { temp: TEMP.into(), real: real.into() }];
    rig.respond(Response { names: named(&long), ..response(200, Some("applied")) });
    assert_eq!(parked(&rig, &second), Some(ParkReason::Unnamed));
}

#[test]
fn q7_who_depends_on_a_write_that_succeeded_and_is_gone_is_taken_and_sent() {
    let mut rig = Rig::new();
    let parent = rig.submit_with(|s| s.optimistic = false).unwrap();
    rig.answer(200, "applied");
    assert_eq!(rig.disk.keys().filter(|key| key.starts_with("w/")).count(), 0);
    let child = rig.submit_with(|s| s.depends_on = vec![parent]).unwrap();
    assert_eq!(rig.requests[0].1.write, child);
}
