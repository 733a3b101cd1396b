//! What a tab that follows shows of what the leader has stored: whose layer goes, comes back, or stands as it stood (Q13, Q16, Q19).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

/// A leader with one write in its queue, not sent, and a tab that has read it.
fn two(change: impl FnOnce(&mut Submission)) -> (Rig, Rig, WriteId) {
    let mut leader = Rig::new();
    leader.command(Command::SetProcessing { on: false }).unwrap();
    let write = leader.submit_with(change).unwrap();
    let mut other = Rig::idle(rig::config(), leader.disk.clone(), 2);
    other.settle();
    leader.take();
    other.take();
    (leader, other, write)
}

fn start(leader: &mut Rig) {
    leader.command(Command::SetProcessing { on: true }).unwrap();
}

/// What the leader did reaches the other tab; returns what becomes of layers there: `+` one is added, `-` one goes.
fn tell(leader: &mut Rig, other: &mut Rig) -> String {
    other.disk = leader.disk.clone();
    other.take();
    for output in leader.take() {
        if let Output::Broadcast { key, value } = output {
            other.input(Input::StoreChanged { key, value });
        }
    }
    let layers = other.log.iter().filter_map(|o| match o {
        Output::LayerAdded { .. } => Some('+'),
        Output::LayerRetired { .. } => Some('-'),
        _ => None,
    });
    layers.collect()
}

fn refuse(leader: &mut Rig) {
    leader.until_request();
    leader.respond(response(404, Some("rejected")));
}

#[test]
fn q13_q16_a_layer_goes_when_its_write_is_set_aside_and_comes_back_when_it_is_tried_again() {
    let (mut leader, mut other, write) = two(|_| {});
    start(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "", "it is sent");
    refuse(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "-");
    leader.command(Command::Retry { write: write.clone() }).unwrap();
    assert_eq!(tell(&mut leader, &mut other), "+");
    refuse(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "-");
}

#[test]
fn q13_q16_a_layer_that_is_to_stay_is_shown_anew_where_its_write_is_set_aside_and_stays_when_it_is_tried_again()
 {
    let (mut leader, mut other, write) = two(|s| s.keep_layer_when_parked = true);
    start(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "");
    refuse(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "-+", "a base may have taken its place meanwhile");
    leader.command(Command::Retry { write: write.clone() }).unwrap();
    assert_eq!(tell(&mut leader, &mut other), "");
}

#[test]
fn q16_q18_what_has_no_layer_gets_none_whatever_becomes_of_it() {
    type Change = fn(&mut Submission);
    let cases: [(Change, bool); 2] = [(|s| s.optimistic = false, true), (|s| s.name = String::new(), false)];
    for (change, named) in cases {
        for keep in [false, true] {
            let (mut leader, mut other, write) = two(|s| {
                s.keep_layer_when_parked = keep;
                change(s);
            });
            start(&mut leader);
            refuse(&mut leader);
            let mut layers = tell(&mut leader, &mut other);
            // What a closure shows only the page knows that it was made in.
            if named {
                leader.command(Command::Retry { write: write.clone() }).unwrap();
                layers.push_str(&tell(&mut leader, &mut other));
            }
            assert_eq!(layers.matches('+').count(), 0, "{keep}: {layers}");
        }
    }
}

#[test]
fn q9_q16_a_write_that_gets_another_client_id_is_shown_all_the_while() {
    let (mut leader, mut other, _) = two(|_| {});
    start(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "", "it is sent");
    leader.command(Command::SetProcessing { on: false }).unwrap();
    leader.answer(409, "client-reset");
    // A base may have taken it away for its old place, which counts no more: it is shown anew, in the same step.
    assert_eq!(tell(&mut leader, &mut other), "-+", "it is as if it had never been sent");
    start(&mut leader);
    assert_eq!(tell(&mut leader, &mut other), "");
}

/// As a rule the leader has sent it when the other tab reads it.
#[test]
fn q16_q21_an_upcast_write_is_shown_in_its_new_version_also_when_it_is_sent_already() {
    for sent in [false, true] {
        let (before, mut other, write) = two(|_| {});
        let mut leader = Rig::idle(rig::config(), before.disk, 3);
        let known = vec![KnownMutation { name: "activity.like".into(), version: 2 }];
        leader.engine.handle(Input::Definitions { known }, leader.now());
        leader.settle();
        leader.lead();
        leader.command(Command::SetProcessing { on: sent }).unwrap();
        assert_eq!(tell(&mut leader, &mut other), "", "it is asked for");
        let result = Submission {
            name: "activity.like".into(),
            version: 2,
            method: "POST".into(),
            path: "/like".into(),
            optimistic: true,
            ..Submission::default()
        };
        leader.input(Input::Upcasted { write: write.clone(), result: Some(result) });
        assert_eq!(leader.requests.len() == 1, sent);
        assert_eq!(tell(&mut leader, &mut other), "-+", "{sent}");
        let version = other.log.iter().find_map(|o| match o {
            Output::LayerAdded { version, .. } => Some(*version),
            _ => None,
        });
        assert_eq!(version, Some(2));
        start(&mut leader);
        assert_eq!(tell(&mut leader, &mut other), "");
    }
}
