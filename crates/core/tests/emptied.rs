//! Two things at once: the store is emptied under a queue that knows names and the time, and a user leaves while the lead comes (Q4, Q7, Q13, Q20).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

const TEMP: &str = "tmp_5fV9xQ2kLm";
const HOUR: u64 = 60 * 60 * 1000;

fn last(rig: &Rig, write: &WriteId) -> WriteState {
    rig.states(write).pop().expect("a state")
}

/// The store comes back empty, and is read again.
fn empty(rig: &mut Rig) {
    rig.disk.clear();
    rig.lead();
    assert!(rig.log.contains(&Output::Log { note: Note::StoreEmptied }));
}

/// Red if only the client's record and the writes are put back.
#[test]
fn q4_q7_names_are_written_again_into_an_emptied_store() {
    let mut rig = Rig::new();
    rig.submit_with(|s| (s.temp_ids, s.optimistic) = (vec![TEMP.into()], false)).unwrap();
    rig.answer_named(&[(TEMP, "7")]);
    rig.pass(60_000);
    let before = rig.disk.clone();
    assert_eq!(before.keys().collect::<Vec<_>>(), ["m/client", "m/names"], "its record is gone");
    empty(&mut rig);
    assert_eq!(rig.disk.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    rig.restart();
    rig.submit(&format!("/x/{TEMP}"));
    assert_eq!(rig.answer(200, "applied").path, "/x/7");
}

/// Red if it puts everything back, or nothing.
#[test]
fn q4_q9_over_an_emptied_store_a_tab_that_followed_sends_nothing_that_another_may_have_sent() {
    for followed in [false, true] {
        let mut rig = Rig::new();
        rig.submit("/known");
        rig.answer(200, "applied");
        rig.command(Command::SetProcessing { on: false }).unwrap();
        let write = rig.submit("/x");
        rig.lead(); // Once more, as after a store that failed.
        if followed {
            rig.input(Input::LeaderLost {});
        }
        empty(&mut rig);
        rig.command(Command::SetProcessing { on: true }).unwrap();
        assert_eq!(rig.requests.len(), usize::from(!followed));
        let parked = matches!(last(&rig, &write), WriteState::Parked { reason: ParkReason::Unknown, .. });
        assert_eq!(parked, followed);
    }
}

/// Red if the clock's mark is not put back: the write then counts from when it was made, and of that only half a day.
#[test]
fn q4_q13_the_clock_is_written_again_into_an_emptied_store() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/x");
    rig.pass(20 * HOUR);
    assert!(rig.disk.contains_key("m/clock"));
    empty(&mut rig);
    assert!(rig.disk.contains_key("m/clock"));
    // A night of five hours between two processes: twenty-five in all.
    rig.now += 5 * HOUR;
    rig.restart();
    assert!(matches!(last(&rig, &write), WriteState::Parked { reason: ParkReason::Expired, .. }));
    assert!(rig.requests.is_empty());
}

/// Red if only the timer looks for what is too old: it was sent at the start, and would have been parked an hour later.
#[test]
fn q13_a_write_that_became_too_old_while_nobody_looked_is_not_sent() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit_with(|s| s.ttl = Some(Millis(HOUR))).unwrap();
    for (after, sent) in [(HOUR - 1, 1), (HOUR, 0)] {
        let mut next = Rig::idle(rig::config(), rig.disk.clone(), 2);
        next.now = after;
        next.settle();
        next.input(Input::Leader { epoch: LeaderEpoch(2) });
        assert_eq!(next.requests.len(), sent);
        let expired = matches!(last(&next, &write), WriteState::Parked { reason: ParkReason::Expired, .. });
        assert_eq!(expired, sent == 0);
    }
}

/// What stands in the store of a user who leaves and wants it given up, while this tab is about to lead.
fn leaving(lead_first: bool) -> (Rig, WriteId) {
    let mut before = Rig::new();
    before.command(Command::SetProcessing { on: false }).unwrap();
    let write = before.submit("/x");
    let mut rig = Rig::idle(rig::config(), before.disk, 2);
    rig.settle();
    if lead_first {
        rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, rig.now());
    }
    rig.engine.command(Command::Clear {}, rig.now()).unwrap();
    rig.engine.command(Command::Suspend {}, rig.now()).unwrap();
    rig.settle();
    if !lead_first {
        rig.input(Input::Leader { epoch: LeaderEpoch(2) });
    }
    (rig, write)
}

/// Red if nothing is given up any more once the user has left: the next sign-in would send it.
#[test]
fn q20_a_clear_right_before_the_lead_comes_to_a_user_who_leaves_is_done() {
    for lead_first in [false, true] {
        let (rig, write) = leaving(lead_first);
        assert!(!rig.disk.keys().any(|key| key.starts_with("w/")), "lead first: {lead_first}");
        assert_eq!(last(&rig, &write), WriteState::Discarded {});
        assert!(rig.requests.is_empty());
        assert!(rig.log.contains(&Output::Quiet {}));
    }
}

/// Red if the host is told to let go while the store is still being read.
#[test]
fn q20_the_host_does_not_let_go_before_a_clear_is_done() {
    let (rig, write) = leaving(true);
    let quiet = rig.log.iter().position(|output| *output == Output::Quiet {});
    let gone = Output::Write { write, state: WriteState::Discarded {} };
    let gone = rig.log.iter().position(|output| *output == gone);
    assert!(gone.is_some() && gone < quiet, "{gone:?} {quiet:?}");
}

/// Red if a write that may have been applied is called discarded although nobody asked.
#[test]
fn q13_q20_a_user_who_leaves_keeps_what_may_have_been_applied() {
    let mut rig = Rig::new();
    let sent = rig.submit("/x");
    rig.command(Command::Clear {}).unwrap();
    rig.command(Command::Suspend {}).unwrap();
    rig.fail_request();
    rig.pass(60_000);
    assert!(matches!(last(&rig, &sent), WriteState::Retrying { .. }));
    assert!(rig.log.contains(&Output::Quiet {}));
    let mut again = Rig::on_disk(rig.disk, 2);
    assert_eq!(again.answer(200, "replayed").write, sent);
}

/// Red if who leads puts back what an emptied store has lost after it told the host to let go.
#[test]
fn q4_q20_over_an_emptied_store_a_tab_whose_user_has_left_begins_nothing() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/x");
    rig.command(Command::Suspend {}).unwrap();
    assert!(rig.log.contains(&Output::Quiet {}));
    rig.disk.clear();
    rig.lead();
    assert!(rig.disk.is_empty());
}

/// Red if a step that puts back a record is not the leader's alone: it would be stored when another tab has led since, sent it and was done with it. Or if a new write is: who has just lost
/// the lead would refuse it.
#[test]
fn q4_q9_q19_only_who_leads_puts_back_what_an_emptied_store_has_lost() {
    let fenced = |outputs: &[Output]| {
        let steps = outputs.iter().filter_map(|output| match output {
            Output::Persist { key, fence, .. } if key.starts_with("w/") => Some(fence.is_some()),
            _ => None,
        });
        steps.collect::<Vec<_>>()
    };
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    rig.submit("/x");
    assert_eq!(fenced(&rig.take()), [false], "a new one is anybody's");
    empty(&mut rig);
    assert_eq!(fenced(&rig.log), [true]);
}
