//! `cargo xtask bench engine`: all figures of the engine and its stores in one run, as a table and as `target/bench/engine.json`.
//! The parts measure (`benches/`, `packages/client/test/trace`); here they are only started, one after another, and put together.

mod client;
mod client_native;
mod figures;
mod react;
mod server;
mod tables;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::process::{capture, cargo, command, execute, root, target};
use crate::setup;
use crate::wasm;
pub(crate) use client::run as client;
use figures::Figures;
pub(crate) use react::run as react;
pub(crate) use server::run as server;

/// Writes that are drained, if `--writes` does not say otherwise.
const WRITES: u32 = 10_000;

/// Runs everything.
pub(crate) fn engine() -> Result<(), String> {
    let writes = option("--writes")
        .map_or(Ok(WRITES), |text| text.parse().map_err(|_| "--writes NUMBER".to_owned()))?;
    wasm::ready()?;
    execute(cargo([
        "build",
        "--release",
        "--package",
        "tidewire-benches",
        "--package",
        "activities-server",
    ]))?;
    execute(command(setup::npm(), ["run", "build", "--workspace", "packages/client"]))?;

    let mut figures = Figures::default();
    figures.read("", &capture(command("node", ["packages/client/test/trace/bench.mjs"]))?)?;
    figures.read("", &natively(&["engine"])?)?;
    let place = output().join("store");
    figures.read("", &natively(&["durable", &place.to_string_lossy()])?)?;
    drain(writes, &mut figures)?;
    figures.put("drain_writes", f64::from(writes));

    let file = output().join("engine.json");
    std::fs::write(&file, figures.json()).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}", tables::all(&figures)?);
    println!("\nThe same as JSON: {}", file.display());
    Ok(())
}

/// The value after an option of the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

fn output() -> PathBuf {
    target().join("bench")
}

fn natively(args: &[&str]) -> Result<String, String> {
    std::fs::create_dir_all(output()).map_err(|error| format!("{}: {error}", output().display()))?;
    let program = target().join("release/tidewire-benches");
    capture(command(&program.to_string_lossy(), args))
}

/// Who empties a queue, with which records of ours.
const DRAINS: [(&str, &str, Option<&str>); 4] = [
    ("drain_fetch_", "fetch", None),
    ("drain_one_lane_", "tidewire", Some("one-lane")),
    ("drain_many_lanes_", "tidewire", Some("many-lanes")),
    ("drain_tanstack_", "tanstack", None),
];

/// Each against a fresh server of its own, whose database is on this disk.
fn drain(writes: u32, figures: &mut Figures) -> Result<(), String> {
    let count = writes.to_string();
    for (prefix, who, lanes) in DRAINS {
        println!("    draining: {prefix}{writes}");
        let server = Server::start(&output().join("server"))?;
        let mut args =
            vec!["benches/drain.mjs".to_owned(), who.to_owned(), count.clone(), server.origin.clone()];
        if let Some(lanes) = lanes {
            let file = output().join(lanes);
            std::fs::write(&file, natively(&["records", &count, lanes])?)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            args.push(file.to_string_lossy().into_owned());
        }
        figures.read(prefix, &capture(command("node", args))?)?;
    }
    Ok(())
}

/// A server. Ended when dropped.
struct Server {
    child: Child,
    /// Kept open, or the server could not write any more.
    _stdout: BufReader<ChildStdout>,
    origin: String,
}

impl Server {
    fn start(data: &std::path::Path) -> Result<Server, String> {
        let _ = std::fs::remove_dir_all(data);
        let mut command = Command::new(target().join("release/activities-server"));
        command.args(["--port", "0", "--data"]).arg(data).current_dir(root());
        Server::spawn(command)
    }

    /// A program whose first line says where it listens.
    fn spawn(mut command: Command) -> Result<Server, String> {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).map_err(|error| error.to_string())?;
        let origin = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let mut server = Server { child, _stdout: stdout, origin: String::new() };
        server.origin = origin.ok_or_else(|| format!("the server said {line:?}"))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
