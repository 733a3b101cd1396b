//! Our server is asked what became of a write that may have been applied (Q13): what the question's own end means, and when none is asked.
//! The plain cases stand in `edits.rs`.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

/// A write was sent and is cancelled: the server is being asked.
fn asking() -> (Rig, WriteId) {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.command(Command::Cancel { write: write.clone() }).unwrap();
    assert_eq!(kinds(&rig), [RequestKind::Outcome]);
    (rig, write)
}

fn kinds(rig: &Rig) -> Vec<RequestKind> {
    rig.requests.iter().map(|(_, request)| request.kind).collect()
}

fn found(rig: &mut Rig, word: &str) {
    let body = Some(format!(r#"{{"outcome":"{word}"}}"#).into());
    let request = rig.respond(Response { body, ..response(200, None) });
    assert_eq!(request.kind, RequestKind::Outcome);
}

#[test]
fn q11_q13_a_question_that_nobody_answers_pauses_the_origin() {
    let (mut rig, write) = asking();
    rig.fail_request();
    rig.submit("/other");
    assert_eq!(kinds(&rig), []);
    assert_eq!(rig.status().blocked, Some(Blocked::Unreachable));
    rig.until_request();
    let (fetch, _) = rig.requests.pop_front().unwrap();
    let body = Some(r#"{"outcome":"voided"}"#.into());
    rig.input(Input::Responded { fetch, response: Response { body, ..response(200, None) } });
    assert_eq!(rig.states(&write).pop(), Some(WriteState::Discarded {}));
}

#[test]
fn q12_q13_a_question_whose_token_is_refused_is_asked_again_with_a_fresh_one() {
    let (mut rig, write) = asking();
    rig.respond(response(401, None));
    assert_eq!(rig.tokens_asked, [true]);
    found(&mut rig, "voided");
    assert_eq!(rig.states(&write).pop(), Some(WriteState::Discarded {}));
}

#[test]
fn q13_a_write_that_runs_at_this_moment_is_asked_about_again_after_a_second_and_holds_up_no_other() {
    let (mut rig, write) = asking();
    rig.respond(response(409, None));
    rig.submit("/other");
    assert_eq!(kinds(&rig), [RequestKind::Write]);
    rig.answer(200, "applied");
    rig.pass(limits::REQUEST_BACKOFF_BASE.0 - 1);
    assert_eq!(kinds(&rig), []);
    rig.pass(1);
    found(&mut rig, "voided");
    assert_eq!(rig.states(&write).pop(), Some(WriteState::Discarded {}));
}

#[test]
fn q13_an_old_write_that_was_applied_is_asked_about_once_whatever_becomes_of_its_answer() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    rig.fail_request();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.pass(60_000);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.until_request();
    found(&mut rig, "applied");
    for _ in 0..3 {
        rig.until_request();
        assert_eq!(kinds(&rig), [RequestKind::Write]);
        rig.fail_request();
        rig.pass(limits::CLOCK_STEP.0);
    }
    rig.until_request();
    rig.answer(200, "replayed");
    assert!(rig.states(&write).iter().any(|state| matches!(state, WriteState::Acknowledged { .. })));
}
