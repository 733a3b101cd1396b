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

/// What a tab tells the leader when it wants this sent again.
fn wish(tab: &mut Rig, write: &WriteId) -> String {
    tab.command(Command::Retry { write: write.clone() }).unwrap();
    told(tab, &format!("i/retry/{write}/")).pop().unwrap()
}

/// Parked: nobody can say what became of it.
fn is_unknown(rig: &Rig, write: &WriteId) -> bool {
    matches!(rig.states(write).last(), Some(WriteState::Parked { reason: ParkReason::Unknown, .. }))
}

/// A leader with a write to somebody else's server that may have been applied.
fn doubtful() -> (Rig, WriteId) {
    let mut leader = Rig::new();
    let write = leader.submit("https://plain.example/like");
    leader.fail_request();
    assert!(is_unknown(&leader, &write));
    (leader, write)
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
    let retry = wish(&mut follower(&leader), &write);
    for wish in [retry, format!("i/discard/{write}")] {
        let mut other = follower(&leader);
        other.input(news(&wish));
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
    let wish = wish(&mut other, &write);
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

/// Found by seed 180171243. All of it happens within one millisecond.
#[test]
fn q9_q19_a_wish_to_send_again_is_granted_once_however_often_it_is_heard() {
    let (mut leader, write) = doubtful();
    let mut other = follower(&leader);
    let first = wish(&mut other, &write);
    leader.input(news(&first));
    leader.fail_request();
    assert!(is_unknown(&leader, &write));
    leader.take();
    leader.input(news(&first));
    assert!(leader.requests.is_empty(), "it was sent again once");
    assert_eq!(told(&leader, "i/no/"), [format!("i/no/{first}")]);
    let mut next = Rig::on_disk(leader.disk.clone(), 9);
    next.input(news(&first));
    assert!(next.requests.is_empty(), "nor does the next leader");
    // A person who has seen it come back decides anew.
    let again = wish(&mut follower(&leader), &write);
    leader.input(news(&again));
    assert_eq!(leader.fail_request().write, write);
}

#[test]
fn q9_q19_a_tab_that_comes_to_lead_does_not_do_again_what_the_leader_before_it_did() {
    let (mut leader, write) = doubtful();
    let mut other = follower(&leader);
    let wish = wish(&mut other, &write);
    leader.input(news(&wish));
    leader.fail_request();
    other.disk = leader.disk;
    other.input(Input::Leader { epoch: LeaderEpoch(2) });
    assert!(is_unknown(&other, &write));
    assert!(other.requests.is_empty());
}

#[test]
fn q9_q19_a_wish_for_a_write_that_was_never_sent_does_not_send_it_twice() {
    let (mut leader, parent) = leader();
    let child = leader
        .submit_with(|s| (s.path, s.depends_on) = ("https://plain.example/c".into(), vec![parent.clone()]))
        .unwrap();
    let orphan = leader.states(&child).pop();
    assert!(matches!(orphan, Some(WriteState::Parked { reason: ParkReason::ParentFailed, .. })));
    let wish = wish(&mut follower(&leader), &child);
    leader.command(Command::Retry { write: parent }).unwrap();
    leader.answer(200, "applied");
    assert_eq!(leader.fail_request().write, child);
    assert!(is_unknown(&leader, &child));
    leader.input(news(&wish));
    assert!(leader.requests.is_empty());
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
