//! Two tabs over one store (Q19): what one makes of writes, layers and names that the other has ended, or has not told of yet.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;
mod several;

use rig::{Rig, header};
use several::{follower, news, parked, tell};
use tidewire_core::*;

/// Found by seed 5027055: another tab's removal is on disk before its news. What a reading finds gone may have been taken back.
#[test]
fn q13_q19_a_follower_that_finds_a_record_gone_waits_for_the_news_of_its_end() {
    let mut leader = Rig::new();
    leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let waiting = leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let mut rig = follower(&leader, 2);
    leader.take();
    leader.command(Command::Cancel { write: waiting.clone() }).unwrap();
    rig.disk = leader.disk.clone();
    let look = Input::StoreChanged { key: "i/read".into(), value: None };
    rig.input(look.clone());
    assert!(!rig.states(&waiting).contains(&WriteState::Settled {}), "nobody has said that it was applied");
    tell(&mut leader, &mut rig);
    assert_eq!(rig.states(&waiting).last(), Some(&WriteState::Discarded {}));
}

#[test]
fn q19_a_record_whose_end_nobody_tells_ends_with_the_next_reading() {
    let mut leader = Rig::new();
    let write = leader.submit_with(|s| s.optimistic = false).unwrap();
    let mut rig = follower(&leader, 2);
    leader.answer(200, "applied"); // And its tab dies before it tells.
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    assert_eq!(rig.states(&write), []);
    rig.pass(1_000);
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
    assert_eq!(rig.status().pending, 0);
}

/// A leader whose write, which stays on screens, was refused, and a tab that has not heard of it: a base has counted the write's place, and
/// taken its layer away.
fn refused_and_counted() -> (Rig, Rig, WriteId) {
    let mut leader = Rig::new();
    let named = |s: &mut Submission| (s.name, s.keep_layer_when_parked) = ("like".into(), true);
    let write = leader.submit_with(named).unwrap();
    let mut rig = follower(&leader, 2);
    rig.input(Input::Touched { write: write.clone(), queries: vec![QueryId(1)] });
    let request = leader.answer(422, "rejected");
    let client = ClientId(header(&request, "tidewire-client"));
    let ranges = vec![SequenceRange { from: Sequence(1), to: Sequence(1) }];
    rig.base_with(1, None, Some(Applied { client, ranges }), vec![]);
    assert!(rig.retired(&write).contains(&Some(1)), "it cannot know better");
    rig.take();
    (leader, rig, write)
}

/// The layer was shown anew since.
fn assert_stands_again(rig: &Rig) {
    let mut layers =
        rig.log.iter().filter(|o| matches!(o, Output::LayerAdded { .. } | Output::LayerRetired { .. }));
    assert!(matches!(layers.next_back(), Some(Output::LayerAdded { restored: true, .. })), "{:?}", rig.log);
}

/// Found by seed 5023309: `applied=` of a base counts the place of a write that was voided, and the layer that is to stay was gone.
#[test]
fn q14_q17_a_layer_that_stays_stands_again_when_a_base_has_taken_its_place() {
    let (mut leader, mut rig, write) = refused_and_counted();
    tell(&mut leader, &mut rig);
    assert!(parked(&rig, &write));
    assert_stands_again(&rig);
}

/// Found by seed 190046183: of a write that was refused, sent again and set aside once more this tab heard only the last. Its layer had
/// gone for the first place of the write, which counts no more.
#[test]
fn q14_q17_a_layer_stands_again_when_the_write_has_another_place_than_the_one_that_a_base_counted() {
    for ends in [false, true] {
        let (mut leader, mut rig, write) = refused_and_counted();
        leader.command(Command::Retry { write: write.clone() }).unwrap();
        for _ in 0..if ends { limits::TRIES } else { 0 } {
            leader.until_request();
            leader.answer(500, "");
        }
        leader.take();
        rig.disk = leader.disk.clone();
        rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
        assert_eq!(parked(&rig, &write), ends);
        assert_stands_again(&rig);
    }
}

/// Found by seed 20035092: a follower hears that a write has settled before it hears of the names that its answer gave.
#[test]
fn q7_q19_a_follower_that_does_not_know_the_name_yet_sends_no_temporary_id() {
    let mut leader = Rig::new();
    leader.submit_with(|s| (s.temp_ids, s.optimistic) = (vec!["temp-0001".into()], false)).unwrap();
    let mut rig = follower(&leader, 2);
    leader.take();
    leader.answer_named(&[("temp-0001", "7")]);
    let told = news(&mut leader);
    rig.disk = leader.disk.clone();
    let settled = |n: &&Input| matches!(n, Input::StoreChanged { value: None, .. });
    for input in told.iter().filter(settled) {
        rig.input(input.clone());
    }
    rig.submit_with(|s| s.path = "/of/temp-0001".into()).unwrap();
    tell(&mut rig, &mut leader);
    assert_eq!(leader.requests[0].1.path, "/of/7");
}

/// Found by seed 40024053: a tab took a write whose record was gone for applied, led, and sent what depended on it. It had been taken back.
#[test]
fn q7_q19_a_record_that_is_gone_without_a_word_is_no_proof_for_who_depends_on_it() {
    let mut leader = Rig::new();
    leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let parent = leader.submit_with(|s| s.path = "/a".into()).unwrap();
    let mut rig = follower(&leader, 2);
    leader.command(Command::Cancel { write: parent.clone() }).unwrap();
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    rig.pass(1_000);
    assert_eq!(rig.states(&parent).last(), Some(&WriteState::Settled {}), "nobody said otherwise");
    let child = |s: &mut Submission| (s.path, s.depends_on) = ("/b".into(), vec![parent.clone()]);
    let child = rig.submit_with(child).unwrap();
    rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    rig.until_request();
    assert!(rig.requests.iter().all(|(_, request)| request.path != "/b"), "{:?}", rig.requests);
    assert!(parked(&rig, &child));
}

/// Found by seed 50030371: what this tab knew as parked was sent again through another tab and applied before this one heard of it.
#[test]
fn q13_q19_a_parked_write_that_is_gone_without_a_word_is_not_called_discarded() {
    let mut leader = Rig::new();
    let write = leader.submit_with(|s| s.keep_layer_when_parked = true).unwrap();
    leader.answer(422, "rejected");
    let mut rig = follower(&leader, 2);
    leader.disk.retain(|key, _| !key.starts_with("w/"));
    rig.disk = leader.disk.clone();
    rig.input(Input::StoreChanged { key: "i/read".into(), value: None });
    rig.pass(1_000);
    assert_eq!(rig.states(&write).last(), Some(&WriteState::Settled {}));
    assert_eq!(rig.retired(&write), [], "its layer stands until a base shows what is true");
}

#[test]
fn q7_q19_a_layer_that_is_put_above_another_tabs_again_mentions_the_real_name() {
    let mut leader = Rig::new();
    let mut other = follower(&leader, 2);
    leader.submit_with(|s| s.temp_ids = vec!["temp-0001".into()]).unwrap();
    let child =
        leader.submit_with(|s| (s.path, s.variables) = ("/c".into(), "\"temp-0001\"".into())).unwrap();
    other.submit_with(|s| s.path = "/other".into()).unwrap();
    leader.answer_named(&[("temp-0001", "7")]);
    leader.take();
    leader.disk.extend(other.disk.clone().into_iter().filter(|(key, _)| key.starts_with("w/")));
    for input in news(&mut other) {
        leader.input(input);
    }
    let shown = leader.log.iter().filter_map(|o| match o {
        Output::LayerAdded { write, variables, .. } if *write == child => Some(variables.0.clone()),
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["\"7\""]);
}

#[test]
fn q7_q19_a_child_from_another_tab_of_a_write_that_succeeded_and_is_gone_is_sent() {
    let names = [("temp-0001", "7")];
    // Who did it remembers the last ones; a later process knows of those that named something.
    for (named, restarts) in [(&names[..0], false), (&names[..], true)] {
        let mut leader = Rig::new();
        leader.command(Command::SetProcessing { on: false }).unwrap();
        let temp_ids = named.iter().map(|(temp, _)| (*temp).into()).collect();
        let parent = leader.submit_with(|s| (s.temp_ids, s.optimistic) = (temp_ids, false)).unwrap();
        let mut other = follower(&leader, 2);
        let child =
            other.submit_with(|s| (s.path, s.depends_on) = ("/c".into(), vec![parent.clone()])).unwrap();
        let is_new = |key: &String| !leader.disk.contains_key(key);
        let stored: Vec<_> = other.disk.clone().into_iter().filter(|(key, _)| is_new(key)).collect();
        leader.command(Command::SetProcessing { on: true }).unwrap();
        leader.answer_named(named);
        leader.disk.extend(stored);
        if restarts {
            leader.restart();
        } else {
            news(&mut other).into_iter().for_each(|input| leader.input(input));
        }
        assert_eq!(leader.requests.back().map(|(_, r)| r.write.clone()), Some(child), "{restarts}");
    }
}
