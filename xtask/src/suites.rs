//! `cargo xtask test`: every suite, on everything that it needs. A suite that runs nothing has failed.

use std::process::Command;
use std::sync::mpsc;

use crate::counts::{self, Counts};
use crate::postgres;
use crate::process::{cargo, command, execute, find, hold, root, target, watch};
use crate::report::Report;
use crate::setup;

/// Parts with unit tests, in this order, and those of them whose tests start the real server. A package that is in neither is told by
/// [`every_package_is_tested`].
const UNIT: [&str; 2] = ["packages/client", "examples/activities/web"];
const UNIT_WITH_SERVER: [&str; 2] = ["packages/react", "packages/react-native"];
/// Parts with tests that run elsewhere or that have nothing to test alone.
const TESTED_ELSEWHERE: [&str; 1] = ["e2e"];

/// Recorded traces on every JavaScript engine, Hermes included (P2).
const TRACES: &str = "packages/client/test/trace/engines.mjs";

/// Sets up everything, runs every suite, prints the summary.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    all(&mut report, |_| {}, |_| {});
    report.finish()
}

/// The suites, also for `ci`. What is Rust and what is JavaScript go on side by side: the one waits where the other computes. `lints` are the first of the one; `types` belong to
/// the other, once the packages are built. Last, and alone, come the tests in a browser, which look at times.
pub(crate) fn all(
    report: &mut Report,
    lints: impl FnOnce(&mut Report),
    types: impl FnOnce(&mut Report) + Send,
) {
    // The packages are installed; the binaries are built. An end without a word: they are not.
    let (installed, wait_for_packages) = mpsc::channel();
    let (built, wait_for_binaries) = mpsc::channel();
    let complete = std::thread::scope(|scope| {
        let beside = scope.spawn(move || {
            hold();
            let mut report = Report::default();
            let complete = in_javascript(&mut report, &installed, &wait_for_binaries, types);
            (report, complete)
        });
        lints(report);
        // Rust's tests of foreign peers need them too.
        if wait_for_packages.recv().is_ok() {
            in_rust(report, &built);
        }
        drop(built);
        beside.join().is_ok_and(|(rows, complete)| {
            report.join(rows);
            complete
        })
    });
    if complete {
        report.suite("end to end, in Chromium", end_to_end);
    } else {
        report.check("end to end, in Chromium", || Err("not run: something before it is missing".to_owned()));
    }
}

fn in_rust(report: &mut Report, built: &mpsc::Sender<()>) {
    if report.step("compile", compile).is_err() {
        return;
    }
    // Whoever waits may have given up.
    let _ = built.send(());
    report.suite("cargo test", cargo_test);
    report.suite("the server on PostgreSQL", server_on_postgres);
    crate::fuzz::check(report);
}

/// Whether everything is there that tests in a browser need. Where a step of the set-up fails, its row says why; what needs it is not run.
fn in_javascript(
    report: &mut Report,
    installed: &mpsc::Sender<()>,
    wait_for_binaries: &mpsc::Receiver<()>,
    types: impl FnOnce(&mut Report),
) -> bool {
    if setup::prepare(report).is_err() {
        return false;
    }
    let _ = installed.send(());
    if setup::build(report).is_err() {
        return false;
    }
    report.check("every package is tested", every_package_is_tested);
    for part in UNIT {
        report.suite(&format!("test {part}"), || npm_script(part, "test"));
    }
    report.suite("test examples/node-backend", node_backend);
    report.suite("traces, with Hermes", || javascript(command("node", ["--test", TRACES])));
    types(report);
    if wait_for_binaries.recv().is_err() {
        return false;
    }
    for part in UNIT_WITH_SERVER {
        report.suite(&format!("test {part}"), || npm_script(part, "test"));
    }
    report.suite("packages as they are packed", packed);
    true
}

/// All that is compiled for tests, once: every suite uses the same binaries, the programs among them.
fn compile() -> Result<(), String> {
    execute(cargo(["test", "--workspace", "--no-run"]))
}

fn cargo_test() -> Result<(Counts, bool), String> {
    postgres::install()?;
    // What ends the server between two steps of a write.
    if cfg!(target_os = "linux") && find("strace").is_none() {
        setup::apt(&["strace"])?;
    }
    let mut command = cargo(["test", "--workspace", "--no-fail-fast"]);
    // Tests of the command start the real server; it need not be built by them.
    command.env("ACTIVITIES_SERVER", setup::server_binary());
    let watched = watch(command)?;
    Ok((counts::cargo_test(&watched.output), watched.success))
}

/// The tests of the server's store, and of the app on it, once more, over the other database (V7).
fn server_on_postgres() -> Result<(Counts, bool), String> {
    let postgres = postgres::start()?;
    // Named by their tests alone: fewer packages would mean other features, and everything compiled once more.
    let mut command = cargo(["test", "--workspace", "--no-fail-fast"]);
    command.args(["--test", "write_*", "--test", "contract", "--test", "live"]);
    command.env("TIDEWIRE_TEST_POSTGRES", postgres.url());
    let watched = watch(command)?;
    Ok((counts::cargo_test(&watched.output), watched.success))
}

/// An app on Node's socket.io and PostgreSQL, with the built packages.
fn node_backend() -> Result<(Counts, bool), String> {
    let postgres = postgres::start()?;
    let mut command = command(setup::npm(), ["run", "test", "--workspace", "examples/node-backend"]);
    command.env("TIDEWIRE_TEST_POSTGRES", postgres.url());
    javascript(command)
}

fn npm_script(part: &str, script: &str) -> Result<(Counts, bool), String> {
    if !has_script(part, script) {
        return Err(format!("{part}/package.json has no script `{script}`"));
    }
    javascript(command(setup::npm(), ["run", script, "--workspace", part]))
}

fn javascript(command: Command) -> Result<(Counts, bool), String> {
    let watched = watch(command)?;
    Ok((counts::javascript(&watched.output), watched.success))
}

fn end_to_end() -> Result<(Counts, bool), String> {
    let browser = setup::browser()?;
    setup::sqlite()?;
    if !has_script("e2e", "test") {
        return Err("e2e/package.json has no script `test`".to_owned());
    }
    let mut command = command(setup::npm(), ["run", "test", "--workspace", "e2e"]);
    command.env("CHROMIUM_PATH", browser).env("TIDEWIRE_BIN", target().join("debug"));
    javascript(command)
}

/// The packages as their users get them: formats, sizes, imports, and apps built with them.
fn packed() -> Result<(Counts, bool), String> {
    let mut command = command(setup::npm(), ["run", "test", "--workspace", "packaging"]);
    command.env("CHROMIUM_PATH", setup::browser()?).env("TIDEWIRE_BIN", target().join("debug"));
    javascript(command)
}

fn has_script(part: &str, script: &str) -> bool {
    let file = root().join(part).join("package.json");
    std::fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("\"{script}\":")))
}

fn every_package_is_tested() -> Result<(), String> {
    let packages =
        std::fs::read_dir(root().join("packages")).map_err(|error| format!("packages: {error}"))?;
    let mut parts: Vec<String> = packages
        .flatten()
        .filter(|entry| entry.path().join("package.json").is_file())
        .map(|entry| format!("packages/{}", entry.file_name().to_string_lossy()))
        .collect();
    parts.sort();
    let elsewhere = |part: &str| UNIT_WITH_SERVER.contains(&part) || TESTED_ELSEWHERE.contains(&part);
    parts.retain(|part| !UNIT.contains(&part.as_str()) && !elsewhere(part));
    if parts.is_empty() { Ok(()) } else { Err(format!("add to xtask/src/suites.rs: {}", parts.join(", "))) }
}
