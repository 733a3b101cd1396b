//! Many seeds in a row: runs, counts, and the first script that fails, shrunk.

use std::fmt;

use crate::app::Shared;
use crate::bugs::Bug;
use crate::coverage::Coverage;
use crate::generate;
use crate::run::{built_in, run, run_app, shrink};
use crate::script::Script;
use crate::world::Violation;

/// Runs that shrinking may take.
pub const SHRINK: usize = 400;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Seeds that were run.
    pub seeds: u64,
    /// Happenings and outputs of all of them.
    pub steps: u64,
    /// What occurred.
    pub coverage: Coverage,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// A seed that fails.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken first.
    pub violation: Violation,
}

impl Campaign {
    /// Runs one more seed; true if it holds.
    pub fn seed(&mut self, seed: u64, bug: Option<Bug>) -> bool {
        let outcome = run(&generate::script(seed), bug, false);
        self.seeds += 1;
        self.steps += outcome.steps;
        self.coverage.add(&outcome.coverage);
        let Some(violation) = outcome.violation else { return true };
        self.failures.push(Failure { seed, violation });
        false
    }
}

/// The shortest script found that breaks what this seed breaks.
#[must_use]
pub fn shortest(seed: u64, bug: Option<Bug>) -> Script {
    shrink(&built_in(), &generate::script(seed), bug, SHRINK)
}

/// What an app's own definitions broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The shortest script found that breaks the same.
    pub script: Script,
    /// What was broken first.
    pub violation: Violation,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { script, violation } = self;
        writeln!(f, "seed {}: {}: {}", script.seed, violation.invariant, violation.what)?;
        write!(f, "{script}")
    }
}

/// Runs an app through these seeds, up to the first that finds something, and shrinks that.
#[must_use]
pub fn search(app: &Shared, mut seeds: impl Iterator<Item = u64>) -> Option<Found> {
    seeds.find_map(|seed| {
        let script = generate::script(seed);
        let violation = run_app(app, &script, None, false).violation?;
        Some(Found { script: shrink(app, &script, None, SHRINK), violation })
    })
}

/// Seeds, from 1, until the planted bug is found; `None` if it is not within the budget.
#[must_use]
pub fn hunt(bug: Bug, budget: u64) -> Option<Failure> {
    let mut campaign = Campaign::default();
    (1..=budget).find(|seed| !campaign.seed(*seed, Some(bug)))?;
    campaign.failures.pop()
}
