//! What the app does to writes: edit, discard, void, decide, export; and what becomes of old ones (Q10, Q13).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, WALL, response};
use tidewire_core::*;

fn edited(path: &str) -> Submission {
    Submission { name: "edited".into(), method: "PUT".into(), path: path.into(), ..Submission::default() }
}

fn edit(rig: &mut Rig, write: &WriteId, path: &str) -> Result<Accepted, Refusal> {
    rig.command(Command::Edit { write: write.clone(), submission: edited(path) })
}

fn id(accepted: Result<Accepted, Refusal>) -> WriteId {
    match accepted {
        Ok(Accepted::Queued { write }) => write,
        other => panic!("{other:?}"),
    }
}

/// Answers the oldest request, which asks for an outcome.
fn outcome(rig: &mut Rig, word: &str) -> Request {
    let body = Some(format!(r#"{{"x":[1],"outcome":"{word}"}}"#).into());
    let request = rig.respond(Response { body, ..response(200, None) });
    assert_eq!(request.kind, RequestKind::Outcome);
    request
}

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).pop().expect("a state")
}

fn is_parked(rig: &Rig, write: &WriteId, expected: ParkReason) -> bool {
    matches!(last(rig, write), WriteState::Parked { reason, .. } if reason == expected)
}

/// Parked after three answers of 500: it may have been applied.
fn out_of_tries(rig: &mut Rig) -> WriteId {
    let write = rig.submit("/x");
    for _ in 0..limits::TRIES {
        rig.until_request();
        rig.respond(response(500, None));
    }
    write
}

#[test]
fn q13_a_refused_write_is_edited_and_sent_under_a_new_key() {
    let mut rig = Rig::new();
    let old = rig.submit("/x");
    rig.answer(422, "rejected");
    let new = id(edit(&mut rig, &old, "/y"));
    assert_eq!(last(&rig, &old), WriteState::Merged { into: new.clone() });
    let request = rig.answer(200, "applied");
    assert_eq!((request.write.clone(), request.path.as_str()), (new, "/y"));
    assert_eq!(rig::header(&request, "tidewire-sequence"), "2");
    assert_ne!(old, request.write);
}

#[test]
fn q13_an_edited_write_keeps_its_place_in_the_lane() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let first = rig.submit_with(|s| s.lane = Some("l".into())).unwrap();
    let second = rig.submit_with(|s| s.lane = Some("l".into())).unwrap();
    let submission = Submission { lane: Some("l".into()), ..edited("/new") };
    let new = id(rig.command(Command::Edit { write: first, submission }));
    assert_eq!(last(&rig, &second), WriteState::Durable { behind: Some(new.clone()) });
    rig.restart();
    assert_eq!(rig.answer(200, "applied").write, new);
    assert_eq!(rig.answer(200, "applied").write, second);
}

#[test]
fn q7_q13_dependants_follow_an_edited_parent() {
    let mut rig = Rig::new();
    let old = rig.submit("/parent");
    let child = rig.submit_with(|s| s.depends_on = vec![old.clone()]).unwrap();
    rig.answer(422, "rejected");
    assert!(is_parked(&rig, &child, ParkReason::ParentFailed));
    rig.restart();
    edit(&mut rig, &old, "/parent").unwrap();
    rig.answer(200, "applied");
    assert_eq!(rig.answer(200, "applied").write, child);
}

#[test]
fn q13_only_writes_that_were_never_sent_or_are_resolved_are_edited() {
    let mut rig = Rig::new();
    let write = rig.submit("/x");
    assert_eq!(edit(&mut rig, &write, "/y"), Err(Refusal::AlreadySent));
    assert_eq!(edit(&mut rig, &"nobody".into(), "/y"), Err(Refusal::UnknownWrite));
    rig.answer(422, "rejected");
    let submission = Submission { path: "no path".into(), ..edited("") };
    let malformed = rig.command(Command::Edit { write: write.clone(), submission });
    assert_eq!(malformed, Err(Refusal::Malformed));
    assert!(is_parked(&rig, &write, ParkReason::Permanent));
}

#[test]
fn q13_a_write_that_may_have_been_applied_is_voided_before_it_is_given_up() {
    let mut rig = Rig::new();
    let write = out_of_tries(&mut rig);
    assert_eq!(rig.command(Command::Discard { write: write.clone() }), Ok(Accepted::Asked {}));
    // No answer, a portal, not yet: it is asked again, and stays what it was.
    rig.fail_request();
    for answer in [response(200, None), response(409, None), response(503, None)] {
        rig.until_request();
        rig.respond(answer);
        assert!(is_parked(&rig, &write, ParkReason::OutOfTries));
    }
    rig.until_request();
    let request = outcome(&mut rig, "voided");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/tidewire/outcome"));
    let body = request.body.unwrap().0;
    assert!(body.contains(r#""sequence":1"#) && body.contains(r#""void":true"#), "{body}");
    assert!(body.contains(&format!(r#""key":"{write}""#)), "{body}");
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
}

#[test]
fn q13_what_was_applied_after_all_ends_with_the_servers_stored_answer() {
    let mut rig = Rig::new();
    let write = out_of_tries(&mut rig);
    rig.command(Command::Discard { write: write.clone() }).unwrap();
    outcome(&mut rig, "applied");
    let request = rig.answer(201, "replayed");
    assert_eq!((request.write, request.kind), (write.clone(), RequestKind::Write));
    assert!(matches!(last(&rig, &write), WriteState::Acknowledged { replayed: true, .. }));
}

#[test]
fn q13_a_sent_write_is_cancelled_by_voiding_it() {
    let mut rig = Rig::new();
    let write = rig.submit("/x");
    assert_eq!(rig.command(Command::Cancel { write: write.clone() }), Ok(Accepted::Asked {}));
    assert_eq!(rig.requests.len(), 1, "its request is aborted");
    outcome(&mut rig, "voided");
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
    // The server knows it: too late.
    let write = rig.submit("/y");
    rig.command(Command::Cancel { write: write.clone() }).unwrap();
    outcome(&mut rig, "applied");
    rig.answer(200, "replayed");
    assert!(matches!(last(&rig, &write), WriteState::Acknowledged { .. }));
}

/// Found by the simulator: the server did not know the client yet, so nothing was void, and the request came later.
#[test]
fn q13_a_cancelled_write_of_which_nothing_could_be_voided_is_not_called_discarded() {
    let mut rig = Rig::new();
    let write = rig.submit("/x");
    assert_eq!(rig.command(Command::Cancel { write: write.clone() }), Ok(Accepted::Asked {}));
    outcome(&mut rig, "client-reset");
    assert!(is_parked(&rig, &write, ParkReason::Unknown));
    // Who gives it up now knows that.
    rig.command(Command::Discard { write: write.clone() }).unwrap();
    outcome(&mut rig, "client-reset");
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
}

#[test]
fn q13_an_edit_of_a_doubtful_write_waits_until_it_is_void() {
    let mut rig = Rig::new();
    let old = out_of_tries(&mut rig);
    let new = id(edit(&mut rig, &old, "/y"));
    outcome(&mut rig, "voided");
    assert_eq!(rig.answer(200, "applied").write, new);
    // It was applied: there is nothing to edit.
    let old = out_of_tries(&mut rig);
    let new = id(edit(&mut rig, &old, "/y"));
    outcome(&mut rig, "applied");
    assert_eq!(last(&rig, &new), WriteState::Merged { into: old.clone() });
    assert_eq!(rig.answer(200, "replayed").write, old);
}

/// Found by the simulator: a child of an edit that waited for the server's word was sent at once.
#[test]
fn q7_q13_who_depends_on_an_edit_waits_until_it_stands_and_succeeds() {
    let mut rig = Rig::new();
    let old = out_of_tries(&mut rig);
    let new = id(edit(&mut rig, &old, "/y"));
    let child = rig.submit_with(|s| (s.path, s.depends_on) = ("/child".into(), vec![new.clone()])).unwrap();
    rig.until_request();
    outcome(&mut rig, "voided");
    assert_eq!(rig.answer(200, "applied").write, new);
    assert_eq!(rig.answer(200, "applied").write, child);
}

/// The same, where the edit came to nothing: nobody waits for ever, and nobody is sent without what it depends on.
#[test]
fn q7_q13_who_depends_on_an_edit_that_came_to_nothing_is_not_sent() {
    let mut rig = Rig::new();
    let old = out_of_tries(&mut rig);
    let new = id(edit(&mut rig, &old, "/y"));
    let before = rig.submit_with(|s| (s.path, s.depends_on) = ("/before".into(), vec![new.clone()])).unwrap();
    rig.until_request();
    outcome(&mut rig, "client-reset");
    assert_eq!(last(&rig, &new), WriteState::Discarded {});
    assert!(is_parked(&rig, &before, ParkReason::ParentFailed));
    let after = rig.submit_with(|s| (s.path, s.depends_on) = ("/after".into(), vec![new.clone()]));
    let sent = rig.requests.iter().any(|(_, request)| request.path == "/after");
    assert!(!sent, "{after:?}");
}

#[test]
fn q13_a_server_that_cannot_be_asked_changes_nothing() {
    let mut rig = Rig::new();
    let write = out_of_tries(&mut rig);
    rig.command(Command::Discard { write: write.clone() }).unwrap();
    rig.respond(response(404, None));
    assert!(is_parked(&rig, &write, ParkReason::OutOfTries));
    assert!(rig.requests.is_empty());
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    assert_eq!(rig.answer(200, "applied").write, write);
}

#[test]
fn q13_a_doubtful_write_of_a_foreign_server_may_be_given_up() {
    let mut rig = Rig::idle(Config { server: Server::Foreign, ..rig::config() }, Default::default(), 1);
    rig.settle();
    rig.lead();
    let write = rig.submit("/x");
    assert_eq!(rig.command(Command::Cancel { write: write.clone() }), Err(Refusal::AlreadySent));
    rig.fail_request();
    assert!(is_parked(&rig, &write, ParkReason::Unknown));
    assert_eq!(rig.command(Command::Discard { write: write.clone() }), Ok(Accepted::Done {}));
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
}

#[test]
fn q10_the_apps_word_on_an_answer_counts_on_a_foreign_server() {
    for (accepted, kind, redirected, applied) in [
        (Some(true), "text/html", true, true),
        (Some(false), "application/json", false, false),
        (None, "application/json", false, true),
        (None, "text/html", false, false),
    ] {
        let mut rig = Rig::idle(Config { server: Server::Foreign, ..rig::config() }, Default::default(), 1);
        rig.settle();
        rig.lead();
        let write = rig.submit_with(|s| s.idempotent = true).unwrap();
        let content_type = Some(kind.to_owned());
        rig.respond(Response { accepted, content_type, redirected, ..response(200, None) });
        let acknowledged = matches!(last(&rig, &write), WriteState::Acknowledged { .. });
        assert_eq!(acknowledged, applied, "{accepted:?} {kind} {redirected}");
    }
}

fn conflict(rig: &mut Rig) -> (WriteId, WriteId) {
    let handled = |s: &mut Submission| s.on_conflict = true;
    let write = rig.submit_with(handled).unwrap();
    let next = rig.submit_with(|_| {}).unwrap();
    rig.answer(412, "rejected");
    assert_eq!(last(rig, &write), WriteState::Conflict { status: 412, body: Some("{}".into()) });
    assert!(rig.requests.is_empty(), "the lane waits");
    (write, next)
}

fn resolve(rig: &mut Rig, write: &WriteId, resolution: Resolution) -> Result<Accepted, Refusal> {
    rig.command(Command::Resolve { write: write.clone(), resolution })
}

#[test]
fn q10_the_app_decides_a_conflict_while_the_lane_waits() {
    let mut rig = Rig::new();
    let (write, next) = conflict(&mut rig);
    resolve(&mut rig, &write, Resolution::SendAgain {}).unwrap();
    assert_eq!(rig.answer(200, "applied").write, write);
    assert_eq!(rig.answer(200, "applied").write, next);
    let (write, next) = conflict(&mut rig);
    let submission = Submission { lane: Some("/like".into()), ..edited("/merged") };
    let new = id(resolve(&mut rig, &write, Resolution::Replace { submission }));
    assert_eq!(rig.answer(200, "applied").write, new);
    assert_eq!(rig.answer(200, "applied").write, next);
    let (write, next) = conflict(&mut rig);
    resolve(&mut rig, &write, Resolution::Park {}).unwrap();
    assert!(is_parked(&rig, &write, ParkReason::Conflict));
    assert_eq!(rig.answer(200, "applied").write, next);
    let (write, next) = conflict(&mut rig);
    resolve(&mut rig, &write, Resolution::Discard {}).unwrap();
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
    assert_eq!(rig.answer(200, "applied").write, next);
    assert_eq!(resolve(&mut rig, &next, Resolution::Park {}), Err(Refusal::NoConflict));
}

#[test]
fn q10_a_conflict_that_nobody_decides_is_parked_and_after_a_kill_it_is_asked_again() {
    let mut rig = Rig::new();
    let (write, next) = conflict(&mut rig);
    rig.pass(limits::CONFLICT_TIMEOUT.0 - 1);
    assert!(rig.requests.is_empty());
    rig.pass(1);
    assert!(is_parked(&rig, &write, ParkReason::Conflict));
    assert_eq!(rig.answer(200, "applied").write, next);
    let (write, _) = conflict(&mut rig);
    rig.restart();
    assert_eq!(rig.answer(412, "rejected").write, write);
    assert!(matches!(last(&rig, &write), WriteState::Conflict { .. }));
    // Nobody handles it: parked at once.
    let mut rig = Rig::new();
    let write = rig.submit("/x");
    rig.answer(409, "rejected");
    assert!(is_parked(&rig, &write, ParkReason::Conflict));
}

const DAY: u64 = 24 * 60 * 60 * 1000;

fn waiting(rig: &mut Rig) -> WriteId {
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/old")
}

// Both sides of core::WRITE_TTL.
#[test]
fn q13_a_write_expires_after_its_time_to_live_and_lives_again_when_it_is_retried() {
    let mut rig = Rig::new();
    let write = waiting(&mut rig);
    let short = rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    rig.pass(59_999);
    assert_eq!(last(&rig, &short), WriteState::Durable { behind: None });
    rig.pass(1);
    assert!(is_parked(&rig, &short, ParkReason::Expired));
    rig.pass(DAY - 60_001);
    assert_eq!(last(&rig, &write), WriteState::Durable { behind: None });
    rig.pass(1);
    assert!(is_parked(&rig, &write, ParkReason::Expired));
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    rig.pass(DAY - 1);
    assert_eq!(last(&rig, &write), WriteState::Durable { behind: None });
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.answer(200, "applied").write, write);
}

#[test]
fn q13_each_write_is_watched_whatever_becomes_of_those_that_would_expire_before_it() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let life = |millis| move |s: &mut Submission| s.ttl = Some(Millis(millis));
    let long = rig.submit_with(life(120_000)).unwrap();
    let short = rig.submit_with(life(60_000)).unwrap();
    let middle = rig.submit_with(life(90_000)).unwrap();
    rig.command(Command::Cancel { write: short }).unwrap();
    for (write, millis) in [(middle, 90_000), (long, 30_000)] {
        rig.pass(millis - 1);
        assert!(!is_parked(&rig, &write, ParkReason::Expired), "not yet");
        rig.pass(1);
        assert!(is_parked(&rig, &write, ParkReason::Expired), "after {millis} more");
    }
}

#[test]
fn q13_a_clock_that_jumps_expires_nothing_in_one_process_and_by_a_restart_at_most_half_a_day() {
    let mut rig = Rig::new();
    let write = waiting(&mut rig);
    rig.wall = WALL + 400 * DAY;
    rig.pass(1_000);
    rig.pass(DAY / 4);
    assert_eq!(last(&rig, &write), WriteState::Durable { behind: None });
    // Back, and a year forward between two processes.
    rig.wall = WALL - 400 * DAY;
    rig.restart();
    rig.wall = WALL + 400 * DAY;
    rig.restart();
    rig.fail_request();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    assert!(!is_parked(&rig, &write, ParkReason::Expired));
    rig.pass(DAY);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.until_request();
    outcome(&mut rig, "voided");
    assert!(is_parked(&rig, &write, ParkReason::Expired));
}

#[test]
fn q13_time_between_processes_counts_night_by_night() {
    let mut rig = Rig::new();
    let write = waiting(&mut rig);
    rig.now += DAY;
    rig.restart();
    assert_eq!(rig.requests.len(), 1, "half a day old");
    assert!(!is_parked(&rig, &write, ParkReason::Expired));
    let mut rig = Rig::new();
    let write = waiting(&mut rig);
    for night in 0..3 {
        rig.now += DAY / 2;
        let mut next = Rig::idle(rig::config(), rig.disk.clone(), 7);
        next.now = rig.now;
        next.engine.command(Command::SetProcessing { on: false }, next.now()).unwrap();
        next.settle();
        next.input(Input::Leader { epoch: LeaderEpoch(10 + night) });
        next.pass(limits::CLOCK_STEP.0);
        rig = next;
    }
    assert!(is_parked(&rig, &write, ParkReason::Expired));
}

#[test]
fn q13_a_sent_write_expires_only_when_it_is_void() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    rig.fail_request();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.pass(60_000);
    assert!(!is_parked(&rig, &write, ParkReason::Expired));
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.until_request();
    outcome(&mut rig, "voided");
    assert!(is_parked(&rig, &write, ParkReason::Expired));
    let write = rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    rig.fail_request();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.pass(60_000);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.until_request();
    outcome(&mut rig, "applied");
    assert_eq!(rig.answer(200, "replayed").write, write);
    assert!(matches!(last(&rig, &write), WriteState::Acknowledged { .. }));
}

#[test]
fn q13_everything_pending_and_parked_can_be_taken_along() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.body = Some("{\"a\":\"\\\"\"}".into())).unwrap();
    rig.answer(422, "rejected");
    rig.submit("/sent");
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/queued");
    rig.command(Command::Export {}).unwrap();
    let json = rig
        .log
        .iter()
        .rev()
        .find_map(|o| if let Output::Exported { json } = o { Some(json.0.clone()) } else { None });
    let json = json.expect("an export");
    tidewire_wire::json::validate(&json).expect("JSON");
    for part in [
        r#""state":"parked","reason":"permanent""#,
        r#""state":"sent""#,
        r#""state":"queued""#,
        r#""path":"/queued""#,
        r#""status":422"#,
        r#""body":"{\"a\":\"\\\"\"}""#,
        r#""attempts":1"#,
    ] {
        assert!(json.contains(part), "{part} in {json}");
    }
    assert!(!json.contains("jwt"));
    rig.command(Command::Export {}).unwrap();
}
