//! Writes that go to several servers: what each is told, and that none waits for another (Q9, Q11, Q12, Q13).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

fn rule(origin: &str, kind: OriginKind) -> OriginRule {
    OriginRule { origin: origin.into(), kind }
}

/// The app's own server, another of ours at `https://b.c`, and foreign ones that take a key.
fn several() -> Rig {
    let origins = vec![
        rule("https://quoted.example", OriginKind::Keyed { style: KeyStyle::Quoted }),
        rule("https://bare.example:8443", OriginKind::Keyed { style: KeyStyle::Bare }),
        rule("https://b.c", OriginKind::Tidewire {}),
    ];
    let mut rig = Rig::idle(Config { origins, ..rig::config() }, Default::default(), 1);
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    rig
}

fn paths(rig: &Rig) -> Vec<&str> {
    rig.requests.iter().map(|(_, request)| request.path.as_str()).collect()
}

#[test]
fn q9_a_foreign_origin_gets_our_headers_only_as_it_is_declared() {
    let sent_to = |path: &str| {
        let mut rig = several();
        let write = rig.submit(path);
        let (_, request) = rig.requests.pop_front().unwrap();
        let headers = request.headers.into_iter().map(|header| (header.name, header.value));
        (write, headers.collect::<Vec<_>>())
    };
    let key = |value: String| vec![("idempotency-key".to_owned(), value)];
    for ours in ["/like", "https://b.c/like"] {
        let (_, headers) = sent_to(ours);
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let all = ["idempotency-key", "tidewire-client", "tidewire-sequence", "tidewire-floor"];
        assert_eq!(names, all, "{ours}");
    }
    let (write, headers) = sent_to("https://quoted.example/like");
    assert_eq!(headers, key(format!("\"{write}\"")));
    let (write, headers) = sent_to("https://bare.example:8443/like");
    assert_eq!(headers, key(write.0));
    // Another port is another origin; of this one nothing is known.
    for foreign in ["https://bare.example/like", "https://unknown.example/like"] {
        assert_eq!(sent_to(foreign).1, [], "{foreign}");
    }
}

#[test]
fn q10_an_answer_is_read_as_that_of_its_own_server() {
    // Unmarked, it is an answer of a foreign server and none of ours.
    for (path, open) in [("https://quoted.example/like", 0), ("https://b.c/like", 1), ("/like", 1)] {
        let mut rig = several();
        rig.submit(path);
        rig.answer(200, "");
        assert_eq!(rig.status().pending, open, "{path}");
    }
}

#[test]
fn q9_q11_a_gateway_that_gave_up_waiting_does_not_know_what_a_foreign_server_did() {
    let parked = |path: &str, status| {
        let mut rig = several();
        let write = rig.submit(path);
        rig.answer(status, "");
        let last = rig.states(&write).pop().unwrap();
        assert!(
            matches!(last, WriteState::Parked { .. } | WriteState::Retrying { .. }),
            "{path} {status}: {last:?}"
        );
        matches!(last, WriteState::Parked { reason: ParkReason::Unknown, .. })
    };
    for status in [408, 502, 504] {
        assert!(parked("https://unknown.example/like", status), "{status}");
        assert!(!parked("https://b.c/like", status), "{status}: ours may be asked again");
    }
    // These say themselves that nothing was done.
    for status in [425, 429, 503] {
        assert!(!parked("https://unknown.example/like", status), "{status}");
    }
}

#[test]
fn q11_a_server_that_asks_for_a_pause_holds_up_no_other_also_after_a_restart() {
    let mut rig = several();
    rig.submit("https://b.c/one");
    rig.respond(Response { retry_after: Some("60".into()), ..response(503, None) });
    for path in ["https://b.c/two", "/three", "https://unknown.example/four"] {
        rig.submit(path);
    }
    assert_eq!(paths(&rig), ["/three", "https://unknown.example/four"]);
    rig.answer(200, "applied");
    rig.answer(200, "");
    rig.restart();
    rig.submit("/five");
    assert_eq!(paths(&rig), ["/five"], "it alone waits still");
    rig.answer(200, "applied");
    rig.pass(61_000);
    assert_eq!(paths(&rig), ["https://b.c/one", "https://b.c/two"]);
}

#[test]
fn q12_a_token_that_one_server_refuses_holds_up_no_other() {
    let mut rig = several();
    rig.token = AuthResult::Failed {};
    rig.submit("https://b.c/one");
    rig.answer(401, "");
    rig.submit("/two");
    assert_eq!(paths(&rig), ["/two"]);
    rig.answer(200, "applied");
    rig.token = AuthResult::Token { token: "jwt".into() };
    rig.until_request();
    assert_eq!(paths(&rig), ["https://b.c/one"]);
}

#[test]
fn q13_a_server_is_asked_about_its_own_writes() {
    for (path, asked) in [
        ("/api/things/1", "/tidewire/outcome"),
        ("https://b.c/api/things/1", "https://b.c/tidewire/outcome"),
        ("https://b.c/", "https://b.c/tidewire/outcome"),
        ("https://b.c", "https://b.c/tidewire/outcome"),
    ] {
        let mut rig = several();
        let write = rig.submit(path);
        assert_eq!(rig.command(Command::Cancel { write }), Ok(Accepted::Asked {}));
        assert_eq!(paths(&rig), [asked]);
    }
}

#[test]
fn q11_a_server_that_answers_the_app_otherwise_is_there_again() {
    for (origin, there) in [("https://b.c", true), ("https://quoted.example", false), ("", false)] {
        let mut rig = several();
        rig.submit("https://b.c/like");
        rig.fail_request();
        assert_eq!(paths(&rig), [""; 0]);
        rig.input(Input::Reached { origin: origin.into() });
        assert_eq!(rig.requests.len() == 1, there, "{origin}");
    }
}

/// Lets time pass until the app is asked whether a write was applied.
fn until_asked(rig: &mut Rig) {
    rig.take();
    while !rig.log.iter().any(|o| matches!(o, Output::Verify { .. })) {
        rig.next_deadline().expect("a deadline");
    }
}

#[test]
fn q9_an_answer_about_a_write_begins_the_count_of_questions_anew() {
    let mut rig = several();
    let write =
        rig.submit_with(|s| (s.path, s.verify) = ("https://unknown.example/like".into(), true)).unwrap();
    for answered in [true, false] {
        rig.fail_request();
        for _ in 1..limits::VERIFICATIONS {
            until_asked(&mut rig);
            rig.input(Input::Verified { write: write.clone(), found: Found::Unknown {} });
            assert!(!matches!(rig.states(&write).pop(), Some(WriteState::Parked { .. })), "{answered}");
        }
        if answered {
            until_asked(&mut rig);
            rig.input(Input::Verified { write: write.clone(), found: Found::NotApplied {} });
            // It is there, and cannot say anything now: of its silence nothing is left.
            rig.answer(503, "");
            rig.until_request();
        }
    }
}

#[test]
fn q13_a_foreign_server_cannot_be_asked_about_an_old_write() {
    let mut rig = several();
    let old = |s: &mut Submission| {
        (s.path, s.ttl, s.idempotent) = ("https://unknown.example/like".into(), Some(Millis(60_000)), true);
    };
    rig.submit_with(old).unwrap();
    for _ in 0..4 {
        rig.fail_request();
        rig.pass(60_000);
        rig.until_request();
        assert_eq!(rig.requests[0].1.kind, RequestKind::Write, "it is sent until there is an outcome");
    }
}

#[test]
fn q9_what_never_left_the_device_is_sent_again_without_a_question() {
    let mut rig = several();
    rig.submit_with(|s| (s.path, s.verify) = ("https://unknown.example/like".into(), true)).unwrap();
    let (fetch, _) = rig.requests.pop_front().unwrap();
    rig.input(Input::RequestFailed { fetch, cause: RequestFailure::Host });
    rig.until_request();
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Verify { .. })));
}

// Both sides of core::STORED_ANSWER.
#[test]
fn q2_q9_what_the_app_found_is_stored_up_to_its_limit() {
    for (length, stored) in [(limits::STORED_ANSWER, true), (limits::STORED_ANSWER + 1, false)] {
        let mut rig = several();
        let write =
            rig.submit_with(|s| (s.path, s.verify) = ("https://unknown.example/like".into(), true)).unwrap();
        rig.fail_request();
        until_asked(&mut rig);
        let body = Some("1".repeat(length).into());
        rig.input(Input::Verified { write: write.clone(), found: Found::Applied { body } });
        let body = rig.states(&write).into_iter().find_map(|state| match state {
            WriteState::Acknowledged { body, .. } => Some(body.is_some()),
            _ => None,
        });
        assert_eq!(body, Some(stored));
    }
}
