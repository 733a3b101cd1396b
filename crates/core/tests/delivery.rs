//! What goes out and what an answer means, where the plain cases of `outbox.rs` end: floors, resets, pauses, foreign servers.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, header};
use tidewire_core::*;

fn floor(request: &Request) -> String {
    header(request, "tidewire-floor")
}

fn respond(rig: &mut Rig, status: u16, retry_after: Option<&str>) {
    let (fetch, _) = rig.requests.pop_front().expect("an open request");
    let response = Response {
        status,
        outcome: None,
        retry_after: retry_after.map(str::to_owned),
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: None,
    };
    rig.input(Input::Responded { fetch, response });
}

#[test]
fn q9_a_claim_that_the_disk_refused_at_first_holds_the_floor_down() {
    let mut rig = Rig::new();
    rig.submit("/known");
    rig.answer(200, "applied");
    rig.hold_disk = true;
    rig.submit("/a");
    rig.submit("/b");
    rig.release_disk();
    rig.release_disk();
    // Both records are on disk, both claims on their way: 2 for /a fails, 3 for /b does not.
    assert_eq!(rig.held.len(), 2);
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.hold_disk = false;
    rig.input(Input::PersistFailed { persist, error: StoreError::Failed });
    rig.release_disk();
    let b = rig.requests[0].1.clone();
    assert_eq!((b.path.as_str(), floor(&b).as_str()), ("/b", "2"), "2 may still be sent");
    // Also while it is being stored once more.
    rig.hold_disk = true;
    rig.pass(limits::STORE_RETRY.0);
    assert_eq!(rig.held.len(), 1);
    rig.fail_request();
    rig.command(Command::Process { pass: PassId(1) }).unwrap();
    assert_eq!(floor(&rig.requests[0].1), "2");
    rig.release_disk();
    assert_eq!(header(&rig.requests[1].1, "tidewire-sequence"), "2");
}

#[test]
fn q9_until_the_server_knows_the_client_the_floor_is_one() {
    let mut rig = Rig::new();
    rig.submit("/a");
    // Refused: the server stores nothing, also not that this client exists.
    rig.answer(404, "rejected");
    rig.submit("/b");
    assert_eq!(floor(&rig.requests[0].1), "1", "an unknown client with a floor above 1 is reset");
    rig.answer(200, "applied");
    rig.submit("/c");
    assert_eq!(floor(&rig.requests[0].1), "3");
    rig.base(1, None);
    rig.answer(200, "applied");
    // The records are gone; the client's own remembers.
    rig.pass(10_000);
    rig.fetch_begins(1);
    rig.base(1, None);
    let mut rig = Rig::on_disk(rig.disk, 2);
    rig.submit("/d");
    assert_eq!(floor(&rig.requests[0].1), "4");
}

#[test]
fn q9_a_client_reset_with_several_in_flight_makes_one_new_client() {
    let mut rig = Rig::new();
    for path in ["/a", "/b", "/c"] {
        rig.submit(path);
    }
    let old = header(&rig.requests[0].1, "tidewire-client");
    rig.hold_disk = true;
    for _ in 0..3 {
        rig.answer(409, "client-reset");
    }
    rig.hold_disk = false;
    while !rig.held.is_empty() {
        rig.release_disk();
    }
    let mut sent: Vec<_> = rig
        .requests
        .iter()
        .map(|(_, r)| (header(r, "tidewire-client"), header(r, "tidewire-sequence")))
        .collect();
    sent.sort();
    let new = sent[0].0.clone();
    assert_ne!(new, old);
    assert_eq!(sent, ["1", "2", "3"].map(|sequence| (new.clone(), sequence.to_owned())));
}

#[test]
fn q11_retry_after_holds_although_another_request_failed_in_its_own_way() {
    for ordered_first in [true, false] {
        let mut rig = Rig::new();
        rig.submit("/a");
        rig.submit("/b");
        if ordered_first {
            respond(&mut rig, 503, Some("120"));
            rig.fail_request();
        } else {
            rig.fail_request();
            respond(&mut rig, 503, Some("120"));
        }
        rig.connect();
        rig.pass(119_999);
        assert!(rig.requests.is_empty(), "the server said how long");
        rig.pass(1_001 + limits::REQUEST_BACKOFF_BASE.0);
        assert_eq!(rig.requests.len(), 2);
    }
}

#[test]
fn q11_requests_that_fail_together_are_one_failure() {
    let mut longest = 0;
    for seed in 0..50 {
        let mut rig = Rig::on_disk(Default::default(), seed);
        for path in ["/a", "/b", "/c", "/d"] {
            rig.submit(path);
        }
        for _ in 0..4 {
            rig.fail_request();
        }
        longest = longest.max(rig.status().next_attempt.unwrap().0);
    }
    assert!(longest <= limits::REQUEST_BACKOFF_BASE.0, "{longest}");
    assert!(longest > limits::REQUEST_BACKOFF_BASE.0 * 9 / 10, "the longest of four: {longest}");
}

/// Found by chaos: one lost answer right after a long tunnel kept a write back for half a minute, beside a link that was up.
#[test]
fn q11_what_fails_after_the_link_came_back_is_a_new_outage() {
    for seed in 0..50 {
        let mut rig = Rig::on_disk(Default::default(), seed);
        rig.submit("/a");
        for _ in 0..8 {
            rig.fail_request();
            rig.until_request();
        }
        rig.fail_request();
        rig.connect();
        rig.fail_request();
        let wait = rig.status().next_attempt.unwrap().0 - rig.now;
        assert!(wait <= limits::REQUEST_BACKOFF_BASE.0, "{wait}");
    }
}

#[test]
fn q12_the_token_that_was_asked_for_is_waited_for_although_another_request_fails() {
    let mut rig = Rig::new();
    for path in ["/a", "/b", "/c"] {
        rig.submit(path);
    }
    let (fetch, _) = rig.requests.pop_front().unwrap();
    let response = Response {
        status: 401,
        outcome: None,
        retry_after: None,
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: None,
    };
    rig.engine.handle(Input::Responded { fetch, response: response.clone() }, rig.now());
    let mut asked = Vec::new();
    while let Some(output) = rig.engine.poll_output() {
        if let Output::FetchAuth { auth, .. } = output {
            asked.push(auth);
        }
    }
    rig.fail_request();
    let (fetch, _) = rig.requests.pop_front().unwrap();
    rig.input(Input::Responded { fetch, response });
    assert_eq!(asked.len(), 1);
    assert!(rig.tokens_asked.is_empty(), "asked for once");
    assert_eq!(rig.status().blocked, Some(Blocked::Auth));
    rig.input(Input::Auth { auth: asked[0], result: AuthResult::Token { token: "new".into() } });
    assert_eq!(rig.requests.len(), 3);
}

#[test]
fn q12_a_second_401_waits_before_it_asks_again_and_an_answer_forgets_the_first() {
    let mut rig = Rig::new();
    rig.submit("/a");
    rig.answer(401, "");
    assert_eq!(rig.tokens_asked, [true]);
    rig.answer(401, "");
    assert_eq!(rig.tokens_asked, [true], "not at once");
    assert_eq!(rig.status().blocked, Some(Blocked::Auth));
    rig.until_request();
    assert_eq!(rig.tokens_asked, [true, true]);
    rig.answer(200, "applied");
    rig.submit("/b");
    rig.answer(401, "");
    assert_eq!(rig.tokens_asked, [true, true, true], "at once");
}

fn foreign() -> Config {
    Config { server: Server::Foreign, ..rig::config() }
}

#[test]
fn q9_after_a_kill_a_foreign_server_does_not_get_again_what_it_may_have_applied() {
    let mut rig = Rig::idle(foreign(), Default::default(), 1);
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    let post = rig.submit("/a");
    let put = rig.submit_with(|s| (s.path, s.idempotent) = ("/b".into(), true)).unwrap();
    assert_eq!(rig.requests.len(), 2);
    let mut rig = Rig::idle(foreign(), rig.disk, 2);
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    let paths: Vec<_> = rig.requests.iter().map(|(_, r)| r.path.as_str()).collect();
    assert_eq!(paths, ["/b"], "{put} is harmless");
    let state = rig.states(&post).last().cloned();
    assert!(matches!(state, Some(WriteState::Parked { reason: ParkReason::Unknown, .. })), "{state:?}");
    rig.command(Command::Retry { write: post.clone() }).unwrap();
    assert_eq!(rig.requests.back().unwrap().1.path, "/a", "the user has decided");
    respond(&mut rig, 503, None);
    respond(&mut rig, 503, None);
    rig.until_request();
    assert_eq!(rig.requests.len(), 2, "busy is no outcome: it waits as others do");
}

#[test]
fn q9_a_write_to_a_foreign_server_takes_no_place_in_the_sequence_that_ours_counts() {
    let mut rig = Rig::new();
    let abroad = |rig: &mut Rig| {
        rig.submit("https://other.example/a");
        assert_eq!(rig.requests[0].1.headers, []);
    };
    abroad(&mut rig);
    rig.answer(200, "");
    abroad(&mut rig);
    rig.fail_request();
    rig.restart();
    // Our server has never heard of this client: with a floor above 1 it would answer `client-reset`, also to the second try.
    rig.submit("/b");
    let place = |rig: &Rig| (header(&rig.requests[0].1, "tidewire-sequence"), floor(&rig.requests[0].1));
    assert_eq!(place(&rig), ("1".to_owned(), "1".to_owned()));
    rig.answer(200, "applied");
    rig.submit("/c");
    assert_eq!(
        place(&rig),
        ("2".to_owned(), "2".to_owned()),
        "nor does one of unknown outcome hold the floor down"
    );
}

#[test]
fn q4_what_memory_writes_again_into_an_emptied_store_is_not_given_up() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    let before = rig.disk.clone();
    rig.disk.clear();
    rig.disk_error = Some(StoreError::Failed);
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert!(!rig.states(&write).iter().any(|s| matches!(s, WriteState::Refused { .. })), "it was promised");
    rig.disk_error = None;
    rig.pass(limits::STORE_RETRY.0);
    assert_eq!(rig.disk, before);
}

#[test]
fn q4_a_record_that_is_damaged_on_disk_is_kept_in_memory() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    let key = rig.disk.keys().find(|k| k.starts_with("w/")).unwrap().clone();
    rig.disk.get_mut(&key).unwrap()[9] ^= 1;
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.answer(200, "applied").write, write);
}

#[test]
fn q4_a_damaged_key_does_not_spoil_the_numbers_of_later_writes() {
    let mut disk = std::collections::BTreeMap::new();
    let key = "w/ffffffffffffffff-0000000000000001";
    disk.insert(key.to_owned(), vec![1, 2, 3]);
    let mut rig = Rig::on_disk(disk, 2);
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/a");
    rig.submit("/b");
    assert_eq!(rig.disk.keys().filter(|k| k.starts_with("w/")).count(), 3);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.requests.len(), 2);
}

#[test]
fn q5_a_store_that_cannot_be_read_is_asked_again_and_what_was_queued_meanwhile_is_kept() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 1);
    rig.engine.handle(Input::Leader { epoch: LeaderEpoch(1) }, rig.now());
    let write = Submission { method: "POST".into(), path: "/like".into(), ..Submission::default() };
    rig.engine.command(Command::Submit { write }, rig.now()).unwrap();
    for round in 1..=5 {
        let mut loads = Vec::new();
        while let Some(output) = rig.engine.poll_output() {
            if let Output::Load { load } = output {
                loads.push(load);
            }
        }
        let load = *loads.last().unwrap_or_else(|| panic!("round {round} asks"));
        rig.engine.handle(Input::LoadFailed { load }, rig.now());
        rig.now += limits::STORE_RETRY.0;
        rig.engine.handle(Input::Timeout {}, rig.now());
    }
    rig.settle();
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q11_an_answer_after_the_timeout_is_ignored() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    let (fetch, _) = rig.requests[0].clone();
    rig.pass(limits::REQUEST_TIMEOUT.0);
    rig.until_request();
    let states = rig.states(&write);
    let response = Response {
        status: 404,
        outcome: Some("rejected".into()),
        retry_after: None,
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: None,
    };
    rig.input(Input::Responded { fetch, response });
    assert_eq!(rig.states(&write), states);
    assert_eq!(rig.requests.len(), 1);
}

// Both sides of core::PARKED_WRITES.
#[test]
fn q15_parked_writes_have_limits_of_their_own_and_none_is_evicted() {
    for (most, size) in [(limits::PARKED_WRITES as usize, 0), (17, 1_000_000)] {
        let mut rig = Rig::new();
        let body = "x".repeat(size);
        for n in 0..most {
            let new = rig.submit_with(|s| (s.body, s.optimistic) = (Some(body.as_str().into()), false));
            assert!(new.is_ok(), "{n} of {most} are parked");
            rig.answer(404, "rejected");
        }
        assert_eq!(rig.submit_with(|_| {}), Err(Refusal::QueueFull));
        assert_eq!(rig.status().parked as usize, most);
    }
}

// Both sides of core::RECENT_WRITES.
#[test]
fn c8_ids_of_own_writes_are_remembered_for_a_while_and_not_for_ever() {
    let mut rig = Rig::new();
    let mut writes = Vec::new();
    for _ in 0..=limits::RECENT_WRITES {
        writes.push(rig.submit_with(|s| s.optimistic = false).unwrap());
        rig.answer(200, "applied");
    }
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.joined(0, false);
    rig.room_event("r", 1, &writes[0].0);
    rig.room_event("r", 2, &writes[1].0);
    let own: Vec<_> = rig.events().iter().map(|e| e.own).collect();
    assert_eq!(own, [false, true]);
}
