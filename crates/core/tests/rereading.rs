//! The store is read, or read once more, while this tab's own steps are under way: what is read may be older than they are, or newer
//! (A4, Q4, Q8, Q9, Q19).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, header};
use tidewire_core::*;

/// Another tab says that it has changed this record.
fn changed(key: &str) -> Input {
    Input::StoreChanged { key: key.into(), value: Some(Blob(Vec::new())) }
}

/// A record that this tab does not know: whoever leads reads everything.
const UNKNOWN: &str = "w/00000000000000ff-00000000000000ff";

fn only_write(rig: &Rig) -> String {
    rig.disk.keys().find(|key| key.starts_with("w/")).unwrap().clone()
}

fn release_all(rig: &mut Rig) {
    while !rig.held.is_empty() {
        rig.release_disk();
    }
}

fn steps(rig: &Rig, key: &str) -> usize {
    rig.held.iter().filter(|(_, held, _)| held == key).count()
}

fn stopped() -> Rig {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig
}

fn start(rig: &mut Rig) {
    rig.command(Command::SetProcessing { on: true }).unwrap();
}

/// A rig whose store has not been read, and is never.
fn unread() -> Rig {
    let mut rig = Rig::idle(rig::config(), Default::default(), 1);
    while rig.engine.poll_output().is_some() {}
    rig
}

#[test]
fn q4_a_write_whose_first_step_is_under_way_has_not_ended_because_the_store_does_not_have_it() {
    let mut rig = Rig::new();
    rig.hold_disk = true;
    let write = rig.submit("/a");
    rig.input(changed(UNKNOWN));
    release_all(&mut rig);
    assert_eq!(rig.requests.front().map(|(_, request)| request.write.clone()), Some(write));
}

#[test]
fn q9_places_that_are_being_stored_are_not_given_again_after_another_reading() {
    let mut rig = stopped();
    rig.submit("/a");
    rig.submit("/b");
    rig.hold_disk = true;
    start(&mut rig);
    assert_eq!(rig.held.len(), 2, "their places");
    rig.input(changed(UNKNOWN));
    rig.submit("/c");
    release_all(&mut rig);
    let sequences: Vec<_> =
        rig.requests.iter().map(|(_, request)| header(request, "tidewire-sequence")).collect();
    assert_eq!(sequences, ["1", "2", "3"]);
}

#[test]
fn q9_nothing_gets_a_place_while_the_new_client_is_being_stored() {
    let mut rig = Rig::new();
    rig.submit("/a");
    let old = header(&rig.requests[0].1, "tidewire-client");
    rig.hold_disk = true;
    rig.answer(409, "client-reset");
    assert_eq!(rig.held.iter().map(|(_, key, _)| key.starts_with("w/")).collect::<Vec<_>>(), [false, true]);
    rig.submit("/b");
    // Its record is stored first.
    let (persist, key, value) = rig.held.pop_back().unwrap();
    rig.disk.insert(key, value.unwrap().0);
    rig.input(Input::Persisted { persist });
    assert_eq!(rig.held.len(), 2, "it has no place yet");
    release_all(&mut rig);
    for (_, request) in &rig.requests {
        assert_ne!(header(request, "tidewire-client"), old);
    }
    assert_eq!(rig.requests.len(), 2);
}

#[test]
fn q2_q9_a_record_is_removed_once_its_place_is_stored_and_by_the_leader_only() {
    let mut rig = Rig::new();
    rig.submit_with(|s| s.optimistic = false).unwrap();
    rig.hold_disk = true;
    rig.answer(200, "applied");
    rig.release_disk();
    let disk = rig.disk.clone();
    for _ in 0..3 {
        assert_eq!(steps(&rig, "m/client"), 1, "once");
        rig.input(Input::Network { signal: NetworkSignal::Changed });
    }
    release_all(&mut rig);
    assert!(!rig.disk.keys().any(|key| key.starts_with("w/")));
    let mut follower = Rig::idle(rig::config(), disk, 2);
    follower.settle();
    follower.input(Input::Network { signal: NetworkSignal::Changed });
    assert!(!follower.log.iter().any(|o| matches!(o, Output::Persist { .. })), "{:?}", follower.log);
}

#[test]
fn q9_a_place_of_an_earlier_client_says_nothing_of_the_new_one() {
    let mut rig = Rig::new();
    rig.submit("/a");
    rig.answer(200, "applied");
    let first = only_write(&rig);
    rig.submit("/b");
    rig.answer(409, "client-reset");
    rig.fetch_begins(1);
    rig.take();
    rig.base(1, None);
    assert!(!rig.disk.contains_key(&first), "nothing shows it any more");
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Persist { key, .. } if key == "m/client")));
}

#[test]
fn q19_a_record_that_changes_while_it_is_read_is_read_again() {
    let before = {
        let mut rig = stopped();
        rig.submit("/a");
        rig.disk
    };
    for times in [1, 2] {
        let mut other = Rig::idle(rig::config(), before.clone(), 2);
        other.settle();
        let key = only_write(&other);
        let mut reads = Vec::new();
        let mut read = |rig: &mut Rig| {
            while let Some(output) = rig.engine.poll_output() {
                if let Output::Read { load, .. } = output {
                    reads.push(load);
                }
            }
            reads.clone()
        };
        for _ in 0..times {
            other.engine.handle(changed(&key), other.now());
        }
        let asked = read(&mut other);
        assert_eq!(asked.len(), 1);
        let records = vec![StoredRecord { key: key.clone(), value: Blob(before[&key].clone()) }];
        other.engine.handle(Input::Loaded { load: asked[0], records }, other.now());
        assert_eq!(read(&mut other).len(), times, "what was read may be older than the second news");
    }
}

#[test]
fn q19_a_write_that_ended_elsewhere_while_a_step_of_it_is_under_way_ends_here_after_that_step() {
    let mut rig = stopped();
    let write = rig.submit("/a");
    let key = only_write(&rig);
    rig.hold_disk = true;
    start(&mut rig);
    assert_eq!(steps(&rig, &key), 1);
    rig.input(Input::LeaderLost {});
    rig.disk.remove(&key);
    rig.input(Input::StoreChanged { key, value: None });
    assert!(!rig.states(&write).contains(&WriteState::Settled {}));
    let (persist, ..) = rig.held.pop_front().unwrap();
    rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    assert!(rig.states(&write).contains(&WriteState::Settled {}));
}

#[test]
fn q9_q19_a_write_that_is_sent_elsewhere_before_its_own_tab_knows_that_it_is_stored_is_looked_at_after_that()
{
    let used = Rig::new().disk;
    let tab = |disk: &std::collections::BTreeMap<String, Vec<u8>>| {
        let mut rig = Rig::idle(rig::config(), disk.clone(), 2);
        rig.settle();
        rig
    };
    // The same seed chooses the same key and the same write.
    let mut twin = tab(&used);
    twin.submit("/a");
    let mut leader = Rig::on_disk(twin.disk, 3);
    assert_eq!(leader.requests.len(), 1);
    let mut rig = tab(&used);
    rig.hold_disk = true;
    let write = rig.submit("/a");
    let (persist, key, _) = rig.held.pop_front().unwrap();
    rig.disk.insert(key.clone(), leader.disk[&key].clone());
    rig.input(changed(&key));
    let sent = WriteState::Retrying { status: 0 };
    assert!(!rig.states(&write).contains(&sent), "its own step may be the later one");
    rig.input(Input::Persisted { persist });
    assert!(rig.states(&write).contains(&sent), "{:?}", rig.states(&write));
    leader.take();
}

#[test]
fn q8_what_gets_a_place_is_no_half_of_a_pair_although_the_other_half_turns_up_before_it() {
    let pair = |rig: &mut Rig, name: &str, undoes: &str| {
        rig.submit_with(|s| {
            (s.name, s.path, s.lane) = (name.into(), format!("/{name}"), Some("likes/7".into()));
            s.coalesce = Coalesce::CancelPair { name: undoes.into() };
        })
        .unwrap()
    };
    let mut rig = stopped();
    rig.submit("/another");
    let unlike = pair(&mut rig, "unlike", "like");
    rig.hold_disk = true;
    start(&mut rig);
    let key = rig.held.back().unwrap().1.clone();
    // Another tab has stored the first half under a lower number.
    let mut other = Rig::idle(rig::config(), Default::default(), 9);
    other.settle();
    pair(&mut other, "like", "unlike");
    let first = only_write(&other);
    assert!(first < key);
    rig.disk.insert(first.clone(), other.disk[&first].clone());
    rig.input(changed(&first));
    assert_eq!(steps(&rig, &key), 1, "its place, and nothing else");
    release_all(&mut rig);
    rig.hold_disk = false;
    rig.answer(200, "applied");
    assert_eq!(rig.answer(200, "applied").path, "/like");
    assert_eq!(rig.answer(200, "applied").write, unlike);
}

#[test]
fn q8_a_half_of_a_pair_that_was_not_undone_is_sent_alone_when_the_other_half_is_gone() {
    let mut rig = stopped();
    let tap = |rig: &mut Rig, name: &str, undoes: &str| {
        rig.submit_with(|s| {
            (s.name, s.path, s.lane) = (name.into(), format!("/{name}"), Some("likes/7".into()));
            s.coalesce = Coalesce::CancelPair { name: undoes.into() };
        })
        .unwrap()
    };
    let like = tap(&mut rig, "like", "unlike");
    rig.hold_disk = true;
    tap(&mut rig, "unlike", "like");
    rig.release_disk();
    let (persist, undoer, _) = rig.held.pop_front().expect("the step that undoes both");
    rig.hold_disk = false;
    rig.input(Input::PersistFailed { persist, error: StoreError::Fenced });
    // Who leads now has given up the second half only.
    rig.disk.remove(&undoer);
    rig.input(Input::StoreChanged { key: undoer, value: Some(Blob(b"given up".to_vec())) });
    start(&mut rig);
    rig.lead();
    assert_eq!(rig.requests.front().map(|(_, request)| request.write.clone()), Some(like));
}

#[test]
fn q8_q13_a_half_of_a_pair_that_is_being_edited_is_none() {
    let mut rig = stopped();
    rig.hold_disk = true;
    let like = rig.submit_with(|s| (s.name, s.lane) = ("like".into(), Some("likes/7".into()))).unwrap();
    let undoes = |s: &mut Submission| {
        (s.name, s.lane) = ("unlike".into(), Some("likes/7".into()));
        s.coalesce = Coalesce::CancelPair { name: "like".into() };
    };
    let unlike = rig.submit_with(undoes).unwrap();
    // The second one is stored first, and edited before the first one is stored.
    let (persist, key, value) = rig.held.pop_back().unwrap();
    rig.disk.insert(key, value.unwrap().0);
    rig.input(Input::Persisted { persist });
    let (name, method, path) = ("edited".into(), "POST".into(), "/edited".into());
    let submission = Submission { name, method, path, lane: Some("likes/7".into()), ..Submission::default() };
    rig.command(Command::Edit { write: unlike, submission }).unwrap();
    release_all(&mut rig);
    assert!(!rig.states(&like).contains(&WriteState::Cancelled {}));
    rig.hold_disk = false;
    start(&mut rig);
    assert_eq!(rig.answer(200, "applied").write, like);
    assert_eq!(rig.answer(200, "applied").path, "/edited");
}

fn passes(rig: &Rig) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::PassDone { .. })).count()
}

#[test]
fn a4_a_pass_waits_for_the_store_for_the_lead_and_for_the_client() {
    let process = Command::Process { pass: PassId(1) };
    let mut rig = unread();
    rig.command(process.clone()).unwrap();
    assert_eq!(passes(&rig), 0, "nothing has been read");
    // This tab is about to lead: everything is read once more.
    let mut before = stopped();
    before.submit("/a");
    let mut rig = Rig::idle(rig::config(), before.disk, 2);
    rig.settle();
    rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, rig.now());
    rig.engine.command(process.clone(), rig.now()).unwrap();
    let reading: Vec<_> = std::iter::from_fn(|| rig.engine.poll_output()).collect();
    assert!(!reading.iter().any(|o| matches!(o, Output::PassDone { .. })), "{reading:?}");
    // A new client is being stored.
    let mut rig = Rig::new();
    rig.submit("/a");
    rig.hold_disk = true;
    rig.answer(409, "client-reset");
    rig.held.swap(0, 1);
    rig.release_disk();
    rig.command(process).unwrap();
    assert_eq!(passes(&rig), 0);
    release_all(&mut rig);
    rig.hold_disk = false;
    rig.answer(200, "applied");
    assert_eq!(passes(&rig), 1);
}

#[test]
fn c8_only_own_events_are_called_own_before_the_store_is_read() {
    let mut rig = unread();
    let write = rig.submit("/a");
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.joined(0, false);
    rig.room_event("r", 1, &write.0);
    rig.room_event("r", 2, "of-somebody-else");
    assert_eq!(rig.events().iter().map(|event| event.own).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn q19_who_begins_to_lead_has_the_others_look_and_who_goes_on_does_not() {
    let looks = |rig: &Rig| {
        rig.log.iter().filter(|o| matches!(o, Output::Broadcast { key, .. } if key == "i/read")).count()
    };
    let mut rig = Rig::new();
    assert_eq!(looks(&rig), 1);
    rig.input(changed(UNKNOWN));
    assert_eq!(looks(&rig), 1);
}
