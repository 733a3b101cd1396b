//! `cargo xtask bench server`: our server beside Node's socket.io and socketioxide, all doing the same job on this machine. They
//! are measured in turns, so that what else the machine does hits all alike; ratios are within a round. `benches/server` has
//! the job and the load.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::{Server, option, output};
use crate::process::{capture, cargo, command, execute, root, target};

const SERVERS: [&str; 3] = ["tidewire", "socketioxide", "socket.io"];
/// What the ratios are to.
const PEER: &str = "socketioxide";

/// How much is measured.
struct Sizes {
    rounds: u32,
    seconds: u32,
    members: u32,
    events: u32,
    idle: u32,
    hello: u32,
}

impl Sizes {
    fn asked() -> Result<Sizes, String> {
        let small = std::env::args().any(|argument| argument == "--small");
        let number = |name: &str, normal: u32, small_one: u32| {
            option(name).map_or(Ok(if small { small_one } else { normal }), |text| {
                text.parse().map_err(|_| format!("{name} NUMBER"))
            })
        };
        Ok(Sizes {
            rounds: number("--rounds", 5, 1)?,
            seconds: number("--seconds", 3, 1)?,
            members: number("--members", 1_000, 50)?,
            events: number("--events", 200, 40)?,
            idle: number("--idle", 4_000, 200)?,
            hello: number("--hello", 100_000, 1_000)?,
        })
    }

    /// Name and arguments of each measure; those of once are made in the first round only.
    fn measures(&self) -> Vec<(&'static str, Vec<String>, bool)> {
        let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let Sizes { seconds, members, events, idle, hello, .. } = self;
        vec![
            ("one", words(format!("ack AT 1 1 {seconds}")), false),
            ("w1", words(format!("ack AT 32 1 {seconds}")), false),
            ("w16", words(format!("ack AT 32 16 {seconds}")), false),
            ("cast", words(format!("cast AT {members} {events} PID")), false),
            ("idle", words(format!("idle AT {idle} PID")), true),
            ("hello", words(format!("hello AT {hello}")), true),
        ]
    }
}

/// What is shown of them, and whether more is better.
const ROWS: [(&str, &str); 12] = [
    ("one_p50_us", "one connection, one under way: p50, µs"),
    ("w1_per_second", "acknowledged events per second, 32 connections, 1 under way each"),
    ("w1_p50_us", "p50, µs"),
    ("w1_p99_us", "p99, µs"),
    ("w16_per_second", "acknowledged events per second, 16 under way each"),
    ("w16_p50_us", "p50, µs"),
    ("w16_p99_us", "p99, µs"),
    ("cast_deliveries_per_second", "deliveries per second of events to a room"),
    ("cast_cpu_us_per_delivery", "CPU of the server per delivery, µs"),
    ("cast_lost", "of these lost"),
    ("idle_kb_per_connection", "kB per idle connection"),
    ("hello_lost", "events lost that were sent as soon as there was a session"),
];

/// Runs everything.
pub(crate) fn run() -> Result<(), String> {
    let sizes = Sizes::asked()?;
    let built = target().join("bench-server");
    let place = built.to_string_lossy().into_owned();
    let manifest = "benches/server/Cargo.toml";
    execute(cargo(["build", "--release", "--manifest-path", manifest, "--target-dir", &place]))?;
    let program = built.join("release/tidewire-server-benches");
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 0..sizes.rounds {
        for (name, args, once) in sizes.measures() {
            if once && round > 0 {
                continue;
            }
            for server in SERVERS {
                println!("    round {} of {}: {server}, {name}", round + 1, sizes.rounds);
                for (figure, value) in measure(&program, server, &args)? {
                    all.entry(format!("{server} {name}_{figure}")).or_default().push(value);
                }
            }
        }
    }
    std::fs::create_dir_all(output()).map_err(|error| error.to_string())?;
    let file = output().join("server.json");
    std::fs::write(&file, json(&all)).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}\nEach round as JSON: {}", table(&all), file.display());
    Ok(())
}

/// One measure against a fresh server of its own.
fn measure(program: &PathBuf, server: &str, args: &[String]) -> Result<Vec<(String, f64)>, String> {
    let name = program.to_string_lossy();
    let mut start = match server {
        "socket.io" => command("node", ["benches/server/node.mjs"]),
        "tidewire" => command(&name, ["serve", "ours"]),
        peer => command(&name, ["serve", peer]),
    };
    start.current_dir(root());
    let running = Server::spawn(start)?;
    let at = running.origin.trim_start_matches("http://").to_owned();
    let pid = running.child.id().to_string();
    let mut load = Command::new(program);
    load.args(args.iter().map(|arg| match arg.as_str() {
        "AT" => at.as_str(),
        "PID" => pid.as_str(),
        other => other,
    }));
    let printed = capture(load)?;
    let figure = |line: &str| {
        let (name, value) = line.split_once('\t')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    printed.lines().map(|line| figure(line).ok_or_else(|| format!("no figure: {line:?}"))).collect()
}

pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// The ratio of the median round, not of the medians.
pub(super) fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios).filter(|ratio| ratio.is_finite())
}

fn table(all: &BTreeMap<String, Vec<f64>>) -> String {
    let mut text = String::from(
        "| measure | Tidewire | socketioxide | socket.io | to socketioxide |\n|---|--:|--:|--:|--:|\n",
    );
    for (key, title) in ROWS {
        let values = |server: &str| all.get(&format!("{server} {key}"));
        let cells = SERVERS.map(|server| {
            values(server).and_then(|values| median(values)).map_or_else(|| "-".to_owned(), show)
        });
        let to_peer = values("tidewire").zip(values(PEER)).and_then(|(ours, theirs)| ratio(ours, theirs));
        let to_peer = to_peer.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        text += &format!("| {title} | {} | {to_peer} |\n", cells.join(" | "));
    }
    text
}

pub(super) fn show(value: f64) -> String {
    if value >= 100.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

pub(super) fn json(all: &BTreeMap<String, Vec<f64>>) -> String {
    let lines: Vec<String> = all.iter().map(|(name, values)| format!("  \"{name}\": {values:?}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_a_round_and_a_missing_peer_is_shown_as_one() {
        assert_eq!(ratio(&[2.0, 30.0, 9.0], &[1.0, 10.0, 9.0]), Some(2.0));
        assert_eq!(ratio(&[1.0], &[0.0]), None);
        let all = BTreeMap::from([("tidewire hello_lost".to_owned(), vec![0.0])]);
        assert!(table(&all).contains("| 0 | - | - | - |"));
    }
}
