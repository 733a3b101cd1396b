//! Two tabs over one store (Q19): what one does while the other leads, and what news of it is worth.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;
mod several;

use rig::{Rig, header};
use several::{follower, news, tell};
use tidewire_core::*;

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
