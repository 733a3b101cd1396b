//! The simulator as a command: runs seeds, replays one, hunts planted bugs, and says what came of it. It only talks; `campaign`
//! and `run` do the work.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::bugs::Bug;
use crate::campaign::{Campaign, hunt, shortest};
use crate::generate;
use crate::run::run;

/// What the words mean.
pub const USAGE: &str = "\
--seeds N [--from N]   run N seeds (200 if nothing is asked for)
--hours H [--from N]   run seeds for so long (0.5: half an hour)
--seed N [--verbose]   run one seed; what fails is shrunk and printed, with --verbose also everything that happens
--bugs N               hunt each planted bug through at most N seeds
        [--bug NAME]   with this bug planted
        [--keep-going] do not stop at the first failure";

/// How often a long run says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

/// Seeds in which each kind of fault and each rule must occur, or the run has failed.
const ENOUGH: u64 = 250;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// So many seeds.
    pub seeds: Option<u64>,
    /// For so long.
    pub hours: Option<f64>,
    /// This one seed.
    pub seed: Option<u64>,
    /// Hunt the planted bugs through so many seeds each.
    pub bugs: Option<u64>,
    /// Plant this one.
    pub bug: Option<Bug>,
    /// The first seed.
    pub from: Option<u64>,
    /// Tell every happening of a replay, on stderr.
    pub verbose: bool,
    /// Go on after a failure.
    pub keep_going: bool,
}

impl Order {
    /// From the words behind the command; `None` if they mean nothing.
    pub fn read(mut words: impl Iterator<Item = String>) -> Option<Order> {
        let mut order = Order::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seeds" => order.seeds = Some(words.next()?.parse().ok()?),
                "--hours" => order.hours = Some(words.next()?.parse().ok().filter(|hours| *hours > 0.0)?),
                "--seed" => order.seed = Some(words.next()?.parse().ok()?),
                "--bugs" => order.bugs = Some(words.next()?.parse().ok()?),
                "--from" => order.from = Some(words.next()?.parse().ok()?),
                "--bug" => order.bug = Some(Bug::named(&words.next()?)?),
                "--verbose" => order.verbose = true,
                "--keep-going" => order.keep_going = true,
                _ => return None,
            }
        }
        Some(order)
    }
}

/// Does it, and tells `out`; true if everything held, or every bug was found.
///
/// # Errors
/// Only what writing to `out` gives.
pub fn execute(order: &Order, out: &mut impl Write) -> io::Result<bool> {
    match order {
        Order { seed: Some(seed), .. } => replay(*seed, order, out),
        Order { bugs: Some(budget), .. } => bugs(*budget, out),
        _ => many(order, out),
    }
}

fn replay(seed: u64, order: &Order, out: &mut impl Write) -> io::Result<bool> {
    let script = generate::script(seed);
    let outcome = run(&script, order.bug, false);
    let Some(violation) = outcome.violation else {
        if order.verbose {
            let _ = run(&script, order.bug, true);
        }
        writeln!(out, "seed {seed}: holds, {} steps, hash {:016x}", outcome.steps, outcome.hash)?;
        return Ok(true);
    };
    writeln!(out, "seed {seed}: {}: {}", violation.invariant, violation.what)?;
    writeln!(out, "shrinking ...")?;
    let short = shortest(seed, order.bug);
    let again = run(&short, order.bug, order.verbose);
    write!(out, "{short}")?;
    if let Some(violation) = again.violation {
        writeln!(out, "{}: {}", violation.invariant, violation.what)?;
    }
    Ok(false)
}

fn bugs(budget: u64, out: &mut impl Write) -> io::Result<bool> {
    let mut all = true;
    for bug in Bug::ALL {
        match hunt(bug, budget) {
            Some(found) => writeln!(
                out,
                "{bug:?}: seed {}, {}: {}",
                found.seed, found.violation.invariant, found.violation.what
            )?,
            None => {
                writeln!(out, "{bug:?}: not found in {budget} seeds")?;
                all = false;
            }
        }
    }
    Ok(all)
}

fn many(order: &Order, out: &mut impl Write) -> io::Result<bool> {
    let began = Instant::now();
    let end = order.hours.map(|hours| Duration::from_secs_f64(hours * 3_600.0));
    let from = order.from.unwrap_or(1);
    let most = order.seeds.unwrap_or(if end.is_some() { u64::MAX } else { 200 });
    let mut campaign = Campaign::default();
    let mut told = Duration::ZERO;
    while campaign.seeds < most && end.is_none_or(|end| began.elapsed() < end) {
        let seed = from.wrapping_add(campaign.seeds);
        if !campaign.seed(seed, order.bug) {
            if let Some(failure) = campaign.failures.last() {
                let (invariant, what) = (failure.violation.invariant, &failure.violation.what);
                writeln!(out, "seed {seed}: {invariant}: {what}")?;
            }
            if !order.keep_going {
                writeln!(out, "shrinking ...")?;
                write!(out, "{}", shortest(seed, order.bug))?;
                break;
            }
        }
        if began.elapsed().saturating_sub(told) > PROGRESS {
            told = began.elapsed();
            progress(&campaign, told, out)?;
        }
    }
    report(&campaign, began.elapsed(), out)?;
    // A kind that never occurs in so many days tests nothing.
    let all = campaign.seeds < ENOUGH || order.bug.is_some() || campaign.coverage.missing().is_empty();
    Ok(campaign.failures.is_empty() && all)
}

fn progress(campaign: &Campaign, took: Duration, out: &mut impl Write) -> io::Result<()> {
    let rate = campaign.seeds as f64 / took.as_secs_f64().max(0.001);
    writeln!(
        out,
        "{:>6} s  {} seeds  {rate:.1} seeds/s  {} steps  {} findings",
        took.as_secs(),
        campaign.seeds,
        campaign.steps,
        campaign.failures.len()
    )?;
    out.flush()
}

fn report(campaign: &Campaign, took: Duration, out: &mut impl Write) -> io::Result<()> {
    for (fault, count) in &campaign.coverage.faults {
        writeln!(out, "{count:>10} {fault:?}")?;
    }
    for (rule, count) in &campaign.coverage.rules {
        writeln!(out, "{count:>10} {rule}")?;
    }
    let missing = campaign.coverage.missing();
    if !missing.is_empty() {
        writeln!(out, "never occurred: {}", missing.join(", "))?;
    }
    progress(campaign, took, out)
}
