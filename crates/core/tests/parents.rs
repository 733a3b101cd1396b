//! Dependants while steps are under way, and records that are kept for them no longer than they need (Q2, Q6, Q7). The plain cases stand in
//! `dependants.rs`.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

fn plain(rig: &mut Rig, path: &str) -> WriteId {
    rig.submit_with(|s| (s.path, s.optimistic) = (path.into(), false)).unwrap()
}

fn dependant(rig: &mut Rig, path: &str, on: &[&WriteId]) -> WriteId {
    let on = on.iter().map(|write| (*write).clone()).collect();
    rig.submit_with(|s| (s.path, s.depends_on, s.optimistic) = (path.into(), on, false)).unwrap()
}

/// Writes whose records stand in the store, by their paths.
fn kept(rig: &Rig, paths: &[&str]) -> Vec<bool> {
    let records: Vec<_> = rig.disk.iter().filter(|(key, _)| key.starts_with("w/")).collect();
    let has = |path: &&str| records.iter().any(|(_, value)| String::from_utf8_lossy(value).contains(*path));
    paths.iter().map(has).collect()
}

#[test]
fn q6_q7_whom_a_write_waits_for_is_told_again_when_that_changes() {
    let mut rig = stopped();
    let (first, second) = (plain(&mut rig, "/first"), plain(&mut rig, "/second"));
    let child = dependant(&mut rig, "/child", &[&first, &second]);
    let behind = |rig: &Rig| match rig.states(&child).pop() {
        Some(WriteState::Durable { behind }) => behind,
        other => panic!("{other:?}"),
    };
    assert_eq!(behind(&rig), Some(first.clone()));
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.take();
    assert_eq!(rig.answer(200, "applied").write, first);
    assert_eq!(behind(&rig), Some(second));
}

#[test]
fn q7_a_dependant_whose_step_is_under_way_is_set_aside_once_it_has_ended() {
    let mut rig = stopped();
    let parent = plain(&mut rig, "/parent");
    let write = dependant(&mut rig, "/child", &[&parent]);
    let child = rig.disk.iter().find(|(_, value)| String::from_utf8_lossy(value).contains("/child")).unwrap();
    let child = child.0.clone();
    rig.hold_disk = true;
    rig.take();
    rig.command(Command::Cancel { write: parent }).unwrap();
    rig.release_disk();
    let steps = |rig: &Rig| rig.held.iter().filter(|(_, key, _)| *key == child).count();
    for _ in 0..3 {
        assert_eq!(steps(&rig), 1, "each step once");
        rig.input(Input::Network { signal: NetworkSignal::Changed });
    }
    while !rig.held.is_empty() {
        rig.release_disk();
    }
    let last = rig.states(&write).pop();
    assert!(matches!(last, Some(WriteState::Parked { reason: ParkReason::ParentFailed, .. })), "{last:?}");
}

#[test]
fn q2_q7_only_parents_are_kept_for_who_waits_for_them() {
    let mut rig = stopped();
    let parent = plain(&mut rig, "/parent");
    plain(&mut rig, "/another");
    let open = plain(&mut rig, "/open");
    dependant(&mut rig, "/child", &[&parent, &open]);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.requests.len(), 3);
    rig.answer(200, "applied");
    rig.answer(200, "applied");
    assert_eq!(kept(&rig, &["/parent", "/another", "/child"]), [true, false, true]);
    rig.answer(200, "applied");
    rig.answer(200, "applied");
    assert_eq!(kept(&rig, &["/parent", "/open", "/child"]), [false; 3]);
}

#[test]
fn q7_q13_an_edit_that_stands_for_a_parent_is_kept_like_it() {
    let mut rig = stopped();
    let (parent, open) = (plain(&mut rig, "/parent"), plain(&mut rig, "/open"));
    dependant(&mut rig, "/child", &[&parent, &open]);
    let (name, method) = ("edited".into(), "PUT".into());
    let submission = Submission { name, method, path: "/edited".into(), ..Submission::default() };
    rig.command(Command::Edit { write: parent, submission }).unwrap();
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.requests.len(), 2);
    assert_eq!(rig.answer(200, "applied").path, "/edited");
    assert_eq!(kept(&rig, &["/edited", "/child"]), [true, true]);
    rig.answer(200, "applied");
    rig.answer(200, "applied");
    assert_eq!(kept(&rig, &["/edited", "/child"]), [false, false]);
}

#[test]
fn q2_q7_a_dependant_that_was_set_aside_without_a_name_keeps_nobody() {
    let mut rig = stopped();
    rig.submit_with(|s| {
        (s.path, s.optimistic) = ("/parent".into(), false);
        s.temp_ids = vec!["tmp-12345678".into()];
    })
    .unwrap();
    rig.submit_with(|s| (s.path, s.optimistic) = ("/child/tmp-12345678".into(), false)).unwrap();
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.answer(200, "applied");
    assert_eq!(rig.status().parked, 1);
    assert_eq!(kept(&rig, &["/parent", "/child"]), [false, true]);
}
