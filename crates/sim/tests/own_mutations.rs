//! An app's own mutations in the simulator, as the example has them: they hold, and bugs of the app are found (P1).
#![allow(clippy::unwrap_used, missing_docs)]

use std::rc::Rc;

use tidewire_sim::campaign::search;

#[path = "../examples/own_mutations.rs"]
mod example;
use example::{Counter, holds};

/// Seeds within which a bug of the app must be found.
const BUDGET: u64 = 60;

#[test]
fn p1_q8_an_apps_own_counter_and_coalesced_name_hold() {
    assert!(holds(Counter::default(), BUDGET));
}

#[test]
fn p1_v5_a_handler_that_changes_something_and_refuses_is_found_and_the_script_is_short() {
    let app = Counter { adds_before_it_refuses: true, ..Counter::default() };
    let found = search(&(Rc::new(app) as _), 1..=BUDGET).unwrap();
    assert!(found.violation.what.contains("is refused with 422 and changes the room"), "{found}");
    assert!(found.script.steps.len() <= 3, "one tap is enough\n{found}");
}

#[test]
fn p1_y4_an_event_that_says_something_else_than_the_handler_did_is_found() {
    let app = Counter { tells_too_little: true, ..Counter::default() };
    let found = search(&(Rc::new(app) as _), 1..=BUDGET).unwrap();
    let what = (found.violation.invariant, "the app's state");
    assert!(what.0 == what.1 || what.0 == "Q16 nothing flickers", "{found}");
}

#[test]
fn p1_q16_a_layer_that_shows_something_else_than_the_server_makes_of_it_is_found() {
    let app = Counter { shows_too_much: true, ..Counter::default() };
    let found = search(&(Rc::new(app) as _), 1..=BUDGET).unwrap();
    assert_eq!(found.violation.invariant, "Q16 nothing flickers", "{found}");
}
