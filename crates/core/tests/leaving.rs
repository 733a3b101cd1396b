//! Users who leave (Q20), definitions of other versions (Q21), records that are still sealed (Q23), leaders that are challenged (Q19).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).last().cloned().expect("a state")
}

fn count(rig: &Rig, what: &Output) -> usize {
    rig.log.iter().filter(|o| *o == what).count()
}

fn told(rig: &Rig, key: &str) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::Broadcast { key: k, .. } if k == key)).count()
}

/// What it tells the leader when it wants this sent again.
fn wish(rig: &Rig, write: &WriteId) -> String {
    let start = format!("i/retry/{write}/");
    let told = rig.log.iter().find_map(|o| match o {
        Output::Broadcast { key, .. } if key.starts_with(&start) => Some(key.clone()),
        _ => None,
    });
    told.expect("a wish")
}

fn news(key: &str) -> Input {
    Input::StoreChanged { key: key.into(), value: None }
}

// ---- Q20

#[test]
fn q20_after_the_user_has_left_nothing_is_sent_or_accepted_and_late_answers_are_stored() {
    let mut rig = Rig::new();
    rig.connect();
    let first = rig.submit("/like");
    let second = rig.submit("/like");
    rig.take();
    rig.command(Command::Suspend {}).unwrap();
    assert_eq!(count(&rig, &Output::Quiet {}), 0, "a request is under way");
    assert_eq!(rig.connection(), ConnectionState::Idle {});
    assert_eq!(rig.submit_with(|_| {}), Err(Refusal::Suspended));
    assert_eq!(rig.command(Command::Connect {}), Err(Refusal::Suspended));
    assert_eq!(rig.command(Command::Discard { write: second.clone() }), Err(Refusal::Suspended));
    rig.answer(200, "applied");
    assert!(matches!(last(&rig, &first), WriteState::Acknowledged { .. }), "on disk");
    assert_eq!(count(&rig, &Output::Quiet {}), 1);
    rig.pass(1_000_000);
    assert!(rig.requests.is_empty(), "the second one waits for its user");
    assert_eq!(rig.status().blocked, Some(Blocked::Suspended));
    assert_eq!(rig.refetched(), []);
    let mut again = Rig::on_disk(rig.disk, 2);
    assert_eq!(again.answer(200, "applied").write, second);
}

#[test]
fn q20_nobody_is_asked_for_the_token_of_a_user_who_has_left() {
    let mut rig = Rig::new();
    rig.submit("/like");
    rig.tokens_asked.clear();
    rig.command(Command::Suspend {}).unwrap();
    rig.answer(401, "");
    rig.pass(1_000_000);
    assert_eq!(rig.tokens_asked, []);
    assert_eq!(count(&rig, &Output::Quiet {}), 1);
}

#[test]
fn q20_clear_gives_up_what_was_never_sent_and_what_was_refused() {
    let mut rig = Rig::new();
    let refused = rig.submit_with(|s| s.keep_layer_when_parked = true).unwrap();
    rig.answer(404, "rejected");
    let sent = rig.submit("/like");
    let waiting = rig.submit("/like");
    rig.command(Command::Clear {}).unwrap();
    for write in [&refused, &waiting] {
        assert_eq!(last(&rig, write), WriteState::Discarded {});
    }
    assert!(matches!(last(&rig, &sent), WriteState::Sending { .. }), "its outcome is awaited");
    let later = rig.submit("/like");
    rig.answer(200, "applied");
    assert!(matches!(last(&rig, &sent), WriteState::Acknowledged { .. }));
    assert_eq!(rig.answer(200, "applied").write, later, "what comes after is not meant");
}

#[test]
fn q20_what_waits_for_the_store_is_cleared_too() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 1);
    let write = Submission { method: "POST".into(), path: "/a".into(), ..Submission::default() };
    rig.engine.command(Command::Submit { write }, rig.now()).unwrap();
    rig.engine.command(Command::Clear {}, rig.now()).unwrap();
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    assert!(rig.requests.is_empty());
    assert!(!rig.disk.keys().any(|key| key.starts_with("w/")));
}

/// Found by the simulator: the store could not be read for half a minute, and what was made meanwhile was given up too.
#[test]
fn q20_what_is_made_after_a_clear_stays_although_the_clear_is_done_later() {
    let (disk, old) = stored();
    for read_first in [false, true] {
        let mut rig = Rig::idle(rig::config(), disk.clone(), 5);
        if read_first {
            rig.settle();
        }
        rig.engine.command(Command::Clear {}, rig.now()).unwrap();
        let write = Submission { method: "POST".into(), path: "/later".into(), ..Submission::default() };
        let Ok(Accepted::Queued { write: later }) = rig.engine.command(Command::Submit { write }, rig.now())
        else {
            panic!("refused")
        };
        rig.settle();
        rig.input(Input::Leader { epoch: LeaderEpoch(9) });
        assert_eq!(last(&rig, &old), WriteState::Discarded {}, "read first: {read_first}");
        assert_eq!(rig.answer(200, "applied").write, later, "read first: {read_first}");
    }
}

// ---- Q21

fn known(list: &[(&str, u32)]) -> Input {
    let known = list.iter().map(|(name, version)| KnownMutation { name: (*name).into(), version: *version });
    Input::Definitions { known: known.collect() }
}

/// A store with one unsent write of `activity.like`, version 1.
fn stored() -> (std::collections::BTreeMap<String, Vec<u8>>, WriteId) {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    (rig.disk, write)
}

fn starting(disk: &std::collections::BTreeMap<String, Vec<u8>>, definitions: Input) -> Rig {
    let mut rig = Rig::idle(rig::config(), disk.clone(), 5);
    rig.engine.handle(definitions, rig.now());
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig
}

fn upcasts(rig: &Rig) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::Upcast { version: 1, .. })).count()
}

#[test]
fn q21_a_write_of_an_older_version_is_upcast_before_it_is_sent() {
    let (disk, write) = stored();
    let mut rig = starting(&disk, known(&[("activity.like", 2)]));
    assert!(rig.requests.is_empty());
    assert_eq!(upcasts(&rig), 1);
    let new = Submission {
        name: "activity.like".into(),
        version: 2,
        variables: "{\"id\":\"7\"}".into(),
        method: "PUT".into(),
        path: "/v2/like".into(),
        optimistic: true,
        ..Submission::default()
    };
    rig.input(Input::Upcasted { write: write.clone(), result: Some(new) });
    let request = rig.answer(200, "applied");
    assert_eq!((request.write, request.path.as_str()), (write, "/v2/like"));
    let layers: Vec<_> = rig
        .log
        .iter()
        .filter_map(|o| match o {
            Output::LayerAdded { version, .. } => Some(*version),
            Output::LayerRetired { query: None, .. } => Some(0),
            _ => None,
        })
        .collect();
    assert_eq!(layers, [1, 0, 2], "the screen shows the new one");
}

#[test]
fn q21_what_this_build_cannot_send_is_kept_and_a_later_build_revives_it() {
    let (disk, write) = stored();
    let check = |definitions: Input, reason| {
        let mut rig = starting(&disk, definitions);
        if reason == QuarantineReason::NotUpcast {
            rig.input(Input::Upcasted { write: write.clone(), result: None });
        }
        assert_eq!(last(&rig, &write), WriteState::Quarantined { reason });
        assert_eq!((rig.status().quarantined, rig.status().pending), (1, 0));
        let other = rig.submit_with(|s| s.name = "message.send".into()).unwrap();
        assert_eq!(rig.answer(200, "applied").write, other, "it holds nobody up");
        rig.pass(1_000_000);
        assert!(rig.requests.is_empty());
        let mut later = starting(&rig.disk, known(&[("activity.like", 1)]));
        assert_eq!(later.answer(200, "applied").write, write);
    };
    check(known(&[("message.send", 1)]), QuarantineReason::UnknownName);
    check(known(&[("activity.like", 2)]), QuarantineReason::NotUpcast);
    check(known(&[("activity.like", 0)]), QuarantineReason::Newer);
}

#[test]
fn q21_a_definition_that_comes_late_revives_its_writes() {
    let (disk, write) = stored();
    let mut rig = starting(&disk, known(&[]));
    assert!(rig.requests.is_empty());
    rig.input(known(&[("activity.like", 1)]));
    assert_eq!(last(&rig, &write), WriteState::Sending { attempt: 1 });
}

#[test]
fn q21_a_quarantined_write_can_be_given_up() {
    let (disk, write) = stored();
    let mut rig = starting(&disk, known(&[]));
    rig.command(Command::Discard { write: write.clone() }).unwrap();
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
    assert_eq!(rig.status().quarantined, 0);
}

#[test]
fn q21_what_was_sent_keeps_its_bytes_and_own_writes_are_known() {
    let mut rig = Rig::new();
    let sent = rig.submit("/like");
    let mut rig = starting(&rig.disk, known(&[]));
    assert_eq!(rig.answer(200, "applied").write, sent);
    let own = rig.submit("/like");
    assert_eq!(rig.answer(200, "applied").write, own, "its definition is not listed, but was just used");
}

#[test]
fn q21_a_store_that_cannot_be_opened_refuses_what_waits_for_it() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 1);
    let write = Submission { method: "POST".into(), path: "/a".into(), ..Submission::default() };
    let accepted = rig.engine.command(Command::Submit { write }, rig.now()).unwrap();
    let Accepted::Queued { write } = accepted else { panic!() };
    rig.engine.handle(Input::StoreNewer {}, rig.now());
    while let Some(output) = rig.engine.poll_output() {
        rig.log.push(output);
    }
    assert_eq!(last(&rig, &write), WriteState::Refused { error: StoreError::Newer });
    assert_eq!(count(&rig, &Output::ReloadNeeded {}), 1);
    assert_eq!(rig.submit_with(|_| {}), Err(Refusal::ReloadNeeded));
}

#[test]
fn q21_a_leader_that_hears_of_a_newer_record_ends_its_requests_and_writes_nothing_more() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.take();
    rig.hold_disk = true;
    rig.submit("/other");
    let (persist, _, _) = rig.held[0].clone();
    rig.input(Input::PersistFailed { persist, error: StoreError::Newer });
    assert_eq!(count(&rig, &Output::ReloadNeeded {}), 1);
    assert!(rig.requests.is_empty(), "aborted");
    let before = rig.held.len();
    rig.pass(1_000_000);
    assert_eq!(rig.held.len(), before);
    assert!(!matches!(last(&rig, &write), WriteState::Refused { .. }), "it is in the store");
    // Also when the lead comes to it once more.
    rig.take();
    rig.lead();
    assert_eq!((rig.log.len(), rig.held.len()), (0, before), "{:?}", rig.log);
}

#[test]
fn q20_a_clear_also_gives_up_what_has_a_step_under_way() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.hold_disk = true;
    let write = rig.submit("/like");
    rig.command(Command::Clear {}).unwrap();
    rig.command(Command::SetProcessing { on: true }).unwrap();
    while !rig.held.is_empty() {
        rig.release_disk();
    }
    assert_eq!(last(&rig, &write), WriteState::Discarded {});
    assert!(rig.requests.is_empty());
    // Its place is being stored: it is asked about instead of being sent.
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.hold_disk = false;
    rig.submit("/like");
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.command(Command::Clear {}).unwrap();
    rig.release_disk();
    let kinds: Vec<_> = rig.requests.iter().map(|(_, request)| request.kind).collect();
    assert_eq!(kinds, [RequestKind::Outcome]);
}

// ---- Q23

#[test]
fn q23_a_record_that_is_still_sealed_is_left_alone_and_the_others_are_sent() {
    let (mut disk, _) = stored();
    let sealed = disk.keys().find(|key| key.starts_with("w/")).unwrap().clone();
    disk.insert(sealed.clone(), b"tws\x01nonce nonce and a ciphertext".to_vec());
    let mut rig = Rig::on_disk(disk.clone(), 2);
    let reason = QuarantineReason::Sealed;
    assert!(rig.log.contains(&Output::Quarantined { key: sealed.clone(), reason }));
    let other = rig.submit("/like");
    assert_eq!(rig.answer(200, "applied").write, other);
    assert_eq!(rig.disk[&sealed], disk[&sealed]);
}

// ---- Q19

/// A visible tab that does not lead, with one write of its own.
fn waiting() -> (Rig, WriteId) {
    let mut rig = Rig::idle(rig::config(), Default::default(), 7);
    rig.settle();
    let write = rig.submit("/like");
    (rig, write)
}

// Both sides of core::CHALLENGE_TIMEOUT.
#[test]
fn q19_a_leader_that_does_not_answer_a_visible_tab_loses_the_lead() {
    let (mut rig, write) = waiting();
    assert_eq!(told(&rig, "i/challenge"), 1);
    rig.pass(limits::CHALLENGE_TIMEOUT.0 - 1);
    assert_eq!(count(&rig, &Output::TakeLead {}), 0);
    rig.pass(1);
    assert_eq!(count(&rig, &Output::TakeLead {}), 1);
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert_eq!(rig.answer(200, "applied").write, write);
    rig.pass(100_000);
    assert_eq!(count(&rig, &Output::TakeLead {}), 1);
}

// Both sides of core::CHALLENGE_AGAIN.
#[test]
fn q19_a_leader_that_answers_keeps_the_lead_and_is_asked_again_later() {
    let (mut rig, _) = waiting();
    for asked in 1..4 {
        assert_eq!(told(&rig, "i/challenge"), asked);
        rig.pass(limits::CHALLENGE_TIMEOUT.0 - 1);
        rig.input(news("i/alive"));
        rig.pass(limits::CHALLENGE_AGAIN.0);
    }
    assert_eq!(count(&rig, &Output::TakeLead {}), 0);
    let mut leader = Rig::new();
    leader.take();
    leader.input(news("i/challenge"));
    assert_eq!(told(&leader, "i/alive"), 1);
    leader.input(Input::LeaderLost {});
    leader.input(news("i/challenge"));
    assert_eq!(told(&leader, "i/alive"), 1, "who does not lead says nothing");
}

#[test]
fn q19_a_hidden_tab_and_one_without_writes_challenge_nobody() {
    let mut idle = Rig::idle(rig::config(), Default::default(), 7);
    idle.settle();
    idle.pass(100_000);
    assert_eq!(told(&idle, "i/challenge"), 0);
    idle.input(Input::App { signal: AppSignal::Background });
    idle.submit("/like");
    idle.pass(100_000);
    assert_eq!(told(&idle, "i/challenge"), 0);
    idle.input(Input::App { signal: AppSignal::Foreground });
    assert_eq!(told(&idle, "i/challenge"), 1, "now somebody looks");
}

/// A follower that has seen a parked write.
fn with_parked() -> (Rig, WriteId) {
    let mut leader = Rig::new();
    let write = leader.submit("/like");
    leader.answer(404, "rejected");
    let mut rig = Rig::idle(rig::config(), leader.disk, 7);
    rig.settle();
    (rig, write)
}

#[test]
fn q19_a_wish_that_nobody_heard_is_said_again_until_it_has_an_effect() {
    let (mut rig, write) = with_parked();
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    let key = wish(&rig, &write);
    assert!(told(&rig, &key) >= 1);
    let once = told(&rig, &key);
    rig.input(news("i/alive"));
    rig.pass(limits::CHALLENGE_AGAIN.0);
    assert_eq!(told(&rig, &key), once + 1);
    rig.input(news(&format!("i/no/{key}")));
    rig.pass(10 * limits::CHALLENGE_AGAIN.0);
    assert_eq!(told(&rig, &key), once + 1, "the leader will not");
}

#[test]
fn q19_a_tab_that_takes_the_lead_does_itself_what_it_had_wished() {
    let (mut rig, write) = with_parked();
    rig.command(Command::Retry { write: write.clone() }).unwrap();
    rig.pass(limits::CHALLENGE_TIMEOUT.0);
    assert_eq!(count(&rig, &Output::TakeLead {}), 1);
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert_eq!(rig.answer(200, "applied").write, write);
}

#[test]
fn q19_a_leader_that_will_not_says_so() {
    let mut rig = Rig::new();
    rig.input(news("i/retry/nobody/0"));
    assert_eq!(told(&rig, "i/no/i/retry/nobody/0"), 1);
    let parked = rig.submit("/like");
    rig.answer(404, "rejected");
    rig.input(news(&format!("i/discard/{parked}")));
    assert_eq!(last(&rig, &parked), WriteState::Discarded {});
    assert_eq!(told(&rig, &format!("i/no/i/discard/{parked}")), 0);
}

/// Found by seed 7023480.
#[test]
fn q20_nothing_expires_and_no_clock_is_stored_for_a_user_who_has_left() {
    let mut rig = Rig::new();
    rig.submit("/like");
    rig.submit_with(|s| s.ttl = Some(Millis(60_000))).unwrap();
    rig.command(Command::Suspend {}).unwrap();
    rig.answer(200, "applied");
    assert_eq!(count(&rig, &Output::Quiet {}), 1);
    rig.take();
    rig.pass(100_000_000);
    let stored = rig.log.iter().filter(|o| matches!(o, Output::Persist { .. })).count();
    assert_eq!(stored, 0, "{:?}", rig.log);
}

#[test]
fn q21_a_write_is_asked_about_once_and_an_answer_of_the_same_version_is_none() {
    let (disk, write) = stored();
    let mut rig = starting(&disk, known(&[("activity.like", 2)]));
    rig.input(known(&[("activity.like", 2)]));
    assert_eq!(upcasts(&rig), 1, "the answer is still to come");
    let same = Submission {
        name: "activity.like".into(),
        version: 1,
        method: "POST".into(),
        path: "/like".into(),
        ..Submission::default()
    };
    rig.input(Input::Upcasted { write: write.clone(), result: Some(same) });
    let reason = QuarantineReason::NotUpcast;
    assert_eq!(last(&rig, &write), WriteState::Quarantined { reason });
    rig.input(known(&[("activity.like", 2)]));
    assert_eq!(upcasts(&rig), 1, "it would fail again");
}
