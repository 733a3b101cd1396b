//! Steps of the store that fail or come together: what is tried again, what is told of it, what is kept (Q7, Q11, Q19).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::{Rig, response};
use tidewire_core::*;

fn pauses(rig: &Rig) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::Persist { key, .. } if key.starts_with("m/pause/"))).count()
}

/// The server asks for a pause while the store says this to everything.
fn paused(error: StoreError) -> Rig {
    let mut rig = Rig::new();
    rig.submit("/like");
    rig.take();
    rig.disk_error = Some(error);
    rig.respond(Response { retry_after: Some("60".into()), ..response(503, None) });
    assert_eq!(pauses(&rig), 1);
    rig
}

#[test]
fn q11_a_pause_that_cannot_be_stored_holds_in_memory_and_is_not_tried_again() {
    let mut rig = paused(StoreError::Full);
    rig.pass(20 * limits::STORE_RETRY.0);
    assert_eq!(pauses(&rig), 1);
    assert_eq!(rig.status().blocked, Some(Blocked::Unreachable));
    assert!(rig.requests.is_empty());
}

#[test]
fn q11_q19_a_pause_that_is_fenced_ends_the_lead() {
    let rig = paused(StoreError::Fenced);
    assert_eq!(rig.status().blocked, Some(Blocked::Follower));
}

#[test]
fn q4_q19_a_write_whose_step_was_fenced_is_not_called_refused() {
    let mut rig = Rig::new();
    rig.command(Command::SetProcessing { on: false }).unwrap();
    let write = rig.submit("/like");
    rig.disk_error = Some(StoreError::Fenced);
    rig.command(Command::SetProcessing { on: true }).unwrap();
    assert_eq!(rig.status().blocked, Some(Blocked::Follower));
    let refused = |state: &WriteState| matches!(state, WriteState::Refused { .. });
    assert!(!rig.states(&write).iter().any(refused), "{:?}", rig.states(&write));
}

// Both sides of core::RECENT_NAMES.
#[test]
fn q7_names_of_many_writes_that_end_at_once_are_stored_as_many_at_a_time_as_have_room() {
    let most = limits::RECENT_NAMES / limits::TEMP_IDS;
    for many in [most, most + 1] {
        let mut rig = Rig::new();
        for write in 0..many {
            let temps: Vec<String> = (0..limits::TEMP_IDS).map(|n| format!("temp-{write:02}-{n}")).collect();
            let ids = temps.clone();
            rig.submit_with(|s| s.temp_ids = ids).unwrap();
            let named: Vec<_> = temps.iter().map(|temp| (temp.as_str(), "7")).collect();
            rig.answer_named(&named);
        }
        let records = |rig: &Rig| rig.disk.keys().filter(|key| key.starts_with("w/")).count();
        assert_eq!(records(&rig), many, "their layers stand");
        rig.fetch_begins(1);
        rig.take();
        rig.base(1, None);
        assert_eq!(records(&rig), 0);
        let steps =
            rig.log.iter().filter(|o| matches!(o, Output::Persist { key, .. } if key == "m/names")).count();
        assert_eq!(steps, many.div_ceil(most), "{many}");
    }
}

#[test]
fn q11_a_write_that_runs_on_the_server_is_asked_about_after_a_second() {
    let mut rig = Rig::new();
    rig.submit("/like");
    rig.answer(409, "in-progress");
    rig.pass(limits::REQUEST_BACKOFF_BASE.0 - 1);
    assert!(rig.requests.is_empty());
    rig.pass(1);
    assert_eq!(rig.requests.len(), 1);
}
