//! `cargo xtask bench server`: our server beside Node's socket.io and socketioxide, all doing the same job on this machine. They
//! are measured in turns, so that what else the machine does hits all alike; ratios are within a round. `benches/server` has
//! the job and the load.

mod jobs;
mod tables;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use tidewire_test_postgres::Postgres;

use super::{Server, option, output};
use crate::postgres;
use crate::process::{capture, cargo, execute, root, target};
use jobs::{Job, Places, Sizes};
pub(super) use tables::{json, median, ratio, show};

/// Seconds that a measure may take.
const PATIENCE: &str = "240";

/// The rounds' figures by server and name.
type All = BTreeMap<String, Vec<f64>>;

/// Runs everything, or what `--only` names.
pub(crate) fn run() -> Result<(), String> {
    let sizes = Sizes::asked()?;
    let only = option("--only");
    let wanted = |job: &Job| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == job.name));
    let built = target().join("bench-server");
    let place = built.to_string_lossy().into_owned();
    let manifest = "benches/server/Cargo.toml";
    execute(cargo(["build", "--release", "--manifest-path", manifest, "--target-dir", &place]))?;
    postgres::install()?;
    std::fs::create_dir_all(output()).map_err(|error| error.to_string())?;
    let file = output().join("server.json");
    let (mut all, mut failures, mut skipped) = (All::new(), Vec::new(), 0);
    let start = Instant::now();
    let minutes = |since: Instant| since.elapsed().as_secs_f64() / 60.0;
    for round in 0..sizes.rounds {
        // Fresh databases for each round.
        let postgres = Postgres::start_durable().map_err(|error| error.to_string())?;
        let data = output().join("server-data");
        let places = Places {
            program: built.join("release/tidewire-server-benches").to_string_lossy().into_owned(),
            data: data.to_string_lossy().into_owned(),
            postgres: postgres.url(),
        };
        for job in jobs::all(&sizes, &places).into_iter().filter(wanted) {
            if job.once && round > 0 {
                continue;
            }
            if minutes(start) >= f64::from(sizes.minutes) {
                skipped += 1;
                continue;
            }
            let name = format!("round {} of {}: {}, {}", round + 1, sizes.rounds, job.who, job.name);
            let _ = std::fs::remove_dir_all(&data);
            std::fs::create_dir_all(&data).map_err(|error| error.to_string())?;
            let began = Instant::now();
            match measure(&job, &places.program) {
                Ok(figures) => {
                    let (minute, seconds) = (minutes(start), began.elapsed().as_secs_f64());
                    println!("    minute {minute:.1}, {name}, {seconds:.0} s: {}", tables::line(&figures));
                    for (figure, value) in figures {
                        all.entry(format!("{} {}_{figure}", job.who, job.name)).or_default().push(value);
                    }
                }
                Err(error) => {
                    println!("    {name}, {:.0} s: no figure: {error}", began.elapsed().as_secs_f64());
                    // Of others a figure may be missing.
                    if ![jobs::PEER, jobs::NODE].contains(&job.who) {
                        failures.push(name);
                    }
                }
            }
            // Whoever breaks it off has what was measured until then.
            std::fs::write(&file, tables::json(&all))
                .map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    if skipped > 0 {
        println!("    {skipped} measures were not begun within {} minutes", sizes.minutes);
    }
    println!("{}\nEach round as JSON: {}", tables::all(&all), file.display());
    if failures.is_empty() { Ok(()) } else { Err(format!("without figures: {}", failures.join("; "))) }
}

/// One measure against a fresh server of its own.
fn measure(job: &Job, program: &str) -> Result<Vec<(String, f64)>, String> {
    let (mut at, mut pid) = (String::new(), String::new());
    let running = match &job.serve[..] {
        // It starts its servers itself.
        [] => None,
        words => Some(Server::spawn(many_files(words, job.env))?),
    };
    if let Some(running) = &running {
        at = running.origin.trim_start_matches("http://").to_owned();
        pid = running.child.id().to_string();
    }
    // With the servers that it has started.
    let words: Vec<String> = ["timeout", "--signal=KILL", PATIENCE, program]
        .map(str::to_owned)
        .into_iter()
        .chain(job.load.iter().map(|word| match word.as_str() {
            "AT" => at.clone(),
            "PID" => pid.clone(),
            other => other.to_owned(),
        }))
        .collect();
    let printed = capture(many_files(&words, job.env))?;
    let figure = |line: &str| {
        let (name, value) = line.split_once('\t')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    printed.lines().map(|line| figure(line).ok_or_else(|| format!("no figure: {line:?}"))).collect()
}

/// A process that may have ten thousand connections, and keeps its number.
fn many_files(words: &[String], env: Option<(&str, &str)>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn) && exec \"$@\"", "sh"]).args(words).current_dir(root());
    command.envs(env);
    command
}
