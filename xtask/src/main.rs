//! `cargo xtask <task>`: one entry for everything that is done with this repository. It only dispatches.
#![forbid(unsafe_code)]

mod codegen;
mod wasm;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <task>

  demo      set up everything and run the Activities app on http://127.0.0.1:4680
  test      set up everything and run every test suite
  ci        what CI runs: formatting, lints, rules of this repository, then `test`
  wasm      build the engine as WebAssembly and as plain JavaScript
  codegen   write the TypeScript types of the engine's border from the Rust table
";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let result = match task.as_str() {
        "wasm" => wasm::run(),
        "codegen" => codegen::run(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
