//! The queue of writes against a scripted disk and server: semantics.md Q.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, header};
use tidewire_core::*;

#[test]
fn q1_nothing_is_sent_before_it_is_on_disk() {
    let mut rig = Rig::new();
    rig.hold_disk = true;
    let write = rig.submit("/like");
    assert_eq!(rig.held.len(), 1, "only the record itself is on its way");
    assert!(rig.requests.is_empty());
    rig.release_disk();
    assert_eq!(rig.states(&write), [WriteState::Durable { behind: None }]);
    assert!(rig.requests.is_empty(), "Q9: its sequence is not on disk yet");
    rig.release_disk();
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q4_the_layer_stands_in_the_same_call_and_goes_alone_if_the_store_refuses() {
    let mut rig = Rig::new();
    rig.hold_disk = true;
    let kept = rig.submit("/a");
    rig.hold_disk = false;
    rig.disk_error = Some(StoreError::Full);
    let refused = rig.submit("/b");
    let layers: Vec<_> = rig
        .log
        .iter()
        .filter_map(|o| if let Output::LayerAdded { write, .. } = o { Some(write.clone()) } else { None })
        .collect();
    assert_eq!(layers, [kept.clone(), refused.clone()]);
    assert_eq!(rig.states(&refused), [WriteState::Refused { error: StoreError::Full }]);
    assert_eq!(rig.retired(&refused), [None]);
    assert_eq!(rig.retired(&kept), []);
    assert_eq!(rig.status().pending, 1);
}

#[test]
fn q4_a_corrupt_record_is_set_aside_and_the_others_are_sent() {
    let mut rig = Rig::new();
    rig.reachable = false;
    rig.command(Command::SetProcessing { on: false }).unwrap();
    for path in ["/a", "/b", "/c"] {
        rig.submit(path);
    }
    let mut disk = rig.disk.clone();
    let key = disk.keys().filter(|k| k.starts_with("w/")).nth(1).unwrap().clone();
    let middle = disk.get_mut(&key).unwrap();
    let at = middle.len() / 2;
    middle[at] ^= 1;
    let mut rig = Rig::on_disk(disk, 2);
    assert!(rig.log.contains(&Output::Quarantined { key: key.clone(), reason: QuarantineReason::Corrupt }));
    let paths: Vec<_> = rig.requests.iter().map(|(_, r)| r.path.clone()).collect();
    assert_eq!(paths, ["/a", "/c"]);
    assert!(rig.disk.contains_key(&key), "it is kept");
    rig.answer(200, "applied");
}

#[test]
fn q5_writes_made_before_the_store_is_read_come_after_what_is_in_it() {
    let mut old = Rig::new();
    old.command(Command::SetProcessing { on: false }).unwrap();
    old.submit_with(|s| s.body = Some("1".into())).unwrap();
    let mut rig = Rig::idle(rig::config(), old.disk, 2);
    // Nothing has been performed yet: the store is still being read.
    let write = Submission {
        method: "POST".into(),
        path: "/like".into(),
        body: Some("2".into()),
        optimistic: true,
        ..Default::default()
    };
    rig.engine.command(Command::Submit { write }, rig.now()).unwrap();
    assert!(rig.requests.is_empty());
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    assert_eq!(rig.answer(200, "applied").body, Some("1".into()), "one lane: strictly in order");
    assert_eq!(rig.answer(200, "applied").body, Some("2".into()));
    // Q18: on the screen, too, the older layer lies below.
    let layers: Vec<_> = rig
        .log
        .iter()
        .filter_map(|o| match o {
            Output::LayerAdded { variables, restored, .. } => Some((variables.0.clone(), *restored)),
            _ => None,
        })
        .collect();
    assert_eq!(
        layers.last(),
        Some(&(String::new(), true)),
        "the newer layer is put on again, on top: {layers:?}"
    );
}

// Both sides of core::IN_FLIGHT.
#[test]
fn q6_a_lane_is_fifo_and_lanes_do_not_wait_for_each_other() {
    let mut rig = Rig::new();
    for path in ["/a", "/a", "/b", "/c?x=1", "/c?x=2", "/d", "/e"] {
        rig.submit(path);
    }
    let open: Vec<_> = rig.requests.iter().map(|(_, r)| r.path.clone()).collect();
    assert_eq!(open, ["/a", "/b", "/c?x=1", "/d"], "four in flight, one per lane");
    rig.answer(200, "applied");
    let open: Vec<_> = rig.requests.iter().map(|(_, r)| r.path.clone()).collect();
    assert_eq!(open, ["/b", "/c?x=1", "/d", "/a"]);
}

#[test]
fn q9_sequences_are_contiguous_and_the_floor_is_the_oldest_open_one() {
    let mut rig = Rig::new();
    for path in ["/a", "/b", "/c"] {
        rig.submit(path);
    }
    let sequences: Vec<_> = rig.requests.iter().map(|(_, r)| header(r, "tidewire-sequence")).collect();
    assert_eq!(sequences, ["1", "2", "3"]);
    assert!(rig.requests.iter().all(|(_, r)| header(r, "tidewire-floor") == "1"));
    let first = rig.requests.pop_front().unwrap();
    rig.answer(200, "applied");
    rig.submit("/d");
    let (_, fourth) = rig.requests.back().unwrap();
    assert_eq!(
        (header(fourth, "tidewire-sequence"), header(fourth, "tidewire-floor")),
        ("4".into(), "1".into())
    );
    rig.requests.push_front(first);
    rig.answer(200, "applied");
    rig.submit("/e");
    let (_, fifth) = rig.requests.back().unwrap();
    assert_eq!(header(fifth, "tidewire-floor"), "3", "1 and 2 have settled, 3 is open");
}

#[test]
fn q9_after_a_kill_a_sent_write_goes_out_with_the_same_key_client_and_sequence() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.body = Some("{\"text\":\"hej ✓\"}".into())).unwrap();
    let before = rig.requests[0].1.clone();
    let after = Rig::on_disk(rig.disk, 9).requests[0].1.clone();
    assert_eq!(after, before);
}

#[test]
fn q9_sequences_are_never_used_twice_although_records_are_removed() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        rig.submit_with(|s| s.optimistic = false).unwrap();
        rig.answer(200, "applied");
    }
    assert_eq!(rig.disk.keys().collect::<Vec<_>>(), ["m/client"], "nothing is left of settled writes");
    let mut rig = Rig::on_disk(rig.disk, 3);
    rig.submit("/like");
    assert_eq!(header(&rig.requests[0].1, "tidewire-sequence"), "4");
}

#[test]
fn q9_a_client_reset_gives_a_new_client_to_what_was_never_applied_and_parks_the_rest() {
    let mut rig = Rig::new();
    let retried = rig.submit("/a");
    rig.fail_request();
    rig.pass(2_000);
    let first_client = header(&rig.requests[0].1, "tidewire-client");
    rig.answer(409, "client-reset");
    assert!(
        matches!(rig.states(&retried).last(), Some(WriteState::Parked { reason: ParkReason::Unknown, .. })),
        "its first attempt may have been applied"
    );
    let fresh = rig.submit("/b");
    let request = rig.requests[0].1.clone();
    assert_ne!(header(&request, "tidewire-client"), first_client);
    assert_eq!(header(&request, "tidewire-sequence"), "1");
    rig.answer(409, "client-reset");
    let again = rig.requests[0].1.clone();
    assert_eq!(header(&again, "idempotency-key"), header(&request, "idempotency-key"));
    assert_ne!(header(&again, "tidewire-client"), header(&request, "tidewire-client"));
    rig.answer(200, "applied");
    assert!(matches!(rig.states(&fresh).last(), Some(WriteState::Acknowledged { .. })));
}

#[test]
fn q11_no_answer_pauses_the_origin_uses_no_try_and_changes_nothing_about_the_request() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    for round in 0..20 {
        let request = rig.fail_request();
        assert_eq!(header(&request, "tidewire-sequence"), "1", "round {round}");
        assert_eq!(rig.status().blocked, Some(Blocked::Unreachable));
        rig.until_request();
    }
    rig.answer(200, "replayed");
    let last = rig.states(&write);
    assert_eq!(
        last.last(),
        Some(&WriteState::Acknowledged { status: 200, body: Some("{}".into()), replayed: true })
    );
}

// Both sides of core::REQUEST_TIMEOUT.
#[test]
fn q11_a_request_that_nobody_answers_is_given_up_and_sent_again() {
    let mut rig = Rig::new();
    rig.submit("/like");
    let (fetch, _) = rig.requests.pop_front().unwrap();
    rig.pass(limits::REQUEST_TIMEOUT.0 - 1);
    assert!(!rig.log.contains(&Output::Abort { fetch }));
    rig.pass(1);
    assert!(rig.log.contains(&Output::Abort { fetch }));
    rig.pass(limits::REQUEST_BACKOFF_BASE.0);
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q11_a_new_link_ends_the_wait_for_a_request_that_fell_into_the_same_hole() {
    let mut rig = Rig::new();
    rig.submit("/old");
    rig.pass(1_900);
    rig.submit("/young");
    rig.pass(100);
    let (old, _) = rig.requests[0].clone();
    rig.connect();
    assert!(rig.log.contains(&Output::Abort { fetch: old }));
    let open: Vec<_> = rig.requests.iter().map(|(_, r)| (r.path.as_str(), r.attempt)).collect();
    assert_eq!(open, [("/young", 1), ("/old", 2)]);
}

#[test]
fn q11_retry_after_is_obeyed() {
    let mut rig = Rig::new();
    rig.submit("/like");
    let (fetch, _) = rig.requests.pop_front().unwrap();
    let response = Response {
        status: 503,
        outcome: None,
        retry_after: Some("120".into()),
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: None,
    };
    rig.input(Input::Responded { fetch, response });
    // Neither a link nor a signal shortens what the server asked for.
    rig.connect();
    rig.input(Input::Network { signal: NetworkSignal::Online });
    rig.pass(119_999);
    assert!(rig.requests.is_empty());
    rig.pass(1_001);
    assert_eq!(rig.requests.len(), 1);
}

// Both sides of core::TRIES_AT_MOST.
/// How many an app allows, also after a kill.
#[test]
fn q11_an_app_says_how_many_answers_of_500_park_a_write() {
    for tries in [1, limits::TRIES_AT_MOST] {
        let mut rig = Rig::new();
        let write = rig.submit_with(|s| s.tries = Some(tries)).unwrap();
        for left in (0..tries).rev() {
            rig.restart();
            rig.until_request();
            rig.answer(500, "");
            let parked = matches!(rig.states(&write).last(), Some(WriteState::Parked { .. }));
            assert_eq!(parked, left == 0, "{left} left of {tries}");
        }
    }
    // One below the least, one above the most.
    for tries in [0, limits::TRIES_AT_MOST + 1] {
        assert_eq!(Rig::new().submit_with(|s| s.tries = Some(tries)), Err(Refusal::Malformed));
    }
}

// Both sides of core::TRIES.
#[test]
fn q11_q13_three_answers_of_500_park_the_write_and_retry_sends_the_same() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    let first = rig.answer(500, "");
    rig.pass(1_000);
    rig.answer(500, "");
    // The count survives a kill.
    let mut rig = Rig::on_disk(rig.disk, 5);
    rig.pass(10_000);
    rig.answer(500, "");
    assert!(matches!(
        rig.states(&write).last(),
        Some(WriteState::Parked { reason: ParkReason::OutOfTries, status: 500, .. })
    ));
    assert_eq!((rig.status().pending, rig.status().parked), (0, 1));
    assert_eq!(
        rig.command(Command::Discard { write: write.clone() }),
        Ok(Accepted::Asked {}),
        "its outcome is not known: the server is asked first"
    );
    let mut rig = Rig::on_disk(rig.disk, 6);
    assert_eq!(rig.status().parked, 1, "parked writes survive a kill");
    rig.command(Command::Retry { write }).unwrap();
    let again = rig.answer(200, "applied");
    assert_eq!(again.headers, first.headers);
}

#[test]
fn q12_a_401_asks_for_a_token_once_and_resumes_with_the_same_bytes() {
    let mut rig = Rig::new();
    rig.submit("/a");
    rig.submit("/b");
    let first = rig.answer(401, "");
    assert_eq!(rig.tokens_asked, [true]);
    rig.requests.rotate_left(1);
    let again = rig.answer(200, "applied");
    assert_eq!((again.path.as_str(), again.headers), ("/a", first.headers));
}

#[test]
fn q12_a_user_who_is_signed_out_keeps_the_queue() {
    let mut rig = Rig::new();
    rig.token = AuthResult::Missing {};
    let write = rig.submit("/a");
    rig.answer(401, "");
    assert_eq!(rig.status().blocked, Some(Blocked::Auth));
    rig.pass(600_000);
    assert_eq!(rig.status().pending, 1);
    rig.token = AuthResult::Token { token: "new".into() };
    rig.until_request();
    rig.answer(200, "applied");
    assert!(matches!(rig.states(&write).last(), Some(WriteState::Acknowledged { .. })));
}

#[test]
fn q13_q14_a_refused_write_is_parked_and_the_lane_goes_on() {
    let mut rig = Rig::new();
    rig.submit("/first");
    rig.answer(200, "applied");
    let refused = rig.submit("/a");
    rig.submit("/a");
    rig.answer(404, "rejected");
    assert_eq!(
        rig.states(&refused).last(),
        Some(&WriteState::Parked { reason: ParkReason::Permanent, status: 404, body: Some("{}".into()) })
    );
    assert_eq!(rig.retired(&refused), [None], "a like that was refused is taken back");
    let next = rig.answer(200, "applied");
    assert_eq!(header(&next, "tidewire-floor"), "3", "a refused sequence is given up");
    rig.command(Command::Retry { write: refused.clone() }).unwrap();
    assert_eq!(header(&rig.requests[0].1, "tidewire-sequence"), "4", "the same key in a new place");
    assert_eq!(header(&rig.requests[0].1, "idempotency-key"), format!("\"{refused}\""));
    rig.answer(404, "rejected");
    rig.command(Command::Discard { write: refused.clone() }).unwrap();
    assert_eq!(rig.states(&refused).last(), Some(&WriteState::Discarded {}));
    assert_eq!(rig.status().parked, 0);
}

#[test]
fn q13_a_message_that_was_refused_keeps_its_place_on_the_screen() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.keep_layer_when_parked = true).unwrap();
    rig.answer(403, "rejected");
    assert_eq!(rig.retired(&write), []);
    let again = Rig::on_disk(rig.disk, 4);
    assert!(again.log.iter().any(|o| matches!(o, Output::LayerAdded { restored: true, .. })));
}

#[test]
fn q10_a_captive_portal_is_no_answer() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.answer(200, "");
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Retrying { status: 200 }));
    assert!(rig.log.contains(&Output::Log { note: Note::UnmarkedAnswer }));
    assert_eq!(rig.status().pending, 1);
}

#[test]
fn q9_a_foreign_server_gets_a_write_of_unknown_outcome_again_only_if_it_is_idempotent() {
    let config = Config { server: Server::Foreign, ..rig::config() };
    let mut rig = Rig::idle(config, Default::default(), 1);
    rig.settle();
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    let post = rig.submit("/a");
    let put =
        rig.submit_with(|s| (s.path, s.method, s.idempotent) = ("/b".into(), "PUT".into(), true)).unwrap();
    assert!(rig.requests[0].1.headers.is_empty(), "its CORS policy may not know our headers");
    rig.fail_request();
    assert!(matches!(rig.states(&post).last(), Some(WriteState::Parked { reason: ParkReason::Unknown, .. })));
    rig.fail_request();
    assert!(matches!(rig.states(&put).last(), Some(WriteState::Retrying { .. })));
}

// Both sides of core::PENDING_WRITES.
#[test]
fn q15_the_hundredth_write_is_taken_and_the_next_refused_with_nothing_changed() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    for _ in 0..limits::PENDING_WRITES {
        rig.submit("/like");
    }
    let disk = rig.disk.clone();
    assert_eq!(rig.submit_with(|_| {}), Err(Refusal::QueueFull));
    assert_eq!(rig.disk, disk);
    let big = "x".repeat(limits::WRITE_BYTES as usize);
    let mut rig = Rig::new();
    assert_eq!(rig.submit_with(|s| s.body = Some(big.as_str().into())), Err(Refusal::TooLarge));
    let fits = "x".repeat(limits::WRITE_BYTES as usize - 300);
    assert!(rig.submit_with(|s| s.body = Some(fits.as_str().into())).is_ok());
    assert_eq!(rig.submit_with(|s| s.path = "no slash".into()), Err(Refusal::Malformed));
}

#[test]
fn q2_an_outcome_that_the_disk_refuses_is_tried_until_it_is_stored() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.disk_error = Some(StoreError::Failed);
    rig.answer(200, "applied");
    rig.pass(5_000);
    assert!(!rig.states(&write).iter().any(|s| matches!(s, WriteState::Acknowledged { .. })));
    rig.disk_error = None;
    rig.pass(limits::STORE_RETRY.0);
    assert!(matches!(rig.states(&write).last(), Some(WriteState::Acknowledged { .. })));
    assert!(rig.requests.is_empty(), "it was not sent again");
}

#[test]
fn a2_a_write_that_was_never_sent_is_cancelled_at_once_and_a_sent_one_is_voided() {
    let mut rig = Rig::new();
    rig.submit("/a");
    let waiting = rig.submit("/a");
    let sent = rig.requests[0].1.write.clone();
    assert_eq!(rig.command(Command::Cancel { write: sent }), Ok(Accepted::Asked {}));
    assert_eq!(rig.requests[0].1.kind, RequestKind::Outcome);
    rig.command(Command::Cancel { write: waiting.clone() }).unwrap();
    assert_eq!(rig.states(&waiting).last(), Some(&WriteState::Discarded {}));
    rig.respond(Response { body: Some(r#"{"outcome":"voided"}"#.into()), ..rig::response(200, None) });
    assert!(rig.requests.is_empty());
}

#[test]
fn c3_known_to_be_offline_nothing_is_sent_but_one_probe_in_thirty_seconds() {
    let mut rig = Rig::new();
    rig.input(Input::Network { signal: NetworkSignal::Offline });
    rig.submit("/a");
    rig.submit("/b");
    assert_eq!(rig.status().blocked, Some(Blocked::Offline));
    rig.pass(limits::OFFLINE_PROBE.0 - 1);
    assert!(rig.requests.is_empty());
    rig.pass(1);
    assert_eq!(rig.requests.len(), 1, "the signal may be wrong");
    rig.input(Input::Network { signal: NetworkSignal::Online });
    assert_eq!(rig.requests.len(), 2);
}

#[test]
fn q19_a_tab_that_takes_the_lead_reads_the_store_first() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 2);
    rig.settle();
    // Another tab queued this and was closed before it could say so.
    let mut other = Rig::idle(rig::config(), Default::default(), 3);
    other.settle();
    other.submit("/like");
    rig.disk = other.disk;
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q19_a_fenced_tab_gives_way_and_keeps_the_write() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/like");
    rig.disk_error = Some(StoreError::Fenced);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert!(rig.requests.is_empty());
    assert_eq!(rig.status().blocked, Some(Blocked::Follower));
    assert_eq!(rig.status().pending, 1);
}

#[test]
fn q4_an_emptied_store_is_noticed_and_filled_again() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/like");
    let before = rig.disk.clone();
    rig.disk.clear();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert!(rig.log.contains(&Output::Log { note: Note::StoreEmptied }));
    assert_eq!(rig.disk, before);
}

#[test]
fn q13_a_parked_write_without_a_layer_is_known_by_name_after_a_restart() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    rig.answer(404, "rejected");
    let again = Rig::on_disk(rig.disk, 4);
    let expected =
        Output::WriteFound { write, name: "activity.like".into(), version: 1, variables: "\"7\"".into() };
    assert!(again.log.contains(&expected));
    assert!(
        !again.log.iter().any(|o| matches!(o, Output::LayerAdded { .. })),
        "a refused like shows nothing"
    );
}

/// CRC-32 over the key, a zero byte and the content, as a record of the store ends with it.
fn sealed(key: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = !0u32;
    for byte in key.as_bytes().iter().chain(&[0]).chain(content) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    [content, &(!crc).to_le_bytes()].concat()
}

#[test]
fn q4_a_record_that_ends_early_or_late_is_set_aside_although_its_checksum_is_right() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/a");
    let key = rig.disk.keys().find(|k| k.starts_with("w/")).unwrap().clone();
    let content = rig.disk[&key][..rig.disk[&key].len() - 4].to_vec();
    let sent = |content: &[u8]| {
        let disk = [(key.clone(), sealed(&key, content))].into();
        Rig::on_disk(disk, 2).requests.len()
    };
    assert_eq!(sent(&content), 1);
    assert_eq!(sent(&[&content[..], &[0]].concat()), 0, "a byte more");
    for length in 0..content.len() {
        assert_eq!(sent(&content[..length]), 0, "{length} of {}", content.len());
    }
}
