//! `cargo xtask bench client`: the Rust client beside `rust_socketio` and Node's `socket.io-client`, against the same server, Node's
//! own; from an app's call to the disk with each store, and the start with so many writes; then React Native's part. Measured in turns, so that
//! what else the machine does hits all alike; ratios are within a round. What is measured is written down at once: a part that fails takes
//! nothing with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::figures::Figures;
use super::server::{median, ratio, show};
use super::{Server, client_native, natively, option, output};
use crate::process::{capture, cargo, command, execute, root, target};

const CLIENTS: [&str; 3] = ["tidewire", "rust_socketio", "socket.io-client"];
const SCRIPT: &str = "benches/client/node.mjs";

/// What is shown of each measure, and what it is divided by.
const ROWS: [(&str, &str); 10] = [
    ("flood_per_second", "events received per second"),
    ("flood_cpu_us", "processor time per event, µs"),
    ("flood_peak_kb", "most memory meanwhile, kB"),
    ("echo64_per_second", "acknowledged events per second, 64 under way"),
    ("echo64_cpu_us", "processor time per acknowledged event, µs"),
    ("echo64_peak_kb", "most memory meanwhile, kB"),
    ("echo1_per_second", "acknowledged events per second, 1 under way"),
    ("echo1_cpu_us", "processor time per acknowledged event, µs"),
    ("memory_idle_kb", "memory of a process with one idle connection, kB"),
    ("memory_kb_per_connection", "memory of each further connection, kB"),
];

fn number(name: &str, normal: u32) -> Result<u32, String> {
    option(name).map_or(Ok(normal), |text| text.parse().map_err(|_| format!("{name} NUMBER")))
}

/// Runs everything.
pub(crate) fn run() -> Result<(), String> {
    let (rounds, events) = (number("--rounds", 3)?, number("--events", 20_000)?);
    let built = target().join("bench-client");
    let place = built.to_string_lossy().into_owned();
    let manifest = "benches/client/Cargo.toml";
    execute(cargo(["build", "--release", "--manifest-path", manifest, "--target-dir", &place]))?;
    execute(cargo(["build", "--release", "--package", "tidewire-benches"]))?;
    client_native::build()?;
    std::fs::create_dir_all(output()).map_err(|error| error.to_string())?;
    let program = built.join("release/tidewire-client-benches").to_string_lossy().into_owned();

    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        for (what, count) in [("flood", events), ("echo64", events), ("echo1", events / 8), ("memory", 100)] {
            for client in CLIENTS {
                println!("    round {} of {rounds}: {client}, {what}", round + 1);
                let mut serve = command("node", [SCRIPT, "serve"]);
                serve.current_dir(root());
                let server = Server::spawn(serve)?;
                let (url, count) = (server.origin.as_str(), count.to_string());
                let load = match client {
                    "socket.io-client" => command("node", [SCRIPT, what, url, &count]),
                    rust => command(&program, [rust, what, url, &count]),
                };
                // A peer that does not come to an end has no figure; the others do.
                let printed = capture(load).unwrap_or_else(|error| {
                    println!("    no figure of {client}, {what}: {error}");
                    String::new()
                });
                for line in printed.lines() {
                    let figure =
                        line.split_once('\t').and_then(|(name, value)| Some((name, value.parse().ok()?)));
                    let (name, value) = figure.ok_or_else(|| format!("no figure: {line:?}"))?;
                    all.entry(format!("{client} {what}_{name}")).or_default().push(value);
                }
            }
        }
        write("client.json", &super::server::json(&all))?;
    }
    println!("{}", table(&all));

    println!("    from the call to the disk, with each store");
    let disk = natively(&["stores", &output().join("stores").to_string_lossy()]);
    let disk = part("stores.json", disk, stores);
    println!("    the start, with 0 to 10,000 writes");
    let began = natively(&["start", &output().join("start").to_string_lossy()]);
    let began = part("start.json", began, start);
    println!("    React Native's part");
    let native = part("native.json", client_native::measure(rounds), client_native::tables);
    println!("The same as JSON: client.json (each round), stores.json and others in {}", output().display());
    disk.and(began).and(native)
}

/// Writes a part's figures down and prints its tables.
fn part(
    file: &str,
    measured: Result<String, String>,
    tables: fn(&Figures) -> Result<String, String>,
) -> Result<(), String> {
    let mut figures = Figures::default();
    figures.read("", &measured.inspect_err(|error| println!("    no {file}: {error}"))?)?;
    write(file, &figures.json())?;
    println!("{}", tables(&figures)?);
    Ok(())
}

fn write(name: &str, text: &str) -> Result<(), String> {
    let file = output().join(name);
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn table(all: &BTreeMap<String, Vec<f64>>) -> String {
    let mut text = String::from(
        "| measure | Tidewire | rust_socketio | socket.io-client | to rust_socketio | to socket.io-client |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for (key, title) in ROWS {
        let values = |client: &str| all.get(&format!("{client} {key}"));
        let cells = CLIENTS.map(|client| {
            values(client).and_then(|values| median(values)).map_or_else(|| "-".to_owned(), show)
        });
        let to = |peer: &str| {
            let ratio = values(CLIENTS[0]).zip(values(peer)).and_then(|(ours, theirs)| ratio(ours, theirs));
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
        };
        let _ =
            writeln!(text, "| {title} | {} | {} | {} |", cells.join(" | "), to(CLIENTS[1]), to(CLIENTS[2]));
    }
    text
}

fn stores(figures: &Figures) -> Result<String, String> {
    let mut text = String::from(
        "| from the call to the disk | p50, µs | ratio | p99, µs | ratio |\n|---|--:|--:|--:|--:|\n",
    );
    for (name, key) in [
        ("SQLite, WAL, synchronous=FULL: one INSERT, no queue", "sqlite"),
        ("the client, file store: `submit` to `durable`", "file"),
        ("the client, file store, encrypted", "encrypted"),
        ("the client, memory store", "memory"),
    ] {
        let (half, most) = (format!("store_{key}_p50_us"), format!("store_{key}_p99_us"));
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.2} | {:.0} | {:.2} |",
            figures.get(&half)?,
            figures.ratio(&half, "store_sqlite_p50_us")?,
            figures.get(&most)?,
            figures.ratio(&most, "store_sqlite_p99_us")?,
        );
    }
    Ok(text)
}

fn start(figures: &Figures) -> Result<String, String> {
    let mut text = String::from(
        "| writes in the store | of so many bytes | ms, best of 7 | ms, median |\n|--:|--:|--:|--:|\n",
    );
    for pending in [0, 100, 1_000, 10_000] {
        let get = |what: &str| figures.get(&format!("start_{pending}_{what}"));
        let (bytes, best, median) = (get("bytes")?, get("best_ms")?, get("median_ms")?);
        let _ = writeln!(text, "| {pending} | {bytes:.0} | {best:.1} | {median:.1} |");
    }
    Ok(text)
}
