//! Corners of the queue that mutation testing found untested (`docs/mutants.md`): what two things at once, one too many, or one too early do.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, header, response};
use tidewire_core::*;

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).pop().expect("a state")
}

fn count(rig: &Rig, what: impl Fn(&Output) -> bool) -> usize {
    rig.log.iter().filter(|output| what(output)).count()
}

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

fn follower(of: &Rig) -> Rig {
    let mut rig = Rig::idle(rig::config(), of.disk.clone(), 9);
    rig.settle();
    rig
}

fn outcome(rig: &mut Rig, word: &str) -> Request {
    let body = Some(format!(r#"{{"outcome":"{word}"}}"#).into());
    rig.respond(Response { body, ..response(200, None) })
}

fn edit(rig: &mut Rig, write: &WriteId) -> Result<Accepted, Refusal> {
    let submission = Submission { method: "PUT".into(), path: "/new".into(), ..Submission::default() };
    rig.command(Command::Edit { write: write.clone(), submission })
}

fn out_of_tries(rig: &mut Rig, path: &str) -> WriteId {
    let write = rig.submit(path);
    for _ in 0..limits::TRIES {
        rig.until_request();
        rig.respond(response(500, None));
    }
    write
}

#[test]
fn q19_a_leader_reads_the_store_only_for_writes_that_it_does_not_know() {
    let mut rig = stopped();
    rig.submit("/x");
    let key = rig.disk.keys().find(|key| key.starts_with("w/")).unwrap().clone();
    rig.take();
    rig.input(Input::StoreChanged { key, value: Some(Blob(Vec::new())) });
    assert_eq!(count(&rig, |o| matches!(o, Output::Load { .. })), 0);
    let key = "w/00000000000000ff-00000000000000ff".to_owned();
    rig.input(Input::StoreChanged { key, value: Some(Blob(Vec::new())) });
    assert_eq!(count(&rig, |o| matches!(o, Output::Load { .. })), 1);
}

#[test]
fn q19_only_a_tab_that_finds_something_to_send_tells_the_others_to_look() {
    let looks = |rig: &Rig| count(rig, |o| matches!(o, Output::Broadcast { key, .. } if key == "i/read"));
    let mut before = stopped();
    assert_eq!(looks(&follower(&before)), 0, "nothing is there");
    before.submit("/x");
    assert_eq!(looks(&follower(&before)), 1);
    let mut before = Rig::new();
    before.submit("/x");
    before.answer(404, "rejected");
    assert_eq!(looks(&follower(&before)), 0, "parked");
}

#[test]
fn q9_q19_a_follower_that_hears_of_another_client_id_takes_it_and_reads_nothing_else() {
    let mut leader = Rig::new();
    let mut tab = follower(&leader);
    leader.submit("/x");
    leader.answer(409, "client-reset");
    tab.disk = leader.disk.clone();
    tab.take();
    let changed = |key: &str| Input::StoreChanged { key: key.into(), value: Some(Blob(Vec::new())) };
    tab.input(changed("q/base"));
    assert_eq!(count(&tab, |o| matches!(o, Output::Read { .. })), 0);
    tab.input(changed("m/client"));
    assert_eq!(count(&tab, |o| matches!(o, Output::Client { .. })), 1);
    assert_eq!(count(&tab, |o| matches!(o, Output::Quarantined { .. })), 0);
}

#[test]
fn q9_q13_a_void_place_is_not_used_again_after_a_kill() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.optimistic = false).unwrap();
    rig.answer(200, "applied");
    let write = rig.submit("/x");
    rig.command(Command::Cancel { write: write.clone() }).unwrap();
    rig.requests.retain(|(_, request)| request.kind == RequestKind::Outcome);
    outcome(&mut rig, "voided");
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
    rig.restart();
    rig.submit("/y");
    assert_eq!(header(&rig.answer(200, "applied"), "tidewire-sequence"), "3");
}

/// Red if the record goes in the same moment as the place is stored: a disk may take the one and not the other.
#[test]
fn q9_q13_what_is_void_goes_when_it_is_on_disk_that_its_place_is_used_up() {
    let acts: [fn(&mut Rig, WriteId); 2] = [
        |rig, write| drop(rig.command(Command::Discard { write }).unwrap()),
        |rig, write| drop(edit(rig, &write).unwrap()),
    ];
    for act in acts {
        let mut rig = Rig::new();
        let write = out_of_tries(&mut rig, "/x");
        act(&mut rig, write);
        rig.hold_disk = true;
        outcome(&mut rig, "voided");
        let keys = |rig: &Rig| -> Vec<String> { rig.held.iter().map(|(_, key, _)| key.clone()).collect() };
        assert_eq!(keys(&rig), ["m/client"]);
        rig.release_disk();
        assert_eq!(rig.held.len(), 1);
        assert!(keys(&rig)[0].starts_with("w/"));
        assert!(rig.requests.is_empty(), "the server has said it already");
    }
}

#[test]
fn q6_q13_questions_count_among_what_is_in_flight() {
    let mut rig = Rig::new();
    let writes: Vec<WriteId> =
        (0..=limits::IN_FLIGHT).map(|i| out_of_tries(&mut rig, &format!("/{i}"))).collect();
    for write in writes {
        rig.command(Command::Discard { write }).unwrap();
    }
    assert_eq!(rig.requests.len(), limits::IN_FLIGHT);
    outcome(&mut rig, "voided");
    assert_eq!(rig.requests.len(), limits::IN_FLIGHT, "the last one has its turn");
}

#[test]
fn q13_an_expired_write_that_was_applied_is_not_asked_about_again() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    while rig.requests.front().is_none_or(|(_, request)| request.kind == RequestKind::Write) {
        match rig.requests.is_empty() {
            true => drop(rig.next_deadline()),
            false => drop(rig.fail_request()),
        }
    }
    outcome(&mut rig, "applied");
    rig.until_request();
    rig.submit("/other");
    assert!(rig.requests.iter().all(|(_, request)| request.kind == RequestKind::Write));
}

#[test]
fn q19_what_the_app_was_asked_under_an_earlier_lead_is_asked_again() {
    let before = stopped_with(|_| {});
    let mut rig = follower(&before);
    let known = vec![KnownMutation { name: "activity.like".into(), version: 2 }];
    rig.input(Input::Definitions { known });
    rig.lead();
    rig.input(Input::LeaderLost {});
    rig.lead();
    assert_eq!(count(&rig, |o| matches!(o, Output::Upcast { .. })), 2);
}

fn stopped_with(change: impl FnOnce(&mut Submission)) -> Rig {
    let mut rig = stopped();
    rig.submit_with(change).unwrap();
    rig
}

fn wishes(rig: &Rig) -> usize {
    count(rig, |o| matches!(o, Output::Broadcast { key, .. } if key.starts_with("i/retry/")))
}

// Both sides of core::WISHES.
/// `limits::WISHES`, on both sides.
#[test]
fn q19_a_hundred_wishes_are_repeated_each_once_and_one_more_is_said_once() {
    let mut leader = Rig::new();
    let parked: Vec<WriteId> = (0..=limits::WISHES)
        .map(|i| {
            let write = leader.submit(&format!("/{i}"));
            leader.answer(404, "rejected");
            write
        })
        .collect();
    for wanted in [limits::WISHES, limits::WISHES + 1] {
        let mut tab = follower(&leader);
        for write in &parked[..wanted] {
            tab.command(Command::Retry { write: write.clone() }).unwrap();
            tab.command(Command::Retry { write: write.clone() }).unwrap();
        }
        tab.take();
        tab.pass(limits::CHALLENGE_TIMEOUT.0 + limits::CHALLENGE_AGAIN.0);
        assert_eq!(wishes(&tab), limits::WISHES, "{wanted} were wanted");
    }
}

#[test]
fn q19_an_answer_that_nobody_asked_for_does_not_put_off_the_next_challenge() {
    let mut tab = follower(&stopped_with(|_| {}));
    let alive = Input::StoreChanged { key: "i/alive".into(), value: None };
    tab.input(alive.clone());
    tab.pass(limits::CHALLENGE_AGAIN.0 / 2);
    tab.take();
    tab.input(alive);
    tab.pass(limits::CHALLENGE_AGAIN.0 / 2);
    assert_eq!(count(&tab, |o| matches!(o, Output::Broadcast { key, .. } if key == "i/challenge")), 1);
}

#[test]
fn q8_a_pair_that_reaches_the_disk_in_the_other_order_cancels_out_too() {
    let mut rig = stopped();
    rig.hold_disk = true;
    let pair = |name: &'static str, other: &'static str| {
        move |s: &mut Submission| {
            s.name = name.into();
            s.coalesce = Coalesce::CancelPair { name: other.into() };
        }
    };
    let like = rig.submit_with(pair("like", "unlike")).unwrap();
    let unlike = rig.submit_with(pair("unlike", "like")).unwrap();
    rig.held.swap(0, 1);
    while !rig.held.is_empty() {
        rig.release_disk();
    }
    for write in [like, unlike] {
        assert_eq!(last(&rig, &write), WriteState::Cancelled {});
    }
}

#[test]
fn q13_a_write_that_is_retried_has_all_its_tries_again() {
    let mut rig = Rig::new();
    let write = out_of_tries(&mut rig, "/x");
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    rig.until_request();
    rig.respond(response(500, None));
    assert!(matches!(last(&rig, &write), WriteState::Retrying { .. }));
}

#[test]
fn q1_q13_what_was_taken_back_on_its_way_to_the_disk_and_stays_is_not_promised() {
    let mut rig = Rig::new();
    rig.hold_disk = true;
    let write = rig.submit("/x");
    rig.command(Command::Cancel { write: write.clone() }).unwrap();
    let (stored, ..) = rig.held.pop_front().expect("its record");
    let (removed, ..) = rig.held.pop_front().expect("the removal");
    rig.input(Input::PersistFailed { persist: removed, error: StoreError::Fenced });
    assert_eq!(rig.states(&write), []);
    rig.input(Input::PersistFailed { persist: stored, error: StoreError::Failed });
    assert_eq!(rig.states(&write), [WriteState::Refused { error: StoreError::Failed }]);
}

#[test]
fn q13_nothing_else_is_done_to_a_write_while_a_step_of_it_is_under_way() {
    let mut rig = Rig::new();
    let parked = rig.submit("/x");
    rig.answer(404, "rejected");
    rig.hold_disk = true;
    rig.command(Command::Discard { write: parked.clone() }).unwrap();
    assert_eq!(rig.command(Command::Discard { write: parked.clone() }), Err(Refusal::NotParked));
    assert_eq!(edit(&mut rig, &parked), Err(Refusal::AlreadySent));
    rig.release_disk();
    // On its way to the disk for the first time, and then while it is being claimed.
    let new = rig.submit("/y");
    assert_eq!(edit(&mut rig, &new), Err(Refusal::AlreadySent));
    rig.release_disk();
    assert_eq!(rig.held.len(), 1, "its claim");
    assert_eq!(rig.command(Command::Cancel { write: new.clone() }), Err(Refusal::AlreadySent));
    rig.release_disk();
    assert_eq!(rig.answer(200, "applied").write, new);
}

#[test]
fn q10_a_conflict_is_decided_only_when_it_is_stored() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.on_conflict = true).unwrap();
    rig.hold_disk = true;
    rig.answer(409, "rejected");
    let decide = Command::Resolve { write: write.clone(), resolution: Resolution::Park {} };
    assert_eq!(rig.command(decide.clone()), Err(Refusal::NoConflict));
    rig.release_disk();
    assert_eq!(rig.command(decide), Ok(Accepted::Done {}));
}

#[test]
fn q7_a_parent_that_nobody_has_heard_of_ended_long_ago() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.depends_on = vec!["nobody".into()]).unwrap();
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn c3_q11_the_network_that_comes_back_ends_a_pause() {
    let mut rig = Rig::new();
    rig.submit("/x");
    rig.fail_request();
    rig.input(Input::Network { signal: NetworkSignal::Offline });
    assert!(rig.requests.is_empty());
    rig.input(Input::Network { signal: NetworkSignal::Online });
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q7_q19_a_follower_that_hears_of_names_takes_them() {
    let mut leader = Rig::new();
    let mut tab = follower(&leader);
    leader.submit_with(|s| (s.temp_ids, s.optimistic) = (vec!["tmp_00000001".into()], false)).unwrap();
    leader.answer_named(&[("tmp_00000001", "7")]);
    tab.disk = leader.disk.clone();
    tab.take();
    tab.input(Input::StoreChanged { key: "m/names".into(), value: Some(Blob(Vec::new())) });
    assert_eq!(count(&tab, |o| matches!(o, Output::Renamed { .. })), 1);
}

#[test]
fn q7_q13_who_depends_on_one_of_two_edits_waits_for_that_one() {
    let mut rig = stopped();
    let first = rig.submit("/a");
    let second = rig.submit("/b");
    rig.hold_disk = true;
    edit(&mut rig, &first).unwrap();
    let Ok(Accepted::Queued { write: edited }) = edit(&mut rig, &second) else { panic!("not accepted") };
    let child = rig.submit_with(|s| (s.path, s.depends_on) = ("/c".into(), vec![edited])).unwrap();
    rig.held.swap(0, 2);
    rig.release_disk();
    assert_eq!(last(&rig, &child), WriteState::Durable { behind: Some(second) });
}

#[test]
fn q11_a_long_pause_is_kept_over_a_restart_and_no_longer_than_it_was() {
    let mut rig = Rig::new();
    rig.submit("/x");
    rig.respond(Response { retry_after: Some("60".into()), ..response(503, None) });
    rig.pass(20_000);
    rig.restart();
    rig.pass(39_000);
    assert_eq!(rig.requests.len(), 0);
    rig.pass(2_000);
    assert_eq!(rig.requests.len(), 1);
}
