//! `tidewire sim`: hands what is asked for to the simulator, for people or, with `--json`, seed by seed for programs. It must not
//! know what a seed is.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidewire_sim::bugs::Bug;
use tidewire_sim::campaign::{Campaign, hunt, shortest};
use tidewire_sim::command::{Order, execute};
use tidewire_sim::{generate, run};

use crate::args::SimArgs;
use crate::exit::{Exit, FAILED};
use crate::print::{Printer, Progress};

/// Seeds that are run if nothing else is asked for; as many as the simulator's own command takes.
const SEEDS: u64 = 200;

/// Runs it; what breaks a promise is a failure.
pub(crate) fn run(args: SimArgs, printer: Printer) -> Result<(), Exit> {
    let held = if printer.is_json() { as_json(&args, printer)? } else { for_people(args)? };
    if held { Ok(()) } else { Err(Exit::silently(FAILED)) }
}

fn for_people(args: SimArgs) -> Result<bool, Exit> {
    let SimArgs { seed, seeds, hours, from, bugs, bug, verbose, keep_going } = args;
    let order = Order { seeds, hours, seed, bugs, bug, from, verbose, keep_going };
    let mut out = std::io::stdout().lock();
    execute(&order, &mut out).and_then(|held| out.flush().map(|()| held)).map_err(Exit::failed)
}

fn as_json(args: &SimArgs, printer: Printer) -> Result<bool, Exit> {
    match args {
        SimArgs { seed: Some(seed), .. } => one(*seed, args, printer),
        SimArgs { bugs: Some(budget), .. } => planted(*budget, printer),
        _ => many(args, printer),
    }
}

fn one(seed: u64, args: &SimArgs, printer: Printer) -> Result<bool, Exit> {
    let outcome = run::run(&generate::script(seed), args.bug, args.verbose);
    match outcome.violation {
        None => {
            let hash = format!("{:016x}", outcome.hash);
            printer.line(json!({ "seed": seed, "held": true, "steps": outcome.steps, "hash": hash }))?;
            Ok(true)
        }
        Some(violation) => {
            printer.line(broken(seed, violation.invariant, &violation.what, args.bug))?;
            Ok(false)
        }
    }
}

/// A seed that breaks a promise, with the shortest script that does.
fn broken(seed: u64, invariant: &str, what: &str, bug: Option<Bug>) -> Value {
    let script = shortest(seed, bug).to_string();
    json!({ "seed": seed, "held": false, "invariant": invariant, "what": what, "script": script })
}

fn planted(budget: u64, printer: Printer) -> Result<bool, Exit> {
    let mut all = true;
    for bug in Bug::ALL {
        let name = format!("{bug:?}");
        printer.line(match hunt(bug, budget) {
            Some(found) => json!({
                "bug": name, "found": true, "seed": found.seed,
                "invariant": found.violation.invariant, "what": found.violation.what,
            }),
            None => {
                all = false;
                json!({ "bug": name, "found": false, "seeds": budget })
            }
        })?;
    }
    Ok(all)
}

fn many(args: &SimArgs, printer: Printer) -> Result<bool, Exit> {
    let began = Instant::now();
    let end = args.hours.map(|hours| Duration::from_secs_f64(hours * 3_600.0));
    let from = args.from.unwrap_or(1);
    let most = args.seeds.unwrap_or(if end.is_some() { u64::MAX } else { SEEDS });
    let mut campaign = Campaign::default();
    let mut progress = Progress::new(printer);
    while campaign.seeds < most && end.is_none_or(|end| began.elapsed() < end) {
        let seed = from.wrapping_add(campaign.seeds);
        if !campaign.seed(seed, args.bug) {
            if let Some(failure) = campaign.failures.last() {
                let violation = &failure.violation;
                printer.line(broken(seed, violation.invariant, &violation.what, args.bug))?;
            }
            if !args.keep_going {
                break;
            }
        }
        progress.show(|| sums(&campaign, began.elapsed()), String::new);
    }
    let mut report = sums(&campaign, began.elapsed());
    report["faults"] = counts(campaign.coverage.faults.iter().map(|(fault, n)| (format!("{fault:?}"), *n)));
    report["rules"] = counts(campaign.coverage.rules.iter().map(|(rule, n)| (rule.to_string(), *n)));
    report["missing"] = json!(campaign.coverage.missing());
    printer.line(report)?;
    Ok(campaign.failures.is_empty())
}

fn sums(campaign: &Campaign, took: Duration) -> Value {
    json!({
        "seeds": campaign.seeds, "steps": campaign.steps, "findings": campaign.failures.len(),
        "seconds": took.as_secs_f64(),
    })
}

fn counts(all: impl Iterator<Item = (String, u64)>) -> Value {
    Value::Object(all.map(|(name, count)| (name, json!(count))).collect())
}
