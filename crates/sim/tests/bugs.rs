//! Planted bugs: each is found within a fixed budget of seeds (P1).
#![allow(missing_docs)]

use tidewire_sim::bugs::Bug;
use tidewire_sim::campaign::hunt;

/// Seeds within which each bug must be found.
const BUDGET: u64 = 400;

#[test]
fn p1_every_planted_bug_is_found() {
    let missed: Vec<Bug> = Bug::ALL.into_iter().filter(|bug| hunt(*bug, BUDGET).is_none()).collect();
    assert_eq!(missed, [], "not found within {BUDGET} seeds");
}
