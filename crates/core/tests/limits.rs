//! Limits of writes, each at its last good value and one beyond (Q7, Q9, Q10, Q11, Q15). Others stand with what they limit.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).pop().expect("a state")
}

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

// Both sides of core::NAME_BYTES, core::PATH_BYTES, core::TEMP_IDS, core::TEMP_ID_BYTES.
#[test]
fn q15_names_paths_and_lanes_have_longest_ones() {
    let check = |change: &dyn Fn(&mut Submission, usize), longest: usize| {
        assert!(stopped().submit_with(|s| change(s, longest)).is_ok());
        assert_eq!(stopped().submit_with(|s| change(s, longest + 1)), Err(Refusal::Malformed));
    };
    check(&|s, n| s.name = "n".repeat(n), limits::NAME_BYTES);
    check(&|s, n| s.path = format!("/{}", "p".repeat(n - 1)), limits::PATH_BYTES);
    check(&|s, n| s.lane = Some(Lane("l".repeat(n))), limits::PATH_BYTES);
    check(&|s, n| s.dedupe_key = Some("k".repeat(n)), limits::NAME_BYTES);
    check(&|s, n| s.coalesce = Coalesce::CancelPair { name: "n".repeat(n) }, limits::NAME_BYTES);
    check(&|s, n| s.temp_ids = (0..n).map(|i| format!("tmp_{i:08}")).collect(), limits::TEMP_IDS);
    check(&|s, n| s.temp_ids = vec!["t".repeat(n)], limits::TEMP_ID_BYTES);
}

// Both sides of core::TEMP_ID_LEAST, core::PARENTS.
#[test]
fn q7_a_temporary_id_has_a_shortest_length_and_a_write_so_many_parents() {
    let with = |n: usize| stopped().submit_with(|s| s.temp_ids = vec!["t".repeat(n)]);
    assert!(with(limits::TEMP_ID_LEAST).is_ok());
    assert_eq!(with(limits::TEMP_ID_LEAST - 1), Err(Refusal::Malformed));
    let mut rig = stopped();
    let parents: Vec<WriteId> = (0..=limits::PARENTS).map(|i| rig.submit(&format!("/{i}"))).collect();
    assert!(rig.submit_with(|s| s.depends_on = parents[1..].to_vec()).is_ok());
    assert_eq!(rig.submit_with(|s| s.depends_on = parents), Err(Refusal::Malformed));
}

// Both sides of core::REAL_ID_BYTES.
#[test]
fn q7_a_real_name_that_is_too_long_is_not_used() {
    for (length, named) in [(limits::REAL_ID_BYTES, true), (limits::REAL_ID_BYTES + 1, false)] {
        let mut rig = Rig::new();
        rig.submit_with(|s| s.temp_ids = vec!["tmp_00000001".into()]).unwrap();
        let child = rig.submit("/x/tmp_00000001");
        rig.answer_named(&[("tmp_00000001", &"r".repeat(length))]);
        assert_eq!(rig.requests.len(), usize::from(named));
        let unnamed = matches!(last(&rig, &child), WriteState::Parked { reason: ParkReason::Unnamed, .. });
        assert_eq!(unnamed, !named);
    }
}

// Both sides of core::STORED_ANSWER.
#[test]
fn q2_a_longer_answer_is_stored_without_its_body() {
    for (length, stored) in [(limits::STORED_ANSWER, true), (limits::STORED_ANSWER + 1, false)] {
        let mut rig = Rig::new();
        let write = rig.submit("/x");
        rig.respond(Response { body: Some("b".repeat(length).into()), ..response(200, Some("applied")) });
        let WriteState::Acknowledged { body, .. } = last(&rig, &write) else { panic!() };
        assert_eq!(body.is_some(), stored);
    }
}

// Both sides of core::PENDING_BYTES.
/// What a write of this body counts is found out first; then exactly so much is allowed, and one byte less.
#[test]
fn q15_pending_bytes_are_counted_to_the_last_one() {
    let mut rig = stopped();
    rig.submit("/x");
    let one = rig.status().bytes;
    for (short, taken) in [(0, true), (1, false)] {
        let queue = QueueLimits { pending_bytes: 3 * one - short, ..QueueLimits::default() };
        let mut rig = Rig::idle(Config { queue: Some(queue), ..rig::config() }, Default::default(), 1);
        rig.settle();
        rig.submit("/x");
        rig.submit("/x");
        let third = rig.submit_with(|s| s.path = "/x".into());
        assert_eq!(third.is_ok(), taken, "{third:?}");
        assert!(taken || third == Err(Refusal::QueueFull));
    }
}

// Both sides of core::PARKED_BYTES.
/// Parked bytes are full when they are reached: what is parked was taken before.
#[test]
fn q15_parked_bytes_that_are_full_refuse_new_writes() {
    let mut rig = stopped();
    rig.submit("/x");
    let one = rig.status().bytes;
    for (more, taken) in [(1, true), (0, false)] {
        let queue = QueueLimits { parked_bytes: one + more, ..QueueLimits::default() };
        let mut rig = Rig::idle(Config { queue: Some(queue), ..rig::config() }, Default::default(), 1);
        rig.settle();
        rig.lead();
        rig.submit("/x");
        rig.answer(404, "rejected");
        let next = rig.submit_with(|s| s.path = "/x".into());
        assert_eq!(next.is_ok(), taken, "{next:?}");
    }
}

// Both sides of core::CONFLICT_TIMEOUT.
#[test]
fn q10_a_conflict_waits_for_the_app_to_the_last_millisecond() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.on_conflict = true).unwrap();
    rig.answer(409, "rejected");
    rig.pass(limits::CONFLICT_TIMEOUT.0 - 1);
    assert!(matches!(last(&rig, &write), WriteState::Conflict { .. }));
    rig.pass(1);
    assert!(matches!(last(&rig, &write), WriteState::Parked { reason: ParkReason::Conflict, .. }));
}

// Both sides of core::VERIFICATIONS.
#[test]
fn q9_the_app_is_asked_so_often_and_then_the_write_is_set_aside() {
    let config = Config { server: Server::Foreign, ..rig::config() };
    let mut rig = Rig::idle(config, Default::default(), 1);
    rig.settle();
    rig.lead();
    let write = rig.submit_with(|s| s.verify = true).unwrap();
    rig.fail_request();
    for asked in 1..=limits::VERIFICATIONS {
        assert!(!matches!(last(&rig, &write), WriteState::Parked { .. }), "asked {asked} times");
        while !rig.log.iter().any(|o| matches!(o, Output::Verify { .. })) {
            rig.next_deadline().expect("a deadline");
        }
        rig.log.retain(|o| !matches!(o, Output::Verify { .. }));
        rig.input(Input::Verified { write: write.clone(), found: Found::Unknown {} });
    }
    assert!(matches!(last(&rig, &write), WriteState::Parked { reason: ParkReason::Unknown, .. }));
}

// Both sides of core::STALE_REQUEST.
#[test]
fn q11_a_request_is_stale_from_its_second_second_on() {
    for (age, again) in [(limits::STALE_REQUEST.0 - 1, false), (limits::STALE_REQUEST.0, true)] {
        let mut rig = Rig::new();
        rig.submit("/x");
        rig.pass(age);
        rig.connect();
        rig.pass(0);
        assert_eq!(rig.requests.front().map(|(_, request)| request.attempt), Some(1 + u32::from(again)));
    }
}

// Both sides of core::RETRY_AFTER_CAP.
/// The same seed has the same jitter: what differs is what was ordered.
#[test]
fn q11_a_retry_after_counts_up_to_an_hour() {
    let until = |seconds: u64| {
        let mut rig = Rig::new();
        rig.submit("/x");
        rig.respond(Response { retry_after: Some(format!("{seconds}")), ..response(503, None) });
        rig.status().next_attempt.expect("a time").0
    };
    let most = limits::RETRY_AFTER_CAP.0 / 1_000;
    assert!(until(most) >= limits::RETRY_AFTER_CAP.0);
    assert_eq!(until(most), until(most - 1) + 1_000);
    assert_eq!(until(most + 1), until(most));
}

// Both sides of core::WRITE_BYTES.
/// What a write counts beside its variables is found out first.
#[test]
fn q15_a_write_of_so_many_bytes_is_taken_and_not_one_byte_more() {
    let with = |rig: &mut Rig, length: usize| rig.submit_with(|s| s.variables = "v".repeat(length).into());
    let mut rig = stopped();
    with(&mut rig, 0).unwrap();
    let rest = (limits::WRITE_BYTES - rig.status().bytes) as usize;
    assert!(with(&mut stopped(), rest).is_ok());
    assert_eq!(with(&mut stopped(), rest + 1), Err(Refusal::TooLarge));
}

// Both sides of core::STORE_RETRY.
#[test]
fn q3_a_failed_step_is_tried_again_after_its_pause_and_not_before() {
    let mut rig = stopped();
    rig.submit("/x");
    rig.disk_error = Some(StoreError::Failed);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    let steps = |rig: &mut Rig| rig.take().iter().filter(|o| matches!(o, Output::Persist { .. })).count();
    assert_ne!(steps(&mut rig), 0, "the claim");
    rig.pass(limits::STORE_RETRY.0 - 1);
    assert_eq!(steps(&mut rig), 0);
    rig.pass(1);
    assert_ne!(steps(&mut rig), 0);
}

// Both sides of core::CLOCK_GAP.
/// A write that lives exactly as long as a stretch counts at most is over after it, and one that lives longer is not.
#[test]
fn q13_a_stretch_that_nobody_watched_counts_up_to_half_a_day() {
    for (longer, expired) in [(0, true), (1, false)] {
        let mut rig = stopped();
        let ttl = Some(Millis(limits::CLOCK_GAP.0 + longer));
        let write = rig.submit_with(|s| s.ttl = ttl).unwrap();
        rig.now += 30 * limits::CLOCK_GAP.0;
        rig.restart();
        let parked = rig.log.iter().any(|o| {
            matches!(o, Output::Write { write: one, state: WriteState::Parked { reason: ParkReason::Expired, .. } }
                if *one == write)
        });
        assert_eq!((parked, rig.requests.is_empty()), (expired, expired), "{longer}");
    }
}

// Both sides of core::CLOCK_STEP.
#[test]
fn q13_the_clock_is_stored_once_an_hour_while_something_waits() {
    let mut rig = stopped();
    rig.submit("/x");
    rig.take();
    let stored = |rig: &mut Rig| rig.take().iter().any(|o| matches!(o, Output::Persist { .. }));
    rig.pass(limits::CLOCK_STEP.0 - 1);
    assert!(!stored(&mut rig));
    rig.pass(1);
    assert!(stored(&mut rig));
}

/// Ends the open request of this path.
fn end(rig: &mut Rig, path: &str, answered: bool) {
    let at = rig.requests.iter().position(|(_, request)| request.path == path).expect("it is open");
    let (fetch, _) = rig.requests.remove(at).expect("it is open");
    rig.input(match answered {
        true => Input::Responded { fetch, response: response(200, Some("applied")) },
        false => Input::RequestFailed { fetch, cause: RequestFailure::Network },
    });
}

// Both sides of core::UNANSWERED.
/// The first failure has no sign of life before it that could tell anything.
#[test]
fn q9_a_write_that_gets_no_answer_so_often_while_others_do_waits_alone() {
    let mut rig = Rig::new();
    rig.submit_with(|s| (s.path, s.lane) = ("/lost".into(), Some(Lane("lost".into())))).unwrap();
    for unanswered in 0..=limits::UNANSWERED {
        rig.submit_with(|s| (s.path, s.lane) = ("/fine".into(), Some(Lane("fine".into())))).unwrap();
        while rig.requests.len() < 2 {
            rig.next_deadline().expect("a deadline");
        }
        end(&mut rig, "/fine", true);
        end(&mut rig, "/lost", false);
        let alone = unanswered >= limits::UNANSWERED;
        let blocked = if alone { Blocked::Cors } else { Blocked::Unreachable };
        assert_eq!(rig.status().blocked, Some(blocked), "after {unanswered}");
    }
    rig.submit_with(|s| (s.path, s.lane) = ("/other".into(), Some(Lane("other".into())))).unwrap();
    end(&mut rig, "/other", true);
}

/// A rig whose store has not been read, and is never.
fn unread(queue: QueueLimits) -> Rig {
    let mut rig = Rig::idle(Config { queue: Some(queue), ..rig::config() }, Default::default(), 1);
    while rig.engine.poll_output().is_some() {}
    rig
}

#[test]
fn q15_what_waits_for_the_store_to_be_read_counts_and_what_is_taken_back_does_not() {
    let mut rig = stopped();
    rig.submit("/x");
    let pending_bytes = 3 * rig.status().bytes;
    let bytes = QueueLimits { pending_bytes, ..QueueLimits::default() };
    for queue in [bytes, QueueLimits { pending: 3, ..QueueLimits::default() }] {
        let mut rig = unread(queue);
        let first = rig.submit("/x");
        rig.submit("/x");
        rig.submit("/x");
        assert_eq!(rig.submit_with(|s| s.path = "/x".into()), Err(Refusal::QueueFull));
        rig.command(Command::Cancel { write: first }).unwrap();
        rig.submit("/x");
        assert_eq!(rig.submit_with(|s| s.path = "/x".into()), Err(Refusal::QueueFull));
    }
}

#[test]
fn q8_the_same_write_is_found_before_the_store_is_read() {
    let mut rig = unread(QueueLimits::default());
    let keyed = |lane: &'static str| {
        move |s: &mut Submission| (s.lane, s.dedupe_key) = (Some(lane.into()), Some("k".into()))
    };
    let first = rig.submit_with(keyed("a")).unwrap();
    rig.submit_with(keyed("b")).unwrap();
    let mut write = Submission { name: "activity.like".into(), version: 1, ..Submission::default() };
    (write.method, write.path) = ("POST".into(), "/like".into());
    keyed("a")(&mut write);
    assert_eq!(rig.command(Command::Submit { write }), Ok(Accepted::Merged { into: first }));
}

#[test]
fn q15_a_method_is_a_word_of_letters() {
    let mut rig = stopped();
    for method in ["", "PO ST", "PROPPATCHPROPPATCH"] {
        assert_eq!(rig.submit_with(|s| s.method = method.into()), Err(Refusal::Malformed), "{method}");
    }
}

fn edit(rig: &mut Rig, write: &WriteId, path: &str) -> Result<Accepted, Refusal> {
    let (name, variables, method) = ("activity.like".into(), "\"7\"".into(), "POST".into());
    let mut submission = Submission { name, version: 1, variables, method, ..Submission::default() };
    (submission.path, submission.lane) = (path.into(), Some("/x".into()));
    rig.command(Command::Edit { write: write.clone(), submission })
}

#[test]
fn q13_q15_an_edit_takes_the_room_of_what_it_replaces_and_no_more() {
    let mut rig = stopped();
    rig.submit("/x");
    let one = rig.status().bytes;
    let with = |queue| {
        let mut rig = Rig::idle(Config { queue: Some(queue), ..rig::config() }, Default::default(), 1);
        rig.settle();
        rig.lead();
        rig
    };
    // Two that wait: both limits are reached.
    let mut rig = with(QueueLimits { pending: 2, pending_bytes: 2 * one, ..QueueLimits::default() });
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let (first, _) = (rig.submit("/x"), rig.submit("/x"));
    assert_eq!(edit(&mut rig, &first, "/xy"), Err(Refusal::QueueFull), "one byte more");
    assert!(edit(&mut rig, &first, "/y").is_ok());
    // One is parked: again both.
    let mut rig = with(QueueLimits { parked: 1, parked_bytes: one, ..QueueLimits::default() });
    let first = rig.submit("/x");
    rig.answer(404, "rejected");
    assert!(edit(&mut rig, &first, "/y").is_ok());
    // Two are parked: one is too many still.
    let mut rig = with(QueueLimits { parked_bytes: one, ..QueueLimits::default() });
    let (first, _) = (rig.submit("/x"), rig.submit("/x"));
    rig.answer(404, "rejected");
    rig.answer(404, "rejected");
    assert_eq!(edit(&mut rig, &first, "/y"), Err(Refusal::QueueFull));
}

#[test]
fn q13_what_cannot_be_sent_or_is_with_the_app_or_is_not_on_disk_does_not_expire() {
    let short = |s: &mut Submission| (s.ttl, s.on_conflict) = (Some(Millis(5_000)), true);
    // The app is to decide.
    let mut rig = Rig::new();
    let write = rig.submit_with(short).unwrap();
    rig.answer(412, "rejected");
    rig.pass(10_000);
    assert!(matches!(last(&rig, &write), WriteState::Conflict { .. }), "{:?}", last(&rig, &write));
    // This build has no definition for it.
    let mut rig = stopped();
    let write = rig.submit_with(short).unwrap();
    let disk = rig.disk;
    let mut rig = Rig::idle(rig::config(), disk, 2);
    rig.settle();
    rig.input(Input::Definitions { known: vec![] });
    rig.lead();
    rig.pass(10_000);
    assert!(matches!(last(&rig, &write), WriteState::Quarantined { .. }), "{:?}", last(&rig, &write));
    // It is being stored.
    let mut rig = stopped();
    rig.hold_disk = true;
    let write = rig.submit_with(short).unwrap();
    rig.pass(10_000);
    let steps = rig.held.iter().filter(|(_, key, _)| key.starts_with("w/")).count();
    assert_eq!(steps, 1, "nothing more is to be done to {write}");
    // It is on disk, and being claimed.
    let mut rig = stopped();
    rig.submit_with(short).unwrap();
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.pass(10_000);
    let steps = rig.held.iter().filter(|(_, key, _)| key.starts_with("w/")).count();
    assert_eq!(steps, 1, "the claim");
}

#[test]
fn q13_the_clock_is_not_stored_each_time_that_a_write_expires() {
    let mut rig = stopped();
    rig.submit("/x");
    for life in [60_000, 120_000] {
        rig.submit_with(|s| s.ttl = Some(Millis(life))).unwrap();
    }
    rig.pass(60_000);
    rig.take();
    rig.pass(60_000);
    assert_eq!((rig.status().pending, rig.status().parked), (1, 2));
    let stored = |o: &&Output| matches!(o, Output::Persist { key, .. } if key == "m/clock");
    assert_eq!(rig.log.iter().filter(stored).count(), 0);
}

#[test]
fn q13_the_newest_write_tells_how_late_it_is_if_the_clock_was_not_stored() {
    const HOUR: u64 = 60 * 60 * 1000;
    let mut rig = stopped();
    let write = rig.submit_with(|s| s.ttl = Some(Millis(15 * HOUR))).unwrap();
    for expected in [false, true] {
        rig.wall += 10 * HOUR;
        rig.disk.remove("m/clock");
        let (wall, disk) = (rig.wall, rig.disk);
        rig = Rig::idle(rig::config(), disk, 2);
        rig.wall = wall;
        rig.command(Command::SetProcessing { on: false }).unwrap();
        rig.lead();
        let expired = rig.states(&write).iter().any(|s| matches!(s, WriteState::Parked { .. }));
        assert_eq!(expired, expected, "after twenty hours, not after ten");
        rig.submit("/y");
    }
    assert_eq!((rig.status().pending, rig.status().parked), (2, 1));
}
