//! Two tabs over one store (Q19): what one does while the other leads, takes over, or has died.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, header};
use tidewire_core::*;

fn follower(disk: &Rig, seed: u8) -> Rig {
    let mut rig = Rig::idle(rig::config(), disk.disk.clone(), seed);
    rig.settle();
    rig.take();
    rig
}

fn news(rig: &mut Rig) -> Vec<Input> {
    let told = rig.take().into_iter().filter_map(|o| match o {
        Output::Broadcast { key, value } => Some(Input::StoreChanged { key, value }),
        _ => None,
    });
    told.collect()
}

/// What `from` did reaches the disk and the ears of `to`.
fn tell(from: &mut Rig, to: &mut Rig) {
    to.disk = from.disk.clone();
    for input in news(from) {
        to.input(input);
    }
}

fn parked(rig: &Rig, write: &WriteId) -> bool {
    matches!(rig.states(write).last(), Some(WriteState::Parked { .. }))
}

#[test]
fn q19_only_the_leader_sends_and_it_sends_what_other_tabs_queued() {
    let mut leader = Rig::new();
    let mut other = follower(&leader, 2);
    let write = other.submit("/like");
    assert!(other.requests.is_empty());
    assert_eq!(other.status().blocked, Some(Blocked::Follower));
    tell(&mut other, &mut leader);
    assert_eq!(leader.requests.len(), 1);
    assert!(
        leader.log.iter().any(|o| matches!(o, Output::LayerAdded { restored: true, .. })),
        "all tabs show it"
    );
    leader.answer(200, "applied");
    tell(&mut leader, &mut other);
    let states = other.states(&write);
    assert!(states.iter().any(|s| matches!(s, WriteState::Acknowledged { status: 200, .. })), "{states:?}");
}

#[test]
fn q9_q19_late_news_of_a_write_that_another_tab_has_sent_and_settled_does_not_send_it_again() {
    // A tab queues a write and is frozen before it can tell.
    let mut frozen = Rig::idle(rig::config(), Default::default(), 2);
    frozen.settle();
    frozen.submit_with(|s| s.optimistic = false).unwrap();
    let late = news(&mut frozen);
    // Another one reads it, sends it, settles it.
    let mut second = Rig::on_disk(frozen.disk, 3);
    second.answer(200, "applied");
    assert_eq!(second.disk.keys().collect::<Vec<_>>(), ["m/client"]);
    // A third one leads when the news comes.
    let mut third = Rig::on_disk(second.disk, 4);
    for input in late {
        third.input(input);
    }
    assert!(third.requests.is_empty(), "its outcome was definite, and nothing remembers it: {:?}", third.log);
    assert_eq!(third.status().pending, 0);
}

#[test]
fn q9_q19_a_leader_does_not_take_an_older_stage_for_news() {
    let mut leader = Rig::new();
    let write = leader.submit("/like");
    let queued: Vec<_> = news(&mut leader)
        .into_iter()
        .filter(|n| !matches!(n, Input::StoreChanged { key, .. } if key == "m/client"))
        .collect();
    leader.fail_request();
    leader.input(queued[0].clone()); // What was told first comes last: it was not sent then.
    leader.until_request();
    assert_eq!(
        header(&leader.requests[0].1, "tidewire-sequence"),
        "1",
        "one place in the sequence for {write}"
    );
}

#[test]
fn q19_a_write_that_another_tab_queued_while_the_store_was_read_is_not_missed() {
    let mut old = Rig::new();
    old.submit("/a");
    let mut leader = Rig::idle(rig::config(), Default::default(), 2);
    let mut loads = Vec::new();
    leader.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, leader.now());
    while let Some(output) = leader.engine.poll_output() {
        if let Output::Load { load } = output {
            loads.push(load);
        }
    }
    // The reading saw nothing; then another tab queues, and its news comes before the answer.
    let mut other = Rig::idle(rig::config(), Default::default(), 3);
    other.settle();
    other.submit("/like");
    leader.disk = other.disk.clone();
    for input in news(&mut other) {
        leader.engine.handle(input, leader.now());
    }
    let load = loads.pop().unwrap();
    leader.input(Input::Loaded { load, records: vec![] });
    assert_eq!(leader.requests.len(), 1);
}

/// Found by the simulator: a tab that was frozen tells what was true then, and a new tab took it for a write that is still queued.
#[test]
fn q19_news_of_a_frozen_tab_bring_no_write_back() {
    let mut frozen = Rig::idle(rig::config(), Default::default(), 3);
    frozen.settle();
    frozen.submit("/like");
    let late = news(&mut frozen);
    let mut rig = Rig::idle(rig::config(), Default::default(), 2);
    rig.settle();
    for input in late {
        rig.input(input);
    }
    assert_eq!(rig.status().pending, 0);
}

#[test]
fn q19_a_follower_shows_what_it_heard_while_it_read() {
    let mut other = Rig::idle(rig::config(), Default::default(), 3);
    other.settle();
    let write = other.submit("/like");
    let mut rig = Rig::idle(rig::config(), Default::default(), 2);
    let Some(Output::Load { load }) = rig.engine.poll_output() else { panic!() };
    rig.disk = other.disk.clone();
    for input in news(&mut other) {
        rig.engine.handle(input, rig.now());
    }
    rig.input(Input::Loaded { load, records: vec![] });
    assert_eq!(rig.status().pending, 1);
    assert_eq!(rig.states(&write), [WriteState::Durable { behind: None }]);
}

#[test]
fn q19_a_follower_looks_up_what_it_is_told_of_a_write_that_it_does_not_know() {
    // It was stored, a tab was frozen before it told so, the write was sent and settled, and this tab was opened.
    let mut frozen = Rig::idle(rig::config(), Default::default(), 3);
    frozen.settle();
    let write = frozen.submit("/like");
    let mut opened = Rig::idle(rig::config(), Default::default(), 2);
    opened.settle();
    for input in news(&mut frozen) {
        opened.input(input);
    }
    assert_eq!(opened.states(&write), [], "it is on no disk");
    assert_eq!(opened.status().pending, 0);
}

#[test]
fn q4_q19_a_step_that_ends_while_the_store_is_read_is_not_undone_by_what_was_read_before() {
    let mut rig = Rig::new();
    let kept = rig.submit("/a");
    rig.hold_disk = true;
    let write = rig.submit("/b");
    // The leadership changes hands and comes back; the answers to the readings were on their way before the step.
    rig.engine.handle(Input::LeaderLost {}, rig.now());
    rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, rig.now());
    let before: Vec<_> = rig
        .disk
        .iter()
        .map(|(key, value)| StoredRecord { key: key.clone(), value: Blob(value.clone()) })
        .collect();
    let mut last = None;
    while let Some(output) = rig.engine.poll_output() {
        if let Output::Load { load } = output {
            last = Some(load);
        }
    }
    rig.hold_disk = false;
    rig.release_disk();
    rig.input(Input::Loaded { load: last.unwrap(), records: before });
    assert!(!rig.states(&write).contains(&WriteState::Discarded {}), "{:?}", rig.states(&write));
    assert_eq!(rig.status().pending, 2, "{kept} and {write}");
}

#[test]
fn q19_who_loses_the_lead_gives_its_requests_up_and_its_late_answers_change_nothing() {
    let mut rig = Rig::new();
    let write = rig.submit("/like");
    let (fetch, _) = rig.requests[0].clone();
    rig.input(Input::LeaderLost {});
    assert!(rig.log.contains(&Output::Abort { fetch }));
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Retrying { status: 0 }));
    let before = rig.disk.clone();
    let response = Response {
        status: 500,
        outcome: None,
        retry_after: None,
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: None,
    };
    rig.input(Input::Responded { fetch, response });
    assert_eq!(rig.disk, before, "another tab may have stored its outcome");
    assert_eq!(rig.status().in_flight, 0);
}

#[test]
fn q2_q19_a_step_that_failed_is_not_stored_under_another_leadership() {
    let mut rig = Rig::new();
    rig.submit("/like");
    rig.disk_error = Some(StoreError::Failed);
    rig.answer(500, "");
    rig.disk_error = None;
    rig.input(Input::LeaderLost {});
    // Another tab finishes the write meanwhile.
    let mut other = Rig::on_disk(rig.disk.clone(), 2);
    other.answer(200, "applied");
    other.base(1, None);
    rig.disk = other.disk.clone();
    let before = rig.disk.clone();
    rig.pass(10_000);
    assert_eq!(rig.disk, before, "who does not lead writes nothing down");
    rig.input(Input::Leader { epoch: LeaderEpoch(3) });
    rig.pass(10_000);
    assert_eq!(rig.disk, before);
    assert!(rig.requests.is_empty());
}

#[test]
fn q19_several_steps_that_are_fenced_at_once_all_end() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    for path in ["/a", "/b", "/c"] {
        rig.submit(path);
    }
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    let held: Vec<_> = rig.held.drain(..).collect();
    assert_eq!(held.len(), 3);
    rig.hold_disk = false;
    for (persist, ..) in held {
        rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    }
    assert_eq!(rig.status().blocked, Some(Blocked::Follower));
    rig.input(Input::Leader { epoch: LeaderEpoch(3) });
    assert_eq!(rig.requests.len(), 3, "none is stuck");
}

#[test]
fn q19_a_fence_of_an_earlier_leadership_does_not_end_the_present_one() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/a");
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.hold_disk = false;
    rig.input(Input::LeaderLost {});
    rig.input(Input::Leader { epoch: LeaderEpoch(3) });
    rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q13_q19_a_follower_retries_and_discards_through_the_sending_tab() {
    let mut leader = Rig::new();
    let retried = leader.submit("/a");
    let discarded = leader.submit("/b");
    leader.answer(404, "rejected");
    leader.answer(404, "rejected");
    let mut other = follower(&leader, 2);
    let before = other.disk.clone();
    other.command(Command::Retry { write: retried.clone() }).unwrap();
    other.command(Command::Discard { write: discarded.clone() }).unwrap();
    assert_eq!(other.disk, before, "the sending tab alone changes a record");
    let wishes = news(&mut other);
    for input in wishes.clone() {
        leader.input(input);
    }
    assert_eq!(leader.requests.len(), 1);
    assert_eq!(leader.states(&discarded).last(), Some(&WriteState::Discarded {}));
    assert_eq!(leader.retired(&discarded), [None]);
    tell(&mut leader, &mut other);
    assert_eq!(other.states(&discarded).last(), Some(&WriteState::Discarded {}));
    assert_eq!(other.states(&retried).last(), Some(&WriteState::Retrying { status: 0 }));
    // Asked for twice, or too late: nothing happens.
    other.take();
    assert_eq!(other.command(Command::Retry { write: retried.clone() }), Err(Refusal::NotParked));
    for input in wishes {
        leader.input(input);
    }
    leader.input(Input::StoreChanged { key: "i/discard/nobody".into(), value: None });
    assert_eq!(leader.requests.len(), 1);
}

#[test]
fn q8_q19_a_follower_cannot_take_back_what_the_sending_tab_may_already_have_read() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 2);
    rig.settle();
    rig.hold_disk = true;
    let write = rig.submit("/like");
    assert_eq!(rig.command(Command::Cancel { write }), Err(Refusal::Follower));
}

#[test]
fn q18_a_removal_that_was_fenced_puts_the_layer_back() {
    let mut rig = Rig::new();
    let write = rig.submit_with(|s| s.keep_layer_when_parked = true).unwrap();
    rig.answer(404, "rejected");
    rig.disk_error = Some(StoreError::Fenced);
    rig.take();
    rig.command(Command::Discard { write: write.clone() }).unwrap();
    assert!(parked(&rig, &write));
    let standing = rig.log.iter().fold(true, |standing, o| match o {
        Output::LayerAdded { write: w, .. } if *w == write => true,
        Output::LayerRetired { write: w, query: None } if *w == write => false,
        _ => standing,
    });
    assert!(standing, "{:?}", rig.log);
}

#[test]
fn q9_q19_a_client_reset_is_no_proof_after_another_tab_has_led() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.hold_disk = false;
    rig.release_disk(); // Claimed, not sent; another tab leads for a while and may have sent it.
    rig.input(Input::LeaderLost {});
    rig.input(Input::Leader { epoch: LeaderEpoch(3) });
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.answer(409, "client-reset");
    assert!(parked(&rig, &write), "{:?}", rig.states(&write));
}

#[test]
fn q21_a_client_record_of_a_newer_build_is_not_overwritten_and_nothing_is_sent() {
    let mut old = Rig::new();
    old.command(Command::SetProcessing { on: false }).unwrap();
    old.submit("/like");
    let mut disk = old.disk;
    let client = disk.get_mut("m/client").unwrap();
    client[2] += 1;
    let split = client.len() - 4;
    let sum = crc32(b"m/client\0", &client[..split]);
    client[split..].copy_from_slice(&sum.to_le_bytes());
    let before = disk.clone();
    let mut rig = Rig::on_disk(disk, 2);
    assert!(
        rig.log.contains(&Output::Quarantined { key: "m/client".into(), reason: QuarantineReason::Newer })
    );
    rig.pass(100_000);
    assert_eq!(rig.disk, before);
    assert!(rig.requests.is_empty());
    assert_eq!(rig.status().blocked, Some(Blocked::ReloadNeeded));
    assert_eq!(rig.log.iter().filter(|o| **o == Output::ReloadNeeded {}).count(), 1);
    assert_eq!(rig.submit_with(|_| {}), Err(Refusal::ReloadNeeded));
    rig.input(Input::Leader { epoch: LeaderEpoch(9) });
    rig.pass(100_000);
    assert_eq!(rig.disk, before);
}

fn crc32(key: &[u8], content: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in key.iter().chain(content) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn q19_a_reading_from_before_does_not_take_back_what_was_heard_since() {
    let mut leader = Rig::new();
    let ended = leader.submit_with(|s| (s.path, s.optimistic) = ("/a".into(), false)).unwrap();
    let going = leader.submit("/b");
    leader.take();
    let mut rig = follower(&leader, 2);
    rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, rig.now());
    rig.engine.handle(Input::LeaderLost {}, rig.now());
    let before = leader.disk.iter();
    let before: Vec<_> =
        before.map(|(key, value)| StoredRecord { key: key.clone(), value: Blob(value.clone()) }).collect();
    let mut load = None;
    while let Some(output) = rig.engine.poll_output() {
        if let Output::Load { load: last } = output {
            load = Some(last);
        }
    }
    leader.answer(200, "applied");
    leader.answer(200, "applied");
    let told = news(&mut leader);
    rig.disk = leader.disk.clone();
    for input in told.clone() {
        rig.input(input);
    }
    rig.input(Input::Loaded { load: load.unwrap(), records: before });
    assert_eq!(rig.states(&ended).last(), Some(&WriteState::Settled {}));
    assert!(matches!(rig.states(&going).last(), Some(WriteState::Acknowledged { .. })));
    assert_eq!(rig.status().pending, 0);
    // Nor does news that comes late and out of turn.
    rig.input(told[0].clone());
    assert_eq!(rig.states(&ended).last(), Some(&WriteState::Settled {}));
}

#[test]
fn q21_a_write_that_is_being_given_up_is_not_stored_again_when_its_upcast_comes() {
    let mut old = Rig::idle(rig::config(), Default::default(), 2);
    old.settle();
    let write = old.submit_with(|s| s.name = "like".into()).unwrap();
    let mut rig = Rig::idle(rig::config(), old.disk, 3);
    rig.settle();
    rig.input(Input::Definitions { known: vec![KnownMutation { name: "like".into(), version: 2 }] });
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    let asked = |o: &Output| matches!(o, Output::Upcast { write: asked, .. } if *asked == write);
    assert!(rig.log.iter().any(asked), "{:?}", rig.log);
    rig.hold_disk = true;
    rig.engine.command(Command::Cancel { write: write.clone() }, rig.now()).unwrap();
    rig.settle();
    rig.log.clear();
    let result = Submission {
        name: "like".into(),
        version: 2,
        method: "POST".into(),
        path: "/like".into(),
        ..Submission::default()
    };
    rig.input(Input::Upcasted { write, result: Some(result) });
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Persist { value: Some(_), .. })), "{:?}", rig.log);
}

/// Found by seed 5027055: another tab's removal is on disk before its news. What a reading finds gone may have been taken back.
#[test]
fn q13_q19_a_follower_that_finds_a_record_gone_waits_for_the_news_of_its_end() {
    let mut leader = Rig::new();
    leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let waiting = leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let mut rig = follower(&leader, 2);
    leader.take();
    leader.command(Command::Cancel { write: waiting.clone() }).unwrap();
    rig.disk = leader.disk.clone();
    let look = Input::StoreChanged { key: "i/read".into(), value: None };
    rig.input(look.clone());
    assert!(!rig.states(&waiting).contains(&WriteState::Settled {}), "nobody has said that it was applied");
    tell(&mut leader, &mut rig);
    assert_eq!(rig.states(&waiting).last(), Some(&WriteState::Discarded {}));
}

#[test]
fn q19_a_record_whose_end_nobody_tells_ends_with_the_next_reading() {
    let mut leader = Rig::new();
    let write = leader.submit_with(|s| s.optimistic = false).unwrap();
    let mut rig = follower(&leader, 2);
    leader.answer(200, "applied"); // And its tab dies before it tells.
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    assert_eq!(rig.states(&write), []);
    rig.pass(1_000);
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
    assert_eq!(rig.status().pending, 0);
}

/// A leader whose write, which stays on screens, was refused, and a tab that has not heard of it: a base has counted the write's place, and
/// taken its layer away.
fn refused_and_counted() -> (Rig, Rig, WriteId) {
    let mut leader = Rig::new();
    let named = |s: &mut Submission| (s.name, s.keep_layer_when_parked) = ("like".into(), true);
    let write = leader.submit_with(named).unwrap();
    let mut rig = follower(&leader, 2);
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(1)] });
    let request = leader.answer(422, "rejected");
    let client = ClientId(header(&request, "tidewire-client"));
    let ranges = vec![SequenceRange { from: Sequence(1), to: Sequence(1) }];
    rig.base_with(1, None, Some(Applied { client, ranges }), vec![]);
    assert!(rig.retired(&write).contains(&Some(1)), "it cannot know better");
    rig.take();
    (leader, rig, write)
}

/// The layer was shown anew since.
fn assert_stands_again(rig: &Rig) {
    let mut layers =
        rig.log.iter().filter(|o| matches!(o, Output::LayerAdded { .. } | Output::LayerRetired { .. }));
    assert!(matches!(layers.next_back(), Some(Output::LayerAdded { restored: true, .. })), "{:?}", rig.log);
}

/// Found by seed 5023309: `applied=` of a base counts the place of a write that was voided, and the layer that is to stay was gone.
#[test]
fn q14_q17_a_layer_that_stays_stands_again_when_a_base_has_taken_its_place() {
    let (mut leader, mut rig, write) = refused_and_counted();
    tell(&mut leader, &mut rig);
    assert!(parked(&rig, &write));
    assert_stands_again(&rig);
}

/// Found by seed 190046183: of a write that was refused, sent again and set aside once more this tab heard only the last. Its layer had
/// gone for the first place of the write, which counts no more.
#[test]
fn q14_q17_a_layer_stands_again_when_the_write_has_another_place_than_the_one_that_a_base_counted() {
    for ends in [false, true] {
        let (mut leader, mut rig, write) = refused_and_counted();
        leader.command(Command::Retry { write: write.clone() }).unwrap();
        for _ in 0..if ends { limits::TRIES } else { 0 } {
            leader.until_request();
            leader.answer(500, "");
        }
        leader.take();
        rig.disk = leader.disk.clone();
        rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
        assert_eq!(parked(&rig, &write), ends);
        assert_stands_again(&rig);
    }
}

/// Found by seed 20035092: a follower hears that a write has settled before it hears of the names that its answer gave.
#[test]
fn q7_q19_a_follower_that_does_not_know_the_name_yet_sends_no_temporary_id() {
    let mut leader = Rig::new();
    leader.submit_with(|s| (s.temp_ids, s.optimistic) = (vec!["temp-0001".into()], false)).unwrap();
    let mut rig = follower(&leader, 2);
    leader.take();
    leader.answer_named(&[("temp-0001", "7")]);
    let told = news(&mut leader);
    rig.disk = leader.disk.clone();
    let settled = |n: &&Input| matches!(n, Input::StoreChanged { value: None, .. });
    for input in told.iter().filter(settled) {
        rig.input(input.clone());
    }
    rig.submit_with(|s| s.path = "/of/temp-0001".into()).unwrap();
    tell(&mut rig, &mut leader);
    assert_eq!(leader.requests[0].1.path, "/of/7");
}

/// Found by seed 40024053: a tab took a write whose record was gone for applied, led, and sent what depended on it. It had been taken back.
#[test]
fn q7_q19_a_record_that_is_gone_without_a_word_is_no_proof_for_who_depends_on_it() {
    let mut leader = Rig::new();
    leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let parent = leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let mut rig = follower(&leader, 2);
    leader.command(Command::Cancel { write: parent.clone() }).unwrap();
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    rig.pass(1_000);
    assert_eq!(rig.states(&parent).last(), Some(&WriteState::Settled {}), "nobody said otherwise");
    let child = |s: &mut Submission| (s.path, s.depends_on) = ("/b".into(), vec![parent.clone()]);
    let child = rig.submit_with(child).unwrap();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig.until_request();
    assert!(rig.requests.iter().all(|(_, request)| request.path != "/b"), "{:?}", rig.requests);
    assert!(parked(&rig, &child));
}

/// Found by seed 50030371: what this tab knew as parked was sent again through another tab and applied before this one heard of it.
#[test]
fn q13_q19_a_parked_write_that_is_gone_without_a_word_is_not_called_discarded() {
    let mut leader = Rig::new();
    let write = leader.submit_with(|s| s.keep_layer_when_parked = true).unwrap();
    leader.answer(422, "rejected");
    let mut rig = follower(&leader, 2);
    leader.disk.retain(|key, _| !key.starts_with("w/"));
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    rig.pass(1_000);
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
    assert_eq!(rig.retired(&write), [], "its layer stands until a base shows what is true");
}

#[test]
fn q7_q19_a_layer_that_is_put_above_another_tabs_again_mentions_the_real_name() {
    let mut leader = Rig::new();
    let mut other = follower(&leader, 2);
    leader.submit_with(|s| s.temp_ids = vec!["temp-0001".into()]).unwrap();
    let child =
        leader.submit_with(|s| (s.path, s.variables) = ("/c".into(), "\"temp-0001\"".into())).unwrap();
    other.submit_with(|s| s.path = "/other".into()).unwrap();
    leader.answer_named(&[("temp-0001", "7")]);
    leader.take();
    leader.disk.extend(other.disk.clone().into_iter().filter(|(key, _)| key.starts_with("w/")));
    for input in news(&mut other) {
        leader.input(input);
    }
    let shown = leader.log.iter().filter_map(|o| match o {
        Output::LayerAdded { write, variables, .. } if *write == child => Some(variables.0.clone()),
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["\"7\""]);
}

#[test]
fn q7_q19_a_child_from_another_tab_of_a_write_that_succeeded_and_is_gone_is_sent() {
    let names = [("temp-0001", "7")];
    // Who did it remembers the last ones; a later process knows of those that named something.
    for (named, restarts) in [(&names[..0], false), (&names[..], true)] {
        let mut leader = Rig::new();
        leader.command(Command::SetProcessing { on: false }).unwrap();
        let temp_ids = named.iter().map(|(temp, _)| (*temp).into()).collect();
        let parent = leader.submit_with(|s| (s.temp_ids, s.optimistic) = (temp_ids, false)).unwrap();
        let mut other = follower(&leader, 2);
        let child =
            other.submit_with(|s| (s.path, s.depends_on) = ("/c".into(), vec![parent.clone()])).unwrap();
        let is_new = |key: &String| !leader.disk.contains_key(key);
        let stored: Vec<_> = other.disk.clone().into_iter().filter(|(key, _)| is_new(key)).collect();
        leader.command(Command::SetProcessing { on: true }).unwrap();
        leader.answer_named(named);
        leader.disk.extend(stored);
        if restarts {
            leader.restart();
        } else {
            news(&mut other).into_iter().for_each(|input| leader.input(input));
        }
        assert_eq!(leader.requests.back().map(|(_, r)| r.write.clone()), Some(child), "{restarts}");
    }
}
