//! What tabs ask of each other, and when nothing is asked or done (Q19, Q20). The plain cases stand in `leaving.rs` and `corners.rs`.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn news(key: &str) -> Input {
    Input::StoreChanged { key: key.into(), value: None }
}

/// Keys that were told to the other tabs and begin like this.
fn told(rig: &Rig, start: &str) -> Vec<String> {
    let keys = rig.log.iter().filter_map(|o| match o {
        Output::Broadcast { key, .. } if key.starts_with(start) => Some(key.clone()),
        _ => None,
    });
    keys.collect()
}

/// A leader with one parked write.
fn leader() -> (Rig, WriteId) {
    let mut leader = Rig::new();
    let write = leader.submit("/like");
    leader.answer(404, "rejected");
    leader.take();
    (leader, write)
}

/// A tab that has read what this one has stored, and follows.
fn follower(of: &Rig) -> Rig {
    let mut rig = Rig::idle(rig::config(), of.disk.clone(), 7);
    rig.settle();
    rig.take();
    rig
}

#[test]
fn q19_who_leads_asks_nobody_for_the_lead() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/like");
    rig.pass(60_000);
    assert_eq!(told(&rig, "i/challenge"), [""; 0]);
    assert!(!rig.log.contains(&Output::TakeLead {}));
}

#[test]
fn q19_only_who_leads_and_has_not_let_go_does_what_another_tab_wants() {
    let (leader, write) = leader();
    for wish in ["retry", "discard"] {
        let key = format!("i/{wish}/{write}");
        let mut other = follower(&leader);
        other.input(news(&key));
        assert_eq!(told(&other, "i/"), [""; 0], "{wish}: a follower");
    }
    let (mut gone, write) = (leader, write);
    gone.command(Command::Suspend {}).unwrap();
    assert!(gone.log.contains(&Output::Quiet {}));
    gone.take();
    gone.input(news(&format!("i/discard/{write}")));
    assert_eq!(
        told(&gone, ""),
        [""; 0],
        "nothing is done, and nothing said of it: the next leader hears it again"
    );
}

#[test]
fn q19_a_wish_that_came_true_is_not_said_again_while_others_wait() {
    let (mut leader, write) = leader();
    let mut other = follower(&leader);
    other.submit("/other");
    other.command(Command::Retry { write: write.clone() }).unwrap();
    let wish = format!("i/retry/{write}");
    assert!(!told(&other, &wish).is_empty());
    leader.input(news(&wish));
    other.disk.extend(leader.disk.clone());
    for output in leader.take() {
        if let Output::Broadcast { key, value } = output {
            other.input(Input::StoreChanged { key, value });
        }
    }
    other.input(news("i/alive"));
    other.take();
    other.pass(10 * limits::CHALLENGE_AGAIN.0);
    assert!(!told(&other, "i/challenge").is_empty());
    assert_eq!(told(&other, &wish), [""; 0]);
}

#[test]
fn q20_a_follower_lets_go_when_the_leader_has_answered_its_clear() {
    let (leader, _) = leader();
    let mut other = follower(&leader);
    other.command(Command::Clear {}).unwrap();
    let wish = told(&other, "i/clear/").pop().unwrap();
    other.command(Command::Suspend {}).unwrap();
    assert!(!other.log.contains(&Output::Quiet {}), "somebody has to hear it");
    other.input(news(&format!("i/no/{wish}")));
    assert!(other.log.contains(&Output::Quiet {}));
}

#[test]
fn q20_a_tab_that_has_lost_the_lead_lets_go_whatever_it_had_still_to_give_up() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/like");
    rig.hold_disk = true;
    rig.command(Command::SetProcessing { on: true }).unwrap();
    rig.command(Command::Clear {}).unwrap();
    rig.command(Command::Suspend {}).unwrap();
    assert!(!rig.log.contains(&Output::Quiet {}), "its place is being stored");
    rig.input(Input::LeaderLost {});
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    assert!(rig.log.contains(&Output::Quiet {}), "it does not wait for a lead that may never come back");
}
