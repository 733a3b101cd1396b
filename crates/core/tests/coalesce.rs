//! Writes that are the same as, replace or undo the one before them (Q8); passes and their numbers (A4); who waits for whom (Q6).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

/// A like or an unlike of one activity: one lane, each undoes the other.
fn tap(rig: &mut Rig, name: &str, undoes: &str) -> WriteId {
    let toggle = |s: &mut Submission| {
        s.name = name.into();
        s.path = format!("/{name}");
        s.lane = Some("likes/7".into());
        s.coalesce = Coalesce::CancelPair { name: undoes.into() };
    };
    rig.submit_with(toggle).unwrap()
}

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

fn go(rig: &mut Rig) {
    rig.command(Command::SetProcessing { on: true }).unwrap();
}

#[test]
fn q8_like_unlike_sends_nothing_and_like_unlike_like_ends_liked() {
    let mut rig = stopped();
    let first = tap(&mut rig, "like", "unlike");
    let second = tap(&mut rig, "unlike", "like");
    for write in [&first, &second] {
        assert_eq!(rig.states(write).last(), Some(&WriteState::Cancelled {}));
        assert_eq!(rig.retired(write), [None]);
    }
    assert_eq!(rig.disk.keys().collect::<Vec<_>>(), ["m/client"]);
    let third = tap(&mut rig, "like", "unlike");
    go(&mut rig);
    assert_eq!(rig.requests.len(), 1);
    assert_eq!(rig.answer(200, "applied").write, third);
}

#[test]
fn q8_what_was_sent_is_not_undone_in_the_queue() {
    let mut rig = Rig::new();
    tap(&mut rig, "like", "unlike");
    let second = tap(&mut rig, "unlike", "like");
    rig.answer(200, "applied");
    assert_eq!(rig.answer(200, "applied").write, second);
}

#[test]
fn q8_a_kill_at_any_step_sends_both_or_neither_of_a_pair() {
    for steps in 0..6 {
        let mut rig = stopped();
        rig.hold_disk = true;
        tap(&mut rig, "like", "unlike");
        tap(&mut rig, "unlike", "like");
        for _ in 0..steps {
            if !rig.held.is_empty() {
                rig.release_disk();
            }
        }
        rig.restart();
        let mut sent = Vec::new();
        while !rig.requests.is_empty() {
            sent.push(rig.answer(200, "applied").path);
        }
        // The second tap was promised from the second step on.
        let expected: &[&str] = if steps == 1 { &["/like"] } else { &[] };
        assert_eq!(sent, expected, "kill after {steps} steps");
    }
}

#[test]
fn q8_a_replacement_takes_the_place_of_the_last_one_of_its_lane() {
    let mut rig = stopped();
    let draft = |rig: &mut Rig, text: &str| {
        let save = |s: &mut Submission| {
            s.name = "draft.save".into();
            s.path = "/draft".into();
            s.body = Some(text.into());
            s.coalesce = Coalesce::Replace {};
        };
        rig.submit_with(save).unwrap()
    };
    let first = draft(&mut rig, "1");
    let second = draft(&mut rig, "2");
    let third = draft(&mut rig, "3");
    assert_eq!(rig.states(&first).last(), Some(&WriteState::Merged { into: second.clone() }));
    assert_eq!(rig.retired(&second), [None]);
    assert_eq!(rig.status().pending, 1);
    go(&mut rig);
    let request = rig.answer(200, "applied");
    assert_eq!((request.write, request.body), (third, Some("3".into())));
    assert!(rig.requests.is_empty());
}

#[test]
fn q8_nothing_takes_the_place_of_another_name_or_of_a_parent() {
    let mut rig = stopped();
    let replace = |s: &mut Submission| s.coalesce = Coalesce::Replace {};
    let first = rig.submit("/x");
    let child = rig.submit_with(|s| (s.path, s.depends_on) = ("/child".into(), vec![first.clone()])).unwrap();
    rig.submit_with(|s| {
        s.path = "/x".into();
        replace(s);
    })
    .unwrap();
    rig.submit_with(|s| {
        (s.path, s.name) = ("/x".into(), "other".into());
        replace(s);
    })
    .unwrap();
    assert_eq!(rig.status().pending, 4);
    assert_eq!(rig.states(&child).last(), Some(&WriteState::Durable { behind: Some(first) }));
}

#[test]
fn q8_the_same_write_again_is_the_one_that_waits() {
    let mut rig = stopped();
    let follow = |rig: &mut Rig, key: &str| {
        let write = Submission {
            method: "POST".into(),
            path: "/follow".into(),
            dedupe_key: Some(key.into()),
            ..Submission::default()
        };
        rig.command(Command::Submit { write }).unwrap()
    };
    let Accepted::Queued { write } = follow(&mut rig, "ana") else { panic!() };
    assert_eq!(follow(&mut rig, "ana"), Accepted::Merged { into: write.clone() });
    assert!(matches!(follow(&mut rig, "ben"), Accepted::Queued { .. }));
    // Only the last record of the lane is looked at.
    assert!(matches!(follow(&mut rig, "ana"), Accepted::Queued { .. }));
    assert_eq!(rig.status().pending, 3);
}

#[test]
fn q6_status_says_who_waits_for_whom_and_says_it_again_when_that_changes() {
    let mut rig = Rig::new();
    let first = rig.submit("/a");
    let second = rig.submit("/a");
    let third = rig.submit("/a");
    let other = rig.submit("/b");
    assert_eq!(rig.states(&second), [WriteState::Durable { behind: Some(first) }]);
    assert_eq!(rig.states(&third), [WriteState::Durable { behind: Some(second.clone()) }]);
    assert_eq!(rig.states(&other)[0], WriteState::Durable { behind: None });
    rig.take();
    rig.command(Command::Cancel { write: second.clone() }).unwrap();
    assert!(matches!(&rig.states(&third)[..], [WriteState::Durable { behind: Some(_) }]));
    rig.take();
    rig.answer(422, "rejected");
    assert_eq!(rig.states(&third)[0], WriteState::Durable { behind: None });
}

#[test]
fn q22_the_oldest_pending_write_is_named_by_its_time() {
    let mut rig = stopped();
    rig.submit("/a");
    rig.pass(5_000);
    let second = rig.submit("/b");
    assert_eq!(rig.status().oldest, Some(WallTime(rig::WALL)));
    go(&mut rig);
    rig.answer(422, "rejected");
    assert_eq!(rig.status().oldest, Some(WallTime(rig::WALL + 5_000)));
    assert_eq!(rig.answer(422, "rejected").write, second);
    assert_eq!(rig.status().oldest, None);
}

#[test]
fn q22_status_is_ready_once_the_store_is_read_and_blocked_only_while_something_waits() {
    let mut rig = Rig::new();
    assert!(rig.status().ready);
    rig.submit("/x");
    assert_eq!((rig.status().pending, rig.status().blocked), (1, None), "it is under way");
    rig.command(Command::SetProcessing { on: false }).unwrap();
    assert_eq!(rig.status().blocked, Some(Blocked::Stopped));
    rig.answer(200, "applied");
    assert_eq!((rig.status().pending, rig.status().blocked), (0, None), "nothing is held up");
}

#[test]
fn c3_q22_without_a_network_nothing_is_woken_where_nothing_waits() {
    let probes = |offline: bool, queued: bool| {
        let mut rig = stopped();
        if queued {
            rig.submit("/x");
        }
        if offline {
            rig.input(Input::Network { signal: NetworkSignal::Offline });
        }
        rig.take();
        (0..3).filter(|_| rig.next_deadline() == Some(TimerKind::OfflineSend)).count()
    };
    assert_eq!(probes(true, false), 0);
    assert_eq!(probes(false, true), 0);
    assert_eq!(probes(true, true), 1, "the queue is stopped: one probe is kept");
}

fn passes(rig: &Rig) -> Vec<(u32, u32, u32, u32)> {
    let done = rig.log.iter().filter_map(|o| match o {
        Output::PassDone { pass, processed, failed, skipped } => {
            Some((pass.0, *processed, *failed, *skipped))
        }
        _ => None,
    });
    done.collect()
}

#[test]
fn a4_a_pass_counts_what_was_done_failed_and_parked_and_is_joined() {
    let mut rig = stopped();
    for path in ["/ok", "/ok", "/bad", "/down"] {
        rig.submit(path);
    }
    go(&mut rig);
    rig.command(Command::Process { pass: PassId(1) }).unwrap();
    rig.command(Command::Process { pass: PassId(2) }).unwrap();
    rig.answer(200, "applied");
    rig.answer(422, "rejected");
    assert_eq!(passes(&rig), []);
    rig.respond(response(500, None));
    rig.answer(200, "applied");
    assert_eq!(passes(&rig), [(1, 2, 1, 1), (2, 2, 1, 1)]);
}

#[test]
fn a4_a_pass_that_can_do_nothing_ends_at_once() {
    let mut rig = stopped();
    rig.submit("/a");
    rig.command(Command::Process { pass: PassId(1) }).unwrap();
    assert_eq!(passes(&rig), [(1, 0, 0, 0)]);
    // While the store is read it waits for that.
    let mut rig = Rig::idle(rig::config(), rig.disk.clone(), 2);
    rig.engine.command(Command::Process { pass: PassId(2) }, rig.now()).unwrap();
    rig.settle();
    assert_eq!(passes(&rig), [(2, 0, 0, 0)]);
}

#[test]
fn q8_what_waits_for_another_or_cannot_be_sent_undoes_nothing() {
    let undo = |s: &mut Submission| {
        (s.name, s.path, s.lane) = ("unlike".into(), "/unlike".into(), Some("likes/7".into()));
        s.coalesce = Coalesce::CancelPair { name: "like".into() };
    };
    let mut rig = stopped();
    let parent = rig.submit("/parent");
    let first = tap(&mut rig, "like", "unlike");
    rig.submit_with(|s| {
        undo(s);
        s.depends_on = vec![parent];
    })
    .unwrap();
    assert_eq!(rig.states(&first).last(), Some(&WriteState::Durable { behind: None }));
    // Stored by a tab that may not decide; this build knows only one of the two.
    let mut other = Rig::idle(rig::config(), Default::default(), 2);
    other.settle();
    let first = tap(&mut other, "like", "unlike");
    other.submit_with(undo).unwrap();
    let mut rig = Rig::idle(rig::config(), other.disk, 3);
    rig.settle();
    rig.input(Input::Definitions { known: vec![KnownMutation { name: "like".into(), version: 1 }] });
    rig.lead();
    assert_eq!(rig.requests[0].1.write, first);
}

#[test]
fn q8_each_step_of_a_pair_is_taken_once_whatever_happens_between() {
    let mut rig = stopped();
    rig.hold_disk = true;
    tap(&mut rig, "like", "unlike");
    tap(&mut rig, "unlike", "like");
    let mut steps = 0;
    while !rig.held.is_empty() {
        for _ in 0..3 {
            rig.command(Command::SetProcessing { on: false }).unwrap();
        }
        rig.release_disk();
        steps += 1;
    }
    assert_eq!(rig.disk.keys().filter(|key| key.starts_with("w/")).count(), 0);
    let removed = rig.log.iter().filter(|o| matches!(o, Output::Persist { value: None, .. })).count();
    assert_eq!(removed, 2, "in {steps} steps");
}
