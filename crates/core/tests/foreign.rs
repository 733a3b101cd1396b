//! Origins that are not ours (Q9), and pauses of each origin by itself, also across a restart (Q11).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

const PAY: &str = "https://pay.example";

fn respond(rig: &mut Rig, status: u16, retry_after: Option<&str>) {
    let (fetch, _) = rig.requests.pop_front().expect("an open request");
    let response = Response {
        status,
        outcome: None,
        retry_after: retry_after.map(str::to_owned),
        content_type: Some("application/json".into()),
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: Some("{}".into()),
    };
    rig.input(Input::Responded { fetch, response });
}

fn with(kind: OriginKind) -> Config {
    let origins = vec![OriginRule { origin: PAY.into(), kind }];
    Config { origins, ..rig::config() }
}

fn leading(config: Config, disk: std::collections::BTreeMap<String, Vec<u8>>, wall: u64) -> Rig {
    let mut rig = Rig::idle(config, disk, 3);
    rig.wall = wall;
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    rig
}

fn fresh(config: Config) -> Rig {
    leading(config, Default::default(), rig::WALL)
}

fn verify_asked(rig: &Rig) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::Verify { .. })).count()
}

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).last().cloned().expect("a state")
}

#[test]
fn q9_a_foreign_origin_gets_our_headers_only_as_declared() {
    let check = |kind, expected: &[&str], quoted| {
        let mut rig = fresh(with(kind));
        let write = rig.submit(&format!("{PAY}/charge"));
        let request = &rig.requests[0].1;
        let names: Vec<_> = request.headers.iter().map(|h| h.name.as_str()).collect();
        assert_eq!(names, expected, "{kind:?}");
        if let Some(key) = request.headers.first() {
            assert_eq!(key.value, if quoted { format!("\"{write}\"") } else { write.0 });
        }
    };
    let all = ["idempotency-key", "tidewire-client", "tidewire-sequence", "tidewire-floor"];
    check(OriginKind::Tidewire {}, &all, true);
    check(OriginKind::Keyed { style: KeyStyle::Quoted }, &all[..1], true);
    check(OriginKind::Keyed { style: KeyStyle::Bare }, &all[..1], false);
    check(OriginKind::Plain {}, &[], true);
    let mut rig = fresh(with(OriginKind::Tidewire {}));
    rig.submit("https://other.example/x");
    assert_eq!(rig.requests[0].1.headers, [], "what is not declared is plain");
}

#[test]
fn q9_after_a_gateway_gave_up_only_what_is_harmless_is_sent_to_a_foreign_origin_again() {
    for status in [408, 502, 504] {
        let mut rig = fresh(rig::config());
        let post = rig.submit(&format!("{PAY}/charge"));
        let put = rig.submit_with(|s| (s.method, s.path) = ("PUT".into(), format!("{PAY}/a"))).unwrap();
        respond(&mut rig, status, None);
        respond(&mut rig, status, None);
        let parked = WriteState::Parked { reason: ParkReason::Unknown, status, body: None };
        assert_eq!(last(&rig, &post), parked, "{status}");
        rig.until_request();
        assert_eq!(rig.requests[0].1.write, put);
    }
    let mut rig = fresh(rig::config());
    let post = rig.submit(&format!("{PAY}/charge"));
    respond(&mut rig, 503, None);
    rig.until_request();
    assert_eq!(rig.requests[0].1.write, post, "503 says that it was not taken");
}

fn doubtful() -> (Rig, WriteId) {
    let mut rig = fresh(rig::config());
    let write = rig.submit_with(|s| (s.path, s.verify) = (format!("{PAY}/charge"), true)).unwrap();
    rig.fail_request();
    for _ in 0..100 {
        if verify_asked(&rig) > 0 {
            return (rig, write);
        }
        rig.next_deadline();
    }
    panic!("the app is never asked");
}

#[test]
fn q9_the_app_is_asked_what_became_of_a_write_before_it_is_sent_again() {
    let (mut rig, write) = doubtful();
    assert!(rig.requests.is_empty());
    rig.input(Input::Verified { write: write.clone(), found: Found::NotApplied {} });
    assert_eq!(rig.requests[0].1.write, write);

    let (mut rig, write) = doubtful();
    rig.input(Input::Verified { write: write.clone(), found: Found::Applied { body: Some("7".into()) } });
    assert!(rig.requests.is_empty());
    let applied = WriteState::Acknowledged { status: 200, body: Some("7".into()), replayed: true };
    assert_eq!(last(&rig, &write), applied);
    rig.input(Input::Verified { write, found: Found::NotApplied {} });
    assert!(rig.requests.is_empty(), "an answer to nothing");
}

#[test]
fn q9_a_write_that_nobody_can_say_anything_about_is_set_aside_after_the_last_question() {
    let (mut rig, write) = doubtful();
    for asked in 1..limits::VERIFICATIONS {
        rig.input(Input::Verified { write: write.clone(), found: Found::Unknown {} });
        assert_eq!(last(&rig, &write), WriteState::Retrying { status: 0 });
        while verify_asked(&rig) as u32 == asked {
            rig.next_deadline();
        }
    }
    rig.pass(limits::REQUEST_TIMEOUT.0);
    let parked = WriteState::Parked { reason: ParkReason::Unknown, status: 0, body: None };
    assert_eq!(last(&rig, &write), parked, "an app that never answers is no answer");
    assert_eq!(verify_asked(&rig) as u32, limits::VERIFICATIONS);
    assert!(rig.requests.is_empty());
}

#[test]
fn q9_the_app_is_asked_after_a_kill_too() {
    let (rig, write) = doubtful();
    let mut rig = leading(rig::config(), rig.disk, rig::WALL);
    rig.pass(limits::REQUEST_BACKOFF_CAP.0);
    assert!(verify_asked(&rig) >= 1);
    assert!(rig.requests.is_empty());
    assert!(!matches!(last(&rig, &write), WriteState::Sending { .. }));
}

#[test]
fn q9_no_answer_five_times_while_the_origin_answers_others_is_told_and_holds_nobody_up() {
    let mut rig = fresh(rig::config());
    let put = |s: &mut Submission| (s.method, s.path) = ("PUT".into(), format!("{PAY}/never"));
    let write = rig.submit_with(put).unwrap();
    for silent in 0..=limits::UNANSWERED {
        assert_ne!(rig.status().blocked, Some(Blocked::Cors), "{silent} times");
        rig.until_request();
        rig.fail_request();
        rig.input(Input::Reached { origin: PAY.into() });
    }
    assert_eq!(rig.status().blocked, Some(Blocked::Cors));
    let other = rig.submit_with(|s| (s.method, s.path) = ("PUT".into(), format!("{PAY}/fine"))).unwrap();
    assert_eq!(rig.requests.pop_front().map(|(_, r)| r.write), Some(other), "the origin is not paused");
    rig.until_request();
    assert_eq!(rig.requests[0].1.write, write, "it is tried again, alone");
    respond(&mut rig, 200, None);
    assert_eq!(rig.status().blocked, None);
}

#[test]
fn q9_a_tunnel_is_no_cors_fault() {
    let mut rig = fresh(rig::config());
    rig.submit("/a");
    for _ in 0..3 * limits::UNANSWERED {
        rig.until_request();
        rig.fail_request();
    }
    assert_eq!(rig.status().blocked, Some(Blocked::Unreachable));
}

#[test]
fn q11_a_pause_holds_up_its_own_origin_only() {
    let mut rig = fresh(with(OriginKind::Tidewire {}));
    rig.submit(&format!("{PAY}/charge"));
    respond(&mut rig, 429, Some("60"));
    assert_eq!(rig.status().blocked, Some(Blocked::Unreachable));
    rig.submit("/a");
    assert_eq!(rig.answer(200, "applied").path, "/a");
    rig.submit(&format!("{PAY}/other"));
    assert!(rig.requests.is_empty());
    rig.pass(59_000);
    assert!(rig.requests.is_empty());
    rig.pass(1_000 + limits::REQUEST_BACKOFF_BASE.0);
    assert_eq!(rig.requests.len(), 2);
}

#[test]
fn q11_a_pause_holds_over_a_restart_whatever_the_clock_does() {
    let check = |answer: &str, wall: i64, longest: u64, shortest: u64| {
        let mut rig = fresh(rig::config());
        rig.submit("/a");
        respond(&mut rig, 503, Some(answer));
        let mut rig = leading(rig::config(), rig.disk, rig::WALL.saturating_add_signed(wall));
        assert!(rig.requests.is_empty() || shortest == 0, "{answer} {wall}");
        rig.until_request();
        let jitter = limits::REQUEST_BACKOFF_BASE.0;
        assert!((shortest..=longest + jitter).contains(&rig.now), "{answer} {wall}: {}", rig.now);
    };
    check("120", 0, 120_000, 120_000);
    check("120", 20_000, 100_000, 100_000);
    check("120", 3_600_000, 0, 0);
    check("120", -86_400_000, 120_000, 120_000);
    check("999999999", 0, limits::RETRY_AFTER_CAP.0, limits::RETRY_AFTER_CAP.0);
    // Two minutes after the rig's time.
    check("Mon, 21 Sep 2026 14:15:20 GMT", 0, 120_000, 120_000);
}

#[test]
fn q11_a_pause_that_is_over_is_not_found_by_the_next_life() {
    let mut rig = fresh(rig::config());
    rig.submit("/a");
    respond(&mut rig, 503, Some("120"));
    assert!(rig.disk.contains_key("m/pause/"));
    rig.until_request();
    assert!(!rig.disk.contains_key("m/pause/"));
}

#[test]
fn q11_a_stored_pause_that_was_damaged_or_lengthened_holds_nobody_for_ever() {
    let mut rig = fresh(rig::config());
    rig.submit("/a");
    respond(&mut rig, 503, Some("120"));
    let mut disk = rig.disk.clone();
    disk.get_mut("m/pause/").unwrap()[30] ^= 0x40;
    let rig = leading(rig::config(), disk, rig::WALL);
    assert_eq!(rig.requests.len(), 1);
}
