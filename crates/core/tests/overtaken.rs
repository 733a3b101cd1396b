//! A write whose first step reaches the disk, is read there by another tab and ends, before this tab hears of any of it (Q9, Q19).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use std::collections::BTreeMap;

use rig::Rig;
use tidewire_core::*;

/// A disk with a client id, as another tab's engine has left it.
fn used_disk() -> BTreeMap<String, Vec<u8>> {
    Rig::new().disk
}

fn follower(disk: BTreeMap<String, Vec<u8>>) -> Rig {
    let mut rig = Rig::idle(rig::config(), disk, 2);
    rig.settle();
    rig
}

#[test]
fn q9_a_write_that_another_tab_sent_before_its_own_tab_heard_that_it_is_stored_is_not_sent_again() {
    let mut rig = follower(used_disk());
    rig.hold_disk = true;
    let write = rig.submit("/like");
    // It is on the disk; the tab that leads reads it, sends it and removes it. Then this tab leads, and only then hears `Persisted`.
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.hold_disk = false;
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig.input(Input::Persisted { persist });
    assert!(rig.requests.is_empty(), "it was sent again");
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
}

#[test]
fn q19_a_follower_that_hears_too_early_of_its_own_write_looks_at_the_disk() {
    let mut rig = follower(used_disk());
    rig.hold_disk = true;
    let write = rig.submit("/like");
    let (persist, key, _) = rig.held.pop_front().unwrap();
    rig.input(Input::StoreChanged { key, value: None });
    rig.input(Input::Persisted { persist });
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
}

#[test]
fn q13_q19_a_follower_that_hears_too_early_that_its_own_write_was_given_up_says_so() {
    let mut rig = follower(used_disk());
    rig.hold_disk = true;
    let write = rig.submit("/like");
    let (persist, key, _) = rig.held.pop_front().unwrap();
    rig.input(Input::StoreChanged { key, value: Some(Blob(b"given up".to_vec())) });
    rig.input(Input::Persisted { persist });
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Discarded {}));
}

#[test]
fn q9_a_late_persisted_of_the_tab_that_leads_now_is_sent_when_the_disk_still_has_it() {
    let mut rig = follower(used_disk());
    rig.hold_disk = true;
    rig.submit("/like");
    rig.hold_disk = false;
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig.release_disk();
    assert_eq!(rig.requests.len(), 1);
}

#[test]
fn q19_a_tab_that_missed_how_a_write_ended_does_not_call_it_discarded() {
    let mut first = Rig::new();
    let write = first.submit("/like");
    let mut rig = follower(first.disk.clone());
    assert_eq!(rig.states(&write), [WriteState::Retrying { status: 0 }]);
    rig.base(1, None);
    // The other tab ends it; this one was frozen and leads next.
    rig.disk.retain(|key, _| !key.starts_with("w/"));
    rig.take();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert_eq!(rig.states(&write), [WriteState::Settled {}]);
    assert_eq!(rig.retired(&write), [], "its layer stands until a base shows what is true");
    rig.pass(limits::LAYER_TIMEOUT.0);
    assert_eq!(rig.retired(&write), [None]);
}

#[test]
fn q19_old_news_that_come_late_do_not_undo_newer_ones() {
    let mut leader = Rig::new();
    leader.hold_disk = true;
    let write = leader.submit("/like");
    let (_, key, queued) = leader.held.front().cloned().unwrap();
    leader.hold_disk = false;
    leader.release_disk();
    leader.answer(422, "rejected");
    let mut rig = follower(leader.disk.clone());
    assert!(matches!(rig.states(&write)[..], [WriteState::Parked { .. }]));
    rig.take();
    rig.input(Input::StoreChanged { key, value: queued });
    assert_eq!(rig.states(&write), [], "the disk still says parked");
}

#[test]
fn q13_a_write_that_may_have_been_sent_is_never_called_discarded() {
    let mut leader = Rig::new();
    let write = leader.submit("/like");
    let mut rig = follower(leader.disk.clone());
    let key = leader.disk.keys().find(|key| key.starts_with("w/")).unwrap().clone();
    rig.take();
    rig.input(Input::StoreChanged { key, value: None });
    assert_eq!(rig.states(&write), [WriteState::Settled {}]);
    assert_eq!(rig.retired(&write), []);
}

#[test]
fn q19_a_write_whose_tab_died_before_it_told_of_it_is_passed_on_by_the_next_tab() {
    let mut dying = follower(used_disk());
    dying.submit("/like");
    let mut leader = Rig::new();
    leader.disk = dying.disk.clone();
    // The news of the dying tab are lost; a new tab finds the record.
    let mut next = follower(dying.disk.clone());
    for output in next.take() {
        if let Output::Broadcast { key, value } = output {
            leader.input(Input::StoreChanged { key, value });
        }
    }
    assert_eq!(leader.requests.len(), 1);
}

#[test]
fn q9_a_sequence_that_another_leader_stored_is_not_given_again_though_a_step_hides_its_record() {
    let mut other = Rig::new();
    let mut disk = other.disk.clone();
    let write = other.submit("/a");
    let key = other.disk.keys().find(|key| key.starts_with("w/")).unwrap().clone();
    // It was refused, another write was sent after it, and it is sent once more: at the third place.
    other.answer(404, "rejected");
    other.submit("/z");
    other.answer(200, "applied");
    other.command(Command::Retry { write: write.clone() }).unwrap();
    let claimed = other.disk[&key].clone();
    // This tab leads over the same write, not claimed yet, and its claim is on its way when it loses the lead.
    let mut before = Rig::idle(rig::config(), disk.clone(), 1);
    before.settle();
    before.submit("/a");
    disk = before.disk.clone();
    let queued_key = disk.keys().find(|key| key.starts_with("w/")).unwrap().clone();
    assert_eq!(key, queued_key, "the same seed chooses the same key");
    let mut rig = follower(disk);
    rig.hold_disk = true;
    rig.input(Input::Leader { epoch: LeaderEpoch(1) });
    let (persist, ..) = rig.held.pop_front().expect("the claim");
    rig.disk.insert(key, claimed);
    rig.input(Input::LeaderLost {});
    rig.input(Input::Leader { epoch: LeaderEpoch(3) });
    rig.hold_disk = false;
    let second = rig.submit("/b");
    rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    let sequence = |rig: &Rig, write: &WriteId| {
        let request = rig.requests.iter().find(|(_, request)| request.write == *write);
        request.map(|(_, request)| rig::header(request, "tidewire-sequence"))
    };
    assert_eq!(sequence(&rig, &write).as_deref(), Some("3"));
    assert_eq!(sequence(&rig, &second).as_deref(), Some("4"));
}
