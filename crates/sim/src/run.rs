//! One run of a script, and the shrinking of one that fails.

use std::rc::Rc;

use crate::app::Shared;
use crate::bugs::Bug;
use crate::coverage::Coverage;
use crate::rooms::Rooms;
use crate::script::{Script, Step};
use crate::world::{Violation, World};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The first breach.
    pub violation: Option<Violation>,
    /// Over everything that every engine did, and when.
    pub hash: u64,
    /// Happenings and outputs.
    pub steps: u64,
    /// What occurred.
    pub coverage: Coverage,
}

/// Runs a script to its rest, with the built-in app.
#[must_use]
pub fn run(script: &Script, bug: Option<Bug>, verbose: bool) -> Outcome {
    run_app(&built_in(), script, bug, verbose)
}

/// The built-in app.
#[must_use]
pub fn built_in() -> Shared {
    Rc::new(Rooms)
}

/// Runs a script to its rest, with this app.
#[must_use]
pub fn run_app(app: &Shared, script: &Script, bug: Option<Bug>, verbose: bool) -> Outcome {
    let mut world = World::new(app, script, bug, verbose);
    for step in &script.steps {
        world.step(script.seed, step);
        if !world.violations.is_empty() {
            break;
        }
    }
    if world.violations.is_empty() {
        world.rng = crate::rng::Rng::new(script.seed, u64::MAX - 1);
        world.rest();
    }
    Outcome {
        violation: world.violations.into_iter().next(),
        hash: world.hash,
        steps: world.steps,
        coverage: world.coverage,
    }
}

/// Takes out steps, and time, as long as the same invariant is still broken; at most `budget` runs.
#[must_use]
pub fn shrink(app: &Shared, script: &Script, bug: Option<Bug>, budget: usize) -> Script {
    let mut best = script.clone();
    let Some(broken) = run_app(app, &best, bug, false).violation else { return best };
    let mut left = budget;
    let mut fails = |candidate: &Script| {
        left = left.saturating_sub(1);
        left > 0
            && run_app(app, candidate, bug, false)
                .violation
                .is_some_and(|found| found.invariant == broken.invariant)
    };
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.steps.len() {
            let mut candidate = best.clone();
            candidate.steps.drain(at..(at + size).min(candidate.steps.len()));
            if fails(&candidate) { best = candidate } else { at += size }
        }
        size /= 2;
    }
    for at in 0..best.steps.len() {
        for then in [0, best.steps[at].then / 10] {
            let mut candidate = best.clone();
            candidate.steps[at] = Step { then, ..candidate.steps[at].clone() };
            if then < best.steps[at].then && fails(&candidate) {
                best = candidate;
                break;
            }
        }
    }
    best
}
