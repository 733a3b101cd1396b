//! A tab that loses the lead or gets it back (Q19): its steps are fenced, its answers and readings come late.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;
mod several;

use rig::Rig;
use several::{follower, news, parked};
use tidewire_core::*;

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
