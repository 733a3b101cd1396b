//! `tidewire-sim`: runs seeds, replays one, hunts planted bugs. It only talks; the library does the work.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command talks to the person at the terminal")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tidewire_sim::bugs::Bug;
use tidewire_sim::campaign::{Campaign, hunt, shortest};
use tidewire_sim::generate;
use tidewire_sim::run::run;

const USAGE: &str = "\
tidewire-sim --seeds N [--from N]   run N seeds
tidewire-sim --hours H [--from N]   run seeds for so long (0.5: half an hour)
tidewire-sim --seed N [--verbose]   run one seed; what fails is shrunk and printed
tidewire-sim --bugs N               hunt each planted bug through at most N seeds
              [--bug NAME]          with this bug planted
              [--keep-going]        do not stop at the first failure";

#[derive(Default)]
struct Args {
    seeds: Option<u64>,
    hours: Option<f64>,
    seed: Option<u64>,
    bugs: Option<u64>,
    bug: Option<Bug>,
    from: Option<u64>,
    verbose: bool,
    keep_going: bool,
}

fn main() -> ExitCode {
    let Some(args) = parse(std::env::args().skip(1)) else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let held = match args {
        Args { seed: Some(seed), .. } => replay(seed, &args),
        Args { bugs: Some(budget), .. } => bugs(budget),
        _ => many(&args),
    };
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Args> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => args.seeds = Some(words.next()?.parse().ok()?),
            "--hours" => args.hours = Some(words.next()?.parse().ok()?),
            "--seed" => args.seed = Some(words.next()?.parse().ok()?),
            "--bugs" => args.bugs = Some(words.next()?.parse().ok()?),
            "--from" => args.from = Some(words.next()?.parse().ok()?),
            "--bug" => args.bug = Some(Bug::named(&words.next()?)?),
            "--verbose" => args.verbose = true,
            "--keep-going" => args.keep_going = true,
            _ => return None,
        }
    }
    Some(args)
}

fn replay(seed: u64, args: &Args) -> bool {
    let script = generate::script(seed);
    let outcome = run(&script, args.bug, false);
    let Some(violation) = outcome.violation else {
        println!("seed {seed}: holds, {} steps, hash {:016x}", outcome.steps, outcome.hash);
        return true;
    };
    println!("seed {seed}: {}: {}", violation.invariant, violation.what);
    let short = shortest(seed, args.bug);
    let again = run(&short, args.bug, args.verbose);
    println!("{short}");
    if let Some(violation) = again.violation {
        println!("{}: {}", violation.invariant, violation.what);
    }
    false
}

fn bugs(budget: u64) -> bool {
    let mut all = true;
    for bug in Bug::ALL {
        match hunt(bug, budget) {
            Some(found) => println!(
                "{bug:?}: seed {}, {}: {}",
                found.seed, found.violation.invariant, found.violation.what
            ),
            None => {
                println!("{bug:?}: not found in {budget} seeds");
                all = false;
            }
        }
    }
    all
}

fn many(args: &Args) -> bool {
    let began = Instant::now();
    let end = args.hours.map(|hours| Duration::from_secs_f64(hours * 3_600.0));
    let from = args.from.unwrap_or(1);
    let most = args.seeds.unwrap_or(if end.is_some() { u64::MAX } else { 200 });
    let mut campaign = Campaign::default();
    let mut told = Duration::ZERO;
    while campaign.seeds < most && end.is_none_or(|end| began.elapsed() < end) {
        let seed = from + campaign.seeds;
        if !campaign.seed(seed, args.bug) {
            if let Some(failure) = campaign.failures.last() {
                println!(
                    "seed {}: {}: {}",
                    failure.seed, failure.violation.invariant, failure.violation.what
                );
            }
            if !args.keep_going {
                println!("{}", shortest(seed, args.bug));
                break;
            }
        }
        if began.elapsed() - told > Duration::from_secs(10) {
            told = began.elapsed();
            println!("{:>6} s, {} seeds, {} steps", told.as_secs(), campaign.seeds, campaign.steps);
        }
    }
    report(&campaign, began.elapsed());
    campaign.failures.is_empty()
}

fn report(campaign: &Campaign, took: Duration) {
    for (fault, count) in &campaign.coverage.faults {
        println!("{count:>10} {fault:?}");
    }
    for (rule, count) in &campaign.coverage.rules {
        println!("{count:>10} {rule}");
    }
    println!("never occurred: {:?}", campaign.coverage.missing());
    println!(
        "{} seeds, {} steps, {} failures, {:.1} s",
        campaign.seeds,
        campaign.steps,
        campaign.failures.len(),
        took.as_secs_f64()
    );
}
