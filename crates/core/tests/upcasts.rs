//! Two builds over one store (Q21): writes of an older version, what the new one keeps of the old one, whose answer counts; and a store of a newer build. The plain cases stand in `leaving.rs`.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, WALL};
use tidewire_core::*;

/// Another process over the same store, whose build knows `activity.like` as version 2: those that wait are to be upcast.
fn newer(before: &Rig) -> Rig {
    let mut rig = Rig::idle(rig::config(), before.disk.clone(), 5);
    (rig.now, rig.wall) = (before.now, before.wall);
    let known = [("parent", 1), ("activity.like", 2)];
    let known = known.map(|(name, version)| KnownMutation { name: name.into(), version }).into();
    rig.engine.handle(Input::Definitions { known }, rig.now());
    rig.settle();
    rig.lead();
    assert!(rig.log.iter().any(|o| matches!(o, Output::Upcast { version: 1, .. })));
    rig
}

/// The app's answer: version 2, with nothing of the old one.
fn upcast(rig: &mut Rig, write: &WriteId) {
    let new = Submission {
        name: "activity.like".into(),
        version: 2,
        method: "PUT".into(),
        path: "/v2".into(),
        optimistic: true,
        ..Submission::default()
    };
    rig.input(Input::Upcasted { write: write.clone(), result: Some(new) });
}

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

#[test]
fn q13_q21_an_upcast_write_keeps_its_age_and_its_time_to_live() {
    let mut rig = stopped();
    let write = rig.submit_with(|s| s.ttl = Some(Millis(10_000))).unwrap();
    rig.pass(6_000);
    let mut rig = newer(&rig);
    rig.command(Command::SetProcessing { on: false }).unwrap();
    upcast(&mut rig, &write);
    assert_eq!(rig.status().oldest, Some(WallTime(WALL)));
    rig.pass(3_999);
    assert_eq!(rig.status().parked, 0);
    rig.pass(1);
    assert_eq!(rig.status().parked, 1, "ten seconds after it was made");
}

#[test]
fn q7_q21_an_upcast_write_waits_for_the_same_parents() {
    let mut rig = stopped();
    let parent = rig.submit_with(|s| (s.name, s.path) = ("parent".into(), "/parent".into())).unwrap();
    let child =
        rig.submit_with(|s| (s.path, s.depends_on) = ("/child".into(), vec![parent.clone()])).unwrap();
    let mut rig = newer(&rig);
    upcast(&mut rig, &child);
    assert_eq!(rig.requests.len(), 1);
    assert_eq!(rig.answer(200, "applied").write, parent);
    assert_eq!(rig.requests[0].1.path, "/v2");
}

#[test]
fn q19_q21_the_answer_to_a_tab_that_leads_no_longer_changes_nothing() {
    let mut rig = stopped();
    let write = rig.submit("/like");
    let mut rig = newer(&rig);
    rig.input(Input::LeaderLost {});
    rig.take();
    upcast(&mut rig, &write);
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Persist { .. })), "{:?}", rig.log);
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

/// Red if the time for deciding that ends while a step of the write is under way is the last word: its lane then waits for ever.
#[test]
fn q10_q21_nobody_decides_a_conflict_whose_write_is_just_being_brought_to_another_version() {
    let mut rig = stopped();
    let write = rig.submit_with(|s| s.on_conflict = true).unwrap();
    let mut rig = Rig::on_disk(rig.disk, 5);
    rig.answer(412, "rejected");
    assert!(matches!(rig.states(&write).pop(), Some(WriteState::Conflict { .. })));
    let known = vec![KnownMutation { name: "activity.like".into(), version: 2 }];
    rig.input(Input::Definitions { known });
    rig.hold_disk = true;
    upcast(&mut rig, &write);
    rig.pass(30_000);
    rig.hold_disk = false;
    rig.release_disk();
    rig.pass(1_000);
    assert!(matches!(
        rig.states(&write).pop(),
        Some(WriteState::Parked { reason: ParkReason::Conflict, .. })
    ));
}
