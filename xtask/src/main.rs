//! `cargo xtask <task>`: one entry for everything that is done with this repository. It only dispatches.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod bench;
mod ci;
#[allow(clippy::wildcard_enum_match_arm, reason = "whatever is not named is spelled like the rest")]
mod codegen;
mod counts;
mod demo;
mod deny;
mod fuzz;
mod limits;
mod postgres;
mod process;
mod report;
mod rules;
mod setup;
mod sim;
mod suites;
mod wasm;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <task>

  demo      set up everything and run the Activities app on http://127.0.0.1:4680: [--port N] [--data DIR] [--no-build]
  test      set up everything and run every test suite
  ci        what CI runs: formatting, lints, rules of this repository, then `test`
  rules     only the rules of this repository: dependency direction, sources, tables of promises
  promises  write docs/promises.md, which tests prove which promise
  limits    write docs/limits.md anew from the sources
  deny      licences and sources of the crates that we use: [--install] [--advisories]
  wasm      build the engine as WebAssembly and as plain JavaScript
  codegen   write the TypeScript types of the engine's border from the Rust table
  sim       the simulator: --seeds N, --hours H, --seed N [--verbose], --bugs N
  fuzz      coverage-guided fuzzing: [--seconds N] [frames codec stored inputs engine hub]
  bench     measure: `bench size`, `bench engine [--writes N]`, `bench server [--small]`,
            `bench react [--cycles N] [failures bursts taps mounts starts sizes]`,
            `bench client [--rounds N] [--events N]`
";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let result = match task.as_str() {
        "demo" => demo::run(),
        "test" => suites::run(),
        "ci" => ci::run(),
        "rules" => rules::run(),
        "promises" => rules::write_evidence(),
        "limits" => limits::run(),
        "deny" => deny::run(),
        "wasm" => wasm::run(),
        "codegen" => codegen::run(),
        "sim" => sim::run(),
        "fuzz" => fuzz::run(),
        "bench" => measure(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The summary has said it all, and its last line stays the last.
            if !message.is_empty() {
                eprintln!("{message}");
            }
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    match std::env::args().nth(2).unwrap_or_default().as_str() {
        "size" => wasm::bench_size(),
        "engine" => bench::engine(),
        "server" => bench::server(),
        "react" => bench::react(),
        "client" => bench::client(),
        _ => Err("cargo xtask bench size | engine | server | react | client".to_owned()),
    }
}
