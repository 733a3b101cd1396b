//! `cargo xtask fuzz`: coverage-guided fuzzing with libFuzzer, on a stable compiler (P4). Instrumentation is asked for by compiler
//! passes; the seeds come from `vectors/`, and what is found stays under `target/fuzz`.

use std::path::PathBuf;

use crate::process::{cargo, execute, root, target};
use crate::report::Report;

const USAGE: &str = "cargo xtask fuzz [--seconds N] [TARGET ...]    (default: 10 seconds for each of: frames codec stored inputs engine hub)";

/// What is fuzzed. Each is a program of `fuzz/`.
const TARGETS: [&str; 6] = ["frames", "codec", "stored", "inputs", "engine", "hub"];

/// What a target may use: no input may make it hold more.
const MEMORY_MIB: u32 = 1024;

const PASSES: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Fuzzes what the arguments say.
pub(crate) fn run() -> Result<(), String> {
    let mut seconds = 10;
    let mut targets = Vec::new();
    let mut words = std::env::args().skip(2);
    while let Some(word) = words.next() {
        match TARGETS.into_iter().find(|target| *target == word) {
            Some(target) => targets.push(target),
            None if word == "--seconds" => {
                seconds = words.next().and_then(|text| text.parse().ok()).ok_or(USAGE)?;
            }
            None => return Err(USAGE.to_owned()),
        }
    }
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    build()?;
    targets.into_iter().try_for_each(|target| fuzz(target, seconds))
}

/// A few seconds of each target, as a check of `cargo xtask test`.
pub(crate) fn check(report: &mut Report) {
    report.check("fuzz, briefly", || {
        build()?;
        TARGETS.into_iter().try_for_each(|target| fuzz(target, 4))
    });
}

fn folder() -> PathBuf {
    target().join("fuzz")
}

/// The compiler's own target, spelled out: with it, build scripts are compiled without instrumentation.
fn host() -> Result<String, String> {
    let version = crate::process::capture(crate::process::command("rustc", ["-vV"]))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

fn build() -> Result<(), String> {
    let mut command = cargo(["build", "--quiet", "--release", "--bins"]);
    command.arg("--manifest-path").arg(root().join("fuzz/Cargo.toml"));
    command
        .arg("--target-dir")
        .arg(folder().join("build"))
        .args(["--target", &host()?])
        .env("RUSTFLAGS", PASSES);
    execute(command)?;
    // Not instrumented: it is no target.
    let mut seeds = cargo(["run", "--quiet", "--example", "seeds"]);
    seeds.arg("--manifest-path").arg(root().join("fuzz/Cargo.toml"));
    seeds.arg("--target-dir").arg(folder().join("build")).arg("--").arg(folder().join("seeds"));
    execute(seeds)
}

fn program(name: &str) -> Result<PathBuf, String> {
    Ok(folder().join("build").join(host()?).join("release").join(name))
}

fn fuzz(name: &str, seconds: u32) -> Result<(), String> {
    let [corpus, found, seeds] = ["corpus", "found", "seeds"].map(|kind| folder().join(kind).join(name));
    for folder in [&corpus, &found, &seeds] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut command = crate::process::command(&text(&program(name)?), [&corpus, &seeds]);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-rss_limit_mb={MEMORY_MIB}"));
    command.arg(format!("-artifact_prefix={}/", found.display()));
    command.args(["-timeout=20", "-max_len=65536", "-print_final_stats=1", "-verbosity=0"]);
    execute(command).map_err(|error| format!("{error}\nwhat ended it stands in {}", found.display()))
}

fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}
